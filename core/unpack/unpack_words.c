/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What GPTQ and AWQ share: `X.qweight`, words that hold the codes of a matrix, with `X.qzeros`
 * and `X.scales`, a row of each for a group of inputs.
 */
#include "unpack/unpack_private.h"

#include <stdio.h>

#define CODES ".qweight"

/* The size of groups: what the config says, or, where it says nothing or speaks of layers that
 * differ, what follows from the number of scales. */
static int find_group(struct unpack *unpack, struct unpack_item *item, struct error *err)
{
    uint64_t groups = item->scales.rows, in = item->dims[1];
    int64_t given = unpack->config.group_size;
    uint64_t size = given > 0 ? (uint64_t)given : 0;
    if (!size || (unpack->config.layers_differ && in / size + (in % size != 0) != groups))
        size = in / groups + (in % groups != 0);
    item->group = size;
    /* Which columns a last group has that is not full must be given. */
    if (size && in / size + (in % size != 0) == groups &&
        (in % size == 0 || item->order.tensor != UNPACK_NONE))
        return 0;
    return error_set(err, PARE_EDATA,
                     "tensor `%s`: %llu groups do not fit %llu inputs (config: "
                     "group_size %lld)",
                     unpack_show(unpack, item->scales.tensor).text, (unsigned long long)groups,
                     (unsigned long long)in, (long long)given);
}

static int fill(struct unpack *unpack, uint64_t tensor, struct unpack_item *item,
                unpack_measure_fn *measure, struct error *err)
{
    int r = unpack_part_of(unpack, tensor, UNPACK_WORDS, &item->codes, err);
    if (r == 0)
        r = unpack_beside(unpack, tensor, CODES, ".qzeros", UNPACK_WORDS, 1, &item->zeros, err);
    if (r == 0)
        r = unpack_beside(unpack, tensor, CODES, ".scales", UNPACK_FLOATS, 1, &item->scales, err);
    if (r == 0)
        r = measure(unpack, tensor, item, err);
    if (r < 0)
        return r;
    item->n_dims = 2;
    r = unpack_expect(unpack, &item->scales, item->scales.rows, item->dims[0],
                      "a scale for each "
                      "output",
                      err);
    if (r == 0)
        r = unpack_expect(unpack, &item->zeros, item->scales.rows, item->dims[0] * item->bits / 32,
                          "a zero for each scale", err);
    return r < 0 ? r : find_group(unpack, item, err);
}

int unpack_claim_words(struct unpack *unpack, uint64_t tensor, unpack_measure_fn *measure,
                       unpack_decode_fn *decode, struct error *err)
{
    struct unpack_item *item;
    if (!unpack_ends(unpack, tensor, CODES))
        return 0;
    int r = unpack_item_new(unpack, tensor, CODES, ".weight", &item, err);
    if (r < 0)
        return r;
    r = fill(unpack, tensor, item, measure, err);
    if (r < 0) {
        unpack_item_free(item);
        return r;
    }
    (void)snprintf(item->origin, sizeof item->origin, "%s int%u g%llu", unpack->scheme->method,
                   item->bits, (unsigned long long)item->group);
    return unpack_item_add(unpack, item, unpack->f32, decode, UNPACK_TALL_BYTES, err);
}
