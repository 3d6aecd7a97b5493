/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * compressed-tensors: what llm-compressor writes. A config has groups of layers with a scheme each.
 * Which group a layer is in does not matter, because its tensors show all of it: packed integers in
 * words (`weight_packed` of 32 bits, with `weight_shape`), FP4 in bytes, plain int8 or fp8
 * (`weight` with `weight_scale`). Only widths and block shapes are taken from the config.
 *
 *   x = (q - zero) * scale          in f32, where it is exact for 16-bit scales
 *
 * The library computes the same in the type of the scales, that is with one rounding more, which a
 * cast of our result to that type makes up for. With `weight_g_idx` (activation order) column i is
 * in group g_idx[i]. Source: compressed-tensors, compressors/ and
 * quantization/lifecycle/forward.py.
 */
#include "unpack/unpack_private.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "plugin/source.h"

#include <stdio.h>
#include <string.h>

#define PACKED ".weight_packed"
#define INTEGERS (UNPACK_IS(UNPACK_I32) | UNPACK_IS(UNPACK_I64))

/* Formats whose tensors are recognized as described, or that have nothing quantized. */
static const char *const formats[] = {
    "dense",           "float-quantized",      "int-quantized",
    "mixed-precision", "mxfp4-pack-quantized", "mxfp8-quantized",
    "naive-quantized", "nvfp4-pack-quantized", "pack-quantized"
};

static int check_format(const char *format, struct error *err)
{
    for (size_t i = 0; format && i < sizeof formats / sizeof formats[0]; i++)
        if (!strcmp(format, formats[i]))
            return 0;
    return !format ? 0
                   : error_set(err, PARE_ENOTSUP,
                               "config.json: compressed-tensors in the "
                               "format `%.60s`, which cannot be read",
                               format);
}

/* "128x128", or [128, 128]. */
static int read_block(struct unpack_config *config, const json_t *value, struct error *err)
{
    long long rows = json_integer_value(json_array_get(value, 0));
    long long columns = json_integer_value(json_array_get(value, 1));
    if (!value || json_is_null(value))
        return 0;
    if (json_is_string(value) &&
        sscanf(json_string_value(value), "%9lldx%9lld", &rows, &columns) != 2)
        rows = 0;
    if (rows < 1 || columns < 1)
        return error_set(err, PARE_EDATA, "config.json: block_structure is not a pair of sizes");
    if (config->n_blocks == UNPACK_MAX_BLOCKS)
        return error_set(err, PARE_ELIMIT, "config.json: over %d config_groups with blocks",
                         UNPACK_MAX_BLOCKS);
    config->blocks[config->n_blocks][0] = (uint64_t)rows;
    config->blocks[config->n_blocks++][1] = (uint64_t)columns;
    return 0;
}

static int configure(struct unpack *unpack, struct error *err)
{
    struct unpack_config *config = &unpack->config;
    const char *key;
    json_t *group;
    int r = check_format(json_get_string(config->json, "format", NULL), err);
    const json_t *sparsity = json_object_get(config->json, "sparsity_config");
    if (r == 0 && json_object_size(sparsity))
        r = check_format(json_get_string(sparsity, "format", NULL), err);
    json_object_foreach(json_object_get(config->json, "config_groups"), key, group) {
        const json_t *weights = json_object_get(group, "weights");
        int64_t bits = 0;
        if (r == 0)
            r = unpack_config_int(weights, "num_bits", &bits, err);
        if (r == 0)
            r = check_format(json_get_string(group, "format", NULL), err);
        if (r == 0)
            r = read_block(config, json_object_get(weights, "block_structure"), err);
        if (bits > 0 && bits < 32)
            config->bits_seen |= 1u << bits;
    }
    return r;
}

/* The decoding of packed integers, with what it needs for one tile. */
struct packed {
    uint8_t *codes, *zero_words;
    uint32_t *groups; /* per column */
    float *scales;
    int32_t *zeros;
    uint64_t scale_row, zero_first; /* zero_first: the first row of zeros that the words hold */
};

static void free_packed(struct packed *p)
{
    free(p->codes);
    free(p->zero_words);
    free(p->groups);
    free(p->scales);
    free(p->zeros);
}

static int begin(const struct unpack_item *item, struct source *base, uint64_t row, uint64_t n,
                 struct packed *p, struct error *err)
{
    uint64_t row_words = item->codes.columns, width = item->grid.width;
    p->scale_row = UNPACK_NONE;
    p->codes = unpack_alloc(n * row_words + 1, 4, err);
    p->groups = unpack_alloc(item->row_len, sizeof *p->groups, err);
    p->scales = unpack_alloc(width, sizeof *p->scales, err);
    p->zeros = unpack_alloc(width, sizeof *p->zeros, err);
    if (!p->codes || !p->groups || !p->scales || !p->zeros)
        return PARE_ENOMEM;
    int r = unpack_read_order(item, base, width, 1, p->groups, err);
    for (uint64_t i = 0; r > 0 && i < item->row_len; i++)
        p->groups[i] = (uint32_t)(i / item->group);
    if (r >= 0)
        r = unpack_read_block(base, &item->codes, row, n, 0, row_words, p->codes, err);
    if (r < 0 || item->zeros.tensor == UNPACK_NONE)
        return r;
    uint64_t first = row * item->bits / 32, last = ((row + n) * item->bits - 1) / 32;
    p->zero_first = first * 32 / item->bits;
    p->zero_words = unpack_alloc((last - first + 1) * width, 4, err);
    if (!p->zero_words)
        return PARE_ENOMEM;
    return unpack_read_block(base, &item->zeros, first, last - first + 1, 0, width, p->zero_words,
                             err);
}

/* The zeros of a row: packed along rows, 32 / bits of them in a word. */
static void load_zeros(const struct unpack_item *item, uint64_t row, struct packed *p)
{
    uint64_t per_word = 32 / item->bits, at = row - p->zero_first;
    uint32_t shift = (uint32_t)(at % per_word) * item->bits;
    for (uint64_t g = 0; g < item->grid.width; g++) {
        uint32_t word = 1u << (item->bits - 1);
        if (p->zero_words) {
            memcpy(&word, p->zero_words + (at / per_word * item->grid.width + g) * 4, sizeof word);
            word = word >> shift & ((1u << item->bits) - 1);
        }
        p->zeros[g] = (int32_t)word;
    }
}

static int decode_packed(const struct unpack_item *item, struct source *base, uint64_t row,
                         uint64_t n, void *ret_data, struct error *err)
{
    __attribute__((cleanup(free_packed))) struct packed p = { NULL };
    float *x = ret_data;
    int r = begin(item, base, row, n, &p, err);
    for (uint64_t k = 0; k < n && r == 0; k++) {
        const uint8_t *codes = p.codes + k * item->codes.columns * 4;
        r = unpack_read_grid_row(item, base, &item->scales, row + k, &p.scale_row, p.scales, err);
        load_zeros(item, row + k, &p);
        for (uint64_t i = 0; i < item->row_len && r == 0; i++) {
            int32_t code = (int32_t)unpack_code(codes, i, item->bits);
            uint32_t g = p.groups[i];
            *x++ = (float)(code - p.zeros[g]) * p.scales[g];
        }
    }
    return r;
}

/* [out, in], as weight_shape has it. */
static int read_shape(struct unpack *unpack, uint64_t tensor, uint64_t *ret_out, uint64_t *ret_in,
                      struct error *err)
{
    struct unpack_part shape;
    int64_t wide[2];
    int32_t narrow[2];
    int r = unpack_beside(unpack, tensor, PACKED, ".weight_shape", INTEGERS, 1, &shape, err);
    if (r == 0)
        r = unpack_expect(unpack, &shape, 1, 2, "rows and columns of a matrix", err);
    if (r == 0 && shape.type == UNPACK_I64)
        r = source_read(unpack->base, shape.tensor, 0, 0, wide, sizeof wide, err);
    else if (r == 0)
        r = source_read(unpack->base, shape.tensor, 0, 0, narrow, sizeof narrow, err);
    if (r < 0)
        return r;
    int64_t out = shape.type == UNPACK_I64 ? wide[0] : narrow[0];
    int64_t in = shape.type == UNPACK_I64 ? wide[1] : narrow[1];
    if (out < 1 || in < 1 || in > UNPACK_MAX_ROW)
        return error_set(err, PARE_EDATA,
                         "tensor `%s` says [%lld, %lld], which is not the shape of a "
                         "quantized matrix",
                         unpack_show(unpack, shape.tensor).text, (long long)out, (long long)in);
    *ret_out = (uint64_t)out;
    *ret_in = (uint64_t)in;
    return 0;
}

/* The width of the codes: one that the config mentions and that fits the words of a row. */
static int find_bits(const struct unpack *unpack, struct unpack_item *item, uint64_t in,
                     struct error *err)
{
    static const uint32_t known[] = { 4, 8, 2 };
    for (size_t i = 0; i < 3; i++)
        if (unpack->config.bits_seen & 1u << known[i] &&
            item->codes.columns == (in * known[i] + 31) / 32) {
            item->bits = known[i];
            return 0;
        }
    return error_set(err, PARE_ENOTSUP,
                     "tensor `%s` packs %llu weights into %llu words: that is "
                     "none of the widths of the config that can be read (2, 4 and 8 bits)",
                     unpack_show(unpack, item->codes.tensor).text, (unsigned long long)in,
                     (unsigned long long)item->codes.columns);
}

static int fill_packed(struct unpack *unpack, uint64_t tensor, struct unpack_item *item,
                       struct error *err)
{
    uint64_t out = 0, in = 0;
    int r = unpack_part_of(unpack, tensor, UNPACK_IS(UNPACK_I32), &item->codes, err);
    if (r == 0)
        r = read_shape(unpack, tensor, &out, &in, err);
    if (r == 0)
        r = find_bits(unpack, item, in, err);
    if (r == 0)
        r = unpack_expect(unpack, &item->codes, out, item->codes.columns, "weight_shape", err);
    if (r == 0)
        r = unpack_beside(unpack, tensor, PACKED, ".weight_scale", UNPACK_FLOATS, 1, &item->scales,
                          err);
    if (r == 0)
        r = unpack_beside(unpack, tensor, PACKED, ".weight_zero_point", UNPACK_IS(UNPACK_I32), 0,
                          &item->zeros, err);
    if (r == 0)
        r = unpack_beside(unpack, tensor, PACKED, ".weight_g_idx", INTEGERS, 0, &item->order, err);
    if (r == 0)
        r = unpack_grid_fit(unpack, &item->scales, out, out, in, &item->grid, err);
    if (r < 0)
        return r;
    item->n_dims = 2;
    item->dims[0] = out;
    item->dims[1] = in;
    item->group = item->grid.columns;
    if (item->order.tensor != UNPACK_NONE)
        r = unpack_expect(unpack, &item->order, 1, in, "one group for each column", err);
    if (r == 0 && item->zeros.tensor != UNPACK_NONE)
        r = unpack_expect(unpack, &item->zeros, (out * item->bits + 31) / 32, item->grid.width,
                          "packed zeros, one for each scale", err);
    if (r == 0 && item->zeros.tensor != UNPACK_NONE && item->grid.rows != 1)
        r = error_set(err, PARE_ENOTSUP, "tensor `%s`: zeros with scales of more than one row",
                      unpack_show(unpack, item->zeros.tensor).text);
    return r;
}

static int claim_packed(struct unpack *unpack, uint64_t tensor, struct error *err)
{
    struct unpack_item *item;
    int r = unpack_item_new(unpack, tensor, PACKED, ".weight", &item, err);
    if (r < 0)
        return r;
    r = fill_packed(unpack, tensor, item, err);
    if (r < 0) {
        unpack_item_free(item);
        return r;
    }
    (void)snprintf(item->origin, sizeof item->origin, "compressed-tensors int%u g%llu", item->bits,
                   (unsigned long long)item->group);
    return unpack_item_add(unpack, item, unpack->f32, decode_packed, UNPACK_TILE_BYTES, err);
}

/* Tensors that accompany weights stored as plain floats, or no weights at all. */
static const char *const leftovers[] = { ".weight_scale", ".weight_zero_point", ".weight_g_idx",
                                         ".weight_shape", ".weight_global_scale" };

static int claim(struct unpack *unpack, uint64_t tensor, struct error *err)
{
    enum unpack_type type = unpack_type_of(unpack, tensor);
    if (unpack_ends(unpack, tensor, PACKED) && type != UNPACK_U8)
        return claim_packed(unpack, tensor, err);
    if (unpack_ends(unpack, tensor, PACKED) &&
        unpack_has_beside(unpack, tensor, PACKED, ".weight_global_scale"))
        return unpack_claim_nvfp4(unpack, tensor, PACKED, ".weight_scale", ".weight_global_scale",
                                  1, err);
    if (unpack_ends(unpack, tensor, PACKED))
        return unpack_claim_mxfp4(unpack, tensor, PACKED, ".weight", ".weight_scale", err);
    if (unpack_ends(unpack, tensor, ".weight") &&
        (type == UNPACK_I8 || type == UNPACK_E4M3 || type == UNPACK_E5M2))
        return unpack_claim_plain(unpack, tensor, "_scale", "_zero_point", "compressed-tensors",
                                  err);
    for (size_t i = 0; i < sizeof leftovers / sizeof leftovers[0]; i++)
        if (unpack->roles[tensor] == UNPACK_PASS && unpack_ends(unpack, tensor, leftovers[i]))
            unpack->roles[tensor] = UNPACK_DROP;
    return 0;
}

const struct unpack_scheme unpack_scheme_ct = { "compressed-tensors", configure, claim };
