// What /proc tells of the supervisor's children. Knows no executions and sends no signals.
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

// All children of this process, ended and unreaped ones included. Those that are handed over to it meanwhile are
// appended by the kernel, so none is missed that was a child when the call began.
void list_children(struct pid_list *list);

// Whether a child has ended and waits to be reaped.
bool has_ended(pid_t child);

// Whether the kernel counts what processes move from and to storage; without, `rusage` says 0 of it.
bool counts_storage(void);

// The value of the variable `name` in the environment with which the process's program began. False where it is not
// there, cannot be read or does not fit. `is_empty`: there is no environment at all, as in the middle of exec, when a
// process has neither its old one any more nor its new one.
bool environment_value(pid_t pid, const char *name, char *value, size_t capacity, bool *is_empty);

// Whether a process has no arguments: it is in the middle of exec, or has ended, or is none of a program.
bool has_no_arguments(pid_t pid);

#endif
