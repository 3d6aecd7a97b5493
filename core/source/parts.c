/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Names of parts: see parts.h. A number or letters at the end are a part's only when the next or
 * the one before lies beside it: "m.gguf.001" alone may be anything.
 */
#include "source/parts.h"

#include "base/text.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* What stands between the whole's name and the number or letters. */
static const struct {
    const char *text;
    int alone; /* 1: after a name with an extension, no other part needs to be there */
} separators[] = { { "-split-", 1 }, { ".split-", 1 }, { ".part", 0 }, { "-part", 0 },
                   { "_part", 0 },   { ".chunk", 0 },  { ".", 0 } };

/* begin: bytes of the name before the counter; whole: of the file that all parts make. */
static int say(char reason[PARTS_REASON], const char *name, size_t begin, size_t whole)
{
    const char *dots = begin > 40 ? "..." : "";
    (void)snprintf(reason, PARTS_REASON,
                   "one of several parts: join them in order, `cat %.*s%s* > %.*s%s', elsewhere, "
                   "and drop the whole",
                   begin < 40 ? (int)begin : 40, name, dots, whole < 40 ? (int)whole : 40, name,
                   dots);
    return 1;
}

static size_t skip_back(const char *name, size_t at, const char *letters)
{
    while (at > 1 && strchr(letters, name[at - 1]))
        at--;
    return at;
}

#define BETWEEN "-_ ."
#define DIGITS "0123456789"

/* "part1of2", "part-01-of-12" and the like at the end: 1. */
static int is_numbered(const char *name, size_t *ret_begin, size_t *ret_whole)
{
    size_t end = strlen(name), at = skip_back(name, end, DIGITS);
    if (at == end)
        return 0;
    at = skip_back(name, at, BETWEEN);
    if (at < 3 || strncasecmp(name + at - 2, "of", 2) != 0)
        return 0;
    at = skip_back(name, at - 2, BETWEEN);
    size_t begin = skip_back(name, at, DIGITS);
    if (begin == at)
        return 0;
    at = skip_back(name, begin, BETWEEN);
    if (at < 5 || strncasecmp(name + at - 4, "part", 4) != 0)
        return 0;
    *ret_begin = begin;
    *ret_whole = skip_back(name, at - 4, BETWEEN);
    return 1;
}

/* Makes the neighbour of the counter `text` (digits, or letters as `split' has them): 1, or 0 when
 * there is none. */
static int step(char *text, int by)
{
    for (size_t i = strlen(text); i-- > 0;) {
        int digit = text_is_digit(text[i]);
        char first = digit ? '0' : isupper((unsigned char)text[i]) ? 'A' : 'a';
        char last = digit ? '9' : (char)(first + 25);
        if (text[i] != (by > 0 ? last : first)) {
            text[i] = (char)(text[i] + by);
            return 1;
        }
        text[i] = by > 0 ? first : last;
    }
    return 0;
}

static int has_neighbour(int dirfd, const char *name, size_t start)
{
    for (int by = -1; by <= 1; by += 2) {
        char other[NAME_MAX + 1];
        (void)snprintf(other, sizeof other, "%s", name);
        if (step(other + start, by) && faccessat(dirfd, other, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            return 1;
    }
    return 0;
}

/* 1 for a counter: up to five digits, or letters as `split' begins: "aa", "aaa"; one letter. */
static int is_counter(const char *text)
{
    size_t n = strlen(text);
    if (strspn(text, DIGITS) == n)
        return n > 0 && n <= 5;
    if (n > 3 || strspn(text, "abcdefghijklmnopqrstuvwxyz") != n)
        return 0;
    return n == 1 || (text[0] == 'a' && (n == 2 || text[1] == 'a'));
}

/* 1 when n bytes of a name end in an extension, which begins with a letter. */
static int has_extension(const char *name, size_t n)
{
    const char *dot = memrchr(name, '.', n);
    return dot && dot > name && dot + 2 < name + n && isalpha((unsigned char)dot[1]);
}

int parts_find(int dirfd, const char *name, char reason[PARTS_REASON])
{
    size_t begin = 0, whole = 0, n = strlen(name);
    if (n > NAME_MAX)
        return 0;
    if (is_numbered(name, &begin, &whole))
        return say(reason, name, begin, whole);
    for (size_t i = 0; i < sizeof separators / sizeof *separators; i++) {
        size_t len = strlen(separators[i].text), at = n;
        while (at > len && strncasecmp(name + at - len, separators[i].text, len) != 0)
            at--;
        if (at <= len || !is_counter(name + at))
            continue;
        whole = at - len;
        int named = has_extension(name, whole);
        if ((separators[i].alone && named) ||
            ((named || len > 1) && has_neighbour(dirfd, name, at)))
            return say(reason, name, at, whole);
    }
    return 0;
}
