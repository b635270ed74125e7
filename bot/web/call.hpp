#pragma once
// One request on its way through: what was asked, by whom, and what they may.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "web/fields.hpp"
#include "web/site.hpp"

namespace warmcall::web {

struct Who {
    enum class By { nobody, session, token };
    By by = By::nobody;
    core::RepId rep;         // on whose behalf; none: the whole installation
    bool any_rep = false;    // a token of the installation: may act for every rep
    std::string credential;  // hash of the session or token

    explicit operator bool() const { return by != By::nobody; }
};

// The Idempotency-Key of a POST, as it is kept.
struct KeptKey {
    std::string key;
    std::string request_hash;
};

struct Call {
    net::Incoming request;
    std::vector<std::string> parameters;  // of the route's {…}, in order
    std::vector<Header> query;
    Who who;
    std::optional<KeptKey> kept;

    std::string_view ask(std::string_view name) const;  // of the query, "" when it is not there
    std::optional<std::int64_t> id(std::size_t parameter) const;
    // The JSON of the body; an empty body is an empty object.
    Result<json> body() const;
    std::string actor() const;  // for the timeline
};

using Handled = asio::awaitable<net::Outgoing>;

// Whose work a rep may see and do: their own, what they are asked, and that of those they stand in
// for or lead.
bool may_act(const core::Plan& plan, const core::RepId& rep, const core::Case& subject);
bool may_act_for(const core::Plan& plan, const core::RepId& rep, const core::RepId& owner);
bool may_see(const Site& site, const Who& who, const core::Case& subject);

net::Outgoing not_among_yours(std::string_view what, std::int64_t id);
net::Outgoing bad_body(const Error& error);

// The body as an object with these members, or the error for bad_body.
Result<Fields> body_fields(const Call& call, std::initializer_list<std::string_view> known);

// The rep this is done for: the signed-in one, or the one an installation token names (`rep` in the
// body, else X-Warmcall-Rep, else ?rep=). Mistakes go into `fields`.
std::optional<core::RepId> acting_rep(const Site& site, const Call& call, Fields& fields);

// A rep by id, or a mistake that names those there are.
std::optional<core::RepId> known_rep(const core::Plan& plan, std::string_view id, Fields& fields,
                                     std::string_view field);

}  // namespace warmcall::web
