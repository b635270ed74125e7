#include "store/sqlite/checkpoints.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace warmcall::store {

namespace {

// A WAL frame is a page and 24 bytes: 2 KB in a file of ours.
constexpr int frames_of_a_pause = 256;
constexpr int frames_of_a_commit = 2'000;       // at most these wait to be moved
constexpr int frames_of_a_last_step = 64;       // when the WAL is about to begin anew
constexpr int frames_left_max = 512;            // that it then may wait for
constexpr int frames_worth_truncating = 4'000;  // 8 MB of disk

constexpr std::int64_t wal_full_bytes = 48'000'000;  // it begins anew when that is convenient
constexpr std::int64_t wal_bytes_max = 60'000'000;   // now, unless a reader is in the way

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

// Brings the database file to the disk on a thread of its own, so that little is left to sync when
// the WAL begins anew. It syncs through SQLite's own file, and only before that through a
// descriptor of ours.
class Checkpoints::Flusher {
 public:
    Flusher(Connection& db, int descriptor) : descriptor_{descriptor} {
        sqlite3_file_control(db.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file_);
        thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
    }

    // Calmly, unless the WAL is about to begin anew, or it cannot keep up.
    void ask(bool quickly) {
        {
            const std::lock_guard lock{mutex_};
            quick_ = quickly || asked_ || syncing_;
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
        quick_ = true;
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
                const bool kept =
                    write_out() && file_->pMethods->xSync(file_, SQLITE_SYNC_NORMAL) == SQLITE_OK;
                lock.lock();
                syncing_ = false;
                failed_ = !kept;
            }
            turn_.notify_all();
        }
    }

    // A few pages after the other: a commit that syncs the WAL meanwhile stands behind these few,
    // not behind a thousand in random places (the slowest of a hundred: 3 ms, it was 14). Where a
    // system cannot do it, the sync after it does everything. False: the disk did not keep them.
    bool write_out() const {
        constexpr off_t parts = 256, block = 4'096;
        struct stat now{};
        if (::fstat(descriptor_, &now) != 0)
            return true;
        const off_t part = (now.st_size / parts / block + 1) * block;
        for (off_t at = 0; at < now.st_size && !quick_; at += part) {
            if (::sync_file_range(descriptor_, at, part,
                                  SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER) != 0)
                return errno != EIO && errno != ENOSPC;
        }
        return true;
    }

    int descriptor_;
    sqlite3_file* file_ = nullptr;
    mutable std::mutex mutex_;
    std::condition_variable_any turn_;
    bool asked_ = false, syncing_ = false, failed_ = false;
    std::atomic<bool> quick_ = false;  // somebody waits for it
    std::jthread thread_;              // last: it uses the others
};

Checkpoints::Checkpoints(Connection& writer, int descriptor)
    : db_{writer},
      pin_{std::make_unique<Pin>(writer.path())},
      flusher_{std::make_unique<Flusher>(writer, descriptor)},
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
    move(frames_of_a_commit);
}

void Checkpoints::pause() {
    move(frames_of_a_pause);
    check();
}

void Checkpoints::idle() {
    if (frames_ > 0)
        move_all();
    // Not while it is busy: writing where the file already reaches costs less than making it
    // longer.
    if (frames_ == 0 && longest_ > frames_worth_truncating)
        checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
    check();
}

void Checkpoints::move(int frames_waiting_max) {
    const bool full = frames_ >= frames_full_;
    const bool nearly = full && frames_ - moved_ <= frames_left_max && flusher_->idle();
    if ((nearly || frames_ >= frames_max_) && frames_ - tried_ >= frames_waiting_max)
        move_all();
    else if (frames_ - pinned_ >= (full ? frames_of_a_last_step : frames_waiting_max))
        step(full);
}

// What was there at the step before; the rest the next time.
void Checkpoints::step(bool last) {
    if (pin_->held()) {
        checkpoint(SQLITE_CHECKPOINT_PASSIVE);
        moved_ = pinned_;
        flusher_->ask(last);
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

// One that cannot be done now is done another time: what is committed lies safe in the WAL.
void Checkpoints::checkpoint(int how) {
    if (broken_ || flusher_->failed())
        return;
    longest_ = std::max(longest_, frames_);
    int frames = 0, moved = 0;
    const int code = sqlite3_wal_checkpoint_v2(db_.handle(), nullptr, how, &frames, &moved);
    broken_ = code == SQLITE_IOERR_FSYNC;
    if (code == SQLITE_OK && moved == frames) {
        frames_ = pinned_ = moved_ = tried_ = 0;
        if (how == SQLITE_CHECKPOINT_TRUNCATE)
            longest_ = 0;
    }
}

}  // namespace warmcall::store
