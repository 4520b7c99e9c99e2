// The frames of the control socket: a u32 length (of the rest), a u8 type and little-endian fields. A string is a u32
// length and its bytes, a list a u32 count and its strings. Knows the layout; does not know what it means.
#ifndef FRAMES_H
#define FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum frame_type {
    // To the supervisor. SPAWN: u64 id, u32 grace in ms, u8 append, string folder, string log, list argv, list plain
    // words, list envp, string token. STOP: u64 id, u32 grace in ms.
    FRAME_SPAWN = 1,
    FRAME_STOP = 2,
    // From it. STARTED: u64 id, i32 pid, u64 ns. FAILED: u64 id, i32 errno, string step. EXITED: u64 id, i32 status,
    // u64 user us, u64 system us, u64 peak bytes, i64 bytes read, i64 bytes written, u32 leftovers, u64 ns.
    FRAME_STARTED = 129,
    FRAME_FAILED = 130,
    FRAME_EXITED = 131,
};

// The bytes between `start` and `end`. Memory grows as needed and is freed when it is large and empty.
struct buffer {
    unsigned char *bytes;
    size_t start, end, capacity;
};

// False if memory is exhausted.
bool buffer_reserve(struct buffer *buffer, size_t room);
// True if large memory was freed.
bool buffer_consume(struct buffer *buffer, size_t count);

// Reads the fields of one frame in order. If a field is missing, `bad` is set and all further fields are zero.
struct cursor {
    unsigned char *next, *end;
    bool bad;
};

uint8_t cursor_u8(struct cursor *cursor);
uint32_t cursor_u32(struct cursor *cursor);
uint64_t cursor_u64(struct cursor *cursor);
// A C string in the frame's own memory (moved over its length). Sets `has_nul` if it contains a NUL.
char *cursor_string(struct cursor *cursor, bool *has_nul);
// A NULL-terminated list of such strings after `spare` free slots. Free it from its first slot. NULL if invalid.
char **cursor_list(struct cursor *cursor, size_t spare, bool *has_nul);

// The size of the first frame; 0 if it is incomplete. `*needed` is then the size that is required to continue.
size_t frame_size(const struct buffer *buffer, size_t *needed);

void frame_begin(struct buffer *buffer, uint8_t type, size_t payload);
void frame_u32(struct buffer *buffer, uint32_t value);
void frame_u64(struct buffer *buffer, uint64_t value);
void frame_string(struct buffer *buffer, const char *string);

#endif
