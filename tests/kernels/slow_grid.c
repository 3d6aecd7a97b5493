/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Slow decoders of the encodings whose codes are points of a grid: see slow.h. */
#include "slow.h"

const struct slow slow_grid[] = {
    {NULL, NULL},
};
