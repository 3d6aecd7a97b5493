/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The facts that conditions of recipes ask for. Those of the model come from GGUF's metadata keys
 * (general.architecture and, under its name, block_count, attention.head_count and so on); a model
 * without them has zeros and empty texts. Tensors are walked by layer, then name, which is the
 * order in which index() counts, whatever order the output has.
 */
#include "recipe/plan_private.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "lang/glob.h"
#include "model/metadata.h"

#include <stdio.h>
#include <string.h>

struct rank {
    int64_t layer;
    struct pare_str name;
    uint64_t tensor;
};

/* The number of "blk.N", -1 when there is none that fits 9 digits. */
static int64_t layer_of(struct pare_str name)
{
    if (name.len < 5 || memcmp(name.data, "blk.", 4))
        return -1;
    int64_t layer = 0;
    size_t i = 4;
    for (; i < name.len && text_is_digit(name.data[i]); i++) {
        if (i == 13)
            return -1;
        layer = layer * 10 + (name.data[i] - '0');
    }
    return i > 4 ? layer : -1;
}

static int64_t role_of(const struct recipe *recipe, struct pare_str name)
{
    for (const struct recipe_role *role = recipe->roles; role; role = role->next)
        if (glob_matches(role->pattern, name))
            return role->role;
    return -1;
}

static int compare_ranks(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    if (x->layer != y->layer)
        return x->layer < y->layer ? -1 : 1;
    size_t n = x->name.len < y->name.len ? x->name.len : y->name.len;
    int order = memcmp(x->name.data, y->name.data, n);
    if (order)
        return order;
    return x->name.len < y->name.len ? -1 : x->name.len > y->name.len;
}

static int sort_tensors(struct planner *p)
{
    uint64_t n = p->source->n_tensors;
    _cleanup_free_ struct rank *ranks = calloc(n + 1, sizeof *ranks);
    p->order = calloc(n + 1, sizeof *p->order);
    if (!ranks || !p->order)
        return error_oom(p->err);
    for (uint64_t i = 0; i < n; i++)
        ranks[i] = (struct rank){ p->tensors[i].layer, p->source->tensors[i].name, i };
    if (!p->options->source_order)
        qsort(ranks, n, sizeof *ranks, compare_ranks);
    for (uint64_t i = 0; i < n; i++)
        p->order[i] = ranks[i].tensor;
    return 0;
}

static int find_roles(struct planner *p)
{
    uint64_t n = p->source->n_tensors;
    p->tensors = calloc(n + 1, sizeof *p->tensors);
    if (!p->tensors)
        return error_oom(p->err);
    for (uint64_t i = 0; i < n; i++) {
        struct planner_tensor *t = &p->tensors[i];
        t->layer = layer_of(p->source->tensors[i].name);
        t->role = role_of(p->recipe, p->source->tensors[i].name);
        if (t->role >= 0)
            p->env.total[t->role]++;
    }
    return 0;
}

/* The metadata that facts come from: the source's, or those with the overrides' changes. */
static const struct model *known(const struct planner *p)
{
    return p->known ? p->known : p->source;
}

/* The first number under "ARCH.KEY". */
static int arch_number(struct planner *p, const char *key, int64_t fallback, int64_t *ret)
{
    _cleanup_free_ char *full = NULL;
    if (asprintf(&full, "%s.%s", p->arch, key) < 0)
        return error_oom(p->err);
    *ret = meta_first_int(known(p), full, fallback);
    return 0;
}

static int find_numbers(struct planner *p)
{
    int64_t *numbers = p->env.numbers;
    int r = arch_number(p, "block_count", 0, &numbers[EXPR_LAYERS]);
    if (!r)
        r = arch_number(p, "attention.head_count", 0, &numbers[EXPR_HEADS]);
    if (!r)
        r = arch_number(p, "attention.head_count_kv", numbers[EXPR_HEADS], &numbers[EXPR_HEADS_KV]);
    if (!r)
        r = arch_number(p, "expert_count", 0, &numbers[EXPR_EXPERTS]);
    if (!r && numbers[EXPR_HEADS_KV] > 0)
        numbers[EXPR_GQA] = numbers[EXPR_HEADS] / numbers[EXPR_HEADS_KV];
    return r;
}

static int block_len(void *context, struct pare_str encoding, int64_t *ret_len, struct error *err)
{
    const struct planner *p = context;
    char name[128];
    (void)snprintf(name, sizeof name, "%.*s", encoding.len > 127 ? 127 : (int)encoding.len,
                   encoding.data);
    const struct encoding *found = registry_encoding(p->registry, name);
    if (!found)
        return planner_suggest_encoding(p, name, err,
                                        error_set(err, PARE_EUSAGE,
                                                  "no plugin provides the encoding %s", name));
    *ret_len = found->block_len;
    return 0;
}

/* The facts that come from metadata. They are read again when overrides change the metadata. */
static int find_metadata_facts(struct planner *p)
{
    free(p->arch);
    p->arch = model_architecture(known(p));
    if (!p->arch)
        p->arch = strdup("");
    if (!p->arch)
        return error_oom(p->err);
    p->env.texts[EXPR_ARCH] = text_of(p->arch);
    p->env.numbers[EXPR_FILE_TYPE] = meta_int(known(p), "general.file_type", -1);
    return find_numbers(p);
}

static void find_importance_facts(struct planner *p)
{
    const struct importance *importance = p->options->importance;
    struct expr_env *env = &p->env;
    env->texts[EXPR_IMPORTANCE_FILE] = env->texts[EXPR_IMPORTANCE_DATASET] = text_of("");
    if (!importance)
        return;
    const char *dataset = importance_dataset(importance);
    env->numbers[EXPR_IMPORTANCE] = 1;
    env->texts[EXPR_IMPORTANCE_FILE] = text_of(importance_name(importance));
    env->texts[EXPR_IMPORTANCE_DATASET] = text_of(dataset ? dataset : "");
    env->numbers[EXPR_IMPORTANCE_ENTRIES] = (int64_t)importance_entries(importance);
    env->numbers[EXPR_IMPORTANCE_CHUNKS] = importance_chunks(importance);
}

int planner_facts(struct planner *p)
{
    p->env.block_len = block_len;
    p->env.context = p;
    p->env.texts[EXPR_FORMAT] = text_of(p->writer->name);
    p->env.texts[EXPR_SOURCE_FORMAT] = text_of(p->source->format ? p->source->format : "");
    p->env.texts[EXPR_DEFAULT] = text_of(p->recipe->standard->argument);
    find_importance_facts(p);
    int r = find_roles(p);
    if (!r)
        r = find_metadata_facts(p);
    if (!r)
        r = planner_apply_overrides(p);
    if (!r && p->known)
        r = find_metadata_facts(p);
    return r ? r : sort_tensors(p);
}

/* The number of dimensions without outer ones of length 1. */
static int64_t rank_of(const struct model_tensor *t)
{
    for (uint32_t i = 0; i < t->n_dims; i++)
        if (t->dims[i] > 1)
            return t->n_dims - i;
    return 1;
}

void planner_look_at(struct planner *p, uint64_t tensor)
{
    const struct model_tensor *t = &p->source->tensors[tensor];
    struct expr_env *env = &p->env;
    env->texts[EXPR_NAME] = t->name;
    env->texts[EXPR_SOURCE] = text_of(t->encoding_name);
    env->numbers[EXPR_ROLE_OF] = p->tensors[tensor].role;
    env->numbers[EXPR_LAYER] = p->tensors[tensor].layer;
    env->numbers[EXPR_RANK] = rank_of(t);
    env->numbers[EXPR_COLS] = (int64_t)t->row_len;
    env->numbers[EXPR_ROWS] = (int64_t)t->rows;
    env->numbers[EXPR_ELEMENTS] = (int64_t)t->elements;
    env->texts[EXPR_PURPOSE] = text_of(t->role ? t->role : "");
    env->texts[EXPR_OP] = text_of(t->op ? t->op : "");
    env->numbers[EXPR_CHANNEL] = t->channel;
    env->dims = t->dims;
    env->n_dims = t->n_dims;
}

int planner_holds(struct planner *p, const struct recipe_rule *rule, int64_t *ret_truth)
{
    if (!rule->condition) {
        *ret_truth = 1;
        return 0;
    }
    int r = expr_typed_number(rule->condition, &p->env, ret_truth, p->err);
    return r ? error_prefix(p->err, "%s", rule->place) : 0;
}
