#pragma once
// What came and went, as JSON lines that are only ever added to: the judge of lost and doubled
// messages. One write(2) a line, so that killing any process loses none. Reading goes to the file
// as well: nothing is kept in memory but where to look.

#include <cstdint>
#include <string>
#include <vector>

#include "sandbox/json.hpp"

namespace warmcall::sandbox {

// The sandbox's own clock: the system's, and as far ahead of it as it was told to jump.
class JumpingClock {
 public:
    Timestamp now() const;
    Duration ahead() const { return ahead_; }
    void advance(Duration by) { ahead_ += by; }

 private:
    Duration ahead_{0};
};

class Ledger {
 public:
    // Opens, or begins, the file; an empty path keeps the ledger in memory only. What is in it
    // stays, and the numbers go on.
    static Result<Ledger> open(const std::string& path, const JumpingClock& clock);
    Ledger(Ledger&& other) noexcept;
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;
    Ledger& operator=(Ledger&&) = delete;
    ~Ledger();

    // Adds {seq, at, kind, …details} and gives its number. Throws when the line cannot be written
    // whole.
    std::uint64_t add(const std::string& kind, const Json& details);

    struct Page {
        Json entries = Json::array();
        std::uint64_t last = 0;  // read up to here
    };
    // Entries after that number, oldest first, at most `entries_max` of that kind ("" is every
    // kind) and 4 MB.
    Page read(std::uint64_t after, const std::string& kind, std::size_t entries_max) const;
    std::uint64_t last() const { return last_; }

 private:
    Ledger(int file, const JumpingClock& clock);
    Result<void> find_end();
    void write_whole(const std::string& line);
    void remember(std::uint64_t seq, std::uint64_t offset);

    int file_ = -1;
    const JumpingClock* clock_;
    std::uint64_t last_ = 0;
    std::uint64_t bytes_ = 0;
    std::vector<std::pair<std::uint64_t, std::uint64_t>>
        marks_;  // (seq, offset) of every 256th line
};

}  // namespace warmcall::sandbox
