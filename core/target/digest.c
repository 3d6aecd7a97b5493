/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Digests of outputs: see digest.h. */
#include "target/digest.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/timing.h"
#include "plugin/layout.h"
#include "weights/slab.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define READ_BYTES (256u * 1024u)
#define AT_ONCE (8u << 20) /* bytes until the thread looks whether it is to stop */
#define LOOK_AGAIN 16u     /* slabs written before the thread is woken to look */

struct digest {
    struct digest_files files;
    char (*sha256)[HASH_HEX_SIZE]; /* of each file */
    pthread_t thread;
    int started;

    pthread_mutex_t lock;
    pthread_cond_t more;        /* for the thread: more is written, or sealed, or stopped */
    pthread_cond_t over;        /* it has ended */
    uint64_t *elements;         /* lock: of each tensor, that are written */
    unsigned unseen;            /* lock: slabs since the thread was woken */
    int sealed, stopped, ended; /* lock */
    uint64_t parts;             /* lock: that were asked for, to see that it goes on */
    struct digest_state state;  /* lock: where the thread was when it looked for more */
    double seconds;             /* once ended */
    struct error err;           /* the same */
};

/* Where the thread is. */
struct place {
    uint32_t file;
    uint64_t piece; /* the first that does not end before `at` */
    uint64_t at;    /* bytes of the file that are digested */
};

/* Bytes of a piece that are written, from its start; called with the lock. */
static uint64_t written_of(const struct digest *d, const struct layout_piece *piece)
{
    const struct model_tensor *t = &d->files.model->tensors[piece->tensor];
    uint64_t offset, length;
    if (d->sealed || piece->kind == LAYOUT_COPY)
        return piece->length;
    if (piece->kind == LAYOUT_LITERAL)
        return d->files.late_literals ? 0 : piece->length;
    if (d->elements[piece->tensor] == t->elements)
        return piece->length;
    slab_plane_range(t, piece->plane, 0, d->elements[piece->tensor], &offset, &length);
    return length;
}

/* The end of what can be read of the file; called with the lock. What lies between pieces is
 * zeros, and there from the beginning. */
static uint64_t readable(const struct digest *d, struct place *place)
{
    const struct layout *layout = d->files.layout;
    for (; place->piece < layout->n_pieces; place->piece++) {
        const struct layout_piece *piece = &layout->pieces[place->piece];
        if (piece->file > place->file)
            break;
        uint64_t written = written_of(d, piece);
        if (piece->file == place->file && written < piece->length)
            return piece->offset + written;
    }
    return layout->files[place->file].size;
}

/* Waits until more of the file is there. 1: *ret_end is where its next part ends; 0: all is to
 * stop. */
static int wait_for_more(struct digest *d, const struct hash *hash, struct place *place,
                         uint64_t *ret_end)
{
    (void)pthread_mutex_lock(&d->lock);
    d->state.file = place->file;
    d->state.at = place->at;
    hash_save(hash, d->state.hash);
    while (!d->stopped && (*ret_end = readable(d, place)) <= place->at &&
           place->at < d->files.layout->files[place->file].size)
        (void)pthread_cond_wait(&d->more, &d->lock);
    int r = !d->stopped;
    d->parts++;
    (void)pthread_mutex_unlock(&d->lock);
    if (r && *ret_end > place->at + AT_ONCE)
        *ret_end = place->at + AT_ONCE;
    return r;
}

static int digest_range(struct digest *d, struct hash *hash, struct place *place, uint64_t end,
                        unsigned char *buffer)
{
    while (place->at < end) {
        uint64_t left = end - place->at;
        size_t n = left < READ_BYTES ? (size_t)left : READ_BYTES;
        int r = file_pread(d->files.fds[place->file], buffer, n, place->at, &d->err);
        if (r < 0)
            return error_prefix(&d->err, "the output");
        uint64_t start = timing_now();
        hash_update(hash, buffer, n);
        d->seconds += timing_since(start);
        place->at += n;
    }
    return 0;
}

/* 1: all of it is digested; 0: all is to stop. from: the state at place->at, or NULL at 0. */
static int digest_one(struct digest *d, struct place *place, const unsigned char *from,
                      unsigned char *buffer)
{
    struct hash *hash = NULL;
    uint64_t end = 0;
    int r = hash_new(&hash, &d->err), go_on = 1;
    if (r == 0 && from)
        r = hash_load(hash, from, &d->err);
    while (r == 0 && (go_on = wait_for_more(d, hash, place, &end)) && place->at < end)
        r = digest_range(d, hash, place, end, buffer);
    if (r == 0 && go_on)
        hash_final(hash, d->sha256[place->file]);
    hash_free(hash);
    return r < 0 ? r : go_on;
}

static void *run(void *digest)
{
    struct digest *d = digest;
    struct digest_state from = d->state;
    struct place place = { .file = from.file, .at = from.at };
    _cleanup_free_ unsigned char *buffer = malloc(READ_BYTES);
    int r = buffer ? 1 : error_oom(&d->err);
    for (; r == 1 && place.file < d->files.layout->n_files; place.file++) {
        r = digest_one(d, &place, place.at ? from.hash : NULL, buffer);
        place.at = 0;
    }
    (void)pthread_mutex_lock(&d->lock);
    if (r == 1)
        d->state = (struct digest_state){ .file = place.file };
    d->ended = 1;
    (void)pthread_cond_signal(&d->over);
    (void)pthread_mutex_unlock(&d->lock);
    return NULL;
}

/* Puts a new digest where another one was. */
static int go_to(struct digest *d, const struct digest_state *from, char (*done)[HASH_HEX_SIZE],
                 struct error *err)
{
    const struct layout *layout = d->files.layout;
    if (from->file > layout->n_files ||
        from->at > (from->file < layout->n_files ? layout->files[from->file].size : 0))
        return error_set(err, PARE_EDATA, "a digest cannot go on at byte %llu of file %u",
                         (unsigned long long)from->at, from->file);
    d->state = *from;
    if (from->file)
        memcpy(d->sha256, done, from->file * sizeof *done);
    return 0;
}

static int start_thread(struct digest *d, struct error *err)
{
    int e = pthread_create(&d->thread, NULL, run, d);
    return e ? error_set(err, PARE_ENOMEM, "cannot start a thread for digests: %s", strerror(e))
             : 0;
}

int digest_start(const struct digest_files *files, const struct digest_state *from,
                 char (*done)[HASH_HEX_SIZE], struct digest **ret_digest, struct error *err)
{
    struct digest *d = calloc(1, sizeof *d);
    if (!d)
        return error_oom(err);
    d->files = *files;
    (void)pthread_mutex_init(&d->lock, NULL);
    (void)pthread_cond_init(&d->more, NULL);
    (void)pthread_cond_init(&d->over, NULL);
    d->sha256 = calloc(files->layout->n_files + 1u, sizeof *d->sha256);
    d->elements = calloc(files->model->n_tensors + 1, sizeof *d->elements);
    int r = d->sha256 && d->elements ? 0 : error_oom(err);
    if (r == 0 && from)
        r = go_to(d, from, done, err);
    if (r == 0)
        r = start_thread(d, err);
    if (r < 0) {
        digest_free(d);
        return r;
    }
    d->started = 1;
    *ret_digest = d;
    return 0;
}

void digest_free(struct digest *d)
{
    if (!d)
        return;
    (void)pthread_mutex_lock(&d->lock);
    d->stopped = 1;
    (void)pthread_cond_signal(&d->more);
    (void)pthread_mutex_unlock(&d->lock);
    if (d->started)
        (void)pthread_join(d->thread, NULL);
    (void)pthread_cond_destroy(&d->more);
    (void)pthread_cond_destroy(&d->over);
    (void)pthread_mutex_destroy(&d->lock);
    free(d->sha256);
    free(d->elements);
    free(d);
}

int digest_follows(const struct digest *d)
{
    return !d->files.late_literals;
}

void digest_written(struct digest *d, uint64_t tensor, uint64_t elements)
{
    (void)pthread_mutex_lock(&d->lock);
    d->elements[tensor] = elements;
    if (++d->unseen >= LOOK_AGAIN) {
        d->unseen = 0;
        (void)pthread_cond_signal(&d->more);
    }
    (void)pthread_mutex_unlock(&d->lock);
}

void digest_seal(struct digest *d)
{
    (void)pthread_mutex_lock(&d->lock);
    d->sealed = 1;
    (void)pthread_cond_signal(&d->more);
    (void)pthread_mutex_unlock(&d->lock);
}

int digest_wait(struct digest *d, void (*beat)(void *context), void *context, double *ret_seconds,
                struct error *err)
{
    (void)pthread_mutex_lock(&d->lock);
    uint64_t seen = d->parts;
    while (!d->ended) {
        struct timespec until = timing_deadline(0.2);
        int is_late = pthread_cond_clockwait(&d->over, &d->lock, CLOCK_MONOTONIC, &until) ==
                      ETIMEDOUT;
        int has_grown = d->parts != seen;
        seen = d->parts;
        if (!is_late || !has_grown)
            continue;
        (void)pthread_mutex_unlock(&d->lock); /* beat may ask where the digest is */
        beat(context);
        (void)pthread_mutex_lock(&d->lock);
    }
    (void)pthread_mutex_unlock(&d->lock);
    if (d->err.code) {
        *err = d->err;
        return d->err.code;
    }
    *ret_seconds = d->seconds;
    return 0;
}

void digest_state(struct digest *d, struct digest_state *ret_state)
{
    (void)pthread_mutex_lock(&d->lock);
    *ret_state = d->state;
    (void)pthread_mutex_unlock(&d->lock);
}

const char *digest_of_file(const struct digest *d, uint32_t file)
{
    return d->sha256[file];
}
