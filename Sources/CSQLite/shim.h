// The system's SQLite, its macro that Swift cannot import, and the file system type, which determines the journal mode.

#ifndef CSQLITE_SHIM_H
#define CSQLITE_SHIM_H

#include <sqlite3.h>
#include <sys/vfs.h>

/// Binds with SQLITE_TRANSIENT: SQLite copies the value.
static inline int csqlite_bind_text(sqlite3_stmt *statement, int index, const char *text, int bytes) {
    return sqlite3_bind_text(statement, index, text, bytes, SQLITE_TRANSIENT);
}

static inline int csqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int count) {
    return sqlite3_bind_blob(statement, index, bytes, count, SQLITE_TRANSIENT);
}

/// Sets whether a word in double quotes that is not a column is taken for text, and returns what it was before.
static inline int csqlite_set_double_quoted_text(sqlite3 *database, int isAllowed) {
    int before = 0;
    sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, -1, &before);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, isAllowed, (int *)0);
    return before;
}

/// The magic number of a folder's file system; -1 on error.
static inline long csqlite_file_system_magic(const char *folder) {
    struct statfs information;
    return statfs(folder, &information) == 0 ? (long)information.f_type : -1;
}

#endif
