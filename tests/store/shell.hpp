#pragma once
// The file by other hands: as a curious admin with the sqlite3 shell has it.

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <string>

namespace warmcall {

class Shell {
 public:
    explicit Shell(const std::string& path)
        : db_{path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE} {
        db_.exec("PRAGMA foreign_keys = ON");
    }
    void run(const std::string& sql) { db_.exec(sql); }
    std::int64_t number(const std::string& sql) { return db_.execAndGet(sql).getInt64(); }
    std::string text(const std::string& sql) { return db_.execAndGet(sql).getString(); }
    std::string refusal(const std::string& sql) {
        try {
            db_.exec(sql);
        } catch (const SQLite::Exception& e) {
            return e.what();
        }
        return "";
    }

 private:
    SQLite::Database db_;
};

}  // namespace warmcall
