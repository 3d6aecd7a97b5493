/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * One pare-worker process, seen from its parent: started with an empty environment and only the
 * descriptors it is to have, followed by the JSON lines that it writes (docs/protocol.md), killed
 * when it gives no sign of life. Never blocks but in worker_process_run.
 */
#ifndef SUPERVISE_WORKER_PROCESS_H
#define SUPERVISE_WORKER_PROCESS_H

#include "supervise/nursery.h"

struct worker_process;

/* Starts the worker on a request. Every descriptor that the request names (source, other, staging)
 * must be listed in fds; in the child they keep their numbers. */
int worker_process_start(const char *worker_path, const json_t *request, const int *fds,
                         size_t n_fds, struct worker_process **ret_process, struct error *err)
    __attribute__((warn_unused_result));
/* The same by a nursery (may be NULL) if it can. It must outlive the process. */
int worker_process_start_by(struct nursery *nursery, const char *worker_path, const json_t *request,
                            const int *fds, size_t n_fds, struct worker_process **ret_process,
                            struct error *err) __attribute__((warn_unused_result));
/* Kills and reaps when still running. */
void worker_process_free(struct worker_process *process);

/* The descriptor to poll for reading, until worker_process_read says that it ended. */
int worker_process_fd(const struct worker_process *process);
pid_t worker_process_pid(const struct worker_process *process);
/* Seconds since its last sign of life (answer/check.h). */
double worker_process_silence(const struct worker_process *process);

typedef void worker_event_fn(void *context, const char *event, const json_t *line);

/* Reads what is there and calls back for each whole line. 0: more may come; 1: the worker has
 * ended and was reaped (see worker_process_result). Lines are untrusted: one that answer/check.h
 * refuses ends the worker with PARE_ECRASH. Returns after 10 ms even if there is more. */
int worker_process_read(struct worker_process *process, worker_event_fn *event, void *context,
                        struct error *err) __attribute__((warn_unused_result));

/* After the end: 0 when it ended well with `done`, else its error: what it said in `error`, or
 * PARE_ECRASH naming signal or status ("killed by signal 11 (Segmentation fault)", and when it
 * was SIGKILL that it was not ours, "probably out of memory"), or PARE_ETIMEOUT. */
int worker_process_result(const struct worker_process *process, struct error *err)
    __attribute__((warn_unused_result));

/* SIGTERM first, SIGKILL when called again or after 5 s (checked in worker_process_read). */
void worker_process_stop(struct worker_process *process);
/* Asks a converting worker to stop at a checkpoint, and to be quick. */
void worker_process_suspend(struct worker_process *process);
/* After the end: 1 when SIGKILL ended it. */
int worker_process_was_killed(const struct worker_process *process);
/* As killed for silence: result will be PARE_ETIMEOUT. */
void worker_process_time_out(struct worker_process *process, double seconds);

/* Kills it: result will be this error, unless it has ended well. */
void worker_process_break_off(struct worker_process *process, const struct error *why);

/* Runs a worker to its end, blocking, with a time-out of silence in seconds (0: none). */
int worker_process_run(const char *worker_path, const json_t *request, const int *fds, size_t n_fds,
                       double silence, worker_event_fn *event, void *context, struct error *err)
    __attribute__((warn_unused_result));

#endif
