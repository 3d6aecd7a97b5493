/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Names that are no models: see litter.h. */
#include "source/litter.h"

#include <fnmatch.h>
#include <limits.h>
#include <string.h>

/* 1 when the pattern can fit a name with this last character: most do not, and cost nothing so. */
static int may_fit(const char *pattern, size_t n, const char *name)
{
    char last = pattern[n - 1], own = name[strlen(name) - 1];
    return last == '*' || last == ']' || last == '?' || (last | 0x20) == (own | 0x20);
}

static int fits(const char *pattern, size_t n, const char *name, int is_dir)
{
    char text[NAME_MAX + 1];
    int for_dirs = pattern[n - 1] == '/';
    if (for_dirs != is_dir)
        return 0;
    n -= (size_t)for_dirs;
    if (!n || n >= sizeof text || !may_fit(pattern, n, name))
        return 0;
    memcpy(text, pattern, n);
    text[n] = 0;
    return fnmatch(text, name, FNM_CASEFOLD) == 0;
}

const char *litter_find(const char *patterns, const char *name, int is_dir, unsigned *ret_len)
{
    for (const char *p = patterns; *name && *(p += strspn(p, " \t"));) {
        size_t n = strcspn(p, " \t");
        if (fits(p, n, name, is_dir)) {
            *ret_len = (unsigned)n;
            return p;
        }
        p += n;
    }
    return NULL;
}
