/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The writer: collects the tensors, decides on files and shards, and lays them out. All offsets
 * follow from types and shapes, so nothing is left to patch once the data is written. Memory given
 * to host->out_literal stays until the job ends, for the host need not copy it.
 */
#include "safetensors/writer.h"

#include "safetensors/config.h"
#include "safetensors/dtype.h"
#include "safetensors/emit.h"
#include "safetensors/shards.h"
#include "safetensors/sort.h"
#include "safetensors/text.h"
#include "safetensors/planes/whole.h"

#include <string.h>

_Static_assert(sizeof(struct st_item) <= ST_SORT_MAX, "items can be sorted");

#define DEFAULT_SHARD_SIZE UINT64_C(5000000000) /* as Hugging Face's libraries */

static int check_name(const struct st_context *context, struct pare_str name)
{
    uint64_t at;
    const char *problem = NULL;
    if (!st_utf8_valid(name, &at))
        problem = "is not UTF-8";
    else if (st_has_nul(name))
        problem = "holds a NUL character";
    else if (st_is(name, ST_METADATA))
        problem = "has a meaning of its own";
    if (!problem)
        return 0;
    return ST_FAIL(context, PARE_ENOTSUP,
                   "safetensors cannot hold a tensor called `%s`: the name "
                   "%s",
                   st_show(name).text, problem);
}

/* Turns a tensor of a dtype into an item. */
static int make_item(const struct st_context *context, const struct pare_tensor *tensor,
                     struct st_item *item)
{
    uint64_t bytes;
    if (!st_dtype_bytes(item->dtype, tensor->dims, tensor->n_dims, &bytes) || bytes == UINT64_MAX)
        return ST_FAIL(context, PARE_ENOTSUP,
                       "tensor `%s`: its elements do not fill whole bytes, "
                       "or too many",
                       st_show(tensor->name).text);
    if (bytes != tensor->planes[0].length)
        return ST_FAIL(context, PARE_EINTERNAL,
                       "tensor `%s`: %llu bytes, and its type and "
                       "shape need %llu",
                       st_show(tensor->name).text, (unsigned long long)tensor->planes[0].length,
                       (unsigned long long)bytes);
    item->name = tensor->name;
    item->bytes = bytes;
    return 0;
}

/* The dtype of most elements, among the types that a model computes in. */
static const char *most_common(const uint64_t *bytes_of, uint32_t n)
{
    const struct st_dtype *best = NULL;
    uint64_t most = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct st_dtype *dtype = st_dtype_at(i);
        const uint64_t elements = bytes_of[i] / (dtype->bits < 8 ? 1 : dtype->bits / 8);
        if (dtype->torch && elements > most) {
            most = elements;
            best = dtype;
        }
    }
    return best ? best->torch : NULL;
}

/* Counts the items: tensors, or their planes. */
static int reserve(const struct st_context *context, struct st_plan *plan)
{
    const uint64_t n = context->host->tensor_count(context->job);
    uint64_t n_items = 0;
    for (uint64_t i = 0; i < n; i++) {
        struct pare_tensor tensor = { .struct_size = sizeof tensor };
        const int r = context->host->tensor_at(context->job, i, &tensor);
        if (r < 0)
            return r;
        n_items += tensor.n_planes;
    }
    plan->items = context->host->alloc(context->job, n_items + 1, sizeof plan->items[0]);
    return plan->items ? 0 : PARE_ENOMEM;
}

/* Appends the host's tensor i to the items. */
static int add_tensor(const struct st_context *context, struct st_plan *plan, uint64_t i)
{
    struct pare_tensor tensor = { .struct_size = sizeof tensor };
    struct st_item *items = &plan->items[plan->n_items];
    int r = context->host->tensor_at(context->job, i, &tensor);
    if (r >= 0)
        r = check_name(context, tensor.name);
    if (r < 0)
        return r;
    for (uint32_t p = 0; p < tensor.n_planes; p++)
        items[p] = (struct st_item){ .tensor = i, .encoding = ST_NONE };
    if (tensor.n_planes == 1 && st_dtype_of_encoding(tensor.encoding, &items[0].dtype))
        r = make_item(context, &tensor, &items[0]);
    else
        r = st_whole_items(context, plan, &tensor, items);
    plan->n_items += tensor.n_planes;
    return r;
}

static int collect(const struct st_context *context, struct st_plan *plan)
{
    uint64_t bytes_of[32] = { 0 };
    const uint64_t n = context->host->tensor_count(context->job);
    int r = reserve(context, plan);
    for (uint64_t i = 0; r == 0 && i < n; i++)
        r = add_tensor(context, plan, i);
    for (uint64_t i = 0; r == 0 && i < plan->n_items; i++) {
        const struct st_item *item = &plan->items[i];
        bytes_of[item->dtype] += item->bytes;
        if (__builtin_add_overflow(plan->total, item->bytes, &plan->total) ||
            plan->total > INT64_MAX)
            r = ST_FAIL(context, PARE_ENOTSUP, "the tensors are larger than any file");
    }
    if (r == 0)
        plan->torch = most_common(bytes_of, st_dtype_count());
    return r == 0 ? st_whole_check(context, plan) : r;
}

static int has_side_files(const struct st_context *context, int *ret_any)
{
    const uint32_t n = context->host->file_count(context->job);
    int any = 0;
    for (uint32_t i = 0; n > 1 && i < n && !any; i++) { /* one file is the model itself */
        struct pare_file info = { .struct_size = sizeof info };
        const int r = context->host->file_info(context->job, i, &info);
        if (r < 0)
            return r;
        any = info.role == PARE_FILE_SIDE;
    }
    *ret_any = any;
    return 0;
}

/* Decides on folder or file and puts every tensor in a shard. */
static int divide(const struct st_context *context, struct st_plan *plan)
{
    struct split_options options;
    int side;
    int r = has_side_files(context, &side);
    if (r == 0)
        r = split_options_read(context->host, context->job, "shard_size", &options);
    if (r < 0)
        return r;
    if (options.keep)
        return ST_FAIL(context, PARE_EUSAGE,
                       "safetensors cannot be split as the source is: give "
                       "split_max_size or split_max_tensors, not keep_split");
    if (options.max_size == UINT64_MAX && side)
        options.max_size = DEFAULT_SHARD_SIZE;
    plan->n_shards = 1;
    plan->sharded = plan->total > options.max_size || plan->n_items > options.max_tensors;
    plan->folder = side || plan->sharded;
    r = plan->sharded ? st_shards_assign(context, plan, &options) : 0;
    if (plan->n_shards == 1)
        plan->sharded = 0;
    return r;
}

/* By shard; within it large elements first, so that all data is aligned; then by name. */
static int by_place(const void *a, const void *b)
{
    const struct st_item *x = a, *y = b;
    const uint32_t bits_x = st_dtype_at(x->dtype)->bits, bits_y = st_dtype_at(y->dtype)->bits;
    if (x->shard != y->shard)
        return x->shard < y->shard ? -1 : 1;
    if (bits_x != bits_y)
        return bits_x > bits_y ? -1 : 1;
    return st_compare(x->name, y->name);
}

static int emit_shards(const struct st_context *context, const struct st_plan *plan)
{
    uint64_t first = 0;
    for (uint32_t shard = 0; shard < plan->n_shards; shard++) {
        char name[64] = "";
        uint32_t file;
        uint64_t n = 0;
        while (first + n < plan->n_items && plan->items[first + n].shard == shard)
            n++;
        if (plan->folder)
            st_shard_name(plan, shard, name, sizeof name);
        int r = context->host->out_file(context->job, name, &file);
        if (r >= 0)
            r = st_shard_emit(context, plan, first, n, file);
        if (r < 0)
            return r;
        first += n;
    }
    return 0;
}

int st_layout(const struct pare_host *host, struct pare_job *job, void **ret_state)
{
    (void)ret_state;
    const struct st_context context = { host, job };
    struct st_plan plan = { .items = NULL };
    int r = collect(&context, &plan);
    if (r == 0)
        r = divide(&context, &plan);
    if (r == 0)
        r = st_metadata_check(&context);
    if (r == 0) {
        st_sort(plan.items, plan.n_items, sizeof plan.items[0], by_place);
        r = emit_shards(&context, &plan);
    }
    if (r == 0 && plan.sharded)
        r = st_index_emit(&context, &plan);
    if (r == 0 && plan.folder)
        r = st_side_emit(&context, &plan);
    if (plan.items)
        host->release(job, plan.items);
    if (plan.encodings)
        host->release(job, plan.encodings);
    return r;
}
