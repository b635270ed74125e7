#pragma once
// What WhatsApp posts to the business: the `value` of each kind of webhook (PROVIDERS.md 2.3
// to 2.5, 2.9, 2.13, 2.14). Pure.

#include <string>
#include <utility>
#include <vector>

#include "sandbox/line.hpp"
#include "sandbox/whatsapp/cloud.hpp"

namespace warmcall::sandbox {

Json envelope(const Account& account, std::vector<Change> changes, BatchShape shape, Timestamp at);

Json status_change(const Account& account, const Person& whom, const Bubble& bubble,
                   const Step& step);

// What a reply looks like, out of the control API's words ({type, text, emoji, payload, about, …});
// fills the bubble the page shows.
Result<Json> reply_message(const Account& account, const Json& wanted, const Bubble* about,
                           Bubble& bubble);
Json reply_change(const Account& account, const Person& from, const Json& message,
                  const Bubble& bubble);

Json number_changed(const Account& account, const std::string& old_wa_id, const Person& now_at,
                    const std::string& wamid, Timestamp at);
Json call_change(const Account& account, const Person& from, const std::string& event,
                 const std::string& call_id, Timestamp at, int duration_s);
Json preference_change(const Account& account, const Person& whom, const std::string& value,
                       Timestamp at);
Json template_status(const Template& t, const std::string& event, const std::string& reason,
                     const std::string& title);
Json template_quality(const Template& t, const std::string& before);
Json template_category(const Template& t, const std::string& before);
Json echo_change(const Account& account, const Person& to, const Bubble& bubble);

}  // namespace warmcall::sandbox
