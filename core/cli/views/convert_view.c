/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What `pare convert` prints at its end: a table of all outputs, or JSON. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/commands/convert_private.h"
#include "cli/table.h"

#include <math.h>
#include <string.h>

static void add_row(struct table *table, const json_t *output)
{
    const json_t *m = json_object_get(output, "manifest");
    const json_t *target = json_object_get(m, "target"), *made = json_object_get(m, "output");
    const json_t *accuracy = json_object_get(m, "accuracy");
    char text[FIGURE_SIZE];
    double seconds = json_get_real(json_object_get(m, "seconds"), "total", NAN);
    double in = (double)json_get_int(json_object_get(m, "source"), "bytes", 0);
    double sqnr = json_get_real(accuracy, "sqnr_db", NAN);
    int is_exact = !isfinite(sqnr) && json_get_real(accuracy, "rmse", NAN) == 0;
    table_cellf(table, "%s:%s", json_get_string(target, "format", "?"),
                json_get_string(target, "recipe", "?"));
    table_cell(table, figure_bytes(text, (uint64_t)json_get_int(made, "bytes", 0)));
    table_cell(table, figure_real(text, json_get_real(made, "bits_per_weight", NAN), 2));
    const char *about = strcmp(json_get_string(accuracy, "measured", ""), "sample") ? "" : "~";
    table_cellf(table, "%s%s", about, is_exact ? "exact" : figure_real(text, sqnr, 2));
    table_cell(table, figure_real(text, seconds, 2));
    table_cell(table, figure_real(text, seconds > 0 ? in / 1e6 / seconds : NAN, 1));
    table_cell(table, json_get_string(output, "path", NULL));
}

int convert_print_summary(const struct convert_result *results, size_t n)
{
    static const char *const headings[] = { "TARGET",  "SIZE", "BPW",   "SQNR dB",
                                            "SECONDS", "MB/s", "OUTPUT" };
    struct table *table = table_new("lrrrrrl", headings);
    size_t rows = 0;
    for (size_t k = 0; k < n; k++) {
        size_t i;
        json_t *output;
        json_array_foreach(results[k].outputs, i, output) {
            add_row(table, output);
            rows++;
        }
    }
    int r = rows ? table_print(table, stdout) : 0;
    table_free(table);
    return r < 0 ? cli_fail(CLI_FAILURE, "out of memory") : CLI_OK;
}

static json_t *result_json(const struct convert_result *result)
{
    const struct error *e = &result->error;
    json_t *error = e->code ? json_pack("{s:s, s:o}", "code", error_name(e->code), "text",
                                        json_text(e->text, strlen(e->text)))
                            : json_null();
    return json_pack("{s:o, s:b, s:o, s:O}", "source",
                     json_text(result->operand, strlen(result->operand)), "ok", e->code == 0,
                     "error", error, "outputs", result->outputs);
}

int convert_print_json(const struct convert_result *results, size_t n)
{
    _cleanup_json_ json_t *all = json_array();
    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(all, result_json(&results[i])) < 0)
            return cli_fail(CLI_FAILURE, "out of memory");
    _cleanup_json_ json_t *object = json_pack("{s:O}", "results", all);
    return object ? cli_print_json(object) : cli_fail(CLI_FAILURE, "out of memory");
}
