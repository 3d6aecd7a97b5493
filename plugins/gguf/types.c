/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The types that a GGUF file can name: of tensors, by id, with their block's length in elements
 * and bytes; and of metadata values. Ids without a name were given out once and taken back. The
 * last id here is the last that llama.cpp de3ff81 knows; other programs use higher ones in ways
 * that contradict each other, so those are refused.
 */
#include "gguf/gguf_private.h"

#include <string.h>

static const struct gguf_type TYPES[] = {
    [0] = { "f32", 1, 4 },         [1] = { "f16", 1, 2 },         [2] = { "q4_0", 32, 18 },
    [3] = { "q4_1", 32, 20 },      [6] = { "q5_0", 32, 22 },      [7] = { "q5_1", 32, 24 },
    [8] = { "q8_0", 32, 34 },      [9] = { "q8_1", 32, 36 },      [10] = { "q2_k", 256, 84 },
    [11] = { "q3_k", 256, 110 },   [12] = { "q4_k", 256, 144 },   [13] = { "q5_k", 256, 176 },
    [14] = { "q6_k", 256, 210 },   [15] = { "q8_k", 256, 292 },   [16] = { "iq2_xxs", 256, 66 },
    [17] = { "iq2_xs", 256, 74 },  [18] = { "iq3_xxs", 256, 98 }, [19] = { "iq1_s", 256, 50 },
    [20] = { "iq4_nl", 32, 18 },   [21] = { "iq3_s", 256, 110 },  [22] = { "iq2_s", 256, 82 },
    [23] = { "iq4_xs", 256, 136 }, [24] = { "i8", 1, 1 },         [25] = { "i16", 1, 2 },
    [26] = { "i32", 1, 4 },        [27] = { "i64", 1, 8 },        [28] = { "f64", 1, 8 },
    [29] = { "iq1_m", 256, 56 },   [30] = { "bf16", 1, 2 },       [34] = { "tq1_0", 256, 54 },
    [35] = { "tq2_0", 256, 66 },   [39] = { "mxfp4", 32, 17 },    [40] = { "nvfp4", 64, 36 },
    [41] = { "q1_0", 128, 18 },    [42] = { "q2_0", 64, 18 },
};

#define N_TYPES (sizeof(TYPES) / sizeof(TYPES[0]))

static const struct {
    const char *name;
    uint32_t size;
} ELEMENTS[] = {
    [PARE_U8] = { "u8", 1 },       [PARE_I8] = { "i8", 1 },     [PARE_U16] = { "u16", 2 },
    [PARE_I16] = { "i16", 2 },     [PARE_U32] = { "u32", 4 },   [PARE_I32] = { "i32", 4 },
    [PARE_F32] = { "f32", 4 },     [PARE_BOOL] = { "bool", 1 }, [PARE_STRING] = { "string", 0 },
    [GGUF_ARRAY] = { "array", 0 }, [PARE_U64] = { "u64", 8 },   [PARE_I64] = { "i64", 8 },
    [PARE_F64] = { "f64", 8 },
};

#define N_ELEMENTS (sizeof(ELEMENTS) / sizeof(ELEMENTS[0]))

const struct gguf_type *gguf_type_by_id(uint32_t id)
{
    return id < N_TYPES && TYPES[id].name ? &TYPES[id] : NULL;
}

int gguf_type_id(const char *encoding)
{
    for (size_t i = 0; i < N_TYPES; i++)
        if (TYPES[i].name && strcmp(TYPES[i].name, encoding) == 0)
            return (int)i;
    return -1;
}

uint32_t gguf_element_size(uint32_t type)
{
    return type < N_ELEMENTS ? ELEMENTS[type].size : 0;
}

const char *gguf_element_name(uint32_t type)
{
    return type < N_ELEMENTS ? ELEMENTS[type].name : "unknown";
}
