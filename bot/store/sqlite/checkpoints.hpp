#pragma once
// Moves what was committed out of the WAL into the database file, on the writing connection and
// between its transactions: with a second one that writes or checkpoints, Debian's SQLite 3.40.1
// meets its WAL-reset bug (https://sqlite.org/wal.html#walresetbug).

#include <chrono>
#include <memory>

#include "store/sqlite/connection.hpp"

namespace warmcall::store {

class Checkpoints {
 public:
    explicit Checkpoints(Connection& writer);  // on disk, and in WAL mode
    ~Checkpoints();
    Checkpoints(const Checkpoints&) = delete;
    Checkpoints& operator=(const Checkpoints&) = delete;

    // Throws MustRestart when the disk did not keep what was moved: nothing more may be written.
    void check() const;
    // After each commit: keeps the WAL bounded when nobody pauses.
    void after_commit();
    // When nobody waits: little and often, so that whoever comes meanwhile waits for a few pages
    // only. Throws as check().
    void pause();
    // When nothing has come for a while: all of it moves, and a long WAL is cut. Throws as check().
    void idle();
    // Now all of it moves, the WAL is cut to nothing, and no page stays in memory: what was
    // overwritten is in no file. False: somebody read an older state for longer than this; it is
    // tried again whenever nobody waits, and each second.
    bool cut(std::chrono::milliseconds patience);

 private:
    class Pin;
    class Flusher;

    static int count_frames(void* self, sqlite3*, const char*, int frames);
    void move(int frames_waiting_max);
    void step();
    void move_all();
    bool truncate(std::chrono::milliseconds patience);
    bool checkpoint(int how);  // false: not all of it could be done

    Connection& db_;
    std::unique_ptr<Pin> pin_;
    std::unique_ptr<Flusher> flusher_;
    int frames_full_, frames_max_;
    int frames_ = 0;   // in the WAL; 0 when all of them are in the database file as well
    int tried_ = 0;    // that it was when all of it was to move, and a reader stood in the way
    int pinned_ = 0;   // of those, written before the pin was set
    int longest_ = 0;  // that it was since it was cut
    bool to_cut_ = false;
    std::chrono::steady_clock::time_point tried_to_cut_;
    bool broken_ = false;
};

}  // namespace warmcall::store
