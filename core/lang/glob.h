/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Globs: the patterns behind "~", and those of roles. They match a text as a whole, need no
 * preparation, and take time at most in proportion to pattern times text. (Patterns of tensor names
 * in maps, which also make names, are in name_pattern.h.)
 */
#ifndef LANG_GLOB_H
#define LANG_GLOB_H

#include "base/error.h"

/* PARE_EDATA unless what stands in braces are numbers and ranges. */
int glob_check(struct pare_str pattern, struct error *err) __attribute__((warn_unused_result));

/* 1 when the text matches a pattern that was checked: '*' stands for any bytes, '?' for one, and
 * "{0-3,12}" for a whole run of digits whose value is in the list. */
int glob_matches(struct pare_str pattern, struct pare_str text);

#endif
