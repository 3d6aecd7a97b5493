/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Numbers in plain digits, as patterns have them. */
#ifndef LANG_DIGITS_H
#define LANG_DIGITS_H

#include "base/error.h"

#include <stdint.h>

#define DIGITS_MAX 9 /* of a number that fits 32 bits */

/* Reads a number at *at, which goes behind it: 1, or 0 when there is none of at most DIGITS_MAX
 * digits. */
int digits_take(struct pare_str text, size_t *at, uint32_t *ret_number);

#endif
