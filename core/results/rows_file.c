/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Files of rows: see rows_file.h. All numbers are little-endian. A header of 32 bytes, then the
 * rows: each a length, a fixed part of 68 bytes, and what varies. Figures that do not exist take
 * no room, and their bits in the row's mask are 0.
 */
#include "results/rows_file.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <endian.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#define MAGIC "PARErows"
#define VERSION 1
#define HEADER 32
#define FIXED 68
#define MASK_IMPORTANCE (1u << 16)
#define MASK_LATTICE_SHIFT 17
#define MASK_ALL ((1u << 19) - 1)
#define TEXT_MAX 65535u
#define ROW_MAX (FIXED + 8 * (PARE_MAX_DIMS + ROW_FIGURES) + 3 * TEXT_MAX + 2 * 255u)
#define BUFFER (1u << 20)

static void store32(unsigned char *p, uint64_t value)
{
    const uint32_t little = htole32((uint32_t)value);
    memcpy(p, &little, sizeof little);
}

static void store64(unsigned char *p, uint64_t value)
{
    const uint64_t little = htole64(value);
    memcpy(p, &little, sizeof little);
}

static uint32_t load32(const unsigned char *p)
{
    uint32_t little;
    memcpy(&little, p, sizeof little);
    return le32toh(little);
}

static uint64_t load64(const unsigned char *p)
{
    uint64_t little;
    memcpy(&little, p, sizeof little);
    return le64toh(little);
}

/* ---- writing ---- */

struct rows_writer {
    int fd;
    uint64_t rows, bytes;
    size_t n;
    unsigned char buffer[BUFFER];
};

int rows_writer_new(int fd, struct rows_writer **ret_writer, struct error *err)
{
    static const unsigned char header[HEADER] = { 0 };
    struct rows_writer *writer = malloc(sizeof *writer);
    if (!writer)
        return error_oom(err);
    writer->fd = fd;
    writer->rows = writer->bytes = 0;
    writer->n = 0;
    int r = file_write(fd, header, sizeof header, err);
    if (r < 0) {
        free(writer);
        return r;
    }
    *ret_writer = writer;
    return 0;
}

void rows_writer_free(struct rows_writer *writer)
{
    free(writer);
}

static int flush(struct rows_writer *writer, struct error *err)
{
    size_t n = writer->n;
    writer->n = 0;
    return n ? file_write(writer->fd, writer->buffer, n, err) : 0;
}

static unsigned char *put_text(unsigned char *p, struct pare_str text)
{
    if (text.len)
        memcpy(p, text.data, text.len);
    return p + text.len;
}

static uint32_t mask_of(const struct tensor_row *row)
{
    uint32_t mask = (uint32_t)row->lattice << MASK_LATTICE_SHIFT;
    for (unsigned i = 0; i < ROW_FIGURES; i++)
        mask |= isnan(row->figures[i]) ? 0 : 1u << i;
    return row->importance ? mask | MASK_IMPORTANCE : mask;
}

/* The row at p, where there is room; returns its end. */
static unsigned char *put_row(unsigned char *p, const struct tensor_row *row)
{
    const uint64_t counts[] = { row->elements,  row->bytes_in,    row->bytes,
                                row->nonfinite, row->probe_first, row->probe_count };
    const uint32_t mask = mask_of(row);
    store32(p, mask);
    p[4] = (unsigned char)row->n_dims;
    p[5] = (unsigned char)row->from.len;
    p[6] = (unsigned char)row->to.len;
    p[7] = 0;
    store32(p + 8, row->name.len);
    store32(p + 12, row->source.len);
    store32(p + 16, row->origin.len);
    for (size_t i = 0; i < 6; i++)
        store64(p + 20 + 8 * i, counts[i]);
    p += FIXED;
    for (uint32_t i = 0; i < row->n_dims; i++, p += 8)
        store64(p, row->dims[i]);
    for (unsigned i = 0; i < ROW_FIGURES; i++) {
        uint64_t bits;
        if (!(mask >> i & 1))
            continue;
        memcpy(&bits, &row->figures[i], sizeof bits);
        store64(p, bits);
        p += 8;
    }
    p = put_text(put_text(put_text(p, row->name), row->source), row->origin);
    return put_text(put_text(p, row->from), row->to);
}

int rows_writer_add(struct rows_writer *writer, const struct tensor_row *row, struct error *err)
{
    int r = tensor_row_check(row, err);
    if (r == 0 && (row->source.len > TEXT_MAX || row->origin.len > TEXT_MAX))
        r = error_set(err, PARE_ELIMIT, "a tensor's source or origin has over %u bytes", TEXT_MAX);
    if (r == 0 && sizeof writer->buffer - writer->n < ROW_MAX + 4)
        r = flush(writer, err);
    if (r < 0)
        return r;
    unsigned char *start = writer->buffer + writer->n;
    const unsigned char *end = put_row(start + 4, row);
    store32(start, (uint64_t)(end - start) - 4);
    writer->n += (size_t)(end - start);
    writer->bytes += (uint64_t)(end - start);
    writer->rows++;
    return 0;
}

uint64_t rows_writer_most(const struct tensor_row *row)
{
    return 4 + FIXED + 8 * (row->n_dims + ROW_FIGURES) + row->name.len + row->source.len +
           row->origin.len + row->from.len + row->to.len;
}

int rows_writer_finish(struct rows_writer *writer, struct error *err)
{
    unsigned char header[HEADER] = MAGIC;
    store32(header + 8, VERSION);
    store64(header + 16, writer->rows);
    store64(header + 24, writer->bytes);
    int r = flush(writer, err);
    return r < 0 ? r : file_pwrite(writer->fd, header, sizeof header, 0, err);
}

/* ---- reading ---- */

struct rows_file {
    struct tensor_rows rows;
    int fd;
    uint64_t count, bytes;   /* as the header says */
    uint64_t number, offset; /* of the next row; of what is to be read next */
    size_t at, n;            /* what of the buffer is not taken yet */
    unsigned char buffer[BUFFER];
};

/* Makes sure that so many bytes are in the buffer. */
static int fill(struct rows_file *file, size_t want, struct error *err)
{
    size_t have = file->n - file->at;
    if (have >= want)
        return 0;
    memmove(file->buffer, file->buffer + file->at, have);
    file->at = 0;
    file->n = have;
    uint64_t left = HEADER + file->bytes - file->offset;
    size_t n = left < BUFFER - have ? (size_t)left : BUFFER - have;
    if (have + n < want)
        return error_set(err, PARE_EVERIFY, "row %llu ends behind the rows",
                         (unsigned long long)file->number);
    int r = file_pread(file->fd, file->buffer + have, n, file->offset, err);
    if (r < 0)
        return r;
    file->offset += n;
    file->n += n;
    return 0;
}

static struct pare_str take_text(const unsigned char **p, size_t n)
{
    struct pare_str text = { n ? (const char *)*p : NULL, n };
    *p += n;
    return text;
}

/* A row of n bytes at p. 0, or -1 when its parts do not add up to that. */
static int take_row(const unsigned char *p, size_t n, struct tensor_row *row)
{
    const uint32_t mask = load32(p);
    const size_t from = p[5], to = p[6], name = load32(p + 8), source = load32(p + 12),
                 origin = load32(p + 16);
    uint64_t *counts[] = { &row->elements,  &row->bytes_in,    &row->bytes,
                           &row->nonfinite, &row->probe_first, &row->probe_count };
    size_t figures = (size_t)__builtin_popcount(mask & ((1u << ROW_FIGURES) - 1));
    row->n_dims = p[4];
    row->lattice = (enum tensor_row_lattice)(mask >> MASK_LATTICE_SHIFT & 3);
    row->importance = (mask & MASK_IMPORTANCE) != 0;
    if (mask & ~MASK_ALL || (mask >> ROW_FIGURES) & 0x7f || row->lattice > ROW_LATTICE_ROUNDED ||
        p[7] || row->n_dims > PARE_MAX_DIMS || name > TEXT_MAX || source > TEXT_MAX ||
        origin > TEXT_MAX ||
        n != FIXED + 8 * (row->n_dims + figures) + name + source + origin + from + to)
        return -1;
    for (size_t i = 0; i < 6; i++)
        *counts[i] = load64(p + 20 + 8 * i);
    p += FIXED;
    for (uint32_t i = 0; i < row->n_dims; i++, p += 8)
        row->dims[i] = load64(p);
    for (unsigned i = 0; i < ROW_FIGURES; i++) {
        row->figures[i] = NAN;
        if (!(mask >> i & 1))
            continue;
        const uint64_t bits = load64(p);
        memcpy(&row->figures[i], &bits, sizeof bits);
        p += 8;
    }
    row->name = take_text(&p, name);
    row->source = take_text(&p, source);
    row->origin = take_text(&p, origin);
    row->from = take_text(&p, from);
    row->to = take_text(&p, to);
    return 0;
}

static int next(struct tensor_rows *rows, struct tensor_row *ret_row, struct error *err)
{
    struct rows_file *file = (struct rows_file *)rows; /* its first member */
    if (file->number == file->count)
        return file->n - file->at || file->offset != HEADER + file->bytes
                   ? error_set(err, PARE_EVERIFY, "there is more behind the last of %llu rows",
                               (unsigned long long)file->count)
                   : 0;
    int r = fill(file, 4, err);
    size_t n = r < 0 ? 0 : load32(file->buffer + file->at);
    if (r == 0 && (n < FIXED || n > ROW_MAX))
        r = error_set(err, PARE_EVERIFY, "row %llu has %zu bytes", (unsigned long long)file->number,
                      n);
    if (r == 0)
        r = fill(file, 4 + n, err);
    if (r == 0 && take_row(file->buffer + file->at + 4, n, ret_row) < 0)
        r = error_set(err, PARE_EVERIFY, "row %llu: its parts are not its size",
                      (unsigned long long)file->number);
    if (r == 0 && (r = tensor_row_check(ret_row, err)) < 0)
        r = err->code = PARE_EVERIFY;
    if (r < 0)
        return error_prefix(err, "the file of tensor rows");
    file->at += 4 + n;
    file->number++;
    return 1;
}

void rows_file_rewind(struct rows_file *file)
{
    file->number = 0;
    file->offset = HEADER;
    file->at = file->n = 0;
}

static int read_header(struct rows_file *file, struct error *err)
{
    unsigned char header[HEADER];
    struct stat st;
    if (fstat(file->fd, &st) < 0)
        return error_errno(err, errno, "the file of tensor rows");
    int r = file_pread(file->fd, header, sizeof header, 0, err);
    if (r < 0)
        return r == PARE_EINCOMPLETE ? error_set(err, PARE_EVERIFY, "it has no whole header") : r;
    if (memcmp(header, MAGIC, 8) != 0 || load32(header + 8) != VERSION || load32(header + 12))
        return error_set(err, PARE_EVERIFY, "not a file of tensor rows of version %d", VERSION);
    file->count = load64(header + 16);
    file->bytes = load64(header + 24);
    if (file->bytes > INT64_MAX - HEADER || (uint64_t)st.st_size != HEADER + file->bytes ||
        file->count > file->bytes / (4 + FIXED))
        return error_set(err, PARE_EVERIFY, "%llu rows in %llu bytes do not fill the file",
                         (unsigned long long)file->count, (unsigned long long)file->bytes);
    return 0;
}

int rows_file_open(int fd, struct rows_file **ret_file, struct error *err)
{
    struct rows_file *file = malloc(sizeof *file);
    if (!file)
        return error_oom(err);
    file->rows.next = next;
    file->fd = fd;
    rows_file_rewind(file);
    int r = read_header(file, err);
    if (r < 0) {
        free(file);
        return error_prefix(err, "the file of tensor rows");
    }
    *ret_file = file;
    return 0;
}

void rows_file_close(struct rows_file *file)
{
    free(file);
}

uint64_t rows_file_count(const struct rows_file *file)
{
    return file->count;
}

struct tensor_rows *rows_file_rows(struct rows_file *file)
{
    return &file->rows;
}
