/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Architecture maps as files: reading one, and finding the one for a checkpoint. The directories
 * are read for every checkpoint, so that a map that was just written is used without a restart.
 */
#include "map/map_rules.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/strlist.h"
#include "base/text.h"
#include "map/map_rules_private.h"

#include <stdio.h>
#include <string.h>

DEFINE_CLEANUP(struct map_rules *, map_rules_free);

struct names {
    char **items;
    size_t n;
};

static void names_deinit(struct names *names)
{
    strlist_clear(&names->items, &names->n);
}

static struct map_rules *rules_new(const char *name)
{
    struct map_rules *rules = calloc(1, sizeof *rules);
    if (!rules)
        return NULL;
    rules->architectures_end = &rules->architectures;
    rules->model_types_end = &rules->model_types;
    rules->actions_end = &rules->actions;
    rules->indexes_end = &rules->indexes;
    rules->sets_end = &rules->sets;
    rules->configs_end = &rules->configs;
    rules->renames_end = &rules->renames;
    rules->restores_end = &rules->restores;
    rules->tensors_end = &rules->tensors;
    rules->drops_end = &rules->drops;
    rules->floats_end = &rules->floats;
    rules->shapes_end = &rules->shapes;
    rules->values_end = &rules->values;
    rules->tokenizers_end = &rules->tokenizers;
    rules->title = "";
    rules->unit.side = EXPR_MAP;
    rules->name = arena_copy(&rules->memory, text_of(name));
    return rules;
}

void map_rules_free(struct map_rules *rules)
{
    if (!rules)
        return;
    expr_unit_deinit(&rules->unit);
    arena_deinit(&rules->memory);
    free(rules);
}

int map_rules_load(const char *dirs, const char *name, struct map_rules **ret_rules,
                   struct error *err)
{
    char file[120];
    CLEANUP(map_rules_free_cleanup) struct map_rules *rules = rules_new(name);
    if (!rules || !rules->name)
        return error_oom(err);
    (void)snprintf(file, sizeof file, "%s%s", name, MAP_SUFFIX);
    int r = map_read_file(rules, dirs, file, err);
    if (!r && !rules->architecture)
        r = error_set(err, PARE_EDATA, "%s: expected a line such as 'architecture llama'", file);
    if (!r && !rules->architectures && !rules->model_types)
        r = error_set(err, PARE_EDATA, "%s: expected a line such as 'for LlamaForCausalLM'", file);
    if (!r)
        *ret_rules = TAKE(rules);
    return r;
}

const char *map_config_architecture(const json_t *config)
{
    const json_t *list = json_object_get(config, "architectures");
    const char *name = json_string_value(json_array_get(list, 0));
    return name ? name : json_get_string(config, "model_type", NULL);
}

static int has_word(const struct map_word *words, const char *text)
{
    for (; words; words = words->next)
        if (!strcmp(words->text, text))
            return 1;
    return 0;
}

/* model_type counts only when `architectures` is missing: several architectures share one type. */
static int is_for(const struct map_rules *rules, const json_t *config, const char *architecture)
{
    if (!config)
        return !strcmp(rules->architecture, architecture);
    const json_t *list = json_object_get(config, "architectures");
    const char *name = json_string_value(json_array_get(list, 0));
    if (name)
        return has_word(rules->architectures, name);
    name = json_get_string(config, "model_type", NULL);
    return name && has_word(rules->model_types, name);
}

int map_rules_choose(const char *dirs, const json_t *config, const char *architecture,
                     struct map_rules **ret_rules, struct error *err)
{
    CLEANUP(names_deinit) struct names names = { NULL, 0 };
    struct error first = ERROR_INIT;
    int r = dirs_list(dirs, MAP_SUFFIX, &names.items, &names.n, err);
    if (r)
        return r;
    for (size_t i = 0; i < names.n; i++) {
        CLEANUP(map_rules_free_cleanup) struct map_rules *rules = NULL;
        struct error problem = ERROR_INIT;
        r = map_rules_load(dirs, names.items[i], &rules, &problem);
        if (r == PARE_ENOMEM)
            return error_oom(err);
        if (r && !first.code)
            first = problem;
        if (r || !is_for(rules, config, architecture))
            continue;
        *ret_rules = TAKE(rules);
        return 0;
    }
    if (!first.code)
        return 1;
    if (err)
        *err = first;
    return first.code;
}
