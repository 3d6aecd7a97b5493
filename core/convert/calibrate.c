/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Looking at a whole tensor before it is encoded, where its encoding asks for that. The compute
 * thread that gets a tensor's first slab does so, for all targets in one pass over the weights, and
 * writes the planes that the tensor has as a whole; threads with other slabs of it wait, those with
 * slabs of other tensors do not. What was learned is freed once the last slab is written.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/timing.h"
#include "convert/pipeline_private.h"
#include "weights/floats.h"

#include <string.h>

struct tensor_calibration { /* of a tensor in one target */
    struct pipeline *p;
    struct target *target;
    struct host_hooks hooks;
    float *importance; /* or NULL */
    struct calibration *calibration;
};

#define MAX_WARNINGS 1000

static void take_warning(void *context, int level, const char *text)
{
    const struct tensor_calibration *c = context;
    (void)pthread_mutex_lock(&c->p->lock);
    if (level == PARE_LOG_WARNING && json_array_size(c->target->warnings) < MAX_WARNINGS)
        (void)json_array_append_new(c->target->warnings, json_text(text, strlen(text)));
    (void)pthread_mutex_unlock(&c->p->lock);
}

static int is_stopped(void *context)
{
    const struct tensor_calibration *c = context;
    (void)pthread_mutex_lock(&c->p->lock);
    int stopped = c->p->stopped;
    (void)pthread_mutex_unlock(&c->p->lock);
    return stopped;
}

int calibrate_wants(const struct target *target, uint64_t source)
{
    uint64_t i = target->by_source[source];
    if (i == UINT64_MAX || target->plan->choices[i].lattice)
        return 0;
    const struct model_tensor *t = &target->plan->target->tensors[i];
    return t->encoding && t->encoding != target->route->model->tensors[source].encoding &&
           calibration_is_needed(t->encoding);
}

int calibrate_prepare(struct pipeline *p, struct error *err)
{
    const struct pipeline_request *q = p->request;
    p->calibrations = calloc(q->model->n_tensors + 1, sizeof *p->calibrations);
    if (!p->calibrations)
        return error_oom(err);
    for (uint64_t i = 0; i < q->model->n_tensors; i++)
        for (size_t j = 0; j < q->n_targets; j++)
            p->calibrations[i].wanted |= calibrate_wants(q->targets[j], i);
    return 0;
}

/* The importance of all columns of all matrices of a tensor. */
static int load_importance(struct tensor_calibration *c, const struct importance_entry *entry,
                           struct calibration_request *request, struct error *err)
{
    uint64_t n = entry->row_len * entry->matrices;
    c->importance = calloc(n + 1, sizeof *c->importance);
    if (!c->importance)
        return error_oom(err);
    request->importance = c->importance;
    request->matrices = n / request->tensor->row_len;
    return importance_read(c->p->request->importance, entry, 0, n, c->importance, err);
}

static int begin(struct tensor_calibration *c, uint64_t source, struct error *err)
{
    const struct plan *plan = c->target->plan;
    uint64_t index = c->target->by_source[source];
    struct calibration_request request = { .registry = c->target->registry,
                                           .tensor = &plan->target->tensors[index],
                                           .options = c->target->options,
                                           .hooks = &c->hooks,
                                           .search = plan->search };
    _cleanup_json_ json_t *asked = json_object();
    int r = asked ? 0 : error_oom(err);
    request.asked = asked;
    c->hooks = (struct host_hooks){ take_warning, is_stopped, c };
    if (r == 0 && plan->choices[index].importance)
        r = load_importance(c, plan->choices[index].importance, &request, err);
    if (r == 0)
        r = calibration_begin(&request, &c->calibration, err);
    if (r < 0)
        return r;
    (void)pthread_mutex_lock(&c->p->lock);
    int failed = json_object_update(c->target->asked, asked) < 0;
    (void)pthread_mutex_unlock(&c->p->lock);
    return failed ? error_oom(err) : 0;
}

/* Some rows of the source's tensor, as they are decoded to be encoded. */
static int load_rows(struct pipeline *p, uint64_t tensor, uint64_t first, uint64_t count, float *x,
                     struct error *err)
{
    const struct model_tensor *t = &p->request->model->tensors[tensor];
    if (t->computed)
        (void)pthread_mutex_lock(&p->reading);
    int r = floats_load(p->request->source, t, tensor, &p->cuts[tensor], first, count, x, err);
    if (t->computed)
        (void)pthread_mutex_unlock(&p->reading);
    return r;
}

/* Sees whether to go on, and tells that something happens. */
static int go_on(struct pipeline *p, struct error *err)
{
    (void)pthread_mutex_lock(&p->lock);
    int stopped = p->stopped;
    p->steps++;
    (void)pthread_mutex_unlock(&p->lock);
    return stopped ? error_set(err, PARE_ECANCELLED, "the conversion has failed elsewhere") : 0;
}

/* Shows all weights to those that want to see them. */
static int gather(struct pipeline *p, uint64_t tensor, float *x, struct error *err)
{
    const struct tensor_calibration *of = p->calibrations[tensor].of;
    const struct model_tensor *t = &p->request->model->tensors[tensor];
    int wanted = 0, r = 0;
    for (size_t j = 0; j < p->request->n_targets; j++)
        wanted |= of[j].calibration && calibration_gathers(of[j].calibration);
    for (uint64_t i = 0; wanted && r == 0 && i < p->cuts[tensor].n_slabs; i++) {
        uint64_t first, count;
        slab_cut_range(t, &p->cuts[tensor], i, &first, &count);
        r = go_on(p, err);
        if (r == 0)
            r = load_rows(p, tensor, first, count, x, err);
        for (size_t j = 0; r == 0 && j < p->request->n_targets; j++)
            if (of[j].calibration && calibration_gathers(of[j].calibration))
                r = calibration_gather(of[j].calibration, x, first / t->row_len, count / t->row_len,
                                       t->row_len, err);
    }
    return r;
}

/* Makes the planes that the tensor has as a whole, and writes them. */
static int settle(const struct tensor_calibration *c, uint64_t source, struct error *err)
{
    const struct target *target = c->target;
    uint64_t index = target->by_source[source];
    const struct model_tensor *t = &target->plan->target->tensors[index];
    const struct target_place *places = &target->places[index * PARE_MAX_PLANES];
    int r = calibration_settle(c->calibration, err);
    for (uint32_t i = 0; r == 0 && i < t->n_planes; i++) {
        const void *plane = calibration_plane(c->calibration, i);
        if (!plane)
            continue;
        r = file_pwrite(target->fds[places[i].file], plane, t->planes[i].length, places[i].offset,
                        err);
        if (r < 0)
            return error_prefix(err, "%s", target->stem);
    }
    return r;
}

static int calibrate(struct pipeline *p, uint64_t tensor, float *x, struct error *err)
{
    const struct pipeline_request *q = p->request;
    struct tensor_calibration *of = calloc(q->n_targets + 1, sizeof *of);
    int r = 0;
    if (!of)
        return error_oom(err);
    p->calibrations[tensor].of = of;
    for (size_t j = 0; r == 0 && j < q->n_targets; j++) {
        of[j] = (struct tensor_calibration){ .p = p, .target = q->targets[j] };
        if (calibrate_wants(q->targets[j], tensor))
            r = begin(&of[j], tensor, err);
    }
    if (r == 0)
        r = gather(p, tensor, x, err);
    for (size_t j = 0; r == 0 && j < q->n_targets; j++)
        if (of[j].calibration)
            r = settle(&of[j], tensor, err);
    return r;
}

int calibrate_tensor(struct pipeline *p, uint64_t tensor, float *x, double *seconds,
                     struct error *err)
{
    struct tensor_calibrations *c = &p->calibrations[tensor];
    if (!c->wanted)
        return 0;
    (void)pthread_mutex_lock(&p->lock);
    while (c->stage == CALIBRATING_NOW && !p->stopped)
        (void)pthread_cond_wait(&p->calibrated, &p->lock);
    enum calibrating stage = c->stage;
    if (stage == CALIBRATING_NOT_YET)
        c->stage = CALIBRATING_NOW;
    (void)pthread_mutex_unlock(&p->lock);
    if (stage == CALIBRATING_NOW)
        return error_set(err, PARE_ECANCELLED, "the conversion has failed elsewhere");
    if (stage == CALIBRATING_DONE)
        return 0;
    uint64_t start = timing_now();
    int r = calibrate(p, tensor, x, err);
    *seconds += timing_since(start);
    if (r < 0)
        return r; /* which stops those who wait */
    (void)pthread_mutex_lock(&p->lock);
    c->stage = CALIBRATING_DONE;
    (void)pthread_cond_broadcast(&p->calibrated);
    (void)pthread_mutex_unlock(&p->lock);
    return 0;
}

const struct calibration *calibrate_of(const struct pipeline *p, uint64_t tensor,
                                       const struct target *target)
{
    const struct tensor_calibration *of = p->calibrations[tensor].of;
    return of ? of[target->position].calibration : NULL;
}

static void free_all(struct tensor_calibration *of, size_t n)
{
    for (size_t j = 0; of && j < n; j++) {
        calibration_free(of[j].calibration);
        free(of[j].importance);
    }
    free(of);
}

void calibrate_release(struct pipeline *p, const struct batch *batch)
{
    for (unsigned i = 0; i < batch->n; i++) {
        uint64_t tensor = batch->slabs[i].slab.tensor;
        struct tensor_calibrations *c = &p->calibrations[tensor];
        struct tensor_calibration *over = NULL;
        if (!batch->slabs[i].slab.has_tensor || !c->wanted)
            continue;
        (void)pthread_mutex_lock(&p->lock);
        if (p->tensors[tensor].slabs_done == p->cuts[tensor].n_slabs)
            over = TAKE(c->of);
        (void)pthread_mutex_unlock(&p->lock);
        free_all(over, p->request->n_targets);
    }
}

void calibrate_deinit(struct pipeline *p)
{
    for (uint64_t i = 0; p->calibrations && i < p->request->model->n_tensors; i++)
        free_all(p->calibrations[i].of, p->request->n_targets);
    free(p->calibrations);
}
