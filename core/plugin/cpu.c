/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Which instruction sets this CPU (and its operating system) offers, and masks in words. */
#include "plugin/cpu.h"

#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AVX2 (PARE_CPU_AVX2 | PARE_CPU_F16C)
#define AVX512 (PARE_CPU_AVX512 | AVX2)

/* `with`: all that a CPU of that level has, so that a mask of one word is enough for the kernels
 * of its level. */
static const struct {
    const char *name;
    uint32_t bit, with;
} bits[] = {
    { "avx2", PARE_CPU_AVX2, AVX2 },
    { "f16c", PARE_CPU_F16C, PARE_CPU_F16C },
    { "avx512", PARE_CPU_AVX512, AVX512 },
    { "avx512vbmi", PARE_CPU_AVX512VBMI, PARE_CPU_AVX512VBMI | AVX512 },
    { "neon", PARE_CPU_NEON, PARE_CPU_NEON },
};

#define N_BITS (sizeof bits / sizeof *bits)

uint32_t cpu_detect(void)
{
    uint32_t mask = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi2"))
        mask |= PARE_CPU_AVX2;
    if (mask && __builtin_cpu_supports("avx2"))
        mask |= PARE_CPU_F16C; /* every CPU with AVX2 has F16C */
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512cd"))
        mask |= PARE_CPU_AVX512;
    if ((mask & PARE_CPU_AVX512) && __builtin_cpu_supports("avx512vbmi"))
        mask |= PARE_CPU_AVX512VBMI;
#elif defined(__aarch64__)
    mask |= PARE_CPU_NEON;
#endif
    return mask;
}

static int parse_word(const char *word, size_t len, uint32_t *mask, struct error *err)
{
    for (size_t i = 0; i < N_BITS; i++)
        if (strlen(bits[i].name) == len && !memcmp(bits[i].name, word, len)) {
            *mask |= bits[i].with;
            return 0;
        }
    return error_set(err, PARE_EUSAGE,
                     "unknown instruction set `%.*s`: native, c, or a list of avx2, f16c, avx512, "
                     "avx512vbmi, neon",
                     (int)len, word);
}

int cpu_parse(const char *text, uint32_t *ret_mask, struct error *err)
{
    uint32_t mask = 0, native = cpu_detect();
    if (!strcmp(text, "native")) {
        *ret_mask = native;
        return 0;
    }
    if (!strcmp(text, "c")) {
        *ret_mask = 0;
        return 0;
    }
    for (const char *p = text;; p++) {
        size_t len = strcspn(p, ",");
        int r = parse_word(p, len, &mask, err);
        if (r < 0)
            return r;
        p += len;
        if (!*p)
            break;
    }
    *ret_mask = mask & native;
    return 0;
}

void cpu_describe(uint32_t mask, char *ret_text, size_t size)
{
    size_t n = 0;
    ret_text[0] = 0;
    for (size_t i = 0; i < N_BITS; i++)
        if ((mask & bits[i].bit) && n < size)
            n += (size_t)snprintf(ret_text + n, size - n, "%s%s", n ? "," : "", bits[i].name);
    if (!n)
        (void)snprintf(ret_text, size, "c");
}
