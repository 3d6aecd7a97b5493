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
    m->seconds += later->seconds;
    if (later->max_abs > m->max_abs)
        m->max_abs = later->max_abs;
}

double measure_rmse(const struct measure *m)
{
    return m->n ? sqrt(m->sse / (double)m->n) : 0;
}

double measure_sqnr_db(const struct measure *m)
{
    if (m->sse == 0)
        return INFINITY;
    return m->sxx > 0 ? 10 * log10(m->sxx / m->sse) : -INFINITY;
}

double measure_relative_error(const struct measure *m)
{
    if (m->sse == 0)
        return 0;
    return sqrt(m->sse / m->sxx);
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
