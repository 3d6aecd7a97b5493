/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What the kept binaries in this folder are built of, by build.sh: a plugin that provides one of
 * each kind, with structs exactly as long as the first version's, to be loaded by every later Pare.
 */
#define FORMAT "kept"
#define MAGIC "KEPT"
#include "../fixtures/trivial.h"

static int kept_next(void *state, struct pare_tensor *ret_tensor)
{
    struct trivial *t = state;
    if (t->told++)
        return 0;
    *ret_tensor = trivial_tensor(t);
    return 1;
}

/* The evaluator's one input is its one output. */
static int kept_load(const struct pare_host *host, struct pare_job *job, const char *format,
                     const void *model, uint64_t n, void **ret_state)
{
    (void)format, (void)model, (void)n;
    *ret_state = host->alloc(job, 1, 1);
    return *ret_state ? 0 : PARE_ENOMEM;
}

static int kept_array(void *state, uint32_t i, struct pare_array *ret_array)
{
    (void)state;
    if (i > 0)
        return 0;
    *ret_array = (struct pare_array){ sizeof *ret_array, "x", PARE_F32, 1, { 0 }, NULL };
    return 1;
}

static int kept_run(void *state, const struct pare_array *const *inputs, const char *const *watched,
                    int (*take)(void *context, const struct pare_array *array), void *context)
{
    (void)state, (void)watched;
    return take(context, inputs[0]);
}

static void kept_close(void *state)
{
    (void)state;
}

static float element(const float *matrix, uint64_t ld, uint32_t turned, uint64_t i, uint64_t j)
{
    return turned ? matrix[j * ld + i] : matrix[i * ld + j];
}

static void kept_multiply(uint32_t flags, uint64_t m, uint64_t n, uint64_t k, const float *a,
                          uint64_t lda, const float *b, uint64_t ldb, float *c, uint64_t ldc)
{
    for (uint64_t i = 0; i < m; i++)
        for (uint64_t j = 0; j < n; j++) {
            float sum = flags & PARE_MATRIX_ADD ? c[i * ldc + j] : 0;
            for (uint64_t l = 0; l < k; l++)
                sum += element(a, lda, flags & PARE_MATRIX_A_TRANSPOSED, i, l) *
                       element(b, ldb, flags & PARE_MATRIX_B_TRANSPOSED, l, j);
            c[i * ldc + j] = sum;
        }
}

/* An encoding that sees all weights first: codes of 8 bits, and a step for the whole tensor. */
struct kept_step {
    const struct pare_host *host;
    struct pare_job *job;
    float largest;
};

static int step_begin(const struct pare_host *host, struct pare_job *job,
                      const struct pare_tensor *tensor, const struct pare_calibration *calibration,
                      void **ret_state)
{
    (void)tensor, (void)calibration;
    struct kept_step *step = host->alloc(job, 1, sizeof *step);
    if (!step)
        return PARE_ENOMEM;
    step->host = host;
    step->job = job;
    *ret_state = step;
    return 0;
}

static int step_gather(void *state, const float *x, uint64_t first_row, uint64_t rows,
                       uint64_t row_len)
{
    struct kept_step *step = state;
    (void)first_row;
    for (uint64_t i = 0; i < rows * row_len; i++) {
        float magnitude = x[i] < 0 ? -x[i] : x[i];
        if (step->largest == step->largest && !(magnitude <= step->largest)) /* a NaN stays */
            step->largest = magnitude;
    }
    return 0;
}

static int step_settle(void *state, void *const *planes)
{
    float step = ((struct kept_step *)state)->largest / 127;
    memcpy(planes[1], &step, sizeof step);
    return 0;
}

static void step_end(void *state)
{
    struct kept_step *step = state;
    step->host->release(step->job, step);
}

static void step_encode(const float *x, uint64_t rows, uint64_t row_len,
                        const struct pare_calibration *calibration, void *const *planes)
{
    float step;
    (void)calibration;
    memcpy(&step, planes[1], sizeof step);
    for (uint64_t i = 0; i < rows * row_len; i++) {
        float code = x[i] / step + (x[i] < 0 ? -0.5f : 0.5f);
        ((signed char *)planes[0])[i] = (signed char)(code > -128 && code < 128 ? code : 0);
    }
}

static void step_decode(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)
{
    float step;
    memcpy(&step, planes[1], sizeof step);
    for (uint64_t i = 0; i < rows * row_len; i++)
        x[i] = (float)((const signed char *)planes[0])[i] * step;
}

static const struct pare_reader reader = { .struct_size = PARE_READER_SIZE_1,
                                           .name = FORMAT,
                                           .summary = "kept",
                                           .probe = trivial_probe,
                                           .open = trivial_open,
                                           .next = kept_next,
                                           .close = trivial_close };
static const struct pare_writer writer = { .struct_size = PARE_WRITER_SIZE_1,
                                           .name = FORMAT,
                                           .summary = "kept",
                                           .suffix = ".kept",
                                           .holds = trivial_holds,
                                           .layout = trivial_layout };
static const struct pare_plane plane_32 = { PARE_PLANE_SIZE_1, "data", PARE_PER_BLOCK, 32 };
static const struct pare_plane plane_8 = { PARE_PLANE_SIZE_1, "data", PARE_PER_BLOCK, 8 };
static const struct pare_kernel kernel_32 = { PARE_KERNEL_SIZE_1, "c", 0, encode_32, decode_32 };
static const struct pare_kernel kernel_8 = { PARE_KERNEL_SIZE_1, "c", 0, encode_8, decode_8 };
static const struct pare_encoding encoding_32 = {
    .struct_size = PARE_ENCODING_SIZE_1,
    .name = NAME_32,
    .summary = "kept",
    .flags = PARE_ENCODING_FLOAT,
    .block_len = 1,
    .planes = (const struct pare_plane *const[]){ &plane_32, NULL },
    .kernels = (const struct pare_kernel *const[]){ &kernel_32, NULL }
};
static const struct pare_encoding encoding_8 = {
    .struct_size = PARE_ENCODING_SIZE_1,
    .name = NAME_8,
    .summary = "kept",
    .flags = PARE_ENCODING_QUANTIZED,
    .block_len = 1,
    .planes = (const struct pare_plane *const[]){ &plane_8, NULL },
    .kernels = (const struct pare_kernel *const[]){ &kernel_8, NULL }
};
static const struct pare_plane codes = { PARE_PLANE_SIZE_1, "codes", PARE_PER_BLOCK, 8 };
static const struct pare_plane step = { PARE_PLANE_SIZE_1, "step", PARE_PER_TENSOR, 32 };
static const struct pare_kernel step_kernel = { PARE_KERNEL_SIZE_1, "c", 0, step_encode,
                                                step_decode };
static const struct pare_encoding encoding_step = {
    .struct_size = PARE_ENCODING_SIZE_1,
    .name = FORMAT "-step",
    .summary = "kept",
    .flags = PARE_ENCODING_QUANTIZED,
    .block_len = 1,
    .planes = (const struct pare_plane *const[]){ &codes, &step, NULL },
    .kernels = (const struct pare_kernel *const[]){ &step_kernel, NULL },
    .begin = step_begin,
    .gather = step_gather,
    .settle = step_settle,
    .end = step_end
};
static const struct pare_evaluator evaluator = { .struct_size = PARE_EVALUATOR_SIZE_1,
                                                 .name = FORMAT,
                                                 .summary = "kept",
                                                 .formats = (const char *const[]){ FORMAT, NULL },
                                                 .open = kept_load,
                                                 .input = kept_array,
                                                 .output = kept_array,
                                                 .run = kept_run,
                                                 .close = kept_close };
static const struct pare_matrix matrix = {
    PARE_MATRIX_SIZE_1, FORMAT, "kept", 1, 0, kept_multiply
};
static const struct pare_plugin plugin = {
    .struct_size = PARE_PLUGIN_SIZE_1,
    .name = FORMAT,
    .version = "1.0",
    .summary = "built once, against the first version of the header",
    .readers = (const struct pare_reader *const[]){ &reader, NULL },
    .writers = (const struct pare_writer *const[]){ &writer, NULL },
    .encodings = (const struct pare_encoding *const[]){ &encoding_32, &encoding_8, &encoding_step,
                                                        NULL },
    .evaluators = (const struct pare_evaluator *const[]){ &evaluator, NULL },
    .matrices = (const struct pare_matrix *const[]){ &matrix, NULL }
};
PARE_PLUGIN(plugin)
