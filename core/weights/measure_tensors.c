/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Measuring two models that lie on disk against each other. One thread, one slab of each at a time.
 */
#include "weights/measure_tensors.h"

#include "base/cleanup.h"
#include "plugin/source.h"
#include "weights/floats.h"
#include "weights/importance_rows.h"

int measure_tensors(struct source *a, const struct model_tensor *ta, uint64_t ia, struct source *b,
                    const struct model_tensor *tb, uint64_t ib, const struct importance *importance,
                    uint64_t first, uint64_t count, struct measure *ret_measure, struct error *err)
{
    const struct encoding *encodings[2] = { ta->encoding, tb->encoding };
    struct slab_cut cut;
    slab_cut_make(ta, encodings, 2, &cut);
    if (count < ta->elements) /* one slab, cut when the output was made: one sum, as then */
        cut.elements = count;
    uint64_t largest = cut.elements < count ? cut.elements : count;
    _cleanup_free_ float *x = malloc((largest + 1) * sizeof *x);
    _cleanup_free_ float *y = malloc((largest + 1) * sizeof *y);
    CLEANUP(importance_rows_deinit) struct importance_rows rows = { 0 };
    int r = x && y ? importance_rows_init(&rows, importance, largest + 1, err) : error_oom(err);
    struct measure all = MEASURE_INIT;
    for (uint64_t done = 0; r == 0 && done < count;) {
        uint64_t at = first + done, n = count - done < cut.elements ? count - done : cut.elements;
        if (cut.within_rows && n > ta->row_len - at % ta->row_len)
            n = ta->row_len - at % ta->row_len;
        r = floats_load(a, ta, ia, &cut, at, n, x, err);
        if (r == 0)
            r = floats_load(b, tb, ib, &cut, at, n, y, err);
        struct measure part = MEASURE_INIT;
        if (r == 0)
            r = importance_rows_weigh(&rows, ta, &cut, at, n, x, y, &part, err);
        if (r < 0)
            return r;
        measure_add(&part, x, y, n, at);
        measure_merge(&all, &part);
        done += n;
    }
    if (r == 0)
        *ret_measure = all;
    return r;
}
