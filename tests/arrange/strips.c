/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A format that uses what a writer can ask for: views of tensors before they are encoded, bytes of
 * the source as they are, the tensor of the source that one is made of, and digests of what was
 * written. Little-endian machines only:
 *
 *   header   64 bytes: "STR1", u32 tensors, the source's format (24), its first 32 bytes
 *            64 bytes: the SHA-256 of the source's first file, or zeros
 *   records  448 bytes each: struct record
 *   data     floats, one tensor after the other
 *
 * What it wants of a tensor, its name says: conv... [O, I, H, W] becomes [O, H, W, I]; fc... is
 * transposed; flat... becomes one row; gate... is transposed and becomes one row; wrong... is asked
 * for in an order that cannot be had. The option `act` breaks rules.
 */
#include <pare/plugin.h>
#include <string.h>

#define HEADER 128
#define COPIED 32

struct record {
    char name[128];
    uint32_t n_dims, encoding; /* 0: f32; 1: i32 */
    uint64_t dims[PARE_MAX_DIMS];
    uint64_t offset, length;
    char sha256[64], crc32[8];
    char made_of[128]; /* "NAME [ROWS]" of the source, or "" */
    char facts[32];    /* role, channel */
};

struct state {
    const struct pare_host *host;
    struct pare_job *job;
    uint64_t next, n;
};

static int starts(struct pare_str name, const char *text)
{
    return name.len >= strlen(text) && !memcmp(name.data, text, strlen(text));
}

static void copy_text(char *to, size_t room, struct pare_str from)
{
    memcpy(to, from.data, from.len < room ? from.len : room);
}

static int probe(const struct pare_probe *p)
{
    return p->head_len >= HEADER && !memcmp(p->head, "STR1", 4) ? 99 : 0;
}

static int read_strips(const struct pare_host *host, struct pare_job *job, void **ret_state)
{
    uint32_t n;
    struct state *state = host->alloc(job, 1, sizeof *state);
    if (!state)
        return PARE_ENOMEM;
    int r = host->read(job, 0, 4, &n, sizeof n);
    if (r < 0)
        return r;
    *state = (struct state){ host, job, 0, n };
    *ret_state = state;
    return 0;
}

static int next(void *state, struct pare_tensor *tensor)
{
    static struct record record;
    struct state *s = state;
    if (s->next == s->n)
        return 0;
    int r = s->host->read(s->job, 0, HEADER + s->next++ * sizeof record, &record, sizeof record);
    if (r < 0)
        return r;
    tensor->name = (struct pare_str){ record.name, strnlen(record.name, sizeof record.name) };
    tensor->encoding = record.encoding ? "i32" : "f32";
    tensor->n_dims = record.n_dims;
    tensor->n_planes = 1;
    memcpy(tensor->dims, record.dims, sizeof tensor->dims);
    tensor->planes[0] = (struct pare_extent){ .offset = record.offset, .length = record.length };
    return 1;
}

static void close_state(void *state)
{
    struct state *s = state;
    s->host->release(s->job, s);
}

static int holds(const struct pare_encoding *encoding)
{
    return !strcmp(encoding->name, "f32") || !strcmp(encoding->name, "i32");
}

/* What is wanted of a tensor; 0: nothing. */
static int wish_of(const struct pare_tensor *tensor, struct pare_view *view)
{
    *view = (struct pare_view){ .struct_size = sizeof *view };
    uint64_t elements = 1;
    for (uint32_t i = 0; i < tensor->n_dims; i++)
        elements *= tensor->dims[i];
    if (starts(tensor->name, "conv") || starts(tensor->name, "wrong")) {
        const uint32_t last = starts(tensor->name, "conv");
        const uint32_t axes[] = { 0, 2, last ? 3 : 1, last ? 1 : 3 };
        view->n_axes = 4;
        memcpy(view->axes, axes, sizeof axes);
    }
    if (starts(tensor->name, "fc") || starts(tensor->name, "gate")) {
        view->n_axes = 2;
        view->axes[0] = 1;
    }
    if (starts(tensor->name, "flat") || starts(tensor->name, "gate")) {
        view->n_dims = 1;
        view->dims[0] = elements;
    }
    return view->n_axes || view->n_dims;
}

static int break_rules(const struct pare_host *host, struct pare_job *job, const char *act)
{
    struct pare_view view = { .struct_size = sizeof view, .n_dims = 1, .dims = { 7 } };
    struct pare_value value = { .struct_size = sizeof value, .count = 1, .data = "x" };
    uint32_t file;
    if (!strcmp(act, "dims"))
        return host->view(job, 0, &view);
    view.n_dims = 0;
    view.n_axes = 1;
    if (!strcmp(act, "axes"))
        return host->view(job, 0, &view);
    view.n_axes = 0;
    if (!strcmp(act, "twice"))
        return host->view(job, 0, &view) < 0 ? 0 : host->view(job, 0, &view);
    if (!strcmp(act, "beyond"))
        return host->view(job, 1000, &view);
    if (!strcmp(act, "meta"))
        return host->meta_set(job, (struct pare_str){ "k", 1 }, &value);
    if (!strcmp(act, "out"))
        return host->out_file(job, "", &file);
    return 0;
}

static int arrange(const struct pare_host *host, struct pare_job *job)
{
    const char *act = host->option(job, "act");
    uint64_t n = host->tensor_count(job);
    int r = act ? break_rules(host, job, act) : 0;
    for (uint64_t i = 0; r >= 0 && i < n; i++) {
        struct pare_tensor tensor = { .struct_size = sizeof tensor };
        struct pare_view view;
        r = host->tensor_at(job, i, &tensor);
        if (r >= 0 && wish_of(&tensor, &view))
            r = host->view(job, i, &view);
    }
    return r < 0 ? r : 0;
}

static int lay_record(const struct pare_host *host, struct pare_job *job, uint64_t i,
                      uint64_t *offset)
{
    struct record record = { .offset = *offset };
    struct pare_tensor tensor = { .struct_size = sizeof tensor };
    struct pare_tensor from = { .struct_size = sizeof from };
    int r = host->tensor_at(job, i, &tensor);
    if (r < 0)
        return r;
    copy_text(record.name, sizeof record.name, tensor.name);
    record.n_dims = tensor.n_dims;
    record.encoding = !strcmp(tensor.encoding, "i32");
    memcpy(record.dims, tensor.dims, sizeof record.dims);
    record.length = tensor.planes[0].length;
    if (tensor.role)
        strncpy(record.facts, tensor.role, sizeof record.facts - 2);
    record.facts[sizeof record.facts - 1] = (char)tensor.channel;
    r = host->source_tensor(job, i, &from);
    if (r == 1)
        copy_text(record.made_of, sizeof record.made_of, from.name);
    if (r >= 0)
        r = host->out_literal(job, 0, HEADER + i * sizeof record, &record, sizeof record);
    if (r >= 0)
        r = host->out_tensor(job, i, 0, 0, *offset);
    *offset += record.length;
    return r;
}

static int layout(const struct pare_host *host, struct pare_job *job, void **ret_state)
{
    char header[HEADER] = "STR1";
    uint32_t file, n = (uint32_t)host->tensor_count(job);
    uint64_t offset = HEADER + n * sizeof(struct record);
    const char *act = host->option(job, "act");
    memcpy(header + 4, &n, sizeof n);
    strncpy(header + 8, host->source_format(job), 23);
    int r = host->out_file(job, "", &file);
    if (r >= 0)
        r = host->out_literal(job, file, 0, header, 32);
    if (r >= 0)
        r = host->out_literal(job, file, 64, header + 64, 64);
    if (r >= 0)
        r = host->out_copy(job, file, 32, 0, 0, COPIED);
    for (uint32_t i = 0; r >= 0 && i < n; i++)
        r = lay_record(host, job, i, &offset);
    if (r >= 0)
        r = host->out_size(job, file, offset);
    if (r < 0 || (act && !strcmp(act, "stateless")))
        return r;
    struct state *state = host->alloc(job, 1, sizeof *state);
    if (!state)
        return PARE_ENOMEM;
    *state = (struct state){ host, job, 0, n };
    *ret_state = state;
    return 0;
}

static int patch(const struct pare_host *host, struct pare_job *job, const struct record *record,
                 uint64_t at)
{
    char hex[PARE_DIGEST_SIZE];
    int r = host->out_digest(job, PARE_SHA256, 0, record->offset, record->length, hex);
    if (r >= 0)
        r = host->out_literal(job, 0, at + offsetof(struct record, sha256), hex, 64);
    if (r >= 0)
        r = host->out_digest(job, PARE_CRC32, 0, record->offset, record->length, hex);
    return r < 0 ? r : host->out_literal(job, 0, at + offsetof(struct record, crc32), hex, 8);
}

static int finish(const struct pare_host *host, struct pare_job *job, void *state)
{
    (void)state;
    uint64_t n = host->tensor_count(job), offset = HEADER + n * sizeof(struct record);
    char hex[PARE_DIGEST_SIZE];
    int r = host->source_digest(job, 0, hex);
    if (r == 1)
        r = host->out_literal(job, 0, 64, hex, 64);
    for (uint64_t i = 0; r >= 0 && i < n; i++) {
        struct pare_tensor tensor = { .struct_size = sizeof tensor };
        r = host->tensor_at(job, i, &tensor);
        struct record record = { .offset = offset, .length = tensor.planes[0].length };
        if (r >= 0)
            r = patch(host, job, &record, HEADER + i * sizeof record);
        offset += record.length;
    }
    return r < 0 ? r : 0;
}

static const struct pare_reader reader = { .struct_size = sizeof reader,
                                           .name = "strips",
                                           .summary = "test: floats, arranged",
                                           .probe = probe,
                                           .open = read_strips,
                                           .next = next,
                                           .close = close_state };
static const struct pare_writer writer = { .struct_size = sizeof writer,
                                           .name = "strips",
                                           .summary = "test: floats, arranged",
                                           .suffix = ".strips",
                                           .holds = holds,
                                           .arrange = arrange,
                                           .layout = layout,
                                           .finish = finish,
                                           .close = close_state };
static const struct pare_reader *const readers[] = { &reader, NULL };
static const struct pare_writer *const writers[] = { &writer, NULL };
static const struct pare_plugin plugin = { .struct_size = sizeof plugin,
                                           .name = "strips",
                                           .version = "1",
                                           .summary = "test: a writer that arranges",
                                           .readers = readers,
                                           .writers = writers };
PARE_PLUGIN(plugin)
