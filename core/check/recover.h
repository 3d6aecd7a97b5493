/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What include/pare/plugin.h promises of `recover`. */
#ifndef CHECK_RECOVER_H
#define CHECK_RECOVER_H

#include "check/trial.h"

#define CHECK_GRAINS 3

/* A value rounded to a grain (enum pare_grain), to the nearest, ties to even. */
float check_round(float value, uint32_t grain);

/* Asks for the codes of a trial's x, which are of the grain: where there are some they decode to x,
 * they depend on nothing but x, and the call stays inside. 1: they were found; 0: not. */
int check_recover_trial(const struct trial *trial, uint32_t grain);

/* Tries an encoding's `recover`, if it has one, on the seed's choice of inputs: as they are, and as
 * what is left of them in the encoding, in each grain. */
void check_recover(struct check *check, const struct pare_encoding *encoding);

#endif
