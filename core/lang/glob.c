/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Globs: see glob.h. */
#include "lang/glob.h"

#include "base/text.h"
#include "lang/digits.h"

#include <stdint.h>

/* Reads "A" or "A-B" at *at. */
static int take_range(struct pare_str text, size_t *at, uint32_t *ret_low, uint32_t *ret_high)
{
    if (!digits_take(text, at, ret_low))
        return 0;
    *ret_high = *ret_low;
    if (*at == text.len || text.data[*at] != '-')
        return 1;
    ++*at;
    return digits_take(text, at, ret_high);
}

/* Checks one "{…}" at *at, and goes behind it. */
static int check_braces(struct pare_str pattern, size_t *at, struct error *err)
{
    uint32_t low, high;
    do {
        ++*at;
        if (!take_range(pattern, at, &low, &high))
            return error_set(err, PARE_EDATA,
                             "expected numbers such as {0-3,12} in the pattern '%.*s'",
                             text_clip(pattern), pattern.data);
        if (low > high)
            return error_set(err, PARE_EDATA, "the range %u-%u in the pattern '%.*s' is empty", low,
                             high, text_clip(pattern), pattern.data);
    } while (*at < pattern.len && pattern.data[*at] == ',');
    if (*at == pattern.len || pattern.data[*at] != '}')
        return error_set(err, PARE_EDATA,
                         "expected ',' or '}' after a number in the pattern '%.*s'",
                         text_clip(pattern), pattern.data);
    ++*at;
    return 0;
}

int glob_check(struct pare_str pattern, struct error *err)
{
    int r = 0;
    for (size_t i = 0; !r && i < pattern.len;)
        if (pattern.data[i] == '{')
            r = check_braces(pattern, &i, err);
        else
            i++;
    return r;
}

/* Whether the "{…}" at *at lists the number; *at goes behind it. */
static int lists(struct pare_str pattern, size_t *at, uint32_t number)
{
    int found = 0;
    do {
        uint32_t low, high;
        ++*at;
        found |= take_range(pattern, at, &low, &high) && number >= low && number <= high;
    } while (pattern.data[*at] == ',');
    ++*at;
    return found;
}

/* Matches one element of the pattern, no '*', with the text at *t, which is not at its end: 1 and
 * both go on, or 0. */
static int match_element(struct pare_str pattern, size_t *p, struct pare_str text, size_t *t)
{
    size_t after = *p, end = *t;
    uint32_t number;
    if (*p == pattern.len)
        return 0;
    if (pattern.data[*p] == '{') {
        if ((*t && text_is_digit(text.data[*t - 1])) || !digits_take(text, &end, &number) ||
            !lists(pattern, &after, number))
            return 0;
    } else {
        if (pattern.data[*p] != '?' && pattern.data[*p] != text.data[*t])
            return 0;
        after++;
        end++;
    }
    *p = after;
    *t = end;
    return 1;
}

int glob_matches(struct pare_str pattern, struct pare_str text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, resume = 0;
    while (t < text.len) {
        if (p < pattern.len && pattern.data[p] == '*') {
            star = p++;
            resume = t;
        } else if (!match_element(pattern, &p, text, &t)) {
            if (star == SIZE_MAX)
                return 0;
            p = star + 1;
            t = ++resume;
        }
    }
    while (p < pattern.len && pattern.data[p] == '*')
        p++;
    return p == pattern.len;
}
