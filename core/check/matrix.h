/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Matrix services, beside a slow loop. */
#ifndef CHECK_MATRIX_H
#define CHECK_MATRIX_H

#include "check/encoding.h"

/* Tries a service in several sizes, with all flags and with rows further apart than they are long;
 * sums may be made in any order, so that they may differ by their rounding. */
enum check_verdict check_matrix(struct check *check, const struct pare_matrix *matrix);

#endif
