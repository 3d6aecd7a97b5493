/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What became of rules: how many tensors each override decided, and which of them got another
 * encoding because their rows do not divide into the blocks of the one that was asked for. Whoever
 * adds a rule is told where it did not do what it says.
 */
#include "recipe/plan_private.h"

#include <string.h>

#define SHOWN_OVERRIDES 20 /* that each get a warning */

static void count_use(struct planner_use *use, uint64_t tensor, const struct encoding *from,
                      const struct encoding *to)
{
    use->n++;
    if (from == to || use->n_fallbacks++)
        return;
    use->first = tensor;
    use->from = from;
    use->to = to;
}

void planner_note_use(struct planner *p, const struct recipe_rule *rule, uint64_t tensor,
                      const struct encoding *from, const struct encoding *to)
{
    count_use(&p->use, tensor, from, to);
    if (rule->number)
        count_use(&p->uses[rule->number], tensor, from, to);
}

static struct text_shown first_name(const struct planner *p, const struct planner_use *use)
{
    return text_show(p->source->tensors[use->first].name);
}

int planner_note_fallbacks(struct planner *p)
{
    const struct planner_use *use = &p->use;
    if (!use->n_fallbacks)
        return 0;
    return planner_warn(p,
                        "%llu of %llu tensors have rows that do not divide into the blocks of "
                        "their encoding and get another one: the first is %s, whose rows have %llu "
                        "elements: %s instead of %s",
                        (unsigned long long)use->n_fallbacks,
                        (unsigned long long)p->source->n_tensors, first_name(p, use).text,
                        (unsigned long long)p->source->tensors[use->first].row_len, use->to->name,
                        use->from->name);
}

static int note_partly_used(struct planner *p, const struct recipe_rule *rule,
                            const struct planner_use *use)
{
    return planner_warn(p,
                        "%s: of the %llu tensors that it decides, %llu have rows that do not "
                        "divide into its blocks and get another encoding: the first is %s: %s "
                        "instead of %s (`fallback refuse` makes that an error)",
                        rule->place, (unsigned long long)use->n,
                        (unsigned long long)use->n_fallbacks, first_name(p, use).text,
                        use->to->name, use->from->name);
}

/* The first tensor for which the rule's condition holds; *ret_tensor is the number of tensors when
 * there is none. */
static int find_matching(struct planner *p, const struct recipe_rule *rule, uint64_t *ret_tensor)
{
    int64_t holds = 0;
    uint64_t i = 0;
    for (; i < p->source->n_tensors && !holds; i++) {
        planner_look_at(p, i);
        int r = planner_holds(p, rule, &holds);
        if (r)
            return r;
    }
    *ret_tensor = holds ? i - 1 : i;
    return 0;
}

static int note_unused(struct planner *p, const struct recipe_rule *rule)
{
    uint64_t tensor = 0;
    int r = find_matching(p, rule, &tensor);
    if (r)
        return r;
    if (tensor == p->source->n_tensors)
        return planner_warn(p, "%s applies to no tensor: patterns stand for whole names",
                            rule->place);
    return planner_warn(p,
                        "%s decides no tensor, since another rule comes before it: the first that "
                        "it could apply to is %s (%s)",
                        rule->place, text_show(p->source->tensors[tensor].name).text,
                        p->tensors[tensor].rule);
}

int planner_note_overrides(struct planner *p)
{
    unsigned n = 0, last = 0;
    int r = 0;
    for (const struct recipe_rule *rule = p->recipe->overrides; rule && !r; rule = rule->next) {
        const struct planner_use *use = &p->uses[rule->number];
        int chooses = rule->verb == RECIPE_KEEP || rule->verb == RECIPE_ENCODE;
        if (!chooses || rule->number == last || (use->n && !use->n_fallbacks))
            continue;
        last = rule->number;
        if (++n <= SHOWN_OVERRIDES)
            r = use->n ? note_partly_used(p, rule, use) : note_unused(p, rule);
    }
    if (!r && n > SHOWN_OVERRIDES)
        r = planner_warn(p, "%u more rules do not do what they say", n - SHOWN_OVERRIDES);
    return r;
}
