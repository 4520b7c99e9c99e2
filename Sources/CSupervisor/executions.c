#define _GNU_SOURCE
#include "executions.h"
#include "processes.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    TOKEN_CAPACITY = 256,
    // During exec, for about a millisecond and longer on a slow disk, a process has neither arguments nor environment.
    // One that has arguments only was probably started without an environment.
    LONGEST_EXEC_MS = 2000,
    LONGEST_DOUBT_MS = 20,
    LOOK_AGAIN_MS = 1,
    SECTOR_BYTES = 512,
};

struct execution {
    pid_t main_pid; // Also the ID of its session and group.
    bool main_ended; // And was reaped: its PID must not be used for signals.
    bool group_terminated, group_killed;
    uint32_t grace_ms;
    uint64_t deadline_ns; // When KILL is due; NEVER unless it is being stopped.
    char token[TOKEN_CAPACITY];
    struct ending ending;
    struct execution *next;
};

enum sent { NOTHING, SENT_TERM, SENT_KILL, OUT_OF_REACH };

// A direct child that is not a main process: its parent has ended and the kernel reparented it.
struct orphan {
    pid_t pid;
    struct execution *owner; // NULL if unknown.
    uint64_t found_ns;
    bool is_undecided; // Its owner will be looked up again.
    enum sent sent;
    struct orphan *next;
};

static struct {
    struct execution *executions; // Newest first.
    struct orphan *orphans;
    struct pid_list children;
    uint32_t last_grace_ms;
    bool all_must_end;
    uint64_t all_deadline_ns;
} table = {.last_grace_ms = 10000};

uint64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t earlier(uint64_t a, uint64_t b) { return a < b ? a : b; }
static uint64_t after_ms(uint32_t grace_ms) { return monotonic_ns() + (uint64_t)grace_ms * 1000000u; }

static struct execution *living_main(pid_t pid)
{
    for (struct execution *e = table.executions; e != NULL; e = e->next)
        if (e->main_pid == pid && !e->main_ended) return e;
    return NULL;
}

// The newest with this session: the ID of an older session may have been reused after it became empty.
static struct execution *owner_by_session(pid_t pid)
{
    pid_t session = getsid(pid);
    for (struct execution *e = table.executions; e != NULL; e = e->next)
        if (e->main_pid == session) return e;
    return NULL;
}

static struct execution *owner_by_token(pid_t pid, bool *has_no_environment)
{
    char token[TOKEN_CAPACITY];
    if (!environment_value(pid, "RUNS_EXECUTION_TOKEN", token, sizeof token, has_no_environment) || token[0] == 0)
        return NULL;
    for (struct execution *e = table.executions; e != NULL; e = e->next)
        if (strcmp(e->token, token) == 0) return e;
    return NULL;
}

// An undecided orphan may belong to any execution.
static bool may_own_orphans(const struct execution *execution)
{
    for (struct orphan *o = table.orphans; o != NULL; o = o->next)
        if (o->owner == execution || o->is_undecided) return true;
    return false;
}

static void find_owner(struct orphan *orphan)
{
    bool has_no_environment = false;
    orphan->owner = owner_by_session(orphan->pid);
    if (orphan->owner == NULL) orphan->owner = owner_by_token(orphan->pid, &has_no_environment);
    uint64_t patience_ms = has_no_arguments(orphan->pid) ? LONGEST_EXEC_MS : LONGEST_DOUBT_MS;
    orphan->is_undecided = orphan->owner == NULL && has_no_environment && !has_ended(orphan->pid) &&
                           monotonic_ns() < orphan->found_ns + patience_ms * 1000000u;
    // Only processes that had to be stopped leave children after the main process has ended.
    if (orphan->owner != NULL && orphan->owner->main_ended) orphan->owner->ending.leftovers++;
}

static bool is_known(pid_t pid)
{
    if (living_main(pid) != NULL) return true;
    for (struct orphan *o = table.orphans; o != NULL; o = o->next)
        if (o->pid == pid) return true;
    return false;
}

static size_t known_children(void)
{
    size_t count = 0;
    for (struct execution *e = table.executions; e != NULL; e = e->next) count += !e->main_ended;
    for (struct orphan *o = table.orphans; o != NULL; o = o->next) count++;
    return count;
}

// Adds new children to the table. One that has already ended may have left children of its own after the list was read,
// so the list is read again until there is none.
static void find_orphans(void)
{
    for (struct orphan *o = table.orphans; o != NULL; o = o->next)
        if (o->is_undecided) find_owner(o);
    for (bool again = true; again;) {
        again = false;
        list_children(&table.children);
        // The usual case: every child is known.
        if (table.children.count <= known_children()) return;
        for (size_t i = 0; i < table.children.count; i++) {
            pid_t pid = table.children.pids[i];
            if (is_known(pid)) continue;
            struct orphan *orphan = malloc(sizeof *orphan);
            if (orphan == NULL) abort();
            *orphan = (struct orphan){.pid = pid, .found_ns = monotonic_ns(), .next = table.orphans};
            table.orphans = orphan;
            find_owner(orphan);
            if (has_ended(pid)) again = true;
        }
    }
}

static void terminate_group(struct execution *execution)
{
    if (execution->group_terminated) return;
    execution->group_terminated = true;
    killpg(execution->main_pid, SIGTERM);
    // A stopped process handles TERM only when it continues.
    killpg(execution->main_pid, SIGCONT);
}

void execution_began(uint64_t id, pid_t main_pid, const char *token, uint32_t grace_ms)
{
    struct execution *execution = calloc(1, sizeof *execution);
    if (execution == NULL) abort();
    execution->main_pid = main_pid;
    execution->grace_ms = table.last_grace_ms = grace_ms;
    execution->deadline_ns = NEVER;
    if (strlen(token) < sizeof execution->token) strcpy(execution->token, token);
    execution->ending.id = id;
    execution->next = table.executions;
    table.executions = execution;
}

void execution_stop(uint64_t id, uint32_t grace_ms)
{
    for (struct execution *e = table.executions; e != NULL; e = e->next) {
        if (e->ending.id != id) continue;
        e->grace_ms = table.last_grace_ms = grace_ms;
        e->deadline_ns = earlier(e->deadline_ns, after_ms(grace_ms));
        if (!e->main_ended && grace_ms > 0) terminate_group(e);
    }
}

void stop_everything(void)
{
    table.all_must_end = true;
    table.all_deadline_ns = after_ms(table.last_grace_ms);
    for (struct execution *e = table.executions; e != NULL; e = e->next) {
        e->deadline_ns = earlier(e->deadline_ns, table.all_deadline_ns);
        if (!e->main_ended) terminate_group(e);
    }
}

// Reaps a child and adds the usage of it and its reaped children. Returns its wait status.
static int reap_child(pid_t pid, struct execution *owner)
{
    int status = 0;
    struct rusage used = {0};
    while (wait4(pid, &status, 0, &used) < 0 && errno == EINTR) continue;
    if (owner == NULL) return status;
    struct usage *usage = &owner->ending.usage;
    usage->user_us += (uint64_t)used.ru_utime.tv_sec * 1000000u + (uint64_t)used.ru_utime.tv_usec;
    usage->system_us += (uint64_t)used.ru_stime.tv_sec * 1000000u + (uint64_t)used.ru_stime.tv_usec;
    uint64_t peak = (uint64_t)used.ru_maxrss * 1024u;
    if (peak > usage->peak_bytes) usage->peak_bytes = peak;
    if (!counts_storage()) {
        usage->read_bytes = usage->write_bytes = -1;
        return status;
    }
    // As read_bytes and write_bytes in /proc/PID/io, in units of 512 bytes on any device.
    usage->read_bytes += used.ru_inblock * SECTOR_BYTES;
    usage->write_bytes += used.ru_oublock * SECTOR_BYTES;
    return status;
}

static void remove_execution(struct execution *execution)
{
    struct execution **link = &table.executions;
    while (*link != execution) link = &(*link)->next;
    *link = execution->next;
    free(execution);
}

static void reap_main(struct execution *execution, void (*report)(const struct ending *))
{
    execution->ending.ended_ns = monotonic_ns();
    find_orphans();
    bool has_leftovers = may_own_orphans(execution);
    if (has_leftovers) {
        // Counted before they get a signal, to leave out those that end by themselves.
        for (struct orphan *o = table.orphans; o != NULL; o = o->next)
            execution->ending.leftovers += o->owner == execution && !has_ended(o->pid);
        if (execution->grace_ms > 0) terminate_group(execution);
        execution->deadline_ns = after_ms(execution->grace_ms);
    }
    execution->ending.status = reap_child(execution->main_pid, execution);
    execution->main_ended = true;
    if (has_leftovers) return;
    report(&execution->ending);
    remove_execution(execution);
}

static void reap_orphan(pid_t pid)
{
    struct orphan **link = &table.orphans;
    while (*link != NULL && (*link)->pid != pid) link = &(*link)->next;
    struct orphan *orphan = *link;
    reap_child(pid, orphan != NULL ? orphan->owner : owner_by_session(pid));
    if (orphan == NULL) return;
    *link = orphan->next;
    free(orphan);
}

void reap(void (*report)(const struct ending *))
{
    for (;;) {
        siginfo_t info = {0};
        int result = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
        if (result < 0 && errno == EINTR) continue;
        if (result < 0 || info.si_pid == 0) return;
        struct execution *execution = living_main(info.si_pid);
        if (execution != NULL) reap_main(execution, report);
        else reap_orphan(info.si_pid);
    }
}

static void signal_orphan(struct orphan *orphan, bool deadline_has_passed)
{
    if (orphan->sent == OUT_OF_REACH || has_ended(orphan->pid)) return;
    struct execution *owner = orphan->owner;

    // Before the orphan is reaped, the ID of its group cannot be reused.
    pid_t group = getpgid(orphan->pid);
    int result = 0;
    if (deadline_has_passed && orphan->sent < SENT_KILL) {
        orphan->sent = SENT_KILL;
        // The whole group first: killed one by one, its members could create new processes.
        if (group > 1 && group != getpgrp()) killpg(group, SIGKILL);
        result = kill(orphan->pid, SIGKILL);
    } else if (orphan->sent == NOTHING) {
        orphan->sent = SENT_TERM;
        // Many programs stop their cleanup on a second TERM.
        if (owner != NULL && owner->group_terminated && group == owner->main_pid) return;
        result = kill(orphan->pid, SIGTERM);
        kill(orphan->pid, SIGCONT);
    }
    if (result < 0 && errno == EPERM) {
        // It changed its user and cannot be stopped, so do not wait for it.
        orphan->sent = OUT_OF_REACH;
        orphan->owner = NULL;
    }
}

uint64_t send_due_signals(void (*report)(const struct ending *))
{
    bool must_look = table.all_must_end;
    for (struct execution *e = table.executions; e != NULL; e = e->next) must_look |= e->main_ended;
    if (must_look) find_orphans();

    uint64_t now = monotonic_ns(), next = NEVER;
    for (struct orphan *o = table.orphans; o != NULL; o = o->next) {
        if (must_look && o->is_undecided) next = earlier(next, now + LOOK_AGAIN_MS * 1000000u);
        if (!table.all_must_end && (o->owner == NULL || !o->owner->main_ended)) continue;
        uint64_t deadline = o->owner != NULL ? o->owner->deadline_ns : table.all_deadline_ns;
        signal_orphan(o, now >= deadline);
        if (o->sent < SENT_KILL) next = earlier(next, deadline);
    }
    for (struct execution *e = table.executions, *following; e != NULL; e = following) {
        following = e->next;
        if (e->main_ended && !may_own_orphans(e)) {
            report(&e->ending);
            remove_execution(e);
        } else if (!e->main_ended && !e->group_killed) {
            if (now >= e->deadline_ns) {
                e->group_killed = true;
                killpg(e->main_pid, SIGKILL);
            } else {
                next = earlier(next, e->deadline_ns);
            }
        }
    }
    return next;
}

bool nothing_left(void)
{
    if (table.executions != NULL) return false;
    for (struct orphan *o = table.orphans; o != NULL; o = o->next)
        if (o->sent != OUT_OF_REACH) return false;
    return true;
}
