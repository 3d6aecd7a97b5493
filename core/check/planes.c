/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Guarded planes: see planes.h. */
#include "check/planes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUARD 0xa5
#define FNV_START 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

static void end_program(void)
{
    fprintf(stderr, "out of memory\n");
    exit(2);
}

void (*check_no_memory)(void) = end_program;

void *check_allocate(uint64_t n, size_t size)
{
    void *memory = calloc(n > 0 ? n : 1, size);

    if (!memory) {
        check_no_memory();
        abort();
    }
    return memory;
}

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

int plane_is_whole(const struct pare_plane *plane)
{
    return plane->per == PARE_PER_COLUMN || plane->per == PARE_PER_TENSOR;
}

size_t plane_bytes(const struct pare_encoding *encoding, uint32_t plane, uint64_t rows,
                   uint64_t row_len)
{
    const struct pare_plane *p = encoding->planes[plane];
    uint64_t units = 1;

    if (p->per == PARE_PER_BLOCK) {
        units = row_len / encoding->block_len;
    } else if (p->per == PARE_PER_TILE) {
        units = divide_up(row_len, p->tile_columns);
        rows = divide_up(rows, p->tile_rows);
    } else if (plane_is_whole(p)) {
        units = p->per == PARE_PER_COLUMN ? row_len : 1;
        rows = 1;
    }
    return rows * ((units * p->bits + 7) / 8 + p->row_bytes);
}

int encoding_has_whole_planes(const struct pare_encoding *encoding)
{
    for (uint32_t i = 0; encoding->planes[i]; i++) {
        if (plane_is_whole(encoding->planes[i])) {
            return 1;
        }
    }
    return 0;
}

uint64_t encoding_rows_together(const struct pare_encoding *encoding)
{
    uint64_t rows = 1;

    for (uint32_t i = 0; encoding->planes[i]; i++) {
        const struct pare_plane *plane = encoding->planes[i];
        rows = plane->per == PARE_PER_TILE && plane->tile_rows > rows ? plane->tile_rows : rows;
    }
    return rows;
}

uint64_t encoding_step(const struct pare_encoding *encoding)
{
    uint64_t blocks = 1;

    for (uint32_t i = 0; encoding->planes[i]; i++) {
        while (blocks * encoding->planes[i]->bits % 8 != 0) {
            blocks *= 2;
        }
    }
    return blocks * encoding->block_len;
}

int encoding_divides_rows(const struct pare_encoding *encoding)
{
    int divides = (encoding->flags & PARE_ENCODING_WHOLE_ROWS) == 0;

    for (uint32_t i = 0; encoding->planes[i]; i++) {
        const struct pare_plane *plane = encoding->planes[i];
        divides &= plane->per == PARE_PER_BLOCK && plane->row_bytes == 0;
    }
    return divides;
}

void planes_init(struct planes *planes, const struct pare_encoding *encoding, uint64_t rows,
                 uint64_t row_len, size_t shift, uint8_t fill)
{
    memset(planes, 0, sizeof(*planes));
    planes->shift = shift;
    for (uint32_t i = 0; encoding->planes[i]; i++) {
        size_t size = plane_bytes(encoding, i, rows, row_len);
        planes->size[i] = size;
        planes->memory[i] = check_allocate(size + 2 * GUARD_BYTES + shift, 1);
        memset(planes->memory[i], GUARD, size + 2 * GUARD_BYTES + shift);
        planes->plane[i] = planes->memory[i] + GUARD_BYTES + shift;
        memset(planes->plane[i], fill, size);
        planes->n++;
    }
}

void planes_deinit(struct planes *planes)
{
    for (uint32_t i = 0; i < planes->n; i++) {
        free(planes->memory[i]);
    }
    planes->n = 0;
}

int planes_guarded(const struct planes *planes)
{
    for (uint32_t i = 0; i < planes->n; i++) {
        const uint8_t *end = (const uint8_t *)planes->plane[i] + planes->size[i];
        for (size_t j = 0; j < GUARD_BYTES + planes->shift; j++) {
            if (planes->memory[i][j] != GUARD) {
                return 0;
            }
        }
        for (size_t j = 0; j < GUARD_BYTES; j++) {
            if (end[j] != GUARD) {
                return 0;
            }
        }
    }
    return 1;
}

int planes_equal(const struct planes *a, const struct planes *b)
{
    for (uint32_t i = 0; i < a->n; i++) {
        if (a->size[i] != b->size[i] || memcmp(a->plane[i], b->plane[i], a->size[i]) != 0) {
            return 0;
        }
    }
    return a->n == b->n;
}

const void *const *planes_readable(const struct planes *planes)
{
    return (const void *const *)planes->plane;
}

static uint64_t fnv(uint64_t hash, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        hash = (hash ^ bytes[i]) * FNV_PRIME;
    }
    return hash;
}

uint64_t planes_hash(const struct planes *planes)
{
    uint64_t hash = FNV_START;

    for (uint32_t i = 0; i < planes->n; i++) {
        hash = fnv(hash, planes->plane[i], planes->size[i]);
    }
    return hash;
}

static uint32_t canonical(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return value == value ? bits : 0x7fc00000u;
}

uint64_t floats_hash(const float *x, uint64_t n)
{
    uint64_t hash = FNV_START;

    for (uint64_t i = 0; i < n; i++) {
        uint32_t bits = canonical(x[i]);
        uint8_t bytes[4] = { (uint8_t)bits, (uint8_t)(bits >> 8), (uint8_t)(bits >> 16),
                             (uint8_t)(bits >> 24) };
        hash = fnv(hash, bytes, 4);
    }
    return hash;
}

uint64_t floats_mismatch(const float *a, const float *b, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        if (canonical(a[i]) != canonical(b[i])) {
            return i;
        }
    }
    return n;
}

int floats_equal(const float *a, const float *b, uint64_t n)
{
    return floats_mismatch(a, b, n) == n;
}
