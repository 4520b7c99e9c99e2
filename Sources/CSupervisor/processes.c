#define _GNU_SOURCE
#include "processes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void append(struct pid_list *list, pid_t pid)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        list->pids = realloc(list->pids, list->capacity * sizeof *list->pids);
        if (list->pids == NULL) abort();
    }
    list->pids[list->count++] = pid;
}

// Reads up to capacity - 1 bytes, NUL-terminated; -1 on error.
static ssize_t read_small_file(const char *path, char *text, size_t capacity)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t count = read(file, text, capacity - 1);
    close(file);
    if (count >= 0) text[count] = 0;
    return count;
}

static pid_t parent_of(pid_t pid)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (read_small_file(path, text, sizeof text) <= 0) return -1;
    // "pid (name) state parent …": the name may contain parentheses, so find the last one.
    const char *after_name = strrchr(text, ')');
    int parent = -1;
    if (after_name == NULL || sscanf(after_name + 1, " %*c %d", &parent) != 1) return -1;
    return parent;
}

// For kernels without CONFIG_PROC_CHILDREN. A process that is reparented during the scan is found by the next one,
// which the end of its parent triggers.
static void scan_for_children(struct pid_list *list)
{
    DIR *folder = opendir("/proc");
    if (folder == NULL) return;
    pid_t self = getpid();
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 0 && parent_of(pid) == self) append(list, pid);
    }
    closedir(folder);
}

void list_children(struct pid_list *list)
{
    list->count = 0;
    // The kernel makes a new list whenever the file is read from its start.
    static int file = -1;
    if (file < 0) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
        file = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (file < 0) {
        scan_for_children(list);
        return;
    }
    pid_t pid = 0;
    off_t position = 0;
    char text[4096];
    for (ssize_t count; (count = pread(file, text, sizeof text, position)) != 0; position += count) {
        if (count < 0) return;
        for (ssize_t i = 0; i < count; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                pid = pid * 10 + (text[i] - '0');
            } else if (pid > 0) {
                append(list, pid);
                pid = 0;
            }
        }
    }
}

bool has_ended(pid_t child)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child;
}

bool counts_storage(void)
{
    static int known = -1;
    if (known < 0) known = access("/proc/self/io", F_OK) == 0;
    return known;
}

bool environment_value(pid_t pid, const char *name, char *value, size_t capacity, bool *is_empty)
{
    *is_empty = false;
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/environ", pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    // Read in pieces, because an environment may be large. `position` counts the bytes of the current entry.
    size_t prefix = strlen(name) + 1, position = 0;
    bool fits = true, found = false;
    *is_empty = true;
    for (ssize_t count; !found && (count = read(file, text, sizeof text)) != 0;) {
        if (count < 0 && errno == EINTR) continue;
        *is_empty = false;
        if (count < 0) break;
        for (ssize_t i = 0; i < count && !found; i++) {
            if (fits && position < prefix) fits = text[i] == (position + 1 < prefix ? name[position] : '=');
            else if (fits && position - prefix < capacity) value[position - prefix] = text[i];
            else fits = false;
            position++;
            if (text[i] == 0) {
                found = fits && position > prefix;
                fits = true;
                position = 0;
            }
        }
    }
    close(file);
    return found;
}

bool has_no_arguments(pid_t pid)
{
    char path[64], text[2];
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    return read_small_file(path, text, sizeof text) <= 0;
}
