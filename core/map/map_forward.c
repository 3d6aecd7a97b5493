/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * From a Hugging Face folder to GGUF's names: the order of what a map does. Metadata come last,
 * since some of them are counted from the tensors.
 */
#include "map/map_private.h"

#include "model/side_files.h"

int map_forward(struct map_work *work, struct map_rules **ret_rules)
{
    json_t *config = NULL;
    int r = side_file_config(work->model, &config, work->err);
    if (r < 0)
        return r;
    r = config ? map_rules_choose(work->request->dirs, config, NULL, ret_rules, work->err) : 1;
    if (r) {
        r = r < 0 ? r : map_unknown_architecture(work->model, config, work->err);
        json_decref(config);
        return r;
    }
    work->rules = *ret_rules;
    r = map_work_begin(work, config);
    if (!r)
        r = map_tensors_add(work);
    if (!r)
        r = map_shapes_check(work);
    return r ? r : map_meta_add(work);
}
