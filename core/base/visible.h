/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Text from files and from others, as it is shown to people. A terminal, a log and a page act on
 * some characters instead of showing them: control characters (C0, DEL, C1), marks without width,
 * and those that turn the direction of writing, with which a name can pose as another. They appear
 * as \xNN or \u{N}, bytes that are not UTF-8 as \xNN.
 */
#ifndef BASE_VISIBLE_H
#define BASE_VISIBLE_H

#include "base/strbuf.h"

#include <stddef.h>
#include <stdint.h>

/* The length of the well-formed UTF-8 sequence that s begins with, and its character; 0 when it is
 * none. n: bytes there, at least 1. */
size_t visible_decode(const unsigned char *s, size_t n, uint32_t *ret_character);

/* 1 for a character that is acted upon rather than shown. */
int visible_is_harmful(uint32_t character);

/* Appends text made visible. */
void visible_add(struct strbuf *sb, const char *text, size_t len);

/* The same where the text lies, for messages that must do without memory: `?` stands for each
 * harmful character, and for each byte that is not UTF-8. A sequence that the end cuts off goes. */
void visible_in_place(char *text);

/* JSON text (UTF-8, as it was written by a JSON library) with \uNNNN for each harmful character:
 * the same values for every reader. Returns a copy, or NULL when out of memory. */
char *visible_json(const char *json);

#endif
