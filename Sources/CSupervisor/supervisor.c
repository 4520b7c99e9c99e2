// The supervisor process: setup, event loop and control socket. Knows when something happens; does not know how
// processes are handled (executions.c does).
#define _GNU_SOURCE
#include "csupervisor.h"
#include "executions.h"
#include "frames.h"
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    READ_SIZE = 64 * 1024,
    // Longer frames are invalid: kernels accept a few megabytes of arguments.
    MAXIMUM_FRAME = 1 << 30,
    STARTED_MAY_WAIT_MS = 20,
};

static struct {
    int socket;
    bool can_read, can_write;
    struct buffer incoming, outgoing;
    // When outgoing frames must be sent. STARTED is not urgent: it waits a little for EXITED, so that a short stage
    // wakes the executor only once.
    uint64_t send_ns;
} control = {.send_ns = NEVER};

static void send_within_ms(uint64_t ms)
{
    uint64_t due_ns = monotonic_ns() + ms * 1000000u;
    if (due_ns < control.send_ns) control.send_ns = due_ns;
}

// Resets the peak of the supervisor's memory, which is part of the peak of all later processes (see spawn.c).
static void forget_peak_memory(void)
{
    int file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    (void)!write(file, "5", 1);
    close(file);
}

static void report_ending(const struct ending *ending)
{
    frame_begin(&control.outgoing, FRAME_EXITED, 64);
    frame_u64(&control.outgoing, ending->id);
    frame_u32(&control.outgoing, (uint32_t)ending->status);
    frame_u64(&control.outgoing, ending->usage.user_us);
    frame_u64(&control.outgoing, ending->usage.system_us);
    frame_u64(&control.outgoing, ending->usage.peak_bytes);
    frame_u64(&control.outgoing, (uint64_t)ending->usage.read_bytes);
    frame_u64(&control.outgoing, (uint64_t)ending->usage.write_bytes);
    frame_u32(&control.outgoing, ending->leftovers);
    frame_u64(&control.outgoing, ending->ended_ns);
    send_within_ms(0);
}

// False if the frame is invalid.
static bool handle_spawn(struct cursor *frame)
{
    bool has_nul = false;
    uint64_t id = cursor_u64(frame);
    uint32_t grace_ms = cursor_u32(frame);
    struct command command = {.append = cursor_u8(frame) != 0};
    command.folder = cursor_string(frame, &has_nul);
    command.log = cursor_string(frame, &has_nul);
    char **words = cursor_list(frame, 1, &has_nul);
    char **plain_words = cursor_list(frame, 1, &has_nul);
    command.envp = cursor_list(frame, 0, &has_nul);
    const char *token = cursor_string(frame, &has_nul);

    if (!frame->bad) {
        command.argv = words + 1;
        command.plain_words = plain_words + 1;
        struct spawn_failure failure = {EINVAL, "exec"};
        uint64_t started_ns = monotonic_ns();
        pid_t pid = has_nul ? -1 : spawn(&command, &failure);
        if (pid > 0) {
            execution_began(id, pid, token, grace_ms);
            frame_begin(&control.outgoing, FRAME_STARTED, 20);
            frame_u64(&control.outgoing, id);
            frame_u32(&control.outgoing, (uint32_t)pid);
            frame_u64(&control.outgoing, started_ns);
            send_within_ms(STARTED_MAY_WAIT_MS);
        } else {
            frame_begin(&control.outgoing, FRAME_FAILED, 16 + strlen(failure.step));
            frame_u64(&control.outgoing, id);
            frame_u32(&control.outgoing, (uint32_t)failure.error);
            frame_string(&control.outgoing, failure.step);
            send_within_ms(0);
        }
    }
    free(words);
    free(plain_words);
    free(command.envp);
    return !frame->bad;
}

static bool handle_frame(struct cursor *frame)
{
    switch (cursor_u8(frame)) {
    case FRAME_SPAWN:
        return handle_spawn(frame);
    case FRAME_STOP: {
        uint64_t id = cursor_u64(frame);
        uint32_t grace_ms = cursor_u32(frame);
        if (!frame->bad) execution_stop(id, grace_ms);
        return !frame->bad;
    }
    default:
        return false;
    }
}

// False at the end of input: the executor has closed its end, has ended, or sent an invalid frame.
static bool read_control(void)
{
    struct buffer *buffer = &control.incoming;
    size_t needed;
    frame_size(buffer, &needed);
    if (needed > MAXIMUM_FRAME) return false;
    size_t missing = needed - (buffer->end - buffer->start);
    // Reserve exactly the size of a large frame at once.
    if (!buffer_reserve(buffer, missing > READ_SIZE ? missing : READ_SIZE)) return false;
    ssize_t count = recv(control.socket, buffer->bytes + buffer->end, buffer->capacity - buffer->end, MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) return false;
    buffer->end += (size_t)count;
    for (size_t size; (size = frame_size(buffer, &needed)) > 0;) {
        unsigned char *bytes = buffer->bytes + buffer->start;
        struct cursor frame = {bytes + 4, bytes + size, false};
        if (!handle_frame(&frame)) return false;
        if (buffer_consume(buffer, size)) forget_peak_memory();
    }
    return true;
}

static void write_control(void)
{
    struct buffer *buffer = &control.outgoing;
    if (monotonic_ns() < control.send_ns) return;
    while (control.can_write && buffer->end > buffer->start) {
        const unsigned char *bytes = buffer->bytes + buffer->start;
        ssize_t count = send(control.socket, bytes, buffer->end - buffer->start, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0) {
            if (buffer_consume(buffer, (size_t)count)) forget_peak_memory();
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR) {
            control.can_write = false;
        }
    }
    control.send_ns = NEVER;
    // Discard what nothing will read.
    if (!control.can_write) buffer_consume(buffer, buffer->end - buffer->start);
}

static void wait_for_something(int signals, uint64_t deadline_ns)
{
    // What is due and was not sent waits until the socket is writable.
    bool is_due = control.send_ns <= monotonic_ns();
    short events = (short)((control.can_read ? POLLIN : 0) | (is_due ? POLLOUT : 0));
    if (!is_due && control.send_ns < deadline_ns) deadline_ns = control.send_ns;
    struct pollfd files[] = {{.fd = signals, .events = POLLIN},
                             // A closed socket would wake the loop repeatedly.
                             {.fd = events != 0 ? control.socket : -1, .events = events}};
    struct timespec pause, *timeout = NULL;
    if (deadline_ns != NEVER) {
        uint64_t now = monotonic_ns(), left = deadline_ns > now ? deadline_ns - now : 0;
        pause = (struct timespec){(time_t)(left / 1000000000u), (long)(left % 1000000000u)};
        timeout = &pause;
    }
    if (ppoll(files, 2, timeout, NULL) <= 0) return;
    if (files[0].revents != 0) {
        // One signal may stand for several children; all of them are reaped anyway.
        struct signalfd_siginfo info;
        (void)!read(signals, &info, sizeof info);
    }
    if (control.can_read && files[1].revents != 0 && !read_control()) {
        control.can_read = false;
        buffer_consume(&control.incoming, control.incoming.end - control.incoming.start);
        stop_everything();
    }
}

// Closes all descriptors of the executor but the socket and the held ones, and detaches from its terminal. Returns a
// descriptor that is readable when children end.
static int begin(int held_files)
{
    prctl(PR_SET_NAME, "runs-supervisor");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    setsid();
    // Fixed, so that the memory of large frames is returned to the system at once.
    mallopt(M_MMAP_THRESHOLD, READ_SIZE);

    int null = open("/dev/null", O_RDWR);
    for (int file = 0; file <= 2; file++) dup2(null, file);
    control.socket = dup2(control.socket, 3);
    closefrom(4 + held_files);
    for (int file = 3; file < 4 + held_files; file++) fcntl(file, F_SETFD, FD_CLOEXEC);

    // Blocked, not ignored: exec keeps ignored signals, but a mask is easy to reset.
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t all, children;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    return signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
}

void csupervisor_run_if_requested(int argc, char **argv)
{
    if (argc != 3 || strcmp(argv[0], "runs-supervisor") != 0) return;
    char *end, *held_end;
    long number = strtol(argv[1], &end, 10), held_files = strtol(argv[2], &held_end, 10);
    int type = 0;
    socklen_t size = sizeof type;
    if (*end != 0 || number < 3 || number > 1 << 20) return;
    if (*held_end != 0 || held_files < 0 || held_files > 1 << 16) return;
    if (getsockopt((int)number, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_STREAM) return;
    control.socket = (int)number;
    control.can_read = control.can_write = true;
    int signals = begin((int)held_files);
    if (signals < 0) _exit(1);
    for (;;) {
        reap(report_ending);
        uint64_t deadline_ns = send_due_signals(report_ending);
        write_control();
        bool has_output = control.outgoing.end > control.outgoing.start;
        if (!control.can_read && nothing_left() && !has_output) _exit(0);
        wait_for_something(signals, deadline_ns);
    }
}
