/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Readers of files in which some tensors lie as they are and others as hexadecimal text, which
 * `read` decodes; a library (library.h) finds them, over a file of callbacks. `mixed` ("MIXD") has
 * one handle and fails when two threads are in it at once. `mixed-parallel` ("MIXP") may run on
 * several: each call opens a handle, and for a tensor named "meet" waits until four are in it.
 */
#include <pare/plugin.h>

#include "library.h"

#include <stdatomic.h>
#include <time.h>

#define MEETING 4

struct mixed {
    const struct pare_host *host;
    struct pare_job *job;
    struct library library;
    struct library_record record; /* of the tensor given last: its texts are in use */
    uint32_t n, n_given;
    atomic_uint inside, met;
};

/* The library's file is the model's first: nothing is opened, host->read reads it. */
static void *file_open(void *context)
{
    return context;
}

static int file_read(void *file, uint64_t at, void *to, size_t n)
{
    const struct mixed *mixed = file;
    return mixed->host->read(mixed->job, 0, at, to, n) < 0 ? -1 : 0;
}

static void file_close(void *file)
{
    (void)file;
}

static const struct library_driver driver = { file_open, file_read, file_close };

/* The host has heard from host->read why. */
static int failed(int r)
{
    return r < 0 ? PARE_EIO : 0;
}

static int is_mixed(const struct pare_probe *probe, const char *magic)
{
    return probe->head_len >= 8 && !memcmp(probe->head, magic, 4) ? 90 : 0;
}

static int probe_serial(const struct pare_probe *probe)
{
    return is_mixed(probe, "MIXD");
}

static int probe_parallel(const struct pare_probe *probe)
{
    return is_mixed(probe, "MIXP");
}

static void mixed_close(void *state)
{
    struct mixed *mixed = state;
    library_close(&mixed->library);
    mixed->host->release(mixed->job, mixed);
}

static int mixed_open(const struct pare_host *host, struct pare_job *job, void **ret_state)
{
    struct mixed *mixed = host->alloc(job, 1, sizeof *mixed);
    if (!mixed)
        return PARE_ENOMEM;
    mixed->host = host;
    mixed->job = job;
    int r = failed(library_open(&mixed->library, &driver, mixed));
    library_seek(&mixed->library, 4);
    if (r == 0)
        r = failed(library_read(&mixed->library, &mixed->n, sizeof mixed->n));
    if (r == 0)
        *ret_state = mixed;
    else
        mixed_close(mixed);
    return r;
}

static int mixed_next(void *state, struct pare_tensor *ret_tensor)
{
    struct mixed *mixed = state;
    struct library_record *record = &mixed->record;
    if (mixed->n_given == mixed->n)
        return 0;
    if (library_record(&mixed->library, mixed->n_given, record) < 0)
        return PARE_EIO;
    mixed->n_given++;
    *ret_tensor = (struct pare_tensor){
        .struct_size = sizeof *ret_tensor,
        .name = { record->name, strnlen(record->name, sizeof record->name) },
        .encoding = "f32",
        .n_dims = 2,
        .n_planes = 1,
        .dims = { record->rows, record->columns },
        .planes = { { 0, 0, record->offset, 4ull * record->rows * record->columns } },
        .flags = record->is_text ? PARE_TENSOR_COMPUTED : 0,
        .channel = *record->role ? 1 : 0,
        .role = *record->role ? record->role : NULL,
        .op = *record->op ? record->op : NULL
    };
    return 1;
}

static int digit(unsigned char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* n bytes from `offset`: two digits each. */
static int decode(struct mixed *mixed, struct library *library, uint64_t tensor, uint64_t offset,
                  uint8_t *to, size_t n)
{
    struct library_record record;
    if (library_record(library, (uint32_t)tensor, &record) < 0)
        return PARE_EIO;
    if (!strcmp(record.op, "Gemm") && offset == 0)
        mixed->host->log(mixed->job, PARE_LOG_WARNING, "tensor %.16s: it was typed by hand",
                         record.name);
    library_seek(library, record.offset + 2 * offset);
    for (size_t i = 0; i < n; i++) {
        unsigned char digits[2];
        if (library_read(library, digits, sizeof digits) < 0)
            return PARE_EIO;
        int high = digit(digits[0]), low = digit(digits[1]);
        if (high < 0 || low < 0)
            return mixed->host->fail(mixed->job, PARE_EDATA,
                                     "tensor %.16s: byte %llu is no hexadecimal number",
                                     record.name, (unsigned long long)(offset + i));
        to[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

static int read_serial(void *state, uint64_t tensor, uint32_t plane, uint64_t offset, void *buffer,
                       size_t n)
{
    struct mixed *mixed = state;
    (void)plane;
    if (atomic_fetch_add(&mixed->inside, 1) > 0)
        return mixed->host->fail(mixed->job, PARE_EINTERNAL, "two threads are in it at once");
    int r = decode(mixed, &mixed->library, tensor, offset, buffer, n);
    atomic_fetch_sub(&mixed->inside, 1);
    return r;
}

/* Waits for all to come, ten seconds at most. */
static int meet(struct mixed *mixed)
{
    atomic_fetch_add(&mixed->met, 1);
    for (int i = 0; i < 10000 && atomic_load(&mixed->met) < MEETING; i++)
        (void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    if (atomic_load(&mixed->met) < MEETING)
        return mixed->host->fail(mixed->job, PARE_EINTERNAL, "nobody else came");
    return 0;
}

static int read_parallel(void *state, uint64_t tensor, uint32_t plane, uint64_t offset,
                         void *buffer, size_t n)
{
    struct mixed *mixed = state;
    struct library library;
    struct library_record record;
    (void)plane;
    int r = failed(library_open(&library, &driver, mixed));
    if (r == 0)
        r = failed(library_record(&library, (uint32_t)tensor, &record));
    if (r == 0 && !strcmp(record.name, "meet"))
        r = meet(mixed);
    if (r == 0)
        r = decode(mixed, &library, tensor, offset, buffer, n);
    library_close(&library);
    return r;
}

static const struct pare_reader serial = { .struct_size = sizeof serial,
                                           .name = "mixed",
                                           .summary = "plain tensors and computed ones",
                                           .probe = probe_serial,
                                           .open = mixed_open,
                                           .next = mixed_next,
                                           .close = mixed_close,
                                           .read = read_serial };
static const struct pare_reader parallel = { .struct_size = sizeof parallel,
                                             .name = "mixed-parallel",
                                             .summary = "the same, on several threads",
                                             .probe = probe_parallel,
                                             .open = mixed_open,
                                             .next = mixed_next,
                                             .close = mixed_close,
                                             .read = read_parallel,
                                             .flags = PARE_READER_PARALLEL };
static const struct pare_reader *const readers[] = { &serial, &parallel, NULL };
static const struct pare_plugin plugin = { .struct_size = sizeof plugin,
                                           .name = "mixed",
                                           .version = "1",
                                           .summary = "readers that compute some tensors",
                                           .readers = readers };
PARE_PLUGIN(plugin)
