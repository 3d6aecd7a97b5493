/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What a GGUF says of its origin, as the files of a folder from which provenance/provenance.h reads
 * it: a model card (its front matter is JSON, which is YAML, too, with simpler quoting rules),
 * generation_config.json, and the files that say how a sentence encoder pools.
 */
#include "map/map_private.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "model/metadata.h"

#include <stdio.h>
#include <string.h>

#define MAX_ANCESTORS 1000
#define HUB "https://huggingface.co/"

/* ---- the card ---- */

static const struct {
    const char *key, *name;
} texts[] = {
    { "general.name", "name" },
    { "general.author", "author" },
    { "general.version", "version" },
    { "general.organization", "organization" },
    { "general.finetune", "finetune" },
    { "general.basename", "basename" },
    { "general.size_label", "size_label" },
    { "general.description", "description" },
    { "general.license", "license" },
    { "general.license.name", "license_name" },
    { "general.license.link", "license_link" },
    { "general.source.url", "url" },
    { "general.source.doi", "doi" },
    { "general.source.uuid", "uuid" },
    { "general.source.repo_url", "repo_url" },
};

static json_t *list_json(const struct model *gguf, const char *key)
{
    const struct pare_value *value = meta_find(gguf, key);
    const struct pare_str *all = value ? value->data : NULL;
    if (!value || !value->is_array || value->type != PARE_STRING || !value->count)
        return NULL;
    json_t *list = json_array();
    for (uint64_t i = 0; i < value->count && i < JSON_MAX_LIST; i++)
        (void)json_array_append_new(list, json_text(all[i].data, all[i].len));
    return list;
}

/* One base model or data set: ORGANIZATION/NAME when the hub's address says all that is known of
 * it, else an object of its members. */
static json_t *ancestor_json(const struct model *gguf, const char *prefix, int64_t i)
{
    static const char *const members[] = { "name",         "author",      "version",
                                           "organization", "description", "url",
                                           "doi",          "uuid",        "repo_url" };
    json_t *entry = json_object();
    for (size_t m = 0; m < sizeof members / sizeof *members; m++) {
        char key[80];
        (void)snprintf(key, sizeof key, "%s.%lld.%s", prefix, (long long)i, members[m]);
        json_t *value = map_meta_json(gguf, key);
        if (value)
            (void)json_object_set_new(entry, members[m], value);
    }
    const char *url = json_get_string(entry, "repo_url", "");
    int named = !strncmp(url, HUB, strlen(HUB)) && !json_object_get(entry, "author") &&
                !json_object_get(entry, "description") && !json_object_get(entry, "url") &&
                !json_object_get(entry, "doi") && !json_object_get(entry, "uuid");
    if (named) {
        json_t *text = json_string(url + strlen(HUB));
        json_decref(entry);
        return text;
    }
    return entry;
}

static json_t *ancestors_json(const struct model *gguf, const char *prefix)
{
    char key[80];
    (void)snprintf(key, sizeof key, "%s.count", prefix);
    int64_t n = meta_int(gguf, key, 0);
    if (n <= 0)
        return NULL;
    json_t *list = json_array();
    for (int64_t i = 0; i < n && i < MAX_ANCESTORS; i++)
        (void)json_array_append_new(list, ancestor_json(gguf, prefix, i));
    return list;
}

/* "KEY: VALUE"; takes the value's reference, and passes NULL over. */
static void put_line(struct strbuf *sb, const char *key, json_t *value)
{
    _cleanup_free_ char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII)
                                      : NULL;
    if (text)
        strbuf_printf(sb, "%s: %s\n", key, text);
    json_decref(value);
}

static int add_card(const struct model *gguf, json_t *files, struct error *err)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        put_line(&sb, texts[i].name, map_meta_json(gguf, texts[i].key));
    put_line(&sb, "tags", list_json(gguf, "general.tags"));
    put_line(&sb, "language", list_json(gguf, "general.languages"));
    put_line(&sb, "base_model", ancestors_json(gguf, "general.base_model"));
    put_line(&sb, "datasets", ancestors_json(gguf, "general.dataset"));
    _cleanup_strbuf_ struct strbuf card = STRBUF_INIT;
    if (!sb.len && !sb.failed)
        return 0;
    strbuf_printf(&card, "---\n%s---\n", sb.data ? sb.data : "");
    if (sb.failed || card.failed ||
        json_object_set_new(files, "README.md", json_stringn(card.data, card.len)) < 0)
        return error_oom(err);
    return 0;
}

/* ---- generation_config.json ---- */

/* An id, or NULL for none. Some files have -1 for none, which is UINT32_MAX in a GGUF. */
static json_t *id_json(const struct model *gguf, const char *key)
{
    int64_t id = meta_int(gguf, key, -1);
    return id >= 0 && id < INT32_MAX ? json_integer((json_int_t)id) : NULL;
}

/* eos_token_id: every token that ends a text, a turn or a message ends generation. */
static json_t *ends_json(const struct model *gguf)
{
    static const char *const keys[] = { "tokenizer.ggml.eos_token_id",
                                        "tokenizer.ggml.eot_token_id",
                                        "tokenizer.ggml.eom_token_id" };
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_t *id = id_json(gguf, keys[i]);
        int seen = 0;
        for (size_t k = 0; k < json_array_size(list); k++)
            seen |= json_equal(json_array_get(list, k), id);
        if (id && !seen)
            (void)json_array_append(list, id);
        json_decref(id);
    }
    json_t *ends = json_array_size(list) > 1 ? json_incref(list)
                                             : json_incref(json_array_get(list, 0));
    json_decref(list);
    return ends;
}

/* Takes the value's reference, and passes NULL over. */
static void put(json_t *object, const char *key, json_t *value)
{
    if (value)
        (void)json_object_set_new(object, key, value);
}

/* A number or a text of the GGUF; what JSON cannot hold is left out, and told. */
static void put_sampling(const struct map_work *work, json_t *generation, const char *key,
                         const char *name)
{
    json_t *value = map_meta_json(work->model, key);
    char text[160];
    if (json_is_number(value) || json_is_string(value)) {
        put(generation, name, value);
        return;
    }
    if (value && work->request->warn) {
        (void)snprintf(text, sizeof text,
                       "%s is no number that generation_config.json can hold, and is left out",
                       key);
        work->request->warn(work->request->context, text);
    }
    json_decref(value);
}

static int add_generation(const struct map_work *work, json_t *files)
{
    const struct model *gguf = work->model;
    struct error *err = work->err;
    static const char *const keys[][2] = {
        { "general.sampling.sequence", "sequence" },
        { "general.sampling.temp", "temperature" },
        { "general.sampling.top_k", "top_k" },
        { "general.sampling.top_p", "top_p" },
        { "general.sampling.min_p", "min_p" },
        { "general.sampling.xtc_probability", "xtc_probability" },
        { "general.sampling.xtc_threshold", "xtc_threshold" },
        { "general.sampling.penalty_last_n", "penalty_last_n" },
        { "general.sampling.penalty_repeat", "repetition_penalty" },
        { "general.sampling.mirostat", "mirostat" },
        { "general.sampling.mirostat_tau", "mirostat_tau" },
        { "general.sampling.mirostat_eta", "mirostat_eta" },
    };
    _cleanup_json_ json_t *generation = json_object();
    put(generation, "bos_token_id", id_json(gguf, "tokenizer.ggml.bos_token_id"));
    put(generation, "eos_token_id", ends_json(gguf));
    put(generation, "pad_token_id", id_json(gguf, "tokenizer.ggml.padding_token_id"));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        put_sampling(work, generation, keys[i][0], keys[i][1]);
    if (!json_object_size(generation))
        return 0;
    if (json_object_get(generation, "temperature") || json_object_get(generation, "top_k") ||
        json_object_get(generation, "top_p"))
        (void)json_object_set_new(generation, "do_sample", json_true());
    _cleanup_free_ char *text = json_to_pretty(generation);
    return !text || json_object_set_new(files, "generation_config.json", json_string(text)) < 0
               ? error_oom(err)
               : 0;
}

/* ---- how a sentence encoder pools ---- */

static int add_json(json_t *files, const char *name, json_t *value, struct error *err)
{
    _cleanup_json_ json_t *owned = value;
    _cleanup_free_ char *text = owned ? json_to_pretty(owned) : NULL;
    return !text || json_object_set_new(files, name, json_string(text)) < 0 ? error_oom(err) : 0;
}

/* The two files that sentence-transformers reads the kind of pooling from. */
static int add_pooling(const struct model *gguf, json_t *files, struct error *err)
{
    static const char *const modes[] = { "mean", "cls", "lasttoken" };
    _cleanup_free_ char *architecture = meta_string(gguf, "general.architecture"), *key = NULL;
    if (!architecture || asprintf(&key, "%s.pooling_type", architecture) < 0)
        return error_oom(err);
    int64_t type = meta_int(gguf, key, 0);
    if (type < 1 || type > 3)
        return 0;
    int r = add_json(files, "modules.json",
                     json_pack("[{s:i, s:s, s:s, s:s}, {s:i, s:s, s:s, s:s}]", "idx", 0, "name",
                               "0", "path", "", "type", "sentence_transformers.models.Transformer",
                               "idx", 1, "name", "1", "path", "1_Pooling", "type",
                               "sentence_transformers.models.Pooling"),
                     err);
    return r ? r
             : add_json(files, "1_Pooling/config.json",
                        json_pack("{s:b, s:b, s:b, s:s}", "pooling_mode_mean_tokens", type == 1,
                                  "pooling_mode_cls_token", type == 2, "pooling_mode_lasttoken",
                                  type == 3, "pooling_mode", modes[type - 1]),
                        err);
}

int map_card_add(const struct map_work *work, json_t *files)
{
    int r = add_card(work->model, files, work->err);
    if (!r)
        r = add_generation(work, files);
    return r ? r : add_pooling(work->model, files, work->err);
}
