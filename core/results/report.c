/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Reports: see report.h. Names come from models: they are escaped for Markdown tables. */
#include "results/report.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "results/report_cells.h"

#include <math.h>
#include <string.h>

static void add_field(struct strbuf *sb, const char *label, const char *text)
{
    strbuf_printf(sb, "| %s | ", label);
    cells_text(sb, text);
    strbuf_puts(sb, " |\n");
}

static void add_count_field(struct strbuf *sb, const char *label, const json_t *object,
                            const char *key, const char *unit)
{
    strbuf_printf(sb, "| %s | ", label);
    cells_count(sb, json_get_int(object, key, 0));
    strbuf_printf(sb, "%s |\n", unit);
}

static void add_overview(struct strbuf *sb, const json_t *m)
{
    const json_t *source = json_object_get(m, "source"), *output = json_object_get(m, "output");
    const json_t *target = json_object_get(m, "target");
    int64_t in = json_get_int(source, "bytes", 0), out = json_get_int(output, "bytes", 0);
    strbuf_puts(sb, "| | |\n|---|---|\n");
    add_field(sb, "Source", json_get_string(source, "path", "?"));
    add_field(sb, "Format", json_get_string(source, "format", "?"));
    add_field(sb, "Architecture", json_get_string(source, "architecture", "unknown"));
    add_field(sb, "License", json_get_string(source, "license", "not stated"));
    add_count_field(sb, "Parameters", source, "parameters", "");
    add_count_field(sb, "Tensors", source, "tensors", "");
    add_count_field(sb, "Weights before", source, "bytes", " bytes");
    strbuf_puts(sb, "| Target | ");
    cells_text(sb, json_get_string(target, "format", "?"));
    strbuf_puts(sb, ":");
    cells_text(sb, json_get_string(target, "recipe", "?"));
    strbuf_puts(sb, " |\n");
    const char *map = json_get_string(target, "map", NULL);
    if (map)
        add_field(sb, "Architecture map", map);
    if (!strcmp(json_get_string(target, "search", ""), "best"))
        add_field(sb, "Search", "best");
    add_count_field(sb, "Output", output, "bytes", " bytes");
    if (in > 0)
        strbuf_printf(sb, "| Size against the source's weights | %.1f %% |\n",
                      100.0 * (double)out / (double)in);
    strbuf_printf(sb, "| Bits per weight | %.3f |\n", json_get_real(output, "bits_per_weight", 0));
}

/* Says which codes were taken over instead of computed. */
static void add_lattices(struct strbuf *sb, const json_t *m)
{
    const json_t *lattice = json_object_get(m, "lattice");
    long long exact = (long long)json_get_int(lattice, "exact", 0);
    long long rounded = (long long)json_get_int(lattice, "rounded", 0);
    if (exact > 0)
        strbuf_printf(sb,
                      "\n%lld tensors lie on the lattice of their encoding and were carried "
                      "over exactly: decoded, they are the source's weights, bit for bit.\n",
                      exact);
    if (rounded > 0)
        strbuf_printf(sb,
                      "\n%lld tensors lie on the lattice of their encoding but for the "
                      "rounding of the source's 16-bit floats, and were carried over: decoded "
                      "and rounded to these, they are the source's weights, bit for bit.\n",
                      rounded);
}

static double figure(const json_t *object, const char *key)
{
    return json_get_real(object, key, NAN);
}

static void add_accuracy(struct strbuf *sb, const json_t *m)
{
    const json_t *a = json_object_get(m, "accuracy");
    const char *measured = json_get_string(a, "measured", "full");
    strbuf_puts(sb, "\n## Accuracy\n\n");
    if (!strcmp(measured, "none")) {
        strbuf_puts(sb, "Nothing was measured: that was asked for.\n");
        add_lattices(sb, m);
        return;
    }
    strbuf_printf(sb,
                  "Over %s, from decoding what was written.\n\n"
                  "| SQNR (dB) | RMSE | relative error | max. abs. error | cosine |\n"
                  "|--:|--:|--:|--:|--:|\n|",
                  strcmp(measured, "sample") ? "all weights" : "an eighth of the weights");
    cells_decibels(sb, figure(a, "sqnr_db"), figure(a, "rmse"));
    cells_number(sb, figure(a, "rmse"), 4);
    cells_number(sb, figure(a, "relative_error"), 4);
    cells_number(sb, figure(a, "max_abs"), 4);
    cells_number(sb, figure(a, "cosine"), 8);
    strbuf_puts(sb, "\n");
    add_lattices(sb, m);
    if (!json_is_object(json_object_get(m, "importance")))
        return;
    strbuf_puts(sb, "\nThe same weighed by the importance of each column, over the tensors that "
                    "have it.\n\n| weighted SQNR (dB) | weighted relative error |\n|--:|--:|\n|");
    cells_decibels(sb, figure(a, "weighted_sqnr_db"), figure(a, "weighted_relative_error"));
    cells_number(sb, figure(a, "weighted_relative_error"), 4);
    strbuf_puts(sb, "\n");
}

static void add_census(struct strbuf *sb, const json_t *m)
{
    size_t i;
    json_t *entry;
    strbuf_puts(sb, "\n## Encodings\n\n| encoding | tensors | elements | bytes |\n"
                    "|---|--:|--:|--:|\n");
    json_array_foreach(json_object_get(json_object_get(m, "output"), "census"), i, entry) {
        strbuf_puts(sb, "| ");
        cells_text(sb, json_get_string(entry, "encoding", "?"));
        static const char *const keys[] = { "tensors", "elements", "bytes" };
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            strbuf_puts(sb, " | ");
            cells_count(sb, json_get_int(entry, keys[k], 0));
        }
        strbuf_puts(sb, " |\n");
    }
}

static void add_stages(struct strbuf *sb, const json_t *m)
{
    static const char *const stages[] = { "hash",  "read", "decode", "encode", "measure",
                                          "write", "sync", "verify", "total" };
    const json_t *seconds = json_object_get(m, "seconds");
    const json_t *resources = json_object_get(m, "resources");
    strbuf_puts(sb, "\n## Time\n\nSeconds of the whole job, stages summed over threads; `verify` "
                    "is this output's own and `total` is by the clock.\n\n| stage | seconds |\n"
                    "|---|--:|\n");
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        strbuf_printf(sb, "| %s | %.3f |\n", stages[i], json_get_real(seconds, stages[i], 0));
    strbuf_printf(sb, "\n%lld threads, CPU level ",
                  (long long)json_get_int(resources, "threads", 0));
    cells_text(sb, json_get_string(resources, "cpu", "unknown"));
    strbuf_printf(sb, ", peak memory %.1f MiB.\n",
                  (double)json_get_int(resources, "peak_rss", 0) / (1 << 20));
}

static void add_warnings(struct strbuf *sb, const json_t *m)
{
    const json_t *warnings = json_object_get(m, "warnings");
    size_t i;
    json_t *warning;
    if (json_array_size(warnings))
        strbuf_puts(sb, "\n## Warnings\n\n");
    json_array_foreach((json_t *)warnings, i, warning) {
        strbuf_puts(sb, "- ");
        cells_text(sb, json_string_value(warning));
        strbuf_puts(sb, "\n");
    }
}

static void add_files(struct strbuf *sb, const char *title, const json_t *files)
{
    size_t i;
    json_t *file;
    strbuf_printf(sb, "\n%s:\n\n", title);
    json_array_foreach((json_t *)files, i, file) {
        strbuf_puts(sb, "- ");
        cells_text(sb, json_get_string(file, "name", "?"));
        strbuf_printf(sb, ", %lld bytes, SHA-256 %s\n", (long long)json_get_int(file, "bytes", 0),
                      json_get_string(file, "sha256", "unknown"));
    }
}

/* "x.imatrix.gguf, 42 entries from 640 chunks of cal.txt, SHA-256 ...". */
static void add_importance(struct strbuf *sb, const json_t *importance)
{
    int64_t chunks = json_get_int(importance, "chunks", 0);
    const char *dataset = json_get_string(importance, "dataset", NULL);
    if (!json_is_object(importance))
        return;
    strbuf_puts(sb, "\nImportance matrix:\n\n- ");
    cells_text(sb, json_get_string(importance, "name", "?"));
    strbuf_printf(sb, ", %lld entries", (long long)json_get_int(importance, "entries", 0));
    if (chunks > 0)
        strbuf_printf(sb, " from %lld chunks", (long long)chunks);
    if (dataset) {
        strbuf_puts(sb, " of ");
        cells_text(sb, dataset);
    }
    strbuf_printf(sb, ", %lld bytes, SHA-256 %s\n", (long long)json_get_int(importance, "bytes", 0),
                  json_get_string(importance, "sha256", "unknown"));
}

/* Overrides, indented: Markdown shows them as they are. */
static void add_overrides(struct strbuf *sb, const json_t *overrides)
{
    size_t i;
    json_t *override;
    if (json_array_size(overrides))
        strbuf_puts(sb, "\nOverrides of the recipe:\n");
    json_array_foreach((json_t *)overrides, i, override) {
        strbuf_puts(sb, "\n- ");
        cells_text(sb, json_get_string(override, "name", "?"));
        strbuf_puts(sb, ":\n\n      ");
        for (const char *p = json_get_string(override, "text", ""); *p; p++) {
            if ((unsigned char)*p < 0x20 && *p != '\n' && *p != '\t')
                strbuf_printf(sb, "\\x%02x", (unsigned)*p);
            else
                strbuf_add(sb, p, 1);
            if (*p == '\n' && p[1])
                strbuf_puts(sb, "      ");
        }
        strbuf_puts(sb, "\n");
    }
}

static void add_provenance(struct strbuf *sb, const json_t *m)
{
    const json_t *source = json_object_get(m, "source"), *output = json_object_get(m, "output");
    size_t i;
    json_t *plugin;
    strbuf_puts(sb, "\n## Provenance\n\nMade by pare ");
    cells_text(sb, json_get_string(json_object_get(m, "program"), "version", "?"));
    strbuf_puts(sb, ", job ");
    cells_text(sb, json_get_string(m, "job", "?"));
    strbuf_puts(sb, ", on ");
    cells_text(sb, json_get_string(m, "created", "?"));
    strbuf_puts(sb, ", with the plugins");
    json_array_foreach(json_object_get(m, "plugins"), i, plugin) {
        strbuf_puts(sb, i ? ", " : " ");
        cells_text(sb, json_get_string(plugin, "name", "?"));
        strbuf_puts(sb, " ");
        cells_text(sb, json_get_string(plugin, "version", "?"));
    }
    strbuf_puts(sb, ".\n");
    add_files(sb, "Source files", json_object_get(source, "files"));
    add_files(sb, "Output files", json_object_get(output, "files"));
    add_importance(sb, json_object_get(m, "importance"));
    add_overrides(sb, json_object_get(json_object_get(m, "target"), "overrides"));
}

char *report_text(const json_t *m, const struct report_tensors *tensors)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_puts(&sb, "# ");
    cells_text(&sb, json_get_string(json_object_get(m, "output"), "name", "?"));
    strbuf_puts(&sb, "\n\n");
    add_overview(&sb, m);
    add_accuracy(&sb, m);
    add_warnings(&sb, m);
    add_census(&sb, m);
    add_stages(&sb, m);
    report_tensors_print(tensors, &sb);
    add_provenance(&sb, m);
    return strbuf_finish(&sb);
}
