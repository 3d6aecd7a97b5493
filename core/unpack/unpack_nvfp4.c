/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * NVFP4: 16 codes of 4 bits (E2M1), two in a byte, the first in the low nibble, share an E4M3
 * scale, and the whole tensor a float. ModelOpt stores that float as a factor (`weight_scale_2`),
 * compressed-tensors its reciprocal as a divisor (`weight_global_scale`), and MLX has none:
 *
 *   x = value(code) * (scale * factor)      x = value(code) * (scale / divisor)
 *
 * in f32, in this order, each rounded once. Also here: what else ModelOpt writes.
 * Sources: NVIDIA Model Optimizer, quantization/qtensor/nvfp4_tensor.py; compressed-tensors,
 * quantization/lifecycle/forward.py.
 */
#include "unpack/unpack_private.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "plugin/source.h"

#include <stdio.h>
#include <string.h>

#define GROUP 16

static const float values[16] = { 0.0f,  0.5f,  1.0f,  1.5f,  2.0f,  3.0f,  4.0f,  6.0f,
                                  -0.0f, -0.5f, -1.0f, -1.5f, -2.0f, -3.0f, -4.0f, -6.0f };

static void decode_row(const uint8_t *codes, const float *scales, uint64_t row_len, float *x)
{
    for (uint64_t i = 0; i < row_len; i++)
        x[i] = values[codes[i / 2] >> 4 * (i % 2) & 15] * scales[i / GROUP];
}

static int decode(const struct unpack_item *item, struct source *base, uint64_t row, uint64_t n,
                  void *ret_data, struct error *err)
{
    uint64_t row_bytes = item->row_len / 2, width = item->row_len / GROUP;
    float *x = ret_data, outer = 1.0f;
    _cleanup_free_ uint8_t *codes = unpack_alloc(n, row_bytes, err);
    _cleanup_free_ float *scales = unpack_alloc(width, sizeof *scales, err);
    if (!codes || !scales)
        return PARE_ENOMEM;
    int r = source_read(base, item->codes.tensor, 0, row * row_bytes, codes, n * row_bytes, err);
    uint64_t last = UNPACK_NONE;
    for (uint64_t k = 0; k < n && r == 0; k++) {
        if (item->outer.tensor != UNPACK_NONE)
            r = unpack_read_grid_row(item, base, &item->outer, row + k, &last, &outer, err);
        if (r == 0)
            r = unpack_read_floats(base, &item->scales, (row + k) * width, width, scales, err);
        for (uint64_t g = 0; g < width && r == 0; g++)
            scales[g] = item->outer_divides ? scales[g] / outer : scales[g] * outer;
        if (r == 0)
            decode_row(codes + k * row_bytes, scales, item->row_len, x + k * item->row_len);
    }
    return r;
}

static int fill(struct unpack *unpack, uint64_t tensor, const char *old, const char *scales,
                const char *outer, struct unpack_item *item, struct error *err)
{
    const struct model_tensor *t = &unpack->model->tensors[tensor];
    int r = unpack_part_of(unpack, tensor, UNPACK_IS(UNPACK_U8) | UNPACK_IS(UNPACK_U32),
                           &item->codes, err);
    if (r == 0)
        r = unpack_beside(unpack, tensor, old, scales,
                          UNPACK_IS(UNPACK_E4M3) | UNPACK_IS(UNPACK_U8), 1, &item->scales, err);
    if (r == 0 && outer)
        r = unpack_beside(unpack, tensor, old, outer, UNPACK_IS(UNPACK_F32), 1, &item->outer, err);
    if (r < 0)
        return r;
    if (item->scales.type == UNPACK_U8) /* E4M3 under another name */
        item->scales.type = UNPACK_E4M3;
    uint64_t row_bytes = t->row_len * unpack_type_bytes(item->codes.type);
    unpack_item_dims(item, t, row_bytes * 2);
    if (t->n_dims < 2 || row_bytes % (GROUP / 2))
        return error_set(err, PARE_EDATA,
                         "tensor `%s`: rows of %llu bytes do not divide into blocks of NVFP4",
                         unpack_show(unpack, tensor).text, (unsigned long long)row_bytes);
    r = unpack_expect(unpack, &item->scales, t->rows, row_bytes / (GROUP / 2),
                      "a scale for 16 codes", err);
    if (r < 0 || !outer)
        return r;
    r = unpack_grid_fit(unpack, &item->outer, t->rows, t->dims[t->n_dims - 2], row_bytes * 2,
                        &item->grid, err);
    if (r == 0 && item->grid.width != 1)
        r = error_set(err, PARE_EDATA, "tensor `%s` is not one scale for a whole matrix",
                      unpack_show(unpack, item->outer.tensor).text);
    return r;
}

int unpack_claim_nvfp4(struct unpack *unpack, uint64_t tensor, const char *old, const char *scales,
                       const char *outer, int outer_divides, struct error *err)
{
    struct unpack_item *item;
    int r = unpack_item_new(unpack, tensor, old, ".weight", &item, err);
    if (r < 0)
        return r;
    item->outer_divides = outer_divides;
    r = fill(unpack, tensor, old, scales, outer, item, err);
    if (r < 0) {
        unpack_item_free(item);
        return r;
    }
    (void)snprintf(item->origin, sizeof item->origin, "%s nvfp4", unpack->config.method);
    return unpack_item_add(unpack, item, unpack->f32, decode, UNPACK_TILE_BYTES, err);
}

static int configure(struct unpack *unpack, struct error *err)
{
    static const char *const known[] = { "FP8", "FP8_PER_CHANNEL_PER_TOKEN", "MIXED_PRECISION",
                                         "NVFP4" };
    const char *algorithm = json_get_string(unpack->config.json, "quant_algo", NULL);
    for (size_t i = 0; algorithm && i < sizeof known / sizeof known[0]; i++)
        if (!strcmp(algorithm, known[i]))
            return 0;
    return !algorithm ? 0
                      : error_set(err, PARE_ENOTSUP,
                                  "the checkpoint is quantized by modelopt "
                                  "with `%.60s`; NVFP4 and FP8 can be read",
                                  algorithm);
}

static int claim(struct unpack *unpack, uint64_t tensor, struct error *err)
{
    enum unpack_type type = unpack_type_of(unpack, tensor);
    if (unpack_ends(unpack, tensor, ".pre_quant_scale"))
        return error_set(err, PARE_ENOTSUP,
                         "tensor `%s`: scales of activations that the weights "
                         "rely on cannot be read",
                         unpack_show(unpack, tensor).text);
    if (!unpack_ends(unpack, tensor, ".weight"))
        return 0;
    if (type == UNPACK_E4M3)
        return unpack_claim_plain(unpack, tensor, "_scale", NULL, "modelopt", err);
    if (type == UNPACK_U8)
        return unpack_claim_nvfp4(unpack, tensor, ".weight", ".weight_scale", ".weight_scale_2", 0,
                                  err);
    return 0;
}

const struct unpack_scheme unpack_scheme_modelopt = { "modelopt", configure, claim };
