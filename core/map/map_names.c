/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The names of a checkpoint's tensors as the rules of a map see them, after every `rename`; and how
 * far the numbers in them go, as `index` says.
 */
#include "map/map_private.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

int map_names_rename(const struct map_rename *rename, char **name)
{
    size_t len = strlen(*name), n = rename->from.len;
    const char *at = NULL;
    if (len < n)
        return 0;
    if (rename->at_start)
        at = !memcmp(*name, rename->from.data, n) && (!rename->at_end || len == n) ? *name : NULL;
    else if (rename->at_end)
        at = !memcmp(*name + len - n, rename->from.data, n) ? *name + len - n : NULL;
    else
        at = memmem(*name, len, rename->from.data, n);
    if (!at)
        return 0;
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_add(&sb, *name, (size_t)(at - *name));
    strbuf_add(&sb, rename->to.data, rename->to.len);
    strbuf_puts(&sb, at + n);
    char *text = strbuf_finish(&sb);
    if (!text)
        return -1;
    free(*name);
    *name = text;
    return 0;
}

static int add_name(struct map_work *work, uint64_t i)
{
    const struct pare_str given = work->model->tensors[i].name;
    char *name = strndup(given.data, given.len);
    work->names[i] = name;
    const struct map_rename *renames = work->reverse ? NULL : work->rules->renames;
    for (const struct map_rename *r = renames; name && r; r = r->next)
        if (map_names_rename(r, &work->names[i]) < 0)
            return error_oom(work->err);
    name = work->names[i];
    int r = name ? strmap_add(&work->by_name, name, strlen(name), i, work->err)
                 : error_oom(work->err);
    if (r == 1)
        r = error_set(work->err, PARE_EDATA,
                      "two tensors are both called `%.200s' once the map %s "
                      "has renamed them",
                      name, work->rules->name);
    return r;
}

int map_names_add(struct map_work *work)
{
    work->names = calloc(work->model->n_tensors + 1, sizeof *work->names);
    int r = work->names ? 0 : error_oom(work->err);
    for (uint64_t i = 0; !r && i < work->model->n_tensors; i++)
        r = add_name(work, i);
    return r;
}

void map_names_free(struct map_work *work)
{
    for (uint64_t i = 0; work->names && i < work->model->n_tensors; i++)
        free(work->names[i]);
    free(work->names);
    strmap_deinit(&work->by_name);
}

int map_names_find(const struct map_work *work, const char *name, uint64_t *ret_tensor)
{
    return strmap_find(&work->by_name, name, strlen(name), ret_tensor);
}

static int count_index(struct map_work *work, const struct map_index *index)
{
    if (work->n_indexes == MAP_MAX_INDEXES)
        return error_set(work->err, PARE_EDATA, "more than %d kinds of numbers", MAP_MAX_INDEXES);
    char what[60];
    (void)snprintf(what, sizeof what, "{%.*s}", (int)index->name.len, index->name.data);
    int r = expr_json_count(index->count, &work->env, MAP_MAX_INDEX, what,
                            &work->index_counts[work->n_indexes], work->err);
    work->index_names[work->n_indexes++] = index->name;
    return r;
}

int map_names_count_all(struct map_work *work)
{
    int r = 0;
    for (const struct map_index *i = work->rules->indexes; !r && i; i = i->next) {
        r = count_index(work, i);
        if (r && r != PARE_ENOMEM)
            (void)error_prefix(work->err, "%s", i->place);
    }
    return r;
}

int map_names_count(const struct map_work *work, struct pare_str name, uint64_t *ret_count)
{
    for (unsigned i = 0; i < work->n_indexes; i++)
        if (text_equals(work->index_names[i], name)) {
            *ret_count = work->index_counts[i];
            return 0;
        }
    return error_set(work->err, PARE_EDATA,
                     "the map %s says nothing about {%.*s}: it needs a line "
                     "such as 'index %.*s = num_hidden_layers'",
                     work->rules->name, (int)name.len, name.data, (int)name.len, name.data);
}
