#include "store/sqlite/checkpoints.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace warmcall::store {

namespace {

// A WAL frame is a page and 24 bytes: 2 KB in a file of ours.
constexpr int frames_of_a_pause = 256;
constexpr int frames_of_a_commit = 2'000;       // at most these wait to be moved
constexpr int frames_worth_truncating = 4'000;  // 8 MB of disk

constexpr std::int64_t wal_full_bytes = 48'000'000;  // it begins anew when that is convenient
constexpr std::int64_t wal_bytes_max = 60'000'000;   // now, unless a reader is in the way

constexpr std::chrono::milliseconds nobody_is_waited_for{0};

int frames_in(std::int64_t bytes, Connection& db) {
    return static_cast<int>(bytes / (db.number("PRAGMA page_size") + 24));
}

}  // namespace

// A reader that stands still. SQLite moves nothing newer than what a reader sees, and it syncs the
// database only when it has moved everything, before the WAL begins anew: so with a pin in the WAL
// moving never waits for the disk.
class Checkpoints::Pin {
 public:
    explicit Pin(const std::string& path) : db_{path, Role::reader} {}

    bool held() const { return held_; }
    void renew() {
        release();
        held_ = run("BEGIN") && run("SELECT 1 FROM sqlite_schema LIMIT 1");
    }
    void release() {
        run("ROLLBACK");
        held_ = false;
    }

 private:
    // Without a pin nothing is lost: the next checkpoint waits for its sync.
    bool run(const char* statement) {
        return sqlite3_exec(db_.handle(), statement, nullptr, nullptr, nullptr) == SQLITE_OK;
    }

    Connection db_;
    bool held_ = false;
};

// Syncs the database file on a thread of its own, so that little is left to sync when the WAL
// begins anew. Through SQLite's own file: to close another descriptor of it would drop the
// process's locks
// (https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
class Checkpoints::Flusher {
 public:
    explicit Flusher(Connection& db) {
        sqlite3_file_control(db.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file_);
        thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
    }

    void ask() {
        {
            const std::lock_guard lock{mutex_};
            asked_ = true;
        }
        turn_.notify_all();
    }
    bool idle() const {
        const std::lock_guard lock{mutex_};
        return !asked_ && !syncing_;
    }
    // An error of a sync is told once: whoever syncs next would not hear of it.
    bool failed() const {
        const std::lock_guard lock{mutex_};
        return failed_;
    }
    void wait() {
        std::unique_lock lock{mutex_};
        turn_.wait(lock, [this] { return !asked_ && !syncing_; });
    }

 private:
    void run(const std::stop_token& stop) {
        std::unique_lock lock{mutex_};
        while (turn_.wait(lock, stop, [this] { return asked_; })) {
            asked_ = false;
            if (!failed_) {
                syncing_ = true;
                lock.unlock();
                const int code = file_->pMethods->xSync(file_, SQLITE_SYNC_NORMAL);
                lock.lock();
                syncing_ = false;
                failed_ = code != SQLITE_OK;
            }
            turn_.notify_all();
        }
    }

    sqlite3_file* file_ = nullptr;
    mutable std::mutex mutex_;
    std::condition_variable_any turn_;
    bool asked_ = false, syncing_ = false, failed_ = false;
    std::jthread thread_;  // last: it uses the others
};

Checkpoints::Checkpoints(Connection& writer)
    : db_{writer},
      pin_{std::make_unique<Pin>(writer.path())},
      flusher_{std::make_unique<Flusher>(writer)},
      frames_full_{frames_in(wal_full_bytes, writer)},
      frames_max_{frames_in(wal_bytes_max, writer)} {
    sqlite3_wal_hook(db_.handle(), count_frames, this);  // in place of SQLite's own checkpoints
}

Checkpoints::~Checkpoints() {
    pin_.reset();
    flusher_->wait();
    if (broken_ || flusher_->failed())  // the WAL has what the database perhaps has not
        sqlite3_db_config(db_.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    sqlite3_wal_hook(db_.handle(), nullptr, nullptr);
}

int Checkpoints::count_frames(void* self, sqlite3*, const char*, int frames) {
    static_cast<Checkpoints*>(self)->frames_ = frames;
    return SQLITE_OK;
}

void Checkpoints::check() const {
    if (broken_ || flusher_->failed())
        db_.fail(SQLITE_IOERR_FSYNC);
}

void Checkpoints::after_commit() {
    if (to_cut_ && std::chrono::steady_clock::now() - tried_to_cut_ > std::chrono::seconds{1})
        cut(nobody_is_waited_for);
    move(frames_of_a_commit);
}

void Checkpoints::pause() {
    move(frames_of_a_pause);
    if (to_cut_)
        cut(nobody_is_waited_for);
    check();
}

void Checkpoints::idle() {
    if (frames_ > 0)
        move_all();
    // Not while it is busy: writing where the file already reaches costs less than making it
    // longer.
    if (frames_ == 0 && longest_ > frames_worth_truncating)
        truncate(nobody_is_waited_for);
    if (to_cut_)
        cut(nobody_is_waited_for);
    check();
}

bool Checkpoints::cut(std::chrono::milliseconds patience) {
    to_cut_ = true;
    tried_to_cut_ = std::chrono::steady_clock::now();
    pin_->release();
    flusher_->wait();
    if (!truncate(patience))
        return false;
    // Pages as they were read from the WAL keep bytes that nothing stands in any more, and would
    // bring them back with the next change.
    sqlite3_db_release_memory(db_.handle());
    to_cut_ = false;
    return true;
}

void Checkpoints::move(int frames_waiting_max) {
    const bool full = frames_ >= frames_max_ || (frames_ >= frames_full_ && flusher_->idle());
    if (full && frames_ - tried_ >= frames_waiting_max)
        move_all();
    else if (frames_ - pinned_ >= frames_waiting_max)
        step();
}

// What was there at the step before; the rest the next time.
void Checkpoints::step() {
    if (pin_->held()) {
        checkpoint(SQLITE_CHECKPOINT_PASSIVE);
        flusher_->ask();
    }
    pin_->renew();
    pinned_ = frames_;
}

// With its sync: the next commit begins the WAL anew.
void Checkpoints::move_all() {
    pin_->release();
    flusher_->wait();
    tried_ = frames_;
    checkpoint(SQLITE_CHECKPOINT_PASSIVE);
}

// Whoever reads just now is hardly waited for: there will be another quiet moment.
bool Checkpoints::truncate(std::chrono::milliseconds patience) {
    const auto usual = static_cast<int>(db_.number("PRAGMA busy_timeout"));
    sqlite3_busy_timeout(db_.handle(), static_cast<int>(patience.count()));
    const bool cut = checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
    sqlite3_busy_timeout(db_.handle(), usual);
    return cut;
}

// One that cannot be done now is done another time: what is committed lies safe in the WAL.
bool Checkpoints::checkpoint(int how) {
    if (broken_ || flusher_->failed())
        return false;
    longest_ = std::max(longest_, frames_);
    int frames = 0, moved = 0;
    const int code = sqlite3_wal_checkpoint_v2(db_.handle(), nullptr, how, &frames, &moved);
    broken_ = code == SQLITE_IOERR_FSYNC;
    if (code == SQLITE_OK && moved == frames) {
        frames_ = pinned_ = tried_ = 0;
        if (how == SQLITE_CHECKPOINT_TRUNCATE)
            longest_ = 0;
    }
    return code == SQLITE_OK && moved == frames;
}

}  // namespace warmcall::store
