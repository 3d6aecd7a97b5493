/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * MXFP4 of the OCP microscaling specification: 32 codes of 4 bits (E2M1), two in a byte, the first
 * in the low nibble, and a power of two (E8M0) for them. gpt-oss has them as `NAME_blocks`
 * [.., in / 32, 16] and `NAME_scales` [.., in / 32]; compressed-tensors and MLX use other names.
 *
 * The encoding `mxfp4` holds the same codes and exponents, except that code j shares a byte with
 * code j + 16 there: blocks are repacked, not requantized. An exponent of 255, which stands for
 * NaN, is refused. Sources: OCP Microscaling Formats 1.0; transformers, integrations/mxfp4.py.
 */
#include "unpack/unpack_private.h"

#include "base/cleanup.h"
#include "plugin/source.h"

#include <string.h>

#define BLOCK_LEN 32
#define BLOCK_CODES 16 /* bytes */
#define EXPONENT_NAN 0xff

static void repack(const uint8_t *codes, uint8_t exponent, uint8_t *block)
{
    block[0] = exponent;
    for (uint32_t j = 0; j < BLOCK_CODES; j++) {
        uint32_t low = codes[j / 2] >> 4 * (j % 2) & 15;
        uint32_t high = codes[(j + 16) / 2] >> 4 * (j % 2) & 15;
        block[1 + j] = (uint8_t)(low | high << 4);
    }
}

static int decode(const struct unpack_item *item, struct source *base, uint64_t row, uint64_t n,
                  void *ret_data, struct error *err)
{
    uint64_t per_row = item->row_len / BLOCK_LEN, blocks = n * per_row;
    uint8_t *to = ret_data;
    _cleanup_free_ uint8_t *codes = unpack_alloc(blocks, BLOCK_CODES, err);
    _cleanup_free_ uint8_t *exponents = unpack_alloc(blocks, 1, err);
    if (!codes || !exponents)
        return PARE_ENOMEM;
    int r = source_read(base, item->codes.tensor, 0, row * per_row * BLOCK_CODES, codes,
                        blocks * BLOCK_CODES, err);
    if (r == 0)
        r = source_read(base, item->scales.tensor, 0, row * per_row, exponents, blocks, err);
    for (uint64_t i = 0; i < blocks && r == 0; i++, to += 1 + BLOCK_CODES) {
        if (exponents[i] == EXPONENT_NAN)
            return error_set(err, PARE_ENONFINITE, "tensor `%s`: the scale of block %llu is NaN",
                             unpack_show(item->unpack, item->scales.tensor).text,
                             (unsigned long long)(row * per_row + i));
        repack(codes + i * BLOCK_CODES, exponents[i], to);
    }
    return r;
}

/* Codes lie as [.., blocks, 16] (gpt-oss), or as rows of bytes or words. */
static int find_shape(struct unpack *unpack, uint64_t tensor, struct unpack_item *item,
                      struct error *err)
{
    const struct model_tensor *t = &unpack->model->tensors[tensor];
    uint64_t row_bytes = t->row_len * unpack_type_bytes(item->codes.type);
    unpack_item_dims(item, t, row_bytes * 2);
    if (unpack_ends(unpack, tensor, "_blocks") && t->n_dims >= 3 && t->row_len == BLOCK_CODES) {
        row_bytes = t->dims[t->n_dims - 2] * BLOCK_CODES;
        item->n_dims--;
        item->dims[item->n_dims] = 0;
        item->dims[item->n_dims - 1] = row_bytes * 2;
    } else if (t->n_dims < 2 || row_bytes % BLOCK_CODES) {
        return error_set(err, PARE_EDATA,
                         "tensor `%s`: rows of %llu bytes do not divide into blocks of MXFP4",
                         unpack_show(unpack, tensor).text, (unsigned long long)row_bytes);
    }
    return unpack_expect(unpack, &item->scales, t->bytes / row_bytes, row_bytes / BLOCK_CODES,
                         "an exponent for 32 codes", err);
}

int unpack_claim_mxfp4(struct unpack *unpack, uint64_t tensor, const char *old, const char *suffix,
                       const char *scales, struct error *err)
{
    const struct encoding *mxfp4 = registry_encoding(unpack->registry, "mxfp4");
    struct unpack_item *item;
    if (!mxfp4 || mxfp4->block_len != BLOCK_LEN || encoding_block_bytes(mxfp4) != 1 + BLOCK_CODES)
        return error_set(err, PARE_ENOTSUP, "no plugin provides mxfp4, which the weights are in");
    int r = unpack_item_new(unpack, tensor, old, suffix, &item, err);
    if (r < 0)
        return r;
    r = unpack_part_of(unpack, tensor, UNPACK_IS(UNPACK_U8) | UNPACK_IS(UNPACK_U32), &item->codes,
                       err);
    if (r == 0)
        r = unpack_beside(unpack, tensor, old, scales,
                          UNPACK_IS(UNPACK_U8) | UNPACK_IS(UNPACK_E8M0), 1, &item->scales, err);
    if (r == 0)
        r = find_shape(unpack, tensor, item, err);
    if (r < 0) {
        unpack_item_free(item);
        return r;
    }
    return unpack_item_add(unpack, item, mxfp4, decode, UNPACK_TILE_BYTES, err);
}

static int configure(struct unpack *unpack, struct error *err)
{
    (void)unpack;
    (void)err;
    return 0;
}

static int claim(struct unpack *unpack, uint64_t tensor, struct error *err)
{
    if (!unpack_ends(unpack, tensor, "_blocks"))
        return 0;
    return unpack_claim_mxfp4(unpack, tensor, "_blocks", "", "_scales", err);
}

const struct unpack_scheme unpack_scheme_mxfp4 = { "mxfp4", configure, claim };
