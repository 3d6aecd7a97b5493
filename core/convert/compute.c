/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A compute thread of the pipeline. Per slab: decode the source once; per target encode, decode
 * what was encoded, measure the one against the other, and write. A tensor that keeps its
 * encoding is written as it was read; one whose encoding wants to see all of it first is calibrated
 * before (calibrate.c). What becomes of the figures is in figures.c.
 * Where there is importance, each matrix of a tensor (each expert) has its own: a slab that spans
 * several is encoded in pieces, one per matrix. Slabs of small tensors are encoded in one call, as
 * far as they are alike: kernels are fast with many rows.
 */
#include "base/checksum.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "base/timing.h"
#include "convert/pipeline_private.h"
#include "weights/importance_rows.h"

#include <fcntl.h>
#include <string.h>

struct computer {
    struct pipeline *p;
    float *x, *y;           /* decoded source, decoded result; x: of the slab that is dealt with */
    unsigned char *encoded; /* planes one after another */
    struct importance_rows importance;
    uint64_t *unsynced; /* by target: bytes written since the disk was last asked to begin */
    struct stage_seconds seconds;
    size_t culprit; /* position of the only target that a failure concerns, or SIZE_MAX */
};

/* A slab on its way into one target. */
struct task {
    const struct slab *slab;
    const struct target *target;
    const struct model_tensor *from, *to;
    const struct target_place *places; /* of the planes of `to` */
    const struct plan_choice *choice;
    const struct calibration *calibration; /* or NULL */
    int same;                              /* it keeps its encoding */
    struct slab_shape shape;               /* in that of `to` */
    const void *planes[PARE_MAX_PLANES];   /* what it became */
};

#define SYNC_BYTES (32u << 20)

/* Starts writing to disk what has piled up, so that fsync has little left to wait for. */
static void start_sync(struct computer *c, const struct target *target, int fd, uint64_t written)
{
    uint64_t *unsynced = &c->unsynced[target->position];
    *unsynced += written;
    if (*unsynced < SYNC_BYTES)
        return;
    *unsynced = 0;
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* errors come with fsync */
}

static const struct model_tensor *source_tensor(const struct pipeline *p, uint64_t i)
{
    return &p->request->model->tensors[i];
}

static int decode_source(struct computer *c, const struct loaded_slab *l)
{
    const struct model_tensor *t = source_tensor(c->p, l->slab.tensor);
    uint64_t start = timing_now();
    if (!t->encoding)
        return 0;
    t->encoding->kernel.decode(l->planes, l->shape.rows, l->shape.row_len, c->x);
    c->seconds.decode += timing_since(start);
    return 1;
}

/* Sees what a slab becomes in a target. 0: nothing, it is dropped. */
static int task_init(const struct computer *c, const struct loaded_slab *l,
                     const struct target *target, struct task *task)
{
    const struct slab *slab = &l->slab;
    uint64_t index = target->by_source[slab->tensor];
    if (index == UINT64_MAX)
        return 0;
    task->slab = slab;
    task->target = target;
    task->from = source_tensor(c->p, slab->tensor);
    task->to = &target->plan->target->tensors[index];
    task->places = &target->places[index * PARE_MAX_PLANES];
    task->choice = &target->plan->choices[index];
    task->calibration = calibrate_of(c->p, slab->tensor, target);
    task->same = !strcmp(task->from->encoding_name, task->to->encoding_name);
    slab_shape_make(task->to, &c->p->cuts[slab->tensor], slab->first, slab->count, &task->shape);
    return 1;
}

/* 1 when the slab's write is the one that has this plane. Planes of the whole tensor are written
 * once: those that are made, when they are; others with the first slab. */
static int writes_plane(const struct task *task, uint32_t plane)
{
    const struct encoding *e = task->to->encoding;
    return !e || !plane_is_shared(&e->planes[plane]) || (task->same && !task->slab->number);
}

/* The checksum of what a slab became, for a life that goes on after this one. */
static uint64_t sum_planes(const struct task *task)
{
    const uint64_t number = task->slab->number;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < task->to->n_planes; i++)
        if (audit_takes(task->to->encoding, i, number))
            sum += checksum_of(task->planes[i], task->shape.length[i], audit_seed(number, i));
    return sum;
}

static int write_planes(struct computer *c, const struct task *task, struct measure *m,
                        struct error *err)
{
    uint64_t start = timing_now();
    int r = 0;
    if (c->p->request->checkpoints)
        m->written = sum_planes(task);
    for (uint32_t i = 0; r == 0 && i < task->to->n_planes; i++) {
        int fd = task->target->fds[task->places[i].file];
        uint64_t length = task->shape.length[i];
        if (!writes_plane(task, i))
            continue;
        r = file_pwrite(fd, task->planes[i], length, task->places[i].offset + task->shape.offset[i],
                        err);
        start_sync(c, task->target, fd, length);
    }
    c->seconds.write += timing_since(start);
    return r < 0 ? error_prefix(err, "%s", task->target->stem) : 0;
}

/* 1 when a slab can be encoded in pieces that end where matrices do: tiles must not lie across. */
static int divides_by_matrix(const struct model_tensor *t)
{
    uint64_t rows = t->n_dims > 1 ? t->dims[t->n_dims - 2] : 1;
    return rows == t->rows || rows % encoding_tile_rows(t->encoding) == 0;
}

/* Encodes the decoded slab to the planes, each matrix with its own importance. */
static int encode_weighted(struct computer *c, const struct task *task,
                           struct pare_calibration *calibration, void *const *planes,
                           struct error *err)
{
    const struct model_tensor *t = task->to;
    const struct slab *slab = task->slab;
    if (!divides_by_matrix(t))
        return error_set(err, PARE_ENOTSUP,
                         "tensor `%s`: tiles of %s lie across its matrices, so that importance "
                         "cannot be used: choose another encoding for it",
                         text_show(t->name).text, t->encoding_name);
    for (uint64_t done = 0; done < slab->count;) {
        uint64_t at = slab->first + done;
        uint64_t count = importance_rows_piece(t, at, slab->count - done);
        void *part[PARE_MAX_PLANES] = { 0 };
        struct slab_shape shape;
        slab_shape_make(t, &c->p->cuts[slab->tensor], at, count, &shape);
        int r = importance_rows_load(&c->importance, task->choice->importance, t, at, shape.row_len,
                                     err);
        if (r < 0)
            return r;
        for (uint32_t i = 0; i < t->n_planes; i++)
            part[i] = (unsigned char *)planes[i] + (shape.offset[i] - task->shape.offset[i]);
        calibration->importance = c->importance.values;
        if (task->calibration)
            calibration_apply(task->calibration, at, calibration);
        t->encoding->kernel.encode(c->x + done, shape.rows, shape.row_len, calibration, part);
        done += count;
    }
    return 0;
}

/* The codes of a tensor on its encoding's lattice. */
static int recover_slab(const struct computer *c, const struct task *task, void *const *planes,
                        struct error *err)
{
    const struct model_tensor *t = task->to;
    uint32_t grain = lattice_grain(task->from->encoding, task->choice->lattice);
    if (t->encoding->recover(c->x, task->shape.rows, task->shape.row_len, grain, planes) == 1)
        return 0;
    return error_set(err, PARE_EDATA,
                     "tensor `%s`: weights that lay on the lattice of %s when they were looked at "
                     "do not any more: the source is being written",
                     text_show(t->name).text, t->encoding_name);
}

/* Encodes the decoded slab; the task gets where its planes are. */
static int encode_slab(struct computer *c, struct task *task, struct error *err)
{
    const struct model_tensor *t = task->to;
    struct pare_calibration calibration = { .struct_size = sizeof calibration,
                                            .search = task->target->plan->search };
    void *planes[PARE_MAX_PLANES] = { 0 };
    uint64_t at = 0, start = timing_now();
    int r = 0;
    for (uint32_t i = 0; i < t->n_planes; i++) {
        planes[i] = task->calibration ? calibration_plane(task->calibration, i) : NULL;
        if (!planes[i]) {
            planes[i] = c->encoded + at;
            at += task->shape.length[i];
        }
        task->planes[i] = planes[i];
    }
    if (task->calibration)
        calibration_apply(task->calibration, task->slab->first, &calibration);
    if (task->choice->lattice)
        r = recover_slab(c, task, planes, err);
    else if (task->choice->importance)
        r = encode_weighted(c, task, &calibration, planes, err);
    else
        t->encoding->kernel.encode(c->x, task->shape.rows, task->shape.row_len, &calibration,
                                   planes);
    c->seconds.encode += timing_since(start);
    return r;
}

/* What the slab's weights are in the target: x, or what it became, decoded into y. */
static const float *decode_target(struct computer *c, const struct task *task)
{
    uint64_t start = timing_now();
    if (task->same)
        return c->x;
    task->to->encoding->kernel.decode(task->planes, task->shape.rows, task->shape.row_len, c->y);
    c->seconds.decode += timing_since(start);
    return c->y;
}

static int measure_slab(struct computer *c, const struct task *task, const float *y,
                        struct measure *m, struct error *err)
{
    const struct slab *slab = task->slab;
    uint64_t start = timing_now();
    measure_add(m, c->x, y, slab->count, slab->first);
    int r = importance_rows_weigh(&c->importance, task->from, &c->p->cuts[slab->tensor],
                                  slab->first, slab->count, c->x, y, m, err);
    c->seconds.measure += timing_since(start);
    return r;
}

static int is_integer(const struct encoding *e)
{
    return e && e->flags & PARE_ENCODING_INTEGER;
}

#define SAFE_MAGNITUDE 32768.0f /* of weights: encoded without importance, no sum overflows */

/* 1 when a slab without figures has to be measured all the same, for what is not finite. */
static int is_suspicious(const struct computer *c, const struct task *task)
{
    return task->choice->importance || task->calibration ||
           !(measure_largest(c->x, task->slab->count) <= SAFE_MAGNITUDE);
}

/* Measures an encoded slab as far as it is wanted or needed. */
static int measure_task(struct computer *c, const struct task *task, struct measure *m,
                        struct error *err)
{
    int wanted = figures_wanted(c->p, task->slab);
    if (!wanted && !is_suspicious(c, task))
        return 0;
    int r = measure_slab(c, task, decode_target(c, task), m, err);
    if (!wanted)
        figures_forget_sums(m);
    return r;
}

/* What became of a slab is measured, unless it could not be decoded, and written. */
static int finish_task(struct computer *c, const struct task *task, int decoded, struct measure *m,
                       struct error *err)
{
    int r = 0;
    if (decoded && !is_integer(task->from->encoding))
        r = measure_task(c, task, m, err);
    if (r < 0)
        return r;
    if ((m->nonfinite || m->overflowed) && !c->p->request->keep_nonfinite)
        return figures_refuse(c->p, task->slab, c->x, m, task->to->encoding_name,
                              task->choice->importance != NULL, err);
    return write_planes(c, task, m, err);
}

/* Notes that a target has failed for a reason that others may not have: weights of the source that
 * are no numbers would fail them, too. */
static int blame(struct computer *c, const struct target *target, const struct measure *m, int code)
{
    if (error_is_lasting(code) && !m->nonfinite)
        c->culprit = target->position;
    return code;
}

/* One slab in one target. *m gets its figures. */
static int do_target(struct computer *c, const struct loaded_slab *l, const struct target *target,
                     int decoded, struct measure *m, struct error *err)
{
    struct task task;
    uint64_t start = timing_now();
    int r = 0;
    *m = (struct measure)MEASURE_INIT;
    if (!task_init(c, l, target, &task))
        return 0;
    if (task.same)
        memcpy(task.planes, l->planes, sizeof task.planes);
    else
        r = encode_slab(c, &task, err);
    if (r == 0)
        r = finish_task(c, &task, decoded, m, err);
    m->seconds = timing_since(start);
    return r < 0 ? blame(c, target, m, r) : 0;
}

static int compute_slab(struct computer *c, const struct loaded_slab *l, struct measure *figures,
                        struct error *err)
{
    const struct pipeline_request *q = c->p->request;
    int r = calibrate_tensor(c->p, l->slab.tensor, c->x, &c->seconds.encode, err);
    if (r < 0)
        return r;
    int decoded = decode_source(c, l);
    for (size_t j = 0; r == 0 && j < q->n_targets; j++)
        r = do_target(c, l, q->targets[j], decoded, &figures[j], err);
    return r;
}

/* Slabs that are alike, decoded one after another, in one target; all: they as a single one. */
static int do_together(struct computer *c, const struct loaded_slab *slabs, unsigned n,
                       const struct loaded_slab *all, const struct target *target,
                       struct measure *figures, struct error *err)
{
    struct task together, task;
    const unsigned char *at[PARE_MAX_PLANES] = { 0 };
    float *const x = c->x;
    uint64_t start = timing_now();
    (void)task_init(c, all, target, &together);
    int r = encode_slab(c, &together, err);
    double seconds = timing_since(start);
    memcpy(at, together.planes, sizeof at);
    for (unsigned i = 0; r == 0 && i < n; i++) {
        uint64_t count = slabs[i].slab.count;
        struct measure *m = &figures[i * c->p->request->n_targets + target->position];
        *m = (struct measure)MEASURE_INIT;
        start = timing_now();
        (void)task_init(c, &slabs[i], target, &task);
        for (uint32_t k = 0; k < task.to->n_planes; k++) {
            task.planes[k] = at[k];
            at[k] += task.shape.length[k];
        }
        r = finish_task(c, &task, 1, m, err);
        r = r < 0 ? blame(c, target, m, r) : 0;
        m->seconds = timing_since(start) + seconds * (double)count / (double)all->slab.count;
        c->x += count;
    }
    c->x = x;
    return r;
}

static int compute_together(struct computer *c, const struct loaded_slab *slabs, unsigned n,
                            uint64_t elements, struct measure *figures, struct error *err)
{
    const struct loaded_slab all = { .slab = { .tensor = slabs[0].slab.tensor,
                                               .count = elements } };
    float *const x = c->x;
    int r = 0;
    for (unsigned i = 0; i < n; i++) {
        (void)decode_source(c, &slabs[i]);
        c->x += slabs[i].slab.count;
    }
    c->x = x;
    for (size_t j = 0; r == 0 && j < c->p->request->n_targets; j++)
        r = do_together(c, slabs, n, &all, c->p->request->targets[j], figures, err);
    return r;
}

/* All slabs of a batch; figures: of each slab in each target. */
static int compute_batch(struct computer *c, const struct batch *batch, struct measure *figures,
                         struct error *err)
{
    int r = 0;
    for (unsigned i = 0, n; r == 0 && i < batch->n; i += n) {
        const struct loaded_slab *l = &batch->slabs[i];
        struct measure *of = figures + i * c->p->request->n_targets;
        uint64_t elements;
        n = batch_alike(c->p, batch, i, &elements);
        if (l->slab.has_tensor)
            r = n == 1 ? compute_slab(c, l, of, err) : compute_together(c, l, n, elements, of, err);
    }
    return r;
}

static int work(struct computer *c, struct error *err)
{
    _cleanup_free_ struct measure *figures = calloc(c->p->request->n_targets * BATCH_SLABS + 1,
                                                    sizeof *figures);
    struct batch *batch;
    c->x = malloc(c->p->max_elements * sizeof *c->x);
    c->y = malloc(c->p->max_elements * sizeof *c->y);
    c->encoded = malloc(c->p->max_encoded);
    c->unsynced = calloc(c->p->request->n_targets + 1, sizeof *c->unsynced);
    if (!figures || !c->x || !c->y || !c->encoded || !c->unsynced)
        return error_oom(err);
    int r = importance_rows_init(&c->importance, c->p->request->importance, c->p->max_elements,
                                 err);
    while (r == 0 && (batch = ring_take_ready(&c->p->ring))) {
        r = compute_batch(c, batch, figures, err);
        if (r == 0)
            r = figures_keep(c->p, batch, figures, err);
        if (r == 0)
            calibrate_release(c->p, batch);
        ring_put_free(&c->p->ring, batch);
    }
    return r;
}

void *pipeline_computer(void *pipeline)
{
    struct computer c = { .p = pipeline, .culprit = SIZE_MAX };
    struct error err = ERROR_INIT;
    if (work(&c, &err) < 0)
        pipeline_fail(c.p, &err, c.culprit);
    free(c.x);
    free(c.y);
    free(c.encoded);
    free(c.unsynced);
    importance_rows_deinit(&c.importance);
    pipeline_ended(c.p, &c.seconds);
    return NULL;
}
