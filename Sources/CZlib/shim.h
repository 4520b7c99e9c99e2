// zlib as the system has it, and one call that makes a gzip file in memory: what it is set up with are macros, which
// Swift cannot read.
#ifndef CZLIB_SHIM_H
#define CZLIB_SHIM_H

#include <string.h>
#include <zlib.h>

// How large a gzip file of so many bytes can become.
static inline unsigned long czlib_bound(unsigned long count) { return compressBound(count) + 18; }

// Its length; 0 where it does not fit or memory is short.
static inline unsigned long czlib_gzip(const unsigned char *_Nonnull bytes, unsigned long count,
                                       unsigned char *_Nonnull target, unsigned long capacity)
{
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    // 16 more than the window's bits asks for gzip's head and end.
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

// The bytes of a gzip file; their number, 0 where it is none or does not fit.
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
