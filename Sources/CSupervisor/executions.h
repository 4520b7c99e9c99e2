// The supervisor's table: which processes belong to which execution, and what each is to be told. Knows how processes
// are stopped and reaped; does not know the socket (it hands what happened to `struct listener`).
#ifndef EXECUTIONS_H
#define EXECUTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct usage {
    uint64_t user_us, system_us, peak_bytes;
    int64_t read_bytes, write_bytes; // -1: unknown
};

struct ending {
    uint64_t id;
    int32_t status;
    struct usage usage;
    uint32_t leftovers;
    uint64_t ended_ns;
};

#define NEVER UINT64_MAX

uint64_t monotonic_ns(void);

// `main_pid` was just created, leads its own session and has `token` (copied) in its environment.
void execution_began(uint64_t id, pid_t main_pid, const char *token, uint32_t grace_ms);
void execution_stop(uint64_t id, uint32_t grace_ms);
// The executor is gone: every descendant is to end.
void stop_everything(void);

// Reaps all that has ended. `report` is called for each execution of which no process is left.
void reap(void (*report)(const struct ending *));
// Sends the signals that are due. Returns when it is to be called again at the latest: ns, NEVER.
uint64_t send_due_signals(void (*report)(const struct ending *));
// Nothing is left that could be ended.
bool nothing_left(void);

#endif
