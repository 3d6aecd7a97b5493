/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What a conversion needs, said beforehand: see needs.h. */
#include "worker/needs.h"

#include "base/cleanup.h"
#include "convert/pipeline.h"
#include "plugin/calibration.h"
#include "weights/importance.h"

/* Bytes that targets may take for what they learn of a tensor of the source, all together. */
static uint64_t most_learned(struct target *const *targets, size_t n, uint64_t source)
{
    uint64_t bytes = 0;
    for (size_t j = 0; j < n; j++) {
        if (!calibrate_wants(targets[j], source))
            continue;
        uint64_t i = targets[j]->by_source[source];
        const struct model_tensor *t = &targets[j]->plan->target->tensors[i];
        const struct importance_entry *entry = targets[j]->plan->choices[i].importance;
        bytes += calibration_memory(t) + (entry ? 4 * entry->row_len * entry->matrices : 0);
        for (uint32_t k = 0; k < t->n_planes; k++)
            bytes += plane_is_shared(&t->encoding->planes[k]) ? t->planes[k].length : 0;
    }
    return bytes;
}

/* Each thread is at one tensor, and one is given back late. */
static uint64_t learned_at_a_time(const struct model *model, struct target *const *targets,
                                  size_t n, unsigned threads)
{
    uint64_t most = 0, wanted = 0;
    for (uint64_t i = 0; i < model->n_tensors; i++) {
        uint64_t bytes = most_learned(targets, n, i);
        most = bytes > most ? bytes : most;
        wanted += bytes > 0;
    }
    return most * (wanted < threads + 1u ? wanted : threads + 1u);
}

int needs_memory(const struct model *model, struct target *const *targets, size_t n_targets,
                 unsigned threads, uint64_t *ret_bytes, struct error *err)
{
    _cleanup_free_ struct slab_cut *cuts = NULL;
    int r = pipeline_cuts(model, targets, n_targets, &cuts, err);
    if (r == 0)
        *ret_bytes = pipeline_memory(model, cuts, targets, n_targets, threads) +
                     learned_at_a_time(model, targets, n_targets, threads);
    return r;
}
