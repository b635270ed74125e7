#pragma once
// What is to go wrong, and for whom: rules tried in order against each send that the
// provider would have taken. Pure.

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "sandbox/json.hpp"

namespace warmcall::sandbox {

enum class Then {
    accept,
    accept_then_hang,   // taken, and the answer never comes
    accept_then_reset,  // taken, and the connection is torn down
    accept_then_500,    // taken, and the answer says that it failed
    reject,             // refused with `code`
    reject_then_hang,   // not taken; on the wire just like accept_then_hang
    reject_then_reset,
    reject_then_500,
    too_many_requests,  // HTTP 429 with Retry-After
};

enum class Receipts { normal, none, before_answer, reversed };

struct Rule {
    // whom it is for; what is not set is for all
    std::string channel;
    std::string to;    // wa_id
    std::string kind;  // text, template, interactive, …
    std::string template_name;
    int nth = 0;             // only the nth send that fits so far, counted by this rule
    double probability = 1;  // drawn from the seed
    int times_max = 0;       // 0: as often as it fits

    Then then = Then::accept;
    int code = 0;           // of a reject; 0: what the provider says most often
    int retry_after_s = 0;  // 0: no such header
    int fails_with = 0;     // taken, and later the status `failed` with this code
    Duration answer_after{0};
    Duration receipts_after{0};
    Receipts receipts = Receipts::normal;
    int webhook_copies = 1;

    std::uint64_t fitted = 0, applied = 0;
};

Result<Rule> read_rule(const Json& wanted);
Json shown(const Rule& rule);

class Script {
 public:
    explicit Script(std::uint64_t seed) : chance_{seed} {}

    void add(Rule rule) { rules_.push_back(std::move(rule)); }
    void clear() { rules_.clear(); }
    const std::vector<Rule>& rules() const { return rules_; }
    // The first rule that fits, counted as applied; the default when none does.
    Rule for_send(const std::string& channel, const std::string& wa_id, const std::string& kind,
                  const std::string& template_name);

 private:
    std::vector<Rule> rules_;
    std::mt19937_64 chance_;
};

}  // namespace warmcall::sandbox
