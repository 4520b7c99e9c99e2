// Creates one process. Knows how a stage's process begins; does not know what becomes of it.
#ifndef SPAWN_H
#define SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct command {
    const char *folder, *log;
    bool append;
    // Executed in place of `argv`, which is a shell's, unless that fails; empty: `argv` alone. The slot before the first
    // word of each is free: a script without `#!` gets its shell there.
    char **plain_words;
    char **argv;
    char **envp;
};

struct spawn_failure {
    int error;
    const char *step;
};

// Returns once the program runs, or -1 with the failure. Stdin is the supervisor's own, which is /dev/null. To be called
// with all signals blocked and no handler set; the program begins with none of them blocked or ignored.
pid_t spawn(const struct command *command, struct spawn_failure *failure);

#endif
