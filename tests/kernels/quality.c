/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * How good each encoding is: the true root mean square error and signal-to-noise ratio on a
 * million weights of three distributions, held against the committed table.
 *
 * Usage: quality FOLDER TABLE [--write]. Fails when a ratio falls by more than 0.0001 dB below the
 * table, when the table lacks an encoding, or when no plugin has one of the table's. A better
 * figure is reported; take it over with --write.
 */
#include "check/inputs.h"
#include "kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED 1u
#define ROWS 512u
#define ROW_LEN 2048u
#define TOLERANCE_DB 1e-4
#define LINES_MAX 4096
#define HEADER "encoding,search,input,weights,bits_per_weight,rmse,sqnr_db\n"

struct figure {
    char encoding[64];
    char search[16];
    char input[64];
    double bits;
    double rmse;
    double sqnr; /* dB; infinite when nothing is lost */
};

/* Encodes without importance; with an even one where there must be some. */
static void encode(const struct pare_encoding *encoding, enum pare_search search, const float *x,
                   struct planes *planes)
{
    const struct pare_kernel *kernel = encoding->kernels[0];
    float even[ROW_LEN];
    struct pare_calibration calibration = { .struct_size = sizeof(calibration), .search = search };

    if (encoding->flags & PARE_ENCODING_NEEDS_IMPORTANCE) {
        for (uint32_t i = 0; i < ROW_LEN; i++) {
            even[i] = 1.0f;
        }
        calibration.importance = even;
    }
    /* the bytes are the same, and the first kernel takes long */
    for (uint32_t i = 1; search == PARE_SEARCH_BEST && encoding->kernels[i]; i++) {
        kernel = kernel_runs(encoding->kernels[i]) ? encoding->kernels[i] : kernel;
    }
    kernel->encode(x, ROWS, ROW_LEN, &calibration, planes->plane);
}

static struct figure figure_make(const struct pare_encoding *encoding, enum pare_search search,
                                 const char *input, const float *x)
{
    struct figure figure = { 0 };
    uint64_t n = (uint64_t)ROWS * ROW_LEN;
    float *decoded = check_allocate(n, sizeof(float));
    double signal = 0.0;
    double noise = 0.0;
    size_t bytes = 0;
    struct planes planes;

    planes_init(&planes, encoding, ROWS, ROW_LEN, 0, 0);
    encode(encoding, search, x, &planes);
    encoding->kernels[0]->decode((const void *const *)planes.plane, ROWS, ROW_LEN, decoded);
    for (uint64_t i = 0; i < n; i++) {
        double error = (double)decoded[i] - (double)x[i];
        signal += (double)x[i] * (double)x[i];
        noise += error * error;
    }
    for (uint32_t p = 0; p < planes.n; p++) {
        bytes += planes.size[p];
    }
    snprintf(figure.encoding, sizeof(figure.encoding), "%s", encoding->name);
    snprintf(figure.search, sizeof(figure.search), "%s",
             search == PARE_SEARCH_BEST ? "best" : "reference");
    snprintf(figure.input, sizeof(figure.input), "%s", input);
    figure.bits = 8.0 * (double)bytes / (double)n;
    figure.rmse = sqrt(noise / (double)n);
    figure.sqnr = noise > 0.0 ? 10.0 * log10(signal / noise) : INFINITY;
    planes_deinit(&planes);
    free(decoded);
    return figure;
}

static void figure_print(FILE *file, const struct figure *figure)
{
    fprintf(file, "%s,%s,%s,%u,%.9g,%.9g,%.6f\n", figure->encoding, figure->search, figure->input,
            ROWS * ROW_LEN, figure->bits, figure->rmse, figure->sqnr);
}

/* Reads the table. Gives how many lines it has, or -1. */
static int table_read(FILE *file, struct figure *figures)
{
    char line[512];
    int n = 0;

    if (!fgets(line, sizeof(line), file) || strcmp(line, HEADER) != 0) {
        return -1;
    }
    while (n < LINES_MAX && fgets(line, sizeof(line), file)) {
        struct figure *figure = &figures[n++];
        if (sscanf(line, "%63[^,],%15[^,],%63[^,],%*u,%lf,%lf,%lf", figure->encoding,
                   figure->search, figure->input, &figure->bits, &figure->rmse,
                   &figure->sqnr) != 6) {
            return -1;
        }
    }
    return n;
}

/* Gives 1 when the figure is worse than the table's or not there; counts it as seen. */
static int figure_compare(const struct figure *figure, struct figure *table, int n)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(table[i].encoding, figure->encoding) != 0 ||
            strcmp(table[i].search, figure->search) != 0 ||
            strcmp(table[i].input, figure->input) != 0) {
            continue;
        }
        int worse = figure->sqnr < table[i].sqnr - TOLERANCE_DB || figure->bits > table[i].bits;
        int better = figure->sqnr > table[i].sqnr + TOLERANCE_DB;
        printf("%s %s %s %s: %.4f dB at %.4f bits (table: %.4f dB at %.4f)%s\n",
               worse ? "not ok" : "ok    ", figure->encoding, figure->search, figure->input,
               figure->sqnr, figure->bits, table[i].sqnr, table[i].bits,
               better ? ", better: use --write" : "");
        table[i].encoding[0] = '\0';
        return worse;
    }
    printf("not ok %s %s %s: not in the table: use --write\n", figure->encoding, figure->search,
           figure->input);
    return 1;
}

/* Measures everything; writes it to `file`, or compares it when that is NULL. */
static int figures_make(const struct pare_encoding **all, FILE *file, struct figure *table, int n)
{
    uint64_t weights = (uint64_t)ROWS * ROW_LEN;
    float *x = check_allocate(weights, sizeof(float));
    int failures = 0;

    for (int i = 0; i < INPUT_DISTRIBUTIONS; i++) {
        input_fill(&inputs[i], SEED, x, weights);
        for (const struct pare_encoding **encoding = all; *encoding; encoding++) {
            if (!(*encoding)->kernels[0]->encode) {
                continue;
            }
            int searches = (*encoding)->flags & PARE_ENCODING_BEST ? 2 : 1;
            for (int search = 0; search < searches; search++) {
                struct figure figure = figure_make(*encoding, (enum pare_search)search,
                                                   inputs[i].name, x);
                failures += !file ? figure_compare(&figure, table, n) : 0;
                if (file) {
                    figure_print(file, &figure);
                }
            }
        }
    }
    free(x);
    return failures;
}

static int figures_write(const struct pare_encoding **all, const char *path)
{
    FILE *file = fopen(path, "w");

    if (!file) {
        perror(path);
        return 2;
    }
    fputs(HEADER, file);
    figures_make(all, file, NULL, 0);
    return fclose(file) == 0 ? 0 : 2;
}

static int figures_check(const struct pare_encoding **all, const char *path)
{
    struct figure *table = check_allocate(LINES_MAX, sizeof(*table));
    FILE *file = fopen(path, "r");
    int n = file ? table_read(file, table) : -1;

    if (file) {
        fclose(file);
    }
    if (n < 0) {
        fprintf(stderr, "%s cannot be read\n", path);
        free(table);
        return 2;
    }
    int failures = figures_make(all, NULL, table, n);
    for (int i = 0; i < n; i++) {
        if (table[i].encoding[0] != '\0') {
            printf("not ok %s %s %s: no plugin has it\n", table[i].encoding, table[i].search,
                   table[i].input);
            failures++;
        }
    }
    free(table);
    return failures == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    int writing = argc == 4 && strcmp(argv[3], "--write") == 0;

    if (argc < 3 || (argc > 3 && !writing)) {
        fprintf(stderr, "usage: quality FOLDER TABLE [--write]\n");
        return 2;
    }
    const struct pare_encoding **all = encodings_load(argv[1]);
    int status = writing ? figures_write(all, argv[2]) : figures_check(all, argv[2]);
    free(all);
    return status;
}
