/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Text for people: columns that line up, and figures in few digits. Cells are UTF-8 and may come
 * from a hostile file: control characters, bidirectional overrides and bytes that are not UTF-8
 * appear as \xNN or \u{N}.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "base/strbuf.h"

#include <stdint.h>
#include <stdio.h>

struct table;

/* spec: one letter for each column, 'l' left, 'r' right, or for the last one 'c' left and cut off
 * at the edge of a terminal; headings: one for each. NULL when out of memory (the other functions
 * take NULL). */
struct table *table_new(const char *spec, const char *const *headings);
void table_free(struct table *table);
/* Adds the next cell, rows fill from left to right. A NULL text is "-". */
void table_cell(struct table *table, const char *text);
void table_cellf(struct table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Prints heading (dimmed when `out` is a terminal and NO_COLOR is not set) and rows. 0, or -1 when
 * out of memory. */
int table_print(const struct table *table, FILE *out);

/* Columns of the terminal that `out` is, 0 when it is none. */
size_t terminal_width(FILE *out);
/* Columns that a text fills on a terminal once it is made harmless. */
size_t text_width(const char *text);
/* Prints text made harmless. */
void text_print(FILE *out, const char *text);

/* Figures, written into the caller's buffer, which they return: "3.2 MB" (powers of 1000);
 * "5.25 M"; "0.42 s", "3:07" or "1:02:03"; a number of digits after the point. NaN is "-". */
#define FIGURE_SIZE 32
const char *figure_bytes(char buffer[FIGURE_SIZE], uint64_t bytes);
const char *figure_count(char buffer[FIGURE_SIZE], uint64_t count);
const char *figure_seconds(char buffer[FIGURE_SIZE], double seconds);
const char *figure_real(char buffer[FIGURE_SIZE], double value, int digits);

#endif
