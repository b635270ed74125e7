#pragma once
// Who asks: API tokens, one-time links that become sessions, and the check that a browser was not
// lured here (CSRF). What is secret is stored as its SHA-256 only; tokens have 256 random bits, so
// that a plain hash is enough.

#include <string>
#include <string_view>

#include "web/routes.hpp"

namespace warmcall::web {

inline constexpr core::Duration session_length_max = std::chrono::hours{24 * 30};
inline constexpr core::Duration session_idle_max =
    std::chrono::hours{24 * 7};  // a rep's phone, not an office desk: a week without a look
inline constexpr core::Duration link_life = std::chrono::minutes{10};

struct NewToken {
    std::string shown;  // once, to the one who asked for it
    ApiToken stored;
};
NewToken new_token(std::string name, core::RepId rep, core::Timestamp now);

// A one-time sign-in link for a rep, stored by `unit`: "https://host/login#t=…". The token rides in
// the fragment, which browsers do not send.
std::string new_sign_in_link(Unit& unit, const core::RepId& rep, std::string_view public_url,
                             core::Timestamp now, core::Duration life = link_life);

// Fills call.who from the Authorization header or the cookie. Nobody is not an error here.
asio::awaitable<void> identify(Site& site, Call& call);

// May this request do what its route does? Nothing: go on; else the answer.
std::optional<net::Outgoing> admit(const Site& site, const Route& route, const Call& call);

// Is the credential still good: asked by streams, which live longer than a request.
asio::awaitable<bool> still_good(Site& site, Who who);

// From our own pages? False when the browser says that another site sent it.
bool same_origin(const Site& site, const net::Incoming& request);

Handled login_page(Site& site, Call& call);
Handled log_in(Site& site, Call& call);
Handled log_out(Site& site, Call& call);
Handled who_am_i(Site& site, Call& call);
Handled list_sessions(Site& site, Call& call);
Handled revoke_session(Site& site, Call& call);
Handled make_sign_in_link(Site& site, Call& call);

}  // namespace warmcall::web
