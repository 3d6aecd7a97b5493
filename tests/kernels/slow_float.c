/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Slow decoders of the plugin `float`: see slow.h. All are one formula with the widths of exponent
 * and mantissa.
 */
#include "slow.h"

static double f16_value(const uint8_t *block, uint32_t i)
{
    (void)i;
    return half_at(block);
}

static double bf16_value(const uint8_t *block, uint32_t i)
{
    (void)i;
    return float_at(block, 8, 7);
}

static double f32_value(const uint8_t *block, uint32_t i)
{
    (void)i;
    return float_at(block, 8, 23);
}

static double f64_value(const uint8_t *block, uint32_t i)
{
    (void)i;
    return float_at(block, 11, 52);
}

const struct slow slow_float[] = {
    { "f16", f16_value }, { "bf16", bf16_value }, { "f32", f32_value },
    { "f64", f64_value }, { NULL, NULL },
};
