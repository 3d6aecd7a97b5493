/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The parts of the plugin of checked.c, and what may be wrong with it. */
#ifndef CHECKED_H
#define CHECKED_H

#include <pare/plugin.h>

/* VARIANT is one of these. */
enum variant {
    GOOD,
    TIES,     /* the second kernel rounds ties away from zero */
    PAST,     /* it writes a byte behind its codes */
    KEEPS,    /* it leaves the last code as it was */
    ROWS,     /* it takes the first row's scale for the others, too */
    MANY,     /* it goes wrong in the eighth row of many */
    LENGTHY,  /* it goes wrong behind the first 4096 weights of a row */
    RECOVERS, /* codes are recovered that there are not */
    CRASH,    /* it crashes where there is an infinity */
    HANG,     /* it never comes back */
    DIVIDES,  /* blocks of zeros decode to NaN */
    FLAGS,    /* the flags contradict each other */
    GATHER,   /* the scales depend on how many rows gather gets */
    WHOLE,    /* encode writes to what settle filled */
    PRODUCT,  /* the matrix service takes no notice of a flag */
    LOADING   /* it crashes while it is loaded */
};

/* The code of x: rounded, between -127 and 127; 0 without a scale. */
int8_t checked_code(float x, float scale, float (*to_code)(float));

extern const struct pare_encoding checked_column8; /* a scale for each column */
extern const struct pare_encoding checked_tile5;   /* one for each tile of 3 x 16, 5-bit codes */
extern const struct pare_matrix checked_loops;

#endif
