/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The file types of llama-quantize (enum llama_ftype, de3ff81), by the names of our recipes. The
 * numbers are written down here, because these tests are built without the headers of llama.cpp.
 */
#ifndef INTEROP_LLAMA_TYPES_H
#define INTEROP_LLAMA_TYPES_H

#include <stdint.h>

/* The number of the file type; -1, with a line on standard error, when there is none. */
int32_t llama_type(const char *recipe);

#endif
