/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Encodings for tests, with planes of every kind. They are simple enough to be computed again in
 * Python; each would give other bytes if a call's rows, its place in the tensor, or the planes that
 * belong to the whole tensor were wrong.
 */
#include "planes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PLANE(id, label, kind, width, ...)                                                 \
    static const struct pare_plane id = {                                                  \
        .struct_size = sizeof id, .name = label, .per = kind, .bits = width, ##__VA_ARGS__ \
    }

static void put_f32(unsigned char *p, uint64_t i, float value)
{
    memcpy(p + 4 * i, &value, 4);
}

static float get_f32(const unsigned char *p, uint64_t i)
{
    float value;
    memcpy(&value, p + 4 * i, 4);
    return value;
}

/* Units of four bits; a row of `n` of them begins at a byte. */
static void put_4(unsigned char *p, uint64_t row, uint64_t n, uint64_t i, unsigned value)
{
    unsigned char *byte = p + row * ((n + 1) / 2) + i / 2;
    *byte = i % 2 ? (unsigned char)((*byte & 15) | value << 4) : (unsigned char)(value & 15);
}

static unsigned get_4(const unsigned char *p, uint64_t row, uint64_t n, uint64_t i)
{
    return p[row * ((n + 1) / 2) + i / 2] >> (i % 2 ? 4 : 0) & 15;
}

static float clamp(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x == x ? x : 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t tiles(uint64_t n, uint64_t tile)
{
    return (n + tile - 1) / tile;
}

/* The largest magnitude of tile (i, j) of rows * row_len weights, each divided by its column's. */
static float tile_largest(const float *x, uint64_t rows, uint64_t row_len, const uint64_t tile[2],
                          uint64_t i, uint64_t j, const unsigned char *columns)
{
    float largest = 0;
    for (uint64_t r = i * tile[0]; r < least(rows, (i + 1) * tile[0]); r++)
        for (uint64_t c = j * tile[1]; c < least(row_len, (j + 1) * tile[1]); c++)
            largest = fmaxf(largest, fabsf(columns ? x[r * row_len + c] / get_f32(columns, c)
                                                   : x[r * row_len + c]));
    return largest;
}

/* tile8: a byte for each weight, and a scale for each tile of 128 x 128. */
PLANE(tile8_codes, "codes", PARE_PER_BLOCK, 8);
PLANE(tile8_scales, "scales", PARE_PER_TILE, 32, .tile_rows = 128, .tile_columns = 128);
static const struct pare_plane *const tile8_planes[] = { &tile8_codes, &tile8_scales, NULL };

static void tile8_encode(const float *x, uint64_t rows, uint64_t row_len,
                         const struct pare_calibration *calibration, void *const *planes)
{
    static const uint64_t tile[2] = { 128, 128 };
    uint64_t across = tiles(row_len, 128);
    (void)calibration;
    for (uint64_t i = 0; i < tiles(rows, 128); i++)
        for (uint64_t j = 0; j < across; j++)
            put_f32(planes[1], i * across + j,
                    tile_largest(x, rows, row_len, tile, i, j, NULL) / 127);
    for (uint64_t k = 0; k < rows * row_len; k++) {
        float scale = get_f32(planes[1], k / row_len / 128 * across + k % row_len / 128);
        ((int8_t *)planes[0])[k] = (int8_t)clamp(rintf(x[k] / scale), -127, 127);
    }
}

static void tile8_decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)
{
    uint64_t across = tiles(row_len, 128);
    for (uint64_t k = 0; k < rows * row_len; k++)
        x[k] = (float)((const int8_t *)planes[0])[k] *
               get_f32(planes[1], k / row_len / 128 * across + k % row_len / 128);
}

/* What cols4 and eight learn of a tensor: each column's largest magnitude. */
struct learned {
    const struct pare_host *host;
    struct pare_job *job;
    uint64_t rows, row_len, next; /* next: the row that must come */
    float *columns;
    int picky;
};

static int learn_begin(const struct pare_host *host, struct pare_job *job,
                       const struct pare_tensor *tensor, const struct pare_calibration *known,
                       void **ret_state)
{
    struct learned *l = host->alloc(job, 1, sizeof *l);
    if (!l)
        return PARE_ENOMEM;
    l->host = host;
    l->job = job;
    l->row_len = tensor->n_dims ? tensor->dims[tensor->n_dims - 1] : 1;
    l->rows = 1;
    for (uint32_t i = 0; i + 1 < tensor->n_dims; i++)
        l->rows *= tensor->dims[i];
    l->picky = !strcmp(tensor->encoding, "picky");
    l->columns = calloc(l->row_len, sizeof *l->columns); /* a leak if nobody calls end */
    if (!l->columns)
        return host->fail(job, PARE_ENOMEM, "no memory");
    if (known->inputs && known->inputs[0])
        host->log(job, PARE_LOG_WARNING, "%.*s: inputs of kind %u, %u dims, the first is %g",
                  (int)tensor->name.len, tensor->name.data, known->inputs[0]->kind,
                  known->inputs[0]->n_dims, (double)known->inputs[0]->data[0]);
    *ret_state = l;
    return 0;
}

static int learn_gather(void *state, const float *x, uint64_t first_row, uint64_t rows,
                        uint64_t row_len)
{
    struct learned *l = state;
    if (first_row != l->next || row_len != l->row_len || first_row + rows > l->rows)
        return l->host->fail(l->job, PARE_EINTERNAL, "row %llu comes, not %llu",
                             (unsigned long long)first_row, (unsigned long long)l->next);
    l->next += rows;
    for (uint64_t i = 0; i < rows * row_len; i++) {
        if (l->picky && x[i] == 666)
            return l->host->fail(l->job, PARE_EDATA, "a weight is 666");
        l->columns[i % row_len] = fmaxf(l->columns[i % row_len], fabsf(x[i]));
    }
    return 0;
}

static void learn_end(void *state)
{
    struct learned *l = state;
    free(l->columns);
    l->host->release(l->job, l);
}

/* cols4: four bits for each weight, a scale for each column, and one for the tensor. */
PLANE(cols4_codes, "codes", PARE_PER_BLOCK, 4);
PLANE(cols4_columns, "columns", PARE_PER_COLUMN, 32);
PLANE(cols4_tensor, "tensor", PARE_PER_TENSOR, 32);
static const struct pare_plane *const cols4_planes[] = { &cols4_codes, &cols4_columns,
                                                         &cols4_tensor, NULL };

static int cols4_settle(void *state, void *const *planes)
{
    const struct learned *l = state;
    float most = 0;
    if (l->next != l->rows || planes[0])
        return l->host->fail(l->job, PARE_EINTERNAL, "settle comes too early");
    for (uint64_t c = 0; c < l->row_len; c++)
        most = fmaxf(most, l->columns[c]);
    most = most > 0 ? most : 1;
    put_f32(planes[2], 0, most);
    for (uint64_t c = 0; c < l->row_len; c++)
        put_f32(planes[1], c, (l->columns[c] > 0 ? l->columns[c] : 1) / most);
    return 0;
}

static float cols4_scale(const void *const *planes, uint64_t column)
{
    return get_f32(planes[1], column) * get_f32(planes[2], 0);
}

static void cols4_encode(const float *x, uint64_t rows, uint64_t row_len,
                         const struct pare_calibration *calibration, void *const *planes)
{
    for (uint64_t r = 0; r < rows; r++)
        for (uint64_t c = 0; c < row_len; c++) {
            float code = rintf(x[r * row_len + c] / cols4_scale((const void *const *)planes, c) *
                               7);
            put_4(planes[0], r, row_len, c,
                  calibration->state ? (unsigned)(clamp(code, -7, 7) + 8) : 0);
        }
}

static void cols4_decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)
{
    for (uint64_t r = 0; r < rows; r++)
        for (uint64_t c = 0; c < row_len; c++)
            x[r * row_len + c] = ((float)get_4(planes[0], r, row_len, c) - 8) / 7 *
                                 cols4_scale(planes, c);
}

/* zeros4: four bits for each weight, a scale and four bits of zero for each eight. */
PLANE(zeros4_codes, "codes", PARE_PER_BLOCK, 32);
PLANE(zeros4_scales, "scales", PARE_PER_BLOCK, 32);
PLANE(zeros4_zeros, "zeros", PARE_PER_BLOCK, 4);
static const struct pare_plane *const zeros4_planes[] = { &zeros4_codes, &zeros4_scales,
                                                          &zeros4_zeros, NULL };

static void zeros4_encode(const float *x, uint64_t rows, uint64_t row_len,
                          const struct pare_calibration *calibration, void *const *planes)
{
    uint64_t blocks = row_len / 8;
    (void)calibration;
    for (uint64_t b = 0; b < rows * blocks; b++, x += 8) {
        float low = 0, high = 0;
        for (int i = 0; i < 8; i++) {
            low = fminf(low, x[i]);
            high = fmaxf(high, x[i]);
        }
        float scale = high > low ? (high - low) / 15 : 1;
        float zero = clamp(rintf(-low / scale), 0, 15);
        put_f32(planes[1], b, scale);
        put_4(planes[2], b / blocks, blocks, b % blocks, (unsigned)zero);
        for (uint64_t i = 0; i < 8; i++)
            put_4(planes[0], b, 8, i, (unsigned)clamp(rintf(x[i] / scale) + zero, 0, 15));
    }
}

static void zeros4_decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)
{
    uint64_t blocks = row_len / 8;
    for (uint64_t b = 0; b < rows * blocks; b++)
        for (uint64_t i = 0; i < 8; i++)
            x[b * 8 + i] = ((float)get_4(planes[0], b, 8, i) -
                            (float)get_4(planes[2], b / blocks, blocks, b % blocks)) *
                           get_f32(planes[1], b);
}

/* eight: all kinds of planes at once. Two halves of a byte for each weight; for each row its number
 * and its largest magnitude; each column's; how many rows there are; a scale for each tile of
 * 4 x 3, and for each of 8 x 5 how many negative weights it has. */
PLANE(eight_low, "low", PARE_PER_BLOCK, 4);
PLANE(eight_high, "high", PARE_PER_BLOCK, 4);
PLANE(eight_number, "number", PARE_PER_ROW, 32);
PLANE(eight_largest, "largest", PARE_PER_ROW, 32);
PLANE(eight_columns, "columns", PARE_PER_COLUMN, 32);
PLANE(eight_rows, "rows", PARE_PER_TENSOR, 64);
PLANE(eight_scales, "scales", PARE_PER_TILE, 32, .tile_rows = 4, .tile_columns = 3);
PLANE(eight_negative, "negative", PARE_PER_TILE, 8, .tile_rows = 8, .tile_columns = 5);
static const struct pare_plane *const eight_planes[] = {
    &eight_low,    &eight_high,     &eight_number, &eight_largest, &eight_columns, &eight_rows,
    &eight_scales, &eight_negative, NULL
};

static int eight_settle(void *state, void *const *planes)
{
    const struct learned *l = state;
    if (l->next != l->rows)
        return l->host->fail(l->job, PARE_EINTERNAL, "settle comes too early");
    for (uint64_t c = 0; c < l->row_len; c++)
        put_f32(planes[4], c, l->columns[c] > 0 ? l->columns[c] : 1);
    memcpy(planes[5], &l->rows, 8);
    return 0;
}

/* The planes that are per row and per tile. */
static void eight_statistics(const float *x, uint64_t rows, uint64_t row_len, uint64_t first,
                             void *const *planes)
{
    static const uint64_t small[2] = { 4, 3 };
    unsigned char *negative = planes[7];
    uint64_t across = tiles(row_len, 3);
    memset(negative, 0, tiles(rows, 8) * tiles(row_len, 5));
    for (uint64_t r = 0; r < rows; r++) {
        uint32_t number = (uint32_t)(first + r);
        float largest = 0;
        memcpy((unsigned char *)planes[2] + 4 * r, &number, 4);
        for (uint64_t c = 0; c < row_len; c++) {
            largest = fmaxf(largest, fabsf(x[r * row_len + c]));
            negative[r / 8 * tiles(row_len, 5) + c / 5] += x[r * row_len + c] < 0;
        }
        put_f32(planes[3], r, largest);
    }
    for (uint64_t i = 0; i < tiles(rows, 4); i++)
        for (uint64_t j = 0; j < across; j++)
            put_f32(planes[6], i * across + j,
                    tile_largest(x, rows, row_len, small, i, j, planes[4]) / 127);
}

static void eight_encode(const float *x, uint64_t rows, uint64_t row_len,
                         const struct pare_calibration *calibration, void *const *planes)
{
    eight_statistics(x, rows, row_len, calibration->first_row, planes);
    for (uint64_t k = 0; k < rows * row_len; k++) {
        uint64_t r = k / row_len, c = k % row_len;
        float scale = get_f32(planes[6], r / 4 * tiles(row_len, 3) + c / 3);
        float code = clamp(rintf(x[k] / get_f32(planes[4], c) / scale), -127, 127);
        unsigned byte = (unsigned)((int)code + 128);
        put_4(planes[0], r, row_len, c, byte & 15);
        put_4(planes[1], r, row_len, c, byte >> 4);
    }
}

static void eight_decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)
{
    for (uint64_t k = 0; k < rows * row_len; k++) {
        uint64_t r = k / row_len, c = k % row_len;
        unsigned byte = get_4(planes[0], r, row_len, c) | get_4(planes[1], r, row_len, c) << 4;
        x[k] = ((float)byte - 128) * get_f32(planes[6], r / 4 * tiles(row_len, 3) + c / 3) *
               get_f32(planes[4], c);
    }
}

/* step8: a byte for each weight in steps of a size that the target's option says: nothing has to be
 * seen for that. */
PLANE(step8_codes, "codes", PARE_PER_BLOCK, 8);
PLANE(step8_step, "step", PARE_PER_TENSOR, 32);
static const struct pare_plane *const step8_planes[] = { &step8_codes, &step8_step, NULL };

static int step8_begin(const struct pare_host *host, struct pare_job *job,
                       const struct pare_tensor *tensor, const struct pare_calibration *known,
                       void **ret_state)
{
    const char *option = host->option(job, "step");
    float *step = malloc(sizeof *step);
    (void)tensor;
    (void)known;
    if (!step)
        return host->fail(job, PARE_ENOMEM, "no memory");
    *step = option ? strtof(option, NULL) : 0.0078125f;
    *ret_state = step;
    return 0;
}

static int step8_settle(void *state, void *const *planes)
{
    put_f32(planes[1], 0, *(const float *)state);
    return 0;
}

static void step8_encode(const float *x, uint64_t rows, uint64_t row_len,
                         const struct pare_calibration *calibration, void *const *planes)
{
    const float *step = calibration->state;
    for (uint64_t k = 0; k < rows * row_len; k++)
        ((int8_t *)planes[0])[k] = (int8_t)clamp(rintf(x[k] / *step), -127, 127);
}

static void step8_decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)
{
    for (uint64_t k = 0; k < rows * row_len; k++)
        x[k] = (float)((const int8_t *)planes[0])[k] * get_f32(planes[1], 0);
}

#define ENCODING(id, block, more, ...)                                                  \
    static const struct pare_kernel id##_kernel = { .struct_size = sizeof id##_kernel,  \
                                                    .name = "c",                        \
                                                    .encode = id##_encode,              \
                                                    .decode = id##_decode };            \
    static const struct pare_kernel *const id##_kernels[] = { &id##_kernel, NULL };     \
    static const struct pare_encoding id = { .struct_size = sizeof id,                  \
                                             .name = #id,                               \
                                             .summary = "for tests",                    \
                                             .flags = PARE_ENCODING_QUANTIZED | (more), \
                                             .block_len = block,                        \
                                             .planes = id##_planes,                     \
                                             .kernels = id##_kernels,                   \
                                             ##__VA_ARGS__ }

ENCODING(tile8, 1, 0);
ENCODING(cols4, 1, PARE_ENCODING_IMPORTANCE, .begin = learn_begin, .gather = learn_gather,
         .settle = cols4_settle, .end = learn_end);
ENCODING(zeros4, 8, 0);
ENCODING(eight, 1, 0, .begin = learn_begin, .gather = learn_gather, .settle = eight_settle,
         .end = learn_end);
ENCODING(step8, 1, 0, .begin = step8_begin, .settle = step8_settle, .end = free);

/* picky: tile8, but it will not have a certain number. */
static const struct pare_encoding picky = { .struct_size = sizeof picky,
                                            .name = "picky",
                                            .summary = "for tests",
                                            .flags = PARE_ENCODING_QUANTIZED,
                                            .block_len = 1,
                                            .planes = tile8_planes,
                                            .kernels = tile8_kernels,
                                            .begin = learn_begin,
                                            .gather = learn_gather,
                                            .end = learn_end };

const struct pare_encoding *const planes_encodings[] = { &tile8, &cols4, &zeros4, &eight,
                                                         &step8, &picky, NULL };
