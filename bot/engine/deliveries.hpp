#pragma once
// What webhooks tell, within a batch: deduplicated, whose it is, and what follows.

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "engine/apply.hpp"
#include "engine/batch.hpp"
#include "engine/taps.hpp"

namespace warmcall {

// One for each batch: what a webhook teaches of somebody's address, a later one of the same batch
// knows.
class Deliveries {
 public:
    Deliveries(Applier& applier, Batch& batch) : applier_{applier}, batch_{batch} {}

    void deliver(std::span<const Delivered* const> deliveries);

 private:
    struct Fresh {
        const Delivered* delivery;
        const Inbound* event;
        std::int64_t kept;  // the raw delivery
    };
    // An address an event names, or the number made from one, and whose it is.
    struct Named {
        std::size_t event = 0;
        core::Address address;
        bool guessed = false;
        std::optional<core::ContactId> holder{};
    };

    using Person = std::optional<core::ContactId>;
    using Ours = std::optional<MessageRef>;

    std::vector<Fresh> accept(std::span<const Delivered* const> deliveries);
    void look_ahead(const std::vector<Fresh>& all);
    std::vector<Ours> find_messages(const std::vector<Fresh>& fresh);
    std::vector<Person> find_people(const std::vector<Fresh>& fresh);
    void look_up(const std::vector<Named*>& named);
    void learn(core::ContactId contact, const core::Address& address);
    Person learned_person(const Inbound& event) const;
    std::optional<core::RepId> rep_of(const Inbound& event) const;

    void on(const Fresh& f, const InReply& reply, const Person& person, const Ours&);
    void on(const Fresh& f, const InStatus& status, const Person&, const Ours& message);
    void on(const Fresh& f, const InCall& call, const Person& person, const Ours&);
    void on(const Fresh& f, const InEcho&, const Person& person, const Ours&);
    void on(const Fresh& f, const InPreference& preference, const Person& person, const Ours&);
    void on(const Fresh& f, const InAddressChange& change, const Person& person, const Ours&);
    void on(const Fresh&, const InTemplate& t, const Person&, const Ours&);
    void on(const Fresh& f, const InAccount& account, const Person&, const Ours&);
    void on(const Fresh&, const InIgnored& ignored, const Person&, const Ours&);

    void rep_says(const core::RepId& rep, const Fresh& f, const InReply& reply);
    std::optional<core::Refusal> tapped(const core::RepId& rep, const RepTap& tap,
                                        const core::Case& subject);
    void know(core::ContactId person, const std::vector<core::Address>& addresses);
    void replace(core::ContactId person, const core::Address& old,
                 const std::vector<core::Address>& ours);
    void heed(const core::Message& message, const core::Facts& facts);
    void empty_what_the_erased_left(const std::vector<Fresh>& fresh,
                                    const std::vector<Person>& people,
                                    const std::vector<Ours>& messages);

    Applier& applier_;
    Batch& batch_;
    std::map<core::Address, core::ContactId> learned_;
};

}  // namespace warmcall
