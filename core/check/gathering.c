/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* begin, gather, settle and end, and the host that they see: see gathering.h. */
#include "check/gathering.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A piece of memory that the encoding asked for; it begins behind this. */
struct gathering_memory {
    struct gathering_memory *next;
    uint64_t size;
};

static const struct check_rule gathering_fails = {
    "it fails where it looks at the weights",
    "begin, gather and settle must take any finite weights, of any number of rows"
};
static const struct check_rule settle_outside = {
    "settle wrote outside of its planes",
    "a plane per column has one unit for each of row_len columns, one per tensor a single unit"
};
static const struct check_rule no_state = { "begin gives no state",
                                            "*ret_state must be set when begin returns 0" };

/* The job is the gathering itself: struct pare_job is opaque to plugins. */
static struct gathering *gathering_of(struct pare_job *job)
{
    return (struct gathering *)(void *)job;
}

PARE_PRINTF(3, 4) static int host_fail(struct pare_job *job, int code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(gathering_of(job)->failure, sizeof(gathering_of(job)->failure), format,
                    arguments);
    va_end(arguments);
    return code;
}

static void host_log(struct pare_job *job, int level, const char *format, ...)
{
    (void)job, (void)level, (void)format;
}

static void *host_alloc(struct pare_job *job, uint64_t count, uint64_t size)
{
    struct gathering *gathering = gathering_of(job);
    struct gathering_memory *memory;

    if (size > 0 && count > (1ull << 40) / size) {
        (void)host_fail(job, PARE_ENOMEM, "it asks for too much memory");
        return NULL;
    }
    memory = check_allocate(sizeof(*memory) + count * size, 1);
    memory->next = gathering->memory;
    memory->size = count * size;
    gathering->memory = memory;
    return memory + 1;
}

static void host_release(struct pare_job *job, void *memory)
{
    struct gathering_memory **at = &gathering_of(job)->memory;

    while (*at && (void *)(*at + 1) != memory) {
        at = &(*at)->next;
    }
    if (*at) {
        struct gathering_memory *found = *at;
        *at = found->next;
        free(found);
    }
}

static int host_cancelled(struct pare_job *job)
{
    (void)job;
    return 0;
}

static const char *host_option(struct pare_job *job, const char *key)
{
    (void)job, (void)key;
    return NULL;
}

static const struct pare_matrix *host_matrix(struct pare_job *job)
{
    (void)job;
    return NULL;
}

static void host_init(struct pare_host *host, uint32_t cpu)
{
    *host = (struct pare_host){ .struct_size = sizeof(*host),
                                .abi_version = PARE_ABI_VERSION,
                                .cpu = cpu,
                                .fail = host_fail,
                                .log = host_log,
                                .alloc = host_alloc,
                                .release = host_release,
                                .cancelled = host_cancelled,
                                .option = host_option,
                                .matrix = host_matrix };
}

/* The tensor as it is to be. */
static void describe_tensor(const struct trial *trial, struct pare_tensor *ret_tensor)
{
    *ret_tensor = (struct pare_tensor){ .struct_size = sizeof(*ret_tensor),
                                        .name = { "weights", 7 },
                                        .encoding = trial->encoding->name,
                                        .n_dims = 2,
                                        .dims = { trial->rows, trial->row_len } };
    for (uint32_t p = 0; trial->encoding->planes[p]; p++) {
        ret_tensor->planes[p].length = plane_bytes(trial->encoding, p, trial->rows, trial->row_len);
        ret_tensor->n_planes++;
    }
}

static int begin(const struct trial *trial, struct gathering *gathering)
{
    static struct pare_host host; /* stays until the end, as the encoding may keep it */
    struct pare_calibration calibration = { .struct_size = sizeof(calibration) };
    struct pare_tensor tensor;

    describe_tensor(trial, &tensor);
    calibration = trial->calibration ? *trial->calibration : calibration;
    host_init(&host, trial->check->cpu);
    trial_step(trial, "begin", NULL, "looked at");
    return trial->encoding->begin(&host, (struct pare_job *)(void *)gathering, &tensor,
                                  &calibration, &gathering->made.state);
}

static int gather(const struct trial *trial, uint64_t at_once, struct gathering *gathering)
{
    uint64_t rows = at_once > 0 ? at_once : trial->rows;
    int r = 0;

    for (uint64_t i = 0; r == 0 && i < trial->rows && trial->encoding->gather; i += rows) {
        uint64_t n = trial->rows - i < rows ? trial->rows - i : rows;
        trial_step(trial, "gather", NULL, "looked at");
        r = trial->encoding->gather(gathering->made.state, trial->x + i * trial->row_len, i, n,
                                    trial->row_len);
    }
    return r;
}

static int settle(const struct trial *trial, struct gathering *gathering)
{
    void *planes[PARE_MAX_PLANES + 1] = { NULL };

    if (!trial->encoding->settle) {
        return 0;
    }
    for (uint32_t p = 0; p < gathering->made.whole.n; p++) {
        planes[p] = plane_is_whole(trial->encoding->planes[p]) ? gathering->made.whole.plane[p]
                                                               : NULL;
    }
    trial_step(trial, "settle", NULL, "looked at");
    int r = trial->encoding->settle(gathering->made.state, planes);
    trial_expect(trial, planes_guarded(&gathering->made.whole), &settle_outside, NULL);
    return r;
}

int gathering_open(const struct trial *trial, uint64_t at_once, struct gathering *gathering)
{
    memset(gathering, 0, sizeof(*gathering));
    if (!trial->encoding->begin) {
        return 0;
    }
    int r = begin(trial, gathering);
    if (r == 0) {
        gathering->encoding = trial->encoding;
        planes_init(&gathering->made.whole, trial->encoding, trial->rows, trial->row_len,
                    at_once % 8, (uint8_t)at_once);
        r = gather(trial, at_once, gathering);
    }
    if (r == 0) {
        r = settle(trial, gathering);
    }
    if (r != 0) {
        trial_expect(trial, trial->range == INPUT_ANY, &gathering_fails, gathering->failure);
        return -1;
    }
    trial_expect(trial, gathering->made.state || !trial->encoding->gather, &no_state, NULL);
    return 1;
}

void gathering_close(const struct trial *trial, struct gathering *gathering)
{
    if (gathering->encoding && gathering->encoding->end) {
        trial_step(trial, "end", NULL, "ran on");
        gathering->encoding->end(gathering->made.state);
    }
    if (gathering->encoding) {
        planes_deinit(&gathering->made.whole);
    }
    while (gathering->memory) {
        struct gathering_memory *next = gathering->memory->next;
        free(gathering->memory);
        gathering->memory = next;
    }
}
