/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * AWQ in its "gemm" layout: 4 bits, both codes and zeros along the outputs. Of a matrix [out, in]:
 *
 *   qweight  [in, out / 8]       words; nibble i, from the lowest, is output 0 2 4 6 1 3 5 7 of 8
 *   qzeros   [groups, out / 8]   the same
 *   scales   [groups, out]
 *
 *   x = (code - zero) * scale    in f32, exact for 16-bit scales
 *
 * Source: AutoAWQ, modules/linear/gemm.py and utils/packing_utils.py.
 */
#include "unpack/unpack_private.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "plugin/source.h"

#include <string.h>
#include <strings.h>

/* Where in a word, in bits, the code of each of 8 outputs is. */
static const uint8_t shifts[8] = { 0, 16, 4, 20, 8, 24, 12, 28 };

static int configure(struct unpack *unpack, struct error *err)
{
    const json_t *json = unpack->config.json;
    const char *version = json_get_string(json, "version", "gemm");
    if (strcasecmp(version, "gemm") != 0)
        return error_set(err, PARE_ENOTSUP,
                         "the checkpoint is quantized by awq in the layout "
                         "`%.60s`; gemm can be read",
                         version);
    int64_t bits = 4;
    int r = unpack_config_int(json, "w_bit", &bits, err);
    if (r == 0)
        r = unpack_config_int(json, "bits", &bits, err);
    if (r < 0)
        return r;
    if (bits != 4)
        return error_set(err, PARE_ENOTSUP,
                         "the checkpoint is quantized by awq with %lld bits; 4 "
                         "can be read",
                         (long long)bits);
    r = unpack_config_int(json, "q_group_size", &unpack->config.group_size, err);
    return r < 0 ? r : unpack_config_int(json, "group_size", &unpack->config.group_size, err);
}

static uint32_t word_at(const uint8_t *words, uint64_t i)
{
    uint32_t word;
    memcpy(&word, words + 4 * i, sizeof word);
    return word;
}

/* The words of one column of weights, for n outputs. */
static void decode_column(const uint8_t *codes, const uint8_t *zeros, const float *scales,
                          uint64_t n, uint64_t stride, float *x)
{
    for (uint64_t w = 0; w < n / 8; w++) {
        uint32_t code = word_at(codes, w), zero = word_at(zeros, w);
        for (uint32_t k = 0; k < 8; k++) {
            int32_t q = (int32_t)(code >> shifts[k] & 15) - (int32_t)(zero >> shifts[k] & 15);
            x[(w * 8 + k) * stride] = (float)q * scales[w * 8 + k];
        }
    }
}

static int decode(const struct unpack_item *item, struct source *base, uint64_t row, uint64_t n,
                  void *ret_data, struct error *err)
{
    float *x = ret_data;
    _cleanup_free_ uint8_t *codes = unpack_alloc(n / 8, 4, err);
    _cleanup_free_ uint8_t *zeros = unpack_alloc(n / 8, 4, err);
    _cleanup_free_ float *scales = unpack_alloc(n, sizeof *scales, err);
    if (!codes || !zeros || !scales)
        return PARE_ENOMEM;
    int r = 0;
    for (uint64_t i = 0; i < item->row_len && r == 0; i++) {
        uint64_t g = i / item->group;
        if (i % item->group == 0)
            r = unpack_read_block(base, &item->zeros, g, 1, row / 8, n / 8, zeros, err);
        if (r == 0 && i % item->group == 0)
            r = unpack_read_block_floats(base, &item->scales, g, 1, row, n, scales, err);
        if (r == 0)
            r = unpack_read_block(base, &item->codes, i, 1, row / 8, n / 8, codes, err);
        if (r == 0)
            decode_column(codes, zeros, scales, n, item->row_len, x + i);
    }
    return r;
}

static int measure(struct unpack *unpack, uint64_t tensor, struct unpack_item *item,
                   struct error *err)
{
    (void)unpack, (void)tensor, (void)err;
    item->bits = 4;
    item->dims[0] = item->codes.columns * 8;
    item->dims[1] = item->codes.rows;
    return 0;
}

static int claim(struct unpack *unpack, uint64_t tensor, struct error *err)
{
    return unpack_claim_words(unpack, tensor, measure, decode, err);
}

const struct unpack_scheme unpack_scheme_awq = { "awq", configure, claim };
