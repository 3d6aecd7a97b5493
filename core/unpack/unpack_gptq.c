/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * GPTQ, as AutoGPTQ and GPTQModel write it. Of a matrix [out, in] with codes of b bits:
 *
 *   qweight  [in * b / 32, out]      words: codes along `in`, lowest bits first; codes of 3 bits
 *                                    run across words, 32 of them in three
 *   qzeros   [groups, out * b / 32]  words: zeros along `out`
 *   scales   [groups, out]
 *   g_idx    [in]                    the group of each column; without it they are in order
 *
 *   x = (code - zero) * scale        in f32, exact for 16-bit scales
 *
 * checkpoint_format "gptq" (version 1, the default) stores zero - 1 modulo 2^b, and
 * "gptq_v2" zero itself. The width is that of qzeros, so that layers may differ (`dynamic`).
 * Sources: AutoGPTQ, qlinear_cuda.py; GPTQModel, nn_modules/qlinear.
 */
#include "unpack/unpack_private.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "plugin/source.h"

#include <string.h>
#include <strings.h>

static int configure(struct unpack *unpack, struct error *err)
{
    const json_t *json = unpack->config.json;
    const char *format = json_get_string(json, "checkpoint_format", NULL);
    if (!format)
        format = json_get_string(json, "format", "gptq");
    if (strcmp(format, "gptq") != 0 && strcmp(format, "gptq_v2") != 0)
        return error_set(err, PARE_ENOTSUP,
                         "the checkpoint is quantized by gptq in the format "
                         "`%.60s`; gptq and gptq_v2 can be read",
                         format);
    const json_t *marlin = json_object_get(json, "is_marlin_format");
    if (marlin && !json_is_null(marlin) && !json_is_false(marlin))
        return error_set(err, PARE_ENOTSUP,
                         "the checkpoint is quantized by gptq in Marlin's "
                         "format; gptq and gptq_v2 can be read");
    unpack->config.zero_plus_one = !strcmp(format, "gptq");
    int64_t bits = 0;
    int r = unpack_config_int(json, "group_size", &unpack->config.group_size, err);
    if (r == 0)
        r = unpack_config_int(json, "bits", &bits, err);
    unpack->config.layers_differ = json_object_size(json_object_get(json, "dynamic")) ||
                                   json_object_size(json_object_get(json, "extra_config"));
    if (bits > 0 && bits < 32 && !unpack->config.layers_differ)
        unpack->config.bits_seen = 1u << bits;
    return r;
}

/* Scales and zeros of a tile, [groups, n], and the group of each column. */
struct tile {
    uint64_t groups, n;
    uint32_t *group_of;
    float *scales;
    uint8_t *zeros, *words;
};

static void free_tile(struct tile *tile)
{
    free(tile->group_of);
    free(tile->scales);
    free(tile->zeros);
    free(tile->words);
}

static int load_zeros(const struct unpack_item *item, struct source *base, uint64_t row,
                      struct tile *tile, struct error *err)
{
    uint64_t first = row * item->bits / 32, last = ((row + tile->n) * item->bits - 1) / 32;
    uint64_t count = last - first + 1, skip = row * item->bits % 32 / item->bits;
    _cleanup_free_ uint8_t *words = unpack_alloc(count + 1, 4, err);
    if (!words)
        return PARE_ENOMEM;
    for (uint64_t g = 0; g < tile->groups; g++) {
        int r = unpack_read_block(base, &item->zeros, g, 1, first, count, words, err);
        if (r < 0)
            return r;
        for (uint64_t k = 0; k < tile->n; k++) {
            uint32_t zero = unpack_code(words, skip + k, item->bits);
            if (item->zero_plus_one)
                zero = (zero + 1) & ((1u << item->bits) - 1);
            tile->zeros[g * tile->n + k] = (uint8_t)zero;
        }
    }
    return 0;
}

static int load_tile(const struct unpack_item *item, struct source *base, uint64_t row,
                     struct tile *tile, struct error *err)
{
    tile->group_of = unpack_alloc(item->row_len, sizeof *tile->group_of, err);
    tile->scales = unpack_alloc(tile->groups, tile->n * sizeof *tile->scales, err);
    tile->zeros = unpack_alloc(tile->groups, tile->n, err);
    tile->words = unpack_alloc(3 * tile->n, 4, err);
    if (!tile->group_of || !tile->scales || !tile->zeros || !tile->words)
        return PARE_ENOMEM;
    int r = unpack_read_order(item, base, tile->groups, 0, tile->group_of, err);
    for (uint64_t i = 0; r > 0 && i < item->row_len; i++)
        tile->group_of[i] = (uint32_t)(i / item->group);
    if (r >= 0)
        r = unpack_read_block_floats(base, &item->scales, 0, tile->groups, row, tile->n,
                                     tile->scales, err);
    return r < 0 ? r : load_zeros(item, base, row, tile, err);
}

/* The columns [column, column + count) of the tile's rows; `n_words` words hold them. */
static void decode_words(const struct unpack_item *item, const struct tile *tile, uint64_t column,
                         uint32_t n_words, uint32_t count, float *x)
{
    for (uint64_t k = 0; k < tile->n; k++) {
        uint8_t stream[13] = { 0 };
        for (uint32_t w = 0; w < n_words; w++)
            memcpy(stream + 4 * w, tile->words + 4 * (w * tile->n + k), 4);
        for (uint32_t i = 0; i < count; i++) {
            uint64_t at = tile->group_of[column + i] * tile->n + k;
            int32_t code = (int32_t)unpack_code(stream, i, item->bits) - tile->zeros[at];
            x[k * item->row_len + column + i] = (float)code * tile->scales[at];
        }
    }
}

static int decode(const struct unpack_item *item, struct source *base, uint64_t row, uint64_t n,
                  void *ret_data, struct error *err)
{
    __attribute__((cleanup(free_tile))) struct tile tile = { .groups = item->scales.rows, .n = n };
    uint32_t n_words = item->bits == 3 ? 3 : 1, count = n_words * 32 / item->bits;
    int r = load_tile(item, base, row, &tile, err);
    for (uint64_t w = 0; w < item->codes.rows && r == 0; w += n_words) {
        r = unpack_read_block(base, &item->codes, w, n_words, row, n, tile.words, err);
        if (r == 0)
            decode_words(item, &tile, w / n_words * count, n_words, count, ret_data);
    }
    return r;
}

static int find_bits(struct unpack *unpack, struct unpack_item *item, struct error *err)
{
    static const uint32_t known[] = { 2, 3, 4, 8 };
    uint64_t out = item->codes.columns;
    for (size_t i = 0; i < 4; i++)
        if (item->zeros.columns * 32 == out * known[i])
            item->bits = known[i];
    uint32_t seen = unpack->config.bits_seen;
    if (!item->bits || (seen && !(seen & 1u << item->bits)))
        return error_set(err, PARE_EDATA,
                         "tensor `%s`: %llu words for the zeros of %llu outputs "
                         "are not the config's width (2, 3, 4 and 8 bits can be read)",
                         unpack_show(unpack, item->zeros.tensor).text,
                         (unsigned long long)item->zeros.columns, (unsigned long long)out);
    if (item->bits == 3 && item->codes.rows % 3)
        return error_set(err, PARE_EDATA,
                         "tensor `%s`: %llu rows of words do not hold codes of "
                         "3 bits",
                         unpack_show(unpack, item->codes.tensor).text,
                         (unsigned long long)item->codes.rows);
    return 0;
}

static int measure(struct unpack *unpack, uint64_t tensor, struct unpack_item *item,
                   struct error *err)
{
    int r = unpack_beside(unpack, tensor, ".qweight", ".g_idx",
                          UNPACK_IS(UNPACK_I32) | UNPACK_IS(UNPACK_I64), 0, &item->order, err);
    if (r == 0)
        r = find_bits(unpack, item, err);
    if (r < 0)
        return r;
    item->zero_plus_one = unpack->config.zero_plus_one;
    item->dims[0] = item->codes.columns;
    item->dims[1] = item->bits == 3 ? item->codes.rows / 3 * 32
                                    : item->codes.rows * (32 / item->bits);
    return item->order.tensor == UNPACK_NONE ? 0
                                             : unpack_expect(unpack, &item->order, 1, item->dims[1],
                                                             "one group for each input", err);
}

static int claim(struct unpack *unpack, uint64_t tensor, struct error *err)
{
    return unpack_claim_words(unpack, tensor, measure, decode, err);
}

const struct unpack_scheme unpack_scheme_gptq = { "gptq", configure, claim };
