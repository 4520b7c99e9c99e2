// Linux system calls that are missing in Swift's Glibc module. Knows their arguments; does not have state or policy.

#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>

/// A non-blocking descriptor that is readable after eight bytes are written to it; -1 with errno.
int clinux_eventfd(void);

/// Blocks INT, TERM, HUP and QUIT in this thread and all threads that it creates, and returns a non-blocking descriptor
/// to read them from; -1 with errno.
int clinux_block_stop_signals(void);

/// The next of these signals; 0 if none is pending.
int clinux_next_signal(int descriptor);

/// The number of processors that this process may use; -1 on error.
int clinux_usable_cpus(void);

/// Locks a range of bytes for this open file description, until all its descriptors are closed, also by the end of the
/// process. Returns 0, or -1 with errno: EAGAIN if another open file description has locked part of the range.
int clinux_lock_range(int descriptor, long start, long length);

/// Unlocks it. Returns 0, or -1 with errno.
int clinux_unlock_range(int descriptor, long start, long length);

/// Replaces the given range by a part that another open file description has locked (length 0: to the end of the file).
/// Returns 1, 0 if there is none, or -1 with errno.
int clinux_locked_range(int descriptor, long *_Nonnull start, long *_Nonnull length);

/// A descriptor that refers to this process even if its PID is reused; -1 with errno.
int clinux_pidfd_open(int pid);

/// Sends a signal to the process. Returns 0, or -1 with errno.
int clinux_pidfd_send_signal(int descriptor, int signal);

/// A file in memory that exists while it is open, with close-on-exec; -1 with errno.
int clinux_memory_file(const char *_Nonnull name);

/// The same for a program, executable if the system allows it.
int clinux_program_in_memory(const char *_Nonnull name);

/// Reads the next names of an open folder as `linux_dirent64` records. Returns their size in bytes, 0 at the end, or -1
/// with errno.
long clinux_list_folder(int descriptor, void *_Nullable buffer, size_t size);

/// The arguments of this process, as its main function gets them. Swift reads them from /proc, which may not be mounted.
char *_Nullable *_Nonnull clinux_arguments(int *_Nonnull count);

/// Ends this process with this exit status and a message if the limit on its virtual memory is below so many bytes: the
/// Swift runtime would crash. Needs no memory itself.
void clinux_exit_if_memory_limit_below(unsigned long bytes, int status);

#endif
