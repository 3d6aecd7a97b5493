/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Error figures: see measure.h. The sums are taken in measure_sums.c, at the level of instructions
 * that measure_use chose.
 */
#include "weights/measure.h"

#include "base/json.h"
#include "weights/measure_sums.h"

#include <pare/plugin.h>
#include <math.h>
#include <string.h>

static void (*sums_of)(const float *, const float *, size_t,
                       struct measure_sums *) = measure_sums_c;
static void (*weighted_sums_of)(const float *, const float *, const float *, size_t,
                                struct measure_weighted *) = measure_weighted_c;

void measure_use(uint32_t cpu)
{
#ifdef MEASURE_X86
    int wide = (cpu & PARE_CPU_AVX512) != 0, some = (cpu & PARE_CPU_AVX2) != 0;
    sums_of = wide ? measure_sums_avx512 : some ? measure_sums_avx2 : measure_sums_c;
    weighted_sums_of = wide   ? measure_weighted_avx512
                       : some ? measure_weighted_avx2
                              : measure_weighted_c;
#else
    (void)cpu;
#endif
}

static int is_finite(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return (bits & 0x7f800000u) != 0x7f800000u;
}

static double total(const double lanes[MEASURE_LANES])
{
    double sum = 0;
    for (size_t j = 0; j < MEASURE_LANES; j++)
        sum += lanes[j];
    return sum;
}

/* n elements; returns 0, and adds nothing, when they are not all finite: then some sum of squares
 * is not, which those of finite floats always are. */
static int add_finite(struct measure *m, const float *x, const float *y, size_t n)
{
    struct measure_sums sums = { .sse = { 0 } };
    sums_of(x, y, n, &sums);
    double sxx = total(sums.sxx), syy = total(sums.syy);
    if (!isfinite(sxx) || !isfinite(syy))
        return 0;
    m->n += n;
    m->sse += total(sums.sse);
    m->sxx += sxx;
    m->syy += syy;
    m->sxy += total(sums.sxy);
    for (size_t j = 0; j < MEASURE_LANES; j++)
        m->max_abs = sums.largest[j] > m->max_abs ? sums.largest[j] : m->max_abs;
    return 1;
}

/* One element at a time, where some are not finite. */
static void add_carefully(struct measure *m, const float *x, const float *y, size_t n,
                          uint64_t first)
{
    for (size_t i = 0; i < n; i++) {
        if (add_finite(m, &x[i], &y[i], 1))
            continue;
        uint64_t *first_bad = is_finite(x[i]) ? &m->first_overflowed : &m->first_nonfinite;
        *(is_finite(x[i]) ? &m->overflowed : &m->nonfinite) += 1;
        if (*first_bad == UINT64_MAX)
            *first_bad = first + i;
    }
}

void measure_add(struct measure *m, const float *x, const float *y, size_t n, uint64_t first)
{
    if (!add_finite(m, x, y, n))
        add_carefully(m, x, y, n, first);
}

float measure_largest(const float *x, size_t n)
{
    uint32_t largest = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bits &= 0x7fffffffu;
        largest = bits > largest ? bits : largest;
    }
    float value;
    memcpy(&value, &largest, sizeof value);
    return value;
}

/* As weighted_sums_of, without the elements that are not finite; returns how many are. */
static size_t add_weighted_carefully(struct measure_weighted *sums, const float *x, const float *y,
                                     size_t n, const float *h)
{
    size_t finite = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_finite(x[i]) || !is_finite(y[i]))
            continue;
        double a = x[i], d = a - (double)y[i], w = h[i];
        sums->sse[i % MEASURE_LANES] += w * (d * d);
        sums->sxx[i % MEASURE_LANES] += w * (a * a);
        finite++;
    }
    return finite;
}

void measure_add_weighted(struct measure *m, const float *x, const float *y, size_t rows,
                          size_t row_len, const float *h)
{
    struct measure_weighted sums = { .sse = { 0 } };
    for (size_t i = 0; i < rows; i++, x += row_len, y += row_len) {
        struct measure_weighted more = sums;
        weighted_sums_of(x, y, h, row_len, &more);
        size_t n = row_len;
        if (isfinite(total(more.sse)) && isfinite(total(more.sxx)))
            sums = more;
        else
            n = add_weighted_carefully(&sums, x, y, row_len, h);
        m->weighted_n += n;
    }
    m->weighted_sse += total(sums.sse);
    m->weighted_sxx += total(sums.sxx);
}

void measure_merge(struct measure *m, const struct measure *later)
{
    m->n += later->n;
    m->nonfinite += later->nonfinite;
    m->overflowed += later->overflowed;
    if (later->first_nonfinite < m->first_nonfinite)
        m->first_nonfinite = later->first_nonfinite;
    if (later->first_overflowed < m->first_overflowed)
        m->first_overflowed = later->first_overflowed;
    m->sse += later->sse;
    m->sxx += later->sxx;
    m->syy += later->syy;
    m->sxy += later->sxy;
    m->weighted_n += later->weighted_n;
    m->weighted_sse += later->weighted_sse;
    m->weighted_sxx += later->weighted_sxx;
    m->seconds += later->seconds;
    m->written += later->written;
    if (later->max_abs > m->max_abs)
        m->max_abs = later->max_abs;
}

double measure_rmse(const struct measure *m)
{
    return m->n ? sqrt(m->sse / (double)m->n) : 0;
}

static double decibels(double signal, double noise)
{
    if (noise == 0)
        return INFINITY;
    return signal > 0 ? 10 * log10(signal / noise) : -INFINITY;
}

static double root_of_ratio(double noise, double signal)
{
    return noise == 0 ? 0 : sqrt(noise / signal);
}

double measure_sqnr_db(const struct measure *m)
{
    return decibels(m->sxx, m->sse);
}

double measure_relative_error(const struct measure *m)
{
    return root_of_ratio(m->sse, m->sxx);
}

double measure_weighted_sqnr_db(const struct measure *m)
{
    return decibels(m->weighted_sxx, m->weighted_sse);
}

double measure_weighted_relative_error(const struct measure *m)
{
    return root_of_ratio(m->weighted_sse, m->weighted_sxx);
}

double measure_cosine(const struct measure *m)
{
    double scale = sqrt(m->sxx) * sqrt(m->syy);
    if (m->sse == 0)
        return 1;
    return scale > 0 ? m->sxy / scale : 0;
}

void measure_to_json(const struct measure *m, json_t *object)
{
    (void)json_object_set_new(object, "rmse", json_number(measure_rmse(m)));
    (void)json_object_set_new(object, "sqnr_db", json_number(measure_sqnr_db(m)));
    (void)json_object_set_new(object, "relative_error", json_number(measure_relative_error(m)));
    (void)json_object_set_new(object, "max_abs", json_number(m->max_abs));
    (void)json_object_set_new(object, "cosine", json_number(measure_cosine(m)));
}

void measure_weighted_to_json(const struct measure *m, json_t *object)
{
    double error = m->weighted_n ? measure_weighted_relative_error(m) : NAN;
    double decibel = m->weighted_n ? measure_weighted_sqnr_db(m) : NAN;
    (void)json_object_set_new(object, "weighted_relative_error", json_number(error));
    (void)json_object_set_new(object, "weighted_sqnr_db", json_number(decibel));
}
