/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What is known of a job on disk, in its job.json: where its source came from and what it is to
 * become. It is written before the source is claimed, so that a job is never without it.
 */
#ifndef INTAKE_TICKET_H
#define INTAKE_TICKET_H

#include "base/hash.h"
#include "base/timing.h"
#include "supervise/job_run.h"

enum ticket_kind {
    TICKET_FILE,    /* one file, claimed */
    TICKET_FOLDER,  /* a folder, claimed */
    TICKET_SHARDS,  /* several files of one model, claimed together */
    TICKET_IN_PLACE /* submitted by path: the source stays where it is */
};

struct ticket {
    char uid[40];
    int kind;
    int64_t priority;
    char *name;   /* of the model, for people */
    char *folder; /* in the drop directory that it lay in: "" or a target folder's name */
    char *origin; /* full path that it was dropped or submitted at */
    char *rests;  /* name that it has in the failed directory, or NULL; and then … */
    char *reason; /* … why it is there, or NULL */
    char **files; /* entries of that folder that are claimed: the file, the folder, the shards */
    size_t n_files;
    char **sidecars; /* files beside them that are claimed with them (source/sidecar.h) */
    size_t n_sidecars;
    struct job_target *targets;
    size_t n_targets;
    char submitted[TIMING_STAMP_SIZE];
    char identity[HASH_HEX_SIZE]; /* in place: source/identity.h; else empty */
};

/* A ticket with a new uid and the time of now; strings are copied. `files` and `targets` are
 * copied too. */
int ticket_init(struct ticket *ticket, int kind, const char *name, const char *folder,
                const char *origin, struct error *err) __attribute__((warn_unused_result));
int ticket_add_file(struct ticket *ticket, const char *file, struct error *err)
    __attribute__((warn_unused_result));
int ticket_add_sidecar(struct ticket *ticket, const char *file, struct error *err)
    __attribute__((warn_unused_result));
int ticket_add_targets(struct ticket *ticket, const struct job_target *targets, size_t n,
                       struct error *err) __attribute__((warn_unused_result));
void ticket_deinit(struct ticket *ticket);

/* The ticket as job.json holds it. New reference. */
json_t *ticket_json(const struct ticket *ticket);
/* The ticket from job.json; PARE_EDATA when something is missing in it. */
int ticket_from_json(const json_t *json, struct ticket *ret_ticket, struct error *err)
    __attribute__((warn_unused_result));

#endif
