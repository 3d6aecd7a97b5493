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
 * the host reads them at the extent that it is told, checks that it lies inside the file, and knows
 * from the encoding's name how to decode them. Every byte of the file is untrusted: bound lengths
 * before using them, compute sizes with __builtin_mul_overflow, say in every error what is wrong.
 * `cc -shared -fPIC -o npy.so npy.c` builds it; `pare plugins` lists it. See pare-plugin(3).
 */
#include <pare/plugin.h>
#include <string.h>

#define MAX_HEADER 10000 /* bytes; NumPy's own limit */

/* What open() learns and next() tells. */
struct npy {
    const struct pare_host *host;
    struct pare_job *job;
    char *header; /* text, NUL-terminated */
    struct pare_tensor tensor;
    uint32_t n_told; /* tensors that next() has given */
};

static int fail(const struct npy *npy, int code, const char *text)
{
    return npy->host->fail(npy->job, code, "npy: %s", text);
}

/* Is the file one of ours? Only what is in `probe` may be looked at. */
static int npy_probe(const struct pare_probe *probe)
{
    if (probe->in_folder || probe->head_len < 10)
        return 0;
    return memcmp(probe->head, "\x93NUMPY", 6) == 0 ? 95 : 0;
}

/* Reads the text of the header; *ret_data is the offset of the elements. */
static int read_header(struct npy *npy, uint64_t *ret_data)
{
    uint8_t head[12];
    const int r = npy->host->read(npy->job, 0, 0, head, sizeof head);
    if (r < 0)
        return r; /* the host has reported it: pass it up */
    if (head[6] < 1 || head[6] > 3 || head[7] != 0)
        return fail(npy, PARE_ENOTSUP, "only versions 1.0, 2.0 and 3.0 of the format are known");
    const size_t start = head[6] == 1 ? 10 : 12;
    uint64_t n = head[8] | (uint64_t)head[9] << 8;
    if (start == 12)
        n |= (uint64_t)head[10] << 16 | (uint64_t)head[11] << 24;
    if (n > MAX_HEADER) /* before any memory is asked for */
        return fail(npy, PARE_ELIMIT, "the header is longer than the limit of 10000 bytes");
    npy->header = npy->host->alloc(npy->job, n + 1, 1);
    if (npy->header == NULL)
        return PARE_ENOMEM;
    *ret_data = start + n;
    return npy->host->read(npy->job, 0, start, npy->header, n);
}

/* The text after 'key': in the header, or NULL. */
static const char *value_of(const char *header, const char *key)
{
    const char *found = strstr(header, key);
    if (found == NULL || strstr(found + 1, key) != NULL)
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
    if (value == NULL)
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
    if (p == NULL || *p++ != '(')
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
    struct pare_file file = { .struct_size = sizeof file };
    uint64_t data = 0, size = 0;
    int r = read_header(npy, &data);
    if (r == 0)
        r = read_descr(npy, &size);
    if (r == 0)
        r = read_shape(npy, &size);
    if (r == 0)
        r = npy->host->file_info(npy->job, 0, &file);
    if (r < 0)
        return r;
    const char *order = value_of(npy->header, "'fortran_order':");
    if (order == NULL || strncmp(order, "False", 5) != 0)
        return fail(npy, PARE_ENOTSUP, "the array is in Fortran order: save it in C order");
    if (file.size > data && file.size - data > size)
        return fail(npy, PARE_EDATA, "there are bytes after the array's data");
    npy->tensor.struct_size = sizeof npy->tensor;
    npy->tensor.name = (struct pare_str){ "array", 5 }; /* the file gives none */
    npy->tensor.n_planes = 1;
    npy->tensor.planes[0] = (struct pare_extent){ .file = 0, .offset = data, .length = size };
    return npy->host->file_role(npy->job, 0, PARE_FILE_WEIGHTS);
}

static void npy_close(void *state)
{
    struct npy *npy = state;
    npy->host->release(npy->job, npy->header); /* NULL is fine */
    npy->host->release(npy->job, npy);
}

/* Called once; what it sets in *ret_state goes to next and close. */
static int npy_open(const struct pare_host *host, struct pare_job *job, void **ret_state)
{
    struct npy *npy = host->alloc(job, 1, sizeof *npy);
    if (npy == NULL)
        return PARE_ENOMEM;
    npy->host = host;
    npy->job = job;
    const int r = parse(npy);
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
    if (npy->n_told++ > 0)
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
