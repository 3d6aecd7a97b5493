/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What the kernel tests share: plugins loaded straight through their entry symbol, without Pare's
 * core, and memory that shows when a kernel writes outside of it.
 */
#ifndef PARE_TESTS_KERNELS_H
#define PARE_TESTS_KERNELS_H

#include <pare/plugin.h>

#include <stddef.h>
#include <stdint.h>

#define GUARD_BYTES 64

/* Loads every *.so of a folder, in the order of their names, and gives all their encodings, ended
 * by NULL. Ends the program with a message when there is none. The list is the caller's. */
const struct pare_encoding **encodings_load(const char *folder);

/* The encoding of that name, or NULL. */
const struct pare_encoding *encodings_find(const struct pare_encoding **all, const char *name);

/* 1 when this machine has all that the kernel needs. */
int kernel_runs(const struct pare_kernel *kernel);

/* The kernel that Pare would use here: the last one that runs. With PARE_TEST_KERNEL in the
 * environment the one of that name, or else the first. */
const struct pare_kernel *kernel_best(const struct pare_encoding *encoding);

/* Planes of rows * row_len weights, each with guard bytes around it. */
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

/* FNV-1a of the planes' bytes. */
uint64_t planes_hash(const struct planes *planes);

/* FNV-1a of floats; every NaN counts as the same. */
uint64_t floats_hash(const float *x, uint64_t n);

/* 1 when both have the same bits, NaNs aside, which match each other. */
int floats_equal(const float *a, const float *b, uint64_t n);

/* n times size bytes, or the end of the program. */
void *allocate(uint64_t n, size_t size);

#endif
