// Reads /proc about the supervisor's children. Knows processes; does not know executions and does not send signals.
#ifndef PROCESSES_H
#define PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pid_list {
    pid_t *pids;
    size_t count, capacity;
};

// All children of this process, including ended ones that were not reaped. Misses none that was a child when the call
// began: the kernel appends children that are reparented meanwhile.
void list_children(struct pid_list *list);

// Whether a child has ended and can be reaped.
bool has_ended(pid_t child);

// Whether the kernel counts storage reads and writes of processes; if not, `rusage` reports 0.
bool counts_storage(void);

// The value of the variable `name` in the initial environment of the process's program. False if it is not set, cannot
// be read or does not fit. `is_empty`: the process has no environment at all, as during exec.
bool environment_value(pid_t pid, const char *name, char *value, size_t capacity, bool *is_empty);

// Whether a process has no arguments: during exec, after its end, or for a kernel thread.
bool has_no_arguments(pid_t pid);

#endif
