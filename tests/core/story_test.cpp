// Days of a rep's life, tests/stories/*.story: what happens, and under it, as arrows, all that
// comes of it. No arrow may be missing and none may be there that did not come. UPDATE_GOLDEN=1
// writes the arrows anew; read the difference like code.

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "core/disposition.hpp"
#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall::core;
using namespace std::chrono_literals;
using How = SendSettled::How;
namespace fs = std::filesystem;

namespace {

struct Line {
    int number = 0;
    std::string text;  // "day 1 10:00 enrol Amara in gentle"
    std::vector<std::string> arrows;
    std::vector<std::string> notes;  // comments and blank lines before it
};

std::string trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r");
    return begin == std::string_view::npos
               ? std::string{}
               : std::string{text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1)};
}

std::vector<std::string> arrows_of(std::string_view line) {
    std::vector<std::string> arrows;
    for (std::size_t at = 0; at != std::string_view::npos;) {
        const std::size_t next = line.find("->", at + 2);
        arrows.push_back(
            trimmed(line.substr(at + 2, next == std::string_view::npos ? next : next - at - 2)));
        at = next;
    }
    return arrows;
}

struct Story {
    std::vector<Line> lines;
    std::vector<std::string> end;  // comments after the last line
};

Story read_story(const fs::path& path) {
    std::ifstream in{path};
    Story story;
    std::string text;
    std::vector<std::string> notes;
    for (int number = 1; std::getline(in, text); ++number) {
        const std::string line = trimmed(text);
        if (line.empty() || line.front() == '#') {
            notes.push_back(line);
        } else if (line.starts_with("->")) {
            REQUIRE_FALSE(story.lines.empty());
            for (std::string& arrow : arrows_of(line)) {
                story.lines.back().arrows.push_back(std::move(arrow));
            }
        } else {
            story.lines.push_back({number, line, {}, std::exchange(notes, {})});
        }
    }
    story.end = std::move(notes);
    return story;
}

// What is left of a line, taken apart from the left.
struct Words {
    std::string_view rest;
    const World& world;

    [[noreturn]] void lost(std::string_view expected) const {
        throw std::runtime_error{"expected " + std::string{expected} + ", found \"" +
                                 std::string{rest} + "\""};
    }
    bool take(std::string_view word) {
        if (!rest.starts_with(word) ||
            (rest.size() > word.size() && rest[word.size()] != ' ' && word.back() != ' ')) {
            return false;
        }
        rest.remove_prefix(word.size());
        while (rest.starts_with(' ')) {
            rest.remove_prefix(1);
        }
        return true;
    }
    int number() {
        int n = 0;
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), n);
        if (error != std::errc{}) {
            lost("a number");
        }
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
        return n;
    }
    Timestamp time() {
        if (!take("day")) {
            lost("\"day N HH:MM\"");
        }
        const int day = number();
        take(" ");
        const int hour = number();
        if (!rest.starts_with(':')) {
            lost("\"day N HH:MM\"");
        }
        rest.remove_prefix(1);
        const int minute = number();
        while (rest.starts_with(' ')) {
            rest.remove_prefix(1);
        }
        return world.at(day, hour, minute);
    }
    std::string quoted() {
        if (rest.size() < 2 || rest.front() != '"' || rest.back() != '"') {
            lost("words in quotes");
        }
        return std::string{std::exchange(rest, {}).substr(1, rest.size() - 2)};
    }
    std::optional<RepId> rep() {
        for (const RepId& id : {maya, ravi, lena}) {
            if (take(id.value)) {
                return id;
            }
        }
        return std::nullopt;
    }
    void end() const {
        if (!rest.empty()) {
            lost("the end of the line");
        }
    }
};

class Teller {
 public:
    Teller() { world_.network = Network::delivers; }

    // All that came of one line.
    std::vector<std::string> tell(std::string_view line) {
        Words words{line, world_};
        world_.news.clear();
        if (words.take("given")) {
            given(words);
            return {};
        }
        world_.advance_to(words.time());
        if (!world_.news.empty() && !words.rest.starts_with("wake")) {
            throw std::runtime_error{"before this line there came " + world_.news.front() +
                                     "; it needs its own line, with \"wake\""};
        }
        happens(words);
        words.end();
        world_.advance_to(world_.now);
        return world_.news;
    }

 private:
    void given(Words& words) {
        if (words.take("SMS as a second way")) {
            world_.add_sms();
        } else if (words.take("Amara agreed to SMS only")) {
            world_.c.contact.consent->covers = {"sms"};
        } else if (words.take("Amara agreed to WhatsApp only")) {
            world_.c.contact.consent->covers = {"whatsapp"};
        } else if (words.take("Amara lives in the US")) {
            world_.c.contact.region = "US";
            world_.c.contact.zones = {"America/Chicago"};
        } else if (words.take("maya is away until")) {
            world_.plan.reps[maya].away_until = words.time();
        } else {
            network(words);
        }
        words.end();
    }

    void network(Words& words) {
        if (words.take("the network delivers")) {
            world_.network = Network::delivers;
        } else if (words.take("the network only accepts")) {
            world_.network = Network::accepts;
        } else if (words.take("the network is slow")) {
            world_.network = Network::off;
        } else {
            words.lost("something that can happen");
        }
    }

    void happens(Words& words) {
        if (words.take("wake")) {
            return;  // the time alone
        }
        if (words.take("enrol Amara in")) {
            world_.happens(Enrolled{std::string{std::exchange(words.rest, {})}});
        } else if (words.take("Amara")) {
            she_does(words);
        } else if (words.take("it was a stop")) {
            world_.happens(StopAnswered{maya, StopAnswered::Answer::it_was_stop});
        } else if (words.take("it was not a stop")) {
            world_.happens(StopAnswered{maya, StopAnswered::Answer::it_was_not});
        } else if (words.take("merged into another record")) {
            world_.happens(MergedAway{});
        } else if (const auto rep = words.rep()) {
            the_rep_does(words, *rep);
        } else if (!of_the_text(words) && !outcome(words, maya)) {
            network(words);
        }
    }

    void she_does(Words& words) {
        if (words.take("writes")) {
            world_.reply(words.quoted());
        } else if (words.take("taps")) {
            world_.reply(words.quoted(), ReplyKind::button);
        } else if (words.take("reacts")) {
            world_.reply(words.quoted(), ReplyKind::reaction);
        } else if (words.take("calls")) {
            world_.happens(TheyCalled{world_.now, whatsapp, world_.c.contact.addresses.front()});
        } else {
            words.lost("what Amara does");
        }
    }

    void the_rep_does(Words& words, const RepId& by) {
        if (words.take("claims")) {
            world_.happens(Claimed{by});
        } else if (words.take("opens it")) {
            world_.happens(Acknowledged{by});
        } else if (words.take("dials")) {
            world_.happens(Dialled{by});
        } else if (words.take("hangs up")) {
            world_.happens(CallEnded{by});
        } else if (words.take("snoozes until")) {
            world_.happens(Snoozed{by, words.time()});
        } else if (words.take("pauses until")) {
            world_.happens(HeldByRep{words.time()});
        } else if (words.take("goes on")) {
            world_.happens(Resumed{});
        } else if (words.take("takes over")) {
            world_.happens(Reassigned{by});
        } else if (words.take("wrote from her own app")) {
            world_.happens(RepWrote{world_.now});
        } else if (words.take("types")) {
            world_.happens(WroteByRep{by, words.quoted()});
        } else if (!words.take("logs") || !outcome(words, by)) {
            words.lost("what the rep does");
        }
    }

    bool of_the_text(Words& words) {
        if (words.take("the text leaves")) {
            world_.claims(world_.newest());
        } else if (words.take("the provider takes it")) {
            world_.settles(world_.newest(), How::accepted, fact_accepted(world_.now));
        } else if (words.take("no answer comes from the provider")) {
            world_.settles(world_.newest(), How::unknown);
        } else if (words.take("delivered")) {
            world_.learns(world_.newest(), fact_delivered(world_.now));
        } else if (words.take("read")) {
            world_.learns(world_.newest(), fact_read(world_.now));
        } else if (words.take("failed")) {
            world_.learns(world_.newest(), fact_failed(world_.now, words.number()));
        } else {
            return false;
        }
        return true;
    }

    bool outcome(Words& words, const RepId& by) {
        static const std::vector<std::pair<std::string_view, Reached>> nobody{
            {"no answer", Reached::no_answer},
            {"a machine", Reached::machine},
            {"busy line", Reached::busy},
            {"rejected", Reached::rejected},
            {"someone else", Reached::someone_else},
            {"bad number", Reached::bad_number}};
        static const std::vector<std::pair<std::string_view, Said>> somebody{
            {"talked", Said::talked},
            {"busy now", Said::busy_now},
            {"asked to be called", Said::callback_asked},
            {"not interested", Said::not_interested},
            {"asked to stop", Said::stop},
            {"wrong person", Said::wrong_person},
            {"agreed", Said::agreed_next}};
        Disposition d;
        const auto takes = [&](const auto& row) { return words.take(row.first); };
        if (const auto reached = std::ranges::find_if(nobody, takes); reached != nobody.end()) {
            d.reached = reached->second;
            d.leave_message = !words.take("and no text");
        } else if (words.take("won")) {
            d = {.reached = Reached::human, .said = Said::talked, .won = true};
        } else if (const auto said = std::ranges::find_if(somebody, takes);
                   said != somebody.end()) {
            d = {.reached = Reached::human, .said = said->second};
        } else {
            return false;
        }
        if (words.take("again")) {
            d.next_at = words.time();
        }
        if (words.take("about")) {
            d.topic = words.quoted();
        }
        world_.happens(Disposed{by, d});
        return true;
    }

    World world_;
};

std::string written(const std::vector<std::string>& arrows) {
    std::string text;
    for (const std::string& arrow : arrows) {
        text += (text.empty() ? "-> " : "    -> ") + arrow;
    }
    return text.empty() ? "nothing" : text;
}

void write_story(const fs::path& path, const Story& story) {
    std::ofstream out{path};
    for (const Line& line : story.lines) {
        for (const std::string& note : line.notes) {
            out << note << "\n";
        }
        out << line.text << "\n";
        if (!line.arrows.empty()) {
            out << "    " << written(line.arrows) << "\n";
        }
    }
    for (const std::string& note : story.end) {
        out << note << "\n";
    }
}

void play(const fs::path& path) {
    Story story = read_story(path);
    REQUIRE(story.lines.size() > 1);
    const char* const update = std::getenv("UPDATE_GOLDEN");
    Teller teller;
    for (Line& line : story.lines) {
        INFO(path.filename().string() << ":" << line.number << ": " << line.text);
        std::vector<std::string> came;
        try {
            came = teller.tell(line.text);
        } catch (const std::runtime_error& wrong) {
            FAIL(wrong.what());
        }
        if (update != nullptr) {
            line.arrows = came;
        } else {
            CHECK(written(came) == written(line.arrows));
        }
    }
    if (update != nullptr) {
        write_story(path, story);
    }
}

}  // namespace

TEST_CASE("every story comes out as it is written, arrow for arrow") {
    std::vector<fs::path> paths;
    for (const auto& entry :
         fs::directory_iterator{fs::path{WARMCALL_SOURCE_DIR} / "tests/stories"}) {
        if (entry.path().extension() == ".story") {
            paths.push_back(entry.path());
        }
    }
    std::ranges::sort(paths);
    CHECK(paths.size() >= 12);
    for (const fs::path& path : paths) {
        play(path);
    }
}

TEST_CASE("a story that leaves an arrow out, or has one too many, is noticed") {
    Teller teller;
    CHECK(written(teller.tell("day 1 10:00 enrol Amara in gentle")) ==
          "-> send wellbeing (whatsapp)");
    CHECK(written(teller.tell("day 1 10:44 wake")) == "nothing");
    CHECK(written(teller.tell("day 1 10:46 wake")) == "-> prompt silent    -> ring maya");
    CHECK_THROWS_WITH(teller.tell("day 1 10:47 Amara sneezes"),
                      Catch::Contains("expected what Amara does"));
    CHECK_THROWS_WITH(teller.tell("tomorrow wake"), Catch::Contains("expected \"day N HH:MM\""));
}
