/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The nursery as its parent sees it: see nursery.h. Requests go to it over a socket pair, each as
 * one packet with the descriptors of the worker to be. The copy is made as our own child, so that
 * the kernel tells us its end as of any other worker, and it reports itself over the same socket:
 * the kernel says which process sent the report. A nursery that plugins have taken over could
 * refuse to serve, or serve with something else than a worker; it could not make us signal or
 * reap a process that is not our child, nor take another worker's place.
 *
 * We wait for the report for a second at most. A nursery that is late, or has gone, is ended, and
 * the next one is started when it is needed again, a while later if it never was of use.
 */
#include "supervise/nursery.h"

#include "base/cleanup.h"
#include "base/fdpass.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/timing.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define REPORT_MS 1000
#define LONGEST_DELAY 60.0
#define FIXED 3 /* descriptors before those with numbers: standard input, output, error */

struct nursery {
    struct spawned process; /* pid -1: none */
    int socket;
    int out;
    int ready;
    int told;          /* that there is none */
    unsigned failures; /* in a row that have ended without use */
    uint64_t ended;    /* timing_now when the last of these did */
    char *key;         /* what it was started for */
};

/* What a nursery is good for: requests that agree in these members. NULL: out of memory. */
static char *make_key(const char *path, const json_t *request)
{
    static const char *const members[] = { "plugins", "recipes", "architectures", "cpu",
                                           "sandbox" };
    _cleanup_json_ json_t *key = json_array();
    if (!key || json_array_append_new(key, json_text(path, strlen(path))) < 0)
        return NULL;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (json_array_append_new(key, json_string(json_get_string(request, members[i], ""))) < 0)
            return NULL;
    return json_to_text(key);
}

int nursery_new(int out, struct nursery **ret_nursery, struct error *err)
{
    struct nursery *n = calloc(1, sizeof *n);
    if (!n)
        return error_oom(err);
    n->process = (struct spawned){ -1, -1, -1, -1 };
    n->socket = -1;
    n->out = out;
    *ret_nursery = n;
    return 0;
}

/* Ends the process, if there is one. */
static void end_process(struct nursery *n)
{
    if (n->process.pid > 0) {
        (void)kill(n->process.pid, SIGKILL);
        while (waitpid(n->process.pid, NULL, 0) < 0 && errno == EINTR)
            ;
        n->failures += n->failures < UINT_MAX;
        n->ended = timing_now();
    }
    cleanup_close(&n->socket);
    cleanup_close(&n->process.out);
    cleanup_close(&n->process.err);
    cleanup_close(&n->process.pid_fd);
    n->process.pid = -1;
    n->ready = 0;
}

void nursery_free(struct nursery *n)
{
    if (!n)
        return;
    end_process(n);
    free(n->key);
    free(n);
}

void nursery_renew(struct nursery *n)
{
    if (!n)
        return;
    end_process(n);
    n->failures = 0;
}

pid_t nursery_pid(const struct nursery *n)
{
    return n ? n->process.pid : -1;
}

/* A script in place of the program sees each request. */
static int is_program(const char *path)
{
    char start[4] = { 0 };
    struct error ignored = ERROR_INIT;
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    return fd >= 0 && file_pread(fd, start, sizeof start, 0, &ignored) == 0 &&
           !memcmp(start, "\177ELF", sizeof start);
}

static int write_request(const struct nursery *n, const char *path, const json_t *like, int socket,
                         int *ret_fd, struct error *err)
{
    _cleanup_json_ json_t *request =
        json_pack("{s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:i, s:i}", "kind", "nursery", "worker",
                  json_text(path, strlen(path)), "plugins", json_get_string(like, "plugins", ""),
                  "recipes", json_get_string(like, "recipes", ""), "architectures",
                  json_get_string(like, "architectures", ""), "cpu",
                  json_get_string(like, "cpu", "native"), "sandbox",
                  json_get_string(like, "sandbox", "best"), "socket", socket, "staging", n->out);
    return request ? spawn_request(request, ret_fd, err) : error_oom(err);
}

static int start_process(struct nursery *n, const char *path, const json_t *like, struct error *err)
{
    int ends[2] = { -1, -1 };
    _cleanup_close_ int in = -1;
    int r = fdpass_pair(ends, err);
    if (r < 0)
        return r;
    n->socket = ends[0];
    const int fds[] = { ends[1], n->out };
    r = write_request(n, path, like, ends[1], &in, err);
    if (r == 0)
        r = spawn(path, in, fds, 2, &n->process, err);
    cleanup_close(&ends[1]);
    return r;
}

/* Seconds before another one is started: the first to fail is replaced at once. */
static double delay(const struct nursery *n)
{
    unsigned shift = n->failures < 8 ? n->failures : 8;
    double seconds = n->failures < 2 ? 0 : 1 << shift;
    return seconds < LONGEST_DELAY ? seconds : LONGEST_DELAY;
}

void nursery_prepare(struct nursery *n, const char *path, const json_t *request)
{
    struct error err = ERROR_INIT;
    _cleanup_free_ char *key = n ? make_key(path, request) : NULL;
    if (!key)
        return;
    int same = n->key && !strcmp(key, n->key);
    if (same && n->process.pid > 0)
        return;
    if (same && timing_since(n->ended) < delay(n))
        return;
    if (!same)
        nursery_renew(n);
    free(n->key);
    n->key = TAKE(key);
    if (!is_program(path)) {
        n->failures = UINT_MAX;
        n->ended = timing_now();
    } else if (start_process(n, path, request, &err) < 0) {
        log_debug("no nursery: %s", err.text);
        end_process(n);
        n->failures += n->failures < UINT_MAX;
        n->ended = timing_now();
    }
}

/* Waits for a packet and tells who sent it. < 0 also when none came in time. */
static int wait_for_packet(struct nursery *n, int ms, pid_t *ret_sender, struct error *err)
{
    struct pollfd poll_fd = { .fd = n->socket, .events = POLLIN };
    char byte;
    struct fdpass packet;
    int came = poll(&poll_fd, 1, ms);
    if (came == 0 && ms == 0)
        return 1;
    if (came <= 0)
        return error_set(err, PARE_ETIMEOUT, "the nursery does not answer");
    int r = fdpass_receive(n->socket, &byte, sizeof byte, &packet, err);
    if (r == 1)
        r = error_set(err, PARE_ECRASH, "the nursery has ended");
    if (r < 0)
        return r;
    fdpass_close(&packet);
    *ret_sender = packet.sender;
    return 0;
}

/* 1: it is ready to serve. */
static int is_ready(struct nursery *n)
{
    pid_t sender = 0;
    struct error err = ERROR_INIT;
    if (n->process.pid <= 0 || n->ready)
        return n->ready;
    int r = wait_for_packet(n, 0, &sender, &err);
    if (r == 0 && sender == n->process.pid)
        n->ready = 1;
    if (r < 0 || (r == 0 && !n->ready)) {
        if (!n->told)
            log_info("no nursery for workers, so each is started on its own: %s", err.text);
        n->told = 1;
        end_process(n);
    }
    return n->ready;
}

/* 1 when this is a process that we may treat as a new worker: a child of ours, not the nursery. */
static int is_new_child(const struct nursery *n, pid_t pid)
{
    siginfo_t info;
    return pid > 0 && pid != n->process.pid &&
           waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* A spawn_start_fn. 1: it cannot be had from the nursery. */
static int ask_nursery(void *context, const struct spawn_files *files, pid_t *ret_pid,
                       struct error *err)
{
    struct nursery *n = context;
    int32_t numbers[FDPASS_MAX];
    int fds[FDPASS_MAX] = { files->in, files->out, files->err };
    pid_t sender = 0;
    if (files->n_fds > FDPASS_MAX - FIXED)
        return 1;
    numbers[0] = (int32_t)files->n_fds;
    for (size_t i = 0; i < files->n_fds; i++) {
        numbers[1 + i] = files->fds[i];
        fds[FIXED + i] = files->fds[i];
    }
    int r = fdpass_send(n->socket, numbers, (1 + files->n_fds) * sizeof *numbers, fds,
                        FIXED + files->n_fds, err);
    if (r == 0)
        r = wait_for_packet(n, REPORT_MS, &sender, err);
    if (r == 0 && is_new_child(n, sender)) {
        n->failures = 0;
        n->told = 0;
        *ret_pid = sender;
        log_debug("worker %d from the nursery", (int)sender);
        return 0;
    }
    log_debug("the nursery is ended: %s", r < 0 ? err->text : "it made no child of ours");
    end_process(n);
    return 1;
}

int nursery_spawn(struct nursery *n, const char *path, const json_t *request, int in,
                  const int *fds, size_t n_fds, struct spawned *ret_spawned, struct error *err)
{
    if (!n)
        return 1;
    nursery_prepare(n, path, request);
    return is_ready(n) ? spawn_by(ask_nursery, n, in, fds, n_fds, ret_spawned, err) : 1;
}
