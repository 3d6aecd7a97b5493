/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Integers and bools: carried from source to output as they are, never made from weights.
 *
 * There is nothing to encode, so their kernels have no encode. They do decode, to the nearest
 * float, so that two files can be compared: 32- and 64-bit integers beyond 2^24 are rounded, ties
 * to even. A bool is one byte, and any byte but 0 is true. Planes need no alignment.
 */
#include "float/encodings.h"

#include "common/half.h"

#define INTEGER_ENCODING(type, ctype, value_of, text)                                      \
    static void type##_decode(const void *const *planes, uint64_t rows, uint64_t row_len,  \
                              float *x)                                                    \
    {                                                                                      \
        const uint8_t *data = planes[0];                                                   \
        for (uint64_t i = 0; i < rows * row_len; i++) {                                    \
            ctype value;                                                                   \
            memcpy(&value, data + i * sizeof(value), sizeof(value));                       \
            x[i] = (float)(value_of);                                                      \
        }                                                                                  \
    }                                                                                      \
    static const struct pare_plane type##_plane = { sizeof(struct pare_plane), "data",     \
                                                    PARE_PER_BLOCK, 8 * sizeof(ctype) };   \
    static const struct pare_plane *const type##_planes[] = { &type##_plane, NULL };       \
    static const struct pare_kernel type##_c = { sizeof(struct pare_kernel), "c", 0, NULL, \
                                                 type##_decode };                          \
    static const struct pare_kernel *const type##_kernels[] = { &type##_c, NULL };         \
    const struct pare_encoding encoding_##type = {                                         \
        .struct_size = sizeof(struct pare_encoding),                                       \
        .name = #type,                                                                     \
        .summary = text,                                                                   \
        .flags = PARE_ENCODING_INTEGER,                                                    \
        .block_len = 1,                                                                    \
        .planes = type##_planes,                                                           \
        .kernels = type##_kernels,                                                         \
    }

INTEGER_ENCODING(i8, int8_t, value, "signed 8-bit integer");
INTEGER_ENCODING(i16, int16_t, value, "signed 16-bit integer");
INTEGER_ENCODING(i32, int32_t, value, "signed 32-bit integer");
INTEGER_ENCODING(i64, int64_t, value, "signed 64-bit integer");
INTEGER_ENCODING(u8, uint8_t, value, "unsigned 8-bit integer");
INTEGER_ENCODING(u16, uint16_t, value, "unsigned 16-bit integer");
INTEGER_ENCODING(u32, uint32_t, value, "unsigned 32-bit integer");
INTEGER_ENCODING(u64, uint64_t, value, "unsigned 64-bit integer");
INTEGER_ENCODING(bool, uint8_t, value != 0, "bool: one byte, 0 or 1");
