/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Lists of strings: see strlist.h. */
#include "base/strlist.h"

#include <stdlib.h>
#include <string.h>

int strlist_add(char ***list, size_t *n, const char *text, struct error *err)
{
    char **bigger = reallocarray(*list, *n + 1, sizeof *bigger);
    if (!bigger)
        return error_oom(err);
    *list = bigger;
    char *copy = strdup(text);
    if (!copy)
        return error_oom(err);
    bigger[(*n)++] = copy;
    return 0;
}

void strlist_clear(char ***list, size_t *n)
{
    for (size_t i = 0; i < *n; i++)
        free((*list)[i]);
    free(*list);
    *list = NULL;
    *n = 0;
}
