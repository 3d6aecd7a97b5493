/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The view of a checkpoint that is quantized already. Each tensor of the base plays one role: the
 * codes of a matrix (an item of the view takes its place), a part that goes with some codes or that
 * only a runtime needs (dropped), or anything else (passed through). The scheme decides; what it
 * leaves is judged by name here.
 */
#include "unpack/unpack_private.h"

#include "base/cleanup.h"
#include "model/metadata.h"
#include "plugin/source.h"

#include <string.h>

/* Name endings of tensors that hold settings for quantizing activations and caches, not weights. */
/* clang-format off */
static const char *const not_weights[] = {
    ".k_scale", ".v_scale", ".q_scale", ".prob_scale", ".k_zero_point", ".v_zero_point",
    ".q_zero_point", ".kv_scale", ".input_scale", ".output_scale", ".input_zero_point",
    ".output_zero_point", ".input_global_scale", ".output_global_scale", ".activation_scale",
    "_activation_scale", ".input_scale_ub", ".qscale_act", "_input_scale", ".input_amax",
    ".output_amax", ".weight_format",
};
/* clang-format on */

static int is_not_weights(const struct unpack *unpack, uint64_t tensor)
{
    for (size_t i = 0; i < sizeof not_weights / sizeof not_weights[0]; i++)
        if (unpack_ends(unpack, tensor, not_weights[i]))
            return 1;
    return 0;
}

static int claim_all(struct unpack *unpack, struct error *err)
{
    for (uint64_t i = 0; i < unpack->model->n_tensors; i++) {
        int r = unpack->scheme->claim(unpack, i, err);
        if (r < 0)
            return r;
    }
    for (uint64_t i = 0; i < unpack->model->n_tensors; i++)
        if (unpack->roles[i] == UNPACK_PASS && is_not_weights(unpack, i))
            unpack->roles[i] = UNPACK_DROP;
    return 0;
}

static int add_item(struct unpack *unpack, struct unpack_item *item, struct error *err)
{
    struct view_tensor tensor = { .name = { item->name, item->name_len }, .n_dims = item->n_dims };
    const struct unpack_part *parts[] = { &item->codes,    &item->scales, &item->zeros,
                                          &item->order,    &item->outer,  &item->code_map,
                                          &item->scale_map };
    memcpy(tensor.dims, item->dims, sizeof tensor.dims);
    int r = view_add_computed(unpack->view, &tensor, item->encoding,
                              item->origin[0] ? item->origin : NULL, unpack_item_read, item, err);
    for (size_t i = 0; r == 0 && i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i]->tensor != UNPACK_NONE)
            view_made_of(unpack->view, parts[i]->tensor);
    return r;
}

static int add_same(struct unpack *unpack, uint64_t i, struct error *err)
{
    const struct model_tensor *t = &unpack->model->tensors[i];
    struct view_tensor tensor = { .name = t->name, .n_dims = t->n_dims };
    memcpy(tensor.dims, t->dims, sizeof tensor.dims);
    return view_add_same(unpack->view, &tensor, i, err);
}

static int make_view(struct unpack *unpack, struct error *err)
{
    int r = view_new(unpack->base, &unpack->view, err);
    for (uint64_t i = 0; r == 0 && i < unpack->model->n_tensors; i++) {
        uint64_t role = unpack->roles[i];
        if (role == UNPACK_PASS)
            r = add_same(unpack, i, err);
        else if (role >= UNPACK_ITEM)
            r = add_item(unpack, unpack->items[role - UNPACK_ITEM], err);
    }
    struct model *to = r == 0 ? view_model(unpack->view) : NULL;
    for (uint64_t i = 0; r == 0 && i < unpack->model->n_meta; i++) {
        const struct model_meta *meta = &unpack->model->meta[i];
        r = meta_share(to, meta, err);
    }
    return r < 0 ? r : view_source(unpack->view, &unpack->source, err);
}

/* 1: nothing is quantized. */
static int build(struct unpack *unpack, const json_t *config, struct error *err)
{
    int r = unpack_choose(unpack, config, err);
    if (r != 0)
        return r;
    unpack->f32 = registry_encoding(unpack->registry, "f32");
    if (!unpack->f32)
        return error_set(err, PARE_ENOTSUP,
                         "no plugin provides f32, which a checkpoint of %s is "
                         "decoded to",
                         unpack->config.method);
    unpack->roles = unpack_alloc(unpack->model->n_tensors, sizeof *unpack->roles, err);
    if (!unpack->roles)
        return PARE_ENOMEM;
    r = claim_all(unpack, err);
    if (r < 0)
        return r;
    return unpack->n_items ? make_view(unpack, err) : 1;
}

int unpack_open(const struct registry *registry, struct source *base, const struct model *model,
                const json_t *config, struct unpack **ret, struct error *err)
{
    struct unpack *unpack = calloc(1, sizeof *unpack);
    if (!unpack)
        return error_oom(err);
    unpack->registry = registry;
    unpack->base = base;
    unpack->model = model;
    (void)pthread_mutex_init(&unpack->lock, NULL);
    int r = build(unpack, config, err);
    if (r == 0)
        *ret = TAKE(unpack);
    unpack_close(unpack);
    return r;
}

void unpack_close(struct unpack *unpack)
{
    if (!unpack)
        return;
    source_close(unpack->source);
    view_free(unpack->view);
    for (uint64_t i = 0; i < unpack->n_items; i++)
        unpack_item_free(unpack->items[i]);
    free(unpack->items);
    free(unpack->roles);
    free(unpack->tile);
    json_decref(unpack->side);
    (void)pthread_mutex_destroy(&unpack->lock);
    free(unpack);
}

struct source *unpack_source(struct unpack *unpack)
{
    return unpack->source;
}

struct model *unpack_model(struct unpack *unpack)
{
    return view_model(unpack->view);
}
