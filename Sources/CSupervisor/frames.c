#include "frames.h"

#include <stdlib.h>
#include <string.h>

// The memory that an empty buffer keeps.
enum { SMALL_BUFFER = 64 * 1024 };

bool buffer_reserve(struct buffer *buffer, size_t room)
{
    if (buffer->capacity - buffer->end >= room) return true;
    size_t used = buffer->end - buffer->start;
    if (buffer->start > 0) {
        memmove(buffer->bytes, buffer->bytes + buffer->start, used);
        buffer->start = 0;
        buffer->end = used;
        if (buffer->capacity - used >= room) return true;
    }
    size_t capacity = buffer->capacity * 2 > used + room ? buffer->capacity * 2 : used + room;
    unsigned char *bytes = realloc(buffer->bytes, capacity);
    if (bytes == NULL) return false;
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

bool buffer_consume(struct buffer *buffer, size_t count)
{
    buffer->start += count;
    if (buffer->start < buffer->end) return false;
    buffer->start = buffer->end = 0;
    if (buffer->capacity <= SMALL_BUFFER) return false;
    free(buffer->bytes);
    buffer->bytes = NULL;
    buffer->capacity = 0;
    return true;
}

static uint64_t cursor_number(struct cursor *cursor, size_t width)
{
    if (cursor->bad || (size_t)(cursor->end - cursor->next) < width) {
        cursor->bad = true;
        return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) value |= (uint64_t)cursor->next[i] << (8 * i);
    cursor->next += width;
    return value;
}

uint8_t cursor_u8(struct cursor *cursor) { return (uint8_t)cursor_number(cursor, 1); }
uint32_t cursor_u32(struct cursor *cursor) { return (uint32_t)cursor_number(cursor, 4); }
uint64_t cursor_u64(struct cursor *cursor) { return cursor_number(cursor, 8); }

char *cursor_string(struct cursor *cursor, bool *has_nul)
{
    size_t length = cursor_u32(cursor);
    if (cursor->bad || (size_t)(cursor->end - cursor->next) < length) {
        cursor->bad = true;
        return "";
    }
    // Moved one byte back, over the length, to make room for the NUL.
    unsigned char *string = cursor->next - 1;
    memmove(string, cursor->next, length);
    string[length] = 0;
    cursor->next += length;
    if (memchr(string, 0, length) != NULL) *has_nul = true;
    return (char *)string;
}

char **cursor_list(struct cursor *cursor, size_t spare, bool *has_nul)
{
    size_t count = cursor_u32(cursor);
    // Every string takes at least four bytes: a wrong count does not allocate.
    if (cursor->bad || (size_t)(cursor->end - cursor->next) / 4 < count) {
        cursor->bad = true;
        return NULL;
    }
    char **list = calloc(spare + count + 1, sizeof *list);
    if (list == NULL) {
        cursor->bad = true;
        return NULL;
    }
    for (size_t i = 0; i < count; i++) list[spare + i] = cursor_string(cursor, has_nul);
    return list;
}

size_t frame_size(const struct buffer *buffer, size_t *needed)
{
    size_t available = buffer->end - buffer->start;
    *needed = 4;
    if (available < 4) return 0;
    struct cursor length = {buffer->bytes + buffer->start, buffer->bytes + buffer->end, false};
    *needed = 4 + (size_t)cursor_u32(&length);
    return available >= *needed ? *needed : 0;
}

// Outgoing frames are small: room for a whole one is reserved at its start. Without memory nothing can be reported, so
// the supervisor ends, and its children with it (PR_SET_PDEATHSIG).
void frame_begin(struct buffer *buffer, uint8_t type, size_t payload)
{
    if (!buffer_reserve(buffer, 5 + payload)) abort();
    frame_u32(buffer, (uint32_t)(1 + payload));
    buffer->bytes[buffer->end++] = type;
}

static void frame_number(struct buffer *buffer, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++) buffer->bytes[buffer->end++] = (unsigned char)(value >> (8 * i));
}

void frame_u32(struct buffer *buffer, uint32_t value) { frame_number(buffer, value, 4); }
void frame_u64(struct buffer *buffer, uint64_t value) { frame_number(buffer, value, 8); }

void frame_string(struct buffer *buffer, const char *string)
{
    size_t length = strlen(string);
    frame_number(buffer, length, 4);
    memcpy(buffer->bytes + buffer->end, string, length);
    buffer->end += length;
}
