/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * One code of 8 bits a weight, f8 or i8, and floats that scale them: by the tensor, the row, groups
 * of columns, or blocks of rows and columns, of which the last ones may be partial (DeepSeek's FP8,
 * `weight_block_size`). The scale multiplies, `weight_scale_inv` too, whatever its name says.
 *
 *   x = (code - zero) * scale       in f32, rounded once
 *
 * Sources: the checkpoints' own inference code (weight_dequant of DeepSeek-V3), transformers'
 * finegrained_fp8 and fbgemm_fp8, llama.cpp's conversion/base.py (dequant_simple).
 */
#include "unpack/unpack_private.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "plugin/source.h"

#include <stdio.h>
#include <string.h>

#define F8 (UNPACK_IS(UNPACK_E4M3) | UNPACK_IS(UNPACK_E5M2))
#define SCALES (UNPACK_FLOATS | UNPACK_IS(UNPACK_E8M0) | UNPACK_IS(UNPACK_U8))

struct plain_row {
    float *scales, *zeros;
    uint64_t scale_row, zero_row;
};

static int load_row(const struct unpack_item *item, struct source *base, uint64_t row,
                    struct plain_row *state, struct error *err)
{
    int r = unpack_read_grid_row(item, base, &item->scales, row, &state->scale_row, state->scales,
                                 err);
    if (r < 0 || item->zeros.tensor == UNPACK_NONE)
        return r;
    return unpack_read_grid_row(item, base, &item->zeros, row, &state->zero_row, state->zeros, err);
}

static void scale_row(const struct unpack_grid *grid, const struct plain_row *state,
                      uint64_t row_len, float *x)
{
    for (uint64_t g = 0, i = 0; i < row_len; g++) {
        uint64_t end = row_len - i < grid->columns ? row_len : i + grid->columns;
        for (; i < end; i++)
            x[i] = (x[i] - state->zeros[g]) * state->scales[g];
    }
}

static int decode(const struct unpack_item *item, struct source *base, uint64_t row, uint64_t n,
                  void *ret_data, struct error *err)
{
    float *x = ret_data;
    _cleanup_free_ float *scales = unpack_alloc(item->grid.width, sizeof *scales, err);
    _cleanup_free_ float *zeros = unpack_alloc(item->grid.width, sizeof *zeros, err);
    if (!scales || !zeros)
        return PARE_ENOMEM;
    struct plain_row state = { scales, zeros, UNPACK_NONE, UNPACK_NONE };
    int r = unpack_read_floats(base, &item->codes, row * item->row_len, n * item->row_len, x, err);
    for (uint64_t i = 0; i < n && r == 0; i++) {
        r = load_row(item, base, row + i, &state, err);
        if (r == 0)
            scale_row(&item->grid, &state, item->row_len, x + i * item->row_len);
    }
    return r;
}

static void describe(struct unpack_item *item, const char *what, uint64_t out, uint64_t in)
{
    const struct unpack_grid *grid = &item->grid;
    const char *type = item->codes.type == UNPACK_I8     ? "int8"
                       : item->codes.type == UNPACK_E4M3 ? "fp8 e4m3"
                                                         : "fp8 e5m2";
    if (grid->columns < in && grid->rows > 1)
        (void)snprintf(item->origin, sizeof item->origin, "%s %s %llux%llu", what, type,
                       (unsigned long long)grid->rows, (unsigned long long)grid->columns);
    else if (grid->columns < in)
        (void)snprintf(item->origin, sizeof item->origin, "%s %s g%llu", what, type,
                       (unsigned long long)grid->columns);
    else
        (void)snprintf(item->origin, sizeof item->origin, "%s %s %s", what, type,
                       grid->rows < out || grid->rows == 1 ? "rows" : "tensor");
}

static int fill(struct unpack *unpack, struct unpack_item *item, uint64_t tensor,
                const char *suffix, const char *zeros, struct error *err)
{
    const struct model_tensor *t = &unpack->model->tensors[tensor];
    int r = unpack_part_of(unpack, tensor, F8 | UNPACK_IS(UNPACK_I8), &item->codes, err);
    if (r == 0)
        r = unpack_beside(unpack, tensor, "", suffix, SCALES, 1, &item->scales, err);
    if (r == 0 && zeros)
        r = unpack_beside(unpack, tensor, "", zeros, UNPACK_IS(UNPACK_I8) | UNPACK_FLOATS, 0,
                          &item->zeros, err);
    if (r < 0)
        return r;
    if (t->n_dims < 2)
        return error_set(err, PARE_EDATA, "tensor `%s` is quantized, but is not a matrix",
                         unpack_show(unpack, tensor).text);
    if (item->scales.type == UNPACK_U8) /* E8M0 under another name */
        item->scales.type = UNPACK_E8M0;
    unpack_item_dims(item, t, t->row_len);
    r = unpack_grid_fit(unpack, &item->scales, t->rows, t->dims[t->n_dims - 2], t->row_len,
                        &item->grid, err);
    if (r == 0 && item->zeros.tensor != UNPACK_NONE)
        r = unpack_expect(unpack, &item->zeros, item->scales.rows, item->scales.columns,
                          "one zero for each scale", err);
    return r;
}

int unpack_claim_plain(struct unpack *unpack, uint64_t tensor, const char *suffix,
                       const char *zeros, const char *what, struct error *err)
{
    struct unpack_item *item;
    int r = unpack_item_new(unpack, tensor, "", "", &item, err);
    if (r < 0)
        return r;
    r = fill(unpack, item, tensor, suffix, zeros, err);
    if (r < 0) {
        unpack_item_free(item);
        return r;
    }
    const struct model_tensor *t = &unpack->model->tensors[tensor];
    describe(item, what, t->dims[t->n_dims - 2], t->row_len);
    return unpack_item_add(unpack, item, unpack->f32, decode, UNPACK_TILE_BYTES, err);
}

static int is_f8(const struct unpack *unpack, uint64_t tensor)
{
    return (F8 & UNPACK_IS(unpack_type_of(unpack, tensor))) != 0;
}

static int configure_fp8(struct unpack *unpack, struct error *err)
{
    const json_t *block = json_object_get(unpack->config.json, "weight_block_size");
    if (!block || json_is_null(block))
        return 0;
    json_int_t rows = json_integer_value(json_array_get(block, 0));
    json_int_t columns = json_integer_value(json_array_get(block, 1));
    if (json_array_size(block) != 2 || rows < 1 || columns < 1)
        return error_set(err, PARE_EDATA, "config.json: weight_block_size is not a pair of sizes");
    unpack->config.blocks[0][0] = (uint64_t)rows;
    unpack->config.blocks[0][1] = (uint64_t)columns;
    unpack->config.n_blocks = 1;
    return 0;
}

static int claim_fp8(struct unpack *unpack, uint64_t tensor, struct error *err)
{
    static const char *const suffixes[] = { "_scale_inv", "_scale" };
    for (size_t i = 0; i < 2; i++)
        if (is_f8(unpack, tensor) && unpack_has_beside(unpack, tensor, "", suffixes[i]))
            return unpack_claim_plain(unpack, tensor, suffixes[i], NULL, "fp8", err);
    if (unpack_ends(unpack, tensor, "_scale_inv") || !is_f8(unpack, tensor))
        return 0;
    return error_set(err, PARE_EDATA,
                     "tensor `%s` is %s, but there are no scales for it "
                     "(`_scale_inv` or `_scale` behind its name)",
                     unpack_show(unpack, tensor).text,
                     unpack->model->tensors[tensor].encoding_name);
}

static int configure_nothing(struct unpack *unpack, struct error *err)
{
    (void)unpack;
    (void)err;
    return 0;
}

const struct unpack_scheme unpack_scheme_fp8 = { "fp8", configure_fp8, claim_fp8 };
const struct unpack_scheme unpack_scheme_fbgemm = { "fbgemm_fp8", configure_nothing, claim_fp8 };
