#pragma once
// A contact as somebody outside describes it, made into one of ours: the same rules for the API and
// for a file.

#include <optional>
#include <string>
#include <vector>

#include "core/plan.hpp"
#include "ports/store.hpp"
#include "web/problem.hpp"

namespace warmcall::web {

inline constexpr std::size_t topic_bytes_max = 500;
inline constexpr std::size_t consent_source_bytes_max = 200;
inline constexpr std::size_t consent_text_bytes_max = 2000;

struct ContactWish {
    std::string name, phone, rep, language, time_zone, topic;
    core::Preferences preferences;
    std::optional<core::Consent> consent;
};

struct MadeContact {
    NewContact add;
    std::string e164;
    std::vector<FieldError> errors;  // none: it can be added
};

MadeContact make_contact(const core::Plan& plan, const ContactWish& wish,
                         std::string_view default_region, core::Timestamp now);

bool language_tag(std::string_view text);      // "en", "pt-BR"
std::string rep_list(const core::Plan& plan);  // "joel, sam", for sentences
std::string cadence_list(const core::Plan& plan);

// What a consent may say it covers here: "sms", "whatsapp", and the names of the channels; in
// order.
std::vector<std::string> known_ways(const core::Plan& plan);

// What is missing in a consent, or wrong; the ways it covers are put in order.
void check_consent(const core::Plan& plan, core::Consent& consent, core::Timestamp now,
                   std::vector<FieldError>& errors);

// Enrols contacts in a cadence inside the caller's transaction; the refusal of each, in order.
std::vector<std::optional<core::Refusal>> enrol(
    Unit& unit, const core::Plan& plan,
    const std::vector<std::pair<core::ContactId, std::string>>& wanted, std::string_view actor,
    core::Timestamp now);

}  // namespace warmcall::web
