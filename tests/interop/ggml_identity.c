/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Our encodings against ggml's own: the same bytes from the same weights, the same floats from the
 * same bytes, with and without importance, and of random bytes.
 *
 * PARE_TEST_GGML names the folder with libggml-base.so; without it the test is skipped (status
 * 77). PARE_PLUGINS names the folder with our plugins; PARE_TEST_WEIGHTS says how many weights of
 * each distribution are tried (default 256 Ki; 5 are tried), of which slow encodings get a fraction
 * (`cost`). Each encoding gets a third of the inputs, others in each run: PARE_TEST_SEED makes the
 * choice of an earlier run again. With PARE_TEST_ALL every encoding gets all, and all weights.
 * PARE_TEST_TENSORS may name a safetensors file of F32: real weights, of which as many are tried.
 * Non-finite weights are left out: what ggml makes of them is undefined. So are blocks on which
 * ggml aborts, as some of its searches do when squares overflow; they are counted. Tested with
 * llama.cpp de3ff81.
 *
 * Usage: ggml_identity [NAME ...]: only the encodings of these names.
 */
#include "check/inputs.h"
#include "../kernels/kernels.h"

#include <dlfcn.h>
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROW_LEN 1280u   /* 5 blocks of 256, 40 of 32 */
#define SHAPED_ROWS 64u /* of each other input; fewer where the distributions have fewer */
#define BLOCK_LEN 256u  /* of all encodings on whose blocks ggml aborts */

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

struct ggml {
    size_t (*quantize_chunk)(int type, const float *from, void *to, int64_t start, int64_t rows,
                             int64_t row_len, const float *importance);
    const struct ggml_type_traits *(*type_traits)(int type);
    void (*(*set_abort_callback)(void (*callback)(const char *message)))(const char *message);
};

struct pair {
    const char *name; /* ours */
    int type;         /* ggml's */
    uint32_t cost;    /* only one in so many weights is tried, for encodings that are slow */
    const struct pare_encoding *encoding;
};

static struct pair pairs[] = {
    { "f16", 1, 1, NULL },      { "bf16", 30, 1, NULL },   { "q4_0", 2, 1, NULL },
    { "q4_1", 3, 1, NULL },     { "q5_0", 6, 1, NULL },    { "q5_1", 7, 1, NULL },
    { "q8_0", 8, 1, NULL },     { "q2_k", 10, 3, NULL },   { "q3_k", 11, 1, NULL },
    { "q4_k", 12, 1, NULL },    { "q5_k", 13, 1, NULL },   { "q6_k", 14, 1, NULL },
    { "tq1_0", 34, 1, NULL },   { "tq2_0", 35, 1, NULL },  { "iq4_nl", 20, 4, NULL },
    { "iq4_xs", 23, 4, NULL },  { "mxfp4", 39, 1, NULL },  { "nvfp4", 40, 1, NULL },
    { "q1_0", 41, 1, NULL },    { "q2_0", 42, 1, NULL },   { "iq2_xxs", 16, 64, NULL },
    { "iq2_xs", 17, 64, NULL }, { "iq2_s", 22, 64, NULL }, { "iq3_xxs", 18, 64, NULL },
    { "iq3_s", 21, 64, NULL },  { "iq1_s", 19, 64, NULL }, { "iq1_m", 29, 64, NULL },
};

static struct ggml ggml;
static struct {
    float *weights;
    uint64_t n;
} real;                   /* weights of PARE_TEST_TENSORS */
static uint64_t choice;   /* which input an encoding gets first … */
static uint64_t step = 3; /* … and by how many the next one follows */
static int failed;
static jmp_buf abort_jump;

/* Of one encoding: weights that were compared, and how many differ. */
struct tally {
    uint64_t weights;
    uint64_t differing; /* in encoding, weights of blocks that differ */
};
static struct tally plain, weighed, decoded;
static uint64_t left_out; /* weights of blocks on which ggml aborts */

static void symbol_get(void *library, const char *name, void *ret_function)
{
    void *symbol = dlsym(library, name);

    if (!symbol) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    memcpy(ret_function, &symbol, sizeof(symbol));
}

static void ggml_aborts(const char *message)
{
    (void)message;
    longjmp(abort_jump, 1);
}

static void ggml_load(const char *folder)
{
    char path[4096];
    void *library;

    snprintf(path, sizeof(path), "%s/libggml-base.so", folder);
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    symbol_get(library, "ggml_quantize_chunk", &ggml.quantize_chunk);
    symbol_get(library, "ggml_get_type_traits", &ggml.type_traits);
    symbol_get(library, "ggml_set_abort_callback", &ggml.set_abort_callback);
    ggml.set_abort_callback(ggml_aborts);
}

/* Reads all weights of a safetensors file that holds F32 and nothing else. */
static void real_load(const char *path)
{
    uint64_t header = 0;
    FILE *f = fopen(path, "rb");

    if (!f || fread(&header, sizeof(header), 1, f) != 1 || fseek(f, 0, SEEK_END) != 0 ||
        (uint64_t)ftell(f) < sizeof(header) + header) {
        fprintf(stderr, "%s: no safetensors file\n", path);
        exit(2);
    }
    real.n = ((uint64_t)ftell(f) - sizeof(header) - header) / sizeof(float);
    real.weights = check_allocate(real.n + 1, sizeof(float));
    if (fseek(f, (long)(sizeof(header) + header), SEEK_SET) != 0 ||
        fread(real.weights, sizeof(float), real.n, f) != real.n) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }
    fclose(f);
}

/* Counts blocks of `width` bytes that differ, and shows the first. */
static uint64_t blocks_differ(const char *what, const char *name, const char *input,
                              const uint8_t *ours, const uint8_t *theirs, uint64_t n, size_t width)
{
    uint64_t differing = 0;

    for (uint64_t i = 0; i < n; i++) {
        if (memcmp(ours + i * width, theirs + i * width, width) == 0) {
            continue;
        }
        if (differing++ == 0) {
            printf("  %s %s on %s: block %llu:\n  ours  ", name, what, input,
                   (unsigned long long)i);
            for (size_t j = 0; j < width && j < 24; j++) {
                printf(" %02x", ours[i * width + j]);
            }
            printf("\n  ggml's");
            for (size_t j = 0; j < width && j < 24; j++) {
                printf(" %02x", theirs[i * width + j]);
            }
            printf("\n");
        }
    }
    return differing;
}

/* NaNs match NaNs: their bits depend on the compiler. */
static uint64_t floats_differ(const char *name, const char *input, const float *ours,
                              const float *theirs, uint64_t n)
{
    uint64_t differing = 0;

    for (uint64_t i = 0; i < n; i++) {
        if (floats_equal(ours + i, theirs + i, 1)) {
            continue;
        }
        if (differing++ == 0) {
            printf("  %s decode on %s: weight %llu is %a, ggml's is %a\n", name, input,
                   (unsigned long long)i, (double)ours[i], (double)theirs[i]);
        }
    }
    return differing;
}

/* Decodes the same bytes with both. */
static void decode_compare(const struct pair *pair, const char *input, const uint8_t *bytes,
                           uint64_t n)
{
    float *ours = check_allocate(n, sizeof(float));
    float *theirs = check_allocate(n, sizeof(float));
    const void *plane = bytes;

    kernel_best(pair->encoding)->decode(&plane, 1, n, ours);
    ggml.type_traits(pair->type)->to_float(bytes, theirs, (int64_t)n);
    decoded.weights += n;
    decoded.differing += floats_differ(pair->name, input, ours, theirs, n);
    free(ours);
    free(theirs);
}

/* Encodes rows with ggml. Gives 1, or 0 when it aborted. */
static int ggml_encode(const struct pair *pair, const float *x, uint64_t rows, uint64_t row_len,
                       const float *importance, uint8_t *bytes)
{
    if (setjmp(abort_jump) != 0) {
        return 0;
    }
    ggml.quantize_chunk(pair->type, x, bytes, 0, (int64_t)rows, (int64_t)row_len, importance);
    return 1;
}

/* The same block by block; those on which it aborts become as ours. */
static void ggml_encode_blocks(const struct pair *pair, const float *x, uint64_t rows,
                               const float *importance, const uint8_t *ours, uint8_t *bytes)
{
    size_t size = ggml.type_traits(pair->type)->type_size;

    for (uint64_t i = 0; i < rows * ROW_LEN; i += BLOCK_LEN) {
        const float *weights = importance ? importance + i % ROW_LEN : NULL;
        uint64_t at = i / BLOCK_LEN * size;
        if (!ggml_encode(pair, x + i, 1, BLOCK_LEN, weights, bytes + at)) {
            memcpy(bytes + at, ours + at, size);
            left_out += BLOCK_LEN;
        }
    }
}

/* How many of sixteen importances are 0, in turn; the distributions are tried with the first
 * number. */
#define WILD 17u /* none is 0, but they reach from 2^-32 to 2^32 */
static const uint32_t dead[] = { 2, 0, 8, 15, 16, WILD };
#define DEAD_COUNT (sizeof(dead) / sizeof(dead[0]))

static void importance_fill(uint64_t seed, uint32_t kind, float *importance)
{
    struct random random = { seed };

    if (kind != WILD) {
        input_importance(seed, kind, importance, ROW_LEN);
        return;
    }
    for (uint32_t i = 0; i < ROW_LEN; i++) {
        uint64_t bits = random_next(&random);
        importance[i] = ldexpf(1.0f + (float)(bits >> 40) / 16777216.0f, (int)(bits % 64) - 32);
    }
}

/* Encodes x with both, and decodes what came out. */
static void encode_compare(const struct pair *pair, const char *input, const float *x,
                           uint64_t rows, const float *importance)
{
    struct tally *tally = importance ? &weighed : &plain;
    uint64_t aborts = left_out;
    struct pare_calibration calibration = { .struct_size = sizeof(calibration),
                                            .importance = importance };
    const struct ggml_type_traits *traits = ggml.type_traits(pair->type);
    uint64_t blocks = rows * ROW_LEN / (uint64_t)traits->blck_size;
    uint8_t *theirs = check_allocate(blocks, traits->type_size);
    uint8_t *ours = check_allocate(blocks, traits->type_size);
    void *plane = ours;

    if (pair->encoding->planes[0]->bits / 8 != traits->type_size) {
        printf("  %s: blocks of %zu bytes in ggml\n", pair->name, traits->type_size);
        exit(1);
    }
    kernel_best(pair->encoding)->encode(x, rows, ROW_LEN, &calibration, &plane);
    if (!traits->is_quantized) {
        traits->from_float_ref(x, theirs, (int64_t)(rows * ROW_LEN));
    } else if (!ggml_encode(pair, x, rows, ROW_LEN, importance, theirs)) {
        ggml_encode_blocks(pair, x, rows, importance, ours, theirs);
    }
    tally->weights += rows * ROW_LEN - (left_out - aborts);
    tally->differing += (uint64_t)traits->blck_size *
                        blocks_differ(importance ? "with importance" : "encode", pair->name, input,
                                      ours, theirs, blocks, traits->type_size);
    decode_compare(pair, input, ours, rows * ROW_LEN);
    free(ours);
    free(theirs);
}

/* Encodes rows without importance and with the first so many of dead[]. */
static void rows_compare(const struct pair *pair, const char *input, const float *x, uint64_t rows,
                         uint64_t seed, size_t importances)
{
    float *importance = check_allocate(ROW_LEN, sizeof(float));

    if (!(pair->encoding->flags & PARE_ENCODING_NEEDS_IMPORTANCE)) {
        encode_compare(pair, input, x, rows, NULL);
    }
    for (size_t i = 0; i < importances; i++) {
        importance_fill(seed, dead[i], importance);
        encode_compare(pair, input, x, rows, importance);
    }
    free(importance);
}

/* The same with `rows` of an input. */
static void input_compare(const struct pair *pair, const struct input *input, uint64_t rows,
                          uint64_t seed, size_t importances)
{
    float *x = check_allocate(rows * ROW_LEN, sizeof(float));

    input_fill(input, seed, x, rows * ROW_LEN);
    rows_compare(pair, input->name, x, rows, seed, importances);
    free(x);
}

/* The same with rows from all over a file of real weights. */
static void real_compare(const struct pair *pair, uint64_t rows, size_t importances)
{
    uint64_t there = real.n / ROW_LEN;
    uint64_t n = rows < there ? rows : there;
    float *x = check_allocate(n * ROW_LEN + 1, sizeof(float));

    for (uint64_t i = 0; i < n; i++) {
        memcpy(x + i * ROW_LEN, real.weights + i * there / n * ROW_LEN, ROW_LEN * sizeof(float));
    }
    if (n > 0) {
        rows_compare(pair, "real weights", x, n, 1, importances);
    }
    free(x);
}

/* The smaller one of eight weights is, the more important, but its square matters less: where a
 * search changes signs to save bits, such weights turn the sign of a whole group. Of such rows a
 * quarter is tried, another one in each run. */
static void steep_compare(const struct pair *pair)
{
    float *x = check_allocate(SHAPED_ROWS * ROW_LEN, sizeof(float));
    float *importance = check_allocate(ROW_LEN, sizeof(float));

    input_fill(&inputs[0], 1, x, SHAPED_ROWS * ROW_LEN);
    for (uint32_t i = 0; i < SHAPED_ROWS * ROW_LEN; i++) {
        x[i] = ldexpf(x[i], -3 * (int)(i % 8));
    }
    for (uint32_t i = 0; i < ROW_LEN; i++) {
        importance[i] = exp2f(4.5f * (float)(i % 8));
    }
    uint64_t rows = step == 1 ? SHAPED_ROWS : SHAPED_ROWS / 4;
    uint64_t first = choice % (SHAPED_ROWS / rows) * rows;
    encode_compare(pair, "steep", x + first * ROW_LEN, rows, importance);
    free(x);
    free(importance);
}

/* Bytes that no encoder would write must decode to the same, too. */
static void random_bytes_compare(const struct pair *pair)
{
    const struct ggml_type_traits *traits = ggml.type_traits(pair->type);
    uint64_t n = SHAPED_ROWS * ROW_LEN;
    uint64_t size = n / (uint64_t)traits->blck_size * traits->type_size;
    uint8_t *bytes = check_allocate(size, 1);
    struct random random = { 7 };

    for (uint64_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)random_next(&random);
    }
    decode_compare(pair, "random bytes", bytes, n);
    free(bytes);
}

/* Whether this run tries the no-th of an encoding's inputs. */
static int is_chosen(const struct pair *pair, uint64_t no)
{
    return (choice + (uint64_t)(pair - pairs) + no) % step == 0;
}

static void inputs_compare(const struct pair *pair, uint64_t rows)
{
    size_t quantized = (pair->encoding->flags & PARE_ENCODING_QUANTIZED) != 0;

    random_bytes_compare(pair);
    if (quantized) {
        steep_compare(pair);
    }
    for (int i = 0; inputs[i].name; i++) {
        int shaped = i >= INPUT_DISTRIBUTIONS;
        uint64_t n = shaped && rows > SHAPED_ROWS ? SHAPED_ROWS : rows;
        if (inputs[i].range != INPUT_ANY && is_chosen(pair, (uint64_t)i)) {
            input_compare(pair, &inputs[i], n, 1, quantized * (shaped ? DEAD_COUNT : 1));
        }
    }
    for (uint64_t seed = 2; seed < 4; seed++) {
        if (is_chosen(pair, seed)) {
            input_compare(pair, &inputs[0], rows, seed, quantized);
        }
    }
    if (is_chosen(pair, 4)) {
        real_compare(pair, rows, quantized);
    }
}

static void tally_print(const char *what, const struct tally *tally)
{
    if (tally->weights > 0) {
        printf("; %s: %llu of %llu differ", what, (unsigned long long)tally->differing,
               (unsigned long long)tally->weights);
    }
}

static void pair_compare(const struct pair *pair, uint64_t weights)
{
    uint64_t cost = step == 1 ? 1 : pair->cost;

    left_out = 0;
    memset(&plain, 0, sizeof(plain));
    memset(&weighed, 0, sizeof(weighed));
    memset(&decoded, 0, sizeof(decoded));
    inputs_compare(pair, (weights / cost + ROW_LEN - 1) / ROW_LEN);
    int differs = plain.differing + weighed.differing + decoded.differing > 0;
    printf("%s %s", differs ? "not ok" : "ok    ", pair->name);
    tally_print("encoded", &plain);
    tally_print("with importance", &weighed);
    tally_print("decoded", &decoded);
    if (left_out > 0) {
        printf("; ggml aborts on blocks of %llu more", (unsigned long long)left_out);
    }
    printf("\n");
    failed |= differs;
}

/* 1 when `name` is among the names, which end with NULL, or when there are none. */
static int is_wanted(const char *name, char *const *names)
{
    int wanted = !names[0];

    for (; *names; names++) {
        wanted |= strcmp(*names, name) == 0;
    }
    return wanted;
}

static void choose(void)
{
    const char *seed = getenv("PARE_TEST_SEED");

    step = getenv("PARE_TEST_ALL") ? 1 : step;
    choice = seed && *seed != '\0' ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    printf("seed %llu (PARE_TEST_SEED: this choice again; PARE_TEST_ALL=1: everything)\n",
           (unsigned long long)choice);
}

int main(int argc, char **argv)
{
    const char *folder = getenv("PARE_TEST_GGML");
    const char *plugins = getenv("PARE_PLUGINS");
    const char *count = getenv("PARE_TEST_WEIGHTS");
    const char *tensors = getenv("PARE_TEST_TENSORS");
    uint64_t weights = count ? strtoull(count, NULL, 10) : 1u << 18;

    if (!folder || folder[0] == '\0') {
        printf("skipped: PARE_TEST_GGML does not name the folder of libggml-base.so\n");
        return 77;
    }
    const struct pare_encoding **all = encodings_load(plugins ? plugins : "plugins");
    ggml_load(folder);
    choose();
    if (tensors) {
        real_load(tensors);
    }
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (!is_wanted(pairs[i].name, argv + (argc > 0))) {
            continue;
        }
        pairs[i].encoding = encodings_find(all, pairs[i].name);
        if (!pairs[i].encoding) {
            printf("not ok %s: no plugin has it\n", pairs[i].name);
            failed = 1;
            continue;
        }
        pair_compare(&pairs[i], weights);
    }
    free(all);
    free(real.weights);
    return failed;
}
