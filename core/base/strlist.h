/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Lists of strings: an array and its length, NULL and 0 at first. The list owns its strings. */
#ifndef BASE_STRLIST_H
#define BASE_STRLIST_H

#include "base/error.h"

#include <stddef.h>

/* Appends a copy. */
int strlist_add(char ***list, size_t *n, const char *text, struct error *err)
    __attribute__((warn_unused_result));
/* Frees all of it; the list is empty then. */
void strlist_clear(char ***list, size_t *n);

#endif
