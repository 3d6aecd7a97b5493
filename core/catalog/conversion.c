/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * From a manifest (docs/manifest.md) to rows. SQLite's JSON functions take the head of the manifest
 * apart: one statement for each table, with the head as a bound value. Everything about one
 * conversion is replaced as a whole, so that the same manifest gives the same rows however often it
 * comes. Tensors, of which there may be many, come row by row, and in slices: each is a transaction
 * of its own, and only the last one makes the conversion `done`. Rows of a conversion that is not
 * done are a beginning that was interrupted; the next one removes them first.
 */
#include "base/file.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "catalog/catalog_private.h"
#include "catalog/tensor.h"

#include <string.h>

struct import {
    json_t *head;
    char *output_path; /* owned */
    const char *uid, *created, *format, *recipe, *output_name;
    int64_t job, model, conversion;
};

static void import_deinit(struct import *import)
{
    free(import->output_path);
}

static const char *get_text(const json_t *manifest, const char *section, const char *key)
{
    return json_get_string(section ? json_object_get(manifest, section) : manifest, key, NULL);
}

static int check(const struct import *import, struct error *err)
{
    const json_t *manifest = import->head;
    if (json_get_int(manifest, "pare_manifest", 0) < 1)
        return error_set(err, PARE_EDATA, "not a manifest: no \"pare_manifest\"");
    if (json_get_int(manifest, "pare_manifest", 0) > 1)
        return error_set(err, PARE_EDATA, "a manifest of a newer version of Pare");
    if (!import->uid || !*import->uid || !import->created || !import->format || !import->recipe ||
        !get_text(manifest, "source", "digest") || !get_text(manifest, "source", "name"))
        return error_set(err, PARE_EDATA, "the manifest lacks job, created, source or target");
    if (!import->output_name || !file_name_is_plain(import->output_name))
        return error_set(err, PARE_EDATA, "the manifest's output has no plain file name");
    return 0;
}

static int import_init(struct import *import, const json_t *manifest, const char *out_path,
                       struct error *err)
{
    *import = (struct import){
        .head = (json_t *)manifest,
        .uid = get_text(manifest, NULL, "job"),
        .created = get_text(manifest, NULL, "created"),
        .format = get_text(manifest, "target", "format"),
        .recipe = get_text(manifest, "target", "recipe"),
        .output_name = get_text(manifest, "output", "name"),
    };
    int r = check(import, err);
    if (r < 0)
        return r;
    _cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
    size_t n = strlen(out_path);
    strbuf_printf(&path, "%s%s%s", out_path, n && out_path[n - 1] == '/' ? "" : "/",
                  import->output_name);
    import->output_path = strbuf_finish(&path);
    return import->output_path ? 0 : error_oom(err);
}

static int put_model(struct catalog *catalog, struct import *import, struct error *err)
{
    int r = db_run(catalog, err,
                   "INSERT INTO model (digest, name, format, architecture, parameters, tensors,"
                   " bytes, license, origin, first_seen)"
                   " SELECT s->>'digest', s->>'name', coalesce(s->>'format', '?'),"
                   " s->>'architecture', s->>'parameters', s->>'tensors', s->>'bytes',"
                   " s->>'license', s->>'path', ?2 FROM (SELECT ?1->'source' AS s) WHERE true"
                   " ON CONFLICT (digest) DO UPDATE"
                   " SET first_seen = min(first_seen, excluded.first_seen)",
                   "js", import->head, import->created);
    if (r == 0)
        r = db_integer(catalog, err, &import->model, "SELECT id FROM model WHERE digest = ?", "s",
                       get_text(import->head, "source", "digest"));
    if (r == 0)
        r = db_run(catalog, err,
                   "INSERT OR IGNORE INTO model_encoding (model_id, encoding, tensors, elements,"
                   " bytes) SELECT ?2, value->>'encoding', value->>'tensors', value->>'elements',"
                   " value->>'bytes' FROM json_each(?1, '$.source.census')",
                   "ji", import->head, import->model);
    if (r == 0)
        r = db_run(catalog, err,
                   "INSERT OR IGNORE INTO model_file (model_id, name, bytes, sha256)"
                   " SELECT ?2, value->>'name', value->>'bytes', value->>'sha256'"
                   " FROM json_each(?1, '$.source.files')",
                   "ji", import->head, import->model);
    return r;
}

/* The row of the conversion, filled from the head. */
static int put_conversion(struct catalog *catalog, const struct import *import, struct error *err)
{
    return db_run(
        catalog, err,
        "UPDATE conversion SET state = 'done', error_code = NULL, error_text = NULL,"
        " format = m->>'$.target.format', recipe = m->>'$.target.recipe',"
        " recipe_sha256 = m->>'$.target.recipe_sha256',"
        " options = coalesce(m->'$.target.options', '{}'), model_id = ?2,"
        " program_version = m->>'$.program.version', plugins = coalesce(m->'$.plugins', '[]'),"
        " cpu = m->>'$.resources.cpu', threads = m->>'$.resources.threads',"
        " bytes_in = (SELECT sum(value->>'bytes') FROM json_each(m, '$.source.files')),"
        " bytes_out = m->>'$.output.bytes', bits_per_weight = m->>'$.output.bits_per_weight',"
        " rmse = m->>'$.accuracy.rmse', sqnr_db = m->>'$.accuracy.sqnr_db',"
        " relative_error = m->>'$.accuracy.relative_error', max_abs = m->>'$.accuracy.max_abs',"
        " cosine = m->>'$.accuracy.cosine', hash_s = m->>'$.seconds.hash',"
        " read_s = m->>'$.seconds.read', decode_s = m->>'$.seconds.decode',"
        " encode_s = m->>'$.seconds.encode', measure_s = m->>'$.seconds.measure',"
        " write_s = m->>'$.seconds.write', sync_s = m->>'$.seconds.sync',"
        " verify_s = m->>'$.seconds.verify', total_s = m->>'$.seconds.total',"
        " peak_rss = m->>'$.resources.peak_rss', output_path = ?3,"
        " output_sha256 = CASE json_array_length(m, '$.output.files')"
        " WHEN 1 THEN m->>'$.output.files[0].sha256' END,"
        " started = coalesce(started, strftime('%Y-%m-%dT%H:%M:%fZ', m->>'$.created',"
        " '-' || coalesce(m->>'$.seconds.total', 0) || ' seconds')),"
        " finished = m->>'$.created', warnings = coalesce(m->'$.warnings', '[]'),"
        " importance_name = m->>'$.importance.name',"
        " importance_sha256 = m->>'$.importance.sha256',"
        " importance_entries = m->>'$.importance.entries',"
        " overrides = coalesce(m->'$.target.overrides', '[]'),"
        " weighted_relative_error = m->>'$.accuracy.weighted_relative_error',"
        " weighted_sqnr_db = m->>'$.accuracy.weighted_sqnr_db',"
        " measured = coalesce(m->>'$.accuracy.measured', 'full'),"
        " search = coalesce(m->>'$.target.search', 'reference'),"
        " settings = coalesce(m->'$.settings', '{}'),"
        " lattice_exact = coalesce(m->>'$.lattice.exact', 0),"
        " lattice_rounded = coalesce(m->>'$.lattice.rounded', 0)"
        " FROM (SELECT ?1 AS m) WHERE id = ?4",
        "jisi", import->head, import->model, import->output_path, import->conversion);
}

static int put_files(struct catalog *catalog, const struct import *import, struct error *err)
{
    int r = db_run(catalog, err, "DELETE FROM output_file WHERE conversion_id = ?", "i",
                   import->conversion);
    if (r < 0)
        return r;
    return db_run(catalog, err,
                  "INSERT INTO output_file (conversion_id, name, bytes, sha256)"
                  " SELECT ?2, value->>'name', value->>'bytes', value->>'sha256'"
                  " FROM json_each(?1, '$.output.files')",
                  "ji", import->head, import->conversion);
}

static int put_plugins(struct catalog *catalog, const struct import *import, struct error *err)
{
    return db_run(catalog, err,
                  "INSERT INTO plugin (name, version, sha256, first_seen, last_seen)"
                  " SELECT value->>'name', value->>'version', value->>'sha256', ?2, ?2"
                  " FROM json_each(?1, '$.plugins') WHERE true"
                  " ON CONFLICT (name, version, sha256) DO UPDATE"
                  " SET first_seen = min(first_seen, excluded.first_seen),"
                  " last_seen = max(last_seen, excluded.last_seen)",
                  "js", import->head, import->created);
}

/* What the manifest says of the whole job. */
static int put_job_facts(struct catalog *catalog, const struct import *import, struct error *err)
{
    return db_run(catalog, err,
                  "UPDATE job SET model_id = ?2, source_format = m->>'$.source.format',"
                  " source_architecture = m->>'$.source.architecture',"
                  " source_parameters = m->>'$.source.parameters',"
                  " source_tensors = m->>'$.source.tensors', source_bytes = m->>'$.source.bytes',"
                  " program_version = m->>'$.program.version', cpu = m->>'$.resources.cpu',"
                  " threads = m->>'$.resources.threads', sandbox = m->'$.resources.sandbox'"
                  " FROM (SELECT ?1 AS m) WHERE id = ?3",
                  "jii", import->head, import->model, import->job);
}

/* Makes sure that the conversion's row is there. */
static int find_row(struct catalog *catalog, struct import *import, int64_t position,
                    struct error *err)
{
    int r = db_run(catalog, err,
                   "INSERT INTO conversion (job_id, position, format, recipe, state, queued)"
                   " SELECT id, ?2, ?3, ?4, 'queued', submitted FROM job WHERE id = ?1"
                   " AND NOT EXISTS (SELECT 1 FROM conversion WHERE job_id = ?1 AND position = ?2)",
                   "iiss", import->job, position, import->format, import->recipe);
    if (r < 0)
        return r;
    return db_integer(catalog, err, &import->conversion,
                      "SELECT id FROM conversion WHERE job_id = ? AND position = ?", "ii",
                      import->job, position);
}

/* All rows of one conversion but its tensors, within a transaction. */
static int put_head(struct catalog *catalog, struct import *import, struct error *err)
{
    int r = put_model(catalog, import, err);
    if (r == 0)
        r = put_conversion(catalog, import, err);
    if (r == 0)
        r = put_files(catalog, import, err);
    if (r == 0)
        r = put_plugins(catalog, import, err);
    if (r == 0)
        r = put_job_facts(catalog, import, err);
    return r;
}

/* Everything of one conversion of import->job, within a transaction. */
static int put_all(struct catalog *catalog, struct import *import, int64_t position,
                   struct tensor_rows *rows, struct error *err)
{
    int64_t number = 0;
    int r = find_row(catalog, import, position, err);
    if (r != 0)
        return r;
    r = tensor_clear(catalog, import->conversion, 1, err);
    if (r >= 0)
        r = tensor_put(catalog, import->conversion, &number, rows, 0, err);
    return r < 0 ? r : put_head(catalog, import, err);
}

/* ---- in slices ---- */

struct catalog_recording {
    struct catalog *catalog;
    struct import import;
    int64_t position, number; /* number: of the next row */
    enum { BEGINS, CLEARS, TAKES_ROWS } stage;
};

int catalog_recording_new(struct catalog *catalog, int64_t job, size_t position, const json_t *head,
                          const char *out_path, struct catalog_recording **ret_recording,
                          struct error *err)
{
    struct catalog_recording *recording = calloc(1, sizeof *recording);
    if (!recording)
        return error_oom(err);
    recording->catalog = catalog;
    recording->position = (int64_t)position;
    int r = import_init(&recording->import, head, out_path, err);
    if (r < 0) {
        free(recording);
        return r;
    }
    recording->import.head = json_incref((json_t *)head);
    recording->import.job = job;
    *ret_recording = recording;
    return 0;
}

void catalog_recording_free(struct catalog_recording *recording)
{
    if (!recording)
        return;
    json_decref(recording->import.head);
    import_deinit(&recording->import);
    free(recording);
}

/* Makes the conversion's row; one that is done already is not any more until all rows are new. */
static int begin(struct catalog_recording *recording, struct error *err)
{
    int r = find_row(recording->catalog, &recording->import, recording->position, err);
    if (r == CATALOG_NOT_FOUND)
        r = error_set(err, PARE_EUSAGE, "the job is no longer in the catalog");
    if (r == 0)
        r = db_run(recording->catalog, err,
                   "UPDATE conversion SET state = 'running', finished = NULL"
                   " WHERE id = ? AND state = 'done'",
                   "i", recording->import.conversion);
    if (r == 0)
        recording->stage = CLEARS;
    return r;
}

/* One slice, within a transaction. */
static int record(struct catalog_recording *recording, struct tensor_rows *rows, double seconds,
                  struct error *err)
{
    int r = recording->stage == BEGINS ? begin(recording, err) : 0;
    if (r == 0 && recording->stage == CLEARS) {
        r = tensor_clear(recording->catalog, recording->import.conversion, 0, err);
        if (r <= 0)
            return r;
        recording->stage = TAKES_ROWS;
    }
    if (r >= 0)
        r = tensor_put(recording->catalog, recording->import.conversion, &recording->number, rows,
                       seconds, err);
    if (r <= 0)
        return r;
    r = put_head(recording->catalog, &recording->import, err);
    return r < 0 ? r : 1;
}

int catalog_recording_step(struct catalog_recording *recording, struct tensor_rows *rows,
                           double seconds, struct error *err)
{
    int r = db_begin(recording->catalog, err);
    if (r == 0)
        r = db_end(recording->catalog, record(recording, rows, seconds, err), err);
    return r;
}

/* ---- at once ---- */

int catalog_conversion_done(struct catalog *catalog, int64_t job, size_t position,
                            const json_t *head, struct tensor_rows *rows, const char *out_path,
                            struct error *err)
{
    struct import import;
    int r = import_init(&import, head, out_path, err);
    if (r < 0)
        return r;
    import.job = job;
    r = db_begin(catalog, err);
    if (r == 0)
        r = db_end(catalog, put_all(catalog, &import, (int64_t)position, rows, err), err);
    import_deinit(&import);
    return r;
}

int catalog_conversion_failed(struct catalog *catalog, int64_t job, size_t position,
                              const struct error *why, struct error *err)
{
    return db_run(catalog, err,
                  "UPDATE conversion SET state = 'failed', finished = " DB_NOW ", error_code = ?,"
                  " error_text = ? WHERE job_id = ? AND position = ? AND state <> 'done'",
                  "ssii", error_name(why->code), why->text, job, (int64_t)position);
}

/* Makes a job from what a manifest says of it. Its uid begins with the time at which it came in. */
static int make_job(struct catalog *catalog, const struct import *import, struct error *err)
{
    return db_run(catalog, err,
                  "INSERT INTO job (uid, name, source_path, kind, state, submitted, finished)"
                  " VALUES (?1, ?2, coalesce(?3, ?2), 'rebuild', 'done',"
                  " CASE WHEN ?5 GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:*Z'"
                  " THEN ?5 WHEN ?1 GLOB '[0-9][0-9][0-9][0-9][0-1][0-9][0-3][0-9]T"
                  "[0-2][0-9][0-5][0-9][0-6][0-9]*' THEN substr(?1, 1, 4) || '-' ||"
                  " substr(?1, 5, 2) || '-' || substr(?1, 7, 5) || ':' || substr(?1, 12, 2) ||"
                  " ':' || substr(?1, 14, 2) || '.000Z' ELSE ?4 END, ?4)",
                  "sssss", import->uid, get_text(import->head, "source", "name"),
                  get_text(import->head, "source", "path"), import->created,
                  json_get_string(import->head, "submitted", NULL));
}

/* The job that the manifest names, made when it is not there. */
static int find_job(struct catalog *catalog, struct import *import, struct error *err)
{
    int r = db_run(catalog, err,
                   "UPDATE job SET finished = max(finished, ?) WHERE uid = ? AND kind = 'rebuild'",
                   "ss", import->created, import->uid);
    if (r == 0)
        r = db_integer(catalog, err, &import->job, "SELECT id FROM job WHERE uid = ?", "s",
                       import->uid);
    if (r != CATALOG_NOT_FOUND)
        return r;
    r = make_job(catalog, import, err);
    if (r == 0)
        import->job = sqlite3_last_insert_rowid(catalog->db);
    return r;
}

/* Which of the job's conversions: the one with this output, else one of this target that has no
 * output yet, else a new one. */
static int find_position(struct catalog *catalog, const struct import *import,
                         int64_t *ret_position, struct error *err)
{
    int r = db_integer(catalog, err, ret_position,
                       "SELECT position FROM conversion WHERE job_id = ?1"
                       " AND substr(output_path, -length(?2) - 1) = '/' || ?2",
                       "is", import->job, import->output_name);
    if (r == CATALOG_NOT_FOUND)
        r = db_integer(catalog, err, ret_position,
                       "SELECT position FROM conversion WHERE job_id = ?1 AND output_path IS NULL"
                       " AND format = ?2 AND recipe = ?3"
                       " ORDER BY options = coalesce(?4->'$.target.options', '{}') DESC, position"
                       " LIMIT 1",
                       "issj", import->job, import->format, import->recipe, import->head);
    if (r == CATALOG_NOT_FOUND)
        r = db_integer(catalog, err, ret_position,
                       "SELECT coalesce(max(position), -1) + 1 FROM conversion WHERE job_id = ?",
                       "i", import->job);
    return r;
}

/* A job that was made from manifests alone gets its conversions in the order of time: manifests
 * come in any order. First all are put aside, so that no two ever have one number. */
static int order_positions(struct catalog *catalog, const struct import *import, struct error *err)
{
    int r = db_run(catalog, err,
                   "UPDATE conversion SET position = position + 1000000 WHERE job_id ="
                   " (SELECT id FROM job WHERE id = ? AND kind = 'rebuild')",
                   "i", import->job);
    if (r < 0)
        return r;
    return db_run(catalog, err,
                  "UPDATE conversion SET position = (SELECT count(*) FROM conversion o"
                  " WHERE o.job_id = ?1"
                  " AND (o.finished, o.id) < (conversion.finished, conversion.id))"
                  " WHERE job_id = (SELECT id FROM job WHERE id = ?1 AND kind = 'rebuild')",
                  "i", import->job);
}

static int import_manifest(struct catalog *catalog, struct import *import, struct tensor_rows *rows,
                           struct error *err)
{
    int64_t position, known;
    int r = db_integer(catalog, err, &known,
                       "SELECT c.id FROM conversion c JOIN job j ON j.id = c.job_id"
                       " WHERE j.uid = ? AND c.output_path = ? AND c.state = 'done'"
                       " AND c.finished = ?",
                       "sss", import->uid, import->output_path, import->created);
    if (r <= 0)
        return r == 0 ? 1 : r;
    r = find_job(catalog, import, err);
    if (r == 0)
        r = find_position(catalog, import, &position, err);
    if (r == 0)
        r = put_all(catalog, import, position, rows, err);
    return r == 0 ? order_positions(catalog, import, err) : r;
}

int catalog_output_is_known(struct catalog *catalog, const char *output_path, struct error *err)
{
    int64_t id;
    int r = db_integer(catalog, err, &id,
                       "SELECT id FROM conversion WHERE output_path = ? AND state = 'done' LIMIT 1",
                       "s", output_path);
    return r < 0 ? r : r == 0;
}

int catalog_jobs_are_made(struct catalog *catalog, struct error *err)
{
    return db_run(catalog, err,
                  "UPDATE job SET state = 'done', finished = (SELECT max(c.finished)"
                  " FROM conversion c WHERE c.job_id = job.id)"
                  " WHERE state = 'queued' AND kind <> 'convert'"
                  " AND EXISTS (SELECT 1 FROM conversion c WHERE c.job_id = job.id)"
                  " AND NOT EXISTS (SELECT 1 FROM conversion c WHERE c.job_id = job.id"
                  " AND c.state <> 'done')",
                  "");
}

int catalog_import_manifest(struct catalog *catalog, const json_t *head, struct tensor_rows *rows,
                            const char *out_path, struct error *err)
{
    struct import import;
    int r = import_init(&import, head, out_path, err);
    if (r < 0)
        return r;
    r = db_begin(catalog, err);
    if (r == 0)
        r = db_end(catalog, import_manifest(catalog, &import, rows, err), err);
    import_deinit(&import);
    return r;
}
