#pragma once
// What both stores share when a person is erased: by what others' texts betray them, and how they
// are known again without anybody being able to tell who they were.

#include <string>
#include <string_view>
#include <vector>

#include "core/contact.hpp"
#include "support/secret.hpp"

namespace warmcall::store {

// Why nothing goes to them, and to whoever is added with an address of theirs.
inline constexpr std::string_view erased_reason =
    "They were erased, and asked not to be contacted any more.";

// Why a delivery is in quarantine may quote it.
inline constexpr std::string_view emptied_reason =
    "it was emptied: it told of somebody who was erased";

inline constexpr std::string_view erasure_key_setting = "erasure_key";
std::string make_erasure_key();  // once for each installation

// An address as the list of the erased has it: HMAC-SHA256, 32 bytes. A number is the same with its
// plus and as WhatsApp's id.
std::string erased_hash(const std::string& key, const core::Address& address);

// The same number as a phone's and as WhatsApp's; of a user id only itself.
std::vector<core::Address> both_kinds(const core::Address& address);

// What betrays a person in texts that others wrote: webhooks as they came, answers that are kept.
// Numbers are found with and without their plus, however it is written, and inside of WhatsApp's
// message ids, which are base64.
class Traces {
 public:
    void add(const core::Address& address);
    void add_id(std::string_view provider_id);  // as it is, in JSON, in a form
    void add_name(std::string_view name);       // as JSON writes it

    // Whatever betrays them holds one of these; that holds one of them need not yet.
    const std::vector<std::string>& all() const { return all_; }
    bool in(std::string_view text) const;

 private:
    // A number inside of base64: the last of its bits may stand in a character that is not known
    // before.
    struct Hidden {
        std::string seen;
        std::size_t before = 0;  // bytes of its group of three
        std::string digits;

        bool in(std::string_view text) const;
    };
    void add_bytes(std::string bytes);

    std::vector<std::string> all_, plain_;
    std::vector<Hidden> hidden_;
};

}  // namespace warmcall::store
