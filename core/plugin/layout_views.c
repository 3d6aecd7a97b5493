/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* A writer's wishes before there is a layout: which tensors it wants otherwise (arrange.h). */
#include "base/text.h"
#include "plugin/cpu.h"
#include "plugin/host_private.h"

#include <string.h>

static int check_axes(struct pare_job *job, const struct model_tensor *t,
                      const struct pare_view *view)
{
    uint32_t seen = 0;
    for (uint32_t i = 0; i < view->n_axes && i < PARE_MAX_DIMS; i++)
        if (view->axes[i] < t->n_dims)
            seen |= 1u << view->axes[i];
    if (view->n_axes == 0 || (view->n_axes == t->n_dims && seen == (1u << t->n_dims) - 1))
        return 0;
    return error_set(job->err, PARE_EPLUGIN, "view of tensor `%s`: its axes are not the tensor's",
                     text_show(t->name).text);
}

static int check_dims(struct pare_job *job, const struct model_tensor *t,
                      const struct pare_view *view)
{
    uint64_t elements = 1;
    int overflows = view->n_dims > PARE_MAX_DIMS;
    for (uint32_t i = 0; !overflows && i < view->n_dims; i++)
        overflows = __builtin_mul_overflow(elements, view->dims[i], &elements);
    if (view->n_dims == 0 || (!overflows && elements == t->elements))
        return 0;
    return error_set(job->err, PARE_EPLUGIN,
                     "view of tensor `%s`: its dims do not have the tensor's %llu elements",
                     text_show(t->name).text, (unsigned long long)t->elements);
}

int layout_view(struct pare_job *job, uint64_t tensor, const struct pare_view *view)
{
    size_t size = 0;
    struct pare_view wish = { 0 };
    if (!job->views)
        return error_set(job->err, PARE_EPLUGIN, "view of tensor %llu was called outside arrange",
                         (unsigned long long)tensor);
    if (view)
        memcpy(&size, view, sizeof size);
    if (tensor >= job->model->n_tensors || size < PARE_VIEW_SIZE_1)
        return error_set(job->err, PARE_EPLUGIN, "the writer asks for a view of tensor %llu",
                         (unsigned long long)tensor);
    if (job->views[tensor].struct_size)
        return error_set(job->err, PARE_EPLUGIN, "the writer asks for two views of tensor %llu",
                         (unsigned long long)tensor);
    memcpy(&wish, view, size < sizeof wish ? size : sizeof wish);
    wish.struct_size = sizeof wish;
    int r = check_axes(job, &job->model->tensors[tensor], &wish);
    if (r == 0)
        r = check_dims(job, &job->model->tensors[tensor], &wish);
    if (r == 0)
        job->views[tensor] = wish;
    return r;
}

int layout_arrange(const struct layout_request *request, struct pare_view *ret_wishes,
                   struct error *err)
{
    const struct pare_writer *writer = request->writer;
    struct error said = ERROR_INIT;
    struct pare_host host;
    struct pare_job job = { .model = request->target,
                            .options = request->options,
                            .asked = request->asked,
                            .hooks = request->hooks,
                            .err = &said,
                            .registry = request->registry,
                            .request = request,
                            .views = ret_wishes };
    host_init(&host, cpu_detect());
    int r = host_result(&job, writer->arrange(&host, &job), 0, writer->name, "arrange");
    if (r < 0)
        *err = said;
    return r;
}
