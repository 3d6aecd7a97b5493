/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * From a checkpoint's tensors to those of a GGUF: every tensor goes through the map's rules, in the
 * source's order. A tensor that no rule and no `drop` matches is an error, and so is a missing one
 * that a rule needs. The work grows with tensors times rules, never with numbers of config.json.
 */
#include "map/map_private.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/json_numbers.h"
#include "base/text.h"

#include <string.h>

/* A rule while the tensors go through it. */
struct rule_state {
    int active;       /* its condition is true */
    uint64_t matched; /* tensors that it needs and that were found */
};

static int add_to_message(const struct map_work *work, const char *place, int r)
{
    if (r && r != PARE_ENOMEM)
        (void)error_prefix(work->err, "%s", place);
    return r;
}

static int check_numbers(const struct map_work *work, const struct name_match *match,
                         const char *name)
{
    for (unsigned i = 0; i < match->n_numbers; i++) {
        uint64_t count = 0;
        int r = map_names_count(work, match->names[i], &count);
        if (r)
            return r;
        if (!count)
            return error_set(work->err, PARE_EDATA,
                             "tensor `%.200s': config.json says that there "
                             "are none with {%.*s}",
                             name, (int)match->names[i].len, match->names[i].data);
        if (match->numbers[i] >= count)
            return error_set(work->err, PARE_EDATA,
                             "tensor `%.200s': config.json says that {%.*s} "
                             "goes from 0 to %lld",
                             name, (int)match->names[i].len, match->names[i].data,
                             (long long)count - 1);
    }
    return 0;
}

static int missing(const struct map_work *work, const char *name)
{
    return error_set(work->err, PARE_EDATA,
                     "the tensor `%.200s' is missing, which the map %s%s "
                     "needs",
                     name, work->rules->name, MAP_SUFFIX);
}

/* The tensors that one tensor is made of: n_sources for each that is stacked. */
static int gather(const struct map_work *work, const struct map_tensor *rule,
                  struct name_match match, uint64_t stacked, uint64_t *tensors)
{
    uint64_t *number = NULL;
    for (unsigned i = 0; i < match.n_numbers; i++)
        if (rule->stack.len && text_equals(match.names[i], rule->stack))
            number = &match.numbers[i];
    for (uint64_t e = 0; e < stacked; e++) {
        if (number)
            *number = e;
        for (unsigned s = 0; s < rule->n_sources; s++) {
            _cleanup_free_ char *name = NULL;
            int r = name_pattern_expand(&rule->sources[s], &rule->sources[0], &match, &name,
                                        work->err);
            if (r)
                return r;
            if (!map_names_find(work, name, &tensors[e * rule->n_sources + s]))
                return missing(work, name);
        }
    }
    return 0;
}

/* How many tensors are stacked into one: all of them when number 0 comes by, and none (0) when the
 * others do. */
static int count_stack(const struct map_work *work, const struct map_tensor *rule,
                       const struct name_match *match, uint64_t *ret_count)
{
    uint64_t number = 0;
    *ret_count = 1;
    if (!rule->stack.len || !name_pattern_number(match, rule->stack, &number))
        return 0;
    int r = map_names_count(work, rule->stack, ret_count);
    if (!r && number)
        *ret_count = 0;
    /* Checked before memory for that many is asked for. */
    if (!r && *ret_count > work->model->n_tensors)
        return error_set(work->err, PARE_EDATA,
                         "config.json says that there are %llu of {%.*s}, "
                         "and there are %llu tensors",
                         (unsigned long long)*ret_count, (int)rule->stack.len, rule->stack.data,
                         (unsigned long long)work->model->n_tensors);
    return r;
}

static int make_tensor(struct map_work *work, const struct map_tensor *rule,
                       const struct name_match *match)
{
    _cleanup_free_ char *name = NULL;
    _cleanup_free_ uint64_t *tensors = NULL;
    uint64_t stacked = 0;
    int r = count_stack(work, rule, match, &stacked);
    if (r || !stacked)
        return r;
    tensors = calloc(stacked * rule->n_sources, sizeof *tensors);
    if (!tensors)
        return error_oom(work->err);
    r = name_pattern_expand(&rule->target, &rule->sources[0], match, &name, work->err);
    if (!r && strlen(name) > MAP_GGUF_NAME)
        r = error_set(work->err, PARE_EDATA,
                      "the name `%.100s' has %zu bytes, and GGUF has room "
                      "for %d",
                      name, strlen(name), MAP_GGUF_NAME);
    if (!r)
        r = gather(work, rule, *match, stacked, tensors);
    return r ? r : map_rows_add(work, rule, name, tensors, stacked);
}

/* 1 unless one of the match's choices is optional. */
static int is_needed(const struct name_pattern *pattern, const struct name_match *match)
{
    for (unsigned i = 0; i < pattern->n_parts; i++)
        if (pattern->parts[i].kind == NAME_CHOICE &&
            pattern->parts[i].optional >> match->choices[pattern->parts[i].choice] & 1)
            return 0;
    return 1;
}

/* Tries one rule on one tensor: 1 when the rule matches, and the tensor is made. */
static int apply(struct map_work *work, const struct map_tensor *rule, struct rule_state *state,
                 uint64_t tensor)
{
    const char *name = work->names[tensor];
    struct name_match match = { .n_numbers = 0 };
    for (unsigned s = 0; s < rule->n_sources; s++) {
        if (!name_pattern_matches(&rule->sources[s], s ? &rule->sources[0] : NULL, text_of(name),
                                  &match))
            continue;
        int r = check_numbers(work, &match, name);
        if (!r && !s) {
            state->matched += (uint64_t)is_needed(&rule->sources[0], &match);
            r = make_tensor(work, rule, &match);
        }
        return r ? add_to_message(work, rule->place, r) : 1;
    }
    return 0;
}

static int is_dropped(const struct map_rules *rules, const char *name)
{
    struct name_match match;
    for (const struct map_patterns *d = rules->drops; d; d = d->next)
        if (name_pattern_matches(&d->pattern, NULL, text_of(name), &match))
            return 1;
    return 0;
}

/* ---- what is missing ---- */

/* All names that a pattern stands for: its numbers and choices are the digits of a counter. */
struct ways {
    struct name_match match;
    uint64_t counts[NAME_MAX_NUMBERS];
    unsigned needed[NAME_MAX_CHOICES][NAME_MAX_TEXTS], n_needed[NAME_MAX_CHOICES];
    unsigned at[NAME_MAX_CHOICES], n_choices;
    uint64_t total;
};

static int ways_of(const struct map_work *work, const struct name_pattern *pattern,
                   struct ways *ways)
{
    memset(ways, 0, sizeof *ways);
    ways->total = 1;
    ways->n_choices = pattern->n_choices;
    for (unsigned i = 0; i < pattern->n_parts; i++) {
        const struct name_part *part = &pattern->parts[i];
        uint64_t before, count = 1;
        if (part->kind == NAME_INDEX && !name_pattern_number(&ways->match, part->text, &before)) {
            unsigned n = ways->match.n_numbers++;
            int r = map_names_count(work, part->text, &count);
            if (r)
                return r;
            ways->match.names[n] = part->text;
            ways->counts[n] = count;
        } else if (part->kind == NAME_CHOICE) {
            for (unsigned t = 0; t < part->n_texts; t++)
                if (!(part->optional >> t & 1))
                    ways->needed[part->choice][ways->n_needed[part->choice]++] = t;
            count = ways->n_needed[part->choice];
        }
        if (checked_mul(ways->total, count, &ways->total) < 0)
            ways->total = UINT64_MAX;
    }
    return 0;
}

/* Goes on to the next name; the last number counts fastest. */
static void advance(struct ways *ways)
{
    for (unsigned c = ways->n_choices; c-- > 0;) {
        if (++ways->at[c] < ways->n_needed[c])
            return;
        ways->at[c] = 0;
    }
    for (unsigned n = ways->match.n_numbers; n-- > 0;) {
        if (++ways->match.numbers[n] < ways->counts[n])
            return;
        ways->match.numbers[n] = 0;
    }
}

/* Fails with the first name that a rule needs and that is missing. Since the rule matched fewer
 * tensors than it needs, one of the first n_tensors + 1 names is missing. */
static int find_missing(const struct map_work *work, const struct map_tensor *rule,
                        struct ways *ways)
{
    for (uint64_t i = 0; i < ways->total && i <= work->model->n_tensors; i++, advance(ways)) {
        _cleanup_free_ char *name = NULL;
        for (unsigned c = 0; c < ways->n_choices; c++)
            ways->match.choices[c] = ways->needed[c][ways->at[c]];
        int r = name_pattern_expand(&rule->sources[0], NULL, &ways->match, &name, work->err);
        if (r)
            return r;
        if (!map_names_find(work, name, NULL))
            return missing(work, name);
    }
    return 0;
}

static int check_complete(const struct map_work *work, const struct rule_state *states)
{
    int r = 0;
    for (const struct map_tensor *rule = work->rules->tensors; !r && rule; rule = rule->next) {
        struct ways ways;
        if (rule->optional || !states[rule->number].active)
            continue;
        r = ways_of(work, &rule->sources[0], &ways);
        if (!r && ways.total > states[rule->number].matched)
            r = find_missing(work, rule, &ways);
        r = add_to_message(work, rule->place, r);
    }
    return r;
}

/* ---- tensors of known values ---- */

static int add_values(struct map_work *work, const struct map_values *values)
{
    _cleanup_json_ json_t *list = NULL;
    int truth = 0, r = expr_json_truth(values->condition, &work->env, &truth, work->err);
    if (!r && truth)
        r = expr_json_value(values->value, &work->env, &list, work->err);
    if (r || !truth || json_is_null(list))
        return r;
    size_t n = json_array_size(list);
    if (!json_is_array(list) || !n || n > JSON_MAX_LIST)
        return error_set(work->err, PARE_EDATA, "`%s' needs a list of numbers", values->name);
    _cleanup_free_ float *floats = calloc(n, sizeof *floats);
    if (!floats)
        return error_oom(work->err);
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_number(value))
            return error_set(work->err, PARE_EDATA,
                             "`%s' needs a list of numbers, and its element "
                             "%zu is none",
                             values->name, i);
        if (json_number_to_float(json_number_value(value), &floats[i]))
            return error_set(work->err, PARE_EDATA,
                             "`%s' needs a list of numbers, and its element %zu, %g, is out of the "
                             "range of f32",
                             values->name, i, json_number_value(value));
    }
    struct view_tensor tensor = {
        .name = { values->name, strlen(values->name) }, .n_dims = 1, .dims = { n }, .f32 = work->f32
    };
    return view_add_values(work->view, &tensor, floats, work->err);
}

int map_tensors_add(struct map_work *work)
{
    const struct map_rules *rules = work->rules;
    _cleanup_free_ struct rule_state *states = calloc(rules->n_tensors + 1, sizeof *states);
    _cleanup_free_ unsigned char *known = calloc(work->model->n_tensors + 1, 1);
    int r = states && known ? 0 : error_oom(work->err), unknown = 0;
    for (const struct map_tensor *t = rules->tensors; !r && t; t = t->next)
        r = add_to_message(work, t->place,
                           expr_json_truth(t->condition, &work->env, &states[t->number].active,
                                           work->err));
    for (const struct map_values *v = rules->values; !r && v; v = v->next)
        r = add_to_message(work, v->place, add_values(work, v));
    for (uint64_t i = 0; !r && i < work->model->n_tensors; i++) {
        for (const struct map_tensor *t = rules->tensors; r >= 0 && t; t = t->next) {
            r = states[t->number].active ? apply(work, t, &states[t->number], i) : 0;
            known[i] |= (unsigned char)(r == 1);
        }
        if (r >= 0)
            r = 0;
        known[i] |= (unsigned char)(!r && !known[i] && is_dropped(rules, work->names[i]));
        unknown |= !known[i];
    }
    if (!r && unknown)
        r = map_unknown_tensors(work, known);
    return r ? r : check_complete(work, states);
}
