/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A matrix of the view: made by a scheme, then read tile by tile. A tile is some whole rows. The
 * one that was decoded last is kept, so that rows asked for one by one (as maps do that reorder
 * heads) cost no more than all of them at once, also where codes lie column by column. One lock
 * guards it: a read holds it from start to end, on whichever thread it runs.
 */
#include "unpack/unpack_private.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "plugin/source.h"

#include <string.h>

#define TILE_ALIGN 32 /* rows: codes of up to 32 columns share words */

int unpack_item_new(struct unpack *unpack, uint64_t tensor, const char *old, const char *suffix,
                    struct unpack_item **ret_item, struct error *err)
{
    const struct pare_str *name = &unpack->model->tensors[tensor].name;
    size_t stem = name->len - strlen(old), n = strlen(suffix);
    struct unpack_item *item = calloc(1, sizeof *item);
    char *text = malloc(stem + n + 1);
    if (!item || !text) {
        free(item);
        free(text);
        return error_oom(err);
    }
    memcpy(text, name->data, stem);
    memcpy(text + stem, suffix, n + 1);
    const struct unpack_part none = { .tensor = UNPACK_NONE };
    *item = (struct unpack_item){ .unpack = unpack,
                                  .name = text,
                                  .name_len = stem + n,
                                  .codes = none,
                                  .scales = none,
                                  .zeros = none,
                                  .order = none,
                                  .outer = none,
                                  .code_map = none,
                                  .scale_map = none };
    *ret_item = item;
    return 0;
}

void unpack_item_free(struct unpack_item *item)
{
    if (!item)
        return;
    free(item->name);
    free(item);
}

void unpack_item_dims(struct unpack_item *item, const struct model_tensor *codes, uint64_t row_len)
{
    item->n_dims = codes->n_dims;
    memcpy(item->dims, codes->dims, sizeof item->dims);
    if (item->n_dims)
        item->dims[item->n_dims - 1] = row_len;
}

/* Sets rows, bytes of a row and rows of a tile, and checks that they are plausible. */
static int measure(struct unpack_item *item, uint64_t tile_bytes, struct error *err)
{
    uint64_t total;
    struct text_shown shown = unpack_show(item->unpack, item->codes.tensor);
    item->row_len = item->n_dims ? item->dims[item->n_dims - 1] : 0;
    item->rows = 1;
    for (uint32_t i = 0; i + 1 < item->n_dims; i++)
        if (checked_mul(item->rows, item->dims[i], &item->rows))
            return error_set(err, PARE_EDATA, "tensor `%s`: its shape overflows", shown.text);
    if (!item->rows || !item->row_len)
        return error_set(err, PARE_EDATA, "tensor `%s` stands for an empty matrix", shown.text);
    if (item->row_len > UNPACK_MAX_ROW)
        return error_set(err, PARE_ELIMIT,
                         "tensor `%s`: quantized rows of %llu weights, the limit "
                         "is %u",
                         shown.text, (unsigned long long)item->row_len, UNPACK_MAX_ROW);
    int r = encoding_plane_bytes(item->encoding, 0, item->rows, item->row_len, &total, err);
    if (r < 0)
        return error_prefix(err, "tensor `%s`", shown.text);
    item->row_bytes = total / item->rows;
    item->tile_rows = tile_bytes / item->row_bytes / TILE_ALIGN * TILE_ALIGN;
    if (!item->tile_rows)
        item->tile_rows = TILE_ALIGN;
    return 0;
}

static int append(struct unpack *unpack, struct unpack_item *item, struct error *err)
{
    if (unpack->n_items == unpack->items_capacity) {
        uint64_t capacity = unpack->items_capacity ? unpack->items_capacity * 2 : 64;
        struct unpack_item **items = reallocarray(unpack->items, capacity, sizeof *items);
        if (!items)
            return error_oom(err);
        unpack->items = items;
        unpack->items_capacity = capacity;
    }
    unpack->roles[item->codes.tensor] = UNPACK_ITEM + unpack->n_items;
    unpack->items[unpack->n_items++] = item;
    return 1;
}

int unpack_item_add(struct unpack *unpack, struct unpack_item *item,
                    const struct encoding *encoding, unpack_decode_fn *decode, uint64_t tile_bytes,
                    struct error *err)
{
    item->encoding = encoding;
    item->decode = decode;
    int r = measure(item, tile_bytes, err);
    if (r == 0)
        r = append(unpack, item, err);
    if (r < 0)
        unpack_item_free(item);
    return r;
}

/* Makes the tile with `row` the one that is kept. */
static int load_tile(struct unpack *unpack, const struct unpack_item *item, struct source *base,
                     uint64_t row, struct error *err)
{
    uint64_t first = row / item->tile_rows * item->tile_rows;
    uint64_t count = item->rows - first < item->tile_rows ? item->rows - first : item->tile_rows;
    if (unpack->tile_item == item && unpack->tile_row == first)
        return 0;
    unpack->tile_item = NULL;
    if (unpack->tile_size < count * item->row_bytes) {
        free(unpack->tile);
        unpack->tile_size = 0;
        unpack->tile = unpack_alloc(count, item->row_bytes, err);
        if (!unpack->tile)
            return PARE_ENOMEM;
        unpack->tile_size = count * item->row_bytes;
    }
    int r = item->decode(item, base, first, count, unpack->tile, err);
    if (r < 0)
        return r;
    unpack->tile_item = item;
    unpack->tile_row = first;
    unpack->tile_count = count;
    return 0;
}

int unpack_item_read(void *context, struct source *base, uint64_t offset, void *buffer, size_t n,
                     struct error *err)
{
    const struct unpack_item *item = context;
    struct unpack *unpack = item->unpack;
    uint8_t *to = buffer;
    int r = 0;
    (void)pthread_mutex_lock(&unpack->lock);
    while (n && r == 0) {
        r = load_tile(unpack, item, base, offset / item->row_bytes, err);
        if (r < 0)
            break;
        uint64_t at = offset - unpack->tile_row * item->row_bytes;
        uint64_t left = unpack->tile_count * item->row_bytes - at;
        size_t count = n < left ? n : (size_t)left;
        memcpy(to, (const uint8_t *)unpack->tile + at, count);
        to += count;
        offset += count;
        n -= count;
    }
    (void)pthread_mutex_unlock(&unpack->lock);
    return r;
}
