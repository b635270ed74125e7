#include "sandbox/ledger.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <stdexcept>

namespace warmcall::sandbox {

namespace {

constexpr std::uint64_t lines_per_mark = 256;
constexpr std::size_t page_bytes_max = 4 * 1024 * 1024;
constexpr std::size_t piece_bytes = 256 * 1024;

// Calls `on_line(offset, line)` for every whole line from the offset on until it says false; gives
// the end of the last whole line.
std::uint64_t each_line(int file, std::uint64_t from,
                        const std::function<bool(std::uint64_t, std::string_view)>& on_line) {
    std::string held;
    std::string piece(piece_bytes, '\0');
    std::uint64_t at = from;
    while (true) {
        const ssize_t got =
            ::pread(file, piece.data(), piece.size(), static_cast<off_t>(at + held.size()));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return at;
        held.append(piece.data(), static_cast<std::size_t>(got));
        std::size_t begin = 0;
        for (std::size_t end = held.find('\n'); end != held.npos; end = held.find('\n', begin)) {
            if (!on_line(at + begin, std::string_view{held}.substr(begin, end - begin)))
                return at + end + 1;
            begin = end + 1;
        }
        held.erase(0, begin);
        at += begin;
    }
}

constexpr std::string_view line_head = "{\"seq\":";

// Could the file's first bytes be those of a ledger? A crash may have torn its very first line.
bool begins_like_one(int file) {
    std::string first(line_head.size(), '\0');
    const ssize_t got = ::pread(file, first.data(), first.size(), 0);
    return got >= 0 && line_head.starts_with(first.substr(0, static_cast<std::size_t>(got)));
}

// Read from the line's head alone: parsing 10 million lines to find the last number would take
// minutes.
std::uint64_t seq_of(std::string_view line) {
    std::uint64_t seq = 0;
    if (!line.starts_with(line_head))
        return 0;
    for (const char c : line.substr(line_head.size())) {
        if (c < '0' || c > '9')
            break;
        seq = seq * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return seq;
}

}  // namespace

Timestamp JumpingClock::now() const {
    return std::chrono::floor<Duration>(std::chrono::system_clock::now()) + ahead_;
}

Result<Ledger> Ledger::open(const std::string& path, const JumpingClock& clock) {
    const int file = path.empty()
                         ? ::memfd_create("warmcall-sandbox-ledger", MFD_CLOEXEC)
                         : ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0)
        return Error{Errc::io, "the ledger " + path + " cannot be opened: " + std::strerror(errno)};
    Ledger ledger{file, clock};
    if (auto found = ledger.find_end(); !found)
        return Error{Errc::io, "the ledger " + path + ": " + found.error().message};
    return ledger;
}

Ledger::Ledger(int file, const JumpingClock& clock) : file_{file}, clock_{&clock} {}

Ledger::Ledger(Ledger&& other) noexcept
    : file_{std::exchange(other.file_, -1)},
      clock_{other.clock_},
      last_{other.last_},
      bytes_{other.bytes_},
      marks_{std::move(other.marks_)} {}

Ledger::~Ledger() {
    if (file_ >= 0)
        ::close(file_);
}

Result<void> Ledger::find_end() {
    if (!begins_like_one(file_))
        return Error{Errc::bad_input,
                     "this file is not a ledger of the sandbox, and is left as it is"};
    const std::uint64_t whole =
        each_line(file_, 0, [&](std::uint64_t offset, std::string_view line) {
            const std::uint64_t seq = seq_of(line);
            if (seq > last_)
                remember(last_ = seq, offset);
            return true;
        });
    const off_t size = ::lseek(file_, 0, SEEK_END);
    bytes_ = static_cast<std::uint64_t>(std::max<off_t>(size, 0));
    // a line was torn by a crash: it stays as it is, and the next begins its own
    if (bytes_ > whole)
        write_whole("\n");
    return {};
}

void Ledger::remember(std::uint64_t seq, std::uint64_t offset) {
    if (marks_.empty() || seq >= marks_.back().first + lines_per_mark)
        marks_.emplace_back(seq, offset);
}

void Ledger::write_whole(const std::string& line) {
    for (std::size_t done = 0; done < line.size();) {
        const ssize_t wrote = ::write(file_, line.data() + done, line.size() - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            throw std::runtime_error{std::string{"the sandbox's ledger cannot be written: "} +
                                     std::strerror(errno)};
        done += static_cast<std::size_t>(wrote);
        bytes_ += static_cast<std::uint64_t>(wrote);
    }
}

std::uint64_t Ledger::add(const std::string& kind, const Json& details) {
    Json entry{{"seq", last_ + 1}, {"at", core::unix_ms(clock_->now())}, {"kind", kind}};
    if (!details.empty())
        entry.update(details);
    const std::uint64_t offset = bytes_;
    write_whole(entry.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
    remember(++last_, offset);
    return last_;
}

Ledger::Page Ledger::read(std::uint64_t after, const std::string& kind,
                          std::size_t entries_max) const {
    Page page;
    page.last = std::min(after, last_);
    const auto next = std::ranges::upper_bound(marks_, after, {},
                                               &std::pair<std::uint64_t, std::uint64_t>::first);
    const std::uint64_t from = next == marks_.begin() ? 0 : std::prev(next)->second;
    std::size_t bytes = 0;
    each_line(file_, from, [&](std::uint64_t, std::string_view line) {
        const std::uint64_t seq = seq_of(line);
        if (seq <= after)
            return true;
        Json entry = Json::parse(line, nullptr, false);
        if (!entry.is_object() || (!kind.empty() && entry.value("kind", "") != kind)) {
            page.last = seq;
            return true;
        }
        bytes += line.size();
        if (page.entries.size() >= entries_max || (bytes > page_bytes_max && !page.entries.empty()))
            return false;
        page.last = seq;
        page.entries.push_back(std::move(entry));
        return true;
    });
    return page;
}

}  // namespace warmcall::sandbox
