/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What `pare inspect` shows: files, tensors, metadata and tokenizer of a model, as JSON. */
#include "worker/inspect.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "target/route.h"
#include "map/map.h"
#include "model/metadata.h"
#include "model/side_files.h"
#include "plugin/source.h"

#include <string.h>

#define SHOWN_ENTRIES 4096 /* of metadata: real models have some dozens */
#define SHOWN_ELEMENTS 8   /* of an array */
#define SHOWN_BYTES 4096   /* of a string */
#define SHOWN_SPECIAL 64   /* tokens with a task */

DEFINE_CLEANUP(struct source *, source_close);

static const char *const type_names[] = {
    [PARE_U8] = "u8",         [PARE_I8] = "i8",   [PARE_U16] = "u16", [PARE_I16] = "i16",
    [PARE_U32] = "u32",       [PARE_I32] = "i32", [PARE_F32] = "f32", [PARE_BOOL] = "bool",
    [PARE_STRING] = "string", [PARE_U64] = "u64", [PARE_I64] = "i64", [PARE_F64] = "f64",
    [PARE_DIGEST] = "digest"
};

#define AS(type)                                                                       \
    __extension__({                                                                    \
        type value_;                                                                   \
        memcpy(&value_, (const char *)value->data + i * sizeof value_, sizeof value_); \
        value_;                                                                        \
    })

static json_t *string_element(const struct pare_value *value, uint64_t i)
{
    const struct pare_str *s = (const struct pare_str *)value->data + i;
    if (s->len <= SHOWN_BYTES)
        return json_text(s->data, s->len);
    return json_text(s->data, SHOWN_BYTES - 3);
}

static json_t *element(const struct pare_value *value, uint64_t i)
{
    switch (value->type) {
    case PARE_U8:
        return json_integer(AS(uint8_t));
    case PARE_I8:
        return json_integer(AS(int8_t));
    case PARE_U16:
        return json_integer(AS(uint16_t));
    case PARE_I16:
        return json_integer(AS(int16_t));
    case PARE_U32:
    case PARE_DIGEST: /* the number of a file */
        return json_integer(AS(uint32_t));
    case PARE_I32:
        return json_integer(AS(int32_t));
    case PARE_U64:
        return json_integer((json_int_t)AS(uint64_t));
    case PARE_I64:
        return json_integer(AS(int64_t));
    case PARE_F32:
        return json_number((double)AS(float));
    case PARE_F64:
        return json_number(AS(double));
    case PARE_BOOL:
        return json_boolean(AS(uint8_t));
    default:
        return string_element(value, i);
    }
}

static json_t *describe_meta(const struct model_meta *meta)
{
    const struct pare_value *value = &meta->value;
    json_t *line = json_pack("{s:o, s:s, s:b}", "key", json_text(meta->key.data, meta->key.len),
                             "type", type_names[value->type], "array", value->is_array);
    if (!value->is_array) {
        (void)json_object_set_new(line, "value", element(value, 0));
        return line;
    }
    json_t *first = json_array();
    for (uint64_t i = 0; i < value->count && i < SHOWN_ELEMENTS; i++)
        (void)json_array_append_new(first, element(value, i));
    (void)json_object_set_new(line, "count", json_integer((json_int_t)value->count));
    (void)json_object_set_new(line, "first", first);
    return line;
}

/* The tensor's purpose is shown only if the reader tells one. */
static json_t *describe_tensor(const struct model *model, const struct model_tensor *t)
{
    json_t *line = json_pack("{s:o, s:o, s:s, s:I, s:I, s:b, s:s, s:I}", "name",
                             json_text(t->name.data, t->name.len), "shape", tensor_shape(t),
                             "encoding", t->encoding_name, "elements", (json_int_t)t->elements,
                             "bytes", (json_int_t)t->bytes, "known", t->encoding != NULL, "file",
                             model->files[t->planes[0].file].name, "offset",
                             (json_int_t)t->planes[0].offset);
    if (t->role)
        (void)json_object_set_new(line, "purpose", json_text(t->role, strlen(t->role)));
    if (t->op)
        (void)json_object_set_new(line, "op", json_text(t->op, strlen(t->op)));
    if (t->channel)
        (void)json_object_set_new(line, "channel", json_integer(t->channel));
    return line;
}

static json_t *describe_files(const struct model *model)
{
    static const char *const roles[] = { "side", "weights", "index", "ignored" };
    json_t *files = json_array();
    for (uint32_t i = 0; i < model->n_files; i++) {
        const struct model_file *f = &model->files[i];
        const char *role = model->n_files == 1 ? "weights" : roles[f->role];
        (void)json_array_append_new(files, json_pack("{s:o, s:I, s:s}", "name",
                                                     json_text(f->name, strlen(f->name)), "bytes",
                                                     (json_int_t)f->size, "role", role));
    }
    return files;
}

/* Special tokens: the entries tokenizer.ggml.NAME_token_id. */
static json_t *describe_special(const struct model *model, const struct pare_value *tokens)
{
    static const char before[] = "tokenizer.ggml.", after[] = "_token_id";
    const size_t n_before = sizeof before - 1, n_after = sizeof after - 1;
    json_t *special = json_array();
    for (uint64_t i = 0; i < model->n_meta && json_array_size(special) < SHOWN_SPECIAL; i++) {
        const struct pare_str key = model->meta[i].key;
        if (key.len <= n_before + n_after || memcmp(key.data, before, n_before) != 0 ||
            memcmp(key.data + key.len - n_after, after, n_after) != 0 ||
            model->meta[i].value.is_array || model->meta[i].value.type == PARE_STRING)
            continue;
        json_t *id = element(&model->meta[i].value, 0);
        json_int_t at = json_integer_value(id);
        int known = json_is_integer(id) && tokens && tokens->type == PARE_STRING && at >= 0 &&
                    (uint64_t)at < tokens->count;
        (void)json_array_append_new(
            special, json_pack("{s:o, s:o, s:o}", "name",
                               json_text(key.data + n_before, key.len - n_before - n_after), "id",
                               id, "text", known ? element(tokens, (uint64_t)at) : json_null()));
    }
    return special;
}

static json_t *describe_tokenizer(const struct model *model)
{
    char *kind = meta_string(model, "tokenizer.ggml.model");
    if (!kind)
        return json_null();
    char *pre = meta_string(model, "tokenizer.ggml.pre");
    const struct pare_value *tokens = meta_find(model, "tokenizer.ggml.tokens");
    const struct pare_value *merges = meta_find(model, "tokenizer.ggml.merges");
    const struct pare_value *chat = meta_find(model, "tokenizer.chat_template");
    json_t *line = json_pack("{s:o, s:o, s:I, s:I, s:o, s:b}", "model",
                             json_text(kind, strlen(kind)), "pre",
                             pre ? json_text(pre, strlen(pre)) : json_null(), "tokens",
                             (json_int_t)(tokens ? tokens->count : 0), "merges",
                             (json_int_t)(merges ? merges->count : 0), "special",
                             describe_special(model, tokens), "chat_template", chat != NULL);
    free(kind);
    free(pre);
    return line;
}

/* What an importance matrix is made from, or null. */
static json_t *describe_importance(const struct model *model)
{
    static const char ending[] = ".in_sum2";
    const size_t n = sizeof ending - 1;
    json_int_t entries = 0;
    if (!model_is_importance(model))
        return json_null();
    for (uint64_t i = 0; i < model->n_tensors; i++) {
        const struct pare_str name = model->tensors[i].name;
        entries += name.len > n && !memcmp(name.data + name.len - n, ending, n);
    }
    const struct pare_value *datasets = meta_find(model, "imatrix.datasets");
    json_t *texts = json_array();
    for (uint64_t i = 0;
         datasets && datasets->type == PARE_STRING && i < datasets->count && i < SHOWN_ELEMENTS;
         i++)
        (void)json_array_append_new(texts, element(datasets, i));
    return json_pack("{s:I, s:I, s:I, s:o}", "entries", entries, "chunks",
                     (json_int_t)meta_int(model, "imatrix.chunk_count", 0), "chunk_size",
                     (json_int_t)meta_int(model, "imatrix.chunk_size", 0), "datasets", texts);
}

/* By which map a folder would come under other names, {"name","problem"}; null where none leads. */
static int describe_map(const struct job_context *job, struct source *source, struct model *model,
                        json_t **ret_map, struct error *err)
{
    CLEANUP(routes_deinit) struct routes routes = { 0 };
    struct route_request request = { map_leads_to(model->format), "", NULL, 0 };
    struct route *route = NULL;
    struct error said = ERROR_INIT;
    if (!request.to || !side_file_find(model, "config.json")) {
        *ret_map = json_null();
        return 0;
    }
    routes_init(&routes, job, source, model, 1);
    int r = routes_find(&routes, &request, &route, &said);
    if (r == PARE_ENOMEM || r == PARE_EIO) {
        *err = said;
        return r;
    }
    if (r < 0)
        *ret_map = json_pack("{s:n, s:o}", "name", "problem",
                             json_text(said.text, strlen(said.text)));
    else
        *ret_map = *route_map(route) ? json_pack("{s:s, s:n}", "name", route_map(route), "problem")
                                     : json_null();
    return 0;
}

int job_inspect(const struct job_context *job, struct model *model, struct error *err)
{
    CLEANUP(source_close_cleanup) struct source *source = NULL;
    int r = job_open(job, model, json_get_string(job->request, "format", NULL), &source, err);
    _cleanup_json_ json_t *map = NULL;
    _cleanup_json_ json_t *architecture = NULL;
    _cleanup_json_ json_t *license = NULL;
    if (r == 0)
        r = describe_map(job, source, model, &map, err);
    if (r == 0)
        r = job_identify(model, &architecture, &license, err);
    if (r < 0)
        return r;
    json_t *tensors = json_array(), *metadata = json_array();
    if (json_get_bool(job->request, "tensors", 0))
        for (uint64_t i = 0; i < model->n_tensors; i++)
            (void)json_array_append_new(tensors, describe_tensor(model, &model->tensors[i]));
    for (uint64_t i = 0; i < model->n_meta && i < SHOWN_ENTRIES; i++)
        (void)json_array_append_new(metadata, describe_meta(&model->meta[i]));
    uint64_t n = model_parameters(model), bytes = model_bytes(model);
    json_t *fields = json_pack("{s:s, s:O, s:O, s:O, s:I, s:I, s:I, s:f, s:o, s:o, s:o, s:o}",
                               "format", model->format, "architecture", architecture, "license",
                               license, "map", map, "parameters", (json_int_t)n, "tensor_count",
                               (json_int_t)model->n_tensors, "bytes", (json_int_t)bytes,
                               "bits_per_weight", n ? 8.0 * (double)bytes / (double)n : 0.0,
                               "census", model_census(model), "files", describe_files(model),
                               "tokenizer", describe_tokenizer(model), "metadata", metadata);
    (void)json_object_set_new(fields, "importance", describe_importance(model));
    (void)json_object_set_new(fields, "tensors", tensors);
    (void)json_object_set_new(fields, "metadata_count", json_integer((json_int_t)model->n_meta));
    job_emit(job, "model", fields);
    return 0;
}
