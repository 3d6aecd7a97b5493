/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Building views: every tensor that is added is checked against the base once, so that reading
 * (view_read.c) cannot leave it. Descriptions live in the memory of the view's model.
 */
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "plugin/source.h"
#include "plugin/view_private.h"

#include <string.h>

DEFINE_CLEANUP(struct view *, view_free);

int view_new(struct source *base, struct view **ret_view, struct error *err)
{
    CLEANUP(view_free_cleanup) struct view *view = calloc(1, sizeof *view);
    if (!view)
        return error_oom(err);
    view->base = base;
    int r = model_new(&view->model, err);
    if (r < 0)
        return r;
    view->model->format = base->model->format;
    view->model->memory.limit = base->model->memory.limit;
    for (uint32_t i = 0; r == 0 && i < base->model->n_files; i++) {
        const struct model_file *file = &base->model->files[i];
        r = model_add_file(view->model, file->name, file->fd, file->size, err);
        if (r == 0)
            view->model->files[i].role = file->role;
    }
    if (r == 0)
        *ret_view = TAKE(view);
    return r;
}

void view_free(struct view *view)
{
    if (!view)
        return;
    model_free(view->model);
    free(view->items);
    free(view->scratch);
    free(view->panel);
    free(view);
}

struct model *view_model(struct view *view)
{
    return view->model;
}

/* What a tensor is made of, before it is converted. */
struct made {
    const char *encoding; /* its name */
    uint64_t elements;
    uint32_t n_planes;
    struct pare_extent planes[PARE_MAX_PLANES]; /* where it lies; or where its first bytes do */
    int direct;                                 /* 1: these are its bytes */
    const char *origin;
    struct pare_str made_of; /* these as in struct model_tensor */
    int made_of_several;
    char *role, *op; /* of all that it is made of, else NULL */
    const struct model_tensor *first;
    uint32_t end_file;
    uint64_t end_offset;
};

static int fail(const struct view_tensor *tensor, struct error *err)
{
    return error_prefix(err, "tensor `%s`", text_show(tensor->name).text);
}

static void end_later(uint32_t *file, uint64_t *offset, uint32_t other_file, uint64_t other)
{
    if (other_file > *file || (other_file == *file && other > *offset)) {
        *file = other_file;
        *offset = other;
    }
}

static void end_of(const struct model_tensor *t, uint32_t *file, uint64_t *offset)
{
    if (t->computed) {
        end_later(file, offset, t->end_file, t->end_offset);
        return;
    }
    for (uint32_t i = 0; i < t->n_planes; i++)
        end_later(file, offset, t->planes[i].file, t->planes[i].offset + t->planes[i].length);
}

/* What the files call it. */
static struct pare_str name_of(const struct model_tensor *t)
{
    return t->made_of.data ? t->made_of : t->name;
}

static char *agreed(char *fact, const char *other)
{
    return fact && other && !strcmp(fact, other) ? fact : NULL;
}

/* Adds what is to be known of one more tensor of the base. */
static void make_of(struct made *made, const struct model_tensor *t)
{
    made->role = made->first ? agreed(made->role, t->role) : t->role;
    made->op = made->first ? agreed(made->op, t->op) : t->op;
    if (!made->n_planes) {
        made->first = t;
        made->encoding = t->encoding_name;
        made->n_planes = t->n_planes;
        made->made_of = name_of(t);
        memcpy(made->planes, t->planes, t->n_planes * sizeof *t->planes);
    } else if (!text_equals(name_of(t), made->made_of)) {
        made->made_of_several = 1;
    }
    made->made_of_several |= t->made_of_several;
    if (!made->origin)
        made->origin = t->origin;
    end_of(t, &made->end_file, &made->end_offset);
}

static int find_base(const struct view *view, uint64_t index, const struct model_tensor **ret,
                     struct error *err)
{
    if (index >= view->base->model->n_tensors)
        return error_set(err, PARE_EINTERNAL, "made of tensor %llu, of %llu",
                         (unsigned long long)index,
                         (unsigned long long)view->base->model->n_tensors);
    *ret = &view->base->model->tensors[index];
    return 0;
}

static int is_plain(const struct encoding *e)
{
    return e->block_len == 1 && encoding_block_bytes(e);
}

/* Whether the tensor is converted; if so, it must be possible. */
static int choose_conversion(const struct view_tensor *tensor, struct view_item *item,
                             struct made *made, struct error *err)
{
    if (!tensor->f32)
        return tensor->add == 0 ? 0
                                : error_set(err, PARE_EINTERNAL, "adds without a float encoding");
    if (item->kind == VIEW_VALUES || (tensor->f32 == item->raw && tensor->add == 0))
        return 0;
    if (!item->raw || !encoding_rows_are_apart(item->raw))
        return error_set(err, PARE_ENOTSUP, "its encoding %s cannot be made floats of",
                         made->encoding);
    if (!is_plain(tensor->f32) || !tensor->f32->kernel.encode)
        return error_set(err, PARE_EINTERNAL, "%s holds no single floats", tensor->f32->name);
    item->converted = 1;
    item->add = tensor->add;
    made->direct = 0;
    made->encoding = tensor->f32->name;
    return 0;
}

/* UINT64_MAX when it overflows, which count_elements reports. */
static uint64_t elements_of(const struct view_tensor *tensor)
{
    uint64_t elements = 1;
    for (uint32_t i = 0; i < tensor->n_dims && i < PARE_MAX_DIMS; i++)
        if (checked_mul(elements, tensor->dims[i], &elements))
            return UINT64_MAX;
    return elements;
}

static int count_elements(const struct view_tensor *tensor, const struct made *made,
                          struct pare_tensor *said, struct error *err)
{
    uint64_t elements = 1;
    if (tensor->n_dims > PARE_MAX_DIMS)
        return error_set(err, PARE_EDATA, "%u dimensions, the limit is %d", tensor->n_dims,
                         PARE_MAX_DIMS);
    for (uint32_t i = 0; i < tensor->n_dims; i++) {
        said->dims[i] = tensor->dims[i];
        if (checked_mul(elements, tensor->dims[i], &elements))
            return error_set(err, PARE_EDATA, "the product of its dimensions overflows");
    }
    if (elements != made->elements)
        return error_set(err, PARE_EDATA,
                         "its dimensions hold %llu elements, what it is made of %llu",
                         (unsigned long long)elements, (unsigned long long)made->elements);
    return 0;
}

/* Lengths of the planes, in the encoding that the tensor gets. */
static int set_lengths(const struct view_item *item, const struct encoding *encoding,
                       struct pare_tensor *said, struct error *err)
{
    uint64_t row_len = said->n_dims ? said->dims[said->n_dims - 1] : 1, elements = 1;
    for (uint32_t i = 0; i < said->n_dims; i++)
        elements *= said->dims[i];
    if (!encoding)
        return 0; /* as in the base */
    if (!item->converted && elements && !encoding_recuts(encoding, item->raw_row_len, row_len))
        return error_set(err, PARE_ENOTSUP,
                         "rows of %llu elements of %s cannot become rows of %llu",
                         (unsigned long long)item->raw_row_len, encoding->name,
                         (unsigned long long)row_len);
    for (uint32_t i = 0; i < encoding->n_planes; i++) {
        int r = encoding_plane_bytes(encoding, i, row_len ? elements / row_len : 0, row_len,
                                     &said->planes[i].length, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Its output channels: where they were, when no axis has changed but by being transposed. */
static uint32_t channel_of(const struct view_item *item, const struct model_tensor *first,
                           const struct model_tensor *t)
{
    if (!first || !first->channel || first->n_dims != t->n_dims)
        return 0;
    if (item->kind == VIEW_TRANSPOSED && first->channel + 1 >= t->n_dims)
        return first->channel == t->n_dims ? t->n_dims - 1 : t->n_dims;
    int same = !memcmp(first->dims, t->dims, sizeof t->dims);
    return item->kind == VIEW_TRANSPOSED || same ? first->channel : 0;
}

static int reserve_item(struct view *view, struct error *err)
{
    if (view->model->n_tensors < view->capacity)
        return 0;
    uint64_t capacity = view->capacity ? view->capacity * 2 : 64;
    struct view_item *items = reallocarray(view->items, capacity, sizeof *items);
    if (!items)
        return error_oom(err);
    view->items = items;
    view->capacity = capacity;
    return 0;
}

static int add_item(struct view *view, const struct view_tensor *tensor, struct view_item *item,
                    struct made *made, struct error *err)
{
    struct pare_tensor said = { .struct_size = sizeof said,
                                .name = tensor->name,
                                .n_dims = tensor->n_dims };
    int r = choose_conversion(tensor, item, made, err);
    if (r == 0)
        r = count_elements(tensor, made, &said, err);
    if (r < 0)
        return fail(tensor, err);
    const struct encoding *encoding = item->converted ? tensor->f32 : item->raw;
    said.encoding = made->encoding;
    said.n_planes = item->converted ? 1 : made->n_planes;
    memcpy(said.planes, made->planes, sizeof said.planes);
    r = set_lengths(item, encoding, &said, err);
    if (r < 0)
        return fail(tensor, err);
    r = reserve_item(view, err);
    if (r == 0)
        r = model_add_tensor(view->model, &said, encoding, err);
    if (r < 0)
        return r;
    struct model_tensor *t = &view->model->tensors[view->model->n_tensors - 1];
    t->computed = !made->direct;
    t->end_file = made->end_file;
    t->end_offset = made->end_offset;
    t->origin = made->origin;
    t->made_of = made->made_of;
    t->made_of_several = made->made_of_several;
    t->role = made->role;
    t->op = made->op;
    t->channel = channel_of(item, made->first, t);
    view->items[view->model->n_tensors - 1] = *item;
    return 0;
}

int view_add_same(struct view *view, const struct view_tensor *tensor, uint64_t base,
                  struct error *err)
{
    const struct model_tensor *t = NULL;
    int r = find_base(view, base, &t, err);
    if (r < 0)
        return fail(tensor, err);
    struct view_item item = {
        .kind = VIEW_SAME, .raw = t->encoding, .raw_row_len = t->row_len, .base = base
    };
    struct made made = { .elements = t->elements, .direct = !t->computed };
    make_of(&made, t);
    return add_item(view, tensor, &item, &made, err);
}

/* The last row of a run that has rows. */
static int last_row(const struct view_rows *rows, uint64_t *ret_row)
{
    uint64_t k = rows->count - 1, last = 0;
    for (int i = 0; i < 2; i++) {
        uint64_t row, jump;
        if (checked_mul(k / rows->inner, rows->step, &row) ||
            checked_mul(k % rows->inner, rows->inner_step, &jump) || checked_add(row, jump, &row) ||
            checked_add(row, rows->first, &row))
            return -1;
        last = row > last ? row : last;
        if (k < rows->inner)
            break;
        k = k / rows->inner * rows->inner - 1; /* the end of the last full round */
    }
    *ret_row = last;
    return 0;
}

static int check_rows(const struct view_item *item, const struct model_tensor *t,
                      const struct view_rows *rows, struct error *err)
{
    uint64_t row = 0;
    if (!t->encoding || !encoding_rows_are_apart(t->encoding))
        return error_set(err, PARE_ENOTSUP,
                         "rows of tensors in %s cannot be picked: convert it to f32 first, or ask "
                         "for --as-container",
                         t->encoding_name);
    if (t->encoding != item->raw)
        return error_set(err, PARE_EDATA, "its parts are in %s and in %s", item->raw->name,
                         t->encoding_name);
    if (item->raw_row_len % item->raw->block_len)
        return error_set(err, PARE_EDATA, "rows of %llu elements do not divide into %s's blocks",
                         (unsigned long long)item->raw_row_len, item->raw->name);
    if (!encoding_recuts(item->raw, t->row_len, item->raw_row_len))
        return error_set(err, PARE_ENOTSUP, "rows of %s cannot be cut", item->raw->name);
    if (!rows->inner || (item->raw_row_len && t->elements % item->raw_row_len))
        return error_set(err, PARE_EDATA, "there are no rows of %llu elements",
                         (unsigned long long)item->raw_row_len);
    if (rows->count &&
        (!item->raw_row_len || last_row(rows, &row) < 0 || row >= t->elements / item->raw_row_len))
        return error_set(err, PARE_EDATA,
                         "it needs %llu rows from row %llu of a tensor of %llu elements",
                         (unsigned long long)rows->count, (unsigned long long)rows->first,
                         (unsigned long long)t->elements);
    return 0;
}

/* The same rows, said in the plainest way. */
static struct view_rows simplify(struct view_rows rows)
{
    if (rows.count <= rows.inner) {
        rows.step = rows.inner_step;
        rows.inner = 1;
    } else if (rows.inner_step == 1 && rows.step == rows.inner) {
        rows.step = rows.inner = 1;
    }
    if (rows.count == 1)
        rows.step = 1;
    if (rows.inner == 1)
        rows.inner_step = 0;
    return rows;
}

static int is_run(const struct view_rows *rows)
{
    return rows->inner == 1 && rows->step == 1;
}

/* Appends a run, or lengthens the last. */
static void add_run(struct view_run *runs, size_t *n, struct view_rows rows, uint64_t before)
{
    struct view_rows *last = *n ? &runs[*n - 1].rows : NULL;
    rows = simplify(rows);
    if (last && is_run(last) && is_run(&rows) && last->tensor == rows.tensor &&
        last->first + last->count == rows.first)
        last->count += rows.count;
    else
        runs[(*n)++] = (struct view_run){ rows, before };
}

static int take_runs(struct view *view, struct view_item *item, const struct view_rows *rows,
                     size_t n_rows, struct made *made, struct error *err)
{
    uint64_t before = 0;
    void *memory = NULL;
    int r = model_alloc(view->model, n_rows, sizeof *item->runs, &memory, err);
    if (r < 0)
        return r;
    struct view_run *runs = memory;
    for (size_t i = 0; i < n_rows; i++) {
        const struct model_tensor *t = NULL;
        r = find_base(view, rows[i].tensor, &t, err);
        if (r == 0)
            r = check_rows(item, t, &rows[i], err);
        if (r < 0)
            return r;
        make_of(made, t);
        if (rows[i].count)
            add_run(runs, &item->n_runs, rows[i], before);
        if (checked_add(before, rows[i].count, &before))
            return error_set(err, PARE_EDATA, "the number of its rows overflows");
    }
    item->runs = runs;
    if (checked_mul(before, item->raw_row_len, &made->elements))
        return error_set(err, PARE_EDATA, "its size overflows");
    return encoding_plane_bytes(item->raw, 0, 1, item->raw_row_len, &item->row_bytes, err);
}

int view_add_rows(struct view *view, const struct view_tensor *tensor, uint64_t row_len,
                  const struct view_rows *rows, size_t n_rows, struct error *err)
{
    const struct model_tensor *t = NULL;
    int r = n_rows ? find_base(view, rows[0].tensor, &t, err)
                   : error_set(err, PARE_EDATA, "made of no rows");
    if (r < 0)
        return fail(tensor, err);
    struct view_item item = { .kind = VIEW_ROWS,
                              .raw = t->encoding,
                              .raw_row_len = row_len ? row_len : t->row_len };
    struct made made = { .direct = 0 };
    r = take_runs(view, &item, rows, n_rows, &made, err);
    if (r < 0)
        return fail(tensor, err);
    if (item.n_runs) {
        const struct view_rows *first = &item.runs[0].rows;
        t = &view->base->model->tensors[first->tensor];
        made.direct = item.n_runs == 1 && is_run(first) && !t->computed;
        made.planes[0] = t->planes[0];
        made.planes[0].offset += first->first * item.row_bytes;
    }
    return add_item(view, tensor, &item, &made, err);
}

/* Whether the columns are columns of the matrix. */
static int check_columns(const struct view_columns *columns, uint64_t of, struct error *err)
{
    uint64_t last = 0;
    if (!columns->count || !columns->step ||
        checked_mul(columns->count - 1, columns->step, &last) ||
        checked_add(last, columns->first, &last) || last >= of)
        return error_set(err, PARE_EDATA,
                         "it needs %llu columns from column %llu of a matrix of "
                         "%llu",
                         (unsigned long long)columns->count, (unsigned long long)columns->first,
                         (unsigned long long)of);
    return 0;
}

static int check_matrix(const struct model_tensor *t, const struct view_tensor *tensor,
                        uint64_t columns, struct error *err)
{
    if (tensor->n_dims < 2 || tensor->n_dims > PARE_MAX_DIMS ||
        tensor->dims[tensor->n_dims - 1] != t->dims[t->n_dims - 2] ||
        tensor->dims[tensor->n_dims - 2] != columns)
        return error_set(err, PARE_EDATA,
                         "its shape is not that of the transposed matrix it is made of");
    if (t->dims[t->n_dims - 2] > VIEW_PANEL_ROWS)
        return error_set(err, PARE_ELIMIT,
                         "a matrix of %llu rows is to be transposed, the limit is %u",
                         (unsigned long long)t->dims[t->n_dims - 2], VIEW_PANEL_ROWS);
    return 0;
}

/* The columns that are wanted, and whether the tensor has them. */
static int choose_columns(const struct model_tensor *t, const struct view_tensor *tensor,
                          const struct view_columns *given, struct view_columns *ret_columns,
                          struct error *err)
{
    if (!t->encoding || !is_plain(t->encoding) || encoding_block_bytes(t->encoding) > 8)
        return error_set(err, PARE_ENOTSUP, "a matrix in %s cannot be transposed",
                         t->encoding_name);
    if (t->n_dims < 2)
        return error_set(err, PARE_EDATA,
                         "its shape is not that of the transposed matrix it is made of");
    uint64_t width = t->dims[t->n_dims - 1];
    *ret_columns = given ? *given : (struct view_columns){ 0, width, 1 };
    int r = given ? check_columns(given, width, err) : 0;
    return r < 0 ? r : check_matrix(t, tensor, ret_columns->count, err);
}

int view_add_transposed(struct view *view, const struct view_tensor *tensor, uint64_t base,
                        const struct view_columns *columns, struct error *err)
{
    const struct model_tensor *t = NULL;
    struct view_columns chosen = { 0 };
    int r = find_base(view, base, &t, err);
    if (r == 0)
        r = choose_columns(t, tensor, columns, &chosen, err);
    if (r < 0)
        return fail(tensor, err);
    uint64_t width = t->dims[t->n_dims - 1];
    struct view_item item = { .kind = VIEW_TRANSPOSED,
                              .raw = t->encoding,
                              .base = base,
                              .raw_row_len = t->dims[t->n_dims - 2],
                              .matrix_rows = t->dims[t->n_dims - 2],
                              .matrix_columns = width,
                              .columns = chosen,
                              .element_bytes = encoding_block_bytes(t->encoding) };
    struct made made = { .elements = width ? t->elements / width * chosen.count : 0 };
    make_of(&made, t);
    return add_item(view, tensor, &item, &made, err);
}

int view_add_values(struct view *view, const struct view_tensor *tensor, const float *values,
                    struct error *err)
{
    const struct encoding *f32 = tensor->f32;
    struct pare_tensor said = { .n_dims = tensor->n_dims };
    struct view_item item = { .kind = VIEW_VALUES, .raw = f32 };
    struct made made = { .encoding = f32 ? f32->name : "",
                         .n_planes = 1,
                         .elements = elements_of(tensor) };
    void *bytes = NULL, *floats = NULL;
    int r = 0;
    if (!f32 || !is_plain(f32) || !f32->kernel.encode)
        r = error_set(err, PARE_EINTERNAL, "values without an encoding of single floats");
    if (r == 0)
        r = count_elements(tensor, &made, &said, err);
    if (r == 0)
        r = model_alloc(view->model, made.elements, sizeof(float), &floats, err);
    if (r == 0)
        r = model_alloc(view->model, made.elements, encoding_block_bytes(f32), &bytes, err);
    if (r < 0)
        return fail(tensor, err);
    float *x = floats;
    for (uint64_t i = 0; i < made.elements; i++)
        x[i] = tensor->add != 0 ? values[i] + tensor->add : values[i];
    encoding_encode_row(f32, x, made.elements, bytes);
    arena_release(&view->model->memory, floats);
    item.values = bytes;
    item.raw_row_len = tensor->n_dims ? tensor->dims[tensor->n_dims - 1] : 1;
    return add_item(view, tensor, &item, &made, err);
}

static int copy_origin(struct view *view, const char *origin, const char **ret_copy,
                       struct error *err)
{
    void *copy = NULL;
    if (!origin)
        return 0;
    int r = model_alloc(view->model, strlen(origin) + 1, 1, &copy, err);
    if (r < 0)
        return r;
    memcpy(copy, origin, strlen(origin));
    *ret_copy = copy;
    return 0;
}

int view_add_computed(struct view *view, const struct view_tensor *tensor,
                      const struct encoding *encoding, const char *origin, view_read_fn *read,
                      void *context, struct error *err)
{
    struct view_item item = {
        .kind = VIEW_COMPUTED, .raw = encoding, .read = read, .context = context
    };
    struct made made = { .encoding = encoding->name,
                         .n_planes = 1,
                         .elements = elements_of(tensor),
                         .end_file = UINT32_MAX };
    int r = copy_origin(view, origin, &made.origin, err);
    if (r == 0 && encoding->n_planes != 1)
        r = error_set(err, PARE_ENOTSUP, "%s has several planes", encoding->name);
    if (r < 0)
        return fail(tensor, err);
    item.raw_row_len = tensor->n_dims && tensor->n_dims <= PARE_MAX_DIMS
                           ? tensor->dims[tensor->n_dims - 1]
                           : 1;
    return add_item(view, tensor, &item, &made, err);
}

void view_made_of(struct view *view, uint64_t base)
{
    if (!view->model->n_tensors || base >= view->base->model->n_tensors)
        return;
    struct view_item *item = &view->items[view->model->n_tensors - 1];
    struct model_tensor *t = &view->model->tensors[view->model->n_tensors - 1];
    if (!item->told_end) {
        const struct model_tensor *from = &view->base->model->tensors[base];
        t->end_file = 0;
        t->end_offset = 0;
        t->made_of = name_of(from);
        t->made_of_several = from->made_of_several;
        t->planes[0].file = from->planes[0].file;
        t->planes[0].offset = from->planes[0].offset;
    }
    item->told_end = 1;
    t->made_of_several |= !text_equals(name_of(&view->base->model->tensors[base]), t->made_of);
    end_of(&view->base->model->tensors[base], &t->end_file, &t->end_offset);
}
