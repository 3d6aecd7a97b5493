/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Tables and figures: see table.h. Cells are made harmless when they are added; widths count
 * characters as the terminal shows them (wide East Asian ones are two).
 */
#include "cli/table.h"

#include "base/cleanup.h"
#include "base/visible.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <wchar.h>

#define MAX_COLUMNS 24
#define LEAST_CUT 20 /* columns that a text is never cut below */

struct table {
    size_t n_columns, n_cells, capacity;
    char spec[MAX_COLUMNS + 1];
    const char *headings[MAX_COLUMNS];
    size_t widths[MAX_COLUMNS];
    char **cells;
    int failed;
};

void text_print(FILE *out, const char *text)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    visible_add(&sb, text, strlen(text));
    fputs(sb.data && !sb.failed ? sb.data : "", out);
}

/* Of text that is harmless already. */
static size_t plain_width(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t width = 0, len = strlen(text);
    for (size_t i = 0; i < len;) {
        uint32_t c = 0;
        size_t n = visible_decode(s + i, len - i, &c);
        int w = n > 1 ? wcwidth((wchar_t)c) : 1;
        width += w < 0 ? 1 : (size_t)w;
        i += n ? n : 1;
    }
    return width;
}

size_t text_width(const char *text)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    visible_add(&sb, text, strlen(text));
    return sb.data ? plain_width(sb.data) : 0;
}

struct table *table_new(const char *spec, const char *const *headings)
{
    struct table *table = calloc(1, sizeof *table);
    if (!table)
        return NULL;
    table->n_columns = strnlen(spec, MAX_COLUMNS);
    memcpy(table->spec, spec, table->n_columns);
    for (size_t i = 0; i < table->n_columns; i++) {
        table->headings[i] = headings[i];
        table->widths[i] = plain_width(headings[i]);
    }
    return table;
}

void table_free(struct table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->n_cells; i++)
        free(table->cells[i]);
    free(table->cells);
    free(table);
}

void table_cell(struct table *table, const char *text)
{
    if (!table || table->failed)
        return;
    if (table->n_cells == table->capacity) {
        size_t capacity = table->capacity ? 2 * table->capacity : 64;
        char **cells = reallocarray(table->cells, capacity, sizeof *cells);
        if (!cells) {
            table->failed = 1;
            return;
        }
        table->cells = cells;
        table->capacity = capacity;
    }
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    visible_add(&sb, text ? text : "-", text ? strlen(text) : 1);
    strbuf_puts(&sb, "");
    char *cell = strbuf_finish(&sb);
    if (!cell) {
        table->failed = 1;
        return;
    }
    size_t column = table->n_cells % table->n_columns, width = plain_width(cell);
    if (width > table->widths[column])
        table->widths[column] = width;
    table->cells[table->n_cells++] = cell;
}

void table_cellf(struct table *table, const char *format, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, format);
    int n = vasprintf(&text, format, ap);
    va_end(ap);
    if (n < 0 && table)
        table->failed = 1;
    else
        table_cell(table, text);
    if (n >= 0)
        free(text);
}

size_t terminal_width(FILE *out)
{
    struct winsize size;
    return ioctl(fileno(out), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* Columns that are left for the last cell of a row, or SIZE_MAX when it is not to be cut. */
static size_t room_of_last(const struct table *table, FILE *out)
{
    size_t width = terminal_width(out), used = 2 * (table->n_columns - 1);
    if (!width || table->spec[table->n_columns - 1] != 'c')
        return SIZE_MAX;
    for (size_t i = 0; i + 1 < table->n_columns; i++)
        used += table->widths[i];
    return width > used + LEAST_CUT ? width - used : LEAST_CUT;
}

/* As much of a text as fits, with dots for the rest. */
static void print_cut(const char *text, size_t room, FILE *out)
{
    if (plain_width(text) <= room) {
        fputs(text, out);
        return;
    }
    _cleanup_free_ char *copy = strdup(text);
    size_t n = copy ? strlen(copy) : 0;
    while (n > 0 && ((copy[n] & 0xc0) == 0x80 || plain_width(copy) > room - 3))
        copy[--n] = 0;
    fprintf(out, "%s...", copy ? copy : "");
}

static void print_row(const struct table *table, const char *const *cells, size_t room, FILE *out)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        int pad = (int)(table->widths[i] - plain_width(cells[i]));
        int last = i + 1 == table->n_columns;
        if (table->spec[i] == 'r')
            fprintf(out, "%*s%s", pad, "", cells[i]);
        else if (last)
            print_cut(cells[i], room, out);
        else
            fprintf(out, "%s%*s", cells[i], pad, "");
        fputs(last ? "" : "  ", out);
    }
}

int table_print(const struct table *table, FILE *out)
{
    if (!table || table->failed)
        return -1;
    const char *no_color = getenv("NO_COLOR");
    size_t room = room_of_last(table, out);
    int dim = isatty(fileno(out)) && !(no_color && *no_color);
    fputs(dim ? "\033[2m" : "", out);
    print_row(table, table->headings, SIZE_MAX, out);
    fputs(dim ? "\033[0m\n" : "\n", out);
    for (size_t i = 0; i + table->n_columns <= table->n_cells; i += table->n_columns) {
        print_row(table, (const char *const *)&table->cells[i], room, out);
        fputc('\n', out);
    }
    return 0;
}

static const char *figure(char *buffer, double value, const char *const *units, size_t n)
{
    size_t unit = 0;
    while (unit + 1 < n && value >= 999.5) {
        value /= 1000;
        unit++;
    }
    int digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    (void)snprintf(buffer, FIGURE_SIZE, "%.*f%s", digits, value, units[unit]);
    return buffer;
}

const char *figure_bytes(char buffer[FIGURE_SIZE], uint64_t bytes)
{
    static const char *const units[] = { " B", " kB", " MB", " GB", " TB", " PB" };
    return figure(buffer, (double)bytes, units, sizeof units / sizeof *units);
}

const char *figure_count(char buffer[FIGURE_SIZE], uint64_t count)
{
    static const char *const units[] = { "", " k", " M", " B", " T" };
    return figure(buffer, (double)count, units, sizeof units / sizeof *units);
}

const char *figure_seconds(char buffer[FIGURE_SIZE], double seconds)
{
    if (!isfinite(seconds) || seconds < 0 || seconds > 1e9)
        return strcpy(buffer, "-");
    long long whole = (long long)(seconds + 0.5);
    if (seconds < 59.95)
        (void)snprintf(buffer, FIGURE_SIZE, "%.*f s", seconds < 9.995 ? 2 : 1, seconds);
    else if (whole < 3600)
        (void)snprintf(buffer, FIGURE_SIZE, "%lld:%02lld", whole / 60, whole % 60);
    else
        (void)snprintf(buffer, FIGURE_SIZE, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60,
                       whole % 60);
    return buffer;
}

const char *figure_real(char buffer[FIGURE_SIZE], double value, int digits)
{
    if (!isfinite(value))
        return strcpy(buffer, "-");
    (void)snprintf(buffer, FIGURE_SIZE, "%.*f", digits, value);
    return buffer;
}
