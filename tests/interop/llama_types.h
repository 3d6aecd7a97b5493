/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The file types of llama-quantize (enum llama_ftype, de3ff81), by the names of our recipes. */
#ifndef INTEROP_LLAMA_TYPES_H
#define INTEROP_LLAMA_TYPES_H

#include <stdint.h>

/* The number of the file type, -1 (and a word on standard error) when there is none. */
int32_t llama_type(const char *recipe);

#endif
