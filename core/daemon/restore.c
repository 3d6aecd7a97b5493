/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What is done at the start, before any job runs, because the daemon before this one may have died
 * at any point. Three things must agree: the claimed sources say which jobs there are, manifests
 * and staging say what is made, and the catalog is brought up to date with both. Everything here
 * can be interrupted and done again.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "daemon/jobs_private.h"
#include "supervise/job_run.h"
#include "supervise/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define GOOD_ATTEMPTS 8
#define LONGEST_RESTORE 60.0 /* seconds until a job that was interrupted is tried again */

/* Calls `each` for every entry of a directory that is not hidden. When it fails, that is logged,
 * and the entry is tried again later. */
static int for_each(struct jobs *jobs, int dirfd, const char *name, const char *path,
                    int (*each)(struct jobs *, const char *, struct error *), struct error *err)
{
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 0;
    _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir)
        return error_errno(err, errno, "cannot read %s", path);
    struct dirent *entry;
    while ((entry = readdir(dir))) {
        struct error problem = ERROR_INIT;
        if (*entry->d_name == '.' || each(jobs, entry->d_name, &problem) >= 0)
            continue;
        log_error("%s/%s: %s", path, entry->d_name, problem.text);
        jobs->unsettled = 1;
    }
    return 0;
}

static int restore_claim(struct jobs *jobs, const char *uid, struct error *err)
{
    struct ticket ticket;
    int r = claim_restore(jobs->folders, uid, &ticket, err);
    if (r != 0)
        return r;
    int64_t id = 0;
    _cleanup_json_ json_t *row = NULL;
    r = jobs_enqueue(jobs, &ticket, &id, err);
    if (r == 0)
        r = catalog_job_get(jobs->catalog, id, &row, err);
    if (r == 0)
        r = settle_claim(jobs, uid, row, err);
    ticket_deinit(&ticket);
    return r;
}

/* 1 when the job is going to run again. */
static int is_open(struct jobs *jobs, int64_t id, struct error *err)
{
    _cleanup_json_ json_t *row = NULL;
    int r = catalog_job_get(jobs->catalog, id, &row, err);
    const char *state = json_get_string(row, "state", "");
    return r < 0 ? r
                 : r == 0 && strcmp(state, "done") && strcmp(state, "failed") &&
                       strcmp(state, "cancelled");
}

/* What a job left in staging: publications are finished; the rest is kept for a job that runs
 * again, since it may go on with it, and else removed. */
static int restore_staging(struct jobs *jobs, const char *uid, struct error *err)
{
    int64_t id = 0;
    struct job *job = NULL;
    if (staging_is_one_shot(jobs->folders->out_fd, uid))
        return 0;
    int r = catalog_job_find(jobs->catalog, uid, &id, err);
    if (r == 0)
        r = job_load(jobs, id, &job, err);
    if (r == 0)
        r = job_restore(job, err);
    int wanted = r >= 0 && job && !job_all_done(job) ? is_open(jobs, id, err) : 0;
    job_free(job, JOB_STAGING_KEEP);
    if (r < 0 || wanted)
        return r < 0 ? r : wanted < 0 ? wanted : 0;
    return job_forget(jobs->folders->out_fd, uid, err);
}

/* A daemon that dies again and again may die of a job: each time it waits longer. Attempts of which
 * a few may well be no fault of the job. */
static double delay_of(const struct job *job)
{
    if (job->attempts <= GOOD_ATTEMPTS)
        return 0;
    double delay = settle_delay(job->jobs->config, (unsigned)(job->attempts - GOOD_ATTEMPTS));
    return delay < LONGEST_RESTORE ? delay : LONGEST_RESTORE;
}

static int restore_interrupted(struct jobs *jobs, struct error *err)
{
    _cleanup_json_ json_t *ids = NULL;
    int r = catalog_jobs_interrupted(jobs->catalog, &ids, err);
    if (r < 0)
        return r;
    size_t i;
    json_t *item;
    json_array_foreach(ids, i, item) {
        struct job *job = NULL;
        r = job_load(jobs, json_integer_value(item), &job, err);
        if (r == 0 && job_all_done(job))
            settle_done(job);
        else if (r == 0)
            r = catalog_job_requeue(jobs->catalog, job->id, delay_of(job), NULL, err);
        job_free(job, JOB_STAGING_KEEP);
        if (r < 0)
            return r;
    }
    if (i)
        log_info("%zu jobs were interrupted and are queued again", i);
    return 0;
}

/* "text (code)", as it stands in a ticket. */
static struct error read_reason(const char *reason)
{
    struct error why = ERROR_INIT;
    const char *open = reason ? strrchr(reason, '(') : NULL;
    char code[32] = "";
    if (open && open > reason && sscanf(open, "(%31[a-z])", code) == 1)
        why.code = error_set(&why, error_code(code), "%.*s", (int)(open - reason - 1), reason);
    else
        why.code = error_set(&why, PARE_EINTERNAL, "%s", reason ? reason : "no reason is known");
    return why;
}

/* A job whose source is in the failed directory, and of which a new catalog knows nothing, or only
 * what was made. */
static int restore_failed(void *context, const char *name, struct ticket *ticket, struct error *err)
{
    struct jobs *jobs = context;
    int64_t id = 0;
    _cleanup_json_ json_t *row = NULL;
    (void)name;
    int r = jobs_enqueue(jobs, ticket, &id, err);
    if (r == 0)
        r = catalog_job_get(jobs->catalog, id, &row, err);
    if (r != 0 || strcmp(json_get_string(row, "state", ""), "queued") != 0)
        return r < 0 ? r : 0;
    struct error why = read_reason(ticket->reason);
    log_debug("%s: failed before, and can be tried again", ticket->name);
    return ticket->reason && !strcmp(ticket->reason, "cancelled")
               ? catalog_job_cancelled(jobs->catalog, id, err)
               : catalog_job_failed(jobs->catalog, id, &why, err);
}

/* There may be many: all of them in one transaction. */
static int restore_all_failed(struct jobs *jobs, struct error *err)
{
    struct error ignored = ERROR_INIT;
    catalog_hold(jobs->catalog);
    int r = claim_each_failed(jobs->folders, restore_failed, jobs, err);
    int released = catalog_release(jobs->catalog, r < 0 ? &ignored : err);
    return r < 0 ? r : released;
}

int jobs_restore_claims(struct jobs *jobs, struct error *err)
{
    return for_each(jobs, jobs->folders->claimed_fd, ".", jobs->folders->claimed_path,
                    restore_claim, err);
}

int jobs_restore(struct jobs *jobs, struct error *err)
{
    const struct folders *folders = jobs->folders;
    int r = jobs_restore_claims(jobs, err);
    if (r == 0)
        r = for_each(jobs, folders->out_fd, FOLDERS_STAGING, folders->out_path, restore_staging,
                     err);
    if (r == 0)
        r = restore_all_failed(jobs, err);
    if (r == 0)
        r = catalog_limit_waits(jobs->catalog, SETTLE_LONGEST_DELAY, err);
    if (r == 0)
        r = job_sweep(folders->out_fd, NULL, err);
    if (r == 0)
        r = restore_interrupted(jobs, err);
    return r;
}
