/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Texts as they come from files and command lines: bytes with a length, without a NUL. What they
 * are compared with, and how a message shows them, is decided here once.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <pare/plugin.h>

#include <stddef.h>

/* The text of a C string; NULL has no data and no length. */
struct pare_str text_of(const char *string);

/* 1 when both have the same bytes. */
int text_equals(struct pare_str a, struct pare_str b);

/* 1 when the text is, begins with, or ends with the C string. */
int text_is(struct pare_str text, const char *string);
int text_begins(struct pare_str text, const char *string);
int text_ends(struct pare_str text, const char *string);

/* 1 for '0' to '9' and nothing else, whatever the locale. */
static inline int text_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* For qsort, over an array of `char *`: by bytes. */
int text_compare(const void *a, const void *b);

/* How many bytes of a text a message quotes, at most 60: for printf's "%.*s". */
int text_clip(struct pare_str text);

/* A name as messages show it: cut, and with control characters and backslashes as \xNN. It is a
 * value, so that it can stand among the arguments: text_show(tensor->name).text. */
struct text_shown {
    char text[160];
};

struct text_shown text_show(struct pare_str name);

#endif
