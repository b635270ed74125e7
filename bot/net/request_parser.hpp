#pragma once
// Beast's parser, writing straight into our request. Trailers are read past and dropped.
// The only header that includes Beast; only session.cpp includes it.

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "ports/http.hpp"

namespace warmcall::net {

class RequestParser : public boost::beast::http::basic_parser<true> {
    using Ec = boost::beast::error_code;
    using View = boost::beast::string_view;

 public:
    RequestParser(HttpRequest& into, std::size_t header_bytes_max) : into_{into} {
        header_limit(static_cast<std::uint32_t>(header_bytes_max));
        body_limit(
            boost::none);  // what the body may be is known once the head is read: see limit_body
    }
    int version() const { return version_; }
    void limit_body(std::size_t bytes_max) { body_bytes_max_ = bytes_max; }

 private:
    void on_request_impl(boost::beast::http::verb, View method, View target, int version,
                         Ec&) override {
        into_.method.assign(method.data(), method.size());
        into_.url.assign(target.data(), target.size());
        into_.headers.reserve(16);
        version_ = version;
    }
    void on_response_impl(int, View, int, Ec&) override {}
    void on_field_impl(boost::beast::http::field, View name, View value, Ec&) override {
        if (!whole_head_)
            into_.headers.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
    }
    void on_header_impl(Ec&) override { whole_head_ = true; }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, Ec&) override {}
    std::size_t on_body_impl(View part, Ec& ec) override { return take(part, ec); }
    void on_chunk_header_impl(std::uint64_t, View, Ec&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, View part, Ec& ec) override {
        return take(part, ec);
    }
    void on_finish_impl(Ec&) override {}

    std::size_t take(View part, Ec& ec) {
        if (part.size() > body_bytes_max_ - into_.body.size()) {
            ec = boost::beast::http::error::body_limit;
            return 0;
        }
        into_.body.append(part.data(), part.size());
        return part.size();
    }

    HttpRequest& into_;
    int version_ = 0;
    bool whole_head_ = false;
    std::size_t body_bytes_max_ = 0;
};

}  // namespace warmcall::net
