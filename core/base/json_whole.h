/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Whether a JSON text has come to its end, found in one pass and without memory. It is not parsed:
 * what is wrong in it is for a parser to say.
 */
#ifndef BASE_JSON_WHOLE_H
#define BASE_JSON_WHOLE_H

#include <stddef.h>
#include <stdint.h>

struct json_whole { /* all zero at first */
    uint64_t depth, deepest;
    int quoted, escaped; /* within a string, after a backslash */
    int begun;           /* there is more than white space */
    int zeroed;          /* there are NULs: room for a text that has not come */
};

/* Takes the next n bytes. */
void json_whole_feed(struct json_whole *whole, const char *text, size_t n);
/* Why what was fed is not all of a text, or NULL; NULL also for one that nobody would read to its
 * end, since it is deeper than any parser goes. */
const char *json_whole_lacks(const struct json_whole *whole);
/* The same of a text in memory. */
const char *json_text_lacks(const char *text, size_t n);

#endif
