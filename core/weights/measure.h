/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Error figures of decoded weights y against the source's x. Sums are doubles, taken in a fixed
 * order inside a slab and merged in slab order, so that they are the same for any number of
 * threads. Elements that are not finite on either side are counted and left out of the sums. Where
 * the importance h of columns is known, weighted sums say what the errors cost the model.
 */
#ifndef WEIGHTS_MEASURE_H
#define WEIGHTS_MEASURE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct measure {
    uint64_t n;          /* elements in the sums */
    uint64_t nonfinite;  /* elements of x that are NaN or infinite */
    uint64_t overflowed; /* elements of y that are not finite although x is */
    uint64_t first_nonfinite, first_overflowed; /* index of the first; UINT64_MAX: none */
    double sse, sxx, syy, sxy;                  /* sums of (x-y)^2, x^2, y^2, x*y */
    double max_abs;                             /* greatest |x-y| */
    uint64_t weighted_n;                        /* elements in the weighted sums */
    double weighted_sse, weighted_sxx;          /* sums of h (x-y)^2 and h x^2 */
    double seconds;                             /* of threads' time that these elements took */
    uint64_t written;                           /* sum of the checksums of what they became */
};

#define MEASURE_INIT                                                  \
    {                                                                 \
        .first_nonfinite = UINT64_MAX, .first_overflowed = UINT64_MAX \
    }

/* Chooses the instructions of the sums below, the fastest that enum pare_cpu bits allow; all give
 * the same bits. Without it: plain C. Before any thread measures. */
void measure_use(uint32_t cpu);
/* Adds n elements whose first has the index `first`. y may be x itself (an exact copy). */
void measure_add(struct measure *m, const float *x, const float *y, size_t n, uint64_t first);
/* The largest magnitude among n elements; NaN where one is a NaN. */
float measure_largest(const float *x, size_t n);
/* Adds rows of row_len elements to the weighted sums, and to nothing else; h: the row_len weights,
 * finite and at least 0. */
void measure_add_weighted(struct measure *m, const float *x, const float *y, size_t rows,
                          size_t row_len, const float *h);
/* Appends the sums of a later range. */
void measure_merge(struct measure *m, const struct measure *later);

/* Root mean square error; 0 for no elements. */
double measure_rmse(const struct measure *m);
/* 10 log10(sum x^2 / sum (x-y)^2) in dB; infinite when there is no error. */
double measure_sqnr_db(const struct measure *m);
/* Frobenius norm of the error over that of x. */
double measure_relative_error(const struct measure *m);
/* Cosine of the angle between x and y; 1 when both are zero. */
double measure_cosine(const struct measure *m);

/* As measure_sqnr_db and measure_relative_error, weighted. */
double measure_weighted_sqnr_db(const struct measure *m);
double measure_weighted_relative_error(const struct measure *m);

/* Sets rmse, sqnr_db, relative_error, max_abs and cosine in an object. */
void measure_to_json(const struct measure *m, json_t *object);
/* Sets weighted_relative_error and weighted_sqnr_db, null when no element was weighted. */
void measure_weighted_to_json(const struct measure *m, json_t *object);

#endif
