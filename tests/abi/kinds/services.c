/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The smallest evaluator and matrix services. A model in the format "tiny" is a count n (32 bits)
 * and a float: its output "sum" is that float times the input "a", which is the inner tensor
 * "scaled", plus the input "b", all of n floats. `plain` multiplies matrices; `slow` does so too,
 * but ranks below it; `impossible` ranks above, but no CPU can run it.
 */
#include <pare/plugin.h>

#include <string.h>

struct tiny {
    const struct pare_host *host;
    struct pare_job *job;
    uint32_t n;
    float factor;
    float *scaled, *sum;
    int watched;
    float smallest, largest;
};

static void tiny_close(void *state)
{
    struct tiny *tiny = state;
    const struct pare_host *host = tiny->host;
    struct pare_job *job = tiny->job;
    host->release(job, tiny->scaled);
    host->release(job, tiny->sum);
    host->release(job, tiny);
}

static int tiny_open(const struct pare_host *host, struct pare_job *job, const char *format,
                     const void *model, uint64_t n, void **ret_state)
{
    if (strcmp(format, "tiny") != 0)
        return host->fail(job, PARE_ENOTSUP, "it runs no models in the format %s", format);
    if (n != 8)
        return host->fail(job, PARE_EDATA, "the model has %llu bytes, not 8",
                          (unsigned long long)n);
    struct tiny *tiny = host->alloc(job, 1, sizeof *tiny);
    if (!tiny)
        return PARE_ENOMEM;
    tiny->host = host;
    tiny->job = job;
    memcpy(&tiny->n, model, 4);
    memcpy(&tiny->factor, (const char *)model + 4, 4);
    tiny->scaled = host->alloc(job, tiny->n, sizeof(float));
    tiny->sum = tiny->scaled ? host->alloc(job, tiny->n, sizeof(float)) : NULL;
    if (!tiny->sum) {
        tiny_close(tiny);
        return PARE_ENOMEM;
    }
    *ret_state = tiny;
    return 0;
}

static struct pare_array vector(const struct tiny *tiny, const char *name, const float *data)
{
    return (struct pare_array){ sizeof(struct pare_array), name, PARE_F32, 1, { tiny->n }, data };
}

static int tiny_input(void *state, uint32_t i, struct pare_array *ret_array)
{
    if (i > 1)
        return 0;
    *ret_array = vector(state, i ? "b" : "a", NULL);
    return 1;
}

static int tiny_output(void *state, uint32_t i, struct pare_array *ret_array)
{
    if (i > 0)
        return 0;
    *ret_array = vector(state, "sum", NULL);
    return 1;
}

static int watches(const char *const *watched)
{
    for (; watched && *watched; watched++)
        if (!strcmp(*watched, "scaled"))
            return 1;
    return 0;
}

static void note_range(struct tiny *tiny)
{
    for (uint32_t i = 0; i < tiny->n; i++) {
        float x = tiny->scaled[i];
        if (!tiny->watched || x < tiny->smallest)
            tiny->smallest = x;
        if (!tiny->watched || x > tiny->largest)
            tiny->largest = x;
        tiny->watched = 1;
    }
}

static int tiny_run(void *state, const struct pare_array *const *inputs, const char *const *watched,
                    int (*take)(void *context, const struct pare_array *array), void *context)
{
    struct tiny *tiny = state;
    for (int i = 0; i < 2; i++)
        if (!inputs[i] || inputs[i]->type != PARE_F32 || inputs[i]->dims[0] != tiny->n)
            return tiny->host->fail(tiny->job, PARE_EUSAGE, "input %d is not of %u floats", i,
                                    tiny->n);
    const float *a = inputs[0]->data, *b = inputs[1]->data;
    for (uint32_t i = 0; i < tiny->n; i++) {
        tiny->scaled[i] = tiny->factor * a[i];
        tiny->sum[i] = tiny->scaled[i] + b[i];
    }
    struct pare_array scaled = vector(tiny, "scaled", tiny->scaled);
    struct pare_array sum = vector(tiny, "sum", tiny->sum);
    int r = 0;
    if (watches(watched)) {
        note_range(tiny);
        r = take(context, &scaled);
    }
    return r < 0 ? r : take(context, &sum);
}

static int tiny_range(void *state, const char *name, float *ret_smallest, float *ret_largest)
{
    struct tiny *tiny = state;
    if (strcmp(name, "scaled") != 0 || !tiny->watched)
        return 0;
    *ret_smallest = tiny->smallest;
    *ret_largest = tiny->largest;
    return 1;
}

/* Element (row, column) of a matrix that may lie transposed. */
static float at(const float *matrix, uint64_t ld, int transposed, uint64_t row, uint64_t column)
{
    return transposed ? matrix[column * ld + row] : matrix[row * ld + column];
}

static void multiply(uint32_t flags, uint64_t m, uint64_t n, uint64_t k, const float *a,
                     uint64_t lda, const float *b, uint64_t ldb, float *c, uint64_t ldc)
{
    int a_turned = (flags & PARE_MATRIX_A_TRANSPOSED) != 0;
    int b_turned = (flags & PARE_MATRIX_B_TRANSPOSED) != 0;
    for (uint64_t i = 0; i < m; i++)
        for (uint64_t j = 0; j < n; j++) {
            float sum = flags & PARE_MATRIX_ADD ? c[i * ldc + j] : 0;
            for (uint64_t l = 0; l < k; l++)
                sum += at(a, lda, a_turned, i, l) * at(b, ldb, b_turned, l, j);
            c[i * ldc + j] = sum;
        }
}

static const char *const formats[] = { "tiny", NULL };
static const struct pare_evaluator evaluator = { .struct_size = sizeof evaluator,
                                                 .name = "tiny",
                                                 .summary = "adds two vectors",
                                                 .formats = formats,
                                                 .open = tiny_open,
                                                 .input = tiny_input,
                                                 .output = tiny_output,
                                                 .run = tiny_run,
                                                 .range = tiny_range,
                                                 .close = tiny_close };
static const struct pare_matrix slow = { sizeof slow, "slow", "plain C", 1, 0, multiply };
static const struct pare_matrix plain = { sizeof plain, "plain", "plain C", 2, 0, multiply };
static const struct pare_matrix impossible = {
    sizeof impossible, "impossible", "for a CPU of two makers", 9, PARE_CPU_AVX2 | PARE_CPU_NEON,
    multiply
};
static const struct pare_evaluator *const evaluators[] = { &evaluator, NULL };
static const struct pare_matrix *const matrices[] = { &slow, &plain, &impossible, NULL };
static const struct pare_plugin plugin = { .struct_size = sizeof plugin,
                                           .name = "services",
                                           .version = "1",
                                           .summary = "an evaluator and matrix services",
                                           .evaluators = evaluators,
                                           .matrices = matrices };
PARE_PLUGIN(plugin)
