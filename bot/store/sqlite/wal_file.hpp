#pragma once

namespace warmcall::store {

// The name of a VFS that is SQLite's own but for the WAL: it goes to the disk in large pieces
// (wal_file.cpp). Registered when first asked for; nullptr when there is no memory left, which
// means SQLite's own. For a connection with synchronous=FULL only: what a commit wrote is in the
// file when it was synced.
const char* wal_vfs();

}  // namespace warmcall::store
