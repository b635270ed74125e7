#pragma once
// Calls that a provider carries: what a contact hears who rings our number, and the bridge that
// rings the rep first and then the contact. The voices themselves never come here.

#include "web/routes.hpp"

namespace warmcall::web {

// Is there a line, and the rep's own number to ring?
bool may_ring(Site& site, const core::Rep& rep);

// What became of a rep's wish to be rung.
struct Ring {
    enum class End {
        placed,   // the rep's phone rings
        unknown,  // nobody can tell whether it will; it is not tried again
        not_rung
    } end = End::not_rung;
    int status = 0;  // not_rung: of the answer, with its code and why
    std::string code, sentence;
    std::optional<core::Refusal> refusal;
};

// The call is the rep's from now on, and their own phone rings. Twice is once.
asio::awaitable<Ring> ring(Site& site, const core::Case& subject, const core::Rep& rep);

// POST /api/v1/prompts/{id}/ring: the rep's own phone rings now. Twice is once.
Handled ring_prompt(Site& site, Call& call);

// The provider's side of such a call: asks how to go on, tells how it ended.
Handled take_line(Site& site, Call& call);

// Somebody rings the channel's number: what they are to hear.
Handled answer_caller(Site& site, const Hook& hook, const core::Address& caller);

}  // namespace warmcall::web
