/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Growing strings: see strbuf.h. The capacity doubles, so that appending byte by byte stays cheap.
 * */
#include "base/strbuf.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void strbuf_deinit(struct strbuf *sb)
{
    free(sb->data);
    *sb = (struct strbuf)STRBUF_INIT;
}

static int reserve(struct strbuf *sb, size_t n)
{
    if (sb->failed)
        return -1;
    size_t need = sb->len + n + 1;
    if (need <= sb->capacity)
        return 0;
    size_t capacity = sb->capacity ? sb->capacity : 64;
    while (capacity < need)
        capacity *= 2;
    char *data = realloc(sb->data, capacity);
    if (!data) {
        memory_note_failure();
        sb->failed = 1;
        return -1;
    }
    sb->data = data;
    sb->capacity = capacity;
    return 0;
}

void strbuf_add(struct strbuf *sb, const void *data, size_t n)
{
    if (reserve(sb, n))
        return;
    if (n)
        memcpy(sb->data + sb->len, data, n);
    sb->len += n;
    sb->data[sb->len] = 0;
}

void strbuf_puts(struct strbuf *sb, const char *s)
{
    strbuf_add(sb, s, strlen(s));
}

void strbuf_printf(struct strbuf *sb, const char *format, ...)
{
    va_list ap;
    size_t room = sb->failed ? 0 : sb->capacity - sb->len;
    va_start(ap, format);
    int n = vsnprintf(room ? sb->data + sb->len : NULL, room, format, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < room) {
        sb->len += (size_t)n;
        return;
    }
    if (room)
        sb->data[sb->len] = 0;
    if (n < 0 || reserve(sb, (size_t)n))
        return;
    va_start(ap, format);
    (void)vsnprintf(sb->data + sb->len, (size_t)n + 1, format, ap);
    va_end(ap);
    sb->len += (size_t)n;
}

char *strbuf_finish(struct strbuf *sb)
{
    if (!sb->data && !sb->failed)
        strbuf_add(sb, "", 0);
    if (sb->failed) {
        strbuf_deinit(sb);
        return NULL;
    }
    char *data = sb->data;
    *sb = (struct strbuf)STRBUF_INIT;
    return data;
}
