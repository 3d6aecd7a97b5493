/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Jobs: how they come in and how their state changes. A job's conversions follow its state, but
 * one that is done stays done.
 */
#include "base/json.h"
#include "catalog/catalog_private.h"

#include <string.h>

#define UNFINISHED "('queued', 'running')"

static int insert_target(struct catalog *catalog, int64_t job, size_t position,
                         const struct catalog_target *target, struct error *err)
{
    _cleanup_json_ json_t *none = json_object();
    if (!none)
        return error_oom(err);
    return db_run(catalog, err,
                  "INSERT INTO conversion (job_id, position, format, recipe, options, state,"
                  " queued) VALUES (?, ?, ?, ?, ?, 'queued', " DB_NOW ")",
                  "iissj", job, (int64_t)position, target->format, target->recipe,
                  target->options ? target->options : none);
}

static int insert_job(struct catalog *catalog, const struct catalog_job_spec *spec, int64_t *ret_id,
                      struct error *err)
{
    int r = db_run(catalog, err,
                   "INSERT INTO job (uid, name, source_path, kind, state, priority, submitted,"
                   " source_identity) VALUES (?, ?, ?, ?, 'queued', ?, coalesce(?, " DB_NOW "), ?)",
                   "ssssiss", spec->uid, spec->name, spec->path, spec->kind, spec->priority,
                   spec->submitted, spec->identity);
    if (r < 0)
        return r;
    *ret_id = sqlite3_last_insert_rowid(catalog->db);
    for (size_t i = 0; r == 0 && i < spec->n_targets; i++)
        r = insert_target(catalog, *ret_id, i, &spec->targets[i], err);
    return r;
}

/* Numbers that no target has, so that rows can be put in another order. */
#define ASIDE 1000000

/* Gives position i to the row that was imported for this target, or makes one. */
static int adopt_target(struct catalog *catalog, int64_t job, size_t position,
                        const struct catalog_target *target, struct error *err)
{
    int r = db_run(catalog, err,
                   "UPDATE conversion SET position = ? WHERE id = (SELECT min(id) FROM conversion"
                   " WHERE job_id = ? AND position >= ? AND format = ? AND recipe = ?)",
                   "iiiss", (int64_t)position, job, (int64_t)ASIDE, target->format, target->recipe);
    if (r == 0 && db_changes(catalog) == 0)
        r = insert_target(catalog, job, position, target, err);
    return r;
}

/* A job that `pare rebuild` made from manifests turns out to be still known to the daemon: it gets
 * its targets in their order, and runs again when one of them is missing. */
static int adopt_job(struct catalog *catalog, const struct catalog_job_spec *spec, int64_t job,
                     struct error *err)
{
    int r = db_run(catalog, err, "UPDATE conversion SET position = position + ? WHERE job_id = ?",
                   "ii", (int64_t)ASIDE, job);
    for (size_t i = 0; r == 0 && i < spec->n_targets; i++)
        r = adopt_target(catalog, job, i, &spec->targets[i], err);
    if (r == 0)
        r = db_run(catalog, err, "UPDATE job SET kind = ?, priority = ? WHERE id = ?", "sii",
                   spec->kind, spec->priority, job);
    if (r == 0)
        r = db_run(catalog, err,
                   "UPDATE job SET state = 'queued', finished = NULL WHERE id = ?1"
                   " AND EXISTS (SELECT 1 FROM conversion WHERE job_id = ?1 AND state <> 'done')",
                   "i", job);
    return r;
}

static int add_job(struct catalog *catalog, const struct catalog_job_spec *spec, int64_t *ret_id,
                   struct error *err)
{
    int64_t rebuilt = 0;
    int r = db_integer(catalog, err, ret_id, "SELECT id FROM job WHERE uid = ?", "s", spec->uid);
    if (r == CATALOG_NOT_FOUND)
        return insert_job(catalog, spec, ret_id, err);
    if (r == 0)
        r = db_integer(catalog, err, &rebuilt, "SELECT kind = 'rebuild' FROM job WHERE id = ?", "i",
                       *ret_id);
    return r == 0 && rebuilt ? adopt_job(catalog, spec, *ret_id, err) : r;
}

int catalog_job_add(struct catalog *catalog, const struct catalog_job_spec *spec, int64_t *ret_id,
                    struct error *err)
{
    int64_t id = 0;
    int r = db_begin(catalog, err);
    if (r < 0)
        return r;
    r = db_end(catalog, add_job(catalog, spec, &id, err), err);
    if (r == 0)
        *ret_id = id;
    return r;
}

int catalog_job_identity(struct catalog *catalog, int64_t job, char **ret_identity,
                         struct error *err)
{
    return db_text(catalog, err, ret_identity,
                   "SELECT coalesce(source_identity, '') FROM job WHERE id = ?", "i", job);
}

/* The job whose uid begins with the text, when it is the only one. */
static int find_by_prefix(struct catalog *catalog, const char *text, int64_t *ret_id,
                          struct error *err)
{
    int64_t count = 0;
    int r = db_integer(catalog, err, &count,
                       "SELECT count(*) FROM job WHERE substr(uid, 1, length(?1)) = ?1", "s", text);
    if (r == 0 && count > 1)
        return error_set(err, PARE_EUSAGE, "the uids of %lld jobs begin with %s", (long long)count,
                         text);
    if (r != 0 || count == 0)
        return r < 0 ? r : CATALOG_NOT_FOUND;
    return db_integer(catalog, err, ret_id,
                      "SELECT id FROM job WHERE substr(uid, 1, length(?1)) = ?1", "s", text);
}

int catalog_job_find(struct catalog *catalog, const char *text, int64_t *ret_id, struct error *err)
{
    if (!*text)
        return CATALOG_NOT_FOUND;
    int r = CATALOG_NOT_FOUND;
    if (strspn(text, "0123456789") == strlen(text) && strlen(text) < 19)
        r = db_integer(catalog, err, ret_id, "SELECT id FROM job WHERE id = ?", "i",
                       (int64_t)strtoll(text, NULL, 10));
    if (r == CATALOG_NOT_FOUND)
        r = db_integer(catalog, err, ret_id, "SELECT id FROM job WHERE uid = ?", "s", text);
    return r == CATALOG_NOT_FOUND ? find_by_prefix(catalog, text, ret_id, err) : r;
}

/* After an UPDATE of a job that is only allowed in some states. */
static int must_have_changed(struct catalog *catalog, int64_t job, struct error *err)
{
    if (db_changes(catalog) > 0)
        return 0;
    _cleanup_free_ char *state = NULL;
    int r = db_text(catalog, err, &state, "SELECT state FROM job WHERE id = ?", "i", job);
    if (r != 0)
        return r;
    return error_set(err, PARE_EUSAGE, "job %lld is %s", (long long)job, state);
}

/* One statement on the job (bound: its id) and one on its conversions, as one transaction. */
static int change(struct catalog *catalog, int64_t job, const char *job_sql,
                  const char *conversion_sql, struct error *err)
{
    int r = db_begin(catalog, err);
    if (r < 0)
        return r;
    r = db_run(catalog, err, job_sql, "i", job);
    if (r == 0)
        r = must_have_changed(catalog, job, err);
    if (r == 0 && conversion_sql)
        r = db_run(catalog, err, conversion_sql, "i", job);
    return db_end(catalog, r, err);
}

int catalog_job_running(struct catalog *catalog, int64_t job, struct error *err)
{
    return change(catalog, job,
                  "UPDATE job SET state = 'running', attempts = attempts + 1, not_before = NULL,"
                  " started = " DB_NOW " WHERE id = ? AND state IN " UNFINISHED,
                  "UPDATE conversion SET state = 'running', started = " DB_NOW ", finished = NULL,"
                  " error_code = NULL, error_text = NULL WHERE job_id = ? AND state <> 'done'",
                  err);
}

int catalog_job_done(struct catalog *catalog, int64_t job, struct error *err)
{
    return change(catalog, job,
                  "UPDATE job SET state = 'done', finished = coalesce(finished, " DB_NOW "),"
                  " not_before = NULL, error_code = NULL, error_text = NULL"
                  " WHERE id = ? AND state NOT IN ('failed', 'cancelled')",
                  NULL, err);
}

int catalog_job_cancelled(struct catalog *catalog, int64_t job, struct error *err)
{
    return change(catalog, job,
                  "UPDATE job SET state = 'cancelled', finished = coalesce(finished, " DB_NOW "),"
                  " not_before = NULL WHERE id = ? AND state NOT IN ('done', 'failed')",
                  "UPDATE conversion SET state = 'cancelled', finished = " DB_NOW
                  " WHERE job_id = ? AND state NOT IN ('done', 'cancelled', 'failed')",
                  err);
}

static int fail_job(struct catalog *catalog, int64_t job, const struct error *why,
                    struct error *err)
{
    const char *code = error_name(why->code);
    int r = db_run(catalog, err,
                   "UPDATE job SET state = 'failed', finished = " DB_NOW ", not_before = NULL,"
                   " error_code = ?, error_text = ?"
                   " WHERE id = ? AND state NOT IN ('done', 'cancelled')",
                   "ssi", code, why->text, job);
    if (r == 0)
        r = must_have_changed(catalog, job, err);
    if (r != 0)
        return r;
    return db_run(catalog, err,
                  "UPDATE conversion SET state = 'failed', finished = " DB_NOW ", error_code = ?,"
                  " error_text = ? WHERE job_id = ? AND state NOT IN ('done', 'failed')",
                  "ssi", code, why->text, job);
}

int catalog_job_failed(struct catalog *catalog, int64_t job, const struct error *why,
                       struct error *err)
{
    int r = db_begin(catalog, err);
    if (r < 0)
        return r;
    return db_end(catalog, fail_job(catalog, job, why, err), err);
}

#define CONVERSIONS_AGAIN                                                      \
    "UPDATE conversion SET state = 'queued', started = NULL, finished = NULL," \
    " error_code = NULL, error_text = NULL WHERE job_id = ? AND state <> 'done'"

static int requeue(struct catalog *catalog, int64_t job, double delay, const struct error *why,
                   struct error *err)
{
    int r = db_run(catalog, err,
                   "UPDATE job SET state = 'queued', not_before = " DB_WAIT_PLUS
                   ", error_code = ?, error_text = ? WHERE id = ? AND state IN " UNFINISHED,
                   "rssi", delay, why ? error_name(why->code) : NULL, why ? why->text : NULL, job);
    if (r == 0)
        r = must_have_changed(catalog, job, err);
    return r == 0 ? db_run(catalog, err, CONVERSIONS_AGAIN, "i", job) : r;
}

int catalog_job_requeue(struct catalog *catalog, int64_t job, double delay, const struct error *why,
                        struct error *err)
{
    delay = delay > 86400 ? 86400 : delay > 0 ? delay : 0;
    int r = db_begin(catalog, err);
    if (r < 0)
        return r;
    return db_end(catalog, requeue(catalog, job, delay, why, err), err);
}

int catalog_job_retry(struct catalog *catalog, int64_t job, struct error *err)
{
    return change(catalog, job,
                  "UPDATE job SET state = 'queued', attempts = 0, not_before = NULL,"
                  " started = NULL, finished = NULL, error_code = NULL, error_text = NULL"
                  " WHERE id = ? AND state IN ('failed', 'cancelled')",
                  CONVERSIONS_AGAIN, err);
}

int catalog_job_start(struct catalog *catalog, int64_t job, const json_t *start, struct error *err)
{
    int r = db_run(catalog, err,
                   "UPDATE job SET sandbox = coalesce(?, sandbox),"
                   " program_version = coalesce(?, program_version), cpu = coalesce(?, cpu),"
                   " threads = coalesce(nullif(?, 0), threads) WHERE id = ?",
                   "jssii", json_object_get(start, "sandbox"),
                   json_get_string(start, "version", NULL), json_get_string(start, "cpu", NULL),
                   json_get_int(start, "threads", 0), job);
    return r == 0 && db_changes(catalog) == 0 ? CATALOG_NOT_FOUND : r;
}

int catalog_job_source(struct catalog *catalog, int64_t job, const json_t *source,
                       struct error *err)
{
    int r = db_run(catalog, err,
                   "UPDATE job SET source_format = ?, source_architecture = ?,"
                   " source_parameters = nullif(?, 0), source_tensors = nullif(?, 0),"
                   " source_bytes = nullif(?, 0) WHERE id = ?",
                   "ssiiii", json_get_string(source, "format", NULL),
                   json_get_string(source, "architecture", NULL),
                   json_get_int(source, "parameters", 0), json_get_int(source, "tensors", 0),
                   json_get_int(source, "bytes", 0), job);
    return r == 0 && db_changes(catalog) == 0 ? CATALOG_NOT_FOUND : r;
}
