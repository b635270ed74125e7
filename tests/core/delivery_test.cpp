#include "core/delivery.hpp"

#include <array>

#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall::core;

namespace {

Timestamp minute(int n) {
    return Timestamp{std::chrono::minutes{n}};
}

// What providers may say of one message: also the same thing twice with another time, and two
// failures.
const std::array<Facts, 8> said{
    Facts{.queued = minute(1), .claimed = minute(2)},
    Facts{.unknown = minute(3)},
    Facts{.accepted = minute(4), .provider_id = "wamid.1"},
    Facts{.sent = minute(5), .provider_id = "wamid.1"},
    Facts{.delivered = minute(7)},
    Facts{.delivered = minute(6), .read = minute(8)},
    Facts{.failed = Failure{minute(6), 131026, FailureClass::permanent}},
    Facts{.failed = Failure{minute(6), 131049, FailureClass::permanent}, .provider_id = "wamid.2"},
};

// Every sequence of up to six of them, repetitions and all, told in turn.
struct Teller {
    std::array<Facts, 256> of_set{};  // what a set of them amounts to, told in the order above
    int sequences = 0;
    int different = 0;

    Teller() {
        for (std::size_t set = 0; set < of_set.size(); ++set) {
            for (std::size_t i = 0; i < said.size(); ++i) {
                if ((set >> i & 1U) != 0) {
                    of_set.at(set) = join(of_set.at(set), said.at(i));
                }
            }
        }
    }

    void tell(const Facts& known, std::size_t set, int left) {
        ++sequences;
        different += known == of_set.at(set) ? 0 : 1;
        for (std::size_t i = 0; left > 0 && i < said.size(); ++i) {
            tell(join(known, said.at(i)), set | std::size_t{1} << i, left - 1);
        }
    }
};

}  // namespace

TEST_CASE("whatever the order and however often receipts come, the same is known in the end") {
    Teller teller;
    teller.tell({}, 0, 6);
    CHECK(teller.sequences == 1 + 8 + 64 + 512 + 4096 + 32768 + 262144);
    CHECK(teller.different == 0);
}

TEST_CASE(
    "joining what two know is the same from either side, in any grouping, and once is enough") {
    for (const Facts& a : said) {
        CHECK(join(a, a) == a);
        CHECK(join(a, {}) == a);
        for (const Facts& b : said) {
            CHECK(join(a, b) == join(b, a));
            for (const Facts& c : said) {
                CHECK(join(join(a, b), c) == join(a, join(b, c)));
            }
        }
    }
}

TEST_CASE(
    "a person is shown the furthest a text got: read, delivered, failed, sent, accepted, unknown, queued") {
    Facts facts;
    CHECK(shown(facts) == Shown::none);
    facts.queued = minute(1);
    CHECK(shown(facts) == Shown::queued);
    facts.unknown = minute(2);
    CHECK(shown(facts) == Shown::unknown);
    facts.accepted = minute(3);
    CHECK(shown(facts) == Shown::accepted);
    facts.sent = minute(4);
    CHECK(shown(facts) == Shown::sent);
    facts.failed = Failure{minute(5), 1, FailureClass::permanent};
    CHECK(shown(facts) == Shown::failed);
    facts.delivered = minute(6);
    CHECK(shown(facts) == Shown::delivered);
    facts.read = minute(7);
    CHECK(shown(facts) == Shown::read);
}

TEST_CASE("where two know the same thing, the earlier time stands") {
    const Facts both = join(fact_delivered(minute(9)), fact_delivered(minute(3)));
    CHECK(both.delivered == minute(3));
}
