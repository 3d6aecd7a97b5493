/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * One kernel at work on one input, and the book in which its failures are counted. The owner of the
 * book hears of each call of a plugin's function before it is made, so that it knows where a plugin
 * crashed or hung.
 */
#ifndef CHECK_TRIAL_H
#define CHECK_TRIAL_H

#include "check/inputs.h"
#include "check/planes.h"

/* What the encoding found when it looked at the whole tensor (check/gathering.h). */
struct gathered {
    void *state;
    struct planes whole; /* of these, what settle fills */
};

/* What is called next. */
struct check_step {
    const char *encoding; /* or NULL */
    const char *what;     /* "kernel", "gather", "matrix service" */
    const char *name;     /* of the kernel or service; or NULL */
    const char *act;      /* what it does to the input: "encoded" */
    const char *input;    /* valid during the call that tells of it */
    uint64_t rows, row_len;
};

/* A promise of the ABI: how it was broken, and what the plugin's author can do. */
struct check_rule {
    const char *broken;
    const char *advice;
};

struct check_finding {
    const char *encoding; /* or NULL */
    const char *kernel;   /* or service; or NULL */
    const char *input;    /* or NULL: it is about a description */
    uint64_t rows, row_len;
    const char *with; /* "", "importance", "best" or "best, importance" */
    const struct check_rule *rule;
    const char *where; /* the first difference, or "" */
};

struct check {
    uint64_t seed;
    uint64_t every; /* every so many inputs one is tried, from which on is the seed's choice */
    uint32_t cpu;   /* enum pare_cpu bits of this machine */
    void (*step)(void *context, const struct check_step *step); /* or NULL */
    void (*found)(void *context, const struct check_finding *finding);
    void *context;
    uint64_t failures; /* counted here */
};

struct trial {
    struct check *check;
    const struct pare_encoding *encoding; /* a struct of full size, as its kernels are */
    const struct pare_kernel *kernel;
    const char *input;
    enum input_range range;
    const float *x;
    uint64_t rows, row_len;
    const struct pare_calibration *calibration; /* or NULL */
    const struct gathered *gathered;            /* or NULL */
    uint64_t first_row, first_column;           /* of x in the tensor */
};

/* Counts and tells a failure unless `held`; where: a text, or NULL. */
void trial_expect(const struct trial *trial, int held, const struct check_rule *rule,
                  const char *where);
/* The same for planes that must be equal: tells the first byte that differs. */
void trial_expect_planes(const struct trial *trial, const struct planes *planes,
                         const struct planes *expected, const struct check_rule *rule);
/* The same for all the trial's floats. */
void trial_expect_floats(const struct trial *trial, const float *floats, const float *expected,
                         const struct check_rule *rule);
/* The same for n bytes at `at` of a plane. */
void trial_expect_bytes(const struct trial *trial, uint32_t plane, const uint8_t *bytes,
                        const uint8_t *expected, size_t at, size_t n,
                        const struct check_rule *rule);
/* Tells that a function of the encoding is called next. */
void trial_step(const struct trial *trial, const char *what, const char *name, const char *act);

/* Encodes to fresh planes, which are the caller's; checks that the kernel stayed inside and left
 * alone what `settle` filled. */
void trial_encode(const struct trial *trial, const struct pare_kernel *kernel, size_t shift,
                  uint8_t fill, struct planes *ret_planes);
/* Decodes to fresh floats, which are the caller's; checks that the kernel stayed inside. */
float *trial_decode(const struct trial *trial, const struct pare_kernel *kernel,
                    const struct planes *planes);

#endif
