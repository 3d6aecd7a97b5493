/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Mutations that know a format, so that most inputs come past its first checks: counts, lengths and
 * types are changed as such, entries are doubled and dropped with their counts kept true or not,
 * and only then single bytes. Pure functions of input and seed.
 */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* Changes `size` bytes at data, which has room for `max`; returns the new size. `bytes` is the
 * fuzzer's own mutation, for texts and for what is no file of the format (LLVMFuzzerMutate). */
typedef size_t mutate_bytes_fn(uint8_t *data, size_t size, size_t max);
size_t mutate_gguf(uint8_t *data, size_t size, size_t max, unsigned seed, mutate_bytes_fn *bytes);
size_t mutate_safetensors(uint8_t *data, size_t size, size_t max, unsigned seed,
                          mutate_bytes_fn *bytes);
/* One token of a JSON text becomes another, or an entry is there twice. */
size_t mutate_json(uint8_t *data, size_t size, size_t max, unsigned seed);

#endif
