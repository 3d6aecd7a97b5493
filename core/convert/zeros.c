/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Runs of zeros: see zeros.h. */
#include "convert/zeros.h"

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <string.h>
#include <unistd.h>

#define STEP 4096u /* bytes between looks, and the shortest run that counts */
#define WORD 8u    /* bytes of a look */
#define LONG_RUN (1u << 20)
#define SHARE 4 /* a run that is this part of its tensor counts, whatever its length */

static int is_zero(const unsigned char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return !word;
}

/* The first byte that is not zero, from `at` on. */
static size_t skip_zeros(const unsigned char *bytes, size_t at, size_t n)
{
    while (at + WORD <= n && is_zero(bytes + at))
        at += WORD;
    while (at < n && !bytes[at])
        at++;
    return at;
}

/* The first of the zeros that end before `at`. */
static size_t zeros_before(const unsigned char *bytes, size_t from, size_t at)
{
    while (at >= from + WORD && is_zero(bytes + at - WORD))
        at -= WORD;
    while (at > from && !bytes[at - 1])
        at--;
    return at;
}

static int is_counted(const struct model_tensor *t)
{
    const struct encoding *e = t->encoding;
    return e && !(e->flags & PARE_ENCODING_INTEGER) && t->n_planes == 1 && t->row_len > 1 &&
           t->rows > 1 && !text_ends(t->name, "bias");
}

static uint64_t plane_bytes(const struct model_tensor *t)
{
    return t->planes[0].length;
}

/* Whole rows at the end, or all but a few bytes of them, since weights may end in zero bytes. */
static int is_padding(const struct model_tensor *t, const struct zeros_run *run)
{
    uint64_t row = plane_bytes(t) / t->rows, over = row ? run->start % row : 0;
    return run->start + run->length == plane_bytes(t) && (over == 0 || row - over <= WORD) &&
           run->length < plane_bytes(t) / SHARE;
}

/* Keeps the first, but rather those that have a place in a file than those of computed tensors. */
static void keep_place(struct zeros *zeros, const struct zeros_run *run)
{
    const struct model_tensor *tensors = zeros->model->tensors;
    if (zeros->n < ZEROS_PLACES) {
        zeros->places[zeros->n] = *run;
        return;
    }
    for (size_t i = 0; !tensors[run->tensor].computed && i < ZEROS_PLACES; i++)
        if (tensors[zeros->places[i].tensor].computed) {
            zeros->places[i] = *run;
            return;
        }
}

static void close_run(struct zeros *zeros)
{
    struct zeros_run *run = &zeros->open;
    const struct model_tensor *t = &zeros->model->tensors[run->tensor];
    uint64_t length = run->length;
    if (length >= STEP && (length >= LONG_RUN || length >= plane_bytes(t) / SHARE) &&
        !is_padding(t, run)) {
        keep_place(zeros, run);
        zeros->n++;
        zeros->bytes += length;
    }
    run->length = 0;
}

static void begin_slab(struct zeros *zeros, const struct slab *slab, uint64_t at)
{
    if (zeros->open.tensor == slab->tensor && zeros->seen_end == at)
        return;
    if (zeros->open.length)
        close_run(zeros);
    zeros->open.tensor = slab->tensor;
    zeros->is_counted = is_counted(&zeros->model->tensors[slab->tensor]);
}

void zeros_look(struct zeros *zeros, const struct slab *slab, const struct slab_shape *shape,
                const void *bytes)
{
    const unsigned char *b = bytes;
    size_t n = (size_t)shape->length[0], pos = 0;
    uint64_t at = shape->offset[0];
    begin_slab(zeros, slab, at);
    zeros->seen_end = at + n;
    if (!zeros->is_counted || !n)
        return;
    if (zeros->open.length) {
        pos = skip_zeros(b, 0, n);
        zeros->open.length += pos;
        if (pos == n)
            return;
        close_run(zeros);
    }
    for (size_t p = pos; p + WORD <= n; p += STEP) {
        if (!is_zero(b + p))
            continue;
        size_t start = zeros_before(b, pos, p);
        p = skip_zeros(b, p, n);
        zeros->open.start = at + start;
        zeros->open.length = p - start;
        if (p == n)
            return;
        close_run(zeros);
        pos = p;
    }
    size_t last = zeros_before(b, pos, n);
    zeros->open.start = at + last;
    zeros->open.length = n - last;
}

/* "tensor `x`, 1048576 bytes from byte 4096 of model.safetensors (a hole: never written)" */
static void describe(const struct zeros *zeros, const struct zeros_run *run, struct strbuf *sb)
{
    const struct model_tensor *t = &zeros->model->tensors[run->tensor];
    strbuf_printf(sb, "tensor `%s`, %llu bytes", text_show(t->name).text,
                  (unsigned long long)run->length);
    if (t->computed) {
        strbuf_printf(sb, " from its byte %llu", (unsigned long long)run->start);
        return;
    }
    const struct model_file *file = &zeros->model->files[t->planes[0].file];
    uint64_t at = t->planes[0].offset + run->start;
    off_t middle = (off_t)(at + run->length / 2);
    int hole = !file->text && lseek(file->fd, middle, SEEK_HOLE) == middle;
    strbuf_printf(sb, " from byte %llu of %s%s", (unsigned long long)at, file->name,
                  hole ? " (a hole: never written)" : "");
}

char *zeros_end(struct zeros *zeros)
{
    struct strbuf sb = STRBUF_INIT;
    if (zeros->open.length)
        close_run(zeros);
    if (!zeros->n)
        return NULL;
    strbuf_puts(&sb, "zeros where weights should be, as in an unfinished download: ");
    for (uint64_t i = 0; i < zeros->n && i < ZEROS_PLACES; i++) {
        strbuf_puts(&sb, i ? "; " : "");
        describe(zeros, &zeros->places[i], &sb);
    }
    if (zeros->n > ZEROS_PLACES)
        strbuf_printf(&sb, "; and %llu more places, %llu bytes in all",
                      (unsigned long long)(zeros->n - ZEROS_PLACES),
                      (unsigned long long)zeros->bytes);
    char *text = strbuf_finish(&sb);
    if (!text)
        memory_note_failure();
    return text;
}
