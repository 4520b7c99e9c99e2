// Creates a process. Knows how a stage's process starts; does not know how it ends.
#ifndef SPAWN_H
#define SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct command {
    const char *folder, *log;
    bool append;
    // Executed instead of `argv`, which runs a shell, unless that fails; may be empty. The slot before the first word
    // of both lists is free for the shell of a script without `#!`.
    char **plain_words;
    char **argv;
    char **envp;
};

struct spawn_failure {
    int error;
    const char *step;
};

// Returns once the program runs, or -1 with the failure. Stdin is that of the supervisor, /dev/null. All signals must
// be blocked and have no handlers; the program starts with no signal blocked or ignored.
pid_t spawn(const struct command *command, struct spawn_failure *failure);

#endif
