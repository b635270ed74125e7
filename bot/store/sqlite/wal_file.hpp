#pragma once

struct sqlite3;

namespace warmcall::store {

// The name of a VFS that is SQLite's own but for the WAL, which goes to the disk in large pieces
// (wal_file.cpp), and for the database, whose pages go there without what nothing stands in any
// more (page_file.cpp). Registered when first asked for; nullptr when there is no memory left,
// which means SQLite's own. For a connection with synchronous=FULL only: what a commit wrote is in
// the file when it was synced.
const char* wal_vfs();

// After a rollback: what of it has not gone to the WAL yet must not go there any more. Its place
// may be another process' by then.
void forget_unwritten(sqlite3* db);

}  // namespace warmcall::store
