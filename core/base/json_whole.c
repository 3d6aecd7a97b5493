/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The ends of JSON texts: see json_whole.h. */
#include "base/json_whole.h"

#define MAX_DEPTH 2048 /* Jansson's */

static void feed_quoted(struct json_whole *whole, char c)
{
    if (whole->escaped)
        whole->escaped = 0;
    else if (c == '\\')
        whole->escaped = 1;
    else if (c == '"')
        whole->quoted = 0;
}

void json_whole_feed(struct json_whole *whole, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        whole->zeroed |= !c;
        if (whole->quoted)
            feed_quoted(whole, c);
        else if (c == '"')
            whole->quoted = 1;
        else if (c == '{' || c == '[')
            whole->deepest = ++whole->depth > whole->deepest ? whole->depth : whole->deepest;
        else if ((c == '}' || c == ']') && whole->depth)
            whole->depth--;
        whole->begun |= c && c != ' ' && c != '\t' && c != '\n' && c != '\r';
    }
}

const char *json_whole_lacks(const struct json_whole *whole)
{
    if (whole->deepest > MAX_DEPTH)
        return NULL;
    if (whole->zeroed)
        return "it has zeros in place of text";
    if (!whole->begun)
        return "it is empty";
    return whole->depth || whole->quoted ? "it ends in the middle of its JSON" : NULL;
}

const char *json_text_lacks(const char *text, size_t n)
{
    struct json_whole whole = { 0 };
    json_whole_feed(&whole, text, n);
    return json_whole_lacks(&whole);
}
