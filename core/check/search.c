/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Importance and the longer search: see search.h. */
#include "check/search.h"

#include "check/gathering.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

static const struct check_rule importance_unused = {
    "the use of importance is not what the flags say: it changes nothing",
    "use calibration->importance, or leave out PARE_ENCODING_IMPORTANCE"
};
static const struct check_rule importance_used = {
    "the use of importance is not what the flags say: it changes the bytes",
    "set PARE_ENCODING_IMPORTANCE, or leave calibration->importance alone"
};
static const struct check_rule worse = {
    "the best search has a block that is worse than the reference's",
    "keep the reference's result for a block when the search found none that is better"
};
static const struct check_rule finds_nothing = {
    "the best search finds nothing", "search more than the reference does, or leave out "
                                     "PARE_ENCODING_BEST"
};
static const struct check_rule unset_search = {
    "a search is read that no host has set",
    "read calibration->search only when calibration->struct_size covers it"
};
static const struct check_rule untold_search = {
    "the search changes the bytes, but the flags do not tell of it",
    "set PARE_ENCODING_BEST, or leave calibration->search alone"
};

/* What the trial's kernel makes with such a calibration, gathered anew. 0: gathering failed. */
static int encode_with(const struct trial *trial, const struct pare_calibration *calibration,
                       struct planes *ret_planes)
{
    struct trial other = *trial;
    struct gathering gathering;

    other.calibration = calibration;
    int r = gathering_open(&other, 0, &gathering);
    other.gathered = r > 0 ? &gathering.made : NULL;
    if (r >= 0) {
        trial_encode(&other, trial->kernel, 0, 0, ret_planes);
    }
    gathering_close(&other, &gathering);
    return r >= 0;
}

void check_importance(const struct trial *trial, int rich)
{
    struct planes with;
    struct planes without;
    int uses = (trial->encoding->flags & PARE_ENCODING_IMPORTANCE) != 0;

    trial_encode(trial, trial->kernel, 0, 0, &with);
    if (encode_with(trial, NULL, &without)) {
        if (!uses) {
            trial_expect_planes(trial, &with, &without, &importance_used);
        } else if (rich) {
            trial_expect(trial, !planes_equal(&with, &without), &importance_unused, NULL);
        }
        planes_deinit(&without);
    }
    planes_deinit(&with);
}

/* Sum over a block of importance times squared error. */
static double weighted_error(const struct trial *trial, const float *decoded, uint64_t first)
{
    const float *importance = trial->calibration->importance;
    double sum = 0.0;

    for (uint64_t i = first; i < first + trial->encoding->block_len; i++) {
        double error = (double)decoded[i] - (double)trial->x[i];
        sum += (importance ? (double)importance[i % trial->row_len] : 1.0) * error * error;
    }
    return sum;
}

/* No block has a larger error than the reference's. (The sums of the kernels are made in another
 * order: equal errors may differ by their rounding.) */
static void check_promise(const struct trial *trial, const float *reference, const float *best)
{
    uint64_t n = trial->rows * trial->row_len;
    uint64_t wrong = 0;

    for (uint64_t i = 0; i < n; i += trial->encoding->block_len) {
        double old = weighted_error(trial, reference, i);
        wrong += isfinite(old) && !(weighted_error(trial, best, i) <= old * (1.0 + 1e-12));
    }
    trial_expect(trial, wrong == 0, &worse, NULL);
}

/* The best search's planes, beside the reference's. best: has the search in its calibration. */
static void compare_searches(const struct trial *trial, const struct trial *best, int rich,
                             const struct planes *reference, check_result_fn *result)
{
    struct planes planes;

    trial_encode(best, trial->kernel, 0, 0, &planes);
    float *decoded = trial_decode(best, trial->kernel, &planes);
    float *before = trial_decode(trial, trial->kernel, reference);
    check_promise(best, before, decoded);
    result(best, &planes, decoded);
    trial_expect(best, !rich || !planes_equal(&planes, reference), &finds_nothing, NULL);
    planes_deinit(&planes);
    free(decoded);
    free(before);
}

void check_search(const struct trial *trial, int rich, check_result_fn *result)
{
    struct pare_calibration calibration = { .struct_size = sizeof(calibration) };
    struct trial best = *trial;
    struct planes reference;
    struct planes planes;
    struct gathering gathering;

    calibration = trial->calibration ? *trial->calibration : calibration;
    calibration.search = PARE_SEARCH_BEST;
    best.calibration = &calibration;
    int r = gathering_open(&best, 0, &gathering);
    best.gathered = r > 0 ? &gathering.made : NULL;
    trial_encode(trial, trial->kernel, 0, 0, &reference);
    if (r >= 0 && (trial->encoding->flags & PARE_ENCODING_BEST)) {
        compare_searches(trial, &best, rich, &reference, result);
    } else if (r >= 0) {
        trial_encode(&best, trial->kernel, 0, 0, &planes);
        trial_expect_planes(&best, &planes, &reference, &untold_search);
        planes_deinit(&planes);
    }
    if (r == 0 && (trial->encoding->flags & PARE_ENCODING_BEST)) {
        calibration.struct_size = offsetof(struct pare_calibration, search);
        trial_encode(&best, trial->kernel, 0, 0, &planes);
        trial_expect_planes(&best, &planes, &reference, &unset_search);
        planes_deinit(&planes);
    }
    planes_deinit(&reference);
    gathering_close(&best, &gathering);
}
