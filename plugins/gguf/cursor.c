/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Reading a header within the bounds of its file. Nothing is read, and by the callers nothing
 * allocated, before cursor_need has found that the file still has that many bytes; so a count out
 * of a file costs no more than the file. Small reads come from one buffer, large ones go straight
 * to their place. Also here: how names out of a file become fit to print.
 */
#include "gguf/gguf.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BUFFER_SIZE 65536u

const char *gguf_quote(const char *name, size_t length, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;
    size_t i = 0;
    for (; i < length && n < GGUF_QUOTED - 8; i++) {
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

void gguf_copy_elements(void *to, const void *from, uint64_t count, uint32_t size)
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

int gguf_align(uint64_t value, uint32_t alignment, uint64_t *ret_value)
{
    if (value > (uint64_t)INT64_MAX - (alignment - 1))
        return -1;
    *ret_value = (value + alignment - 1) & ~(uint64_t)(alignment - 1);
    return 0;
}

int cursor_fail(const struct gguf_cursor *cursor, int code, const char *format, ...)
{
    char text[768];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    return cursor->host->fail(cursor->job, code, "%s: %s", cursor->name, text);
}

int cursor_open(struct gguf_cursor *cursor, uint32_t file)
{
    struct pare_file info = { .struct_size = sizeof(info) };
    int r = cursor->host->file_info(cursor->job, file, &info);
    if (r < 0)
        return r;
    if (!cursor->buffer) {
        cursor->buffer = cursor->host->alloc(cursor->job, 1, BUFFER_SIZE);
        if (!cursor->buffer)
            return PARE_ENOMEM;
    }
    cursor->file = file;
    cursor->size = info.size;
    cursor->pos = 0;
    cursor->start = 0;
    cursor->have = 0;
    gguf_quote(info.name, strlen(info.name), cursor->name);
    return 0;
}

void cursor_close(struct gguf_cursor *cursor)
{
    if (cursor->buffer)
        cursor->host->release(cursor->job, cursor->buffer);
    cursor->buffer = NULL;
}

void cursor_seek(struct gguf_cursor *cursor, uint64_t pos)
{
    cursor->pos = pos;
}

int cursor_need(struct gguf_cursor *cursor, uint64_t n, const char *what)
{
    if (cursor->pos <= cursor->size && n <= cursor->size - cursor->pos)
        return 0;
    return cursor_fail(cursor, PARE_EINCOMPLETE,
                       "the file ends at byte %" PRIu64 ", inside %s at byte %" PRIu64
                       " that needs %" PRIu64 " bytes: it is cut short or still arriving",
                       cursor->size, what, cursor->pos, n);
}

static int fill(struct gguf_cursor *cursor)
{
    uint64_t left = cursor->size - cursor->pos;
    size_t n = left < BUFFER_SIZE ? (size_t)left : BUFFER_SIZE;
    cursor->have = 0;
    int r = cursor->host->read(cursor->job, cursor->file, cursor->pos, cursor->buffer, n);
    if (r < 0)
        return r;
    cursor->start = cursor->pos;
    cursor->have = n;
    return 0;
}

int cursor_bytes(struct gguf_cursor *cursor, void *buffer, size_t n, const char *what)
{
    int r = cursor_need(cursor, n, what);
    if (r < 0)
        return r;
    uint8_t *to = buffer;
    while (n > 0) {
        uint64_t skip = cursor->pos - cursor->start;
        bool buffered = cursor->pos >= cursor->start && skip < cursor->have;
        if (!buffered && n >= BUFFER_SIZE) {
            r = cursor->host->read(cursor->job, cursor->file, cursor->pos, to, n);
            if (r == 0)
                cursor->pos += n;
            return r;
        }
        if (!buffered) {
            r = fill(cursor);
            if (r < 0)
                return r;
            continue;
        }
        size_t part = cursor->have - (size_t)skip;
        if (part > n)
            part = n;
        memcpy(to, cursor->buffer + skip, part);
        to += part;
        n -= part;
        cursor->pos += part;
    }
    return 0;
}

int cursor_skip(struct gguf_cursor *cursor, uint64_t n, const char *what)
{
    int r = cursor_need(cursor, n, what);
    if (r == 0)
        cursor->pos += n;
    return r;
}

int cursor_u32(struct gguf_cursor *cursor, const char *what, uint32_t *ret_value)
{
    uint8_t bytes[4];
    int r = cursor_bytes(cursor, bytes, sizeof(bytes), what);
    if (r == 0)
        gguf_copy_elements(ret_value, bytes, 1, sizeof(*ret_value));
    return r;
}

int cursor_u64(struct gguf_cursor *cursor, const char *what, uint64_t *ret_value)
{
    uint8_t bytes[8];
    int r = cursor_bytes(cursor, bytes, sizeof(bytes), what);
    if (r == 0)
        gguf_copy_elements(ret_value, bytes, 1, sizeof(*ret_value));
    return r;
}
