/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Reading the binary header of a file, for every reader. A count or length out of a file is not to
 * be trusted, so nothing is read, and nothing should be allocated, before cursor_need has found
 * that the file still has that many bytes: then a lie costs no more memory than the file has bytes.
 * Small reads come from a window of the file, large ones go straight to their place.
 *
 * It has no .c file, so that a plugin can stay one .c file that one cc line builds; copy the header
 * along. The caller owns the cursor, zeroed except host and job; the window is the job's memory
 * until cursor_close. One thread uses a cursor. Functions that return int give 0 or a negative enum
 * pare_status that is reported already; a few have an outcome above 0, which they name.
 */
#ifndef PARE_PLUGINS_CURSOR_H
#define PARE_PLUGINS_CURSOR_H

#include <pare/plugin.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CURSOR_WINDOW 65536u /* bytes */
#define CURSOR_QUOTED 160    /* bytes of a name that is fit to print, with the NUL */
#define CURSOR_CHECKED __attribute__((warn_unused_result))

struct cursor {
    const struct pare_host *host;
    struct pare_job *job;
    uint32_t file;
    uint64_t size;               /* of the file */
    uint64_t pos;                /* of the next byte; only cursor_seek can put it past the end */
    char subject[CURSOR_QUOTED]; /* what messages begin with */
    uint8_t *window;
    uint64_t start; /* where in the file the window begins */
    size_t have;    /* bytes of the file in the window */
};

/* Copies `count` elements of `size` bytes between little-endian bytes and host order. */
static inline void cursor_copy(void *to, const void *from, uint64_t count, uint32_t size)
{
    if (count == 0)
        return;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(to, from, (size_t)count * size);
#else
    for (uint64_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < size; j++)
            ((uint8_t *)to)[i * size + j] = ((const uint8_t *)from)[i * size + size - 1 - j];
#endif
}

/* The unsigned number in `n` little-endian bytes, 8 at most. */
static inline uint64_t cursor_number(const uint8_t *bytes, size_t n)
{
    uint64_t value = 0;
    while (n-- > 0)
        value = value << 8 | bytes[n];
    return value;
}

/* A name out of a file as printable ASCII: other bytes become \xNN, and a long name is cut.
 * ret_text has CURSOR_QUOTED bytes. Returns ret_text. */
static inline const char *cursor_quote(const char *name, size_t length, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;
    size_t i = 0;
    for (; i < length && n < CURSOR_QUOTED - 8; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c >= 0x20 && c < 0x7f && c != '\\' && c != '`') {
            ret_text[n++] = (char)c;
        } else {
            ret_text[n++] = '\\';
            ret_text[n++] = 'x';
            ret_text[n++] = digits[c >> 4];
            ret_text[n++] = digits[c & 15];
        }
    }
    ret_text[n] = '\0';
    if (i < length)
        memcpy(ret_text + n, "...", 4);
    return ret_text;
}

/* Reports "SUBJECT: text" with the host's fail; returns the code. */
static inline int __attribute__((format(printf, 3, 4))) CURSOR_CHECKED cursor_fail(
    const struct cursor *cursor, int code, const char *format, ...)
{
    char text[768];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    return cursor->host->fail(cursor->job, code, "%s: %s", cursor->subject, text);
}

/* Points the cursor at the first byte of the job's file with this number. It may have been open on
 * another file before. Messages begin with `subject`, or with the file's name when that is NULL. */
static inline int CURSOR_CHECKED cursor_open(struct cursor *cursor, uint32_t file,
                                             const char *subject)
{
    struct pare_file info = { .struct_size = sizeof(info) };
    int r = cursor->host->file_info(cursor->job, file, &info);
    if (r < 0)
        return r;
    if (!cursor->window)
        cursor->window = cursor->host->alloc(cursor->job, 1, CURSOR_WINDOW);
    if (!cursor->window)
        return PARE_ENOMEM;
    cursor->file = file;
    cursor->size = info.size;
    cursor->pos = 0;
    cursor->start = 0;
    cursor->have = 0;
    if (subject)
        snprintf(cursor->subject, sizeof(cursor->subject), "%s", subject);
    else
        cursor_quote(info.name, strlen(info.name), cursor->subject);
    return 0;
}

/* Gives the window back; a cursor that was never opened may be closed, too. */
static inline void cursor_close(struct cursor *cursor)
{
    if (cursor->window)
        cursor->host->release(cursor->job, cursor->window);
    cursor->window = NULL;
}

/* Moves to a byte of the file. */
static inline void cursor_seek(struct cursor *cursor, uint64_t pos)
{
    cursor->pos = pos;
}

/* PARE_EINCOMPLETE when fewer than n bytes are left; `what` they are completes "inside ...". */
static inline int CURSOR_CHECKED cursor_need(const struct cursor *cursor, uint64_t n,
                                             const char *what)
{
    if (cursor->pos <= cursor->size && n <= cursor->size - cursor->pos)
        return 0;
    return cursor_fail(cursor, PARE_EINCOMPLETE,
                       "the file ends at byte %llu, inside %s at byte %llu that needs %llu bytes: "
                       "it is cut short or still arriving",
                       (unsigned long long)cursor->size, what, (unsigned long long)cursor->pos,
                       (unsigned long long)n);
}

/* Moves past n bytes. */
static inline int CURSOR_CHECKED cursor_skip(struct cursor *cursor, uint64_t n, const char *what)
{
    int r = cursor_need(cursor, n, what);
    if (r == 0)
        cursor->pos += n;
    return r;
}

/* Fills the window with what comes next; the file has at least one more byte. */
static inline int CURSOR_CHECKED cursor_fill(struct cursor *cursor)
{
    uint64_t left = cursor->size - cursor->pos;
    size_t n = left < CURSOR_WINDOW ? (size_t)left : CURSOR_WINDOW;
    cursor->have = 0;
    int r = cursor->host->read(cursor->job, cursor->file, cursor->pos, cursor->window, n);
    if (r < 0)
        return r;
    cursor->start = cursor->pos;
    cursor->have = n;
    return 0;
}

/* Reads n bytes. */
static inline int CURSOR_CHECKED cursor_bytes(struct cursor *cursor, void *ret_bytes, size_t n,
                                              const char *what)
{
    uint8_t *to = ret_bytes;
    int r = cursor_need(cursor, n, what);
    while (r == 0 && n > 0) {
        uint64_t skip = cursor->pos - cursor->start; /* huge when the window begins later */
        if (skip < cursor->have) {
            size_t part = cursor->have - (size_t)skip;
            part = part < n ? part : n;
            memcpy(to, cursor->window + skip, part);
            to += part;
            n -= part;
            cursor->pos += part;
        } else if (n < CURSOR_WINDOW) {
            r = cursor_fill(cursor);
        } else {
            r = cursor->host->read(cursor->job, cursor->file, cursor->pos, to, n);
            cursor->pos += r == 0 ? n : 0;
            n = 0;
        }
    }
    return r;
}

/* Reads one element of `size` bytes, 8 at most, into host order: an integer or a float. */
static inline int CURSOR_CHECKED cursor_element(struct cursor *cursor, void *ret_value,
                                                uint32_t size, const char *what)
{
    uint8_t bytes[8];
    int r = cursor_bytes(cursor, bytes, size, what);
    if (r == 0)
        cursor_copy(ret_value, bytes, 1, size);
    return r;
}

/* Reads a number of 32 bits. */
static inline int CURSOR_CHECKED cursor_u32(struct cursor *cursor, const char *what,
                                            uint32_t *ret_value)
{
    return cursor_element(cursor, ret_value, sizeof(*ret_value), what);
}

/* Reads a number of 64 bits. */
static inline int CURSOR_CHECKED cursor_u64(struct cursor *cursor, const char *what,
                                            uint64_t *ret_value)
{
    return cursor_element(cursor, ret_value, sizeof(*ret_value), what);
}

/* Reads the length of something, a number of `size` bytes, 8 at most. 1 when it is not between
 * `least` and `most`: *ret_length is set then, too, for the caller's message. */
static inline int CURSOR_CHECKED cursor_length(struct cursor *cursor, uint32_t size, uint64_t least,
                                               uint64_t most, const char *what,
                                               uint64_t *ret_length)
{
    uint8_t bytes[8];
    int r = cursor_bytes(cursor, bytes, size, what);
    if (r < 0)
        return r;
    *ret_length = cursor_number(bytes, size);
    return *ret_length < least || *ret_length > most;
}

/* Reads a length of `size` bytes and as many bytes as it says, with a NUL after them, into memory
 * that the caller releases. PARE_ELIMIT when there are more than `most`. */
static inline int CURSOR_CHECKED cursor_text(struct cursor *cursor, uint32_t size, uint64_t most,
                                             const char *what, char **ret_text,
                                             uint64_t *ret_length)
{
    uint64_t length = 0;
    int r = cursor_length(cursor, size, 0, most, what, &length);
    if (r > 0)
        return cursor_fail(cursor, PARE_ELIMIT, "%s is longer than the limit of %llu bytes", what,
                           (unsigned long long)most);
    if (r == 0)
        r = cursor_need(cursor, length, what);
    if (r < 0)
        return r;
    char *text = cursor->host->alloc(cursor->job, length + 1, 1);
    if (!text)
        return PARE_ENOMEM;
    r = cursor_bytes(cursor, text, (size_t)length, what);
    if (r < 0) {
        cursor->host->release(cursor->job, text);
        return r;
    }
    *ret_text = text;
    *ret_length = length;
    return 0;
}

#endif
