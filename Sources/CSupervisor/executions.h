// The supervisor's table of executions and their processes. Knows how processes are stopped and reaped; does not know
// the socket.
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

// Adds an execution. `main_pid` was just created, leads its own session and has `token` (copied) in its environment.
void execution_began(uint64_t id, pid_t main_pid, const char *token, uint32_t grace_ms);
void execution_stop(uint64_t id, uint32_t grace_ms);
// Stops every descendant, because the executor has ended.
void stop_everything(void);

// Reaps all ended processes. Calls `report` for each execution without remaining processes.
void reap(void (*report)(const struct ending *));
// Sends all due signals. Returns when it must be called again at the latest (monotonic ns or NEVER).
uint64_t send_due_signals(void (*report)(const struct ending *));
// Whether there is no process left that could be stopped.
bool nothing_left(void);

#endif
