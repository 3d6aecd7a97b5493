/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What `pare list`, `pare failures` and `pare show` read. Lists come from the views that pare-
 * catalog(5) documents, so that a person's query gives the same. */
#include "catalog/catalog_private.h"

#include <string.h>

static int64_t limit_of(const struct catalog_filter *filter)
{
    return filter->limit > 0 ? (int64_t)filter->limit : -1;
}

int catalog_list(struct catalog *catalog, const struct catalog_filter *filter, json_t **ret_rows,
                 struct error *err)
{
    return db_rows(catalog, err, ret_rows,
                   "SELECT * FROM conversions WHERE (?1 IS NULL OR instr(lower(model), lower(?1)))"
                   " AND (?2 IS NULL OR state = ?2)"
                   " ORDER BY coalesce(finished, queued) DESC, conversion_id DESC LIMIT ?3",
                   "ssi", filter->name, filter->state, limit_of(filter));
}

int catalog_failures(struct catalog *catalog, const struct catalog_filter *filter,
                     json_t **ret_rows, struct error *err)
{
    return db_rows(catalog, err, ret_rows,
                   "SELECT * FROM failures WHERE (?1 IS NULL OR instr(lower(model), lower(?1)))"
                   " ORDER BY finished DESC, job_id DESC LIMIT ?2",
                   "si", filter->name, limit_of(filter));
}

/* Parses "17.2": job 17, position 1. 1 when the text has that form. */
static int parse_ref(const char *text, int64_t *ret_job, int64_t *ret_position)
{
    size_t a = strspn(text, "0123456789");
    if (a == 0 || a > 18 || text[a] != '.')
        return 0;
    const char *number = text + a + 1;
    size_t b = strspn(number, "0123456789");
    if (b == 0 || b > 9 || number[b])
        return 0;
    *ret_job = strtoll(text, NULL, 10);
    *ret_position = strtoll(number, NULL, 10) - 1;
    return 1;
}

/* The newest conversion with this output, by path or name. */
static int find_by_output(struct catalog *catalog, const char *text, int64_t *ret_job,
                          int64_t *ret_position, struct error *err)
{
    int64_t id;
    int r = db_integer(catalog, err, &id,
                       "SELECT max(id) FROM conversion WHERE output_path = ?1"
                       " OR substr(output_path, -length(?1) - 1) = '/' || ?1",
                       "s", text);
    if (r == 0)
        r = db_integer(catalog, err, ret_job, "SELECT job_id FROM conversion WHERE id = ?", "i",
                       id);
    if (r == 0)
        r = db_integer(catalog, err, ret_position, "SELECT position FROM conversion WHERE id = ?",
                       "i", id);
    return r;
}

/* *ret_position is -1 for a whole job. */
static int resolve(struct catalog *catalog, const char *text, int64_t *ret_job,
                   int64_t *ret_position, struct error *err)
{
    int64_t id;
    if (parse_ref(text, ret_job, ret_position))
        return db_integer(catalog, err, &id,
                          "SELECT id FROM conversion WHERE job_id = ? AND position = ?", "ii",
                          *ret_job, *ret_position);
    *ret_position = -1;
    int r = catalog_job_find(catalog, text, ret_job, err);
    return r == CATALOG_NOT_FOUND ? find_by_output(catalog, text, ret_job, ret_position, err) : r;
}

/* Sets object[key] to the rows of a query on one id. */
static int attach(struct catalog *catalog, json_t *object, const char *key, const char *sql,
                  int64_t id, struct error *err)
{
    json_t *rows = NULL;
    int r = db_rows(catalog, err, &rows, sql, "i", id);
    if (r < 0)
        return r;
    return json_object_set_new(object, key, rows) < 0 ? error_oom(err) : 0;
}

static int attach_details(struct catalog *catalog, json_t *conversion, int with_tensors,
                          struct error *err)
{
    int64_t id = json_integer_value(json_object_get(conversion, "id"));
    int r = attach(catalog, conversion, "files",
                   "SELECT name, bytes, sha256 FROM output_file WHERE conversion_id = ?"
                   " ORDER BY name",
                   id, err);
    if (r == 0)
        r = attach(catalog, conversion, "evaluations",
                   "SELECT metric, value, detail, at FROM evaluation WHERE conversion_id = ?"
                   " ORDER BY metric, detail",
                   id, err);
    if (r == 0 && with_tensors)
        r = attach(catalog, conversion, "tensors",
                   "SELECT name, shape, from_encoding, to_encoding, elements, bytes_in, bytes_out,"
                   " rmse, sqnr_db, relative_error, max_abs, cosine, nonfinite, seconds,"
                   " importance, weighted_relative_error, weighted_sqnr_db, lattice"
                   " FROM tensor WHERE conversion_id = ? ORDER BY position",
                   id, err);
    return r;
}

static int attach_conversions(struct catalog *catalog, json_t *object, int64_t job,
                              int64_t position, struct error *err)
{
    _cleanup_json_ json_t *rows = NULL;
    int r = db_rows(catalog, err, &rows,
                    "SELECT job_id || '.' || (position + 1) AS ref, * FROM conversion"
                    " WHERE job_id = ?1 AND (?2 < 0 OR position = ?2) ORDER BY position",
                    "ii", job, position);
    size_t n = json_array_size(rows);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = attach_details(catalog, json_array_get(rows, i), n == 1, err);
    if (r < 0)
        return r;
    return json_object_set(object, "conversions", rows) < 0 ? error_oom(err) : 0;
}

static int attach_job(struct catalog *catalog, json_t *object, int64_t job, struct error *err)
{
    _cleanup_json_ json_t *rows = NULL;
    int r = db_rows(catalog, err, &rows,
                    "SELECT j.*, m.digest AS model_digest, m.license AS model_license"
                    " FROM job j LEFT JOIN model m ON m.id = j.model_id WHERE j.id = ?",
                    "i", job);
    if (r < 0)
        return r;
    if (json_object_set(object, "job", json_array_get(rows, 0)) < 0)
        return error_oom(err);
    return attach(catalog, object, "events",
                  "SELECT at, level, kind, text FROM event WHERE job_id = ? ORDER BY id", job, err);
}

int catalog_show(struct catalog *catalog, const char *text, json_t **ret_object, struct error *err)
{
    int64_t job = 0, position = -1;
    int r = resolve(catalog, text, &job, &position, err);
    if (r != 0)
        return r;
    _cleanup_json_ json_t *object = json_object();
    r = attach_job(catalog, object, job, err);
    if (r == 0)
        r = attach_conversions(catalog, object, job, position, err);
    if (r == 0)
        *ret_object = TAKE(object);
    return r;
}
