/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What include/pare/plugin.h promises of encodings and kernels, tried on the inputs of inputs.h, in
 * several shapes, with importance and without, with either search.
 */
#ifndef CHECK_ENCODING_H
#define CHECK_ENCODING_H

#include "check/trial.h"

/* What was said of a kernel: CHECK_SKIPPED when this machine lacks its instructions. */
enum check_verdict { CHECK_GOOD, CHECK_BAD, CHECK_SKIPPED };

/* Tries one kernel. The encoding's description must have been checked (check/description.h). */
enum check_verdict check_kernel(struct check *check, const struct pare_encoding *encoding,
                                const struct pare_kernel *kernel);

/* 1 when the seed's choice has input i of inputs.h; it always has the first. */
int check_has_input(const struct check *check, uint64_t i);

#endif
