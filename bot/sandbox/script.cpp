#include "sandbox/script.hpp"

#include "sandbox/fields.hpp"
#include "sandbox/numbers.hpp"

namespace warmcall::sandbox {

namespace {

const std::vector<std::string> endings{
    "accept",           "accept-then-hang",  "accept-then-reset", "accept-then-500",  "reject",
    "reject-then-hang", "reject-then-reset", "reject-then-500",   "too-many-requests"};
const std::vector<std::string> receipt_words{"normal", "none", "before-answer", "reversed"};

constexpr int a_day_ms = 86'400'000;

bool fits(const Rule& rule, const std::string& channel, const std::string& wa_id,
          const std::string& kind, const std::string& template_name) {
    return (rule.channel.empty() || rule.channel == channel) &&
           (rule.to.empty() || rule.to == wa_id) && (rule.kind.empty() || rule.kind == kind) &&
           (rule.template_name.empty() || rule.template_name == template_name);
}

}  // namespace

Result<Rule> read_rule(const Json& wanted) {
    Fields fields{wanted};
    Rule rule;
    if (const std::string to = fields.text("to"); !to.empty()) {
        const auto digits = digits_of(to);
        if (!digits)
            fields.fail("to", "a phone number with its country code, like +61491570156,");
        rule.to = digits ? wa_id_of(*digits) : "";
    }
    rule.channel = fields.text("channel");
    rule.kind = fields.text("kind");
    rule.template_name = fields.text("template");
    rule.nth = fields.whole("nth", 0, 1, 1'000'000'000);
    rule.probability = fields.number("probability", 1, 0, 1);
    rule.times_max = fields.whole("times", 0, 1, 1'000'000'000);
    rule.then = static_cast<Then>(fields.word("then", 0, endings));
    rule.code = fields.whole("code", 0, 0, 9'999'999);
    rule.retry_after_s = fields.whole("retry_after_s", 0, 0, 86'400);
    rule.fails_with = fields.whole("fails_with", 0, 0, 9'999'999);
    rule.answer_after = Duration{fields.whole("delay_ms", 0, 0, a_day_ms)};
    rule.receipts_after = Duration{fields.whole("receipts_after_ms", 0, 0, a_day_ms)};
    rule.receipts = static_cast<Receipts>(fields.word("receipts", 0, receipt_words));
    rule.webhook_copies = fields.whole("webhook_copies", 1, 1, 1000);
    if (auto read = fields.finish(); !read)
        return read.error();
    return rule;
}

Json shown(const Rule& rule) {
    Json out = Json::object();
    if (!rule.channel.empty())
        out["channel"] = rule.channel;
    if (!rule.to.empty())
        out["to"] = "+" + rule.to;
    if (!rule.kind.empty())
        out["kind"] = rule.kind;
    if (!rule.template_name.empty())
        out["template"] = rule.template_name;
    if (rule.nth != 0)
        out["nth"] = rule.nth;
    if (rule.probability < 1)
        out["probability"] = rule.probability;
    if (rule.times_max != 0)
        out["times"] = rule.times_max;
    out["then"] = endings[static_cast<std::size_t>(rule.then)];
    if (rule.then == Then::reject && rule.code != 0)
        out["code"] = rule.code;
    if (rule.fails_with != 0)
        out["fails_with"] = rule.fails_with;
    out["receipts"] = receipt_words[static_cast<std::size_t>(rule.receipts)];
    out["webhook_copies"] = rule.webhook_copies;
    out["fitted"] = rule.fitted;
    out["applied"] = rule.applied;
    return out;
}

Rule Script::for_send(const std::string& channel, const std::string& wa_id, const std::string& kind,
                      const std::string& template_name) {
    for (Rule& rule : rules_) {
        if (!fits(rule, channel, wa_id, kind, template_name))
            continue;
        ++rule.fitted;
        if (rule.nth != 0 && rule.fitted != static_cast<std::uint64_t>(rule.nth))
            continue;
        if (rule.times_max != 0 && rule.applied >= static_cast<std::uint64_t>(rule.times_max))
            continue;
        // always drawn, so that the same sends meet the same luck whatever the probability is set
        // to
        const double drawn = std::generate_canonical<double, 53>(chance_);
        if (drawn >= rule.probability)
            continue;
        ++rule.applied;
        return rule;
    }
    return {};
}

}  // namespace warmcall::sandbox
