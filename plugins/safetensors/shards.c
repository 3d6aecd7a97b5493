/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Shards: which tensor goes into which, what they are called, and their index. Tensors are taken
 * in the target's order and put into the current shard until the next one would exceed a limit,
 * as Hugging Face's libraries do; a tensor above the limit of bytes gets a shard of its own. The
 * planes of a tensor stay together.
 */
#include "safetensors/shards.h"

#include "safetensors/sort.h"
#include "safetensors/text.h"

#include <stdio.h>

int st_shards_assign(const struct st_context *context, struct st_plan *plan,
                     const struct split_options *options)
{
    uint64_t filled = 0, n = 0;           /* bytes and tensors of the current shard */
    uint32_t next = 0, current = ST_NONE; /* numbers are given when a shard gets its first tensor */
    for (uint64_t i = 0; i < plan->n_items; i++) {
        struct st_item *item = &plan->items[i];
        uint64_t bytes = item->bytes, planes = 1;
        for (; i + planes < plan->n_items && item[planes].plane > 0; planes++)
            bytes += item[planes].bytes;
        const int alone = bytes > options->max_size;
        const int fits = current != ST_NONE && n < options->max_tensors &&
                         planes <= options->max_tensors - n && bytes <= options->max_size - filled;
        if (alone) {
            item->shard = next++;
        } else {
            if (!fits) {
                current = next++;
                filled = n = 0;
            }
            item->shard = current;
            filled += bytes;
            n += planes;
        }
        for (uint64_t p = 1; p < planes; p++)
            item[p].shard = item->shard;
        i += planes - 1;
        if (next > ST_MAX_SHARDS)
            return ST_FAIL(context, PARE_ELIMIT,
                           "more shards than the limit of %u: raise "
                           "split_max_size or split_max_tensors",
                           ST_MAX_SHARDS);
    }
    plan->n_shards = next;
    return 0;
}

void st_shard_name(const struct st_plan *plan, uint32_t shard, char *ret_name, size_t size)
{
    if (plan->sharded)
        snprintf(ret_name, size, "model-%05u-of-%05u" ST_SUFFIX, shard + 1, plan->n_shards);
    else
        snprintf(ret_name, size, "model" ST_SUFFIX);
}

static int by_name(const void *a, const void *b)
{
    return st_compare(((const struct st_item *)a)->name, ((const struct st_item *)b)->name);
}

/* Writes the index's text, or measures it. */
static void put_index(const struct st_plan *plan, struct st_text *text)
{
    char shard[64];
    st_puts(text, "{\n  \"metadata\": {\n    \"total_size\": ");
    st_put_u64(text, plan->total);
    st_puts(text, "\n  },\n  \"weight_map\": {");
    for (uint64_t i = 0; i < plan->n_items; i++) {
        st_puts(text, i == 0 ? "\n    " : ",\n    ");
        st_put_json(text, plan->items[i].name);
        st_shard_name(plan, plan->items[i].shard, shard, sizeof shard);
        st_puts(text, ": \"");
        st_puts(text, shard);
        st_puts(text, "\"");
    }
    st_puts(text, "\n  }\n}\n");
}

int st_index_emit(const struct st_context *context, struct st_plan *plan)
{
    struct st_text text = { .data = NULL };
    uint32_t file;
    st_sort(plan->items, plan->n_items, sizeof plan->items[0], by_name);
    put_index(plan, &text);
    text.data = context->host->alloc(context->job, text.len, 1);
    if (!text.data)
        return PARE_ENOMEM;
    text.len = 0;
    put_index(plan, &text);
    int r = context->host->out_file(context->job, "model" ST_INDEX_SUFFIX, &file);
    if (r >= 0)
        r = context->host->out_literal(context->job, file, 0, text.data, text.len);
    if (r >= 0)
        r = context->host->out_size(context->job, file, text.len);
    return r < 0 ? r : 0;
}
