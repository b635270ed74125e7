#include "providers/errors.hpp"

#include <chrono>

namespace warmcall {

using std::chrono::seconds;

void judge_code(Answer& answer, std::span<const ProviderError> table, int code) {
    answer.code = code;
    const ProviderError* meaning = find_error(table, code);
    if (meaning == nullptr) {
        answer.sentence.append(", error ").append(std::to_string(code));
        return;
    }
    answer.failure = meaning->kind;
    answer.scope = meaning->scope;
    answer.sentence = meaning->sentence;
    answer.again_max = meaning->again_max;
    answer.template_is = meaning->template_is;
    if (!answer.retry_after && meaning->wait_s > 0)
        answer.retry_after = seconds{meaning->wait_s};
}

core::Failure failure_of(std::span<const ProviderError> table, int code, core::Timestamp at) {
    const ProviderError* meaning = find_error(table, code);
    return {at, code, meaning == nullptr ? core::FailureClass::permanent : meaning->kind};
}

Outcome outcome_of(int http_status) {
    if (http_status >= 200 && http_status < 300)
        return Outcome::accepted;
    const bool says_no = http_status >= 300 && http_status < 500 && http_status != 408;
    return says_no ? Outcome::refused : Outcome::unknown;
}

void judge_status(Answer& answer, int http_status, std::string_view name,
                  std::string_view credentials) {
    using enum core::FailureClass;
    const std::string who{name};
    if (http_status == 429) {
        answer.failure = slow_down;
        answer.scope = Answer::Scope::sender;
        answer.sentence = who + " asks to slow down";
    } else if (http_status == 401 || http_status == 403) {
        answer.failure = config;
        answer.scope = Answer::Scope::account;
        answer.sentence = who + " does not let us send: check " + std::string{credentials};
    } else if (http_status == 404 || http_status < 400) {
        answer.failure = config;
        answer.scope = Answer::Scope::account;
        answer.sentence =
            "There is nothing of " + who + "'s at this address: check base_url and the account";
    } else {
        answer.failure = permanent;
        answer.sentence = who + " refused the message without saying why (HTTP " +
                          std::to_string(http_status) + ")";
    }
}

Answer unknown_answer(std::string_view name) {
    Answer answer;
    answer.kind = Answer::Kind::unreadable;
    answer.sentence =
        std::string{name} + "'s answer does not tell whether the message goes out: nobody knows";
    return answer;
}

}  // namespace warmcall
