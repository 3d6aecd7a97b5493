/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The table of types (reference implementation, tensor.rs, enum Dtype). Types smaller than a byte
 * are packed; a tensor of them must fill whole bytes.
 */
#include "safetensors/dtype.h"

#include "safetensors/text.h"

#include <string.h>

#define N_DTYPES (sizeof dtypes / sizeof dtypes[0])

static const struct st_dtype dtypes[] = {
    { "BOOL", "bool", NULL, 8 },
    { "U8", "u8", NULL, 8 },
    { "I8", "i8", NULL, 8 },
    { "I16", "i16", NULL, 16 },
    { "U16", "u16", NULL, 16 },
    { "F16", "f16", "float16", 16 },
    { "BF16", "bf16", "bfloat16", 16 },
    { "I32", "i32", NULL, 32 },
    { "U32", "u32", NULL, 32 },
    { "F32", "f32", "float32", 32 },
    { "F64", "f64", NULL, 64 },
    { "I64", "i64", NULL, 64 },
    { "U64", "u64", NULL, 64 },
    { "C64", "c64", NULL, 64 },
    { "F8_E4M3", "f8_e4m3", NULL, 8 },
    { "F8_E5M2", "f8_e5m2", NULL, 8 },
    { "F8_E8M0", "f8_e8m0", NULL, 8 },
    { "F8_E4M3FNUZ", "f8_e4m3fnuz", NULL, 8 },
    { "F8_E5M2FNUZ", "f8_e5m2fnuz", NULL, 8 },
    { "F4", "f4", NULL, 4 },
    { "F6_E2M3", "f6_e2m3", NULL, 6 },
    { "F6_E3M2", "f6_e3m2", NULL, 6 },
};

/* Those of the table above, and planes of all others. Of an encoding that nobody provides, the
 * layout sees whether the source describes it. */
int st_holds(const struct pare_encoding *encoding)
{
    uint32_t dtype;
    return st_dtype_of_encoding(encoding->name, &dtype) ? PARE_HOLDS : PARE_HOLDS_PLANES;
}

uint32_t st_dtype_count(void)
{
    return N_DTYPES;
}

const struct st_dtype *st_dtype_at(uint32_t i)
{
    return &dtypes[i];
}

int st_dtype_find(struct pare_str name, uint32_t *ret_i)
{
    for (uint32_t i = 0; i < N_DTYPES; i++)
        if (st_is(name, dtypes[i].name)) {
            *ret_i = i;
            return 1;
        }
    return 0;
}

int st_dtype_of_encoding(const char *encoding, uint32_t *ret_i)
{
    for (uint32_t i = 0; i < N_DTYPES; i++)
        if (strcmp(encoding, dtypes[i].encoding) == 0) {
            *ret_i = i;
            return 1;
        }
    return 0;
}

int st_dtype_bytes(uint32_t dtype, const uint64_t *dims, uint32_t n_dims, uint64_t *ret_bytes)
{
    uint64_t bits = dtypes[dtype].bits;
    for (uint32_t i = 0; i < n_dims; i++)
        if (__builtin_mul_overflow(bits, dims[i], &bits))
            return 0;
    *ret_bytes = bits % 8 != 0 ? UINT64_MAX : bits / 8;
    return 1;
}
