// System calls of Linux that Swift's Glibc module does not show. Thin: no state, no policy.

#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>

/// A descriptor that becomes readable when somebody writes eight bytes to it; non-blocking. -1 with errno.
int clinux_eventfd(void);

/// Blocks INT, TERM, HUP and QUIT in this thread and all that it creates, and gives a non-blocking descriptor to read them
/// from. -1 with errno.
int clinux_block_stop_signals(void);

/// The next of these signals; 0 when none has come.
int clinux_next_signal(int descriptor);

/// How many processors this process may run on; -1 where it cannot be told.
int clinux_usable_cpus(void);

/// Takes a range of bytes of a file for this opening of it (an open file description), until every descriptor of that
/// is closed, also by the end of its program. 0; or -1 with errno, EAGAIN where another opening has some of it.
int clinux_lock_range(int descriptor, long start, long length);

/// Gives it back. 0, or -1 with errno.
int clinux_unlock_range(int descriptor, long start, long length);

/// Some range within the given one that another opening of the file has taken, put in place of it (length 0: up to the
/// end of all files). 1; 0 when there is none; -1 with errno.
int clinux_locked_range(int descriptor, long *_Nonnull start, long *_Nonnull length);

/// A descriptor that means one process for ever, however often its number is used again; -1 where there is none.
int clinux_pidfd_open(int pid);

/// Sends a signal to exactly that process. 0, or -1 with errno.
int clinux_pidfd_send_signal(int descriptor, int signal);

/// A file that lives in memory as long as it is open, closed by exec; -1 and errno where there is none.
int clinux_memory_file(const char *_Nonnull name);

/// The same for a program, where the system lets such a file be executed.
int clinux_program_in_memory(const char *_Nonnull name);

/// The next names in an open folder, as records of the kernel's `linux_dirent64`. The bytes they take; 0 when all were
/// given; -1 with errno.
long clinux_list_folder(int descriptor, void *_Nullable buffer, size_t size);

#endif
