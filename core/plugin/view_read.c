/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Reading the computed tensors of a view. Bytes may be asked for at any offset; the pipeline asks
 * in order, slab by slab. What is gathered is read in few large pieces: a span of rows of which
 * some are not wanted costs less than a call per row. All memory is bounded, whatever the shapes.
 */
#include "base/cleanup.h"
#include "plugin/source.h"
#include "plugin/view_private.h"

#include <string.h>

#define CHUNK_BYTES (1u << 20) /* of rows that are gathered at a time */
#define SPAN_BYTES (4u << 20)  /* that are read for it at once */
#define CALL_BYTES 8192u       /* a read costs as much as copying so many bytes */
#define DECODE_ELEMENTS 65536u

static int scratch(struct view *view, size_t n, struct error *err)
{
    if (n <= view->scratch_size)
        return 0;
    free(TAKE(view->scratch));
    view->scratch = malloc(n);
    view->scratch_size = view->scratch ? n : 0;
    return view->scratch ? 0 : error_oom(err);
}

static int is_one_run(const struct view_rows *rows)
{
    return rows->inner == 1 && rows->step == 1;
}

static uint64_t row_at(const struct view_rows *rows, uint64_t k)
{
    return rows->first + k / rows->inner * rows->step + k % rows->inner * rows->inner_step;
}

static const struct view_run *find_run(const struct view_item *item, uint64_t row)
{
    size_t low = 0, high = item->n_runs;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (item->runs[middle].before <= row)
            low = middle;
        else
            high = middle;
    }
    return &item->runs[low];
}

/* Rows `row`, row + step, ... of a tensor: n of them, to places that lie out_step bytes apart. */
struct strand {
    uint64_t tensor, row, step, n, row_bytes, out_step;
    unsigned char *out;
};

static int reads_spans(uint64_t step, uint64_t row_bytes)
{
    return step <= 1 || (step - 1) <= CALL_BYTES / row_bytes;
}

static int read_strand(struct view *view, const struct strand *s, struct error *err)
{
    uint64_t pitch = s->step * s->row_bytes;
    if (!reads_spans(s->step, s->row_bytes) || pitch > SPAN_BYTES || s->n == 1) {
        int r = 0;
        for (uint64_t i = 0; r == 0 && i < s->n; i++)
            r = source_read(view->base, s->tensor, 0, (s->row + i * s->step) * s->row_bytes,
                            s->out + i * s->out_step, s->row_bytes, err);
        return r;
    }
    uint64_t most = pitch ? SPAN_BYTES / pitch : s->n;
    for (uint64_t done = 0; done < s->n;) {
        uint64_t n = s->n - done < most ? s->n - done : most;
        size_t span = (n - 1) * pitch + s->row_bytes;
        int r = scratch(view, span, err);
        if (r == 0)
            r = source_read(view->base, s->tensor, 0, (s->row + done * s->step) * s->row_bytes,
                            view->scratch, span, err);
        if (r < 0)
            return r;
        for (uint64_t i = 0; i < n; i++)
            memcpy(s->out + (done + i) * s->out_step, view->scratch + i * pitch, s->row_bytes);
        done += n;
    }
    return 0;
}

/* What rows k .. k + n cost, one strand after another, in bytes. */
static uint64_t strands_cost(const struct view_rows *rows, uint64_t n, uint64_t row_bytes)
{
    uint64_t strands = rows->inner < n ? rows->inner : n;
    uint64_t of_each = (n + strands - 1) / strands;
    if (!reads_spans(rows->step, row_bytes))
        return n * (row_bytes + CALL_BYTES);
    return strands * (CALL_BYTES + ((of_each - 1) * rows->step + 1) * row_bytes);
}

static int read_strands(struct view *view, const struct view_item *item,
                        const struct view_rows *rows, uint64_t k, uint64_t n, unsigned char *out,
                        struct error *err)
{
    int r = 0;
    uint64_t strands = rows->inner < n ? rows->inner : n;
    for (uint64_t i = 0; r == 0 && i < strands; i++) {
        struct strand s = { .tensor = rows->tensor,
                            .row = row_at(rows, k + i),
                            .step = rows->step,
                            .n = (n - i + rows->inner - 1) / rows->inner,
                            .row_bytes = item->row_bytes,
                            .out_step = rows->inner * item->row_bytes,
                            .out = out + i * item->row_bytes };
        r = read_strand(view, &s, err);
    }
    return r;
}

/* Rows k .. k + n of a run that jumps: in one span when that is the cheapest. */
static int gather(struct view *view, const struct view_item *item, const struct view_rows *rows,
                  uint64_t k, uint64_t n, unsigned char *out, struct error *err)
{
    uint64_t low = UINT64_MAX, high = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t row = row_at(rows, k + i);
        low = row < low ? row : low;
        high = row > high ? row : high;
    }
    uint64_t count = high - low + 1;
    if (count > SPAN_BYTES / item->row_bytes ||
        count * item->row_bytes + CALL_BYTES > strands_cost(rows, n, item->row_bytes))
        return read_strands(view, item, rows, k, n, out, err);
    int r = scratch(view, count * item->row_bytes, err);
    if (r == 0)
        r = source_read(view->base, rows->tensor, 0, low * item->row_bytes, view->scratch,
                        count * item->row_bytes, err);
    for (uint64_t i = 0; r == 0 && i < n; i++)
        memcpy(out + i * item->row_bytes,
               view->scratch + (row_at(rows, k + i) - low) * item->row_bytes, item->row_bytes);
    return r;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static int read_rows(struct view *view, const struct view_item *item, uint64_t offset,
                     unsigned char *out, size_t n, struct error *err)
{
    for (int r; n;) {
        uint64_t row = offset / item->row_bytes, skip = offset % item->row_bytes;
        const struct view_run *run = find_run(item, row);
        const struct view_rows *rows = &run->rows;
        uint64_t k = row - run->before, left = rows->count - k, part;
        uint64_t at = row_at(rows, k) * item->row_bytes + skip;
        if (is_one_run(rows)) {
            part = least(n, left * item->row_bytes - skip);
            r = source_read(view->base, rows->tensor, 0, at, out, part, err);
        } else if (skip || n < item->row_bytes) {
            part = least(n, item->row_bytes - skip);
            r = source_read(view->base, rows->tensor, 0, at, out, part, err);
        } else {
            uint64_t chunk = CHUNK_BYTES > item->row_bytes ? CHUNK_BYTES / item->row_bytes : 1;
            uint64_t count = least(least(n / item->row_bytes, left), chunk);
            part = count * item->row_bytes;
            r = gather(view, item, rows, k, count, out, err);
        }
        if (r < 0)
            return r;
        out += part;
        offset += part;
        n -= part;
    }
    return 0;
}

/* Columns of the base's matrix become consecutive rows of the panel: `lines` lines of the matrix
 * from `line`, which lie `pitch` elements apart in `from`. */
static void scatter(const struct view_item *item, const unsigned char *from, uint64_t pitch,
                    uint64_t line, uint64_t lines, uint64_t columns, unsigned char *panel)
{
    size_t size = item->element_bytes, step = item->columns.step;
    for (uint64_t i = 0; i < lines; i++)
        for (uint64_t j = 0; j < columns; j++)
            memcpy(panel + (j * item->matrix_rows + line + i) * size,
                   from + (i * pitch + j * step) * size, size);
}

/* Fills the panel with `columns` columns of matrix number `matrix` from `column` on, of those that
 * are wanted. */
static int fill_panel(struct view *view, const struct view_item *item, uint64_t matrix,
                      uint64_t column, uint64_t columns, struct error *err)
{
    uint64_t size = item->element_bytes, pitch = item->matrix_columns;
    uint64_t width = (columns - 1) * item->columns.step + 1; /* of the matrix, that is read */
    int spans = (pitch - width) * size <= CALL_BYTES;
    uint64_t band = spans && pitch * size < SPAN_BYTES ? SPAN_BYTES / (pitch * size) : 1;
    uint64_t first = matrix * item->matrix_rows * pitch + item->columns.first +
                     column * item->columns.step;
    for (uint64_t line = 0; line < item->matrix_rows;) {
        uint64_t lines = least(band, item->matrix_rows - line);
        size_t n = ((lines - 1) * pitch + width) * size;
        int r = scratch(view, n, err);
        if (r == 0)
            r = source_read(view->base, item->base, 0, (first + line * pitch) * size, view->scratch,
                            n, err);
        if (r < 0)
            return r;
        scatter(item, view->scratch, pitch, line, lines, columns, view->panel);
        line += lines;
    }
    return 0;
}

/* Makes the panel hold the tensor's byte at offset. */
static int need_panel(struct view *view, uint64_t tensor, const struct view_item *item,
                      uint64_t offset, struct error *err)
{
    if (view->panel_length && view->panel_tensor == tensor && offset >= view->panel_offset &&
        offset - view->panel_offset < view->panel_length)
        return 0;
    view->panel_length = 0;
    if (!view->panel && !(view->panel = malloc(VIEW_PANEL_BYTES)))
        return error_oom(err);
    uint64_t row_bytes = item->matrix_rows * item->element_bytes, row = offset / row_bytes;
    uint64_t matrix = row / item->columns.count, column = row % item->columns.count;
    uint64_t columns = least(VIEW_PANEL_BYTES / row_bytes, item->columns.count - column);
    int r = fill_panel(view, item, matrix, column, columns, err);
    if (r < 0)
        return r;
    view->panel_tensor = tensor;
    view->panel_offset = row * row_bytes;
    view->panel_length = columns * row_bytes;
    return 0;
}

static int read_transposed(struct view *view, uint64_t tensor, const struct view_item *item,
                           uint64_t offset, unsigned char *out, size_t n, struct error *err)
{
    while (n) {
        int r = need_panel(view, tensor, item, offset, err);
        if (r < 0)
            return r;
        uint64_t at = offset - view->panel_offset, part = least(n, view->panel_length - at);
        memcpy(out, view->panel + at, part);
        out += part;
        offset += part;
        n -= part;
    }
    return 0;
}

static int read_raw(struct view *view, uint64_t tensor, uint32_t plane, uint64_t offset,
                    void *buffer, size_t n, struct error *err)
{
    const struct view_item *item = &view->items[tensor];
    switch (item->kind) {
    case VIEW_SAME:
        return source_read(view->base, item->base, plane, offset, buffer, n, err);
    case VIEW_ROWS:
        return read_rows(view, item, offset, buffer, n, err);
    case VIEW_TRANSPOSED:
        return read_transposed(view, tensor, item, offset, buffer, n, err);
    case VIEW_VALUES:
        memcpy(buffer, item->values + offset, n);
        return 0;
    case VIEW_COMPUTED:
        return item->read(item->context, view->base, offset, buffer, n, err);
    }
    return error_set(err, PARE_EINTERNAL, "a view's tensor is of no kind");
}

/* Elements that are decoded together, and their bytes. */
static uint64_t decode_unit(const struct view_item *item, uint64_t *ret_bytes)
{
    uint64_t unit = encoding_unit(item->raw);
    struct plane_shape shape;
    if (!encoding_fixes_rows(item->raw, item->raw_row_len)) {
        *ret_bytes = unit / item->raw->block_len * item->raw->planes[0].bits / 8;
        return unit;
    }
    encoding_plane_shape(item->raw, 0, 1, item->raw_row_len, &shape);
    *ret_bytes = shape.row_bytes;
    return item->raw_row_len;
}

struct conversion {
    const struct encoding *to;
    uint64_t unit, unit_bytes; /* of the raw tensor */
    unsigned char *raw;
    float *x;
    unsigned char *encoded;
};

static void conversion_deinit(struct conversion *c)
{
    free(c->raw);
    free(c->x);
    free(c->encoded);
}

/* Units first .. first + n as the tensor has them, to c->encoded. */
static int convert_units(struct view *view, uint64_t tensor, struct conversion *c, uint64_t first,
                         uint64_t n, struct error *err)
{
    const struct view_item *item = &view->items[tensor];
    int whole = encoding_fixes_rows(item->raw, item->raw_row_len);
    uint64_t elements = n * c->unit;
    int r = read_raw(view, tensor, 0, first * c->unit_bytes, c->raw, n * c->unit_bytes, err);
    if (r < 0)
        return r;
    item->raw->kernel.decode((const void *const[]){ c->raw }, whole ? n : 1,
                             whole ? c->unit : elements, c->x);
    for (uint64_t i = 0; item->add != 0 && i < elements; i++)
        c->x[i] += item->add;
    encoding_encode_row(c->to, c->x, elements, c->encoded);
    return 0;
}

static int read_converted(struct view *view, uint64_t tensor, uint64_t offset, unsigned char *out,
                          size_t n, struct error *err)
{
    CLEANUP(conversion_deinit) struct conversion c = { view->model->tensors[tensor].encoding };
    const struct view_item *item = &view->items[tensor];
    c.unit = decode_unit(item, &c.unit_bytes);
    uint64_t size = encoding_block_bytes(c.to);
    uint64_t most = DECODE_ELEMENTS > c.unit ? DECODE_ELEMENTS / c.unit : 1;
    uint64_t unit = offset / size / c.unit, last = (offset + n - 1) / size / c.unit;
    most = least(most, last - unit + 1);
    c.raw = reallocarray(NULL, most, c.unit_bytes);
    c.x = reallocarray(NULL, most * c.unit, sizeof *c.x);
    c.encoded = reallocarray(NULL, most * c.unit, size);
    if (!c.raw || !c.x || !c.encoded)
        return error_oom(err);
    while (n) {
        uint64_t units = least(most, last - unit + 1), skip = offset - unit * c.unit * size;
        int r = convert_units(view, tensor, &c, unit, units, err);
        if (r < 0)
            return r;
        uint64_t part = least(n, units * c.unit * size - skip);
        memcpy(out, c.encoded + skip, part);
        out += part;
        offset += part;
        n -= part;
        unit += units;
    }
    return 0;
}

int view_read(struct view *view, uint64_t tensor, uint32_t plane, uint64_t offset, void *buffer,
              size_t n, struct error *err)
{
    if (view->items[tensor].converted)
        return read_converted(view, tensor, offset, buffer, n, err);
    return read_raw(view, tensor, plane, offset, buffer, n, err);
}

struct view_source {
    struct source source;
    struct view *view;
};

static int read_view(struct source *source, uint64_t tensor, uint32_t plane, uint64_t offset,
                     void *buffer, size_t n, struct error *err)
{
    return view_read(((struct view_source *)source)->view, tensor, plane, offset, buffer, n, err);
}

static void close_view(struct source *source)
{
    free((struct view_source *)source);
}

int view_source(struct view *view, struct source **ret_source, struct error *err)
{
    struct view_source *source = calloc(1, sizeof *source);
    if (!source)
        return error_oom(err);
    source->source = (struct source){ view->model, read_view, close_view };
    source->view = view;
    *ret_source = &source->source;
    return 0;
}
