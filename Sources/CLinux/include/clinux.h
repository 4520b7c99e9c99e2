// System calls of Linux that Swift's Glibc module does not show. Thin: no state, no policy.

#ifndef CLINUX_H
#define CLINUX_H

/// A descriptor that becomes readable when somebody writes eight bytes to it; non-blocking. -1 with errno.
int clinux_eventfd(void);

/// Blocks INT, TERM, HUP and QUIT in this thread and all that it creates, and gives a non-blocking descriptor to read them
/// from. -1 with errno.
int clinux_block_stop_signals(void);

/// The next of these signals; 0 when none has come.
int clinux_next_signal(int descriptor);

/// How many processors this process may run on; -1 where it cannot be told.
int clinux_usable_cpus(void);

/// A descriptor that means one process for ever, however often its number is used again; -1 where there is none.
int clinux_pidfd_open(int pid);

/// Sends a signal to exactly that process. 0, or -1 with errno.
int clinux_pidfd_send_signal(int descriptor, int signal);

/// A file that lives in memory as long as it is open, closed by exec; -1 and errno where there is none.
int clinux_memory_file(const char *_Nonnull name);

#endif
