/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Importance matrices: see importance.h. A reader plugin gives either form of file as a model with
 * two tensors per entry, NAME.in_sum2 and NAME.counts. In a GGUF file the counts are floats, one
 * for each matrix; in a legacy file there is one, an integer, and sums are means already but for
 * it. What is computed of them, and what rounds, is as in llama-quantize: one division of floats.
 */
#include "weights/importance.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "model/metadata.h"
#include "plugin/source.h"

#include <math.h>
#include <string.h>

#define LEGACY "imatrix"   /* the format's name */
#define PIECE 4096u        /* floats that are read at once */
#define CHECKED (1u << 20) /* values checked, and bytes digested, between two beats */

struct importance {
    const struct model *model;
    struct source *source;
    char *label, *dataset; /* dataset: NULL if there is none */
    int64_t chunks;
    struct importance_entry *entries;
    uint64_t n;
    struct strmap names; /* to the entry's index */
    char sha256[HASH_HEX_SIZE];
};

DEFINE_CLEANUP(struct importance *, importance_free);
DEFINE_CLEANUP(struct hash *, hash_free);

static const char sums_suffix[] = ".in_sum2", counts_suffix[] = ".counts";

void importance_free(struct importance *importance)
{
    if (!importance)
        return;
    source_close(importance->source);
    strmap_deinit(&importance->names);
    free(importance->label);
    free(importance->dataset);
    free(importance->entries);
    free(importance);
}

static const char *file_name(const struct importance *importance)
{
    return importance->model->files[0].name;
}

/* ---- the table ---- */

static int fail(const struct importance *importance, struct pare_str name, const char *rule,
                struct error *err)
{
    return error_set(err, PARE_EDATA, "%s: entry `%s` %s", file_name(importance),
                     text_show(name).text, rule);
}

/* 1 when the name ends so; *ret_stem is what comes before. */
static int cut_suffix(struct pare_str name, const char *suffix, struct pare_str *ret_stem)
{
    size_t n = strlen(suffix);
    if (name.len <= n || memcmp(name.data + name.len - n, suffix, n) != 0)
        return 0;
    *ret_stem = (struct pare_str){ name.data, name.len - n };
    return 1;
}

static int find_partner(const struct importance *importance, struct pare_str stem,
                        const char *suffix, uint64_t *ret_index, struct error *err)
{
    _cleanup_strbuf_ struct strbuf name = STRBUF_INIT;
    strbuf_add(&name, stem.data, stem.len);
    strbuf_puts(&name, suffix);
    if (name.failed)
        return error_oom(err);
    return strmap_find(&importance->model->tensor_names, name.data, name.len, ret_index);
}

static int check_entry(const struct importance *importance, const struct importance_entry *entry,
                       struct error *err)
{
    const struct model_tensor *sums = &importance->model->tensors[entry->sums];
    const struct model_tensor *counts = &importance->model->tensors[entry->counts];
    int legacy = !strcmp(importance->model->format, LEGACY);
    if (strcmp(sums->encoding_name, "f32") != 0 ||
        strcmp(counts->encoding_name, legacy ? "i32" : "f32") != 0)
        return fail(importance, entry->name, "does not have its sums and counts as f32", err);
    if (!sums->encoding || !counts->encoding)
        return error_set(err, PARE_ENOTSUP, "no plugin decodes %s", sums->encoding_name);
    if (!sums->elements || !counts->elements)
        return fail(importance, entry->name, "has no values", err);
    if (sums->elements % counts->elements)
        return fail(importance, entry->name,
                    "has sums that do not divide into as many matrices as it has counts", err);
    return 0;
}

/* Adds the entry of a tensor when it is one's sums; counts must have theirs. */
static int add_entry(struct importance *importance, uint64_t index, struct error *err)
{
    struct importance_entry entry = { .sums = index };
    struct pare_str name = importance->model->tensors[index].name;
    int r;
    if (!cut_suffix(name, sums_suffix, &entry.name)) {
        if (!cut_suffix(name, counts_suffix, &entry.name))
            return 0;
        r = find_partner(importance, entry.name, sums_suffix, &entry.sums, err);
        return r ? (r < 0 ? r : 0) : fail(importance, entry.name, "has counts but no sums", err);
    }
    r = find_partner(importance, entry.name, counts_suffix, &entry.counts, err);
    if (r <= 0)
        return r < 0 ? r : fail(importance, entry.name, "has sums but no counts", err);
    r = check_entry(importance, &entry, err);
    if (r < 0)
        return r;
    entry.matrices = importance->model->tensors[entry.counts].elements;
    entry.row_len = importance->model->tensors[index].elements / entry.matrices;
    importance->entries[importance->n] = entry;
    return strmap_add(&importance->names, entry.name.data, entry.name.len, importance->n++, err);
}

static int make_table(struct importance *importance, struct error *err)
{
    const struct model *model = importance->model;
    importance->entries = calloc(model->n_tensors / 2 + 1, sizeof *importance->entries);
    if (!importance->entries)
        return error_oom(err);
    for (uint64_t i = 0; i < model->n_tensors; i++) {
        int r = add_entry(importance, i, err);
        if (r < 0)
            return r;
    }
    if (importance->n)
        return 0;
    return error_set(err, PARE_EDATA,
                     "%s: no importance matrix: it has no entries (tensors NAME%s and NAME%s)",
                     file_name(importance), sums_suffix, counts_suffix);
}

/* ---- metadata ---- */

static int is_u32(const struct pare_value *value)
{
    return value && value->type == PARE_U32 && !value->is_array;
}

/* The first dataset, up to a NUL, as C++ would see it; a list of anything else names none. */
static int read_dataset(struct importance *importance, struct error *err)
{
    const struct pare_value *value = meta_find(importance->model, "imatrix.datasets");
    if (!value || value->type != PARE_STRING || !value->is_array || !value->count)
        return 0;
    const struct pare_str *first = value->data;
    importance->dataset = strndup(first->data, first->len);
    return importance->dataset ? 0 : error_oom(err);
}

static int read_metadata(struct importance *importance, struct error *err)
{
    const struct model *model = importance->model;
    int legacy = !strcmp(model->format, LEGACY);
    if (!legacy && (!meta_find(model, "imatrix.datasets") ||
                    !is_u32(meta_find(model, "imatrix.chunk_count")) ||
                    !is_u32(meta_find(model, "imatrix.chunk_size"))))
        return error_set(err, PARE_EDATA,
                         "%s: no importance matrix: it lacks one of the metadata "
                         "imatrix.datasets, imatrix.chunk_count (u32), imatrix.chunk_size (u32)",
                         file_name(importance));
    importance->chunks = (int32_t)(uint32_t)meta_int(model, "imatrix.chunk_count", 0);
    return read_dataset(importance, err);
}

int importance_open(const struct registry *registry, struct model *model, const char *label,
                    const struct host_hooks *hooks, struct importance **ret_importance,
                    struct error *err)
{
    CLEANUP(importance_free_cleanup) struct importance *importance = calloc(1, sizeof *importance);
    if (!importance || !(importance->label = strdup(label)))
        return error_oom(err);
    if (model->n_files != 1)
        return error_set(err, PARE_EUSAGE, "an importance matrix is one file, not %u",
                         model->n_files);
    importance->model = model;
    int r = source_open(registry, model, NULL, hooks, &importance->source, err);
    if (r == 0)
        r = read_metadata(importance, err);
    if (r == 0)
        r = make_table(importance, err);
    if (r < 0)
        return r;
    *ret_importance = TAKE(importance);
    return 0;
}

/* 1 when a text of the array is part of the name. */
static int is_named(const json_t *texts, struct pare_str name)
{
    size_t i;
    json_t *text;
    json_array_foreach((json_t *)texts, i, text)
        if (json_is_string(text) &&
            memmem(name.data, name.len, json_string_value(text), json_string_length(text)))
            return 1;
    return 0;
}

int importance_restrict(struct importance *importance, const json_t *include, const json_t *exclude,
                        struct error *err)
{
    struct strmap names = STRMAP_INIT;
    uint64_t n = 0;
    int r = 0;
    for (uint64_t i = 0; i < importance->n && r >= 0; i++) {
        const struct importance_entry entry = importance->entries[i];
        if (is_named(exclude, entry.name) ||
            (json_array_size(include) && !is_named(include, entry.name)))
            continue;
        importance->entries[n] = entry;
        r = strmap_add(&names, entry.name.data, entry.name.len, n++, err);
    }
    strmap_deinit(&importance->names);
    importance->names = names;
    importance->n = n;
    if (r >= 0 && !n)
        return error_set(err, PARE_EUSAGE, "%s: no entry is left of those to include and exclude",
                         file_name(importance));
    return r < 0 ? r : 0;
}

/* ---- values ---- */

/* The divisor of a matrix' sums; what is not above 0 divides nothing. */
static int read_count(const struct importance *importance, const struct importance_entry *entry,
                      uint64_t matrix, float *ret_count, struct error *err)
{
    const struct model_tensor *t = &importance->model->tensors[entry->counts];
    unsigned char bytes[4];
    const void *planes[1] = { bytes };
    float count = 0;
    int r = source_read(importance->source, entry->counts, 0, 4 * matrix, bytes, 4, err);
    if (r < 0)
        return r;
    t->encoding->kernel.decode(planes, 1, 1, &count);
    if (t->encoding->flags & PARE_ENCODING_FLOAT) {
        if (!(count >= 0 && count < 0x1p63f))
            return fail(importance, entry->name, "has a count that is negative or not finite", err);
        count = roundf(count);
    }
    *ret_count = count;
    return 0;
}

/* At most PIECE sums of one matrix. */
static int read_sums(const struct importance *importance, const struct importance_entry *entry,
                     uint64_t first, size_t n, float *ret_sums, struct error *err)
{
    const struct model_tensor *t = &importance->model->tensors[entry->sums];
    unsigned char bytes[4 * PIECE];
    const void *planes[1] = { bytes };
    int r = source_read(importance->source, entry->sums, 0, 4 * first, bytes, 4 * n, err);
    if (r < 0)
        return r;
    t->encoding->kernel.decode(planes, 1, n, ret_sums);
    for (size_t i = 0; i < n; i++)
        if (!(ret_sums[i] >= 0 && ret_sums[i] < INFINITY))
            return fail(importance, entry->name, "has a value that is negative or not finite", err);
    return 0;
}

/* n sums of a matrix become its values. */
static void divide(const struct importance *importance, const struct importance_entry *entry,
                   float count, float *values, size_t n)
{
    const struct model_tensor *t = &importance->model->tensors[entry->counts];
    int mean_is_known = (t->encoding->flags & PARE_ENCODING_FLOAT) == 0;
    if (count > 0)
        for (size_t i = 0; i < n; i++)
            values[i] = values[i] / count;
    else if (!mean_is_known)
        for (size_t i = 0; i < n; i++)
            values[i] = 1;
}

int importance_read(const struct importance *importance, const struct importance_entry *entry,
                    uint64_t first, size_t n, float *ret_values, struct error *err)
{
    while (n) {
        uint64_t left = entry->row_len - first % entry->row_len;
        size_t part = n < PIECE ? n : PIECE;
        part = part < left ? part : (size_t)left;
        float count = 0;
        int r = read_count(importance, entry, first / entry->row_len, &count, err);
        if (r == 0)
            r = read_sums(importance, entry, first, part, ret_values, err);
        if (r < 0)
            return r;
        divide(importance, entry, count, ret_values, part);
        ret_values += part;
        first += part;
        n -= part;
    }
    return 0;
}

static int digest(struct importance *importance, void (*beat)(void *context), void *context,
                  struct error *err)
{
    const struct model_file *file = &importance->model->files[0];
    CLEANUP(hash_free_cleanup) struct hash *hash = NULL;
    _cleanup_free_ unsigned char *buffer = malloc(CHECKED);
    int r = buffer ? hash_new(&hash, err) : error_oom(err);
    for (uint64_t at = 0; r == 0 && at < file->size;) {
        size_t n = file->size - at < CHECKED ? (size_t)(file->size - at) : CHECKED;
        r = file_pread(file->fd, buffer, n, at, err);
        if (r < 0)
            return error_prefix(err, "%s", file->name);
        hash_update(hash, buffer, n);
        at += n;
        beat(context);
    }
    if (r == 0)
        hash_final(hash, importance->sha256);
    return r;
}

int importance_check(struct importance *importance, void (*beat)(void *context), void *context,
                     struct error *err)
{
    _cleanup_free_ float *values = malloc(CHECKED * sizeof *values);
    int r = values ? digest(importance, beat, context, err) : error_oom(err);
    for (uint64_t i = 0; r == 0 && i < importance->n; i++) {
        const struct importance_entry *entry = &importance->entries[i];
        uint64_t total = entry->row_len * entry->matrices;
        for (uint64_t at = 0; r == 0 && at < total; at += CHECKED) {
            size_t n = total - at < CHECKED ? (size_t)(total - at) : CHECKED;
            r = importance_read(importance, entry, at, n, values, err);
            beat(context);
        }
    }
    return r;
}

/* ---- asking ---- */

int importance_find(const struct importance *importance, struct pare_str name,
                    const struct importance_entry **ret_entry)
{
    uint64_t at;
    if (!strmap_find(&importance->names, name.data, name.len, &at))
        return 0;
    *ret_entry = &importance->entries[at];
    return 1;
}

int importance_fits(const struct importance_entry *entry, const struct model_tensor *tensor)
{
    uint64_t matrices = tensor->n_dims > 2 ? tensor->dims[tensor->n_dims - 3] : 1;
    uint64_t columns = tensor->row_len * matrices; /* at most the tensor's elements */
    return tensor->elements && entry->row_len * entry->matrices == columns;
}

const struct importance_entry *importance_for(const struct importance *importance,
                                              const struct model_tensor *tensor)
{
    const struct importance_entry *entry = NULL;
    if (!importance || !importance_find(importance, tensor->name, &entry))
        return NULL;
    return importance_fits(entry, tensor) ? entry : NULL;
}

const char *importance_name(const struct importance *importance)
{
    return importance->label;
}

const char *importance_dataset(const struct importance *importance)
{
    return importance->dataset;
}

uint64_t importance_entries(const struct importance *importance)
{
    return importance->n;
}

int64_t importance_chunks(const struct importance *importance)
{
    return importance->chunks;
}

static json_t *text_or_null(const char *text)
{
    return text && *text ? json_text(text, strlen(text)) : json_null();
}

json_t *importance_json(const struct importance *importance)
{
    int64_t chunks = importance->chunks;
    return json_pack("{s:o, s:I, s:o, s:I, s:o, s:o}", "name", text_or_null(importance->label),
                     "bytes", (json_int_t)importance->model->files[0].size, "sha256",
                     text_or_null(importance->sha256), "entries", (json_int_t)importance->n,
                     "chunks", chunks > 0 ? json_integer(chunks) : json_null(), "dataset",
                     text_or_null(importance->dataset));
}
