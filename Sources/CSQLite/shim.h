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

/// The store's file, or its journal, as SQLite has it open. Another descriptor must not be opened: closing it would give
/// up SQLite's locks.
static inline sqlite3_file *csqlite_open_file(sqlite3 *database, int which) {
    sqlite3_file *file = 0;
    if (sqlite3_file_control(database, "main", which, &file) != SQLITE_OK || !file || !file->pMethods) return 0;
    return file;
}

/// Its size; -1 if it is not open.
static inline long csqlite_file_size(sqlite3 *database, int which) {
    sqlite3_file *file = csqlite_open_file(database, which);
    sqlite3_int64 size = -1;
    return file && file->pMethods->xFileSize(file, &size) == SQLITE_OK ? (long)size : -1;
}

/// Reads bytes of it. Returns whether all were read.
static inline int csqlite_file_read(sqlite3 *database, int which, void *bytes, int count, long offset) {
    sqlite3_file *file = csqlite_open_file(database, which);
    return file && file->pMethods->xRead(file, bytes, count, offset) == SQLITE_OK;
}

/// What the shared index says about the write-ahead log (https://www.sqlite.org/walformat.html).
struct csqlite_log_index {
    unsigned frames, page_bytes;
    unsigned char salt[8];
};

/// Returns whether there is an index. Must be called in a transaction that writes, or it may change meanwhile.
static inline int csqlite_read_log_index(sqlite3 *database, struct csqlite_log_index *index) {
    sqlite3_file *file = csqlite_open_file(database, SQLITE_FCNTL_FILE_POINTER);
    void volatile *memory = 0;
    if (!file || file->pMethods->iVersion < 2 || !file->pMethods->xShmMap) return 0;
    if (file->pMethods->xShmMap(file, 0, 32768, 0, &memory) != SQLITE_OK || !memory) return 0;
    unsigned char header[48];
    for (int i = 0; i < 48; i++) header[i] = ((volatile unsigned char *)memory)[i];
    unsigned short page;
    __builtin_memcpy(&page, header + 14, 2);
    __builtin_memcpy(&index->frames, header + 16, 4);
    __builtin_memcpy(index->salt, header + 32, 8);
    index->page_bytes = (page & 0xfe00u) + ((page & 1u) << 16);
    return header[12];
}

#endif
