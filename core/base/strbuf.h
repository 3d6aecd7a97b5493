/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A string that grows. After a failed allocation it is poisoned: later appends do nothing and
 * strbuf_finish gives NULL, so callers check once. Always NUL-terminated.
 */
#ifndef BASE_STRBUF_H
#define BASE_STRBUF_H

#include <stddef.h>

struct strbuf {
    char *data;
    size_t len, capacity;
    int failed;
};

#define STRBUF_INIT   \
    {                 \
        NULL, 0, 0, 0 \
    }

void strbuf_deinit(struct strbuf *sb);
void strbuf_add(struct strbuf *sb, const void *data, size_t n);
void strbuf_puts(struct strbuf *sb, const char *s);
void strbuf_printf(struct strbuf *sb, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Hands the string over (free it); NULL when an allocation failed. The buffer is empty after. */
char *strbuf_finish(struct strbuf *sb);

#define _cleanup_strbuf_ __attribute__((cleanup(strbuf_deinit)))

#endif
