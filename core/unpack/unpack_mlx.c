/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * MLX. A layer is quantized when there are `scales` beside its `weight` of u32 words; config.json
 * gives width, group size and mode, for all layers and for single ones by their names. Codes lie
 * along a row, lowest bits first, also across bytes and words (3, 5 and 6 bits).
 *
 *   affine   x = code * scale + bias     in f32: the product is exact for 16-bit scales, the sum
 *                                        is rounded once
 *   mxfp4, nvfp4, mxfp8                  as their specifications define them
 *
 * MLX itself computes in the type of the scales. Sources: mlx, backend/cpu/quantized.cpp and
 * ops.cpp; mlx-lm, utils.py.
 */
#include "unpack/unpack_private.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "plugin/source.h"

#include <stdio.h>
#include <string.h>

#define WEIGHT ".weight"

struct mode {
    const char *name;
    int64_t bits, group;
};

/* MLX's defaults. */
static const struct mode defaults[] = {
    { "affine", 4, 64 }, { "mxfp4", 4, 32 }, { "nvfp4", 4, 16 }, { "mxfp8", 8, 32 }
};

/* Fills a mode from an object, or names what is not known. */
static int read_mode(const json_t *json, const char *where, struct mode *ret_mode,
                     struct error *err)
{
    struct mode mode = { json_get_string(json, "mode", "affine"), 0, 0 };
    const struct mode *known = NULL;
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        if (!strcmp(mode.name, defaults[i].name))
            known = &defaults[i];
    mode.bits = known ? known->bits : 0;
    mode.group = known ? known->group : 0;
    int r = unpack_config_int(json, "bits", &mode.bits, err);
    if (r == 0)
        r = unpack_config_int(json, "group_size", &mode.group, err);
    if (r < 0)
        return error_prefix(err, "config.json: %s", where);
    int fits = known && mode.bits == known->bits && mode.group == known->group;
    if (known == &defaults[0])
        fits = mode.bits >= 2 && mode.bits <= 8 && mode.bits != 7 && mode.group >= 1 &&
               mode.group <= UNPACK_MAX_ROW;
    if (!fits)
        return error_set(err, PARE_ENOTSUP,
                         "config.json: %s is quantized by mlx in mode `%.60s` "
                         "with %lld bits and groups of %lld, which cannot be read",
                         where, mode.name, (long long)mode.bits, (long long)mode.group);
    *ret_mode = mode;
    return 0;
}

static int configure(struct unpack *unpack, struct error *err)
{
    struct mode mode;
    return read_mode(unpack->config.json, "the model", &mode, err);
}

/* The mode of the layer whose weight the tensor is. */
static int mode_of(const struct unpack *unpack, uint64_t tensor, struct mode *ret_mode,
                   struct error *err)
{
    const struct pare_str *name = &unpack->model->tensors[tensor].name;
    _cleanup_strbuf_ struct strbuf layer = STRBUF_INIT;
    strbuf_add(&layer, name->data, name->len - strlen(WEIGHT));
    if (layer.failed)
        return error_oom(err);
    const json_t *own = json_object_get(unpack->config.json, layer.data);
    return read_mode(json_is_object(own) ? own : unpack->config.json,
                     unpack_show(unpack, tensor).text, ret_mode, err);
}

static int decode_affine(const struct unpack_item *item, struct source *base, uint64_t row,
                         uint64_t n, void *ret_data, struct error *err)
{
    uint64_t words = item->codes.columns, width = item->scales.columns;
    float *x = ret_data;
    _cleanup_free_ uint8_t *codes = unpack_alloc(n * words + 1, 4, err);
    _cleanup_free_ float *scales = unpack_alloc(width, sizeof *scales, err);
    _cleanup_free_ float *biases = unpack_alloc(width, sizeof *biases, err);
    if (!codes || !scales || !biases)
        return PARE_ENOMEM;
    int r = unpack_read_block(base, &item->codes, row, n, 0, words, codes, err);
    for (uint64_t k = 0; k < n && r == 0; k++) {
        r = unpack_read_floats(base, &item->scales, (row + k) * width, width, scales, err);
        if (r == 0)
            r = unpack_read_floats(base, &item->zeros, (row + k) * width, width, biases, err);
        for (uint64_t i = 0; i < item->row_len && r == 0; i++) {
            float code = (float)unpack_code(codes + k * words * 4, i, item->bits);
            *x++ = code * scales[i / item->group] + biases[i / item->group];
        }
    }
    return r;
}

static int decode_mxfp8(const struct unpack_item *item, struct source *base, uint64_t row,
                        uint64_t n, void *ret_data, struct error *err)
{
    uint64_t width = item->scales.columns;
    float *x = ret_data;
    const struct unpack_part bytes = { .type = UNPACK_E4M3 };
    _cleanup_free_ uint8_t *codes = unpack_alloc(n, item->row_len, err);
    _cleanup_free_ float *scales = unpack_alloc(width, sizeof *scales, err);
    if (!codes || !scales)
        return PARE_ENOMEM;
    int r = unpack_read_block(base, &item->codes, row, n, 0, item->codes.columns, codes, err);
    if (r == 0)
        unpack_to_floats(&bytes, codes, n * item->row_len, x);
    for (uint64_t k = 0; k < n && r == 0; k++, x += item->row_len) {
        r = unpack_read_floats(base, &item->scales, (row + k) * width, width, scales, err);
        for (uint64_t i = 0; i < item->row_len && r == 0; i++)
            x[i] *= scales[i / item->group];
    }
    return r;
}

static int fill(struct unpack *unpack, uint64_t tensor, const struct mode *mode,
                struct unpack_item *item, struct error *err)
{
    const struct model_tensor *t = &unpack->model->tensors[tensor];
    int affine = !strcmp(mode->name, "affine");
    int r = unpack_part_of(unpack, tensor, UNPACK_IS(UNPACK_U32), &item->codes, err);
    if (r == 0)
        r = unpack_beside(unpack, tensor, WEIGHT, ".scales",
                          affine ? UNPACK_FLOATS : UNPACK_IS(UNPACK_U8), 1, &item->scales, err);
    if (r == 0 && affine)
        r = unpack_beside(unpack, tensor, WEIGHT, ".biases", UNPACK_FLOATS, 1, &item->zeros, err);
    if (r < 0)
        return r;
    if (!affine)
        item->scales.type = UNPACK_E8M0;
    item->bits = (uint32_t)mode->bits;
    item->group = (uint64_t)mode->group;
    uint64_t in = item->scales.columns <= UNPACK_MAX_ROW ? item->scales.columns * item->group : 0;
    if (t->n_dims < 2 || in > UNPACK_MAX_ROW || in * item->bits != item->codes.columns * 32)
        return error_set(err, PARE_EDATA,
                         "tensor `%s`: %llu words in a row, and %llu scales for "
                         "groups of %llu codes of %u bits, do not fit each other",
                         unpack_show(unpack, tensor).text, (unsigned long long)item->codes.columns,
                         (unsigned long long)item->scales.columns, (unsigned long long)item->group,
                         item->bits);
    unpack_item_dims(item, t, in);
    r = unpack_expect(unpack, &item->scales, t->rows, item->scales.columns,
                      "as many rows as there are of codes", err);
    if (r == 0 && affine)
        r = unpack_expect(unpack, &item->zeros, t->rows, item->scales.columns,
                          "a bias for each scale", err);
    return r;
}

static int claim(struct unpack *unpack, uint64_t tensor, struct error *err)
{
    struct mode mode;
    struct unpack_item *item;
    if (!unpack_ends(unpack, tensor, WEIGHT) || unpack_type_of(unpack, tensor) != UNPACK_U32 ||
        !unpack_has_beside(unpack, tensor, WEIGHT, ".scales"))
        return 0;
    int r = mode_of(unpack, tensor, &mode, err);
    if (r < 0)
        return r;
    if (!strcmp(mode.name, "mxfp4"))
        return unpack_claim_mxfp4(unpack, tensor, WEIGHT, WEIGHT, ".scales", err);
    if (!strcmp(mode.name, "nvfp4"))
        return unpack_claim_nvfp4(unpack, tensor, WEIGHT, ".scales", NULL, 0, err);
    r = unpack_item_new(unpack, tensor, WEIGHT, WEIGHT, &item, err);
    if (r < 0)
        return r;
    r = fill(unpack, tensor, &mode, item, err);
    if (r < 0) {
        unpack_item_free(item);
        return r;
    }
    int affine = !strcmp(mode.name, "affine");
    (void)snprintf(item->origin, sizeof item->origin, "mlx %s%u g%llu", affine ? "int" : "mxfp",
                   item->bits, (unsigned long long)item->group);
    return unpack_item_add(unpack, item, unpack->f32, affine ? decode_affine : decode_mxfp8,
                           UNPACK_TILE_BYTES, err);
}

const struct unpack_scheme unpack_scheme_mlx = { "mlx", configure, claim };
