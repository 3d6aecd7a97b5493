/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Every output byte, by digest: what each encoding makes of each input, and what it decodes that
 * to, must be what the committed table says, on every machine and with every compiler.
 *
 * Usage: digests FOLDER TABLE [--write]. Each line of the table has an encoding, an input (with
 * "+best" and "+importance" when there was such), the FNV-1a digest of the planes and that of the
 * floats. A change of the table changes the bytes of models: the plugin needs a new version then.
 */
#include "check/inputs.h"
#include "kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED 1u
#define ROWS 3u
#define BLOCKS 5u
#define BLOCK_MIN 256u

/* The lines of a table, one text. */
struct table {
    char *text;
    size_t len;
    FILE *stream;
};

static void table_add(struct table *table, const struct pare_encoding *encoding, const char *input,
                      const char *suffix, const struct planes *planes, uint64_t row_len)
{
    float *floats = check_allocate(ROWS * row_len, sizeof(float));

    encoding->kernels[0]->decode((const void *const *)planes->plane, ROWS, row_len, floats);
    fprintf(table->stream, "%s %s%s %016llx %016llx\n", encoding->name, input, suffix,
            (unsigned long long)planes_hash(planes),
            (unsigned long long)floats_hash(floats, ROWS * row_len));
    free(floats);
}

/* What the longer search makes of an input, without importance and with it. */
static void table_add_best(struct table *table, const struct pare_encoding *encoding,
                           const char *input, const float *x, const float *importance,
                           uint64_t row_len)
{
    struct pare_calibration calibration = { .struct_size = sizeof(calibration),
                                            .search = PARE_SEARCH_BEST };
    struct planes planes;

    if (!(encoding->flags & PARE_ENCODING_BEST)) {
        return;
    }
    planes_init(&planes, encoding, ROWS, row_len, 0, 0);
    encoding->kernels[0]->encode(x, ROWS, row_len, &calibration, planes.plane);
    table_add(table, encoding, input, "+best", &planes, row_len);
    calibration.importance = importance;
    encoding->kernels[0]->encode(x, ROWS, row_len, &calibration, planes.plane);
    table_add(table, encoding, input, "+best+importance", &planes, row_len);
    planes_deinit(&planes);
}

static void table_add_input(struct table *table, const struct pare_encoding *encoding,
                            const struct input *input, uint64_t row_len)
{
    float *x = check_allocate(ROWS * row_len, sizeof(float));
    float *importance = check_allocate(row_len, sizeof(float));
    struct pare_calibration calibration = { .struct_size = sizeof(calibration),
                                            .importance = importance };
    struct planes planes;

    input_fill(input, SEED, x, ROWS * row_len);
    input_importance(SEED, 2, importance, row_len);
    planes_init(&planes, encoding, ROWS, row_len, 0, 0);
    if (!(encoding->flags & PARE_ENCODING_NEEDS_IMPORTANCE)) {
        encoding->kernels[0]->encode(x, ROWS, row_len, NULL, planes.plane);
        table_add(table, encoding, input->name, "", &planes, row_len);
    }
    if (encoding->flags & PARE_ENCODING_IMPORTANCE) {
        encoding->kernels[0]->encode(x, ROWS, row_len, &calibration, planes.plane);
        table_add(table, encoding, input->name, "+importance", &planes, row_len);
    }
    table_add_best(table, encoding, input->name, x, importance, row_len);
    planes_deinit(&planes);
    free(importance);
    free(x);
}

static void table_add_bytes(struct table *table, const struct pare_encoding *encoding,
                            uint64_t row_len)
{
    struct random random = { SEED };
    struct planes planes;

    planes_init(&planes, encoding, ROWS, row_len, 0, 0);
    for (uint32_t p = 0; p < planes.n; p++) {
        for (size_t i = 0; i < planes.size[p]; i++) {
            ((uint8_t *)planes.plane[p])[i] = (uint8_t)random_next(&random);
        }
    }
    table_add(table, encoding, "random-bytes", "", &planes, row_len);
    planes_deinit(&planes);
}

static void table_make(struct table *table, const struct pare_encoding **all)
{
    table->stream = open_memstream(&table->text, &table->len);
    for (; *all; all++) {
        uint64_t len = (*all)->block_len;
        uint64_t row_len = BLOCKS * (BLOCK_MIN % len == 0 ? BLOCK_MIN : len);
        table_add_bytes(table, *all, row_len);
        for (int i = 0; inputs[i].name && (*all)->kernels[0]->encode; i++) {
            table_add_input(table, *all, &inputs[i], row_len);
        }
    }
    fclose(table->stream);
}

/* Prints each line of the file that differs from what was computed, in order. Gives how many. */
static int table_compare(const struct table *table, FILE *file)
{
    char *computed = table->text;
    char expected[512];
    int differing = 0;

    while (fgets(expected, sizeof(expected), file)) {
        size_t len = strcspn(computed, "\n");
        expected[strcspn(expected, "\n")] = '\0';
        if (strlen(expected) != len || memcmp(expected, computed, len) != 0) {
            printf("expected %s\ncomputed %.*s\n", expected, (int)len, computed);
            differing++;
        }
        computed += computed[len] == '\n' ? len + 1 : len;
    }
    if (*computed != '\0') {
        printf("not in the table:\n%s", computed);
        differing++;
    }
    return differing;
}

int main(int argc, char **argv)
{
    struct table table = { 0 };
    int writing = argc == 4 && strcmp(argv[3], "--write") == 0;

    if (argc < 3 || (argc > 3 && !writing)) {
        fprintf(stderr, "usage: digests FOLDER TABLE [--write]\n");
        return 2;
    }
    const struct pare_encoding **all = encodings_load(argv[1]);
    FILE *file = fopen(argv[2], writing ? "w" : "r");
    if (!file) {
        perror(argv[2]);
        return 2;
    }
    table_make(&table, all);
    int differing = 0;
    if (writing) {
        fwrite(table.text, 1, table.len, file);
    } else {
        differing = table_compare(&table, file);
    }
    fclose(file);
    free(table.text);
    free(all);
    printf("%d lines of %s differ\n", differing, argv[2]);
    return differing == 0 ? 0 : 1;
}
