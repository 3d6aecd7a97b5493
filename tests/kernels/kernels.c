/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The shared parts of kernels.h. A test that cannot go on says so and exits with status 2: it
 * failed to test, which is not the same as a failed test.
 */
#include "kernels.h"

#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUARD 0xa5
#define FNV_START 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u
#define ENCODINGS_MAX 1024

void *allocate(uint64_t n, size_t size)
{
    void *memory = calloc(n > 0 ? n : 1, size);

    if (!memory) {
        fprintf(stderr, "out of memory\n");
        exit(2);
    }
    return memory;
}

static const struct pare_plugin *plugin_load(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, "pare_plugin_entry_1") : NULL;
    pare_plugin_entry_fn *entry;

    if (!symbol) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    memcpy(&entry, &symbol, sizeof(entry));
    return entry();
}

const struct pare_encoding **encodings_load(const char *folder)
{
    const struct pare_encoding **all = allocate(ENCODINGS_MAX + 1, sizeof(*all));
    char pattern[4096];
    size_t n = 0;
    glob_t found;

    snprintf(pattern, sizeof(pattern), "%s/*.so", folder);
    if (glob(pattern, 0, NULL, &found) != 0) {
        fprintf(stderr, "no plugins in %s\n", folder);
        exit(2);
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const struct pare_plugin *plugin = plugin_load(found.gl_pathv[i]);
        const struct pare_encoding *const *list = plugin->encodings;
        for (; list && *list && n < ENCODINGS_MAX; list++) {
            all[n++] = *list;
        }
    }
    globfree(&found);
    if (n == 0) {
        fprintf(stderr, "no encodings in the plugins of %s\n", folder);
        exit(2);
    }
    return all;
}

const struct pare_encoding *encodings_find(const struct pare_encoding **all, const char *name)
{
    for (; *all; all++) {
        if (strcmp((*all)->name, name) == 0) {
            return *all;
        }
    }
    return NULL;
}

int kernel_runs(const struct pare_kernel *kernel)
{
    uint32_t cpu = 0;

#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi2")) {
        cpu |= PARE_CPU_AVX2 | PARE_CPU_F16C;
    }
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512cd")) {
        cpu |= PARE_CPU_AVX512;
    }
    if (__builtin_cpu_supports("avx512vbmi")) {
        cpu |= PARE_CPU_AVX512VBMI;
    }
#elif defined(__aarch64__)
    cpu |= PARE_CPU_NEON;
#endif
    return (kernel->cpu & ~cpu) == 0;
}

const struct pare_kernel *kernel_best(const struct pare_encoding *encoding)
{
    const char *name = getenv("PARE_TEST_KERNEL");
    const struct pare_kernel *best = encoding->kernels[0];

    for (uint32_t i = 0; encoding->kernels[i]; i++) {
        const struct pare_kernel *kernel = encoding->kernels[i];
        if (name ? strcmp(kernel->name, name) == 0 : kernel_runs(kernel)) {
            best = kernel;
        }
    }
    return best;
}

/* Bytes of a plane of so many rows: each of its own rows begins at a byte. */
static size_t plane_size(const struct pare_encoding *encoding, const struct pare_plane *plane,
                         uint64_t rows, uint64_t row_len)
{
    uint64_t units = row_len / encoding->block_len;

    switch (plane->per) {
    case PARE_PER_BLOCK:
        break;
    case PARE_PER_TILE:
        rows = (rows + plane->tile_rows - 1) / plane->tile_rows;
        units = (row_len + plane->tile_columns - 1) / plane->tile_columns;
        break;
    case PARE_PER_ROW:
        units = 1;
        break;
    default:
        rows = 1;
        units = plane->per == PARE_PER_COLUMN ? row_len : 1;
    }
    return rows * ((units * plane->bits + 7) / 8 + plane->row_bytes);
}

void planes_init(struct planes *planes, const struct pare_encoding *encoding, uint64_t rows,
                 uint64_t row_len, size_t shift, uint8_t fill)
{
    memset(planes, 0, sizeof(*planes));
    planes->shift = shift;
    for (uint32_t i = 0; encoding->planes[i]; i++) {
        const struct pare_plane *plane = encoding->planes[i];
        size_t size = plane_size(encoding, plane, rows, row_len);
        planes->size[i] = size;
        planes->memory[i] = allocate(size + 2 * GUARD_BYTES + shift, 1);
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

int floats_equal(const float *a, const float *b, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        if (canonical(a[i]) != canonical(b[i])) {
            return 0;
        }
    }
    return 1;
}
