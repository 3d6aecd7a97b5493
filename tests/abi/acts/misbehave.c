/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A plugin that is good until it is told to do something wrong: its reader by the file ("BAD1" or,
 * with a read() of its own, "BAD2", then the act; weights from byte 64 on), its writer by the
 * option `act`, its kernels by their encoding. ../behaviour.py has the list of what must come of
 * each.
 */
#include <pare/plugin.h>

#include <stdlib.h>
#include <string.h>

#define DATA 64
#define ROWS 4
#define COLUMNS 8

struct bad {
    const struct pare_host *host;
    struct pare_job *job;
    char act[DATA];
    uint32_t told;
};

static int is(const struct bad *bad, const char *act)
{
    return !strcmp(bad->act, act);
}

static int probe_1(const struct pare_probe *probe)
{
    if (probe->head_len < DATA || memcmp(probe->head, "BAD", 3) != 0)
        return 0;
    return probe->head[3] == '1' ? 90 : probe->head[3] == '3' ? 1000 : 0;
}

static int probe_2(const struct pare_probe *probe)
{
    return probe->head_len >= DATA && !memcmp(probe->head, "BAD2", 4) ? 90 : 0;
}

static struct pare_str text(const char *s)
{
    return (struct pare_str){ s, strlen(s) };
}

static int set_u32(struct bad *bad, const char *key, uint32_t type, const uint32_t *data)
{
    struct pare_value value = { sizeof value, type, 0, 1, data };
    return bad->host->meta_set(bad->job, text(key), &value);
}

/* Host services used wrongly. */
static int abuse_host(struct bad *bad)
{
    const uint32_t seven = 7;
    char byte;
    if (is(bad, "alloc-huge"))
        return bad->host->alloc(bad->job, 1u << 20, 1u << 20) ? 0 : PARE_ENOMEM;
    if (is(bad, "alloc-overflow"))
        return bad->host->alloc(bad->job, UINT64_MAX, UINT64_MAX) ? 0 : PARE_ENOMEM;
    if (is(bad, "read-past-end"))
        return bad->host->read(bad->job, 0, UINT64_MAX, &byte, 1);
    if (is(bad, "read-file-9"))
        return bad->host->read(bad->job, 9, 0, &byte, 1);
    if (is(bad, "role-9"))
        return bad->host->file_role(bad->job, 0, 9);
    if (is(bad, "meta-twice") && set_u32(bad, "k", PARE_U32, &seven) == 0)
        return set_u32(bad, "k", PARE_U32, &seven);
    if (is(bad, "meta-type"))
        return set_u32(bad, "k", 99, &seven);
    if (is(bad, "meta-null"))
        return set_u32(bad, "k", PARE_U32, NULL);
    if (is(bad, "layout-in-reader"))
        return bad->host->out_size(bad->job, 0, 1);
    if (is(bad, "fail-positive"))
        return bad->host->fail(bad->job, 5, "a positive code");
    if (is(bad, "fail-control"))
        return bad->host->fail(bad->job, PARE_EDATA, "bell\a escape\x1b[2J");
    if (is(bad, "fail-long"))
        return bad->host->fail(bad->job, PARE_EDATA, "%4000d", 1);
    return 0;
}

static int act_open(const struct pare_host *host, struct pare_job *job, void **ret_state)
{
    struct bad *bad = host->alloc(job, 1, sizeof *bad);
    if (!bad)
        return PARE_ENOMEM;
    bad->host = host;
    bad->job = job;
    int r = host->read(job, 0, 4, bad->act, DATA - 4);
    if (r == 0)
        r = abuse_host(bad);
    *ret_state = bad;
    if (is(bad, "open-silent"))
        return PARE_EIO;
    if (is(bad, "open-12345"))
        return 12345;
    if (is(bad, "open-minus-999"))
        return -999;
    if (is(bad, "open-sets-state")) { /* close would use what is gone */
        memset(bad, 0x5a, sizeof *bad);
        r = host->fail(job, PARE_EDATA, "open has cleaned up");
    }
    return r;
}

static int change_tensor(const struct bad *bad, struct pare_tensor *t)
{
    if (is(bad, "next-no-name"))
        t->name.data = NULL;
    else if (is(bad, "next-empty-name"))
        t->name.len = 0;
    else if (is(bad, "next-no-encoding"))
        t->encoding = NULL;
    else if (is(bad, "next-odd-encoding"))
        t->encoding = "\xff 32";
    else if (is(bad, "next-dims-overflow"))
        t->dims[0] = t->dims[1] = UINT64_C(1) << 40;
    else if (is(bad, "next-nine-dims"))
        t->n_dims = 9;
    else if (is(bad, "next-outside"))
        t->planes[0].offset++;
    else if (is(bad, "next-extent-overflow"))
        t->planes[0].offset = UINT64_MAX - 4;
    else if (is(bad, "next-length"))
        t->planes[0].length--;
    else if (is(bad, "next-file-7"))
        t->planes[0].file = 7;
    else if (is(bad, "next-no-planes"))
        t->n_planes = 0;
    else if (is(bad, "next-two-planes"))
        t->n_planes = 2;
    else if (is(bad, "next-computed"))
        t->flags = PARE_TENSOR_COMPUTED;
    else if (is(bad, "next-channel-3"))
        t->channel = 3;
    else if (is(bad, "next-unknown"))
        t->encoding = "unheard-of";
    else if (is(bad, "next-12345"))
        return 12345;
    else if (is(bad, "next-minus-999"))
        return -999;
    else if (is(bad, "next-silent"))
        return PARE_ENOTSUP;
    else if (is(bad, "next-crash"))
        abort();
    return 1;
}

static int act_next(void *state, struct pare_tensor *ret_tensor)
{
    struct bad *bad = state;
    struct pare_tensor t = { .struct_size = sizeof t,
                             .name = { "weights", 7 },
                             .encoding = "bad32",
                             .n_dims = 2,
                             .n_planes = 1,
                             .dims = { ROWS, COLUMNS },
                             .planes = { { 0, 0, DATA, ROWS * COLUMNS * 4 } } };
    uint32_t most = is(bad, "next-two-names") || is(bad, "next-overlap") ? 2 : 1;
    if (bad->told == most)
        return 0;
    if (bad->told++ && is(bad, "next-overlap"))
        t.name = text("other");
    int r = change_tensor(bad, &t);
    *ret_tensor = t;
    return r;
}

static int next_computed(void *state, struct pare_tensor *ret_tensor)
{
    int r = act_next(state, ret_tensor);
    ret_tensor->flags = PARE_TENSOR_COMPUTED;
    return r;
}

static void act_close(void *state)
{
    struct bad *bad = state;
    bad->host->release(bad->job, bad);
}

static int act_read(void *state, uint64_t tensor, uint32_t plane, uint64_t offset, void *buffer,
                    size_t n)
{
    const uint32_t seven = 7;
    struct bad *bad = state;
    (void)tensor, (void)plane;
    if (is(bad, "read-silent"))
        return PARE_EIO;
    if (is(bad, "read-12345"))
        return 12345;
    if (is(bad, "read-meta"))
        return set_u32(bad, "k", PARE_U32, &seven);
    if (is(bad, "read-role"))
        return bad->host->file_role(bad->job, 0, PARE_FILE_SIDE);
    if (is(bad, "read-says"))
        return bad->host->fail(bad->job, PARE_EDATA, "the stream is damaged");
    return bad->host->read(bad->job, 0, DATA + offset, buffer, n);
}

static int good_layout(const struct pare_host *host, struct pare_job *job, uint32_t *ret_file)
{
    int r = host->out_file(job, "", ret_file);
    if (r == 0)
        r = host->out_literal(job, *ret_file, 0, "GOOD", 4);
    if (r == 0)
        r = host->out_tensor(job, 0, 0, *ret_file, DATA);
    return r == 0 ? host->out_size(job, *ret_file, DATA + ROWS * COLUMNS * 4) : r;
}

static int bad_places(const struct pare_host *host, struct pare_job *job, const char *act,
                      uint32_t file)
{
    if (!strcmp(act, "layout-twice"))
        return host->out_size(job, file, 1000) < 0 ? -1 : host->out_tensor(job, 0, 0, file, 300);
    if (!strcmp(act, "layout-overlap"))
        return host->out_literal(job, file, DATA + 5, "x", 1);
    if (!strcmp(act, "layout-outside"))
        return host->out_literal(job, file, DATA + ROWS * COLUMNS * 4, "x", 1);
    if (!strcmp(act, "layout-overflow"))
        return host->out_literal(job, file, UINT64_MAX, "xx", 2);
    if (!strcmp(act, "layout-file-7"))
        return host->out_literal(job, 7, 0, "x", 1);
    if (!strcmp(act, "layout-tensor-9"))
        return host->out_tensor(job, 9, 0, file, 0);
    if (!strcmp(act, "layout-plane-3"))
        return host->out_tensor(job, 0, 3, file, 0);
    if (!strcmp(act, "layout-side-9"))
        return host->out_side(job, 9, file);
    if (!strcmp(act, "layout-null"))
        return host->out_literal(job, file, 8, NULL, 8);
    if (!strcmp(act, "layout-huge"))
        return host->out_size(job, file, UINT64_C(1) << 62);
    if (!strcmp(act, "layout-two-files"))
        return host->out_file(job, "second", &file);
    return 0;
}

static int layout(const struct pare_host *host, struct pare_job *job, void **ret_state)
{
    (void)ret_state;
    const char *act = host->option(job, "act");
    uint32_t file, again;
    if (!act)
        act = "";
    if (!strcmp(act, "layout-nothing"))
        return 0;
    if (!strcmp(act, "layout-12345"))
        return 12345;
    if (!strcmp(act, "layout-minus-999"))
        return -999;
    if (!strcmp(act, "layout-silent"))
        return PARE_EDATA;
    if (!strcmp(act, "layout-missing"))
        return host->out_file(job, "", &file);
    if (!strcmp(act, "layout-slash"))
        return host->out_file(job, "../escape", &file);
    if (!strcmp(act, "layout-dots"))
        return host->out_file(job, "..", &file);
    if (!strcmp(act, "layout-same-names"))
        return host->out_file(job, "a", &file) < 0 ? -1 : host->out_file(job, "a", &again);
    int r = good_layout(host, job, &file);
    return r == 0 ? bad_places(host, job, act, file) : r;
}

static int finish(const struct pare_host *host, struct pare_job *job, void *state)
{
    (void)state;
    const char *act = host->option(job, "act");
    uint32_t file;
    if (!act || strncmp(act, "finish-", 7) != 0)
        return 0;
    if (!strcmp(act, "finish-good"))
        return host->out_literal(job, 0, 1, "AA", 2);
    if (!strcmp(act, "finish-weights"))
        return host->out_literal(job, 0, DATA, "x", 1);
    if (!strcmp(act, "finish-gap"))
        return host->out_literal(job, 0, 3, "xx", 2);
    if (!strcmp(act, "finish-tensor"))
        return host->out_tensor(job, 0, 0, 0, DATA);
    if (!strcmp(act, "finish-file") && host->out_file(job, "second", &file) == 0)
        return host->out_literal(job, file, 0, "x", 0);
    if (!strcmp(act, "finish-outside"))
        return host->out_literal(job, 0, 1000, "x", 1);
    if (!strcmp(act, "finish-size"))
        return host->out_size(job, 0, 5000) < 0 ? -1 : host->out_literal(job, 0, 4000, "x", 1);
    return !strcmp(act, "finish-12345") ? 12345 : PARE_EIO;
}

static void encode_32(const float *x, uint64_t rows, uint64_t row_len,
                      const struct pare_calibration *calibration, void *const *planes)
{
    (void)calibration;
    memcpy(planes[0], x, rows * row_len * 4);
}

static void decode_32(const void *const *planes, uint64_t rows, uint64_t row_len, float *x)
{
    memcpy(x, planes[0], rows * row_len * 4);
}

static void encode_crash(const float *x, uint64_t rows, uint64_t row_len,
                         const struct pare_calibration *calibration, void *const *planes)
{
    volatile char *volatile nowhere = NULL;
    (void)x, (void)rows, (void)row_len, (void)calibration, (void)planes;
    *nowhere = 1;
}

static void encode_abort(const float *x, uint64_t rows, uint64_t row_len,
                         const struct pare_calibration *calibration, void *const *planes)
{
    (void)x, (void)rows, (void)row_len, (void)calibration, (void)planes;
    abort();
}

static void encode_loop(const float *x, uint64_t rows, uint64_t row_len,
                        const struct pare_calibration *calibration, void *const *planes)
{
    (void)x, (void)rows, (void)row_len, (void)calibration, (void)planes;
    for (volatile int on = 1; on;)
        continue;
}

static const char *const held[] = { "bad32", "crash8", "abort8", "loop8", NULL };
static int holds(const struct pare_encoding *encoding)
{
    for (const char *const *name = held; *name; name++)
        if (!strcmp(*name, encoding->name))
            return PARE_HOLDS;
    return PARE_HOLDS_NOT;
}

static const struct pare_reader reader_1 = { .struct_size = sizeof reader_1,
                                             .name = "bad",
                                             .summary = "misbehaves",
                                             .probe = probe_1,
                                             .open = act_open,
                                             .next = act_next,
                                             .close = act_close };
static const struct pare_reader reader_2 = { .struct_size = sizeof reader_2,
                                             .name = "bad-stream",
                                             .summary = "misbehaves",
                                             .probe = probe_2,
                                             .open = act_open,
                                             .next = next_computed,
                                             .close = act_close,
                                             .read = act_read };
static const struct pare_writer writer = { .struct_size = sizeof writer,
                                           .name = "bad",
                                           .summary = "misbehaves",
                                           .suffix = ".bad",
                                           .holds = holds,
                                           .layout = layout,
                                           .finish = finish };
static const struct pare_plane plane = { sizeof plane, "data", PARE_PER_BLOCK, 32 };
static const struct pare_plane *const planes[] = { &plane, NULL };

#define ENCODING(id, text_name, flag, encoder)                                               \
    static const struct pare_kernel kernel_##id = { sizeof kernel_##id, "c", 0, encoder,     \
                                                    decode_32 };                             \
    static const struct pare_kernel *const kernels_##id[] = { &kernel_##id, NULL };          \
    static const struct pare_encoding encoding_##id = { .struct_size = sizeof encoding_##id, \
                                                        .name = text_name,                   \
                                                        .summary = "misbehaves",             \
                                                        .flags = flag,                       \
                                                        .block_len = 1,                      \
                                                        .planes = planes,                    \
                                                        .kernels = kernels_##id }

ENCODING(good, "bad32", PARE_ENCODING_FLOAT, encode_32);
ENCODING(crash, "crash8", PARE_ENCODING_QUANTIZED, encode_crash);
ENCODING(abort, "abort8", PARE_ENCODING_QUANTIZED, encode_abort);
ENCODING(loop, "loop8", PARE_ENCODING_QUANTIZED, encode_loop);

static const struct pare_reader *const readers[] = { &reader_1, &reader_2, NULL };
static const struct pare_writer *const writers[] = { &writer, NULL };
static const struct pare_encoding *const encodings[] = { &encoding_good, &encoding_crash,
                                                         &encoding_abort, &encoding_loop, NULL };
static const struct pare_plugin plugin = { .struct_size = sizeof plugin,
                                           .name = "misbehave",
                                           .version = "1",
                                           .summary = "misbehaves",
                                           .readers = readers,
                                           .writers = writers,
                                           .encodings = encodings };
PARE_PLUGIN(plugin)
