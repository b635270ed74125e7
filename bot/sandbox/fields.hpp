#pragma once
// Reads the keys of a control request and says, in one sentence, what is wrong with the first that
// is.

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/json.hpp"

namespace warmcall::sandbox {

class Fields {
 public:
    explicit Fields(const Json& object);

    std::string text(const char* key, std::string otherwise = {});
    std::string needed_text(const char* key);
    double number(const char* key, double otherwise, double least, double most);
    int whole(const char* key, int otherwise, int least, int most);
    bool flag(const char* key, bool otherwise);
    // One of the words; gives its place.
    std::size_t word(const char* key, std::size_t otherwise, const std::vector<std::string>& words);
    bool has(const char* key);
    // Any value, taken as it is; null when there is none.
    const Json& any(const char* key);
    void fail(const char* key, const std::string& expected);

    // The first problem, or an unknown key.
    Result<void> finish() const;

 private:
    const Json* look(const char* key);

    const Json& object_;
    std::vector<std::string> known_;
    std::optional<Error> problem_;
};

}  // namespace warmcall::sandbox
