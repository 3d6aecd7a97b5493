/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Texts: see text.h. Showing one allocates nothing, so that errors can be told without memory. */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define MAX_CLIP 60
#define MAX_SHOWN 140 /* bytes of a name; fewer when many of them are escaped */

struct pare_str text_of(const char *string)
{
    return (struct pare_str){ string, string ? strlen(string) : 0 };
}

int text_equals(struct pare_str a, struct pare_str b)
{
    return a.len == b.len && (!a.len || !memcmp(a.data, b.data, a.len));
}

int text_is(struct pare_str text, const char *string)
{
    return text_equals(text, text_of(string));
}

int text_begins(struct pare_str text, const char *string)
{
    size_t n = strlen(string);
    return text.len >= n && (!n || !memcmp(text.data, string, n));
}

int text_ends(struct pare_str text, const char *string)
{
    size_t n = strlen(string);
    return text.len >= n && (!n || !memcmp(text.data + text.len - n, string, n));
}

int text_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int text_clip(struct pare_str text)
{
    return text.len > MAX_CLIP ? MAX_CLIP : (int)text.len;
}

struct text_shown text_show(struct pare_str name)
{
    struct text_shown shown = { "" };
    size_t n = 0;
    for (size_t i = 0; name.data && i < name.len && i < MAX_SHOWN && n + 4 < sizeof shown.text;
         i++) {
        unsigned char c = (unsigned char)name.data[i];
        if (c < 0x20 || c == 0x7f || c == '\\')
            n += (size_t)snprintf(shown.text + n, sizeof shown.text - n, "\\x%02x", c);
        else
            shown.text[n++] = name.data[i];
    }
    return shown;
}
