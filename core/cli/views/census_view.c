/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The table of encodings: see census_view.h. */
#include "cli/views/census_view.h"

#include "base/json.h"
#include "cli/table.h"

#include <math.h>

struct sums {
    double tensors, elements, bytes;
};

static struct sums sums_of(const json_t *entry)
{
    return (struct sums){
        .tensors = (double)json_get_int(entry, "tensors", 0),
        .elements = (double)json_get_int(entry, "elements", 0),
        .bytes = (double)json_get_int(entry, "bytes", 0),
    };
}

static void add_row(struct table *table, const char *name, struct sums s, double all_bytes)
{
    char text[FIGURE_SIZE];
    table_cell(table, name);
    table_cellf(table, "%.0f", s.tensors);
    table_cell(table, figure_count(text, (uint64_t)s.elements));
    table_cell(table, figure_bytes(text, (uint64_t)s.bytes));
    table_cell(table, figure_real(text, s.elements > 0 ? 8 * s.bytes / s.elements : NAN, 3));
    table_cell(table, figure_real(text, all_bytes > 0 ? 100 * s.bytes / all_bytes : NAN, 1));
}

int census_view_print(const json_t *census)
{
    static const char *const headings[] = { "ENCODING", "TENSORS", "WEIGHTS", "SIZE", "BITS", "%" };
    struct table *table = table_new("lrrrrr", headings);
    struct sums all = { 0 };
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)census, i, entry) {
        const struct sums s = sums_of(entry);
        all.tensors += s.tensors;
        all.elements += s.elements;
        all.bytes += s.bytes;
    }
    json_array_foreach((json_t *)census, i, entry)
        add_row(table, json_get_string(entry, "encoding", "?"), sums_of(entry), all.bytes);
    if (json_array_size(census) > 1)
        add_row(table, "all", all, all.bytes);
    int r = table_print(table, stdout);
    table_free(table);
    return r;
}
