/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Options of split targets: see split-options.h. They come from command lines and recipes, so that
 * what is wrong is the user's mistake (PARE_EUSAGE), and messages show the value. */
#include "common/split-options.h"

#include <stddef.h>
#include <string.h>

#define SHOWN 40 /* bytes of a value that messages show */

/* The value in printable ASCII, other bytes as ?. Returns ret_text. */
static const char *shown(const char *value, char ret_text[SHOWN + 1])
{
    size_t n = 0;
    for (; value[n] != '\0' && n < SHOWN; n++)
        ret_text[n] = value[n] >= ' ' && value[n] <= '~' ? value[n] : '?';
    ret_text[n] = '\0';
    return ret_text;
}

/* Reads digits and, if there is one, a suffix. 1 when the number is above 0 and fits into 63
 * bits. */
static int parse(const char *text, const char *suffixes, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return 0;
    const char *suffix = *text != '\0' ? strchr(suffixes, *text) : NULL;
    ptrdiff_t thousands = suffix ? suffix - suffixes + 1 : 0;
    if (text[suffix ? 1 : 0] != '\0')
        return 0;
    for (; thousands > 0; thousands--)
        if (__builtin_mul_overflow(value, 1000u, &value))
            return 0;
    if (value == 0 || value > INT64_MAX)
        return 0;
    *ret_value = value;
    return 1;
}

static int read_size(const struct pare_host *host, struct pare_job *job, const char *alias,
                     uint64_t *ret_size)
{
    const char *name = "split_max_size";
    const char *text = host->option(job, name);
    char value[SHOWN + 1];
    if (!text && alias) {
        name = alias;
        text = host->option(job, name);
    }
    if (!text || parse(text, "KMG", ret_size))
        return 0;
    return host->fail(job, PARE_EUSAGE,
                      "%s must be a number of bytes above 0, such as 5000000000, 500M or 4G (K, M "
                      "and G are powers of 1000), and it is `%s`",
                      name, shown(text, value));
}

static int read_tensors(const struct pare_host *host, struct pare_job *job, uint64_t *ret_tensors)
{
    const char *text = host->option(job, "split_max_tensors");
    char value[SHOWN + 1];
    if (!text || parse(text, "", ret_tensors))
        return 0;
    return host->fail(job, PARE_EUSAGE,
                      "split_max_tensors must be a whole number above 0, and it is `%s`",
                      shown(text, value));
}

static int read_keep(const struct pare_host *host, struct pare_job *job, int *ret_keep)
{
    static const char *const WORDS[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };
    const char *text = host->option(job, "keep_split");
    char value[SHOWN + 1];
    if (!text)
        return 0;
    for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++)
        if (strcmp(text, WORDS[i]) == 0) {
            *ret_keep = i % 2 == 1;
            return 0;
        }
    return host->fail(job, PARE_EUSAGE, "keep_split must be true or false, and it is `%s`",
                      shown(text, value));
}

int split_options_read(const struct pare_host *host, struct pare_job *job, const char *alias,
                       struct split_options *ret_options)
{
    struct split_options options = { .max_size = UINT64_MAX, .max_tensors = UINT64_MAX };
    int r = read_size(host, job, alias, &options.max_size);
    if (r == 0)
        r = read_tensors(host, job, &options.max_tensors);
    if (r == 0)
        r = read_keep(host, job, &options.keep);
    if (r < 0)
        return r;
    if (options.keep && (options.max_size != UINT64_MAX || options.max_tensors != UINT64_MAX))
        return host->fail(job, PARE_EUSAGE,
                          "keep_split splits as the source is split: it goes with neither "
                          "split_max_size nor split_max_tensors");
    *ret_options = options;
    return 0;
}
