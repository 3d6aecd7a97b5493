/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The one table of GGUF's tensor types, from which the reader takes the size of a tensor and the
 * writer what a target may have; and the types of metadata values. Ids that are missing were given
 * out once and taken back. The last id is the last that llama.cpp de3ff81 knows: other programs use
 * higher ones in ways that contradict each other, so those are refused.
 */
#include "gguf/types.h"

#include <string.h>

/* By id. The two that no target may have are made by llama.cpp only while it multiplies. */
static const struct gguf_type TYPES[] = {
    [0] = { "f32", 1, 4, 1 },         [1] = { "f16", 1, 2, 1 },
    [2] = { "q4_0", 32, 18, 1 },      [3] = { "q4_1", 32, 20, 1 },
    [6] = { "q5_0", 32, 22, 1 },      [7] = { "q5_1", 32, 24, 1 },
    [8] = { "q8_0", 32, 34, 1 },      [9] = { "q8_1", 32, 36, 0 },
    [10] = { "q2_k", 256, 84, 1 },    [11] = { "q3_k", 256, 110, 1 },
    [12] = { "q4_k", 256, 144, 1 },   [13] = { "q5_k", 256, 176, 1 },
    [14] = { "q6_k", 256, 210, 1 },   [15] = { "q8_k", 256, 292, 0 },
    [16] = { "iq2_xxs", 256, 66, 1 }, [17] = { "iq2_xs", 256, 74, 1 },
    [18] = { "iq3_xxs", 256, 98, 1 }, [19] = { "iq1_s", 256, 50, 1 },
    [20] = { "iq4_nl", 32, 18, 1 },   [21] = { "iq3_s", 256, 110, 1 },
    [22] = { "iq2_s", 256, 82, 1 },   [23] = { "iq4_xs", 256, 136, 1 },
    [24] = { "i8", 1, 1, 1 },         [25] = { "i16", 1, 2, 1 },
    [26] = { "i32", 1, 4, 1 },        [27] = { "i64", 1, 8, 1 },
    [28] = { "f64", 1, 8, 1 },        [29] = { "iq1_m", 256, 56, 1 },
    [30] = { "bf16", 1, 2, 1 },       [34] = { "tq1_0", 256, 54, 1 },
    [35] = { "tq2_0", 256, 66, 1 },   [39] = { "mxfp4", 32, 17, 1 },
    [40] = { "nvfp4", 64, 36, 1 },    [41] = { "q1_0", 128, 18, 1 },
    [42] = { "q2_0", 64, 18, 1 },
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

int gguf_type_is_known(uint32_t id)
{
    return id < N_TYPES;
}

int gguf_type_id(const char *encoding)
{
    for (size_t i = 0; i < N_TYPES; i++)
        if (TYPES[i].name && strcmp(TYPES[i].name, encoding) == 0)
            return (int)i;
    return -1;
}

int gguf_holds(const struct pare_encoding *encoding)
{
    int id = gguf_type_id(encoding->name);
    return id >= 0 && TYPES[id].held ? PARE_HOLDS : PARE_HOLDS_NOT;
}

uint32_t gguf_element_size(uint32_t type)
{
    return type < N_ELEMENTS ? ELEMENTS[type].size : 0;
}

const char *gguf_element_name(uint32_t type)
{
    return type < N_ELEMENTS ? ELEMENTS[type].name : "unknown";
}
