/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Finding the tensors that belong together by their names, and checking types and shapes before
 * anything is read. Every message names the tensor.
 */
#include "unpack/unpack_private.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    uint8_t bytes;
} types[] = {
    [UNPACK_OTHER] = { "", 0 },       [UNPACK_U8] = { "u8", 1 },
    [UNPACK_I8] = { "i8", 1 },        [UNPACK_I32] = { "i32", 4 },
    [UNPACK_U32] = { "u32", 4 },      [UNPACK_I64] = { "i64", 8 },
    [UNPACK_F32] = { "f32", 4 },      [UNPACK_F16] = { "f16", 2 },
    [UNPACK_BF16] = { "bf16", 2 },    [UNPACK_E4M3] = { "f8_e4m3", 1 },
    [UNPACK_E5M2] = { "f8_e5m2", 1 }, [UNPACK_E8M0] = { "f8_e8m0", 1 },
};

#define N_TYPES (sizeof types / sizeof types[0])

struct text_shown unpack_show(const struct unpack *unpack, uint64_t tensor)
{
    return text_show(unpack->model->tensors[tensor].name);
}

int unpack_ends(const struct unpack *unpack, uint64_t tensor, const char *suffix)
{
    const struct pare_str *name = &unpack->model->tensors[tensor].name;
    size_t n = strlen(suffix);
    return name->len > n && !memcmp(name->data + name->len - n, suffix, n);
}

enum unpack_type unpack_type_of(const struct unpack *unpack, uint64_t tensor)
{
    for (size_t i = 1; i < N_TYPES; i++)
        if (!strcmp(unpack->model->tensors[tensor].encoding_name, types[i].name))
            return (enum unpack_type)i;
    return UNPACK_OTHER;
}

uint64_t unpack_type_bytes(enum unpack_type type)
{
    return types[type].bytes;
}

const char *unpack_type_name(enum unpack_type type)
{
    return types[type].name;
}

static void names_of(uint32_t set, struct strbuf *sb)
{
    for (size_t i = 1; i < N_TYPES; i++)
        if (set & UNPACK_IS(i))
            strbuf_printf(sb, "%s%s", sb->len ? " or " : "", types[i].name);
}

static int is_float(enum unpack_type type)
{
    return (UNPACK_FLOATS & UNPACK_IS(type)) != 0;
}

int unpack_part_of(const struct unpack *unpack, uint64_t tensor, uint32_t set,
                   struct unpack_part *ret_part, struct error *err)
{
    const struct model_tensor *t = &unpack->model->tensors[tensor];
    enum unpack_type type = unpack_type_of(unpack, tensor);
    uint64_t bytes;
    if (type == UNPACK_OTHER || !(set & UNPACK_IS(type))) {
        _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
        names_of(set, &sb);
        return error_set(err, PARE_EDATA,
                         "tensor `%s` is %s, but in a checkpoint of %s it must be "
                         "%s",
                         unpack_show(unpack, tensor).text, t->encoding_name, unpack->config.method,
                         sb.data ? sb.data : "");
    }
    if (is_float(type) && !t->encoding)
        return error_set(err, PARE_ENOTSUP, "tensor `%s`: no plugin provides %s",
                         unpack_show(unpack, tensor).text, t->encoding_name);
    if (t->n_planes != 1 || checked_mul(t->elements, types[type].bytes, &bytes) ||
        bytes != t->planes[0].length || !t->elements)
        return error_set(err, PARE_EDATA,
                         "tensor `%s` has %llu bytes, which is not what its shape "
                         "in %s needs",
                         unpack_show(unpack, tensor).text, (unsigned long long)t->bytes,
                         t->encoding_name);
    *ret_part = (struct unpack_part){ .tensor = tensor,
                                      .type = type,
                                      .encoding = t->encoding,
                                      .n_dims = t->n_dims,
                                      .rows = t->rows,
                                      .columns = t->row_len };
    return 0;
}

/* The tensor that has `tensor`'s name with another ending; UNPACK_NONE when there is none. */
static int find_beside(const struct unpack *unpack, uint64_t tensor, const char *old,
                       const char *suffix, uint64_t *ret_tensor, struct error *err)
{
    const struct pare_str *name = &unpack->model->tensors[tensor].name;
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_add(&sb, name->data, name->len - strlen(old));
    strbuf_puts(&sb, suffix);
    if (sb.failed)
        return error_oom(err);
    if (!strmap_find(&unpack->model->tensor_names, sb.data, sb.len, ret_tensor))
        *ret_tensor = UNPACK_NONE;
    return 0;
}

int unpack_has_beside(const struct unpack *unpack, uint64_t tensor, const char *old,
                      const char *suffix)
{
    uint64_t found = UNPACK_NONE;
    return find_beside(unpack, tensor, old, suffix, &found, NULL) == 0 && found != UNPACK_NONE;
}

int unpack_beside(struct unpack *unpack, uint64_t tensor, const char *old, const char *suffix,
                  uint32_t set, int needed, struct unpack_part *ret_part, struct error *err)
{
    uint64_t found;
    int r = find_beside(unpack, tensor, old, suffix, &found, err);
    if (r < 0)
        return r;
    if (found == UNPACK_NONE) {
        *ret_part = (struct unpack_part){ .tensor = UNPACK_NONE };
        return !needed ? 0
                       : error_set(err, PARE_EDATA,
                                   "tensor `%s` has no `%s` beside it, which "
                                   "a checkpoint of %s needs",
                                   unpack_show(unpack, tensor).text, suffix, unpack->config.method);
    }
    r = unpack_part_of(unpack, found, set, ret_part, err);
    if (r == 0)
        unpack->roles[found] = UNPACK_DROP;
    return r;
}

int unpack_expect(const struct unpack *unpack, const struct unpack_part *part, uint64_t rows,
                  uint64_t columns, const char *of, struct error *err)
{
    if (part->rows == rows && part->columns == columns)
        return 0;
    return error_set(err, PARE_EDATA, "tensor `%s` is [%llu, %llu], not [%llu, %llu] (%s)",
                     unpack_show(unpack, part->tensor).text, (unsigned long long)part->rows,
                     (unsigned long long)part->columns, (unsigned long long)rows,
                     (unsigned long long)columns, of);
}

static uint64_t ceil_div(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

static int fits_blocks(const struct unpack *unpack, const struct unpack_part *s, uint64_t rows,
                       uint64_t out, uint64_t in, struct unpack_grid *ret_grid)
{
    for (uint32_t i = 0; i < unpack->config.n_blocks; i++) {
        const uint64_t *b = unpack->config.blocks[i];
        uint64_t per_lead = ceil_div(out, b[0]), width = ceil_div(in, b[1]);
        if (s->n_dims < 2 || s->columns != width || s->rows % per_lead ||
            s->rows / per_lead != rows / out)
            continue;
        *ret_grid = (struct unpack_grid){ out, per_lead, b[0], b[1], width };
        return 1;
    }
    return 0;
}

int unpack_grid_fit(const struct unpack *unpack, const struct unpack_part *scales, uint64_t rows,
                    uint64_t out, uint64_t in, struct unpack_grid *ret_grid, struct error *err)
{
    const struct unpack_part *s = scales;
    uint64_t n = s->rows * s->columns; /* no more than the elements of a tensor */
    int flat = s->n_dims <= 1 || s->columns == 1;
    if (n == 1)
        *ret_grid = (struct unpack_grid){ rows, 1, rows, in, 1 };
    else if (fits_blocks(unpack, s, rows, out, in, ret_grid))
        return 0;
    else if (flat && n == rows)
        *ret_grid = (struct unpack_grid){ rows, rows, 1, in, 1 };
    else if (!flat && s->rows == rows && in % s->columns == 0)
        *ret_grid = (struct unpack_grid){ rows, rows, 1, in / s->columns, s->columns };
    else if (flat && n == rows / out)
        *ret_grid = (struct unpack_grid){ out, 1, out, in, 1 };
    else
        return error_set(err, PARE_EDATA,
                         "tensor `%s`: %llu x %llu scales do not fit %llu rows of "
                         "%llu weights",
                         unpack_show(unpack, s->tensor).text, (unsigned long long)s->rows,
                         (unsigned long long)s->columns, (unsigned long long)rows,
                         (unsigned long long)in);
    return 0;
}

int unpack_config_int(const json_t *json, const char *name, int64_t *ret, struct error *err)
{
    const json_t *value = json_object_get(json, name);
    if (!value || json_is_null(value))
        return 0;
    if (!json_is_integer(value))
        return error_set(err, PARE_EDATA, "the quantization's %s is not a whole number", name);
    *ret = json_integer_value(value);
    return 0;
}
