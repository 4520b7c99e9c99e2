#define _GNU_SOURCE
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// Tests replace it with one that does not exist.
#ifndef SCRIPT_SHELL
#define SCRIPT_SHELL "/bin/sh"
#endif

static const char *search_path(char **envp)
{
    for (; *envp != NULL; envp++)
        if (strncmp(*envp, "PATH=", 5) == 0) return *envp + 5;
    return "/usr/local/bin:/bin:/usr/bin";
}

// A program for another machine is not a script. As in bash: a NUL in the first line.
static bool is_text(const char *file)
{
    char beginning[128];
    int descriptor = open(file, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return true;
    ssize_t count = read(descriptor, beginning, sizeof beginning);
    close(descriptor);
    for (ssize_t i = 0; i < count && beginning[i] != '\n'; i++)
        if (beginning[i] == 0) return false;
    return true;
}

static void execute_file(const char *file, char **argv, char **envp)
{
    execve(file, argv, envp);
    if (errno != ENOEXEC) return;
    if (!is_text(file)) {
        errno = ENOEXEC;
        return;
    }
    char **script = argv - 1, *name = argv[0];
    script[0] = SCRIPT_SHELL;
    script[1] = (char *)file;
    execve(script[0], script, envp);
    // The next folder of PATH gets the same words, and `file` does not outlive the caller.
    script[0] = NULL;
    script[1] = name;
}

// Like execvpe, but with the PATH of `envp`. Returns only on error, with errno.
static void execute(char **argv, char **envp)
{
    const char *name = argv[0];
    errno = ENOENT;
    if (name == NULL || *name == 0) return;
    if (strchr(name, '/') != NULL) {
        execute_file(name, argv, envp);
        return;
    }
    bool denied = false;
    const char *folder = search_path(envp);
    for (bool more = true; more;) {
        size_t length = strcspn(folder, ":");
        char file[PATH_MAX];
        // An empty entry is the working directory.
        int written = snprintf(file, sizeof file, "%.*s%s%s", (int)length, folder, length > 0 ? "/" : "./", name);
        more = folder[length] == ':';
        folder += length + 1;
        if (written < 0 || written >= (int)sizeof file) continue;
        execute_file(file, argv, envp);
        if (errno == EACCES) denied = true;
        else if (errno != ENOENT && errno != ENOTDIR && errno != ESTALE && errno != ENODEV && errno != ETIMEDOUT)
            return;
    }
    errno = denied ? EACCES : ENOENT;
}

// An earlier stage may have put a link or a FIFO where the log belongs: it is neither followed nor waited for. Nearly
// always there is nothing yet.
static int open_log(const struct command *command)
{
    int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY;
    int log = open(command->log, flags | O_CREAT | O_EXCL, 0664);
    if (log >= 0 || errno != EEXIST) return log;
    log = open(command->log, flags | O_NOFOLLOW | O_NONBLOCK);
    if (log < 0) return -1;
    struct stat status;
    if (fstat(log, &status) == 0 && S_ISREG(status.st_mode)) {
        // The stage gets the description without O_NONBLOCK.
        if ((command->append || ftruncate(log, 0) == 0) && fcntl(log, F_SETFL, O_APPEND) == 0) return log;
    } else {
        errno = ENXIO;
    }
    int error = errno;
    close(log);
    errno = error;
    return -1;
}

// In the child. Returns only on failure, with `failure` set.
static void become(const struct command *command, pid_t supervisor, struct spawn_failure *failure)
{
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The supervisor may have ended before the line above.
    if (getppid() != supervisor) _exit(127);

    failure->step = "open log";
    int log = open_log(command);
    if (log >= 0 && dup2(log, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0) {
        failure->step = "chdir";
        if (chdir(command->folder) == 0) {
            failure->step = "exec";
            sigset_t none;
            sigemptyset(&none);
            sigprocmask(SIG_SETMASK, &none, NULL);
            execute(command->plain_words, command->envp);
            execute(command->argv, command->envp);
        }
    }
    failure->error = errno;
}

// With vfork, the child runs in the memory of the waiting supervisor until it calls exec, so nothing is copied and the
// parent can read the child's errors. This is safe because no signal handler can run: the supervisor has none and
// blocks all signals, as does the child until just before exec.
//
// The disadvantage: the peak memory of a process includes its memory before exec. Therefore the supervisor is a small
// program of its own (target SupervisorProgram) and resets its own peak.
pid_t spawn(const struct command *command, struct spawn_failure *failure)
{
    pid_t supervisor = getpid();
    failure->error = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        become(command, supervisor, failure);
        _exit(127);
    }
    if (pid < 0) {
        *failure = (struct spawn_failure){errno, "fork"};
        return -1;
    }
    // A child that died before exec without an error is reaped like any other.
    if (failure->error == 0) return pid;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    return -1;
}
