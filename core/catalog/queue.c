/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The queue as the daemon and its clients see it (docs/control.md). SQLite makes the JSON. Until
 * when jobs wait is told by the clock of waiting (DB_WAIT_NOW), so that nobody who sets the clock
 * makes them wait longer, or shorter. A wait is never longer than a day (catalog_job_requeue), so a
 * stamp further ahead is from before the start of the daemon: such a job may run at once.
 */
#include "base/json.h"
#include "catalog/catalog_private.h"

#define WAITS(job)                                                     \
    "(" job ".state = 'queued' AND " job ".not_before > " DB_WAIT_NOW( \
        "'+0 seconds'") " AND " job ".not_before <= " DB_WAIT_NOW("'+86401 seconds'") ")"

#define SECONDS_UNTIL(stamp) "((julianday(" stamp ") - julianday(wait_now())) * 86400.0)"

/* Only jobs of pared: those of `pare convert` end with their process. */
#define IN_QUEUE(job) job ".kind <> 'convert' AND " job ".state IN ('queued', 'running')"

#define ERROR_JSON(row)                                   \
    "CASE WHEN " row ".error_code IS NULL THEN NULL ELSE" \
    " json_object('code', " row ".error_code, 'text', " row ".error_text) END"

#define TARGETS_JSON                                                      \
    "(SELECT json_group_array(json_object("                               \
    "'format', c.format, 'recipe', c.recipe, 'options', json(c.options)," \
    " 'state', c.state, 'output', c.output_path, 'bytes', c.bytes_out,"   \
    " 'bits_per_weight', c.bits_per_weight, 'sqnr_db', c.sqnr_db,"        \
    " 'error', json(" ERROR_JSON(                                         \
        "c") ")))"                                                        \
             " FROM (SELECT * FROM conversion WHERE job_id = j.id ORDER BY position) c)"

#define SOURCE_JSON                                                     \
    "CASE WHEN j.source_format IS NULL THEN NULL ELSE json_object("     \
    "'format', j.source_format, 'architecture', j.source_architecture," \
    " 'parameters', j.source_parameters, 'tensors', j.source_tensors,"  \
    " 'bytes', j.source_bytes) END"

#define JOB_JSON                                                                                   \
    "json_object('id', j.id, 'uid', j.uid, 'name', j.name, 'path', j.source_path,"                 \
    " 'kind', j.kind,"                                                                             \
    " 'state', CASE WHEN " WAITS(                                                                  \
        "j") " THEN 'retry'"                                                                       \
             " ELSE j.state END,"                                                                  \
             " 'priority', j.priority, 'attempts', j.attempts, 'targets', json(" TARGETS_JSON ")," \
             " 'submitted', j.submitted, 'started', j.started, 'finished', j.finished,"            \
             " 'stage', NULL, 'done', NULL, 'total', NULL, 'rate', NULL,"                          \
             " 'retry_in', CASE WHEN " WAITS("j") " THEN " SECONDS_UNTIL(                          \
                 "j.not_before") " END,"                                                           \
                                 " 'source', json(" SOURCE_JSON                                    \
                                 "), 'error', json(" ERROR_JSON("j") "))"

static int parse_json(const struct catalog *catalog, const char *text, json_t **ret_json,
                      struct error *err)
{
    json_error_t problem;
    json_t *json = json_loads(text, 0, &problem);
    if (!json)
        return error_set(err, PARE_EINTERNAL, "%s: JSON from the catalog: %s", catalog->path,
                         problem.text);
    *ret_json = json;
    return 0;
}

/* The first column, JSON text, of the first row. */
static int read_json(struct catalog *catalog, const char *sql, int64_t value, json_t **ret_json,
                     struct error *err)
{
    _cleanup_free_ char *text = NULL;
    int r = db_text(catalog, err, &text, sql, "i", value);
    return r != 0 ? r : parse_json(catalog, text, ret_json, err);
}

int catalog_job_get(struct catalog *catalog, int64_t job, json_t **ret_job, struct error *err)
{
    return read_json(catalog, "SELECT " JOB_JSON " FROM job j WHERE j.id = ?", job, ret_job, err);
}

/* Rows are put in order by their ids alone: the JSON is made of those that are shown. */
int catalog_queue(struct catalog *catalog, size_t from, size_t limit, json_t **ret_jobs,
                  struct error *err)
{
    _cleanup_free_ char *text = NULL;
    int r = db_text(catalog, err, &text,
                    "SELECT json_group_array(json(job)) FROM (SELECT " JOB_JSON " AS job"
                    " FROM (SELECT j.id AS shown FROM job j WHERE " IN_QUEUE("j") //
                    " ORDER BY j.state = 'queued', " WAITS(
                        "j") ", j.priority DESC, j.submitted,"
                             " j.id LIMIT ? OFFSET ?) CROSS JOIN job j ON j.id = shown)",
                    "ii", (int64_t)limit, (int64_t)from);
    return r != 0 ? r : parse_json(catalog, text, ret_jobs, err);
}

int catalog_counts(struct catalog *catalog, json_t **ret_counts, struct error *err)
{
    return read_json(catalog,
                     "SELECT json_object('waiting', 0,"
                     " 'queued', count(*) FILTER (WHERE state = 'queued' AND NOT waits),"
                     " 'running', count(*) FILTER (WHERE state = 'running'),"
                     " 'retry', count(*) FILTER (WHERE waits),"
                     " 'done', count(*) FILTER (WHERE state = 'done'),"
                     " 'failed', count(*) FILTER (WHERE state = 'failed'),"
                     " 'cancelled', count(*) FILTER (WHERE state = 'cancelled'))"
                     " FROM (SELECT j.state, coalesce(" WAITS(
                         "j") ", 0) AS waits FROM job j"
                              " WHERE j.kind <> 'convert' LIMIT ?)",
                     -1, ret_counts, err);
}

/* The time until the first of the waiting jobs; -1 when none waits. */
static int next_wait(struct catalog *catalog, double *ret_wait, struct error *err)
{
    int64_t ms = 0;
    int r = db_integer(catalog, err, &ms,
                       "SELECT CAST(" SECONDS_UNTIL(
                           "min(j.not_before)") " * 1000 AS INTEGER)"
                                                " FROM job j WHERE j.kind <> 'convert' AND " WAITS(
                                                    "j"),
                       "");
    if (r < 0)
        return r;
    *ret_wait = r == CATALOG_NOT_FOUND ? -1 : ms > 0 ? (double)ms / 1000 : 0;
    return 0;
}

int catalog_job_next(struct catalog *catalog, int64_t *ret_id, double *ret_wait, struct error *err)
{
    int r = db_integer(catalog, err, ret_id,
                       "SELECT j.id FROM job j WHERE j.state = 'queued' AND j.kind <> 'convert'"
                       " AND NOT coalesce(" WAITS(
                           "j") ", 0)"
                                " ORDER BY j.priority DESC, j.submitted, j.id LIMIT 1",
                       "");
    if (r != CATALOG_NOT_FOUND)
        return r;
    r = next_wait(catalog, ret_wait, err);
    return r < 0 ? r : CATALOG_NOT_FOUND;
}

int catalog_jobs_interrupted(struct catalog *catalog, json_t **ret_ids, struct error *err)
{
    return read_json(catalog,
                     "SELECT json_group_array(id) FROM (SELECT id FROM job WHERE kind <> 'convert'"
                     " AND state = 'running' ORDER BY id LIMIT ?)",
                     -1, ret_ids, err);
}

int catalog_limit_waits(struct catalog *catalog, double seconds, struct error *err)
{
    return db_run(catalog, err,
                  "UPDATE job SET not_before = " DB_WAIT_PLUS " WHERE state = 'queued'"
                  " AND not_before > " DB_WAIT_PLUS,
                  "rr", seconds, seconds);
}
