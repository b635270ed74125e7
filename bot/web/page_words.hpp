#pragma once
// The words of the pages under /p/, in the rep's language: English, Hindi or Arabic. Where another
// language is asked for, English.

#include <map>
#include <string>
#include <string_view>

#include "core/time.hpp"

namespace warmcall::web {

class PageWords {
 public:
    explicit PageWords(std::string_view language);  // "hi", "ar-AE"

    std::string_view language() const;  // "en", "hi" or "ar": what the page's lang says
    bool english() const { return column_ == 0; }
    bool right_to_left() const { return column_ == 2; }

    // The sentence with {name} filled in; a value in a sentence of another direction is isolated,
    // so that it cannot turn the rest around. An unknown key throws: a page asks for what is there.
    std::string say(std::string_view key,
                    const std::map<std::string_view, std::string>& values = {}) const;

    // "Mon 10:00", on the zone's clock.
    std::string clock(core::Timestamp at, std::string_view zone) const;
    // "Today 10:00", "Tomorrow 10:00", "Mon 10:00", "Mon 7.12. 10:00".
    std::string when(core::Timestamp at, std::string_view zone, core::Timestamp now) const;

    // "Hindi" for hi, as Unicode's CLDR has it; the tag itself where it knows no name.
    std::string name_of_language(const std::string& tag) const;

    // Every key, for the templates: {{w_call}}. {name} in them is `name`.
    std::map<std::string, std::string> all(const std::string& name) const;

 private:
    int column_ = 0;
};

}  // namespace warmcall::web
