/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Implements text.h. Nothing here allocates or fails; all functions may run on any thread.
 */
#include "safetensors/text.h"

#include <stdio.h>
#include <string.h>

struct pare_str st_str(const char *text)
{
    return (struct pare_str){ text, strlen(text) };
}

int st_equal(struct pare_str a, struct pare_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int st_is(struct pare_str a, const char *text)
{
    return st_equal(a, st_str(text));
}

int st_starts(struct pare_str a, const char *prefix)
{
    const size_t n = strlen(prefix);
    return a.len >= n && memcmp(a.data, prefix, n) == 0;
}

int st_ends(struct pare_str a, const char *suffix)
{
    const size_t n = strlen(suffix);
    return a.len >= n && memcmp(a.data + a.len - n, suffix, n) == 0;
}

int st_compare(struct pare_str a, struct pare_str b)
{
    const size_t n = a.len < b.len ? a.len : b.len;
    const int order = n == 0 ? 0 : memcmp(a.data, b.data, n);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

int st_has_nul(struct pare_str a)
{
    return a.len != 0 && memchr(a.data, 0, a.len);
}

/* Length of the UTF-8 sequence at p (RFC 3629: shortest form, no surrogates), 0 when invalid. */
static size_t utf8_sequence(const unsigned char *p, size_t n)
{
    if (p[0] < 0x80)
        return 1;
    const size_t len = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (p[0] < 0xC2 || p[0] > 0xF4 || n < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90))
        return 0;
    if ((p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return len;
}

int st_utf8_valid(struct pare_str text, uint64_t *ret_bad)
{
    const unsigned char *bytes = (const unsigned char *)text.data;
    size_t at = 0;
    while (at < text.len) {
        uint64_t eight;
        if (text.len - at >= sizeof eight) {
            memcpy(&eight, bytes + at, sizeof eight);
            if ((eight & UINT64_C(0x8080808080808080)) == 0) {
                at += sizeof eight;
                continue;
            }
        }
        const size_t len = utf8_sequence(bytes + at, text.len - at);
        if (len == 0) {
            *ret_bad = at;
            return 0;
        }
        at += len;
    }
    return 1;
}

struct st_shown st_show(struct pare_str text)
{
    struct st_shown shown;
    const unsigned char *bytes = (const unsigned char *)text.data;
    size_t at = 0, out = 0;
    while (at < text.len && out < 80) {
        size_t len = utf8_sequence(bytes + at, text.len - at);
        if (len == 0 || (len == 1 && (bytes[at] < 0x20 || bytes[at] == 0x7F))) {
            out += (size_t)snprintf(shown.text + out, 5, "\\x%02x", bytes[at]);
            len = 1;
        } else {
            memcpy(shown.text + out, bytes + at, len);
            out += len;
        }
        at += len;
    }
    memcpy(shown.text + out, at < text.len ? "..." : "", at < text.len ? 4 : 1);
    return shown;
}

void st_put(struct st_text *text, struct pare_str bytes)
{
    if (text->data && bytes.len != 0)
        memcpy(text->data + text->len, bytes.data, bytes.len);
    text->len += bytes.len;
}

void st_puts(struct st_text *text, const char *bytes)
{
    st_put(text, st_str(bytes));
}

void st_put_u64(struct st_text *text, uint64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    st_puts(text, digits);
}

void st_put_json(struct st_text *text, struct pare_str value)
{
    st_puts(text, "\"");
    size_t done = 0;
    for (size_t i = 0; i < value.len; i++) {
        const unsigned char c = (unsigned char)value.data[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        char escape[8];
        if (c == '"' || c == '\\')
            snprintf(escape, sizeof escape, "\\%c", c);
        else if (c == '\n' || c == '\r' || c == '\t')
            snprintf(escape, sizeof escape, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
        else
            snprintf(escape, sizeof escape, "\\u%04x", c);
        st_put(text, (struct pare_str){ value.data + done, i - done });
        st_puts(text, escape);
        done = i + 1;
    }
    st_put(text, (struct pare_str){ value.data + done, value.len - done });
    st_puts(text, "\"");
}
