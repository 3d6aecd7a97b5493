/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * An example to copy: the smallest reader that is of use. It reads NumPy's .npy, one array per file
 * (numpy.lib.format, versions 1.0 to 3.0). Such a file is
 *
 *     "\x93NUMPY"  major  minor  header length (u16, from version 2.0 on u32, little-endian)
 *     {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   as Python would print it
 *     the elements, in C order
 *
 * A reader turns that header into a list of tensors, here of one, and never touches the elements:
 * the host reads them from the place that the reader names, after checking that the place lies in
 * the file, and the encoding's name says how to decode them. Every byte of the file is untrusted:
 * read it with common/cursor.h, which bounds every length (copy that header along), compute sizes
 * with __builtin_mul_overflow, say in every error what is wrong. Build it in the folder that has
 * common/cursor.h:
 *
 *     cc -shared -fPIC -O2 -fvisibility=hidden -I. -o npy.so npy.c
 *
 * Put npy.so into the plugin directory, and `pare plugins` lists it. See pare-plugin(3).
 */
#include "common/cursor.h"
#include <pare/plugin.h>
#include <string.h>

#define MAX_HEADER 10000 /* bytes; NumPy's own limit */

/* What npy_open finds, for npy_next to hand out. */
struct npy {
    struct cursor cursor; /* where it reads; has the host and the job */
    char *header;         /* text, NUL-terminated */
    struct pare_tensor tensor;
    uint32_t n_given; /* tensors that npy_next has handed out */
};

static int fail(const struct npy *npy, int code, const char *text)
{
    return cursor_fail(&npy->cursor, code, "%s", text);
}

/* Is the file one of ours? Only what is in `probe` may be looked at. */
static int npy_probe(const struct pare_probe *probe)
{
    if (probe->in_folder || probe->head_len < 10)
        return 0;
    return memcmp(probe->head, "\x93NUMPY", 6) == 0 ? 95 : 0;
}

/* Reads the text of the header; then the cursor is at the elements. */
static int read_header(struct npy *npy)
{
    uint8_t head[8]; /* magic, major, minor */
    uint64_t length = 0;
    const int r = cursor_bytes(&npy->cursor, head, sizeof head, "the version");
    if (r < 0)
        return r; /* it is reported: pass it up */
    if (head[6] < 1 || head[6] > 3 || head[7] != 0)
        return fail(npy, PARE_ENOTSUP, "only versions 1.0, 2.0 and 3.0 of the format are known");
    return cursor_text(&npy->cursor, head[6] == 1 ? 2 : 4, MAX_HEADER, "the header", &npy->header,
                       &length);
}

/* The text after 'key': in the header, or NULL. */
static const char *value_of(const char *header, const char *key)
{
    const char *found = strstr(header, key);
    if (!found || strstr(found + 1, key))
        return NULL; /* absent, or twice: whose meaning would count? */
    found += strlen(key);
    return found + strspn(found, " ");
}

/* Type: little-endian or single bytes, none of Python's objects. */
static int read_descr(struct npy *npy, uint64_t *ret_size)
{
    static const struct {
        const char *descr, *encoding;
        uint64_t size;
    } types[] = { { "'<f4'", "f32", 4 }, { "'<f2'", "f16", 2 }, { "'<f8'", "f64", 8 },
                  { "'|i1'", "i8", 1 },  { "'|u1'", "u8", 1 },  { "'|b1'", "bool", 1 },
                  { "'<i2'", "i16", 2 }, { "'<u2'", "u16", 2 }, { "'<i4'", "i32", 4 },
                  { "'<u4'", "u32", 4 }, { "'<i8'", "i64", 8 }, { "'<u8'", "u64", 8 } };
    const char *value = value_of(npy->header, "'descr':");
    if (!value)
        return fail(npy, PARE_EDATA, "the header has no 'descr', or two");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strncmp(value, types[i].descr, 5) == 0) {
            npy->tensor.encoding = types[i].encoding;
            *ret_size = types[i].size;
            return 0;
        }
    if (strncmp(value, "'>", 2) == 0)
        return fail(npy, PARE_ENOTSUP, "the array is big-endian: save it little-endian");
    if (strncmp(value, "'|O", 3) == 0)
        return fail(npy, PARE_ENOTSUP, "the array holds Python objects, which are never loaded");
    return fail(npy, PARE_ENOTSUP, "its element type is not a number type that Pare knows");
}

/* Shape: "(2, 3)", "(2,)" or "()". *size becomes the bytes of the whole array. */
static int read_shape(struct npy *npy, uint64_t *size)
{
    struct pare_tensor *tensor = &npy->tensor;
    const char *p = value_of(npy->header, "'shape':");
    if (!p || *p++ != '(')
        return fail(npy, PARE_EDATA, "the header has no 'shape' in parentheses, or two");
    while (p += strspn(p, " ,"), *p != ')') {
        uint64_t dim = 0;
        if (*p < '0' || *p > '9')
            return fail(npy, PARE_EDATA, "a dimension is not a whole number");
        for (; *p >= '0' && *p <= '9'; p++)
            if (__builtin_mul_overflow(dim, 10u, &dim) ||
                __builtin_add_overflow(dim, (uint64_t)(*p - '0'), &dim))
                return fail(npy, PARE_EDATA, "a dimension overflows 64 bits");
        if (tensor->n_dims == PARE_MAX_DIMS)
            return fail(npy, PARE_ELIMIT, "it has more dimensions than the limit of 8");
        if (__builtin_mul_overflow(*size, dim, size))
            return fail(npy, PARE_EDATA, "its size overflows 64 bits");
        tensor->dims[tensor->n_dims++] = dim;
    }
    return 0;
}

/* Parses the header into npy->tensor. */
static int parse(struct npy *npy)
{
    const struct cursor *cursor = &npy->cursor;
    uint64_t size = 0;
    int r = read_header(npy);
    if (r == 0)
        r = read_descr(npy, &size);
    if (r == 0)
        r = read_shape(npy, &size);
    if (r < 0)
        return r;
    const char *order = value_of(npy->header, "'fortran_order':");
    if (!order || strncmp(order, "False", 5) != 0)
        return fail(npy, PARE_ENOTSUP, "the array is in Fortran order: save it in C order");
    if (cursor->size - cursor->pos > size)
        return fail(npy, PARE_EDATA, "there are bytes after the array's data");
    npy->tensor.struct_size = sizeof npy->tensor;
    npy->tensor.name = (struct pare_str){ "array", 5 }; /* the file gives none */
    npy->tensor.n_planes = 1;
    npy->tensor.planes[0] =
        (struct pare_extent){ .file = 0, .offset = cursor->pos, .length = size };
    return cursor->host->file_role(cursor->job, 0, PARE_FILE_WEIGHTS);
}

static void npy_close(void *state)
{
    struct npy *npy = state;
    const struct cursor cursor = npy->cursor;
    cursor_close(&npy->cursor);
    cursor.host->release(cursor.job, npy->header); /* NULL is fine */
    cursor.host->release(cursor.job, npy);
}

/* Called once; what it sets in *ret_state goes to next and close. */
static int npy_open(const struct pare_host *host, struct pare_job *job, void **ret_state)
{
    struct npy *npy = host->alloc(job, 1, sizeof *npy);
    if (!npy)
        return PARE_ENOMEM;
    npy->cursor.host = host;
    npy->cursor.job = job;
    int r = cursor_open(&npy->cursor, 0, "npy");
    if (r == 0)
        r = parse(npy);
    if (r == 0)
        *ret_state = npy;
    else
        npy_close(npy); /* close is not called when open fails */
    return r;
}

/* Called until it gives 0. */
static int npy_next(void *state, struct pare_tensor *ret_tensor)
{
    struct npy *npy = state;
    if (npy->n_given++ > 0)
        return 0;
    *ret_tensor = npy->tensor;
    return 1;
}

static const struct pare_reader reader = { .struct_size = sizeof reader,
                                           .name = "npy",
                                           .summary = "one NumPy array (an example)",
                                           .probe = npy_probe,
                                           .open = npy_open,
                                           .next = npy_next,
                                           .close = npy_close };

static const struct pare_reader *const readers[] = { &reader, NULL }; /* lists end with NULL */

static const struct pare_plugin plugin = {
    .struct_size = sizeof plugin,
    .name = "example-reader",
    .version = "1",
    .summary = "reads NumPy .npy: an example for authors of plugins",
    .readers = readers
};

PARE_PLUGIN(plugin)
