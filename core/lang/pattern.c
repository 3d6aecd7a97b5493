/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Globs and regular expressions: see pattern.h. */
#include "lang/pattern.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DIGITS 9 /* of a number in braces, and of a run of digits that it can match */

struct regex {
    regex_t compiled;
};

static int clip(struct pare_str text)
{
    return text.len > 60 ? 60 : (int)text.len;
}

/* ---- globs ---- */

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads a number at *at: 1, or 0 when there is none of at most MAX_DIGITS digits. */
static int take_number(struct pare_str text, size_t *at, uint32_t *ret_number)
{
    size_t start = *at;
    uint32_t number = 0;
    while (*at < text.len && is_digit(text.data[*at]) && *at - start < MAX_DIGITS)
        number = number * 10 + (uint32_t)(text.data[(*at)++] - '0');
    *ret_number = number;
    return *at > start && (*at == text.len || !is_digit(text.data[*at]));
}

/* Reads "A" or "A-B" at *at. */
static int take_range(struct pare_str text, size_t *at, uint32_t *ret_low, uint32_t *ret_high)
{
    if (!take_number(text, at, ret_low))
        return 0;
    *ret_high = *ret_low;
    if (*at == text.len || text.data[*at] != '-')
        return 1;
    ++*at;
    return take_number(text, at, ret_high);
}

/* Checks one "{…}" at *at, and goes behind it. */
static int check_braces(struct pare_str pattern, size_t *at, struct error *err)
{
    uint32_t low, high;
    do {
        ++*at;
        if (!take_range(pattern, at, &low, &high))
            return error_set(err, PARE_EDATA,
                             "expected numbers such as {0-3,12} in the pattern "
                             "'%.*s'",
                             clip(pattern), pattern.data);
        if (low > high)
            return error_set(err, PARE_EDATA, "the range %u-%u in the pattern '%.*s' is empty", low,
                             high, clip(pattern), pattern.data);
    } while (*at < pattern.len && pattern.data[*at] == ',');
    if (*at == pattern.len || pattern.data[*at] != '}')
        return error_set(err, PARE_EDATA,
                         "expected ',' or '}' after a number in the pattern "
                         "'%.*s'",
                         clip(pattern), pattern.data);
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
        if ((*t && is_digit(text.data[*t - 1])) || !take_number(text, &end, &number) ||
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

/* ---- regular expressions ---- */

/* The largest count of the "{…}" at p, 1 when it is none. */
static uint32_t largest_count(struct pare_str pattern, size_t p)
{
    uint32_t low = 1, high;
    p++;
    if (!take_number(pattern, &p, &low) || p == pattern.len)
        return low > 1 ? low : 1;
    high = low;
    if (pattern.data[p] == ',') {
        p++;
        if (!take_number(pattern, &p, &high))
            high = low + 1;
    }
    return high > 1 ? high : 1;
}

/* Refuses what could take long. Brackets are not looked into: what is literal there is refused
 * as well, which is on the safe side. */
static int check_regex(struct pare_str pattern, struct error *err)
{
    uint64_t size = pattern.len;
    if (pattern.len > REGEX_MAX_PATTERN)
        return error_set(err, PARE_EDATA, "the regular expression '%.*s...' has more than %d bytes",
                         clip(pattern), pattern.data, REGEX_MAX_PATTERN);
    for (size_t i = 0; i < pattern.len && size <= REGEX_MAX_SIZE; i++) {
        if (pattern.data[i] == '{')
            size *= largest_count(pattern, i);
        if (pattern.data[i] == '\\' && ++i < pattern.len && is_digit(pattern.data[i]))
            return error_set(err, PARE_EDATA,
                             "the regular expression '%.*s' refers back to a "
                             "part of itself, which may take too long",
                             clip(pattern), pattern.data);
    }
    if (size > REGEX_MAX_SIZE)
        return error_set(err, PARE_EDATA,
                         "the counts in the regular expression '%.*s' multiply "
                         "its length to more than %d",
                         clip(pattern), pattern.data, REGEX_MAX_SIZE);
    return 0;
}

int regex_new(struct pare_str pattern, struct regex **ret_regex, struct error *err)
{
    char text[REGEX_MAX_PATTERN + 1] = "", reason[100];
    int r = check_regex(pattern, err);
    if (r)
        return r;
    memcpy(text, pattern.data, pattern.len);
    struct regex *regex = malloc(sizeof *regex);
    if (!regex)
        return error_oom(err);
    int status = regcomp(&regex->compiled, text, REG_EXTENDED | REG_NOSUB);
    if (!status) {
        *ret_regex = regex;
        return 0;
    }
    (void)regerror(status, &regex->compiled, reason, sizeof reason);
    free(regex);
    if (status == REG_ESPACE)
        return error_oom(err);
    return error_set(err, PARE_EDATA, "the regular expression '%.*s' is wrong: %s", clip(pattern),
                     pattern.data, reason);
}

void regex_free(struct regex *regex)
{
    if (regex)
        regfree(&regex->compiled);
    free(regex);
}

int regex_search(const struct regex *regex, struct pare_str text, int64_t *ret_found,
                 struct error *err)
{
    if (text.len > REGEX_MAX_TEXT)
        return error_set(err, PARE_EDATA,
                         "a text of %zu bytes is too long for =~, whose limit is "
                         "%d",
                         text.len, REGEX_MAX_TEXT);
    regmatch_t range = { .rm_so = 0, .rm_eo = (regoff_t)text.len };
    int status = regexec(&regex->compiled, text.data ? text.data : "", 1, &range, REG_STARTEND);
    if (status == REG_ESPACE)
        return error_oom(err);
    *ret_found = status == 0;
    return 0;
}
