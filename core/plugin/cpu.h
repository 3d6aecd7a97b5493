/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Which instructions kernels may use. */
#ifndef PLUGIN_CPU_H
#define PLUGIN_CPU_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* The CPU's enum pare_cpu bits. */
uint32_t cpu_detect(void);
/* The mask for "native", "c" (none), or a comma-separated list of levels; a level has those below
 * it ("avx512": avx2 and f16c as well), and never more than this CPU. PARE_EUSAGE. */
int cpu_parse(const char *text, uint32_t *ret_mask, struct error *err)
    __attribute__((warn_unused_result));
/* "avx2,f16c", or "c" for none. */
void cpu_describe(uint32_t mask, char *ret_text, size_t size);

#endif
