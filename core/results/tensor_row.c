/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Rows of tensors: see tensor_row.h. */
#include "results/tensor_row.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

#define LONGEST_ENCODING 64

const char *tensor_row_lattice_name(enum tensor_row_lattice lattice)
{
    return lattice == ROW_LATTICE_EXACT     ? "exact"
           : lattice == ROW_LATTICE_ROUNDED ? "rounded"
                                            : NULL;
}

/* ---- checks ---- */

static int is_plain_name(struct pare_str text)
{
    if (!text.len || text.len > LONGEST_ENCODING)
        return 0;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' || text.data[i] > '~')
            return 0;
    return 1;
}

static int shape_fits(const struct tensor_row *row)
{
    uint64_t n = 1;
    if (row->n_dims > PARE_MAX_DIMS)
        return 0;
    for (uint32_t i = 0; i < row->n_dims; i++)
        if (checked_mul(n, row->dims[i], &n) < 0)
            return 0;
    return n == row->elements;
}

static int figures_are_finite(const struct tensor_row *row)
{
    for (size_t i = 0; i < ROW_FIGURES; i++)
        if (isinf(row->figures[i]))
            return 0;
    return 1;
}

int tensor_row_check(const struct tensor_row *row, struct error *err)
{
    const uint64_t counts = row->elements | row->bytes_in | row->bytes | row->nonfinite;
    const char *wrong = NULL;
    if (!row->name.len || row->name.len > PARE_MAX_NAME)
        wrong = "its name is empty or too long";
    else if (!is_plain_name(row->from) || !is_plain_name(row->to))
        wrong = "its encodings have no plain names";
    else if (counts > INT64_MAX)
        wrong = "a count is too large";
    else if (!shape_fits(row))
        wrong = "its shape and its number of elements differ";
    else if (!figures_are_finite(row))
        wrong = "a figure is infinite";
    else if (row->probe_first > row->elements ||
             row->probe_count > row->elements - row->probe_first)
        wrong = "its sample lies outside";
    return wrong ? error_set(err, PARE_EDATA, "tensor `%s`: %s", text_show(row->name).text, wrong)
                 : 0;
}

/* ---- as JSON ---- */

static int is_plain(struct pare_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' || text.data[i] > '~' || text.data[i] == '"' || text.data[i] == '\\')
            return 0;
    return 1;
}

/* Nearly all names are plain; the others take the way of all texts. */
static void add_text(struct strbuf *sb, const char *key, struct pare_str text)
{
    strbuf_puts(sb, key);
    if (!text.data) {
        strbuf_puts(sb, "null");
    } else if (is_plain(text)) {
        strbuf_puts(sb, "\"");
        strbuf_add(sb, text.data, text.len);
        strbuf_puts(sb, "\"");
    } else {
        _cleanup_json_ json_t *json = json_text(text.data, text.len);
        _cleanup_free_ char *quoted = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;
        sb->failed |= !quoted;
        strbuf_puts(sb, quoted ? quoted : "");
    }
}

static void add_digits(struct strbuf *sb, uint64_t value)
{
    char digits[24];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    strbuf_add(sb, digits + at, sizeof digits - at);
}

static void add_count(struct strbuf *sb, const char *key, uint64_t value)
{
    strbuf_puts(sb, key);
    add_digits(sb, value);
}

/* As Jansson writes a real with twelve digits. */
static void add_figure(struct strbuf *sb, const char *key, double value)
{
    char text[40];
    strbuf_puts(sb, key);
    if (isnan(value)) {
        strbuf_puts(sb, "null");
    } else if (value == 0 || value == 1) {
        strbuf_puts(sb, value == 0 ? "0.0" : "1.0");
    } else {
        (void)snprintf(text, sizeof text, "%.12g", value);
        strbuf_puts(sb, text);
        strbuf_puts(sb, text[strcspn(text, ".e")] ? "" : ".0");
    }
}

void tensor_row_add_shape(struct strbuf *sb, const struct tensor_row *row)
{
    strbuf_puts(sb, "[");
    for (uint32_t i = 0; i < row->n_dims; i++)
        add_count(sb, i ? "," : "", row->dims[i]);
    strbuf_puts(sb, "]");
}

void tensor_row_add_json(struct strbuf *sb, const struct tensor_row *row)
{
    const double *f = row->figures;
    add_text(sb, "{\"name\":", row->name);
    strbuf_puts(sb, ",\"shape\":");
    tensor_row_add_shape(sb, row);
    add_text(sb, ",\"from\":", row->from);
    add_text(sb, ",\"to\":", row->to);
    add_count(sb, ",\"elements\":", row->elements);
    add_count(sb, ",\"bytes_in\":", row->bytes_in);
    add_count(sb, ",\"bytes\":", row->bytes);
    add_figure(sb, ",\"rmse\":", f[ROW_RMSE]);
    add_figure(sb, ",\"sqnr_db\":", f[ROW_SQNR_DB]);
    add_figure(sb, ",\"relative_error\":", f[ROW_RELATIVE_ERROR]);
    add_figure(sb, ",\"max_abs\":", f[ROW_MAX_ABS]);
    add_figure(sb, ",\"cosine\":", f[ROW_COSINE]);
    add_count(sb, ",\"nonfinite\":", row->nonfinite);
    add_figure(sb, ",\"seconds\":", f[ROW_SECONDS]);
    strbuf_puts(sb, row->importance ? ",\"importance\":true" : ",\"importance\":false");
    add_figure(sb, ",\"weighted_relative_error\":", f[ROW_WEIGHTED_RELATIVE_ERROR]);
    add_figure(sb, ",\"weighted_sqnr_db\":", f[ROW_WEIGHTED_SQNR_DB]);
    add_text(sb, ",\"lattice\":", text_of(tensor_row_lattice_name(row->lattice)));
    add_text(sb, ",\"source\":", row->source);
    add_text(sb, ",\"origin\":", row->origin);
    strbuf_puts(sb, "}");
}

/* ---- from JSON ---- */

static int take_shape(const json_t *object, struct tensor_row *row)
{
    const json_t *shape = json_object_get(object, "shape");
    size_t n = json_array_size(shape);
    if (!json_is_array(shape) || n > PARE_MAX_DIMS)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const json_t *dim = json_array_get(shape, i);
        if (!json_is_integer(dim) || json_integer_value(dim) < 0)
            return -1;
        row->dims[i] = (uint64_t)json_integer_value(dim);
    }
    row->n_dims = (uint32_t)n;
    return 0;
}

static enum tensor_row_lattice take_lattice(const json_t *object)
{
    const char *name = json_get_string(object, "lattice", "");
    return !strcmp(name, "exact")     ? ROW_LATTICE_EXACT
           : !strcmp(name, "rounded") ? ROW_LATTICE_ROUNDED
                                      : ROW_NO_LATTICE;
}

int tensor_row_from_json(const json_t *object, struct tensor_row *ret_row, struct error *err)
{
    static const char *const keys[] = {
        [ROW_RMSE] = "rmse",
        [ROW_SQNR_DB] = "sqnr_db",
        [ROW_RELATIVE_ERROR] = "relative_error",
        [ROW_MAX_ABS] = "max_abs",
        [ROW_COSINE] = "cosine",
        [ROW_WEIGHTED_RELATIVE_ERROR] = "weighted_relative_error",
        [ROW_WEIGHTED_SQNR_DB] = "weighted_sqnr_db",
        [ROW_SECONDS] = "seconds",
        [ROW_PROBE_SSE] = "",
    };
    struct tensor_row row = {
        .name = text_of(json_get_string(object, "name", NULL)),
        .source = text_of(json_get_string(object, "source", NULL)),
        .origin = text_of(json_get_string(object, "origin", NULL)),
        .from = text_of(json_get_string(object, "from", NULL)),
        .to = text_of(json_get_string(object, "to", NULL)),
        .elements = (uint64_t)json_get_int(object, "elements", -1),
        .bytes_in = (uint64_t)json_get_int(object, "bytes_in", 0),
        .bytes = (uint64_t)json_get_int(object, "bytes", 0),
        .nonfinite = (uint64_t)json_get_int(object, "nonfinite", 0),
        .importance = json_get_bool(object, "importance", 0),
        .lattice = take_lattice(object),
    };
    for (size_t i = 0; i < ROW_FIGURES; i++)
        row.figures[i] = json_get_real(object, keys[i], NAN);
    if (take_shape(object, &row) < 0 || !json_is_integer(json_object_get(object, "elements")))
        return error_set(err, PARE_EDATA, "tensor `%s`: it has no shape and number of elements",
                         text_show(row.name).text);
    int r = tensor_row_check(&row, err);
    if (r == 0)
        *ret_row = row;
    return r;
}
