/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* A product by the book, and one by a service: see matrix.h. */
#include "check/matrix.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAP 3 /* elements behind each row */
#define ALL_FLAGS (PARE_MATRIX_A_TRANSPOSED | PARE_MATRIX_B_TRANSPOSED | PARE_MATRIX_ADD)

static const struct check_rule wrong = {
    "an element is not the product's",
    "c is [m, n], a [m, k], b [k, n], unless flags say otherwise; ld counts elements of a row"
};
static const struct check_rule outside = { "multiply wrote outside of c",
                                           "c has m rows of n elements, ldc apart" };
static const struct check_rule unstable = { "the same product comes out otherwise again",
                                            "sum in an order that depends on the sizes only" };

/* One product, with gaps behind rows. */
struct product {
    struct check *check;
    const struct pare_matrix *matrix;
    uint32_t flags;
    uint64_t m, n, k, lda, ldb, ldc;
    float *a, *b, *start; /* start: c before the call */
    char size[64];
};

static void fail(const struct product *p, const struct check_rule *rule, const char *where)
{
    const struct check_finding finding = { .kernel = p->matrix->name,
                                           .input = p->size,
                                           .rows = p->m,
                                           .row_len = p->n,
                                           .with = "",
                                           .rule = rule,
                                           .where = where };
    p->check->failures++;
    p->check->found(p->check->context, &finding);
}

static float *fill(uint64_t n, struct random *random)
{
    float *x = check_allocate(n, sizeof(*x));

    for (uint64_t i = 0; i < n; i++) {
        x[i] = (float)((int64_t)(random_next(random) >> 40) - (1 << 23)) / (float)(1 << 23);
    }
    return x;
}

static float a_at(const struct product *p, uint64_t i, uint64_t l)
{
    return p->flags & PARE_MATRIX_A_TRANSPOSED ? p->a[l * p->lda + i] : p->a[i * p->lda + l];
}

static float b_at(const struct product *p, uint64_t l, uint64_t j)
{
    return p->flags & PARE_MATRIX_B_TRANSPOSED ? p->b[j * p->ldb + l] : p->b[l * p->ldb + j];
}

/* Whether a sum of k products may come out as c: by its rounding at each step. */
static int is_element(const struct product *p, uint64_t i, uint64_t j, float c)
{
    double old = p->flags & PARE_MATRIX_ADD ? (double)p->start[GAP + i * p->ldc + j] : 0.0;
    double sum = old;
    double size = fabs(old);

    for (uint64_t l = 0; l < p->k; l++) {
        double term = (double)a_at(p, i, l) * (double)b_at(p, l, j);
        sum += term;
        size += fabs(term);
    }
    return fabs((double)c - sum) <= (double)(p->k + 2) * (double)FLT_EPSILON * size;
}

static float *multiply(const struct product *p, uint64_t count)
{
    float *c = check_allocate(count, sizeof(*c));
    const struct check_step step = { NULL,         "matrix service", p->matrix->name,
                                     "multiplied", p->size,          p->m,
                                     p->n };

    memcpy(c, p->start, count * sizeof(*c));
    if (p->check->step) {
        p->check->step(p->check->context, &step);
    }
    p->matrix->multiply(p->flags, p->m, p->n, p->k, p->a, p->lda, p->b, p->ldb, c + GAP, p->ldc);
    return c;
}

/* Tells the first element that is not the product's. */
static void check_elements(const struct product *p, const float *c)
{
    for (uint64_t i = 0; i < p->m; i++) {
        for (uint64_t j = 0; j < p->n; j++) {
            float got = c[GAP + i * p->ldc + j];
            if (!is_element(p, i, j, got)) {
                char where[128];
                snprintf(where, sizeof(where), "row %llu, column %llu: %g", (unsigned long long)i,
                         (unsigned long long)j, (double)got);
                fail(p, &wrong, where);
                return;
            }
        }
    }
}

/* The gaps and what lies around c are as they were. */
static void check_gaps(const struct product *p, const float *c, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t at = i - GAP;
        int inside = i >= GAP && at / p->ldc < p->m && at % p->ldc < p->n;
        if (!inside && memcmp(&c[i], &p->start[i], sizeof(*c)) != 0) {
            fail(p, &outside, "");
            return;
        }
    }
}

static void check_product(const struct product *p, uint64_t count)
{
    float *c = multiply(p, count);
    float *again = multiply(p, count);

    check_elements(p, c);
    check_gaps(p, c, count);
    if (memcmp(c, again, count * sizeof(*c)) != 0) {
        fail(p, &unstable, "");
    }
    free(c);
    free(again);
}

static void check_size(struct product *p, struct random *random)
{
    static const char *const names[] = {
        "",        ", a transposed",        ", b transposed",        ", a and b transposed",
        ", added", ", a transposed, added", ", b transposed, added", ", a and b transposed, added"
    };
    int a_turned = (p->flags & PARE_MATRIX_A_TRANSPOSED) != 0;
    int b_turned = (p->flags & PARE_MATRIX_B_TRANSPOSED) != 0;
    uint64_t count = 2 * GAP;

    p->lda = (a_turned ? p->m : p->k) + GAP;
    p->ldb = (b_turned ? p->k : p->n) + GAP;
    p->ldc = p->n + GAP;
    count += p->m * p->ldc;
    snprintf(p->size, sizeof(p->size), "%llux%llu times %llux%llu%s", (unsigned long long)p->m,
             (unsigned long long)p->k, (unsigned long long)p->k, (unsigned long long)p->n,
             names[p->flags]);
    p->a = fill((a_turned ? p->k : p->m) * p->lda, random);
    p->b = fill((b_turned ? p->n : p->k) * p->ldb, random);
    p->start = fill(count, random);
    check_product(p, count);
    free(p->a);
    free(p->b);
    free(p->start);
}

enum check_verdict check_matrix(struct check *check, const struct pare_matrix *matrix)
{
    static const uint64_t sizes[][3] = { { 1, 1, 1 },   { 2, 3, 5 },    { 1, 33, 7 },
                                         { 17, 1, 64 }, { 64, 64, 64 }, { 61, 67, 131 },
                                         { 4, 5, 0 },   { 0, 3, 4 },    { 3, 0, 4 } };
    struct random random = { check->seed };
    uint64_t before = check->failures;

    if (matrix->cpu & ~check->cpu) {
        return CHECK_SKIPPED;
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        for (uint32_t flags = 0; flags <= ALL_FLAGS; flags++) {
            struct product product = { .check = check, .matrix = matrix, .flags = flags };
            product.m = sizes[i][0];
            product.n = sizes[i][1];
            product.k = sizes[i][2];
            check_size(&product, &random);
        }
    }
    return check->failures == before ? CHECK_GOOD : CHECK_BAD;
}
