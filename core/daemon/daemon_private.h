/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What daemon.c (life), commands.c (requests), measured.c and rebuild.c (a new catalog) share. */
#ifndef DAEMON_DAEMON_PRIVATE_H
#define DAEMON_DAEMON_PRIVATE_H

#include "catalog/catalog.h"
#include "daemon/control.h"
#include "daemon/daemon.h"
#include "daemon/jobs.h"
#include "daemon/places.h"
#include "intake/intake.h"

struct daemon {
    struct config *config;
    daemon_reload_fn *reload;
    void *reload_context;
    struct loop *loop;
    struct folders folders;
    struct abilities abilities;
    struct catalog *catalog;
    struct places *places;
    struct nursery *nursery;
    struct jobs *jobs;
    struct intake *intake;
    struct control *control;
    int signal_fd;
    struct loop_source *signal_source;
    pid_t check_pid; /* of the process that checks the catalog; 0: none */
    int check_fd;
    struct loop_source *check_source;
    struct loop_timer watchdog_timer, status_timer;
    double watchdog_seconds;
    uint64_t start, measured_from; /* measured_from: the last reset */
    int result;                    /* of daemon_run */
};

/* commands.c */

/* Which part of long lists a status has: entries after these numbers of others, so many at most. */
struct page {
    size_t jobs_from, arriving_from, limit;
};
extern const struct page first_page;

/* A status as in docs/control.md, without `ok`; new reference, NULL when the catalog fails. */
json_t *command_status(struct daemon *daemon, const struct page *page, struct error *err);
/* Its members `arriving` and `arriving_total`. */
json_t *command_arriving(struct daemon *daemon, const struct page *page);
/* The job as in docs/control.md. New reference. */
json_t *command_job(struct daemon *daemon, int64_t id, struct error *err);
/* Sends the status to those who watch. */
void command_tell_status(struct daemon *daemon);
/* For control_callbacks.request. */
json_t *command_handle(void *context, const json_t *request, const struct shown *shown,
                       int *ret_watch, json_t **ret_first);

/* submit.c */

/* Queues what a `submit` request names: files that its client has shown. */
int submit_request(struct daemon *daemon, const json_t *request, const struct shown *shown,
                   int64_t *ret_id, struct error *err) __attribute__((warn_unused_result));

/* catalog_check.c */

/* Starts checking a catalog that was too large for the start. */
void catalog_check_start(struct daemon *daemon);
void catalog_check_stop(struct daemon *daemon);
/* Starts the daemon again when its work with the catalog has met damage. */
void catalog_watch_damage(struct daemon *daemon);

/* measured.c */

/* `measured` of a status (docs/control.md): new reference, NULL when out of memory. */
json_t *measured_json(const struct daemon *daemon);
/* Everything in it counts from now on. */
void measured_reset(struct daemon *daemon);

/* rebuild.c */

/* Fills a new catalog from the manifests in the output directory. */
int rebuild_catalog(struct catalog *catalog, const struct folders *folders, struct error *err)
    __attribute__((warn_unused_result));

/* Adds to a catalog that may be of an earlier time the outputs that it lacks. */
int rebuild_missing(struct catalog *catalog, const struct folders *folders, struct error *err)
    __attribute__((warn_unused_result));

#endif
