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

struct measuring {
    const struct measure_pair *pair;
    struct slab_cut cut;
    struct importance_rows rows;
    float *x, *y;
};

static void measuring_deinit(struct measuring *m)
{
    importance_rows_deinit(&m->rows);
    free(m->x);
    free(m->y);
}

/* Room for slabs of so many elements. */
static int measuring_init(struct measuring *m, const struct importance *importance,
                          uint64_t elements, struct error *err)
{
    m->x = malloc((elements + 1) * sizeof *m->x);
    m->y = malloc((elements + 1) * sizeof *m->y);
    return m->x && m->y ? importance_rows_init(&m->rows, importance, elements + 1, err)
                        : error_oom(err);
}

static int add_slab(struct measuring *m, uint64_t first, uint64_t count, struct measure *sum,
                    struct error *err)
{
    const struct measure_pair *p = m->pair;
    struct measure part = MEASURE_INIT;
    int r = floats_load(p->a, p->ta, p->ia, &m->cut, first, count, m->x, err);
    if (r == 0)
        r = floats_load(p->b, p->tb, p->ib, &m->cut, first, count, m->y, err);
    if (r == 0)
        r = importance_rows_weigh(&m->rows, p->ta, &m->cut, first, count, m->x, m->y, &part, err);
    if (r < 0)
        return r;
    measure_add(&part, m->x, m->y, count, first);
    measure_merge(sum, &part);
    return 0;
}

int measure_tensors(const struct measure_pair *pair, const struct importance *importance,
                    struct measure *ret_measure, struct error *err)
{
    const struct model_tensor *t = pair->ta;
    const struct encoding *encodings[2] = { t->encoding, pair->tb->encoding };
    CLEANUP(measuring_deinit) struct measuring m = { .pair = pair };
    struct measure all = MEASURE_INIT;
    slab_cut_make(t, encodings, 2, &m.cut);
    uint64_t most = m.cut.elements < t->elements ? m.cut.elements : t->elements;
    int r = measuring_init(&m, importance, most, err);
    for (uint64_t i = 0; r == 0 && i < m.cut.n_slabs; i++) {
        uint64_t first, count;
        slab_cut_range(t, &m.cut, i, &first, &count);
        r = add_slab(&m, first, count, &all, err);
    }
    if (r == 0)
        *ret_measure = all;
    return r;
}

int measure_slab(const struct measure_pair *pair, uint64_t first, uint64_t count,
                 struct measure *ret_measure, struct error *err)
{
    CLEANUP(measuring_deinit) struct measuring m = { .pair = pair };
    struct measure all = MEASURE_INIT;
    m.cut = (struct slab_cut){ count, 1, count % pair->ta->row_len != 0 };
    int r = measuring_init(&m, NULL, count, err);
    if (r == 0)
        r = add_slab(&m, first, count, &all, err);
    if (r == 0)
        *ret_measure = all;
    return r;
}
