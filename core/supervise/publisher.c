/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Publishing one target: see publisher.h. */
#include "supervise/publisher.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "results/rows_file.h"
#include "supervise/publish.h"
#include "supervise/side_task.h"
#include "supervise/staged.h"

#define AT_ONCE 2000 /* so many rows take a few milliseconds */

struct publisher {
    struct publication publication;
    int64_t tensors, sampled;
    int rows_fd;
    struct rows_file *rows;
    struct side_task *task;
};

void publisher_free(struct publisher *p)
{
    if (!p)
        return;
    side_task_free(p->task);
    rows_file_close(p->rows);
    cleanup_close(&p->rows_fd);
    json_decref(p->publication.head);
    free(p);
}

struct counted_rows {
    struct tensor_rows rows, *from;
    uint64_t probed; /* weights that verification was to look at */
};

static int count_and_pass(struct tensor_rows *rows, struct tensor_row *ret_row, struct error *err)
{
    struct counted_rows *counted = (struct counted_rows *)rows; /* its first member */
    int r = counted->from->next(counted->from, ret_row, err);
    if (r > 0 && __builtin_add_overflow(counted->probed, ret_row->probe_count, &counted->probed))
        counted->probed = UINT64_MAX;
    return r;
}

/* What the verifier counted in the written file must be what the conversion told of. */
static int compare_verified(const struct publisher *p, uint64_t probed, struct error *err)
{
    uint64_t told = rows_file_count(p->rows);
    if (!p->tensors ||
        (p->tensors == (int64_t)told && p->sampled >= 0 && (uint64_t)p->sampled <= probed))
        return 0;
    return error_set(err, PARE_EVERIFY,
                     "the verifying worker found %lld tensors and %lld sampled weights, the "
                     "converting one told of %llu and %llu",
                     (long long)p->tensors, (long long)p->sampled, (unsigned long long)told,
                     (unsigned long long)probed);
}

/* In the child, or at once. The rows are read from the beginning. */
static int write_all(void *context, struct error *err)
{
    struct publisher *p = context;
    struct counted_rows counted = { { count_and_pass }, rows_file_rows(p->rows), 0 };
    rows_file_rewind(p->rows);
    int r = publish_write(&p->publication, &counted.rows, rows_file_count(p->rows), err);
    return r < 0 ? r : compare_verified(p, counted.probed, err);
}

/* Writes for the next name that is free. 1: written; 0: somebody is at it. */
static int begin(struct publisher *p, struct error *err)
{
    int r = publish_choose_name(&p->publication, err);
    if (r < 0)
        return r;
    if (rows_file_count(p->rows) > AT_ONCE)
        return side_task_start(write_all, p, &p->task, err);
    r = write_all(p, err);
    return r < 0 ? r : 1;
}

int publisher_start(const struct publisher_request *request, struct publisher **ret_publisher,
                    struct error *err)
{
    struct publisher *p = calloc(1, sizeof *p);
    if (!p)
        return error_oom(err);
    p->publication = (struct publication){ .out_dirfd = request->out_dirfd,
                                           .dirfd = request->dirfd,
                                           .stem = request->stem,
                                           .suffix = request->suffix,
                                           .head = json_incref(request->head) };
    p->tensors = request->tensors;
    p->sampled = request->sampled;
    p->rows_fd = -1;
    int r = file_open_regular(request->dirfd, STAGED_ROWS, 1, &p->rows_fd, err);
    if (r == 0)
        r = rows_file_open(p->rows_fd, &p->rows, err);
    if (r < 0) {
        publisher_free(p);
        return r;
    }
    *ret_publisher = p;
    return 0;
}

int publisher_step(struct publisher *p, struct error *err)
{
    int r = p->task ? side_task_check(p->task, err) : begin(p, err);
    while (r > 0) {
        side_task_free(TAKE(p->task));
        r = publish_move(&p->publication, err);
        if (r == 0) {
            rows_file_rewind(p->rows);
            return 1;
        }
        if (r > 0) /* the name was taken meanwhile */
            r = begin(p, err);
    }
    return r;
}

int publisher_fd(const struct publisher *p)
{
    return p->task ? side_task_fd(p->task) : -1;
}

struct tensor_rows *publisher_rows(struct publisher *p)
{
    return rows_file_rows(p->rows);
}
