/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Looking at a tensor before it is encoded: see calibration.h. */
#include "plugin/calibration.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "plugin/cpu.h"
#include "plugin/host_private.h"

#include <string.h>

#define LEAST_MEMORY (16u << 20)
#define MOST_COLUMNS 8192u

struct calibration {
    const struct model_tensor *tensor;
    const struct encoding *encoding;
    struct pare_host host;
    struct pare_job job;
    struct error err;
    struct pare_input input;
    const struct pare_input *inputs[2];
    struct pare_calibration known; /* what begin was told */
    int begun;
    void *state;                   /* the plugin's */
    void *planes[PARE_MAX_PLANES]; /* shared ones; others NULL */
    unsigned char *bytes;          /* theirs */
};

DEFINE_CLEANUP(struct calibration *, calibration_free);

int calibration_is_needed(const struct encoding *encoding)
{
    return encoding->said.begin != NULL;
}

static int make_planes(struct calibration *c, struct error *err)
{
    const struct model_tensor *t = c->tensor;
    uint64_t total = 0;
    for (uint32_t i = 0; i < t->n_planes; i++)
        total += plane_is_shared(&c->encoding->planes[i]) ? t->planes[i].length : 0;
    c->bytes = calloc(total + 1, 1);
    if (!c->bytes)
        return error_oom(err);
    total = 0;
    for (uint32_t i = 0; i < t->n_planes; i++) {
        if (!plane_is_shared(&c->encoding->planes[i]))
            continue;
        c->planes[i] = c->bytes + total;
        total += t->planes[i].length;
    }
    return 0;
}

/* What is known of the inputs. One row of importance can be told only where all rows share it. */
static void describe_inputs(struct calibration *c, const struct calibration_request *request)
{
    c->known = (struct pare_calibration){ .struct_size = sizeof c->known,
                                          .search = request->search };
    if (!request->importance)
        return;
    c->input = (struct pare_input){ .struct_size = sizeof c->input,
                                    .kind = PARE_INPUT_IMPORTANCE,
                                    .n_dims = request->matrices > 1 ? 2 : 1,
                                    .dims = { request->matrices, c->tensor->row_len },
                                    .data = request->importance };
    if (request->matrices == 1) {
        c->input.dims[0] = c->tensor->row_len;
        c->input.dims[1] = 0;
        c->known.importance = request->importance;
    }
    c->inputs[0] = &c->input;
    c->known.inputs = c->inputs;
}

/* A callback's result, with the tensor's name where it failed. */
static int check(struct calibration *c, int result, const char *callback, struct error *err)
{
    int r = host_result(&c->job, result, 0, c->encoding->name, callback);
    if (r >= 0)
        return r;
    *err = c->err;
    return error_prefix(err, "tensor `%s`", text_show(c->tensor->name).text);
}

static int call_begin(struct calibration *c, json_t *asked, struct error *err)
{
    const struct model_tensor *t = c->tensor;
    struct pare_tensor told = { .struct_size = sizeof told,
                                .name = t->name,
                                .encoding = t->encoding_name,
                                .n_dims = t->n_dims,
                                .n_planes = t->n_planes,
                                .channel = t->channel,
                                .role = t->role,
                                .op = t->op };
    memcpy(told.dims, t->dims, sizeof told.dims);
    memcpy(told.planes, t->planes, t->n_planes * sizeof *t->planes);
    c->job.asked = asked;
    int r = c->encoding->said.begin(&c->host, &c->job, &told, &c->known, &c->state);
    c->job.asked = NULL;
    r = check(c, r, "begin", err);
    c->begun = r == 0;
    return r;
}

uint64_t calibration_memory(const struct model_tensor *tensor)
{
    uint64_t columns = tensor->row_len < MOST_COLUMNS ? tensor->row_len : MOST_COLUMNS;
    return LEAST_MEMORY + 8 * columns * columns;
}

int calibration_begin(const struct calibration_request *request,
                      struct calibration **ret_calibration, struct error *err)
{
    CLEANUP(calibration_free_cleanup) struct calibration *c = calloc(1, sizeof *c);
    if (!c)
        return error_oom(err);
    c->tensor = request->tensor;
    c->encoding = request->tensor->encoding;
    c->job.options = request->options;
    c->job.hooks = request->hooks;
    c->job.err = &c->err;
    c->job.registry = request->registry;
    host_init(&c->host, cpu_detect());
    describe_inputs(c, request);
    int r = model_new(&c->job.model, err);
    if (r == 0)
        c->job.model->memory.limit = calibration_memory(request->tensor);
    if (r == 0)
        r = make_planes(c, err);
    if (r == 0)
        r = call_begin(c, request->asked, err);
    if (r == 0)
        *ret_calibration = TAKE(c);
    return r;
}

int calibration_gathers(const struct calibration *c)
{
    return c->encoding->said.gather != NULL;
}

int calibration_gather(struct calibration *c, const float *x, uint64_t first_row, uint64_t rows,
                       uint64_t row_len, struct error *err)
{
    return check(c, c->encoding->said.gather(c->state, x, first_row, rows, row_len), "gather", err);
}

int calibration_settle(struct calibration *c, struct error *err)
{
    return c->encoding->said.settle
               ? check(c, c->encoding->said.settle(c->state, c->planes), "settle", err)
               : 0;
}

void *calibration_plane(const struct calibration *c, uint32_t plane)
{
    return c->planes[plane];
}

void calibration_apply(const struct calibration *c, uint64_t first,
                       struct pare_calibration *ret_calibration)
{
    ret_calibration->inputs = c->known.inputs;
    ret_calibration->state = c->state;
    ret_calibration->first_row = first / c->tensor->row_len;
    ret_calibration->first_column = first % c->tensor->row_len;
}

void calibration_free(struct calibration *c)
{
    if (!c)
        return;
    if (c->begun)
        c->encoding->said.end(c->state);
    model_free(c->job.model);
    free(c->bytes);
    free(c);
}
