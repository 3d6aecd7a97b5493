/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A worker as its parent sees it: see worker_process.h. One epoll descriptor stands for its output,
 * its standard error and its end, so that callers poll a single one, also nested in their own
 * epoll. It has ended when the process has, even if somebody else still holds its pipes. All that
 * it writes is untrusted and bounded: the line, the sum of lines, the tail of standard error.
 */
#include "supervise/worker_process.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/timing.h"
#include "answer/check.h"
#include "supervise/spawn.h"
#include "supervise/stopped.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#define READ_AT_ONCE (1u << 20) /* in one call, so that the daemon's loop keeps turning, */
#define READ_SECONDS 0.01       /* and no longer than so */
#define STDERR_TAIL 4096
#define STDERR_MOST (8u << 20)
#define GRACE_SECONDS 5.0 /* from SIGTERM, or from the end of its output, to SIGKILL */

struct worker_process {
    struct nursery *nursery; /* or NULL */
    struct spawned spawned;
    int epoll;
    char *buffer; /* what is read, from the beginning of an unfinished line */
    size_t len, capacity;
    struct answer_check check;
    char tail[STDERR_TAIL];
    size_t tail_len;
    uint64_t errors;        /* bytes on standard error */
    uint64_t last_sign;     /* of life: timing_now */
    uint64_t deadline_from; /* when SIGTERM was sent or the output ended; 0: neither */
    int stops;              /* calls of worker_process_stop */
    int killed;             /* by us */
    int ended, wait_status;
    int done;          /* it said `done` or `error` */
    struct error said; /* its `error`, or what is wrong with its output, or the time-out */
};

static int watch(struct worker_process *p, int fd, struct error *err)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
    if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        return error_errno(err, errno, "cannot watch the worker");
    return 0;
}

int worker_process_start(const char *worker_path, const json_t *request, const int *fds,
                         size_t n_fds, struct worker_process **ret_process, struct error *err)
{
    return worker_process_start_by(NULL, worker_path, request, fds, n_fds, ret_process, err);
}

int worker_process_start_by(struct nursery *nursery, const char *worker_path, const json_t *request,
                            const int *fds, size_t n_fds, struct worker_process **ret_process,
                            struct error *err)
{
    _cleanup_close_ int in = -1;
    int r = spawn_request(request, &in, err);
    if (r < 0)
        return r;
    struct worker_process *p = calloc(1, sizeof *p);
    if (!p)
        return error_oom(err);
    p->spawned = (struct spawned){ -1, -1, -1, -1 };
    p->nursery = nursery;
    p->last_sign = timing_now();
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    r = p->epoll < 0 ? error_errno(err, errno, "cannot watch the worker") : 0;
    if (r == 0)
        r = answer_check_init(&p->check, request, err);
    stopped_wait(1);
    if (r == 0)
        r = nursery_spawn(nursery, worker_path, request, in, fds, n_fds, &p->spawned, err);
    if (r == 1)
        r = spawn(worker_path, in, fds, n_fds, &p->spawned, err);
    if (r == 0)
        stopped_add(p->spawned.pid);
    stopped_wait(0);
    if (r == 0)
        r = watch(p, p->spawned.out, err);
    if (r == 0)
        r = watch(p, p->spawned.err, err);
    if (r == 0)
        r = watch(p, p->spawned.pid_fd, err);
    if (r < 0) {
        worker_process_free(p);
        return r;
    }
    *ret_process = p;
    return 0;
}

static void signal_worker(struct worker_process *p, int signal)
{
    if (p->ended || p->spawned.pid <= 0)
        return;
    if (signal == SIGKILL)
        p->killed = 1;
    if (kill(-p->spawned.pid, signal) < 0)
        (void)kill(p->spawned.pid, signal);
}

void worker_process_free(struct worker_process *p)
{
    if (!p)
        return;
    if (p->spawned.pid > 0 && !p->ended) {
        signal_worker(p, SIGKILL);
        stopped_remove(p->spawned.pid);
        while (waitpid(p->spawned.pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    cleanup_close(&p->spawned.out);
    cleanup_close(&p->spawned.err);
    cleanup_close(&p->spawned.pid_fd);
    cleanup_close(&p->epoll);
    answer_check_deinit(&p->check);
    free(p->buffer);
    free(p);
}

int worker_process_fd(const struct worker_process *p)
{
    return p->epoll;
}

pid_t worker_process_pid(const struct worker_process *p)
{
    return p->spawned.pid;
}

double worker_process_silence(const struct worker_process *p)
{
    double since = timing_since(p->last_sign);
    double continued = stopped_until() ? timing_since(stopped_until()) : since;
    return continued < since ? continued : since;
}

/* Notes the first thing that is wrong with the worker's output and kills it. */
void worker_process_break_off(struct worker_process *p, const struct error *why)
{
    if (!p->said.code)
        p->said = *why;
    signal_worker(p, SIGKILL);
}

static void break_off_text(struct worker_process *p, const char *what)
{
    struct error why = ERROR_INIT;
    why.code = error_set(&why, PARE_ECRASH, "the worker wrote %s", what);
    worker_process_break_off(p, &why);
}

/* `error`: its code, but never one that means success or that we alone may give. */
static void note_error(struct worker_process *p, const json_t *line)
{
    int code = error_code(json_get_string(line, "code", ""));
    if (code >= 0 || code == PARE_ECRASH || code == PARE_ETIMEOUT)
        code = PARE_EINTERNAL;
    p->said.code = error_set(&p->said, code, "%s", json_get_string(line, "text", "(no text)"));
}

static void take_line(struct worker_process *p, const char *text, size_t len,
                      worker_event_fn *event, void *context)
{
    struct error problem = ERROR_INIT;
    const struct answer_event *kind = NULL;
    _cleanup_json_ json_t *line = NULL;
    if (p->done || p->said.code)
        return break_off_text(p, "more after its last line");
    problem.code = answer_check_line(&p->check, text, len, &kind, &line, &problem);
    if (problem.code < 0)
        return worker_process_break_off(p, &problem);
    if (problem.code)
        p->last_sign = timing_now();
    if (!strcmp(kind->name, "error")) {
        p->done = 1;
        note_error(p, line);
    } else if (!strcmp(kind->name, "done")) {
        p->done = 1;
    }
    if (event)
        event(context, kind->name, line);
}

static void take_lines(struct worker_process *p, size_t scanned, worker_event_fn *event,
                       void *context)
{
    size_t start = 0;
    char *end;
    while (!p->killed && (end = memchr(p->buffer + scanned, '\n', p->len - scanned))) {
        take_line(p, p->buffer + start, (size_t)(end - p->buffer) - start, event, context);
        start = scanned = (size_t)(end - p->buffer) + 1;
    }
    memmove(p->buffer, p->buffer + start, p->len - start);
    p->len -= start;
    if (!p->killed && p->len > answer_check_length(&p->check, p->buffer, p->len))
        break_off_text(p, "a line that is too long");
}

static int make_room(struct worker_process *p, struct error *err)
{
    if (p->capacity - p->len >= 32768)
        return 0;
    size_t capacity = p->capacity ? 2 * p->capacity : 65536;
    char *buffer = realloc(p->buffer, capacity);
    if (!buffer)
        return error_oom(err);
    p->buffer = buffer;
    p->capacity = capacity;
    return 0;
}

/* Reads what there is, up to a bound. 0: all was read; 1: there may be more. */
static int drain_output(struct worker_process *p, worker_event_fn *event, void *context,
                        struct error *err)
{
    uint64_t start = timing_now();
    for (size_t got = 0; got < READ_AT_ONCE && p->spawned.out >= 0;) {
        if (got && timing_since(start) > READ_SECONDS)
            break;
        int r = make_room(p, err);
        if (r < 0)
            return r;
        ssize_t n = read(p->spawned.out, p->buffer + p->len, p->capacity - p->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return 0;
        if (n == 0) {
            (void)close(TAKE_FD(p->spawned.out));
            if (!p->deadline_from)
                p->deadline_from = timing_now();
            return 0;
        }
        size_t scanned = p->len;
        p->len += (size_t)n;
        got += (size_t)n;
        take_lines(p, scanned, event, context);
        if (p->killed)
            p->len = 0; /* it may not fill our memory while it dies */
    }
    return p->spawned.out >= 0;
}

static void drain_errors(struct worker_process *p)
{
    char chunk[STDERR_TAIL];
    ssize_t n = -1;
    for (int i = 0; i < 64 && p->spawned.err >= 0; i++) {
        n = read(p->spawned.err, chunk, sizeof chunk);
        if (n <= 0)
            break;
        size_t room = sizeof p->tail - (size_t)n;
        size_t keep = p->tail_len < room ? p->tail_len : room;
        memmove(p->tail, p->tail + p->tail_len - keep, keep);
        memcpy(p->tail + keep, chunk, (size_t)n);
        p->tail_len = keep + (size_t)n;
        p->errors += (size_t)n;
    }
    if (p->errors > STDERR_MOST)
        break_off_text(p, "too much to its standard error");
    if (n == 0)
        (void)close(TAKE_FD(p->spawned.err));
}

/* 1 when the process has ended and was reaped now, with all that it may have left behind. */
static int reap(struct worker_process *p)
{
    siginfo_t info = { .si_pid = 0 };
    if (waitid(P_PID, (id_t)p->spawned.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0) {
        if (info.si_pid == 0)
            return 0;
        (void)kill(-p->spawned.pid, SIGKILL); /* while the number is still its own */
    }
    stopped_remove(p->spawned.pid); /* also while the number is its own */
    if (waitpid(p->spawned.pid, &p->wait_status, WNOHANG) <= 0)
        p->wait_status = 0xff00; /* somebody else reaped it: exit status 255 */
    return 1;
}

int worker_process_read(struct worker_process *p, worker_event_fn *event, void *context,
                        struct error *err)
{
    if (p->ended)
        return 1;
    if (p->deadline_from && timing_since(p->deadline_from) > GRACE_SECONDS)
        signal_worker(p, SIGKILL);
    int gone = reap(p); /* before reading: what it wrote until its end is read below */
    int more = drain_output(p, event, context, err);
    drain_errors(p);
    if (gone) {
        for (int i = 0; i < 32 && more > 0; i++)
            more = drain_output(p, event, context, err);
        p->ended = 1;
        if (WIFSIGNALED(p->wait_status) && !p->killed)
            nursery_renew(p->nursery);
    }
    if (more < 0) {
        signal_worker(p, SIGKILL);
        return more;
    }
    return gone;
}

void worker_process_stop(struct worker_process *p)
{
    signal_worker(p, p->stops++ ? SIGKILL : SIGTERM);
    if (!p->deadline_from)
        p->deadline_from = timing_now();
}

void worker_process_suspend(struct worker_process *p)
{
    signal_worker(p, SIGUSR1);
}

int worker_process_was_killed(const struct worker_process *p)
{
    return p->ended && WIFSIGNALED(p->wait_status) && WTERMSIG(p->wait_status) == SIGKILL;
}

void worker_process_time_out(struct worker_process *p, double seconds)
{
    if (!p->said.code && !p->done)
        p->said.code = error_set(&p->said, PARE_ETIMEOUT,
                                 "the worker gave no sign of life for %.0f s and was stopped",
                                 seconds);
    signal_worker(p, SIGKILL);
}

/* The last line of standard error that says something, into text. */
static void last_words(const struct worker_process *p, char text[300])
{
    size_t end = p->tail_len, start;
    text[0] = 0;
    while (end > 0) {
        for (start = end; start > 0 && p->tail[start - 1] != '\n'; start--)
            ;
        static const char aborting[] = "ABORTING"; /* a sanitizer's last, empty word */
        size_t n = end - start, skip = sizeof aborting - 1;
        int empty = n == 0 || (n >= skip && !memcmp(p->tail + end - skip, aborting, skip));
        if (!empty) {
            (void)snprintf(text, 300, ": %.*s", (int)(n < 280 ? n : 280), p->tail + start);
            return;
        }
        end = start ? start - 1 : 0;
    }
}

static int crashed(const struct worker_process *p, struct error *err)
{
    char words[300];
    last_words(p, words);
    if (WIFSIGNALED(p->wait_status)) {
        int signal = WTERMSIG(p->wait_status);
        if (signal == SIGKILL && p->killed)
            return error_set(err, PARE_ECRASH,
                             "the worker was killed by Pare, %.0f s after it closed its output%s",
                             GRACE_SECONDS, words);
        const char *hint = signal == SIGKILL  ? ", not by Pare: probably out of memory"
                           : signal == SIGSYS ? ", a system call that its sandbox forbids"
                                              : "";
        return error_set(err, PARE_ECRASH, "the worker was killed by signal %d (%s)%s%s", signal,
                         strsignal(signal), hint, words);
    }
    int status = WEXITSTATUS(p->wait_status);
    if (status)
        return error_set(err, PARE_ECRASH, "the worker ended with status %d%s%s", status,
                         p->done ? "" : " without saying why", words);
    return error_set(err, PARE_ECRASH, "the worker ended before it was done%s", words);
}

int worker_process_result(const struct worker_process *p, struct error *err)
{
    if (!p->ended)
        return error_set(err, PARE_EINTERNAL, "the worker has not ended");
    if (p->said.code && (!p->stops || p->said.code == PARE_ECANCELLED))
        return error_set(err, p->said.code, "%s", p->said.text);
    if (p->done && !p->said.code && WIFEXITED(p->wait_status) && !WEXITSTATUS(p->wait_status))
        return 0;
    if (p->stops)
        return error_set(err, PARE_ECANCELLED, "cancelled");
    return crashed(p, err);
}

int worker_process_run(const char *worker_path, const json_t *request, const int *fds, size_t n_fds,
                       double silence, worker_event_fn *event, void *context, struct error *err)
{
    struct worker_process *p = NULL;
    int r = worker_process_start(worker_path, request, fds, n_fds, &p, err);
    if (r < 0)
        return r;
    while (r == 0) {
        struct pollfd pollfd = { .fd = worker_process_fd(p), .events = POLLIN };
        (void)poll(&pollfd, 1, 500);
        r = worker_process_read(p, event, context, err);
        if (r == 0 && silence > 0 && worker_process_silence(p) > silence)
            worker_process_time_out(p, silence);
    }
    if (r > 0)
        r = worker_process_result(p, err);
    worker_process_free(p);
    return r;
}
