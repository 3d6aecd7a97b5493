/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* A job and its conversions as text: see show_view.h. */
#include "cli/views/show_view.h"

#include "base/json.h"
#include "base/strbuf.h"
#include "cli/catalog_reader.h"
#include "cli/operand.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

/* "label          text"; nothing when the text is NULL or empty. */
static void field(const char *label, const char *text)
{
    if (!text || !*text)
        return;
    printf("%-14s ", label);
    text_print(stdout, text);
    putchar('\n');
}

static void __attribute__((format(printf, 2, 3))) fieldf(const char *label, const char *format, ...)
{
    _cleanup_free_ char *text = NULL;
    va_list ap;
    va_start(ap, format);
    int n = vasprintf(&text, format, ap);
    va_end(ap);
    if (n < 0)
        text = NULL;
    field(label, text);
}

static const char *bytes_of(const json_t *row, const char *key, char buffer[FIGURE_SIZE])
{
    int64_t bytes = json_get_int(row, key, -1);
    return bytes < 0 ? strcpy(buffer, "-") : figure_bytes(buffer, (uint64_t)bytes);
}

static void print_source(const json_t *job)
{
    char figure[FIGURE_SIZE];
    field("source", json_get_string(job, "source_path", NULL));
    if (json_get_string(job, "source_format", NULL))
        fieldf("model", "%s: %s, %s, %s parameters, %lld tensors",
               json_get_string(job, "name", "?"), json_get_string(job, "source_format", "?"),
               json_get_string(job, "source_architecture", "unknown architecture"),
               figure_count(figure, (uint64_t)json_get_int(job, "source_parameters", 0)),
               (long long)json_get_int(job, "source_tensors", 0));
    else
        field("model", json_get_string(job, "name", NULL));
    field("digest", json_get_string(job, "model_digest", NULL));
    field("licence", json_get_string(job, "model_license", NULL));
}

/* "no_new_privs, rlimits, landlock 4, seccomp". */
static void print_sandbox(const json_t *sandbox)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)sandbox, name, value) {
        int number = json_is_integer(value) && json_integer_value(value) > 0;
        if (!number && !json_is_true(value))
            continue;
        strbuf_printf(&text, "%s%s", text.len ? ", " : "", name);
        if (number)
            strbuf_printf(&text, " %lld", (long long)json_integer_value(value));
    }
    if (json_is_object(sandbox))
        field("sandbox", text.len && !text.failed ? text.data : "none");
}

static void print_job(const json_t *job)
{
    fieldf("job", "%lld (%s, %s)", (long long)json_get_int(job, "id", 0),
           json_get_string(job, "uid", "?"), json_get_string(job, "kind", "?"));
    long long attempts = json_get_int(job, "attempts", 0);
    if (attempts > 1)
        fieldf("state", "%s after %lld attempts", json_get_string(job, "state", "?"), attempts);
    else
        field("state", json_get_string(job, "state", NULL));
    print_source(job);
    field("submitted", json_get_string(job, "submitted", NULL));
    field("started", json_get_string(job, "started", NULL));
    field("finished", json_get_string(job, "finished", NULL));
    print_sandbox(json_object_get(job, "sandbox"));
    if (json_get_string(job, "error_code", NULL))
        fieldf("error", "%s: %s", json_get_string(job, "error_code", "?"),
               json_get_string(job, "error_text", ""));
}

static void print_accuracy(const json_t *row)
{
    if (reader_is_exact(row)) {
        field("accuracy", "exact");
        return;
    }
    if (!json_is_number(json_object_get(row, "rmse")))
        return;
    char sqnr[FIGURE_SIZE], cosine[FIGURE_SIZE];
    const char *measured = json_get_string(row, "measured", "full");
    fieldf("accuracy", "%sSQNR %s dB, RMSE %.3g, relative error %.3g, max abs %.3g, cosine %s",
           strcmp(measured, "sample") ? "" : "of a sample: ",
           figure_real(sqnr, json_get_real(row, "sqnr_db", NAN), 2),
           json_get_real(row, "rmse", NAN), json_get_real(row, "relative_error", NAN),
           json_get_real(row, "max_abs", NAN),
           figure_real(cosine, json_get_real(row, "cosine", NAN), 6));
}

/* Tensors whose codes were recovered. */
static void print_lattices(const json_t *row)
{
    long long exact = (long long)json_get_int(row, "lattice_exact", 0);
    long long rounded = (long long)json_get_int(row, "lattice_rounded", 0);
    if (exact || rounded)
        fieldf("lattice", "%lld tensors carried over exactly, %lld but for the source's rounding",
               exact, rounded);
}

/* The importance matrix and the errors that it weighs. */
static void print_importance(const json_t *row)
{
    char sqnr[FIGURE_SIZE];
    double error = json_get_real(row, "weighted_relative_error", NAN);
    if (!json_get_string(row, "importance_name", NULL))
        return;
    fieldf("importance", "%s, %lld entries, sha256 %s",
           json_get_string(row, "importance_name", "?"),
           (long long)json_get_int(row, "importance_entries", 0),
           json_get_string(row, "importance_sha256", "-"));
    if (isfinite(error))
        fieldf("weighted", "SQNR %s dB, relative error %.3g",
               figure_real(sqnr, json_get_real(row, "weighted_sqnr_db", NAN), 2), error);
}

/* The names of the overrides; their texts are in the manifest. */
static void print_overrides(const json_t *row)
{
    size_t i;
    json_t *override;
    json_array_foreach(json_object_get(row, "overrides"), i, override)
        field(i ? "" : "overrides", json_get_string(override, "name", "?"));
}

static void print_seconds(const json_t *row)
{
    static const char *const stages[] = { "hash",    "read",  "decode", "encode",
                                          "measure", "write", "sync",   "verify" };
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    if (!json_is_number(json_object_get(row, "total_s")))
        return;
    strbuf_printf(&text, "%.2f in all; over all threads:", json_get_real(row, "total_s", NAN));
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "%s_s", stages[i]);
        double seconds = json_get_real(row, key, NAN);
        if (isfinite(seconds))
            strbuf_printf(&text, "%s %s %.2f", i ? "," : "", stages[i], seconds);
    }
    field("seconds", text.failed ? NULL : text.data);
}

static void print_plugins(const json_t *row)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    size_t i;
    json_t *plugin;
    json_array_foreach(json_object_get(row, "plugins"), i, plugin)
        strbuf_printf(&text, "%s%s %s", i ? ", " : "", json_get_string(plugin, "name", "?"),
                      json_get_string(plugin, "version", "?"));
    field("plugins", text.failed ? NULL : text.data);
}

static void print_lists(const json_t *row)
{
    size_t i;
    json_t *item;
    char figure[FIGURE_SIZE];
    json_array_foreach(json_object_get(row, "files"), i, item)
        fieldf(i ? "" : "files", "%s  %s  sha256 %s", json_get_string(item, "name", "?"),
               bytes_of(item, "bytes", figure), json_get_string(item, "sha256", "-"));
    json_array_foreach(json_object_get(row, "evaluations"), i, item)
        fieldf(i ? "" : "evaluations", "%s %.6g  %s", json_get_string(item, "metric", "?"),
               json_get_real(item, "value", NAN), json_get_string(item, "detail", ""));
    json_array_foreach(json_object_get(row, "warnings"), i, item)
        field(i ? "" : "warnings", json_string_value(item));
}

static void print_conversion(const json_t *row)
{
    char in[FIGURE_SIZE], out[FIGURE_SIZE], bits[FIGURE_SIZE], rss[FIGURE_SIZE];
    fieldf("conversion", "%s, %s", json_get_string(row, "ref", "?"),
           json_get_string(row, "state", "?"));
    fieldf("target", "%s:%s", json_get_string(row, "format", "?"),
           json_get_string(row, "recipe", "?"));
    if (!strcmp(json_get_string(row, "search", ""), "best"))
        field("search", "best");
    field("output", json_get_string(row, "output_path", NULL));
    if (json_is_integer(json_object_get(row, "bytes_out")))
        fieldf("size", "%s from %s, %s bits per weight", bytes_of(row, "bytes_out", out),
               bytes_of(row, "bytes_in", in),
               figure_real(bits, json_get_real(row, "bits_per_weight", NAN), 3));
    print_accuracy(row);
    print_lattices(row);
    print_importance(row);
    print_overrides(row);
    print_seconds(row);
    if (json_is_integer(json_object_get(row, "threads")))
        fieldf("resources", "%lld threads, cpu %s, peak memory %s",
               (long long)json_get_int(row, "threads", 0), json_get_string(row, "cpu", "?"),
               bytes_of(row, "peak_rss", rss));
    print_plugins(row);
    if (json_get_string(row, "error_code", NULL))
        fieldf("error", "%s: %s", json_get_string(row, "error_code", "?"),
               json_get_string(row, "error_text", ""));
    print_lists(row);
}

static int is_weighted(const json_t *tensors)
{
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)tensors, i, row)
        if (json_is_number(json_object_get(row, "weighted_relative_error")))
            return 1;
    return 0;
}

/* Encodings that were made with importance have a star, those whose codes were recovered a plus. */
static int print_tensors(const json_t *tensors)
{
    static const char *const headings[] = {
        "TENSOR",  "SHAPE", "FROM",    "TO",     "SIZE",
        "SQNR dB", "RMSE",  "MAX ABS", "COSINE", "WEIGHTED dB"
    };
    if (json_array_size(tensors) == 0)
        return 0;
    int weighted = is_weighted(tensors);
    struct table *table = table_new(weighted ? "llllrrrrrr" : "llllrrrrr", headings);
    size_t i;
    json_t *row;
    char shape[96];
    json_array_foreach(tensors, i, row) {
        table_cell(table, json_get_string(row, "name", NULL));
        table_cell(table, shape_text(json_object_get(row, "shape"), shape));
        table_cell(table, json_get_string(row, "from_encoding", NULL));
        table_cellf(table, "%s%s", json_get_string(row, "to_encoding", "-"),
                    json_get_int(row, "importance", 0)      ? " *"
                    : json_get_string(row, "lattice", NULL) ? " +"
                                                            : "");
        reader_cell_bytes(table, row, "bytes_out");
        reader_cell_sqnr(table, row);
        reader_cell_small(table, row, "rmse");
        reader_cell_small(table, row, "max_abs");
        reader_cell_real(table, row, "cosine", 6);
        if (!weighted)
            continue;
        if (json_get_real(row, "weighted_relative_error", NAN) == 0)
            table_cell(table, "exact");
        else
            reader_cell_real(table, row, "weighted_sqnr_db", 2);
    }
    putchar('\n');
    int r = table_print(table, stdout);
    table_free(table);
    return r;
}

static int print_summary(const json_t *conversions)
{
    static const char *const headings[] = { "ID",  "TARGET",  "STATE", "SIZE",
                                            "BPW", "SQNR dB", "TIME",  "OUTPUT" };
    struct table *table = table_new("lllrrrrl", headings);
    size_t i;
    json_t *row;
    json_array_foreach(conversions, i, row) {
        table_cell(table, json_get_string(row, "ref", NULL));
        table_cellf(table, "%s:%s", json_get_string(row, "format", "?"),
                    json_get_string(row, "recipe", "?"));
        table_cell(table, json_get_string(row, "state", NULL));
        reader_cell_bytes(table, row, "bytes_out");
        reader_cell_real(table, row, "bits_per_weight", 2);
        reader_cell_sqnr(table, row);
        reader_cell_seconds(table, row, "total_s");
        table_cell(table, json_get_string(row, "output_path", NULL));
    }
    putchar('\n');
    int r = table_print(table, stdout);
    table_free(table);
    return r;
}

static void print_events(const json_t *events)
{
    size_t i;
    json_t *event;
    json_array_foreach(events, i, event)
        fieldf(i ? "" : "\nevents", "%s %s %s: %s", json_get_string(event, "at", "?"),
               json_get_string(event, "level", "?"), json_get_string(event, "kind", "?"),
               json_get_string(event, "text", ""));
}

int show_view_print(const json_t *shown)
{
    const json_t *conversions = json_object_get(shown, "conversions");
    int r = 0;
    print_job(json_object_get(shown, "job"));
    if (json_array_size(conversions) == 1) {
        const json_t *only = json_array_get(conversions, 0);
        putchar('\n');
        print_conversion(only);
        r = print_tensors(json_object_get(only, "tensors"));
    } else if (json_array_size(conversions) > 1) {
        r = print_summary(conversions);
    }
    print_events(json_object_get(shown, "events"));
    return r;
}
