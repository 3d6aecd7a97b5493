/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What calibration may change: importance and the search, as an encoding's flags say. */
#ifndef CHECK_SEARCH_H
#define CHECK_SEARCH_H

#include "check/trial.h"

/* Checks of one result, beside those of encoding.h: its planes and what they decode to. */
typedef void check_result_fn(const struct trial *trial, const struct planes *planes,
                             const float *decoded);

/* Importance changes the bytes of encodings that say that they use it, and of no other. rich: the
 * input has enough blocks that one of them changes. */
void check_importance(const struct trial *trial, int rich);

/* The longer search against the reference's, for a trial with the latter; an encoding without the
 * flag makes the same bytes whatever the search. `result` gets what the longer one made. */
void check_search(const struct trial *trial, int rich, check_result_fn *result);

#endif
