/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Error figures: see measure.h. Eight running sums, one for each residue of the index, let the
 * compiler use vectors without changing the order of any addition.
 */
#include "convert/measure.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

#define LANES 8

static int is_finite(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return (bits & 0x7f800000u) != 0x7f800000u;
}

static int all_finite(const float *v, size_t n)
{
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &v[i], sizeof bits);
        bad |= (bits & 0x7f800000u) == 0x7f800000u;
    }
    return !bad;
}

static double total(const double lanes[LANES])
{
    double sum = 0;
    for (size_t j = 0; j < LANES; j++)
        sum += lanes[j];
    return sum;
}

/* The sums of one residue of the index. */
struct lanes {
    double sse[LANES], sxx[LANES], syy[LANES], sxy[LANES];
    float largest[LANES];
};

static inline void add_one(struct lanes *sums, size_t j, float x, float y)
{
    double a = x, b = y, d = a - b;
    float e = fabsf((float)d);
    sums->sse[j] += d * d;
    sums->sxx[j] += a * a;
    sums->syy[j] += b * b;
    sums->sxy[j] += a * b;
    sums->largest[j] = e > sums->largest[j] ? e : sums->largest[j];
}

/* n elements, all finite. */
static void add_finite(struct measure *m, const float *x, const float *y, size_t n)
{
    struct lanes sums = { .sse = { 0 } };
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++)
            add_one(&sums, j, x[i + j], y[i + j]);
    for (size_t j = 0; i < n; i++, j++)
        add_one(&sums, j, x[i], y[i]);
    m->n += n;
    m->sse += total(sums.sse);
    m->sxx += total(sums.sxx);
    m->syy += total(sums.syy);
    m->sxy += total(sums.sxy);
    for (size_t j = 0; j < LANES; j++)
        m->max_abs = sums.largest[j] > m->max_abs ? sums.largest[j] : m->max_abs;
}

/* One element at a time, where some are not finite. */
static void add_carefully(struct measure *m, const float *x, const float *y, size_t n,
                          uint64_t first)
{
    for (size_t i = 0; i < n; i++) {
        if (is_finite(x[i]) && is_finite(y[i])) {
            add_finite(m, &x[i], &y[i], 1);
            continue;
        }
        uint64_t *first_bad = is_finite(x[i]) ? &m->first_overflowed : &m->first_nonfinite;
        *(is_finite(x[i]) ? &m->overflowed : &m->nonfinite) += 1;
        if (*first_bad == UINT64_MAX)
            *first_bad = first + i;
    }
}

void measure_add(struct measure *m, const float *x, const float *y, size_t n, uint64_t first)
{
    if (all_finite(x, n) && (x == y || all_finite(y, n)))
        add_finite(m, x, y, n);
    else
        add_carefully(m, x, y, n, first);
}

/* The weighted sums of one residue of the column. */
struct weighted_lanes {
    double sse[LANES], sxx[LANES];
};

static inline void add_weighted(struct weighted_lanes *sums, size_t j, float x, float y, float h)
{
    double a = x, d = a - (double)y, w = h;
    sums->sse[j] += w * (d * d);
    sums->sxx[j] += w * (a * a);
}

static void add_weighted_row(struct weighted_lanes *sums, const float *x, const float *y, size_t n,
                             const float *h)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++)
            add_weighted(sums, j, x[i + j], y[i + j], h[i + j]);
    for (size_t j = 0; i < n; i++, j++)
        add_weighted(sums, j, x[i], y[i], h[i]);
}

/* As add_weighted_row, without the elements that are not finite; returns how many are. */
static size_t add_weighted_carefully(struct weighted_lanes *sums, const float *x, const float *y,
                                     size_t n, const float *h)
{
    size_t finite = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_finite(x[i]) || !is_finite(y[i]))
            continue;
        add_weighted(sums, i % LANES, x[i], y[i], h[i]);
        finite++;
    }
    return finite;
}

void measure_add_weighted(struct measure *m, const float *x, const float *y, size_t rows,
                          size_t row_len, const float *h)
{
    struct weighted_lanes sums = { .sse = { 0 } };
    for (size_t i = 0; i < rows; i++, x += row_len, y += row_len) {
        if (all_finite(x, row_len) && (x == y || all_finite(y, row_len))) {
            add_weighted_row(&sums, x, y, row_len, h);
            m->weighted_n += row_len;
        } else {
            m->weighted_n += add_weighted_carefully(&sums, x, y, row_len, h);
        }
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
