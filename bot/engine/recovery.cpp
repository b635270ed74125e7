#include "engine/recovery.hpp"

#include <charconv>

namespace warmcall {

namespace {

constexpr std::size_t at_once = 500;
constexpr std::string_view unknown_until_setting = "unknown_until";

void apply_all(Applier& applier, std::vector<Work> works) {
    for (const Outcome& outcome : applier.apply(std::move(works))) {
        if (outcome.failure) {
            std::rethrow_exception(outcome.failure);
        }
    }
}

// Once it is known of a text that it has perhaps left, it waits no more: the next look finds
// others.
std::vector<Work> waiting_texts(Store& store, const core::Plan& plan, core::Timestamp until) {
    std::vector<Work> works;
    store.transact([&](Unit& unit) {
        works.clear();
        std::vector<Room> rooms;
        for (const core::Channel& channel : plan.channels) {
            rooms.push_back({channel.id, at_once});
        }
        for (const MessageRef& ref : unit.due_messages(until, rooms)) {
            works.emplace_back(Happened{ref.contact, core::PerhapsLeft{ref.message}});
        }
    });
    return works;
}

}  // namespace

std::optional<core::Timestamp> unknown_until(Store& store) {
    const std::string text = store.setting(unknown_until_setting);
    std::int64_t ms = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), ms);
    return text.empty() || read.ec != std::errc{} ? std::nullopt
                                                  : std::optional{core::from_unix_ms(ms)};
}

Recovered recover(Store& store, Applier& applier, core::Timestamp unknown_until,
                  const std::function<void(const Recovered&)>& progress) {
    store.transact([&](Unit& unit) {
        unit.set_setting(unknown_until_setting, std::to_string(core::unix_ms(unknown_until)));
    });
    Recovered done;
    for (auto works = waiting_texts(store, applier.plan(), unknown_until); !works.empty();
         works = waiting_texts(store, applier.plan(), unknown_until)) {
        done.texts += works.size();
        apply_all(applier, std::move(works));
        progress(done);
    }
    std::vector<core::ContactId> people;
    for (core::ContactId last; !(people = store.live(last, at_once)).empty();) {
        std::vector<Work> works;
        for (const core::ContactId contact : people) {
            works.emplace_back(Happened{contact, core::PutBack{unknown_until}});
        }
        apply_all(applier, std::move(works));
        done.people += people.size();
        last = people.back();
        progress(done);
    }
    return done;
}

}  // namespace warmcall
