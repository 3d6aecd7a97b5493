/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Encodings with planes per column and per tile, and a matrix service: see checked.h. */
#include "checked.h"

#include <math.h>
#include <string.h>

#define TILE_ROWS 3u
#define TILE_COLUMNS 16u
#define TOP 15.0f /* of codes of 5 bits, the lowest of which is -16: not used */

/* The look at a tensor: the largest magnitude of each column; NaN where something is not finite. */
struct look {
    uint64_t row_len, calls;
    float largest[];
};

static int begin(const struct pare_host *host, struct pare_job *job,
                 const struct pare_tensor *tensor, const struct pare_calibration *calibration,
                 void **ret_state)
{
    uint64_t row_len = tensor->dims[tensor->n_dims - 1];
    struct look *look = host->alloc(job, 1, sizeof(*look) + row_len * sizeof(float));

    (void)calibration;
    if (!look) {
        return PARE_ENOMEM;
    }
    look->row_len = row_len;
    *ret_state = look;
    return 0;
}

static int gather(void *state, const float *x, uint64_t first_row, uint64_t rows, uint64_t row_len)
{
    struct look *look = state;

    (void)first_row;
    look->calls++;
    for (uint64_t i = 0; i < rows * row_len; i++) {
        float *largest = &look->largest[i % row_len];
        float size = isfinite(x[i]) ? fabsf(x[i]) : NAN;
        *largest = size > *largest || isnan(size) ? size : *largest;
    }
    return 0;
}

static int settle(void *state, void *const *planes)
{
    const struct look *look = state;
    uint8_t *scales = planes[1];

    for (uint64_t i = 0; i < look->row_len; i++) {
        float scale = look->largest[i] / 127.0f;
        scale *= VARIANT == GATHER ? (float)look->calls : 1.0f;
        memcpy(scales + i * sizeof(scale), &scale, sizeof(scale));
    }
    return 0;
}

static void end(void *state)
{
    (void)state; /* the job's memory */
}

static float float_at(const uint8_t *bytes, uint64_t i)
{
    float value;

    memcpy(&value, bytes + i * sizeof(value), sizeof(value));
    return value;
}

static void column_encode(const float *x, uint64_t rows, uint64_t row_len,
                          const struct pare_calibration *calibration, void *const *planes)
{
    uint8_t *codes = planes[0];

    (void)calibration;
    for (uint64_t i = 0; i < rows * row_len; i++) {
        codes[i] = (uint8_t)checked_code(x[i], float_at(planes[1], i % row_len), rintf);
    }
    if (VARIANT == WHOLE && row_len > 0) {
        memset(planes[1], 0x55, 4);
    }
}

static void column_decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)
{
    const int8_t *codes = planes[0];

    for (uint64_t i = 0; i < rows * row_len; i++) {
        x[i] = (float)codes[i] * float_at(planes[1], i % row_len);
    }
}

/* The largest magnitude of a tile that begins at (row, column), as a scale. */
static float tile_scale(const float *x, uint64_t rows, uint64_t row_len, uint64_t row,
                        uint64_t column)
{
    float largest = 0.0f;

    for (uint64_t i = row; i < rows && i < row + TILE_ROWS; i++) {
        for (uint64_t j = column; j < row_len && j < column + TILE_COLUMNS; j++) {
            float size = fabsf(x[i * row_len + j]);
            if (!isfinite(size)) {
                return NAN;
            }
            largest = size > largest ? size : largest;
        }
    }
    return largest / TOP;
}

static void put_bits(uint8_t *row, uint64_t i, uint32_t code)
{
    for (uint32_t bit = 0; bit < 5; bit++) {
        row[(5 * i + bit) / 8] |= (uint8_t)((code >> bit & 1) << (5 * i + bit) % 8);
    }
}

static uint32_t get_bits(const uint8_t *row, uint64_t i)
{
    uint32_t code = 0;

    for (uint32_t bit = 0; bit < 5; bit++) {
        code |= (uint32_t)(row[(5 * i + bit) / 8] >> (5 * i + bit) % 8 & 1) << bit;
    }
    return code;
}

static uint64_t tiles_of(uint64_t row_len)
{
    return (row_len + TILE_COLUMNS - 1) / TILE_COLUMNS;
}

static void tile_encode(const float *x, uint64_t rows, uint64_t row_len,
                        const struct pare_calibration *calibration, void *const *planes)
{
    uint64_t row_bytes = (5 * row_len + 7) / 8;
    uint64_t tiles = tiles_of(row_len);
    uint8_t *scales = planes[1];

    (void)calibration;
    for (uint64_t i = 0; i < rows; i++) {
        uint8_t *codes = (uint8_t *)planes[0] + i * row_bytes;
        memset(codes, 0, row_bytes);
        for (uint64_t j = 0; j < row_len; j++) {
            uint64_t tile = i / TILE_ROWS * tiles + j / TILE_COLUMNS;
            float scale = tile_scale(x, rows, row_len, i / TILE_ROWS * TILE_ROWS,
                                     j / TILE_COLUMNS * TILE_COLUMNS);
            int code = checked_code(x[i * row_len + j], scale, rintf);
            code = code > (int)TOP ? (int)TOP : code < -(int)TOP ? -(int)TOP : code;
            memcpy(scales + tile * sizeof(scale), &scale, sizeof(scale));
            put_bits(codes, j, (uint32_t)(code + 16));
        }
    }
}

static void tile_decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)
{
    uint64_t row_bytes = (5 * row_len + 7) / 8;

    for (uint64_t i = 0; i < rows; i++) {
        const uint8_t *codes = (const uint8_t *)planes[0] + i * row_bytes;
        for (uint64_t j = 0; j < row_len; j++) {
            uint64_t tile = i / TILE_ROWS * tiles_of(row_len) + j / TILE_COLUMNS;
            x[i * row_len + j] = (float)((int)get_bits(codes, j) - 16) * float_at(planes[1], tile);
        }
    }
}

static void multiply(uint32_t flags, uint64_t m, uint64_t n, uint64_t k, const float *a,
                     uint64_t lda, const float *b, uint64_t ldb, float *c, uint64_t ldc)
{
    int turned = (flags & PARE_MATRIX_B_TRANSPOSED) != 0 && (VARIANT != PRODUCT || n != k);

    for (uint64_t i = 0; i < m; i++) {
        for (uint64_t j = 0; j < n; j++) {
            float sum = flags & PARE_MATRIX_ADD ? c[i * ldc + j] : 0.0f;
            for (uint64_t l = 0; l < k; l++) {
                float left = flags & PARE_MATRIX_A_TRANSPOSED ? a[l * lda + i] : a[i * lda + l];
                uint64_t at = turned ? j * ldb + l : l * ldb + j;
                sum += left * b[at];
            }
            c[i * ldc + j] = sum;
        }
    }
}

static const struct pare_plane column_codes = { .struct_size = sizeof(column_codes),
                                                .name = "codes",
                                                .bits = 8 };
static const struct pare_plane column_scales = {
    .struct_size = sizeof(column_scales), .name = "scales", .per = PARE_PER_COLUMN, .bits = 32
};
static const struct pare_plane *const column_planes[] = { &column_codes, &column_scales, NULL };
static const struct pare_kernel column_kernel = { .struct_size = sizeof(column_kernel),
                                                  .name = "c",
                                                  .encode = column_encode,
                                                  .decode = column_decode };
static const struct pare_kernel *const column_kernels[] = { &column_kernel, NULL };
const struct pare_encoding checked_column8 = {
    .struct_size = sizeof(checked_column8),
    .name = "column8",
    .summary = "codes of 8 bits, a scale for each column",
    .flags = PARE_ENCODING_QUANTIZED,
    .block_len = 1,
    .planes = column_planes,
    .kernels = column_kernels,
    .begin = begin,
    .gather = gather,
    .settle = settle,
    .end = end,
};

static const struct pare_plane tile_codes = { .struct_size = sizeof(tile_codes),
                                              .name = "codes",
                                              .bits = 5 };
static const struct pare_plane tile_scales = { .struct_size = sizeof(tile_scales),
                                               .name = "scales",
                                               .per = PARE_PER_TILE,
                                               .bits = 32,
                                               .tile_rows = TILE_ROWS,
                                               .tile_columns = TILE_COLUMNS };
static const struct pare_plane *const tile_planes[] = { &tile_codes, &tile_scales, NULL };
static const struct pare_kernel tile_kernel = {
    .struct_size = sizeof(tile_kernel), .name = "c", .encode = tile_encode, .decode = tile_decode
};
static const struct pare_kernel *const tile_kernels[] = { &tile_kernel, NULL };
const struct pare_encoding checked_tile5 = {
    .struct_size = sizeof(checked_tile5),
    .name = "tile5",
    .summary = "codes of 5 bits, a scale for each tile",
    .flags = PARE_ENCODING_QUANTIZED,
    .block_len = 1,
    .planes = tile_planes,
    .kernels = tile_kernels,
};

const struct pare_matrix checked_loops = {
    .struct_size = sizeof(checked_loops),
    .name = "loops",
    .summary = "three loops",
    .multiply = multiply,
};
