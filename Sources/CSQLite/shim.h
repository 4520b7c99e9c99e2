// SQLite as the system has it, the one macro of it that Swift cannot read, and what the choice of its journal asks of the
// operating system.

#ifndef CSQLITE_SHIM_H
#define CSQLITE_SHIM_H

#include <sqlite3.h>
#include <sys/vfs.h>

/// SQLITE_TRANSIENT: SQLite makes its own copy of what is bound.
static inline int csqlite_bind_text(sqlite3_stmt *statement, int index, const char *text, int bytes) {
    return sqlite3_bind_text(statement, index, text, bytes, SQLITE_TRANSIENT);
}

static inline int csqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int count) {
    return sqlite3_bind_blob(statement, index, bytes, count, SQLITE_TRANSIENT);
}

/// The magic number of the file system that a folder lies on; -1 where it cannot be told.
static inline long csqlite_file_system_magic(const char *folder) {
    struct statfs information;
    return statfs(folder, &information) == 0 ? (long)information.f_type : -1;
}

#endif
