/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Values as people write them: see values.h. */
#include "base/values.h"

#include "base/nearest.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int value_flag(const char *text, int *ret_flag)
{
    static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(text, words[i])) {
            *ret_flag = i % 2;
            return 0;
        }
    return 1;
}

/* The digits that the text begins with; *ret_rest is what follows them. */
static int read_digits(const char *text, uint64_t *ret_count, const char **ret_rest)
{
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || errno)
        return 1;
    *ret_count = n;
    *ret_rest = end;
    return 0;
}

int value_count(const char *text, uint64_t *ret_count)
{
    uint64_t n;
    const char *rest;
    if (read_digits(text, &n, &rest) || *rest)
        return 1;
    *ret_count = n;
    return 0;
}

int value_size(const char *text, uint64_t *ret_bytes)
{
    static const char units[] = "KMGT";
    uint64_t n;
    const char *rest;
    if (read_digits(text, &n, &rest))
        return 1;
    const char *unit = *rest ? strchr(units, *rest) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if (rest[unit ? 1 : 0] || (n << shift) >> shift != n)
        return 1;
    *ret_bytes = n << shift;
    return 0;
}

int value_real(const char *text, double *ret_number)
{
    char *end;
    double number = strtod(text, &end);
    if (!*text || *end || text[strspn(text, "+-.0123456789eE")])
        return REAL_NONE;
    if (!isfinite(number))
        return REAL_TOO_LARGE;
    if (number == 0 && strcspn(text, "123456789") < strcspn(text, "eE"))
        return REAL_TOO_SMALL;
    *ret_number = number;
    return 0;
}

/* The next word of the choices, from the bar before it; its data is NULL after the last one. */
static struct pare_str next_choice(const char **at)
{
    size_t n = **at ? strcspn(*at + 1, "|") : 0;
    struct pare_str word = { n ? *at + 1 : NULL, n };
    *at += n ? n + 1 : 0;
    return word;
}

int value_is_choice(const char *choices, const char *text)
{
    struct pare_str word;
    while ((word = next_choice(&choices)).data)
        if (word.len == strlen(text) && !memcmp(word.data, text, word.len))
            return 1;
    return 0;
}

int value_suggest(const char *choices, const char *text, struct error *err, int code)
{
    struct nearest nearest;
    struct pare_str word;
    nearest_start(&nearest, (struct pare_str){ text, strlen(text) });
    while ((word = next_choice(&choices)).data)
        nearest_offer(&nearest, word);
    return nearest_suggest(&nearest, err, code);
}
