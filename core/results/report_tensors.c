/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Tensors of a report: see report_tensors.h. Of many, the worst are kept in a heap whose top is the
 * best of them, which goes when a worse one comes.
 */
#include "results/report_tensors.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "results/report_cells.h"

#include <math.h>
#include <string.h>

#define ENCODINGS 64

struct kept { /* of a row, what its line shows */
    char name[sizeof(struct text_shown)], from[65], to[65];
    struct tensor_row row; /* without texts */
};

struct sum { /* of the tensors in one encoding */
    char name[65];
    int64_t tensors, exact, bytes;
};

struct report_tensors {
    uint64_t count;
    int weighted;
    size_t n, room;
    struct kept *kept;
    size_t n_sums;
    struct sum sums[ENCODINGS];
};

int report_tensors_new(uint64_t count, int weighted, struct report_tensors **ret_tensors,
                       struct error *err)
{
    struct report_tensors *tensors = calloc(1, sizeof *tensors);
    if (!tensors)
        return error_oom(err);
    tensors->count = count;
    tensors->weighted = weighted;
    tensors->room = count > REPORT_ALL ? REPORT_WORST : (size_t)count;
    tensors->kept = calloc(tensors->room + 1, sizeof *tensors->kept);
    if (!tensors->kept) {
        free(tensors);
        return error_oom(err);
    }
    *ret_tensors = tensors;
    return 0;
}

void report_tensors_free(struct report_tensors *tensors)
{
    if (!tensors)
        return;
    free(tensors->kept);
    free(tensors);
}

static void copy_text(char *to, size_t size, struct pare_str text)
{
    size_t n = text.len < size ? text.len : size - 1;
    if (n)
        memcpy(to, text.data, n);
    to[n] = 0;
}

static void keep(struct kept *kept, const struct tensor_row *row)
{
    const struct text_shown name = text_show(row->name);
    memcpy(kept->name, name.text, sizeof kept->name);
    copy_text(kept->from, sizeof kept->from, row->from);
    copy_text(kept->to, sizeof kept->to, row->to);
    kept->row = *row;
}

static double decibels(const struct kept *kept)
{
    return kept->row.figures[ROW_SQNR_DB];
}

static void swap(struct kept *a, struct kept *b)
{
    struct kept old = *a;
    *a = *b;
    *b = old;
}

/* Replaces the best of the kept ones, and lets it sink to its place. */
static void replace_best(struct report_tensors *t, const struct tensor_row *row)
{
    size_t i = 0;
    keep(&t->kept[0], row);
    for (;;) {
        size_t best = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < t->n; child++)
            if (decibels(&t->kept[child]) > decibels(&t->kept[best]))
                best = child;
        if (best == i)
            return;
        swap(&t->kept[i], &t->kept[best]);
        i = best;
    }
}

static void keep_if_worse(struct report_tensors *t, const struct tensor_row *row)
{
    if (isnan(row->figures[ROW_SQNR_DB]))
        return;
    if (t->n == t->room) {
        if (row->figures[ROW_SQNR_DB] < decibels(&t->kept[0]))
            replace_best(t, row);
        return;
    }
    size_t i = t->n++;
    keep(&t->kept[i], row);
    for (; i && decibels(&t->kept[i]) > decibels(&t->kept[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&t->kept[i], &t->kept[(i - 1) / 2]);
}

/* Encodings beyond the table's end count as the last one. */
static void add_up(struct report_tensors *t, const struct tensor_row *row)
{
    size_t i = 0;
    while (i < t->n_sums && !text_is(row->to, t->sums[i].name))
        i++;
    if (i == t->n_sums && i < ENCODINGS) {
        copy_text(t->sums[i].name, sizeof t->sums[i].name, row->to);
        t->n_sums++;
    }
    struct sum *sum = &t->sums[i < ENCODINGS ? i : ENCODINGS - 1];
    sum->tensors++;
    sum->exact += isnan(row->figures[ROW_SQNR_DB]) && row->figures[ROW_RMSE] == 0;
    sum->bytes += (int64_t)row->bytes;
}

void report_tensors_add(void *context, const struct tensor_row *row)
{
    struct report_tensors *t = context;
    add_up(t, row);
    if (t->count > REPORT_ALL)
        keep_if_worse(t, row);
    else if (t->n < t->room)
        keep(&t->kept[t->n++], row);
}

/* ---- printing ---- */

static void add_shape(struct strbuf *sb, const struct tensor_row *row)
{
    for (uint32_t i = 0; i < row->n_dims; i++)
        strbuf_printf(sb, "%s%llu", i ? "×" : "", (unsigned long long)row->dims[i]);
}

static void add_tensor(struct strbuf *sb, const struct kept *kept, int weighted)
{
    const double *f = kept->row.figures;
    strbuf_puts(sb, "| ");
    cells_text(sb, kept->name);
    strbuf_puts(sb, " | ");
    add_shape(sb, &kept->row);
    strbuf_puts(sb, " | ");
    cells_text(sb, kept->from);
    strbuf_puts(sb, " | ");
    cells_text(sb, kept->to);
    strbuf_puts(sb, kept->row.lattice ? " (lattice) | " : " | ");
    cells_count(sb, (int64_t)kept->row.bytes);
    strbuf_puts(sb, " |");
    cells_decibels(sb, f[ROW_SQNR_DB], f[ROW_RMSE]);
    cells_number(sb, f[ROW_RMSE], 3);
    cells_number(sb, f[ROW_MAX_ABS], 3);
    cells_number(sb, f[ROW_COSINE], 7);
    if (weighted) {
        strbuf_puts(sb, kept->row.importance ? " yes |" : " no |");
        cells_decibels(sb, f[ROW_WEIGHTED_SQNR_DB], f[ROW_WEIGHTED_RELATIVE_ERROR]);
    }
    strbuf_puts(sb, "\n");
}

static int compare(const void *a, const void *b)
{
    double x = decibels(a), y = decibels(b);
    return (x > y) - (x < y);
}

static void add_sums(struct strbuf *sb, const struct report_tensors *t)
{
    strbuf_puts(sb,
                "\nAll of them, by encoding:\n\n| encoding | tensors | of these exact | bytes |\n"
                "|---|--:|--:|--:|\n");
    for (size_t i = 0; i < t->n_sums; i++) {
        strbuf_puts(sb, "| ");
        cells_text(sb, t->sums[i].name);
        strbuf_puts(sb, " | ");
        cells_count(sb, t->sums[i].tensors);
        strbuf_puts(sb, " | ");
        cells_count(sb, t->sums[i].exact);
        strbuf_puts(sb, " | ");
        cells_count(sb, t->sums[i].bytes);
        strbuf_puts(sb, " |\n");
    }
}

static void add_table(struct strbuf *sb, const struct report_tensors *t, const struct kept *kept)
{
    strbuf_puts(sb, "\n| tensor | shape | from | to | bytes | SQNR (dB) | RMSE | max. abs. error | "
                    "cosine |");
    strbuf_puts(sb, t->weighted ? " importance used | weighted SQNR (dB) |\n" : "\n");
    strbuf_puts(sb, "|---|---|---|---|--:|--:|--:|--:|--:|");
    strbuf_puts(sb, t->weighted ? "---|--:|\n" : "\n");
    for (size_t i = 0; i < t->n; i++)
        add_tensor(sb, &kept[i], t->weighted);
}

void report_tensors_print(const struct report_tensors *t, struct strbuf *sb)
{
    strbuf_puts(sb, "\n## Tensors\n");
    if (t->count <= REPORT_ALL) {
        add_table(sb, t, t->kept);
        return;
    }
    _cleanup_free_ struct kept *sorted = calloc(t->n + 1, sizeof *sorted);
    sb->failed |= !sorted;
    if (!sorted)
        return;
    memcpy(sorted, t->kept, t->n * sizeof *sorted);
    qsort(sorted, t->n, sizeof *sorted, compare);
    strbuf_puts(sb, "\nThere are ");
    cells_count(sb, (int64_t)t->count);
    strbuf_printf(sb, " tensors: all are in the manifest, the %zu that lost most here.\n", t->n);
    if (t->n)
        add_table(sb, t, sorted);
    add_sums(sb, t);
}
