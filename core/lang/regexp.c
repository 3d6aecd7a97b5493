/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Regular expressions: see regexp.h. */
#include "lang/regexp.h"

#include "base/text.h"
#include "lang/digits.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

struct regex {
    regex_t compiled;
};

/* The largest count of the "{…}" at p, 1 when it is none. */
static uint32_t largest_count(struct pare_str pattern, size_t p)
{
    uint32_t low = 1, high;
    p++;
    if (!digits_take(pattern, &p, &low) || p == pattern.len)
        return low > 1 ? low : 1;
    high = low;
    if (pattern.data[p] == ',') {
        p++;
        if (!digits_take(pattern, &p, &high))
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
                         text_clip(pattern), pattern.data, REGEX_MAX_PATTERN);
    for (size_t i = 0; i < pattern.len && size <= REGEX_MAX_SIZE; i++) {
        if (pattern.data[i] == '{')
            size *= largest_count(pattern, i);
        if (pattern.data[i] == '\\' && ++i < pattern.len && text_is_digit(pattern.data[i]))
            return error_set(err, PARE_EDATA,
                             "the regular expression '%.*s' refers back to a "
                             "part of itself, which may take too long",
                             text_clip(pattern), pattern.data);
    }
    if (size > REGEX_MAX_SIZE)
        return error_set(err, PARE_EDATA,
                         "the counts in the regular expression '%.*s' multiply "
                         "its length to more than %d",
                         text_clip(pattern), pattern.data, REGEX_MAX_SIZE);
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
    return error_set(err, PARE_EDATA, "the regular expression '%.*s' is wrong: %s",
                     text_clip(pattern), pattern.data, reason);
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
