#pragma once
// The words closed sets are stored as. They are data: a word here never changes, a new value gets a
// new one, and a word this build does not know throws.

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/decide.hpp"
#include "core/template.hpp"

namespace warmcall::store {

template <class E, std::size_t n>
using WordList = std::array<std::pair<E, std::string_view>, n>;

template <class E>
inline constexpr int words_of = 0;  // no words: does not compile where they are asked for

template <>
inline constexpr WordList<core::AddressKind, 3> words_of<core::AddressKind>{
    {{core::AddressKind::phone, "phone"},
     {core::AddressKind::whatsapp, "whatsapp"},
     {core::AddressKind::whatsapp_user, "whatsapp_user"}}};

template <>
inline constexpr WordList<core::SuppressionScope, 3> words_of<core::SuppressionScope>{
    {{core::SuppressionScope::address, "address"},
     {core::SuppressionScope::channel, "channel"},
     {core::SuppressionScope::all, "all"}}};

template <>
inline constexpr WordList<core::ZoneSource, 3> words_of<core::ZoneSource>{
    {{core::ZoneSource::given, "given"},
     {core::ZoneSource::number, "number"},
     {core::ZoneSource::unknown, "unknown"}}};

template <>
inline constexpr WordList<core::HoldReason, 4> words_of<core::HoldReason>{
    {{core::HoldReason::automatic_reply, "automatic_reply"},
     {core::HoldReason::perhaps_stop, "perhaps_stop"},
     {core::HoldReason::by_rep, "by_rep"},
     {core::HoldReason::no_template, "no_template"}}};

template <>
inline constexpr WordList<core::CloseReason, 6> words_of<core::CloseReason>{
    {{core::CloseReason::won, "won"},
     {core::CloseReason::said_no, "said_no"},
     {core::CloseReason::wrong_person, "wrong_person"},
     {core::CloseReason::no_reachable_address, "no_reachable_address"},
     {core::CloseReason::opted_out, "opted_out"},
     {core::CloseReason::merged, "merged"}}};

template <>
inline constexpr WordList<core::ActionKind, 6> words_of<core::ActionKind>{
    {{core::ActionKind::send, "send"},
     {core::ActionKind::wait_then_call, "wait_then_call"},
     {core::ActionKind::call, "call"},
     {core::ActionKind::log_outcome, "log_outcome"},
     {core::ActionKind::answer_question, "answer_question"},
     {core::ActionKind::resume, "resume"}}};

template <>
inline constexpr WordList<core::MessageKind, 4> words_of<core::MessageKind>{
    {{core::MessageKind::wellbeing, "wellbeing"},
     {core::MessageKind::call_me_back, "call_me_back"},
     {core::MessageKind::stop_confirmation, "stop_confirmation"},
     {core::MessageKind::conversation, "conversation"}}};

template <>
inline constexpr WordList<core::MessageState, 5> words_of<core::MessageState>{
    {{core::MessageState::queued, "queued"},
     {core::MessageState::claimed, "claimed"},
     {core::MessageState::unknown, "unknown"},
     {core::MessageState::settled, "settled"},
     {core::MessageState::cancelled, "cancelled"}}};

template <>
inline constexpr WordList<core::PromptKind, 8> words_of<core::PromptKind>{
    {{core::PromptKind::no_warmup, "no_warmup"},
     {core::PromptKind::silent, "silent"},
     {core::PromptKind::undelivered, "undelivered"},
     {core::PromptKind::retry, "retry"},
     {core::PromptKind::promised, "promised"},
     {core::PromptKind::unanswered_question, "unanswered_question"},
     {core::PromptKind::replied, "replied"},
     {core::PromptKind::they_called, "they_called"}}};

template <>
inline constexpr WordList<core::LineState, 6> words_of<core::LineState>{
    {{core::LineState::ringing, "ringing"},
     {core::LineState::completed, "completed"},
     {core::LineState::no_answer, "no_answer"},
     {core::LineState::busy, "busy"},
     {core::LineState::failed, "failed"},
     {core::LineState::not_rung, "not_rung"}}};

template <>
inline constexpr WordList<core::FailureClass, 7> words_of<core::FailureClass>{
    {{core::FailureClass::retry, "retry"},
     {core::FailureClass::slow_down, "slow_down"},
     {core::FailureClass::permanent, "permanent"},
     {core::FailureClass::suppress, "suppress"},
     {core::FailureClass::needs_window, "needs_window"},
     {core::FailureClass::template_fault, "template_fault"},
     {core::FailureClass::config, "config"}}};

template <>
inline constexpr WordList<core::ReplyKind, 9> words_of<core::ReplyKind>{
    {{core::ReplyKind::text, "text"},
     {core::ReplyKind::button, "button"},
     {core::ReplyKind::reaction, "reaction"},
     {core::ReplyKind::media, "media"},
     {core::ReplyKind::voice, "voice"},
     {core::ReplyKind::location, "location"},
     {core::ReplyKind::contact_card, "contact_card"},
     {core::ReplyKind::call_permission, "call_permission"},
     {core::ReplyKind::other, "other"}}};

template <>
inline constexpr WordList<core::TemplateStatus, 6> words_of<core::TemplateStatus>{
    {{core::TemplateStatus::unknown, "unknown"},
     {core::TemplateStatus::approved, "approved"},
     {core::TemplateStatus::pending, "pending"},
     {core::TemplateStatus::paused, "paused"},
     {core::TemplateStatus::rejected, "rejected"},
     {core::TemplateStatus::disabled, "disabled"}}};

template <class E>
constexpr std::string_view word(E value) {
    for (const auto& [known, text] : words_of<E>) {
        if (known == value)
            return text;
    }
    throw std::logic_error{
        "a value of a closed set has no word to be stored as: add it in store/words.hpp and in a "
        "migration"};
}

template <class E>
E from_word(std::string_view text) {
    for (const auto& [known, w] : words_of<E>) {
        if (w == text)
            return known;
    }
    throw std::runtime_error{"the database holds the word \"" + std::string{text} +
                             "\", which this build does not know"};
}

// The phase's word; its other parts are columns of their own.
std::string_view phase_word(const core::Phase& phase);

}  // namespace warmcall::store
