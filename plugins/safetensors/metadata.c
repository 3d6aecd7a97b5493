/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * `__metadata__` maps strings to strings. The shards of a model have one each: the first shard that
 * has a key decides, and a later one that disagrees gives a warning.
 */
#include "safetensors/metadata.h"

#include "safetensors/names.h"
#include "safetensors/text.h"

struct apply {
    const struct st_context *context;
    const struct st_header *header;
    struct st_planes *planes;
    struct st_names keys; /* of this file */
    uint64_t n_conflicts;
    struct pare_str conflict; /* the first key that an earlier shard has with another value */
};

static int apply_pair(struct apply *apply, struct pare_str key, struct pare_str text)
{
    const struct st_context *context = apply->context;
    const struct pare_value value = {
        .struct_size = sizeof value, .type = PARE_STRING, .count = 1, .data = &text
    };
    struct pare_value old = { .struct_size = sizeof old };
    const int taken = st_planes_take(context, apply->header->name, apply->planes, key, text);
    if (taken != 0)
        return taken < 0 ? taken : 0;
    const int found = context->host->meta_get(context->job, key, &old);
    if (found < 0)
        return found;
    if (found == 0)
        return context->host->meta_set(context->job, key, &value);
    const int same = old.type == PARE_STRING && !old.is_array &&
                     st_equal(*(const struct pare_str *)old.data, text);
    if (!same && apply->n_conflicts++ == 0)
        apply->conflict = key;
    return 0;
}

static int check_key(struct apply *apply, struct pare_str key)
{
    const char *problem = NULL;
    int code = PARE_EDATA;
    if (st_names_add(&apply->keys, key, 0)) {
        problem = "is there twice";
    } else if (key.len == 0) {
        problem = "is empty";
    } else if (st_has_nul(key)) {
        problem = "holds a NUL character";
    } else if (key.len > PARE_MAX_NAME) {
        problem = "is longer than the limit of 65535 bytes";
        code = PARE_ELIMIT;
    }
    if (!problem)
        return 0;
    return ST_FAIL(apply->context, code, "`%s`: key `%s` of `" ST_METADATA "` %s",
                   st_show(apply->header->name).text, st_show(key).text, problem);
}

static int apply_all(struct apply *apply, struct st_json *json)
{
    st_json_enter(json);
    while (st_json_more(json)) {
        const struct pare_str key = st_json_key(json);
        int r = check_key(apply, key);
        if (r < 0)
            return r;
        if (st_json_peek(json) != '"')
            return ST_FAIL(apply->context, PARE_EDATA,
                           "`%s`: `%s` of `" ST_METADATA "` must be a string, and it is %s",
                           st_show(apply->header->name).text, st_show(key).text,
                           st_show(st_json_skip(json)).text);
        r = apply_pair(apply, key, st_json_string(json));
        if (r < 0)
            return r;
    }
    return 0;
}

int st_metadata_apply(const struct st_context *context, const struct st_header *header,
                      struct st_planes *planes)
{
    struct apply apply = { .context = context, .header = header, .planes = planes };
    struct st_json json = header->metadata;
    if (!json.p || st_json_peek(&json) == 'n') /* MLX writes null for none */
        return 0;
    if (st_json_peek(&json) != '{')
        return ST_FAIL(context, PARE_EDATA, "`%s`: `" ST_METADATA "` must be an object of strings",
                       st_show(header->name).text);
    int r = st_names_init(context, &apply.keys, st_json_count(&json));
    if (r == 0)
        r = apply_all(&apply, &json);
    st_names_deinit(context, &apply.keys);
    if (r == 0 && apply.n_conflicts > 0)
        ST_LOG(context, PARE_LOG_WARNING,
               "`%s`: %llu metadata entries differ from an earlier shard's, which are kept: "
               "`%s`",
               st_show(header->name).text, (unsigned long long)apply.n_conflicts,
               st_show(apply.conflict).text);
    return r;
}
