/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The catalog: an SQLite file of every job, conversion and figure (pare-catalog(5)). It is an index
 * of what lies on disk; manifests are the truth, and catalog_import_manifest rebuilds it from them.
 *
 * One process writes (pared, or `pare convert` in the user's own catalog), any number read at the
 * same time. A handle belongs to one thread and must not cross fork(). Every call is one whole
 * transaction, on disk when it returns (but see catalog_hold); nothing stays locked between calls.
 * Stamps are UTC text ("2026-11-23T21:00:00.123Z"), missing figures are NULL, positions of targets
 * count from 0.
 *
 * Failures: PARE_ENOSPC disk full; PARE_EIO cannot be opened, read, written, or locked by another
 * writer for 5 s; PARE_EDATA the file is damaged (the text says what to do), or a manifest is not
 * what it should be; PARE_ENOTSUP it is of a newer Pare (it may be read then, not written) or, for
 * reading, of an older one; PARE_EUSAGE a wrong argument, a change of state that makes no sense
 * ("job 17 is done") or a foreign database. Calls about a job or conversion that is not there give
 * the outcome CATALOG_NOT_FOUND.
 */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include "base/cleanup.h"
#include "base/error.h"
#include "results/tensor_row.h"

#include <stdint.h>

struct catalog;

enum { CATALOG_NOT_FOUND = 1 };

/* ---- opening ---- */

/* Opens for writing; creates the file (and its parents) when missing, migrates an older schema. */
int catalog_open(const char *path, struct catalog **ret_catalog, struct error *err)
    __attribute__((warn_unused_result));

/* Opens for reading, while another process writes or on read-only media. CATALOG_NOT_FOUND when
 * there is no such file. */
int catalog_open_readonly(const char *path, struct catalog **ret_catalog, struct error *err)
    __attribute__((warn_unused_result));

/* As catalog_open, for the daemon's start: also checks the file unless that takes long, and moves a
 * damaged one away.
 * 0: opened; 1: import the manifests and then call catalog_rebuilt: the catalog is new, because it
 * was missing, empty, or damaged (then *ret_moved, NULL otherwise, is where the old one lies now;
 * free it); or nobody has called catalog_rebuilt since it was new. */
int catalog_open_or_replace(const char *path, char **ret_moved, struct catalog **ret_catalog,
                            struct error *err) __attribute__((warn_unused_result));

/* All manifests are in the catalog: catalog_open_or_replace gives 0 from now on. */
int catalog_rebuilt(struct catalog *catalog, struct error *err) __attribute__((warn_unused_result));

/* Whether catalog_open_or_replace has checked all of the file: not when it is large, since that
 * takes minutes; it should be checked by catalog_check then, in another process. */
int catalog_is_checked(const struct catalog *catalog);
/* Whether anything that was asked of the catalog met damage. */
int catalog_is_damaged(const struct catalog *catalog);
/* Reads all of the file, which may be in use. PARE_EDATA when it is damaged. */
int catalog_check(const char *path, struct error *err) __attribute__((warn_unused_result));
/* Lets the next catalog_open_or_replace move this file away as damaged; why: for people, beside
 * it. */
int catalog_condemn(const char *path, const char *why, struct error *err)
    __attribute__((warn_unused_result));

/* Takes NULL. */
void catalog_close(struct catalog *catalog);

DEFINE_CLEANUP(struct catalog *, catalog_close);
#define _cleanup_catalog_ CLEANUP(catalog_close_cleanup)

/* What follows, until catalog_release, is one transaction: a call that returns 0 is on disk only
 * when catalog_release does, too. When that fails, nothing of it may be, whatever the calls gave. A
 * call that fails takes only its own changes back. Holds do not nest, and end in the same turn. */
void catalog_hold(struct catalog *catalog);
int catalog_release(struct catalog *catalog, struct error *err) __attribute__((warn_unused_result));

/* ---- jobs ---- */

struct catalog_target {
    const char *format, *recipe;
    const json_t *options; /* object, or NULL */
};

struct catalog_job_spec {
    const char *uid;       /* unique for ever, see job_uid() */
    const char *name;      /* the model's, for people */
    const char *path;      /* where the source is, as the user gave it */
    const char *kind;      /* "drop", "submit" or "convert" */
    int64_t priority;      /* higher runs first */
    const char *submitted; /* stamp, or NULL: now */
    const char *identity;  /* of what was submitted by path (source/identity.h), or NULL */
    const struct catalog_target *targets;
    size_t n_targets;
};

/* Adds a queued job with its queued conversions. Adding a uid again changes nothing and gives the
 * id that it has. */
int catalog_job_add(struct catalog *catalog, const struct catalog_job_spec *spec, int64_t *ret_id,
                    struct error *err) __attribute__((warn_unused_result));

/* The identity that a job was added with, "" when it has none. CATALOG_NOT_FOUND. */
int catalog_job_identity(struct catalog *catalog, int64_t job, char **ret_identity,
                         struct error *err) __attribute__((warn_unused_result));

/* The id of a job from what a person typed: its id, its uid, or the beginning of one uid only. */
int catalog_job_find(struct catalog *catalog, const char *text, int64_t *ret_id, struct error *err)
    __attribute__((warn_unused_result));

/* A job as JSON, new reference: the fields of "A job" in docs/control.md, of which stage, done,
 * total and rate are null here (retry_in is set, state is "retry" while it is > 0); and kind,
 * finished, source (what catalog_job_source was given, or null), and in each target its options
 * (object) and error ({"code","text"} or null). */
int catalog_job_get(struct catalog *catalog, int64_t job, json_t **ret_job, struct error *err)
    __attribute__((warn_unused_result));

/* Unfinished jobs but those of kind convert, as catalog_job_get gives them, in the order in which
 * they run: running ones first. New array of at most `limit`, after `from` others. */
int catalog_queue(struct catalog *catalog, size_t from, size_t limit, json_t **ret_jobs,
                  struct error *err) __attribute__((warn_unused_result));

/* {"waiting": 0, "queued", "running", "retry", "done", "failed", "cancelled"}: docs/control.md. */
int catalog_counts(struct catalog *catalog, json_t **ret_counts, struct error *err)
    __attribute__((warn_unused_result));

/* The next job that pared should run (kind drop or submit), of those whose time has come: highest
 * priority, then the oldest. CATALOG_NOT_FOUND when there is none; then *ret_wait is the time until
 * the next, in seconds, or -1 when the queue is empty. */
int catalog_job_next(struct catalog *catalog, int64_t *ret_id, double *ret_wait, struct error *err)
    __attribute__((warn_unused_result));

/* Jobs (ids, new JSON array of integers) that were running when the last daemon died.
 * Their state is not changed: look at the outputs of each (job_complete_target), record what is
 * there with catalog_conversion_done, then catalog_job_requeue or catalog_job_done. */
int catalog_jobs_interrupted(struct catalog *catalog, json_t **ret_ids, struct error *err)
    __attribute__((warn_unused_result));

/* The changes of state. running counts an attempt and sets the unfinished conversions running;
 * done, failed and cancelled set the stamp `finished`; failed gives its error to the conversions
 * that are not done. */
int catalog_job_running(struct catalog *catalog, int64_t job, struct error *err)
    __attribute__((warn_unused_result));
int catalog_job_done(struct catalog *catalog, int64_t job, struct error *err)
    __attribute__((warn_unused_result));
int catalog_job_failed(struct catalog *catalog, int64_t job, const struct error *why,
                       struct error *err) __attribute__((warn_unused_result));
int catalog_job_cancelled(struct catalog *catalog, int64_t job, struct error *err)
    __attribute__((warn_unused_result));
/* Back into the queue, to run after `delay` seconds (at most a day) because of `why` (NULL: no
 * fault of the job, such as a restart). The attempts stay counted. */
int catalog_job_requeue(struct catalog *catalog, int64_t job, double delay, const struct error *why,
                        struct error *err) __attribute__((warn_unused_result));
/* A person's retry of a failed or cancelled job: queued as if new, done conversions stay done.
 * PARE_EUSAGE when it is in another state. */
int catalog_job_retry(struct catalog *catalog, int64_t job, struct error *err)
    __attribute__((warn_unused_result));

/* Keeps what the worker said in `start`: sandbox, version, cpu, threads (any may be absent). */
int catalog_job_start(struct catalog *catalog, int64_t job, const json_t *start, struct error *err)
    __attribute__((warn_unused_result));
/* Keeps the facts of the worker's `source`, so that a failed job has them too. */
int catalog_job_source(struct catalog *catalog, int64_t job, const json_t *source,
                       struct error *err) __attribute__((warn_unused_result));

/* No job waits for longer than so many seconds from now. */
int catalog_limit_waits(struct catalog *catalog, double seconds, struct error *err)
    __attribute__((warn_unused_result));

/* ---- conversions ---- */

/* Records a published target from its manifest (the head, and the rows of tensors): model,
 * conversion, files, plugins and tensors, at once. Doing it again gives the same rows. out_path:
 * the output directory. */
int catalog_conversion_done(struct catalog *catalog, int64_t job, size_t position,
                            const json_t *head, struct tensor_rows *rows, const char *out_path,
                            struct error *err) __attribute__((warn_unused_result));

/* The same in slices, for many tensors: each step is a transaction that takes about so many seconds
 * (0: all that is left), and the last one makes the conversion done. 1: done; 0: to be called
 * again. A recording that is given up leaves the conversion unfinished; another one begins anew,
 * with the rows from the first on. */
struct catalog_recording;
int catalog_recording_new(struct catalog *catalog, int64_t job, size_t position, const json_t *head,
                          const char *out_path, struct catalog_recording **ret_recording,
                          struct error *err) __attribute__((warn_unused_result));
int catalog_recording_step(struct catalog_recording *recording, struct tensor_rows *rows,
                           double seconds, struct error *err) __attribute__((warn_unused_result));
/* Takes NULL. */
void catalog_recording_free(struct catalog_recording *recording);

/* Records why one target of a running job failed; others go on. */
int catalog_conversion_failed(struct catalog *catalog, int64_t job, size_t position,
                              const struct error *why, struct error *err)
    __attribute__((warn_unused_result));

/* 1 when a conversion that is done has this output, 0 when none has. */
int catalog_output_is_known(struct catalog *catalog, const char *output_path, struct error *err)
    __attribute__((warn_unused_result));

/* Jobs that wait, though all their conversions are done: they are done, too. */
int catalog_jobs_are_made(struct catalog *catalog, struct error *err)
    __attribute__((warn_unused_result));

/* As catalog_conversion_done from the manifest alone (`pare rebuild`): finds or creates its job (by
 * uid) and its conversion (by output name, else format and recipe). 0: imported; 1: it was known
 * as done already, nothing changed. PARE_EDATA: not a manifest that we understand. */
int catalog_import_manifest(struct catalog *catalog, const json_t *head, struct tensor_rows *rows,
                            const char *out_path, struct error *err)
    __attribute__((warn_unused_result));

/* A figure of a whole converted model, such as "perplexity"; the same metric and detail again
 * replaces it. detail (may be NULL) says on what: a file, a data set. conversion is its row id. */
int catalog_evaluation_add(struct catalog *catalog, int64_t conversion, const char *metric,
                           double value, const char *detail, struct error *err)
    __attribute__((warn_unused_result));

/* ---- events and plugins ---- */

/* job 0: of the daemon itself. level: "error", "warning" or "info"; kind: one word, such as
 * "crash", "requeue", "source-moved"; text: one line. */
int catalog_event(struct catalog *catalog, int64_t job, const char *level, const char *kind,
                  const char *text, struct error *err) __attribute__((warn_unused_result));

/* Notes a plugin as seen now. described (may be NULL): its entry of `pare plugins --json`. */
int catalog_plugin_seen(struct catalog *catalog, const char *name, const char *version,
                        const char *sha256, const json_t *described, struct error *err)
    __attribute__((warn_unused_result));

/* ---- reading for people (any handle) ---- */

struct catalog_filter {
    const char *name;  /* model name contains this, or NULL */
    const char *state; /* of the conversion, or NULL */
    size_t limit;      /* 0: all */
};

/* Conversions, newest first: an array of objects with the columns of the view `conversions`. */
int catalog_list(struct catalog *catalog, const struct catalog_filter *filter, json_t **ret_rows,
                 struct error *err) __attribute__((warn_unused_result));
/* The same of the view `failures`. filter->state is not used. */
int catalog_failures(struct catalog *catalog, const struct catalog_filter *filter,
                     json_t **ret_rows, struct error *err) __attribute__((warn_unused_result));
/* Everything about a job (`17`, a uid, the beginning of a uid), or one conversion of it (`17.2`:
 * its second; or an output's name), as one object: {"job": {…}, "conversions": [{…, "files": [],
 * "tensors": [], "evaluations": []}], "events": []}, keys as the columns. Tensors are there when it
 * is one conversion. */
int catalog_show(struct catalog *catalog, const char *text, json_t **ret_object, struct error *err)
    __attribute__((warn_unused_result));

/* One row of a query: n values (null, integer, real, string; a blob as its hexadecimal text). The
 * first call has values == NULL: the columns' names only. Not 0 ends the query with that. */
typedef int catalog_row_fn(void *context, size_t n, const char *const *names,
                           json_t *const *values);

/* Runs one statement that only reads, from a person. The handle must be of catalog_open_readonly.
 * PARE_EUSAGE with SQLite's message for all else, PARE_ELIMIT after `seconds` (0: no limit). */
int catalog_query(struct catalog *catalog, const char *sql, double seconds, catalog_row_fn *row,
                  void *context, struct error *err) __attribute__((warn_unused_result));

#endif
