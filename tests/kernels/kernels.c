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

#define ENCODINGS_MAX 1024

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
    const struct pare_encoding **all = check_allocate(ENCODINGS_MAX + 1, sizeof(*all));
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

uint32_t machine_cpu(void)
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
    return cpu;
}

int kernel_runs(const struct pare_kernel *kernel)
{
    return (kernel->cpu & ~machine_cpu()) == 0;
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
