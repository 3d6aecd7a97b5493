/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What the catalog keeps: the life of jobs, manifests as rows, the views. Rows are read by SQL of
 * the test's own, so that a fault in the catalog's queries cannot hide one in what it stores.
 */
#include "base/json.h"
#include "catalog_fixture.h"

#include <string.h>

/* ---- jobs ---- */

static void assert_state(struct catalog *catalog, int64_t id, const char *expected)
{
    _cleanup_json_ json_t *job = NULL;
    OK(catalog_job_get(catalog, id, &job, &err));
    assert_string_equal(json_get_string(job, "state", ""), expected);
}

static void test_job_life(void **state)
{
    (void)state;
    _cleanup_catalog_ struct catalog *catalog = open_catalog();
    int64_t id = add_job(catalog, "20261123T210000-aaaaaa", 0);
    assert_int_equal(add_job(catalog, "20261123T210000-aaaaaa", 0), id);
    assert_int_equal(number(catalog, "SELECT count(*) FROM conversion"), 2);
    OK(catalog_job_running(catalog, id, &err));
    _cleanup_json_ json_t *start = json_pack("{s:s s:s s:i s:{s:b}}", "version", "0.1.0", "cpu",
                                             "avx2", "threads", 2, "sandbox", "seccomp", 1);
    OK(catalog_job_start(catalog, id, start, &err));
    assert_int_equal(number(catalog, "SELECT sandbox->>'seccomp' FROM job"), 1);
    struct error why = { PARE_EDATA, "the header is cut" };
    OK(catalog_job_requeue(catalog, id, 60, &why, &err));
    assert_state(catalog, id, "retry");
    OK(catalog_job_requeue(catalog, id, 0, NULL, &err));
    assert_state(catalog, id, "queued");
    OK(catalog_job_running(catalog, id, &err));
    OK(catalog_job_failed(catalog, id, &why, &err));
    assert_int_equal(number(catalog, "SELECT count(*) FROM failures WHERE error_code = 'data' AND"
                                     " error_text = 'the header is cut' AND attempts = 2"),
                     2);
    assert_int_equal(catalog_job_running(catalog, id, &err), PARE_EUSAGE);
    assert_string_equal(err.text, "job 1 is failed");
    OK(catalog_job_retry(catalog, id, &err));
    assert_int_equal(catalog_job_retry(catalog, id, &err), PARE_EUSAGE);
    assert_int_equal(number(catalog, "SELECT count(*) FROM failures"), 0);
    OK(catalog_job_cancelled(catalog, id, &err));
    assert_state(catalog, id, "cancelled");
    assert_int_equal(catalog_job_done(catalog, 99, &err), CATALOG_NOT_FOUND);
    assert_int_equal(catalog_job_failed(catalog, 99, &why, &err), CATALOG_NOT_FOUND);
    assert_int_equal(catalog_event(catalog, 99, "info", "x", "y", &err), CATALOG_NOT_FOUND);
}

static int64_t seen_from_outside(const char *sql)
{
    _cleanup_catalog_ struct catalog *other = NULL;
    OK(catalog_open_readonly(db_path, &other, &err));
    return number(other, sql);
}

/* Calls that are held become one transaction; one that fails takes back only its own part. */
static void test_hold(void **state)
{
    (void)state;
    _cleanup_catalog_ struct catalog *catalog = open_catalog();
    catalog_hold(catalog);
    OK(catalog_release(catalog, &err)); /* nothing was written */
    int64_t done = add_job(catalog, "u-0", 0);
    OK(catalog_job_done(catalog, done, &err));
    catalog_hold(catalog);
    int64_t id = add_job(catalog, "u-1", 0);
    assert_int_equal(catalog_job_running(catalog, done, &err), PARE_EUSAGE);
    OK(catalog_job_running(catalog, id, &err));
    OK(catalog_event(catalog, id, "info", "test", "held", &err));
    assert_state(catalog, id, "running");
    assert_int_equal(seen_from_outside("SELECT count(*) FROM job"), 1);
    OK(catalog_release(catalog, &err));
    assert_int_equal(seen_from_outside("SELECT count(*) FROM job WHERE state = 'running'"), 1);
    assert_int_equal(seen_from_outside("SELECT count(*) FROM event"), 1);
    OK(catalog_job_done(catalog, id, &err));
    assert_int_equal(seen_from_outside("SELECT count(*) FROM job WHERE state = 'done'"), 2);
}

/* SQLite gives a whole transaction up when the disk is full: what had been said to be done by then
 * is not, and the release says so. */
static void test_hold_on_a_full_disk(void **state)
{
    (void)state;
    _cleanup_catalog_ struct catalog *catalog = open_catalog();
    char limit[64];
    (void)snprintf(limit, sizeof limit, "PRAGMA max_page_count = %lld",
                   (long long)number(catalog, "PRAGMA page_count"));
    assert_int_equal(sqlite3_exec(catalog->db, limit, NULL, NULL, NULL), SQLITE_OK);
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    catalog_hold(catalog);
    int r = 0, done = 0;
    while ((r = catalog_event(catalog, 0, "info", "test", text, &err)) == 0)
        done++;
    assert_int_equal(r, PARE_ENOSPC);
    int released = catalog_release(catalog, &err);
    assert_int_equal(seen_from_outside("SELECT count(*) FROM event"), released == 0 ? done : 0);
    assert_int_equal(sqlite3_exec(catalog->db, "PRAGMA max_page_count = 100000", NULL, NULL, NULL),
                     SQLITE_OK);
    OK(catalog_event(catalog, 0, "info", "test", "again", &err));
    assert_int_equal(seen_from_outside("SELECT count(*) FROM event WHERE text = 'again'"), 1);
}

static void test_job_json(void **state)
{
    (void)state;
    _cleanup_catalog_ struct catalog *catalog = open_catalog();
    int64_t id = add_job(catalog, "u-1", 3);
    _cleanup_json_ json_t *source = json_pack("{s:s s:n s:i s:i s:i}", "format", "gguf",
                                              "architecture", "parameters", 5, "tensors", 2,
                                              "bytes", 10);
    OK(catalog_job_source(catalog, id, source, &err));
    _cleanup_json_ json_t *job = NULL;
    OK(catalog_job_get(catalog, id, &job, &err));
    assert_int_equal(json_get_int(job, "priority", 0), 3);
    assert_true(json_is_null(json_object_get(job, "stage")));
    assert_true(json_is_null(json_object_get(job, "error")));
    assert_int_equal(json_get_int(json_object_get(job, "source"), "parameters", 0), 5);
    json_t *targets = json_object_get(job, "targets");
    assert_int_equal(json_array_size(targets), 2);
    json_t *second = json_array_get(targets, 1);
    assert_string_equal(json_get_string(second, "recipe", ""), "q8_0");
    assert_true(json_is_object(json_object_get(second, "options")));
    assert_true(json_is_null(json_object_get(second, "error")));
}

static void assert_next(struct catalog *catalog, int64_t expected)
{
    int64_t id = 0;
    double wait;
    OK(catalog_job_next(catalog, &id, &wait, &err));
    assert_int_equal(id, expected);
    OK(catalog_job_running(catalog, id, &err));
}

static void test_queue_order(void **state)
{
    (void)state;
    _cleanup_catalog_ struct catalog *catalog = open_catalog();
    int64_t first = add_job(catalog, "a", 0), second = add_job(catalog, "b", 0);
    int64_t urgent = add_job(catalog, "c", 5), later = add_job(catalog, "d", 9), id = 0;
    double wait = 0;
    OK(catalog_job_requeue(catalog, later, 50, NULL, &err));
    assert_next(catalog, urgent);
    _cleanup_json_ json_t *queue = NULL, *counts = NULL, *ids = NULL;
    OK(catalog_queue(catalog, 0, 10, &queue, &err));
    const int64_t expected[] = { urgent, first, second, later };
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(json_get_int(json_array_get(queue, i), "id", 0), expected[i]);
    OK(catalog_counts(catalog, &counts, &err));
    assert_int_equal(json_get_int(counts, "queued", -1), 2);
    assert_int_equal(json_get_int(counts, "retry", -1), 1);
    assert_int_equal(json_get_int(counts, "running", -1), 1);
    assert_next(catalog, first);
    assert_next(catalog, second);
    OK(catalog_jobs_interrupted(catalog, &ids, &err));
    assert_int_equal(json_array_size(ids), 3);
    assert_int_equal(catalog_job_next(catalog, &id, &wait, &err), CATALOG_NOT_FOUND);
    assert_true(wait > 45 && wait <= 50);
    /* A stamp of a clock that was years ahead. */
    OK(db_exec(catalog, "UPDATE job SET not_before = '2099-01-01T00:00:00.000Z' WHERE uid = 'd'",
               &err));
    assert_next(catalog, later);
    assert_int_equal(catalog_job_next(catalog, &id, &wait, &err), CATALOG_NOT_FOUND);
    assert_true(wait < 0);
}

static void test_find(void **state)
{
    (void)state;
    _cleanup_catalog_ struct catalog *catalog = open_catalog();
    int64_t a = add_job(catalog, "20261123T210000-aaaaaa", 0), id = 0;
    int64_t b = add_job(catalog, "20261123T210000-bbbbbb", 0);
    OK(catalog_job_find(catalog, "1", &id, &err));
    assert_int_equal(id, a);
    OK(catalog_job_find(catalog, "20261123T210000-b", &id, &err));
    assert_int_equal(id, b);
    assert_int_equal(catalog_job_find(catalog, "2026", &id, &err), PARE_EUSAGE);
    assert_int_equal(catalog_job_find(catalog, "3", &id, &err), CATALOG_NOT_FOUND);
    assert_int_equal(catalog_job_find(catalog, "", &id, &err), CATALOG_NOT_FOUND);
    assert_int_equal(catalog_job_find(catalog, "x' OR 1", &id, &err), CATALOG_NOT_FOUND);
}

static void test_names_not_utf8(void **state)
{
    (void)state;
    _cleanup_catalog_ struct catalog *catalog = open_catalog();
    struct catalog_job_spec spec = {
        .uid = "u", .name = "caf\xe9", .path = "/d/caf\xe9", .kind = "drop"
    };
    int64_t id = 0;
    OK(catalog_job_add(catalog, &spec, &id, &err));
    _cleanup_json_ json_t *job = NULL;
    OK(catalog_job_get(catalog, id, &job, &err));
    assert_string_equal(json_get_string(job, "name", ""), "caf\\xe9");
}

/* ---- manifests ---- */

/* A manifest as published; the last arguments are what a test varies. */
static json_t *manifest(const char *uid, const char *recipe, const char *output, int bytes,
                        double sqnr)
{
    json_t *json =
        json_pack("{s:i s:s s:s s:{s:s s:s}"
                  " s:{s:s s:s s:s s:s s:n s:i s:i s:i s:s s:[{s:s s:i s:s}] s:[{s:s s:i s:i s:i}]}"
                  " s:{s:s s:s s:s s:{}} s:[{s:s s:s s:s}]}",
                  "pare_manifest", 1, "job", uid, "created", "2026-11-23T21:00:09.500Z", "program",
                  "name", "pare", "version", "0.1.0", "source", "name", "tiny", "path",
                  "/drop/tiny.gguf", "format", "gguf", "architecture", "llama", "license",
                  "parameters", 5000, "tensors", 2, "bytes", 10000, "digest", "d1g357", "files",
                  "name", "tiny.gguf", "bytes", 10100, "sha256", "aa", "census", "encoding", "bf16",
                  "tensors", 2, "elements", 5000, "bytes", 10000, "target", "format", "gguf",
                  "recipe", recipe, "recipe_sha256", "bb", "options", "plugins", "name", "ggml",
                  "version", "1", "sha256", "cc");
    assert_non_null(json);
    json_t *rest =
        json_pack("{s:{s:s s:b s:i s:[{s:s s:i s:s}] s:f} s:{s:f s:o s:f s:f s:f}"
                  " s:{s:f s:f s:f s:f s:f s:f s:f s:f s:f} s:{s:i s:i s:s s:{s:b}} s:[s]"
                  " s:[{s:s s:[i,i] s:s s:s s:i s:i s:i s:f s:o s:f s:f s:f s:i},"
                  "    {s:s s:[i] s:s s:s s:i s:i s:i s:i s:n s:i s:i s:i s:i s:f}]}",
                  "output", "name", output, "folder", 0, "bytes", bytes, "files", "name", output,
                  "bytes", bytes, "sha256", "dd", "bits_per_weight", 4.5, "accuracy", "rmse",
                  sqnr < 1000 ? 0.001 : 0.0, "sqnr_db", json_number(sqnr), "relative_error", 0.06,
                  "max_abs", 0.02, "cosine", 0.998, "seconds", "hash", 0.1, "read", 0.2, "decode",
                  0.3, "encode", 0.4, "measure", 0.5, "write", 0.6, "sync", 0.7, "verify", 0.8,
                  "total", 2.5, "resources", "peak_rss", 123456, "threads", 2, "cpu", "c",
                  "sandbox", "seccomp", 1, "warnings", "beware", "tensors", "name", "blk.0.weight",
                  "shape", 100, 40, "from", "bf16", "to", "q4_k", "elements", 4000, "bytes_in",
                  8000, "bytes", 2250, "rmse", 0.002, "sqnr_db", json_number(sqnr),
                  "relative_error", 0.07, "max_abs", 0.02, "cosine", 0.99, "nonfinite", 0, "name",
                  "norm.weight", "shape", 1000, "from", "bf16", "to", "bf16", "elements", 1000,
                  "bytes_in", 2000, "bytes", 2000, "rmse", 0, "sqnr_db", "relative_error", 0,
                  "max_abs", 0, "cosine", 1, "nonfinite", 0, "seconds", 0.25);
    assert_non_null(rest);
    assert_int_equal(json_object_update(json, rest), 0);
    json_decref(rest);
    json_t *settings = json_pack("{s:s, s:b}", "digest", "none", "recover", 0);
    assert_int_equal(json_object_set_new(json, "settings", settings), 0);
    return json;
}

/* The tensors of such a manifest. */
struct json_rows {
    struct tensor_rows rows;
    const json_t *tensors;
    size_t i;
};

static int next_row(struct tensor_rows *rows, struct tensor_row *ret_row, struct error *problem)
{
    struct json_rows *r = (struct json_rows *)rows;
    if (r->i == json_array_size(r->tensors))
        return 0;
    int result = tensor_row_from_json(json_array_get(r->tensors, r->i++), ret_row, problem);
    return result < 0 ? result : 1;
}

static struct json_rows rows_of(const json_t *json)
{
    return (struct json_rows){ { next_row }, json_object_get(json, "tensors"), 0 };
}

static int import_json(struct catalog *catalog, const json_t *json, const char *out)
{
    struct json_rows rows = rows_of(json);
    return catalog_import_manifest(catalog, json, &rows.rows, out, &err);
}

static int record_done(struct catalog *catalog, int64_t id, size_t position, const json_t *json)
{
    struct json_rows rows = rows_of(json);
    return catalog_conversion_done(catalog, id, position, json, &rows.rows, "/out", &err);
}

static void import(struct catalog *catalog, json_t *json, int expected)
{
    int r = import_json(catalog, json, "/out");
    json_decref(json);
    if (r != expected)
        fail_msg("import: %d: %s", r, err.text);
}

static void test_conversion_done(void **state)
{
    (void)state;
    _cleanup_catalog_ struct catalog *catalog = open_catalog();
    int64_t id = add_job(catalog, "20261123T210000-aaaaaa", 0);
    OK(catalog_job_running(catalog, id, &err));
    _cleanup_json_ json_t *json = manifest("20261123T210000-aaaaaa", "q8_0", "tiny-Q8_0.gguf", 5000,
                                           40.25);
    for (int i = 0; i < 2; i++) {
        OK(record_done(catalog, id, 1, json));
        assert_int_equal(number(catalog, "SELECT count(*) FROM tensor"), 2);
        assert_int_equal(number(catalog, "SELECT count(*) FROM output_file"), 1);
        assert_int_equal(number(catalog, "SELECT count(*) FROM conversion"), 2);
    }
    assert_int_equal(record_done(catalog, 99, 0, json), CATALOG_NOT_FOUND);
    assert_text(catalog,
                "SELECT group_concat(state) FROM (SELECT state FROM conversion ORDER BY"
                " position)",
                "running,done");
    assert_text(catalog, "SELECT output_path FROM conversion WHERE state = 'done'",
                "/out/tiny-Q8_0.gguf");
    assert_text(catalog,
                "SELECT bytes_in || ' ' || sqnr_db || ' ' || verify_s || ' ' || total_s"
                " || ' ' || peak_rss || ' ' || output_sha256 || ' ' || warnings FROM conversion"
                " WHERE state = 'done'",
                "10100 40.25 0.8 2.5 123456 dd [\"beware\"]");
    assert_text(catalog, "SELECT group_concat(settings, ';') FROM conversion",
                "{};{\"digest\":\"none\",\"recover\":false}");
    assert_text(catalog, "SELECT shape || to_encoding || bytes_out FROM tensor WHERE position = 0",
                "[100,40]q4_k2250");
    assert_int_equal(number(catalog, "SELECT sqnr_db IS NULL AND seconds = 0.25 FROM tensor WHERE"
                                     " position = 1"),
                     1);
    assert_text(catalog, "SELECT encoding || elements FROM model_encoding", "bf165000");
    assert_text(catalog, "SELECT name || version || sha256 FROM plugin", "ggml1cc");
    /* A failure afterwards does not change what is done. */
    struct error why = { PARE_ENOSPC, "disk full" };
    OK(catalog_job_failed(catalog, id, &why, &err));
    assert_text(catalog, "SELECT ref || target || error_code FROM failures", "1.1gguf:q4_k_mspace");
}

/* In slices, of which each is on disk: only the last makes the conversion done. */
static void test_recording(void **state)
{
    (void)state;
    _cleanup_catalog_ struct catalog *catalog = open_catalog();
    int64_t id = add_job(catalog, "20261123T210000-aaaaaa", 0);
    OK(catalog_job_running(catalog, id, &err));
    _cleanup_json_ json_t *json = manifest("20261123T210000-aaaaaa", "q8_0", "tiny-Q8_0.gguf", 5000,
                                           40.25);
    json_t *tensors = json_object_get(json, "tensors");
    while (json_array_size(tensors) < 3000)
        assert_int_equal(json_array_append(tensors, json_array_get(tensors, 0)), 0);
    for (int again = 0; again < 2; again++) { /* the first one is given up */
        struct catalog_recording *recording = NULL;
        struct json_rows rows = rows_of(json);
        OK(catalog_recording_new(catalog, id, 1, json, "/out", &recording, &err));
        int r = 0, steps = 0;
        for (; r == 0 && (again || steps < 3); steps++) {
            assert_int_equal(number(catalog, "SELECT count(*) FROM worst_tensors"), 0);
            r = catalog_recording_step(recording, &rows.rows, 1e-9, &err);
            if (r == 0)
                assert_text(catalog, "SELECT state FROM conversion WHERE position = 1", "running");
        }
        assert_int_equal(r, again);
        assert_true(steps >= 3);
        catalog_recording_free(recording);
    }
    assert_text(catalog, "SELECT state FROM conversion WHERE position = 1", "done");
    assert_int_equal(number(catalog, "SELECT count(*) FROM tensor"), 3000);
}

static void test_import(void **state)
{
    (void)state;
    _cleanup_catalog_ struct catalog *catalog = open_catalog();
    const char *uid = "20261123T205900-aaaaaa";
    import(catalog, manifest(uid, "q8_0", "tiny-Q8_0.gguf", 5000, 40), 0);
    import(catalog, manifest(uid, "q8_0", "tiny-Q8_0.gguf", 5000, 40), 1);
    import(catalog, manifest(uid, "q4_k_m", "tiny-Q4_K_M.gguf", 2500, 20), 0);
    assert_int_equal(number(catalog, "SELECT count(*) FROM job"), 1);
    assert_int_equal(number(catalog, "SELECT count(*) FROM model"), 1);
    assert_int_equal(number(catalog, "SELECT count(*) FROM conversion"), 2);
    assert_int_equal(number(catalog, "SELECT count(*) FROM tensor"), 4);
    assert_text(catalog, "SELECT submitted || state || kind FROM job",
                "2026-11-23T20:59:00.000Zdonerebuild");
    assert_text(catalog, "SELECT started FROM conversion LIMIT 1", "2026-11-23T21:00:07.000Z");
    /* The output directory was moved: the same rows, elsewhere. */
    _cleanup_json_ json_t *json = manifest(uid, "q8_0", "tiny-Q8_0.gguf", 5000, 40);
    assert_int_equal(import_json(catalog, json, "/new/"), 0);
    assert_int_equal(number(catalog, "SELECT count(*) FROM conversion"), 2);
    assert_text(catalog, "SELECT output_path FROM conversion WHERE recipe = 'q8_0'",
                "/new/tiny-Q8_0.gguf");
    /* The daemon still knows the job, with its targets in another order: it gets them back. */
    assert_int_equal(add_job(catalog, uid, 0), 1);
    assert_text(catalog,
                "SELECT group_concat(recipe || state) FROM (SELECT * FROM conversion"
                " ORDER BY position)",
                "q4_k_mdone,q8_0done");
    assert_state(catalog, 1, "done");
}

/* Manifests come in the order of the directory; targets are numbered in the order of time. */
static void test_import_order(void **state)
{
    (void)state;
    _cleanup_catalog_ struct catalog *catalog = open_catalog();
    json_t *late = manifest("u", "q8_0", "late", 5000, 40);
    (void)json_object_set_new(late, "created", json_string("2026-11-23T22:00:00.000Z"));
    import(catalog, late, 0);
    import(catalog, manifest("u", "q4_0", "early", 2500, 18), 0);
    assert_text(catalog,
                "SELECT group_concat(target) FROM (SELECT * FROM conversions ORDER BY"
                " ref)",
                "gguf:q4_0,gguf:q8_0");
    assert_text(catalog, "SELECT finished FROM job", "2026-11-23T22:00:00.000Z");
}

static void test_import_then_queue(void **state)
{
    (void)state;
    _cleanup_catalog_ struct catalog *catalog = open_catalog();
    import(catalog, manifest("u", "q8_0", "tiny-Q8_0.gguf", 5000, 40), 0);
    int64_t id = add_job(catalog, "u", 0);
    assert_state(catalog, id, "queued");
    assert_text(catalog,
                "SELECT group_concat(recipe || state) FROM (SELECT * FROM conversion"
                " ORDER BY position)",
                "q4_k_mqueued,q8_0done");
    /* The other way round: the manifest finds the waiting target. */
    id = add_job(catalog, "v", 0);
    import(catalog, manifest("v", "q8_0", "v-Q8_0.gguf", 5000, 40), 0);
    assert_text(catalog,
                "SELECT group_concat(recipe || state) FROM (SELECT * FROM conversion"
                " WHERE job_id = 2 ORDER BY position)",
                "q4_k_mqueued,q8_0done");
    assert_state(catalog, id, "queued");
}

static void refuse_import(struct catalog *catalog, json_t *json, const char *expected)
{
    assert_int_equal(import_json(catalog, json, "/out"), PARE_EDATA);
    if (!strstr(err.text, expected))
        fail_msg("\"%s\" is not in \"%s\"", expected, err.text);
    json_decref(json);
    assert_int_equal(number(catalog, "SELECT (SELECT count(*) FROM job) + (SELECT count(*) FROM"
                                     " model) + (SELECT count(*) FROM conversion)"),
                     0);
}

static void test_bad_manifests(void **state)
{
    (void)state;
    _cleanup_catalog_ struct catalog *catalog = open_catalog();
    refuse_import(catalog, json_object(), "not a manifest");
    json_t *json = manifest("u", "q8_0", "x.gguf", 1, 1);
    (void)json_object_set_new(json, "pare_manifest", json_integer(2));
    refuse_import(catalog, json, "newer version");
    json = manifest("u", "q8_0", "../x.gguf", 1, 1);
    refuse_import(catalog, json, "no plain file name");
    json = manifest("u", "q8_0", "x.gguf", 1, 1);
    (void)json_object_del(json, "source");
    refuse_import(catalog, json, "lacks");
    json = manifest("u", "q8_0", "x.gguf", 1, 1);
    (void)json_object_set_new(json_array_get(json_object_get(json, "tensors"), 1), "elements",
                              json_string("many"));
    refuse_import(catalog, json, "it has no shape and number of elements");
}

/* ---- views ---- */

static void test_pareto(void **state)
{
    (void)state;
    _cleanup_catalog_ struct catalog *catalog = open_catalog();
    import(catalog, manifest("u", "q8_0", "a", 5000, 40), 0);
    import(catalog, manifest("u", "q4_0", "b", 2600, 18), 0); /* beaten by the next */
    import(catalog, manifest("u", "q4_k_m", "c", 2500, 20), 0);
    import(catalog, manifest("u", "bf16", "d", 10000, 1.0 / 0.0), 0);
    import(catalog, manifest("u", "f32", "e", 20000, 1.0 / 0.0), 0); /* no better than bf16 */
    import(catalog, manifest("v", "q8_0", "f", 5000, 40), 0);        /* replaces the first */
    assert_text(catalog, "SELECT group_concat(ref || target, ' ') FROM pareto",
                "1.3gguf:q4_k_m 2.1gguf:q8_0 1.4gguf:bf16");
}

static void test_views(void **state)
{
    (void)state;
    _cleanup_catalog_ struct catalog *catalog = open_catalog();
    import(catalog, manifest("u", "q8_0", "a", 5000, 40), 0);
    import(catalog, manifest("u", "q4_0", "b", 2600, 18), 0);
    assert_text(catalog,
                "SELECT model || architecture || target || round(ratio, 2) || ' ' ||"
                " round(mb_per_second, 5) FROM conversions WHERE ref = '1.1'",
                "tinyllamagguf:q8_02.02 0.00404");
    assert_text(catalog, "SELECT group_concat(ref || tensor || sqnr_db, ' ') FROM worst_tensors",
                "1.2blk.0.weight18.0 1.1blk.0.weight40.0");
    assert_int_equal(number(catalog, "SELECT count(*) FROM slowest_tensors WHERE seconds = 0.25"
                                     " AND tensor = 'norm.weight'"),
                     2);
    int64_t conversion = number(catalog, "SELECT max(id) FROM conversion");
    OK(catalog_evaluation_add(catalog, conversion, "perplexity", 9.5, NULL, &err));
    OK(catalog_evaluation_add(catalog, conversion, "perplexity", 9.25, NULL, &err));
    assert_text(catalog, "SELECT group_concat(value) FROM evaluation", "9.25");
    assert_int_equal(catalog_evaluation_add(catalog, 99, "x", 1, NULL, &err), CATALOG_NOT_FOUND);
}

static void test_list_and_show(void **state)
{
    (void)state;
    _cleanup_catalog_ struct catalog *catalog = open_catalog();
    import(catalog, manifest("u", "q8_0", "a.gguf", 5000, 40), 0);
    import(catalog, manifest("u", "q4_0", "b.gguf", 2600, 18), 0);
    (void)add_job(catalog, "w", 0);
    struct catalog_filter filter = { .name = "TIN", .state = "done", .limit = 1 };
    json_t *json = NULL;
    OK(catalog_list(catalog, &filter, &json, &err));
    assert_int_equal(json_array_size(json), 1);
    assert_string_equal(json_get_string(json_array_get(json, 0), "ref", ""), "1.2");
    json_decref(json);
    OK(catalog_show(catalog, "1", &json, &err));
    assert_int_equal(json_array_size(json_object_get(json, "conversions")), 2);
    json_decref(json);
    const char *const names[] = { "1.2", "b.gguf", "/out/b.gguf" };
    for (size_t i = 0; i < 3; i++) {
        OK(catalog_show(catalog, names[i], &json, &err));
        json_t *conversion = json_array_get(json_object_get(json, "conversions"), 0);
        assert_string_equal(json_get_string(conversion, "recipe", ""), "q4_0");
        assert_int_equal(json_array_size(json_object_get(conversion, "tensors")), 2);
        assert_true(json_is_array(json_object_get(conversion, "warnings")));
        json_decref(json);
    }
    assert_int_equal(catalog_show(catalog, "1.3", &json, &err), CATALOG_NOT_FOUND);
    assert_int_equal(catalog_show(catalog, "nothing", &json, &err), CATALOG_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(test_job_life),
                                        TEST(test_hold),
                                        TEST(test_hold_on_a_full_disk),
                                        TEST(test_job_json),
                                        TEST(test_queue_order),
                                        TEST(test_find),
                                        TEST(test_names_not_utf8),
                                        TEST(test_conversion_done),
                                        TEST(test_recording),
                                        TEST(test_import),
                                        TEST(test_import_order),
                                        TEST(test_import_then_queue),
                                        TEST(test_bad_manifests),
                                        TEST(test_pareto),
                                        TEST(test_views),
                                        TEST(test_list_and_show) };
    return cmocka_run_group_tests_name("catalog", tests, NULL, NULL);
}
