/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Usage: ggml_speed SECONDS NAME...
 *
 * How fast llama.cpp's libggml-base encodes and decodes, on one thread, measured as `pare bench`
 * does it: the same kind and number of weights, as many rows at a time, the best of three parts of
 * the time. Prints `NAME ENCODE WITH_IMPORTANCE DECODE` for each, in weights a second; 0 where
 * there is no such thing. PARE_TEST_GGML names the folder with the library; without it the program
 * ends with status 77. Tested with llama.cpp de3ff81.
 */
#include "check/inputs.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define ROW_LEN 4096u
#define ROWS 256u
#define CALL_ROWS 64u
#define PARTS 3
#define CALLS 8
#define TYPES 43 /* of ggml de3ff81 */

/* From ggml.h. */
struct ggml_type_traits {
    const char *type_name;
    int64_t blck_size;
    int64_t blck_size_interleave;
    size_t type_size;
    _Bool is_quantized;
    void (*to_float)(const void *from, float *to, int64_t n);
    void (*from_float_ref)(const float *from, void *to, int64_t n);
};

static struct {
    size_t (*quantize_chunk)(int type, const float *from, void *to, int64_t start, int64_t rows,
                             int64_t row_len, const float *importance);
    const struct ggml_type_traits *(*type_traits)(int type);
    _Bool (*requires_imatrix)(int type);
    void (*init)(int type);
} ggml;

enum act { ENCODE, ENCODE_IMPORTANCE, DECODE };

struct bench {
    float *x, *importance, *decoded;
    uint8_t *codes;
    int type;
    const struct ggml_type_traits *traits;
    enum act act;
    uint32_t row, rows; /* the next call */
};

static void get_symbol(void *library, const char *name, void *ret_function)
{
    void *symbol = dlsym(library, name);
    if (!symbol) {
        (void)fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    memcpy(ret_function, &symbol, sizeof symbol);
}

static void load(const char *folder)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/libggml-base.so", folder);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        (void)fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    get_symbol(library, "ggml_quantize_chunk", &ggml.quantize_chunk);
    get_symbol(library, "ggml_get_type_traits", &ggml.type_traits);
    get_symbol(library, "ggml_quantize_requires_imatrix", &ggml.requires_imatrix);
    get_symbol(library, "ggml_quantize_init", &ggml.init);
}

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void call(const struct bench *b)
{
    size_t row_bytes = b->traits->type_size * (ROW_LEN / (size_t)b->traits->blck_size);
    uint64_t first = (uint64_t)b->row * ROW_LEN, n = (uint64_t)b->rows * ROW_LEN;
    if (b->act == DECODE)
        b->traits->to_float(b->codes + b->row * row_bytes, b->decoded + first, (int64_t)n);
    else
        (void)ggml.quantize_chunk(b->type, b->x, b->codes, (int64_t)first, b->rows, ROW_LEN,
                                  b->act == ENCODE_IMPORTANCE ? b->importance : NULL);
}

static double step(struct bench *b)
{
    call(b);
    b->row = (b->row + b->rows) % ROWS;
    return (double)b->rows * ROW_LEN;
}

static void choose_rows(struct bench *b, double seconds)
{
    b->row = 0;
    b->rows = 1;
    (void)step(b);
    double start = now();
    (void)step(b);
    double most = seconds / PARTS / CALLS / (now() - start + 1e-9);
    while (b->rows < CALL_ROWS && b->rows * 2 <= most)
        b->rows *= 2;
    b->row = 0;
}

static double measure(struct bench *b, enum act act, double seconds)
{
    double best = 0;
    b->act = act;
    choose_rows(b, seconds);
    for (int part = 0; part < PARTS; part++) {
        double start = now(), done = 0, taken;
        do {
            done += step(b);
            taken = now() - start;
        } while (taken < seconds / PARTS);
        best = done / taken > best ? done / taken : best;
    }
    return best;
}

/* Codes for decoding: some rows, repeated. */
static void make_codes(struct bench *b, int needs_importance)
{
    size_t row_bytes = b->traits->type_size * (ROW_LEN / (size_t)b->traits->blck_size);
    b->act = needs_importance ? ENCODE_IMPORTANCE : ENCODE;
    b->row = 0;
    b->rows = 4;
    call(b);
    for (size_t row = 4; row < ROWS; row += 4)
        memcpy(b->codes + row * row_bytes, b->codes, 4 * row_bytes);
}

static int bench_type(struct bench *b, const char *name, double seconds)
{
    for (b->type = 0; b->type < TYPES; b->type++) {
        b->traits = ggml.type_traits(b->type);
        if (b->traits->type_name && !strcasecmp(b->traits->type_name, name))
            break;
    }
    if (b->type == TYPES || !b->traits->to_float) {
        (void)fprintf(stderr, "ggml has no type %s\n", name);
        return 2;
    }
    ggml.init(b->type);
    int needs = ggml.requires_imatrix(b->type);
    make_codes(b, needs);
    double encode = needs ? 0 : measure(b, ENCODE, seconds);
    double weighed = b->traits->is_quantized ? measure(b, ENCODE_IMPORTANCE, seconds) : 0;
    printf("%s %.6g %.6g %.6g\n", name, encode, weighed, measure(b, DECODE, seconds));
    return fflush(stdout) != 0;
}

int main(int argc, char **argv)
{
    const char *folder = getenv("PARE_TEST_GGML");
    if (!folder || !*folder) {
        puts("skipped: PARE_TEST_GGML names no folder with libggml-base.so");
        return 77;
    }
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 0;
    if (!(seconds > 0)) {
        (void)fputs("usage: ggml_speed SECONDS NAME...\n", stderr);
        return 2;
    }
    load(folder);
    struct bench b = { .x = calloc(ROWS, ROW_LEN * sizeof(float)),
                       .decoded = calloc(ROWS, ROW_LEN * sizeof(float)),
                       .importance = calloc(ROW_LEN, sizeof(float)),
                       .codes = calloc(ROWS, ROW_LEN * sizeof(float)) };
    if (!b.x || !b.decoded || !b.importance || !b.codes)
        return 2;
    input_fill(&inputs[0], 5, b.x, (uint64_t)ROWS * ROW_LEN);
    input_importance(6, 0, b.importance, ROW_LEN);
    int r = 0;
    for (int i = 2; i < argc && r == 0; i++)
        r = bench_type(&b, argv[i], seconds);
    free(b.x);
    free(b.decoded);
    free(b.importance);
    free(b.codes);
    return r;
}
