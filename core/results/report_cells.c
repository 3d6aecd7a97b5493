/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Cells of a report's tables: see report_cells.h. */
#include "results/report_cells.h"

#include "base/visible.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void cells_text(struct strbuf *sb, const char *text)
{
    _cleanup_strbuf_ struct strbuf shown = STRBUF_INIT;
    visible_add(&shown, text, strlen(text));
    sb->failed |= shown.failed;
    for (const char *p = shown.data; p && *p; p++) {
        strbuf_puts(sb, strchr("\\`*[]<>|#", *p) ? "\\" : "");
        strbuf_add(sb, p, 1);
    }
}

void cells_number(struct strbuf *sb, double value, int digits)
{
    if (isfinite(value))
        strbuf_printf(sb, " %.*g |", digits, value);
    else
        strbuf_puts(sb, " – |");
}

void cells_decibels(struct strbuf *sb, double decibels, double error)
{
    if (isfinite(decibels))
        strbuf_printf(sb, " %.2f |", decibels);
    else
        strbuf_puts(sb, error == 0 ? " exact |" : " – |");
}

void cells_count(struct strbuf *sb, int64_t count)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)count);
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0 && digits[i - 1] != '-')
            strbuf_puts(sb, " ");
        strbuf_add(sb, &digits[i], 1);
    }
}
