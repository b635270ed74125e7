#include "web/new_contact.hpp"

#include <algorithm>

#include "core/phone.hpp"
#include "web/fields.hpp"

namespace warmcall::web {

namespace {

template <class Map>
std::string names_of(const Map& map) {
    std::string list;
    for (const auto& entry : map) {
        if (!list.empty())
            list += ", ";
        if constexpr (requires { entry.first.value; })
            list += entry.first.value;
        else
            list += entry.first;
    }
    return list;
}

bool alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Ways are kept in one order, so that naming them in another is no change.
std::vector<std::string> in_order(std::vector<std::string> ways) {
    std::ranges::sort(ways);
    const auto [first, last] = std::ranges::unique(ways);
    ways.erase(first, last);
    return ways;
}

std::string joined(const std::vector<std::string>& words) {
    std::string list;
    for (const std::string& word : words)
        list += (list.empty() ? "" : ", ") + word;
    return list;
}

// A text by the same rules wherever it comes from.
void check_text(std::string_view field, std::string_view text, std::size_t bytes_max,
                std::string_view code_when_long, std::vector<FieldError>& errors) {
    if (text.size() > bytes_max)
        errors.push_back({std::string{field},
                          "is longer than " + std::to_string(bytes_max) + " bytes",
                          std::string{code_when_long}});
    else if (!clean(text, Lines::several))
        errors.push_back({std::string{field}, "holds a control character", "text_unfit"});
}

}  // namespace

std::vector<std::string> known_ways(const core::Plan& plan) {
    std::vector<std::string> ways{"sms", "whatsapp"};
    for (const core::Channel& channel : plan.channels)
        ways.push_back(channel.id.value);
    return in_order(std::move(ways));
}

void check_consent(const core::Plan& plan, core::Consent& consent, core::Timestamp now,
                   std::vector<FieldError>& errors) {
    if (consent.source.empty())
        errors.push_back({"consent.source", "is missing: where did they agree (\"signup form\")?",
                          "consent_source_missing"});
    if (consent.text.empty())
        errors.push_back({"consent.text", "is missing: which wording did they agree to?",
                          "consent_text_missing"});
    check_text("consent.source", consent.source, consent_source_bytes_max, "text_unfit", errors);
    check_text("consent.text", consent.text, consent_text_bytes_max, "text_unfit", errors);
    if (consent.at == core::Timestamp{})
        errors.push_back({"consent.at", "is missing: when did they agree?", "consent_at_missing"});
    else if (consent.at > now + std::chrono::days{1})
        errors.push_back({"consent.at", "lies in the future", "consent_at_future"});
    const std::vector<std::string> known = known_ways(plan);
    consent.covers = in_order(std::move(consent.covers));
    if (!std::ranges::includes(known, consent.covers))
        errors.push_back({"consent.covers",
                          "write the ways they agreed to; there are: " + joined(known),
                          "consent_covers_unknown",
                          {{"known", joined(known)}}});
}

bool language_tag(std::string_view text) {
    std::size_t part = 0;
    while (true) {
        const std::size_t end = std::min(text.find('-'), text.size());
        const std::string_view piece = text.substr(0, end);
        const bool letters = std::all_of(piece.begin(), piece.end(), alnum) &&
                             (part > 0 || std::none_of(piece.begin(), piece.end(), [](char c) {
                                  return c >= '0' && c <= '9';
                              }));
        if (piece.size() < 2 || piece.size() > (part == 0 ? 3U : 8U) || !letters || part > 4)
            return false;
        if (end == text.size())
            return true;
        text.remove_prefix(end + 1);
        ++part;
    }
}

std::string rep_list(const core::Plan& plan) {
    return names_of(plan.reps);
}
std::string cadence_list(const core::Plan& plan) {
    return names_of(plan.cadences);
}

MadeContact make_contact(const core::Plan& plan, const ContactWish& wish,
                         std::string_view default_region, core::Timestamp now) {
    MadeContact made;
    core::Contact& contact = made.add.contact;
    const auto wrong = [&](std::string_view field, std::string detail, std::string_view code,
                           Values values = {}) {
        made.errors.push_back(
            {std::string{field}, std::move(detail), std::string{code}, std::move(values)});
    };

    contact.name = wish.name;
    if (contact.name.empty())
        wrong("name", "is missing", "name_missing");
    else if (contact.name.size() > 200 || !clean(contact.name, Lines::one))
        wrong("name", "must be one line of at most 200 bytes", "name_unfit");

    const auto phone = core::read_phone(wish.phone, default_region);
    if (!phone) {
        wish.phone.empty() ? wrong("phone", "is missing", "phone_missing")
                           : wrong("phone", phone.error().message, "phone_unreadable");
    } else {
        made.e164 = phone->e164;
        contact.addresses = {{core::AddressKind::phone, phone->e164}};
        contact.region = phone->region;
        contact.zones = phone->zones;
        contact.zone_source =
            contact.zones.empty() ? core::ZoneSource::unknown : core::ZoneSource::number;
        for (const std::string& alias : phone->aliases)
            made.add.aliases.push_back({core::AddressKind::phone, alias});
    }

    contact.owner = core::RepId{wish.rep};
    if (wish.rep.empty())
        wrong("rep", "is missing; there are: " + rep_list(plan), "rep_missing",
              {{"known", rep_list(plan)}});
    else if (!plan.reps.contains(contact.owner))
        wrong("rep", "there is no such rep; there are: " + rep_list(plan), "rep_unknown",
              {{"known", rep_list(plan)}});

    contact.language = wish.language.empty() ? "en" : wish.language;
    if (!language_tag(contact.language))
        wrong("language", "write it as en, hi or pt-BR", "language_unknown");

    if (!wish.time_zone.empty()) {
        if (core::known_zone(wish.time_zone)) {
            contact.zones = {wish.time_zone};
            contact.zone_source = core::ZoneSource::given;
        } else {
            wrong("time_zone", "is not a time zone; write it as Europe/Madrid", "zone_unknown");
        }
    }

    contact.topic = wish.topic;
    check_text("topic", contact.topic, topic_bytes_max, "topic_long", made.errors);
    contact.preferences = wish.preferences;
    contact.consent = wish.consent;
    if (contact.consent)
        check_consent(plan, *contact.consent, now, made.errors);
    return made;
}

std::vector<std::optional<core::Refusal>> enrol(
    Unit& unit, const core::Plan& plan,
    const std::vector<std::pair<core::ContactId, std::string>>& wanted, std::string_view actor,
    core::Timestamp now) {
    constexpr std::size_t at_once = 500;  // cases held in memory
    std::vector<std::optional<core::Refusal>> refusals;
    refusals.reserve(wanted.size());
    for (std::size_t begin = 0; begin < wanted.size(); begin += at_once) {
        const std::size_t end = std::min(begin + at_once, wanted.size());
        std::vector<Wanted> load;
        for (std::size_t i = begin; i < end; ++i)
            load.push_back({wanted[i].first, std::nullopt});
        const std::vector<SharedCase> before = unit.load(load);
        std::vector<core::Transition> decided;
        for (std::size_t i = begin; i < end; ++i)
            decided.push_back(
                core::decide(plan, *before[i - begin], core::Enrolled{wanted[i].second}, now));
        std::vector<Change> changes;
        for (std::size_t i = 0; i < decided.size(); ++i) {
            if (!decided[i].refusal)
                changes.push_back({before[i].get(), &decided[i].next, decided[i].effects, actor});
            refusals.push_back(decided[i].refusal);
        }
        unit.save(changes, now);
    }
    return refusals;
}

}  // namespace warmcall::web
