#pragma once
// Expected failures: a value, or an error with a code and a sentence a user can act on.

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace warmcall {

enum class Errc {
    bad_input,    // what was given cannot be read; the sentence says where and what was expected
    bad_payload,  // a provider's payload that does not parse
    bad_signature,
    not_found,
    conflict,
    refused,      // understood, and not allowed now
    unavailable,  // try again later
    timeout,
    io,
};

struct Error {
    Errc code = Errc::bad_input;
    std::string message;  // no secrets, no numbers, no message texts
};

template <class T>
class [[nodiscard]] Result {
 public:
    Result(T value) : state_{std::move(value)} {}      // NOLINT(google-explicit-constructor)
    Result(Error error) : state_{std::move(error)} {}  // NOLINT(google-explicit-constructor)
    Result(Errc code) : state_{Error{code, {}}} {}     // NOLINT(google-explicit-constructor)

    explicit operator bool() const { return state_.index() == 0; }
    T& operator*() & { return std::get<0>(state_); }
    const T& operator*() const& { return std::get<0>(state_); }
    T&& operator*() && { return std::get<0>(std::move(state_)); }
    T* operator->() { return &std::get<0>(state_); }
    const T* operator->() const { return &std::get<0>(state_); }
    const Error& error() const { return std::get<1>(state_); }

 private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
    Result() = default;
    Result(Error error) : error_{std::move(error)} {}  // NOLINT(google-explicit-constructor)
    Result(Errc code) : error_{Error{code, {}}} {}     // NOLINT(google-explicit-constructor)

    explicit operator bool() const { return !error_; }
    const Error& error() const { return *error_; }

 private:
    std::optional<Error> error_;
};

}  // namespace warmcall
