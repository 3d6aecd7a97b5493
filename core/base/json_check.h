/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Proves that a text is JSON (RFC 8259), in one pass, without recursion or memory. */
#ifndef BASE_JSON_CHECK_H
#define BASE_JSON_CHECK_H

#include "base/error.h"

#include <stddef.h>

#define JSON_CHECK_DEPTH 512 /* levels of objects and lists */

/* 0: n bytes are one value in UTF-8, with nothing but space around it. Beyond the grammar, half a
 * surrogate pair is refused, since it is no character, and NUL in a key. PARE_EDATA, PARE_ELIMIT
 * (JSON_CHECK_DEPTH): the text says what is wrong, with line and column. */
int json_check(const char *text, size_t n, struct error *err) __attribute__((warn_unused_result));

#endif
