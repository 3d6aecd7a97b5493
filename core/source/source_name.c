/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What names say: shards, and the name of a model (source_set.h). */
#include "source/source_name.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>

#define SHARD_DIGITS 5
#define NAME_LIMIT 180 /* bytes, so that recipe, number and ".pare.json" still fit in 255 */

/* Exactly five digits at s as a number, or 0 (shards are numbered from 1). */
static unsigned five_digits(const char *s)
{
    unsigned value = 0;
    for (int i = 0; i < SHARD_DIGITS; i++) {
        if (!text_is_digit(s[i]))
            return 0;
        value = 10 * value + (unsigned)(s[i] - '0');
    }
    return text_is_digit(s[SHARD_DIGITS]) ? 0 : value;
}

int source_name_is_shard(const char *name, size_t *ret_prefix, unsigned *ret_number,
                         unsigned *ret_count)
{
    static const char middle[] = "-of-";
    const char *of = NULL;
    for (const char *p = name; (p = strstr(p, middle)); p++)
        of = p;
    if (!of || of - name < 1 + SHARD_DIGITS + 1 || of[-1 - SHARD_DIGITS] != '-')
        return 0;
    char digits[SHARD_DIGITS + 1] = "";
    memcpy(digits, of - SHARD_DIGITS, SHARD_DIGITS);
    const char *rest = of + sizeof middle - 1;
    unsigned number = five_digits(digits), count = five_digits(rest);
    if (!number || !count || number > count)
        return 0;
    rest += SHARD_DIGITS;
    if (*rest && *rest != '.')
        return 0;
    *ret_prefix = (size_t)(of - name) - SHARD_DIGITS - 1;
    *ret_number = number;
    *ret_count = count;
    return 1;
}

/* The length without an extension: a dot, a letter, up to 11 letters or digits more. */
static size_t without_extension(const char *name)
{
    const char *dot = strrchr(name, '.');
    size_t len = strlen(name);
    if (!dot || dot == name || !isalpha((unsigned char)dot[1]) || strlen(dot) > 13)
        return len;
    for (const char *p = dot + 1; *p; p++)
        if (!isalnum((unsigned char)*p))
            return len;
    return (size_t)(dot - name);
}

static int is_valid_utf8(const char *s, size_t n)
{
    json_t *text = json_stringn(s, n);
    json_decref(text);
    return text != NULL;
}

char *source_name_clean(const char *name, size_t len)
{
    size_t n = len < NAME_LIMIT ? len : NAME_LIMIT;
    while (n > 0 && n < len && ((unsigned char)name[n] & 0xc0) == 0x80)
        n--; /* not within a character */
    int utf8 = is_valid_utf8(name, n);
    char *clean = strndup(name, n);
    if (!clean)
        return NULL;
    for (unsigned char *p = (unsigned char *)clean; *p; p++)
        if (*p < 0x20 || *p == 0x7f || *p == '/' || (*p >= 0x80 && !utf8))
            *p = '_';
    if (clean[0] == '.')
        clean[0] = '_';
    if (clean[0])
        return clean;
    free(clean);
    return strdup("model");
}

size_t source_name_length(const char *name)
{
    size_t prefix;
    unsigned number, count;
    return source_name_is_shard(name, &prefix, &number, &count) ? prefix : without_extension(name);
}

char *source_name_of_file(const char *name)
{
    return source_name_clean(name, source_name_length(name));
}
