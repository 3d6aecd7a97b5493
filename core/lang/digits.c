/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Numbers in plain digits: see digits.h. */
#include "lang/digits.h"

#include "base/text.h"

int digits_take(struct pare_str text, size_t *at, uint32_t *ret_number)
{
    size_t start = *at;
    uint32_t number = 0;
    while (*at < text.len && text_is_digit(text.data[*at]) && *at - start < DIGITS_MAX)
        number = number * 10 + (uint32_t)(text.data[(*at)++] - '0');
    *ret_number = number;
    return *at > start && (*at == text.len || !text_is_digit(text.data[*at]));
}
