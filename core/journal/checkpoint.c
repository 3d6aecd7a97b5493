/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The thread that makes checkpoints durable: see checkpoint.h. */
#include "journal/checkpoint.h"

#include "base/cleanup.h"
#include "base/timing.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

struct checkpoints {
    struct checkpoints_request request;
    struct journal *journal; /* the thread's while it is busy */
    pthread_t thread;
    int started;
    uint64_t last; /* timing_now of the last block; the worker's */

    pthread_mutex_t lock;
    pthread_cond_t work; /* for the thread: a block is there, or all ends */
    pthread_cond_t idle; /* no block is on its way */
    struct strbuf block; /* lock: the one on its way, while busy */
    int busy, ending;    /* lock */
    int begun;           /* lock: a block was handed over, or the journal was there */
    int off;             /* lock: the journal is lost; nothing is written any more */
    struct error err;    /* lock: a sync has failed */
};

static volatile sig_atomic_t stop_wanted;

void checkpoints_ask_to_stop(int signal)
{
    (void)signal;
    stop_wanted = 1;
}

int checkpoints_stop_is_wanted(void)
{
    return stop_wanted;
}

static int append(struct checkpoints *c, const struct strbuf *block, struct error *err)
{
    _cleanup_free_ char *head = NULL;
    int r = 0;
    if (!c->journal)
        r = c->request.head(c->request.context, &head, err);
    if (r == 0 && !c->journal)
        r = journal_create(c->request.dirfd, head, &c->journal, err);
    return r < 0 ? r : journal_append(c->journal, block->data, block->len, err);
}

/* One block: first what it claims, then the block. */
static int write_out(struct checkpoints *c, const struct strbuf *block, struct error *err)
{
    struct error why = ERROR_INIT;
    int r = c->request.sync(c->request.context, err);
    if (r < 0)
        return r;
    if (append(c, block, &why) < 0) {
        c->request.told(c->request.context, 0, why.text);
        return 1;
    }
    c->request.told(c->request.context, journal_blocks(c->journal), NULL);
    return 0;
}

static void *run(void *checkpoints)
{
    struct checkpoints *c = checkpoints;
    (void)pthread_mutex_lock(&c->lock);
    for (;;) {
        while (!c->busy && !c->ending)
            (void)pthread_cond_wait(&c->work, &c->lock);
        if (!c->busy)
            break;
        struct error err = ERROR_INIT;
        int r = 1;
        if (!c->off && !c->err.code) {
            (void)pthread_mutex_unlock(&c->lock);
            r = write_out(c, &c->block, &err);
            (void)pthread_mutex_lock(&c->lock);
        }
        if (r < 0)
            c->err = err;
        c->off |= r != 0;
        strbuf_deinit(&c->block);
        c->block = (struct strbuf)STRBUF_INIT;
        c->busy = 0;
        (void)pthread_cond_broadcast(&c->idle);
    }
    (void)pthread_mutex_unlock(&c->lock);
    return NULL;
}

int checkpoints_new(const struct checkpoints_request *request, struct journal *journal,
                    struct checkpoints **ret_checkpoints, struct error *err)
{
    struct checkpoints *c = calloc(1, sizeof *c);
    if (!c) {
        journal_free(journal);
        return error_oom(err);
    }
    c->request = *request;
    c->journal = journal;
    c->begun = journal != NULL;
    c->last = timing_now();
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->work, NULL);
    (void)pthread_cond_init(&c->idle, NULL);
    *ret_checkpoints = c;
    return 0;
}

void checkpoints_free(struct checkpoints *c)
{
    if (!c)
        return;
    (void)pthread_mutex_lock(&c->lock);
    c->ending = 1;
    (void)pthread_cond_signal(&c->work);
    (void)pthread_mutex_unlock(&c->lock);
    if (c->started)
        (void)pthread_join(c->thread, NULL);
    (void)pthread_cond_destroy(&c->work);
    (void)pthread_cond_destroy(&c->idle);
    (void)pthread_mutex_destroy(&c->lock);
    strbuf_deinit(&c->block);
    journal_free(c->journal);
    free(c);
}

int checkpoints_are_due(struct checkpoints *c, uint64_t work)
{
    if (!work)
        return 0;
    return work >= c->request.bytes || timing_since(c->last) >= CHECKPOINT_SECONDS || stop_wanted;
}

int checkpoints_have_begun(struct checkpoints *c)
{
    (void)pthread_mutex_lock(&c->lock);
    int begun = c->begun;
    (void)pthread_mutex_unlock(&c->lock);
    return begun;
}

/* Waits until no block is on its way. Called with the lock. */
static int wait_idle(struct checkpoints *c, void (*beat)(void *context), void *context,
                     struct error *err)
{
    while (c->busy) {
        struct timespec until = timing_deadline(0.2);
        if (pthread_cond_clockwait(&c->idle, &c->lock, CLOCK_MONOTONIC, &until) != ETIMEDOUT)
            continue;
        (void)pthread_mutex_unlock(&c->lock);
        beat(context);
        (void)pthread_mutex_lock(&c->lock);
    }
    if (!c->err.code)
        return 0;
    *err = c->err;
    return c->err.code;
}

static int start_thread(struct checkpoints *c, struct error *err)
{
    int e = c->started ? 0 : pthread_create(&c->thread, NULL, run, c);
    if (e)
        return error_set(err, PARE_ENOMEM, "cannot start a thread for checkpoints: %s",
                         strerror(e));
    c->started = 1;
    return 0;
}

int checkpoints_add(struct checkpoints *c, struct strbuf *block, void (*beat)(void *context),
                    void *context, struct error *err)
{
    if (block->failed)
        return error_oom(err);
    int r = start_thread(c, err);
    if (r < 0)
        return r;
    (void)pthread_mutex_lock(&c->lock);
    r = wait_idle(c, beat, context, err);
    if (r == 0) {
        c->block = *block;
        c->busy = c->begun = 1;
        *block = (struct strbuf)STRBUF_INIT;
        (void)pthread_cond_signal(&c->work);
    }
    (void)pthread_mutex_unlock(&c->lock);
    c->last = timing_now();
    return r;
}

int checkpoints_flush(struct checkpoints *c, void (*beat)(void *context), void *context,
                      struct error *err)
{
    (void)pthread_mutex_lock(&c->lock);
    int r = wait_idle(c, beat, context, err);
    (void)pthread_mutex_unlock(&c->lock);
    return r;
}
