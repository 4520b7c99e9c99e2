// Thin wrappers of system calls; see clinux.h.
#define _GNU_SOURCE
#include "clinux.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int clinux_block_stop_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGQUIT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int clinux_next_signal(int descriptor) {
    struct signalfd_siginfo info;
    return read(descriptor, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

int clinux_usable_cpus(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : -1;
}

int clinux_lock_range(int descriptor, long start, long length) {
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return fcntl(descriptor, F_OFD_SETLK, &range);
}

int clinux_unlock_range(int descriptor, long start, long length) {
    struct flock range = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return fcntl(descriptor, F_OFD_SETLK, &range);
}

int clinux_locked_range(int descriptor, long *start, long *length) {
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = *start, .l_len = *length};
    if (fcntl(descriptor, F_OFD_GETLK, &range) != 0) return -1;
    if (range.l_type == F_UNLCK) return 0;
    *start = range.l_start;
    *length = range.l_len;
    return 1;
}

int clinux_pidfd_open(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int clinux_pidfd_send_signal(int descriptor, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, descriptor, signal, 0, 0);
}

int clinux_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int clinux_program_in_memory(const char *name) {
#ifndef MFD_EXEC
    const unsigned MFD_EXEC = 0x10;
#endif
    int file = memfd_create(name, MFD_CLOEXEC | MFD_EXEC);
    // Linux before 6.3 does not know the flag and can execute any of these files.
    return file < 0 && errno == EINVAL ? memfd_create(name, MFD_CLOEXEC) : file;
}

long clinux_list_folder(int descriptor, void *buffer, size_t size) {
    return syscall(SYS_getdents64, descriptor, buffer, size);
}

static int argument_count;
static char **argument_list;

// glibc calls constructors with the arguments of main.
__attribute__((constructor)) static void keep_arguments(int count, char **arguments) {
    argument_count = count;
    argument_list = arguments;
}

char **clinux_arguments(int *count) {
    *count = argument_count;
    return argument_list;
}

void clinux_exit_if_memory_limit_below(unsigned long bytes, int status) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur >= bytes) return;
    char message[200];
    int length = snprintf(message, sizeof message,
                          "error: the limit on virtual memory is %lu KiB (raise it to %lu or more with `ulimit -v`)\n",
                          (unsigned long)limit.rlim_cur >> 10, bytes >> 10);
    if (write(STDERR_FILENO, message, (size_t)length) < 0) _exit(status);
    _exit(status);
}
