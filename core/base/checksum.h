/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* A fast sum that tells bytes that were changed by accident; it proves nothing to an enemy. */
#ifndef BASE_CHECKSUM_H
#define BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* The sum of n bytes; another seed gives another one. The same on every machine. */
uint64_t checksum_of(const void *data, size_t n, uint64_t seed);

#endif
