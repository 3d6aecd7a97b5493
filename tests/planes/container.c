/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The simplest format that holds any planes: "PLNE", how many tensors (64 bits), then an entry of
 * ENTRY bytes for each, then the planes one after another.
 */
#include "planes.h"

#include <string.h>

#define MAGIC "PLNE"
#define HEAD 12u
#define NAME 64

struct entry { /* as it lies in the file, little-endian */
    char name[NAME], encoding[NAME];
    uint64_t n_dims, n_planes;
    uint64_t dims[PARE_MAX_DIMS];
    uint64_t offset[PARE_MAX_PLANES], length[PARE_MAX_PLANES];
};

struct reader {
    const struct pare_host *host;
    struct pare_job *job;
    uint64_t n, told;
    struct entry entry;
};

static int planes_probe(const struct pare_probe *probe)
{
    return probe->head_len >= HEAD && !memcmp(probe->head, MAGIC, 4) ? 90 : 0;
}

static int planes_open(const struct pare_host *host, struct pare_job *job, void **ret_state)
{
    struct reader *reader = host->alloc(job, 1, sizeof *reader);
    if (!reader)
        return PARE_ENOMEM;
    reader->host = host;
    reader->job = job;
    int r = host->read(job, 0, 4, &reader->n, sizeof reader->n);
    if (r == 0)
        *ret_state = reader;
    return r;
}

static int planes_next(void *state, struct pare_tensor *ret_tensor)
{
    struct reader *reader = state;
    struct entry *e = &reader->entry;
    if (reader->told == reader->n)
        return 0;
    int r = reader->host->read(reader->job, 0, HEAD + reader->told * sizeof *e, e, sizeof *e);
    if (r < 0)
        return r;
    reader->told++;
    *ret_tensor = (struct pare_tensor){ .struct_size = sizeof *ret_tensor,
                                        .name = { e->name, strnlen(e->name, NAME) },
                                        .encoding = e->encoding,
                                        .n_dims = (uint32_t)e->n_dims,
                                        .n_planes = (uint32_t)e->n_planes };
    memcpy(ret_tensor->dims, e->dims, sizeof e->dims);
    for (uint32_t i = 0; i < PARE_MAX_PLANES; i++)
        ret_tensor->planes[i] = (struct pare_extent){ 0, 0, e->offset[i], e->length[i] };
    return 1;
}

static void planes_close(void *state)
{
    struct reader *reader = state;
    reader->host->release(reader->job, reader);
}

static int planes_holds(const struct pare_encoding *encoding)
{
    return encoding->planes ? PARE_HOLDS : PARE_HOLDS_NOT;
}

/* Places a tensor's planes from *at on. */
static int place(const struct pare_host *host, struct pare_job *job, uint64_t i, uint32_t file,
                 struct entry *e, uint64_t *at)
{
    struct pare_tensor t = { .struct_size = sizeof t };
    int r = host->tensor_at(job, i, &t);
    if (r < 0)
        return r;
    if (t.name.len >= NAME)
        return host->fail(job, PARE_ENOTSUP, "the name of a tensor is too long");
    memcpy(e->name, t.name.data, t.name.len);
    memcpy(e->encoding, t.encoding, strnlen(t.encoding, NAME - 1));
    memcpy(e->dims, t.dims, sizeof e->dims);
    e->n_dims = t.n_dims;
    e->n_planes = t.n_planes;
    for (uint32_t p = 0; r == 0 && p < t.n_planes; p++) {
        e->offset[p] = *at;
        e->length[p] = t.planes[p].length;
        r = host->out_tensor(job, i, p, file, *at);
        *at += t.planes[p].length;
    }
    return r;
}

static int planes_layout(const struct pare_host *host, struct pare_job *job, void **ret_state)
{
    uint64_t n = host->tensor_count(job), size = HEAD + n * sizeof(struct entry), at = size;
    uint32_t file;
    (void)ret_state;
    unsigned char *head = host->alloc(job, 1, size);
    struct entry *entries = host->alloc(job, n, sizeof *entries);
    if (!head || !entries)
        return PARE_ENOMEM;
    int r = host->out_file(job, "", &file);
    for (uint64_t i = 0; r == 0 && i < n; i++)
        r = place(host, job, i, file, &entries[i], &at);
    memcpy(head, MAGIC, 4);
    memcpy(head + 4, &n, sizeof n);
    memcpy(head + HEAD, entries, n * sizeof *entries);
    if (r == 0)
        r = host->out_literal(job, file, 0, head, size);
    return r == 0 ? host->out_size(job, file, at) : r;
}

static const struct pare_reader reader = { .struct_size = sizeof reader,
                                           .name = "planes",
                                           .summary = "for tests: any planes",
                                           .probe = planes_probe,
                                           .open = planes_open,
                                           .next = planes_next,
                                           .close = planes_close };
static const struct pare_reader *const readers[] = { &reader, NULL };

static const struct pare_writer writer = { .struct_size = sizeof writer,
                                           .name = "planes",
                                           .summary = "for tests: any planes",
                                           .suffix = ".planes",
                                           .holds = planes_holds,
                                           .layout = planes_layout };
static const struct pare_writer *const writers[] = { &writer, NULL };

static const struct pare_plugin plugin = { .struct_size = sizeof plugin,
                                           .name = "planes",
                                           .version = "1",
                                           .summary = "for tests of planes",
                                           .readers = readers,
                                           .writers = writers,
                                           .encodings = planes_encodings };
PARE_PLUGIN(plugin)
