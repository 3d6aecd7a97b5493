/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Views for writers: see arrange.h. Axes are exchanged as those of a matrix are: all that a writer
 * may ask for is that two groups of neighbouring axes at the end change places, [O, I, H, W] to
 * [O, H, W, I] as [O, I, HW] to [O, HW, I]. So there are up to three views on each other: one makes
 * matrices of the groups, one transposes, one gives the dimensions that were asked for.
 */
#include "plugin/arrange.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "model/metadata.h"
#include "plugin/view.h"

#include <string.h>

#define LAYERS 3

struct layer {
    struct view *view;
    struct source *source;
};

struct arranged {
    struct layer layers[LAYERS];
    size_t n;
};

/* Dimensions of a tensor. */
struct shape {
    uint64_t dims[PARE_MAX_DIMS];
    uint32_t n;
};

/* How a wish comes true. */
struct steps {
    int turns;                  /* 1: axes change places */
    struct shape before, after; /* [..., A, B] and [..., B, A] */
    struct shape wanted;
};

static int refuse_axes(const struct model_tensor *t, const struct pare_view *wish,
                       struct error *err)
{
    _cleanup_strbuf_ struct strbuf axes = STRBUF_INIT;
    for (uint32_t i = 0; i < wish->n_axes; i++)
        strbuf_printf(&axes, "%s%u", i ? ", " : "", wish->axes[i]);
    return error_set(err, PARE_ENOTSUP,
                     "tensor `%s`: the writer wants its axes as [%s]: only two groups of axes at "
                     "the end can change places",
                     text_show(t->name).text, axes.data ? axes.data : "");
}

static uint64_t product(const uint64_t *dims, uint32_t n)
{
    uint64_t elements = 1;
    for (uint32_t i = 0; i < n; i++)
        elements *= dims[i]; /* of a tensor: they do not overflow */
    return elements;
}

/* The axes from `first` on must be those from `second` on, and then those between the two. */
static int turn(const struct model_tensor *t, const struct pare_view *wish, struct steps *steps,
                struct error *err)
{
    uint32_t first = 0, n = t->n_dims;
    while (first < wish->n_axes && wish->axes[first] == first)
        first++;
    if (first == wish->n_axes)
        return 0;
    uint32_t second = wish->axes[first];
    for (uint32_t i = first; i < n; i++) {
        uint32_t at = i - first < n - second ? second + (i - first)
                                             : first + (i - first) - (n - second);
        if (wish->axes[i] != at)
            return refuse_axes(t, wish, err);
    }
    uint64_t a = product(t->dims + first, second - first),
             b = product(t->dims + second, n - second);
    memcpy(steps->before.dims, t->dims, first * sizeof *t->dims);
    steps->before.dims[first] = a;
    steps->before.dims[first + 1] = b;
    steps->before.n = first + 2;
    steps->after = steps->before;
    steps->after.dims[first] = b;
    steps->after.dims[first + 1] = a;
    steps->turns = 1;
    return 0;
}

/* What has to be done for a wish, or for a tensor of which nothing is wished. */
static int plan_steps(const struct model_tensor *t, const struct pare_view *wish,
                      struct steps *steps, struct error *err)
{
    *steps = (struct steps){ .wanted = { .n = t->n_dims } };
    for (uint32_t i = 0; i < t->n_dims; i++)
        steps->wanted.dims[i] = t->dims[wish->n_axes ? wish->axes[i] : i];
    steps->before = steps->wanted;
    int r = wish->n_axes ? turn(t, wish, steps, err) : 0;
    if (wish->n_dims) {
        steps->wanted.n = wish->n_dims;
        memcpy(steps->wanted.dims, wish->dims, sizeof steps->wanted.dims);
    }
    return r;
}

/* What the tensor is for stays; where its channels are, as far as that can be told. */
static void hand_on_facts(const struct model_tensor *from, const struct pare_view *wish,
                          struct model_tensor *to)
{
    to->role = from->role;
    to->op = from->op;
    to->channel = wish->n_dims ? 0 : from->channel;
    for (uint32_t i = 0; to->channel && i < wish->n_axes; i++)
        if (wish->axes[i] + 1 == from->channel)
            to->channel = i + 1;
}

static int add_tensor(struct view *view, const struct model_tensor *from, uint64_t i,
                      const struct shape *shape, int turns, struct error *err)
{
    struct view_tensor tensor = { .name = from->name, .n_dims = shape->n };
    memcpy(tensor.dims, shape->dims, sizeof tensor.dims);
    return turns ? view_add_transposed(view, &tensor, i, NULL, err)
                 : view_add_same(view, &tensor, i, err);
}

/* The view number `layer` of three: before, turned, wanted; or, where nothing turns, the last. */
static int fill_layer(struct view *view, const struct model *model, const struct pare_view *wishes,
                      int layer, struct error *err)
{
    int r = 0;
    for (uint64_t i = 0; r == 0 && i < model->n_tensors; i++) {
        const struct model_tensor *t = &model->tensors[i];
        struct steps steps;
        r = plan_steps(t, &wishes[i], &steps, err);
        if (r == 0 && layer < LAYERS - 1 && !steps.turns) {
            struct shape same = { .n = t->n_dims };
            memcpy(same.dims, t->dims, sizeof same.dims);
            r = add_tensor(view, t, i, &same, 0, err);
        } else if (r == 0) {
            const struct shape *shape = layer == 0   ? &steps.before
                                        : layer == 1 ? &steps.after
                                                     : &steps.wanted;
            r = add_tensor(view, t, i, shape, layer == 1, err);
        }
        if (r == 0)
            hand_on_facts(t, &wishes[i], &view_model(view)->tensors[i]);
    }
    return r;
}

static int copy_metadata(const struct model *from, struct model *to, struct error *err)
{
    int r = 0;
    for (uint64_t i = 0; r == 0 && i < from->n_meta; i++)
        r = meta_share(to, &from->meta[i], err);
    return r;
}

DEFINE_CLEANUP(struct arranged *, arranged_free);

static int build(struct source *base, const struct pare_view *wishes, int turns,
                 struct arranged **ret_arranged, struct error *err)
{
    CLEANUP(arranged_free_cleanup) struct arranged *arranged = calloc(1, sizeof *arranged);
    struct source *below = base;
    int r = arranged ? 0 : error_oom(err);
    for (int layer = turns ? 0 : LAYERS - 1; r == 0 && layer < LAYERS; layer++) {
        struct layer *l = &arranged->layers[arranged->n++];
        r = view_new(below, &l->view, err);
        if (r == 0)
            r = fill_layer(l->view, base->model, wishes, layer, err);
        if (r == 0 && layer == LAYERS - 1)
            r = copy_metadata(base->model, view_model(l->view), err);
        if (r == 0)
            r = view_source(l->view, &l->source, err);
        below = l->source;
    }
    if (r == 0)
        *ret_arranged = TAKE(arranged);
    return r;
}

/* 1: some tensor's axes are asked to change places; 2: only dimensions; 0: nothing. */
static int what_is_wished(const struct pare_view *wishes, uint64_t n)
{
    int wished = 0;
    for (uint64_t i = 0; i < n; i++) {
        if (wishes[i].n_axes)
            return 1;
        if (wishes[i].n_dims)
            wished = 2;
    }
    return wished;
}

int arranged_make(const struct layout_request *request, struct source *base,
                  struct arranged **ret_arranged, struct error *err)
{
    const uint64_t n = request->target->n_tensors;
    if (!request->writer->arrange)
        return 1;
    _cleanup_free_ struct pare_view *wishes = calloc(n + 1, sizeof *wishes);
    int r = wishes ? layout_arrange(request, wishes, err) : error_oom(err);
    if (r < 0)
        return r;
    int wished = what_is_wished(wishes, n);
    return wished ? build(base, wishes, wished == 1, ret_arranged, err) : 1;
}

void arranged_free(struct arranged *arranged)
{
    for (size_t i = arranged ? arranged->n : 0; i-- > 0;) {
        source_close(arranged->layers[i].source);
        view_free(arranged->layers[i].view);
    }
    free(arranged);
}

struct source *arranged_source(struct arranged *arranged)
{
    return arranged->layers[arranged->n - 1].source;
}

struct model *arranged_model(struct arranged *arranged)
{
    return view_model(arranged->layers[arranged->n - 1].view);
}
