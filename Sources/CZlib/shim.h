// The system's zlib, with functions that make and read a gzip file in memory, because Swift cannot import the macros of
// its setup.
#ifndef CZLIB_SHIM_H
#define CZLIB_SHIM_H

#include <string.h>
#include <zlib.h>

// The maximum size of a gzip file of `count` bytes.
static inline unsigned long czlib_bound(unsigned long count) { return compressBound(count) + 18; }

// The size of the gzip file; 0 if it does not fit or memory is exhausted.
static inline unsigned long czlib_gzip(const unsigned char *_Nonnull bytes, unsigned long count,
                                       unsigned char *_Nonnull target, unsigned long capacity)
{
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    // Adding 16 to the window bits selects the gzip format.
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
    stream.next_in = (unsigned char *)bytes;
    stream.avail_in = (unsigned int)count;
    stream.next_out = target;
    stream.avail_out = (unsigned int)capacity;
    int result = deflate(&stream, Z_FINISH);
    unsigned long length = stream.total_out;
    deflateEnd(&stream);
    return result == Z_STREAM_END ? length : 0;
}

// The uncompressed size; 0 if it is not a gzip file or does not fit.
static inline unsigned long czlib_gunzip(const unsigned char *_Nonnull bytes, unsigned long count,
                                         unsigned char *_Nonnull target, unsigned long capacity)
{
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    if (inflateInit2(&stream, 15 + 16) != Z_OK) return 0;
    stream.next_in = (unsigned char *)bytes;
    stream.avail_in = (unsigned int)count;
    stream.next_out = target;
    stream.avail_out = (unsigned int)capacity;
    int result = inflate(&stream, Z_FINISH);
    unsigned long length = stream.total_out;
    inflateEnd(&stream);
    return result == Z_STREAM_END ? length : 0;
}

#endif
