/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What is taken before its turn: see order.h. */
#include "convert/order.h"

#include "base/cleanup.h"
#include "model/encoding.h"

#include <stdlib.h>

#define SLACK_OF 16 /* a digest may lag behind by this part of the weights */
#define TWICE_OF 4  /* no more than this part of them is read twice */

/* The bytes of all files before each. */
static uint64_t *file_starts(const struct model *model)
{
    uint64_t *starts = calloc(model->n_files + 1u, sizeof *starts);
    for (uint32_t i = 0; starts && i < model->n_files; i++)
        starts[i + 1] = starts[i] + model->files[i].size;
    return starts;
}

static const struct target *digested(struct target *const *targets, size_t n_targets)
{
    for (size_t i = 0; i < n_targets; i++)
        if (targets[i]->digest && digest_follows(targets[i]->digest))
            return targets[i];
    return NULL;
}

int order_early(const struct model *model, struct target *const *targets, size_t n_targets,
                uint64_t **ret_early, size_t *ret_n, struct error *err)
{
    const struct target *target = digested(targets, n_targets);
    _cleanup_free_ uint64_t *starts = file_starts(model);
    _cleanup_free_ uint64_t *early = calloc(model->n_tensors + 1, sizeof *early);
    const uint64_t total = model_bytes(model);
    uint64_t n = 0, before = 0, twice = 0;
    if (!starts || !early)
        return error_oom(err);
    for (uint64_t i = 0; target && i < target->layout.n_pieces; i++) {
        const struct layout_piece *piece = &target->layout.pieces[i];
        if (piece->kind != LAYOUT_TENSOR || piece->plane)
            continue;
        uint64_t source = target->plan->choices[piece->tensor].source;
        const struct model_tensor *t = &model->tensors[source];
        int is_run = !t->computed && t->n_planes == 1; /* of a file's bytes */
        if (is_run && starts[t->planes[0].file] + t->planes[0].offset > before + total / SLACK_OF) {
            early[n++] = source;
            twice += t->bytes;
        }
        before += t->bytes;
    }
    *ret_n = twice <= total / TWICE_OF ? n : 0;
    *ret_early = TAKE(early);
    return 0;
}
