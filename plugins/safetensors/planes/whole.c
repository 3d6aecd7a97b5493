/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The writer's tensors whose encoding is not a dtype: each plane becomes a tensor of bytes, called
 * NAME.PLANE, and `__metadata__` describes the encoding (ST_ENCODING_KEY NAME) and says which
 * tensors are in planes (ST_TENSORS_KEY).
 */
#include "safetensors/planes/whole.h"

#include "safetensors/dtype.h"
#include "safetensors/names.h"

#include <string.h>

/* The description of an encoding that no plugin provides, from the source's. 0: there is none. */
static int read_described(const struct st_context *context, const char *name,
                          struct st_encoding *ret_encoding)
{
    char key[sizeof ST_ENCODING_KEY + ST_ENCODING_NAME] = ST_ENCODING_KEY;
    struct pare_value value = { .struct_size = sizeof value };
    strncat(key, name, ST_ENCODING_NAME);
    if (context->host->meta_get(context->job, st_str(key), &value) != 1 ||
        value.type != PARE_STRING || value.is_array)
        return 0;
    const struct pare_str *text = value.data;
    char *copy = context->host->alloc(context->job, text->len + 1, 1);
    if (!copy)
        return PARE_ENOMEM;
    memcpy(copy, text->data, text->len);
    int r = st_encoding_read(context, st_str("the source"), st_str(name),
                             (struct pare_str){ copy, text->len }, ret_encoding);
    return r < 0 ? r : 1;
}

static int find_encoding(const struct st_context *context, struct st_plan *plan,
                         const struct pare_tensor *tensor, uint32_t *ret_i)
{
    const struct pare_encoding *said = context->host->encoding(context->job, tensor->encoding);
    uint32_t i = 0;
    int r = 1;
    while (i < plan->n_encodings && strcmp(plan->encodings[i].name, tensor->encoding) != 0)
        i++;
    *ret_i = i;
    if (i < plan->n_encodings)
        return 0;
    if (!plan->encodings)
        plan->encodings = context->host->alloc(context->job, ST_MAX_ENCODINGS,
                                               sizeof plan->encodings[0]);
    if (!plan->encodings)
        return PARE_ENOMEM;
    if (i == ST_MAX_ENCODINGS)
        return ST_FAIL(context, PARE_ELIMIT, "over %u encodings that are stored in planes",
                       ST_MAX_ENCODINGS);
    if (said)
        st_encoding_of(said, &plan->encodings[i]);
    else
        r = read_described(context, tensor->encoding, &plan->encodings[i]);
    if (r == 0)
        return ST_FAIL(context, PARE_ENOTSUP,
                       "tensor `%s`: safetensors cannot hold encoding `%s`: no plugin says how it "
                       "is stored",
                       st_show(tensor->name).text, tensor->encoding);
    plan->n_encodings += r > 0;
    return r < 0 ? r : 0;
}

/* NAME.PLANE, in memory of the job's. */
static int make_name(const struct st_context *context, struct pare_str name, const char *plane,
                     struct pare_str *ret_name)
{
    const size_t n = strlen(plane), len = name.len + 1 + n;
    if (len > PARE_MAX_NAME)
        return ST_FAIL(context, PARE_ENOTSUP,
                       "tensor `%s`: its name is too long for safetensors, which needs room for "
                       "the names of its planes",
                       st_show(name).text);
    char *text = context->host->alloc(context->job, len, 1);
    if (!text)
        return PARE_ENOMEM;
    memcpy(text, name.data, name.len);
    text[name.len] = '.';
    memcpy(text + name.len + 1, plane, n);
    *ret_name = (struct pare_str){ text, len };
    return 0;
}

static int make_item(const struct st_context *context, const struct st_encoding *encoding,
                     const struct pare_tensor *tensor, uint32_t plane, struct st_item *item)
{
    struct st_plane_shape shape;
    (void)st_dtype_find(st_str("U8"), &item->dtype);
    if (plane >= encoding->n_planes || tensor->n_planes != encoding->n_planes ||
        !st_encoding_plane(encoding, plane, tensor->dims, tensor->n_dims, &shape) ||
        shape.bytes != tensor->planes[plane].length)
        return ST_FAIL(
            context, PARE_EINTERNAL,
            "tensor `%s`: plane %u has %llu bytes, which its encoding `%s` does not give",
            st_show(tensor->name).text, plane, (unsigned long long)tensor->planes[plane].length,
            tensor->encoding);
    item->plane = plane;
    item->bytes = shape.bytes;
    item->n_dims = shape.n_dims;
    memcpy(item->dims, shape.dims, sizeof item->dims);
    return make_name(context, tensor->name, encoding->planes[plane].name, &item->name);
}

int st_whole_items(const struct st_context *context, struct st_plan *plan,
                   const struct pare_tensor *tensor, struct st_item *items)
{
    uint32_t encoding = 0;
    int r = find_encoding(context, plan, tensor, &encoding);
    for (uint32_t i = 0; r == 0 && i < tensor->n_planes; i++) {
        r = make_item(context, &plan->encodings[encoding], tensor, i, &items[i]);
        items[i].encoding = encoding;
    }
    return r;
}

/* Says, once per target, what others cannot read. */
static int warn_of_planes(const struct st_context *context, const struct st_plan *plan)
{
    struct pare_tensor first = { .struct_size = sizeof first };
    uint64_t n = 0;
    int r = 0;
    for (uint64_t i = 0; r >= 0 && i < plan->n_items; i++) {
        const struct st_item *item = &plan->items[i];
        if (item->encoding != ST_NONE && item->plane == 0 && n++ == 0)
            r = context->host->tensor_at(context->job, item->tensor, &first);
    }
    if (r >= 0 && n > 0)
        ST_LOG(context, PARE_LOG_WARNING,
               "%llu tensors are in encodings that safetensors does not know, each plane as a "
               "tensor of bytes, which only Pare reads: the first is `%s`, in %s",
               (unsigned long long)n, st_show(first.name).text, first.encoding);
    return r < 0 ? r : 0;
}

int st_whole_check(const struct st_context *context, const struct st_plan *plan)
{
    struct st_names names = { .slots = NULL };
    int r = plan->n_encodings ? st_names_init(context, &names, plan->n_items) : 0;
    for (uint64_t i = 0; r == 0 && plan->n_encodings && i < plan->n_items; i++)
        if (st_names_add(&names, plan->items[i].name, 0))
            r = ST_FAIL(context, PARE_ENOTSUP,
                        "safetensors cannot hold the target: there would be two tensors `%s`, one "
                        "of them a plane",
                        st_show(plan->items[i].name).text);
    st_names_deinit(context, &names);
    return r == 0 ? warn_of_planes(context, plan) : r;
}

/* Writes what ST_TENSORS_KEY says of the items, or measures it. */
static int put_tensors(const struct st_context *context, const struct st_item *items, uint64_t n,
                       const struct st_plan *plan, struct st_text *text)
{
    const char *before = "{";
    for (uint64_t i = 0; i < n; i++) {
        struct pare_tensor tensor = { .struct_size = sizeof tensor };
        if (items[i].encoding == ST_NONE || items[i].plane > 0)
            continue;
        int r = context->host->tensor_at(context->job, items[i].tensor, &tensor);
        if (r < 0)
            return r;
        st_puts(text, before);
        before = ",";
        st_put_json(text, tensor.name);
        st_puts(text, ":{\"encoding\":");
        st_put_json(text, st_str(plan->encodings[items[i].encoding].name));
        st_puts(text, ",\"shape\":[");
        for (uint32_t d = 0; d < tensor.n_dims; d++) {
            st_puts(text, d > 0 ? "," : "");
            st_put_u64(text, tensor.dims[d]);
        }
        st_puts(text, "]}");
    }
    st_puts(text, *before == ',' ? "}" : "");
    return 0;
}

int st_whole_text(const struct st_context *context, const struct st_item *items, uint64_t n,
                  const struct st_plan *plan, struct st_text *ret_text)
{
    struct st_text text = { .data = NULL };
    int r = plan->n_encodings ? put_tensors(context, items, n, plan, &text) : 0;
    if (r < 0 || text.len == 0)
        return r;
    text.data = context->host->alloc(context->job, text.len, 1);
    if (!text.data)
        return PARE_ENOMEM;
    text.len = 0;
    r = put_tensors(context, items, n, plan, &text);
    if (r == 0)
        *ret_text = text;
    return r;
}

static void put_description(struct st_text *text, const struct st_encoding *encoding)
{
    char memory[4096]; /* 8 planes with the longest names and numbers need less */
    struct st_text said = { .data = memory };
    st_encoding_put(&said, encoding);
    st_puts(text, ",\"" ST_ENCODING_KEY);
    st_puts(text, encoding->name);
    st_puts(text, "\":");
    st_put_json(text, (struct pare_str){ memory, said.len });
}

void st_whole_put(struct st_text *text, const struct st_plan *plan, const struct st_item *items,
                  uint64_t n, struct pare_str tensors)
{
    uint64_t used = 0; /* bit i: encoding i */
    for (uint64_t i = 0; i < n; i++)
        if (items[i].encoding != ST_NONE)
            used |= UINT64_C(1) << items[i].encoding;
    for (uint32_t i = 0; i < plan->n_encodings; i++)
        if (used >> i & 1)
            put_description(text, &plan->encodings[i]);
    if (tensors.len == 0)
        return;
    st_puts(text, ",\"" ST_TENSORS_KEY "\":");
    st_put_json(text, tensors);
}
