/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Memory to check kernels with: it shows when a kernel writes outside of it, and two of them can
 * be compared. Like all of core/check this is plain C over the plugin ABI alone, also what it knows
 * of sizes: so it can be compiled for another CPU, and it does not repeat a mistake of the host's.
 */
#ifndef CHECK_PLANES_H
#define CHECK_PLANES_H

#include <pare/plugin.h>

#include <stddef.h>
#include <stdint.h>

#define GUARD_BYTES 64

/* n times size zeroed bytes, the caller's. It does not return when there is no memory: it calls
 * check_no_memory, which ends the program with a message and status 2 unless set otherwise. */
void *check_allocate(uint64_t n, size_t size);
extern void (*check_no_memory)(void);

/* The planes of rows * row_len weights, each with guard bytes around it. */
struct planes {
    uint32_t n;
    size_t size[PARE_MAX_PLANES];
    uint8_t *memory[PARE_MAX_PLANES];
    void *plane[PARE_MAX_PLANES + 1];
    size_t shift;
};

/* Allocates them, `shift` bytes from where malloc aligned them, every byte `fill`. */
void planes_init(struct planes *planes, const struct pare_encoding *encoding, uint64_t rows,
                 uint64_t row_len, size_t shift, uint8_t fill);
void planes_deinit(struct planes *planes);

/* 1 when all guard bytes are as they were. */
int planes_guarded(const struct planes *planes);
/* 1 when both hold the same bytes. */
int planes_equal(const struct planes *a, const struct planes *b);
/* The planes as a decoder wants them. */
const void *const *planes_readable(const struct planes *planes);

/* FNV-1a of the planes' bytes. */
uint64_t planes_hash(const struct planes *planes);
/* FNV-1a of floats; every NaN counts as the same. */
uint64_t floats_hash(const float *x, uint64_t n);
/* The first of n floats whose bits differ, or n; NaNs match each other. */
uint64_t floats_mismatch(const float *a, const float *b, uint64_t n);
/* 1 when none differs. */
int floats_equal(const float *a, const float *b, uint64_t n);

/* Bytes of a plane for `rows` rows of `row_len` weights: those of a tensor, or of a call that
 * begins at a tile. */
size_t plane_bytes(const struct pare_encoding *encoding, uint32_t plane, uint64_t rows,
                   uint64_t row_len);
/* 1: per column or per tensor, so that encode reads it. */
int plane_is_whole(const struct pare_plane *plane);
/* 1: it has any such plane. */
int encoding_has_whole_planes(const struct pare_encoding *encoding);
/* Rows that belong together, at least: 1 unless it has tiles. */
uint64_t encoding_rows_together(const struct pare_encoding *encoding);
/* Weights of a row after which every plane per block stands at a byte. */
uint64_t encoding_step(const struct pare_encoding *encoding);
/* 1: parts of a row can be encoded apart, at multiples of encoding_step. */
int encoding_divides_rows(const struct pare_encoding *encoding);

#endif
