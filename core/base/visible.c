/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Text made visible: see visible.h. */
#include "base/visible.h"

#include <string.h>

size_t visible_decode(const unsigned char *s, size_t n, uint32_t *ret_character)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t len = s[0] < 0x80   ? 1
                 : s[0] < 0xc2 ? 0
                 : s[0] < 0xe0 ? 2
                 : s[0] < 0xf0 ? 3
                 : s[0] < 0xf5 ? 4
                               : 0;
    if (!len || len > n)
        return 0;
    uint32_t c = len == 1 ? s[0] : s[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    if (c < least[len] || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
        return 0;
    *ret_character = c;
    return len;
}

int visible_is_harmful(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0x180e ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
           (c >= 0xe0000 && c < 0xe0080);
}

void visible_add(struct strbuf *sb, const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    for (size_t i = 0; i < len;) {
        uint32_t c = 0;
        size_t n = visible_decode(s + i, len - i, &c);
        if (!n || (n == 1 && visible_is_harmful(c)))
            strbuf_printf(sb, "\\x%02x", s[i]);
        else if (visible_is_harmful(c))
            strbuf_printf(sb, "\\u{%x}", (unsigned)c);
        else
            strbuf_add(sb, text + i, n);
        i += n ? n : 1;
    }
}

/* 1 when the n bytes are the beginning of a sequence that needs more of them. */
static int is_cut_off(const unsigned char *s, size_t n)
{
    size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc2 ? 2 : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return n < len;
}

void visible_in_place(char *text)
{
    unsigned char *s = (unsigned char *)text;
    size_t len = strlen(text), to = 0;
    for (size_t i = 0; i < len;) {
        uint32_t c = 0;
        size_t n = visible_decode(s + i, len - i, &c);
        if (!n && is_cut_off(s + i, len - i))
            break;
        if (!n || visible_is_harmful(c))
            s[to++] = '?';
        else
            memmove(s + to, s + i, n), to += n;
        i += n ? n : 1;
    }
    s[to] = 0;
}

/* A library that writes JSON has escaped what is below 0x20 already. */
static void add_json_escape(struct strbuf *sb, uint32_t c)
{
    if (c < 0x10000)
        strbuf_printf(sb, "\\u%04X", (unsigned)c);
    else
        strbuf_printf(sb, "\\u%04X\\u%04X", 0xd800 + (unsigned)((c - 0x10000) >> 10),
                      0xdc00 + (unsigned)((c - 0x10000) & 0x3ff));
}

char *visible_json(const char *json)
{
    const unsigned char *s = (const unsigned char *)json;
    struct strbuf sb = STRBUF_INIT;
    size_t len = strlen(json), kept = 0; /* kept: bytes before it are in sb */
    strbuf_puts(&sb, "");
    for (size_t i = 0; i < len;) {
        uint32_t c = s[i];
        size_t n = c < 0x7f ? 1 : visible_decode(s + i, len - i, &c);
        if (n && c >= 0x7f && visible_is_harmful(c)) {
            strbuf_add(&sb, json + kept, i - kept);
            add_json_escape(&sb, c);
            kept = i + n;
        }
        i += n ? n : 1;
    }
    strbuf_add(&sb, json + kept, len - kept);
    return strbuf_finish(&sb);
}
