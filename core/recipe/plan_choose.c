/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The choice for each tensor: the first rule whose condition holds, else the default; then, for a
 * row that does not fit the encoding's block, the recipe's fallback. Overrides are tried where the
 * recipe says "overrides", or before all rules when it does not. Tensors of integers are always
 * kept. A choice that cannot be carried out fails here, before any weight is read.
 */
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "recipe/plan_private.h"

#include <string.h>

struct choosing { /* one tensor */
    struct planner *p;
    const struct model_tensor *tensor;
    struct planner_tensor *choice;
    struct text_shown shown;
    const char *name;  /* as shown */
    const char *place; /* of the rule */
};

int planner_suggest_encoding(const struct planner *p, const char *name, struct error *err, int code)
{
    const struct encoding *known;
    struct nearest nearest;
    nearest_start(&nearest, (struct pare_str){ name, strlen(name) });
    for (size_t i = 0; (known = registry_encoding_at(p->registry, i)); i++)
        nearest_offer_name(&nearest, known->name);
    return nearest_suggest(&nearest, err, code);
}

static int find_encoding(struct choosing *c, const char *name, const struct encoding **ret)
{
    const struct encoding *encoding = registry_encoding(c->p->registry, name);
    if (!encoding)
        return planner_suggest_encoding(
            c->p, name, c->p->err,
            error_set(c->p->err, PARE_EUSAGE,
                      "no plugin provides %s, which recipe %s chose for tensor %s (%s)", name,
                      recipe_name(c->p->recipe), c->name, c->place));
    *ret = encoding;
    return 0;
}

static const struct recipe_fallback *find_fallback(const struct recipe *recipe, const char *name)
{
    for (const struct recipe_fallback *f = recipe->fallbacks; f; f = f->next)
        if (!strcmp(f->encodings[0], name))
            return f;
    return NULL;
}

/* The model has no row that fits, or none but one that somebody refused: the target fails, though
 * the command line was right. */
static int does_not_fit(struct choosing *c, const struct encoding *from, const struct encoding *to)
{
    struct planner *p = c->p;
    _cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
    if (to)
        strbuf_printf(&why, "its fallback %s is refused (%s): choose another encoding for it",
                      to->name, p->refusal->place);
    else
        strbuf_puts(&why, "no fallback of the recipe fits");
    if (why.failed)
        return error_oom(p->err);
    return error_set(p->err, PARE_ENOTSUP,
                     "%s: tensor %s: rows of %llu elements do not divide into %s's blocks of %u, "
                     "and %s",
                     c->place, c->name, (unsigned long long)c->tensor->row_len, from->name,
                     from->block_len, why.data);
}

/* Replaces *encoding when the tensor's rows do not divide into its blocks. */
static int fit_block(struct choosing *c, const struct encoding **encoding)
{
    const struct encoding *from = *encoding, *to = NULL;
    if (c->tensor->row_len % from->block_len == 0)
        return 0;
    const struct recipe_fallback *f = find_fallback(c->p->recipe, from->name);
    for (uint32_t i = 1; f && i < f->n_encodings; i++) {
        int r = find_encoding(c, f->encodings[i], &to);
        if (r)
            return r;
        if (c->tensor->row_len % to->block_len)
            continue;
        if (c->p->refusal)
            return does_not_fit(c, from, to);
        c->choice->rule = f->text;
        *encoding = to;
        return 0;
    }
    return does_not_fit(c, from, NULL);
}

/* What holds the encoding instead of the target's format: ": safetensors holds it", or "" for
 * nothing. NULL: no memory. */
static char *name_holders(const struct choosing *c, const struct encoding *encoding)
{
    const struct pare_writer *writer;
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    size_t n = 0;
    for (size_t i = 0; (writer = registry_writer_at(c->p->registry, i)); i++)
        if (strcmp(writer->name, c->p->writer->name) != 0 && writer_holds(writer, encoding))
            strbuf_printf(&sb, "%s%s", n++ ? ", " : ": ", writer->name);
    strbuf_puts(&sb, n > 1 ? " hold it" : n ? " holds it" : "");
    return strbuf_finish(&sb);
}

static int cannot_hold(struct choosing *c, const struct encoding *encoding)
{
    const struct recipe *recipe = c->p->recipe;
    const char *hint = NULL;
    for (uint32_t i = 0; i < recipe->n_formats && !hint; i++)
        if (strcmp(recipe->formats[i], c->p->writer->name))
            hint = recipe->formats[i];
    _cleanup_free_ char *holders = name_holders(c, encoding);
    if (!holders)
        return error_oom(c->p->err);
    return error_set(c->p->err, PARE_EUSAGE,
                     "%s cannot hold %s, which recipe %s chose for tensor "
                     "%s%s%s%s%s",
                     c->p->writer->name, encoding->name, recipe->name, c->name,
                     hint ? ": use " : holders, hint ? hint : "", hint ? ":" : "",
                     hint ? recipe->name : "");
}

/* Whether the recipe is for the target's format, or says nothing of formats. */
static int is_for_format(const struct choosing *c)
{
    const struct recipe *recipe = c->p->recipe;
    for (uint32_t i = 0; i < recipe->n_formats; i++)
        if (!strcmp(recipe->formats[i], c->p->writer->name))
            return 1;
    return !recipe->n_formats;
}

/* A format may hold planes of anything, which Pare alone reads: not with a recipe that was made for
 * another format. */
static int can_hold(const struct choosing *c, const struct encoding *encoding)
{
    int holds = writer_holds(c->p->writer, encoding);
    return holds == PARE_HOLDS || (holds == PARE_HOLDS_PLANES && is_for_format(c));
}

/* Whether nothing is lost on the way from one encoding to the other. */
static int repacks(const struct recipe *recipe, const char *from, const char *to)
{
    for (const struct recipe_repack *r = recipe->repacks; r; r = r->next)
        if (!strcmp(r->from, from) && !strcmp(r->to, to))
            return 1;
    return 0;
}

static int check_source(struct choosing *c, const struct encoding *to)
{
    const struct encoding *from = c->tensor->encoding;
    struct planner *p = c->p;
    if (!from || !from->kernel.decode)
        return error_set(p->err, PARE_ENOTSUP,
                         "no plugin decodes %s, the encoding of tensor %s, which recipe %s would "
                         "turn into %s",
                         c->tensor->encoding_name, c->name, p->recipe->name, to->name);
    const char *origin = from->flags & PARE_ENCODING_QUANTIZED ? from->name : c->tensor->origin;
    if (origin && (to->flags & PARE_ENCODING_QUANTIZED) && !p->options->allow_requantize &&
        c->choice->lattice != LATTICE_EXACT && !repacks(p->recipe, from->name, to->name))
        return error_set(p->err, PARE_ENOTSUP,
                         "tensor %s is quantized already, as %s: quantizing it again as %s adds "
                         "error to error; start from the original, or allow it (pare convert "
                         "--allow-requantize; pared.conf: allow_requantize = yes)",
                         c->name, origin, to->name);
    return 0;
}

static int check_target(struct choosing *c, const struct encoding *to)
{
    struct planner *p = c->p;
    if (!to->kernel.encode || (to->flags & PARE_ENCODING_INTEGER))
        return error_set(p->err, PARE_EUSAGE,
                         "%s: weights cannot be encoded as %s, which was chosen for tensor %s",
                         c->place, to->name, c->name);
    if (c->choice->lattice) /* the codes are recovered, so importance does not matter */
        return 0;
    return planner_weigh(p, (uint64_t)(c->choice - p->tensors), to, c->name);
}

static int encode(struct choosing *c, const struct recipe_rule *rule)
{
    const struct encoding *from = NULL, *to = NULL;
    int r = find_encoding(c, rule->argument, &from);
    to = from;
    if (!r)
        r = fit_block(c, &to);
    if (r)
        return r;
    if (!can_hold(c, to))
        return cannot_hold(c, to);
    if (strcmp(to->name, c->tensor->encoding_name)) {
        r = planner_find_lattice(c->p, (uint64_t)(c->choice - c->p->tensors), to);
        if (!r)
            r = check_source(c, to);
        if (!r)
            r = check_target(c, to);
    }
    if (r)
        return r;
    c->choice->encoding = to;
    planner_note_use(c->p, rule, (uint64_t)(c->choice - c->p->tensors), from, to);
    return 0;
}

static int keep(struct choosing *c)
{
    const struct encoding *encoding = c->tensor->encoding;
    c->choice->encoding = encoding;
    if (encoding ? can_hold(c, encoding)
                 : writer_holds_name(c->p->writer, c->tensor->encoding_name))
        return 0;
    _cleanup_free_ char *holders = encoding ? name_holders(c, encoding) : strdup("");
    if (!holders)
        return error_oom(c->p->err);
    return error_set(c->p->err, PARE_ENOTSUP,
                     "%s cannot hold %s, the encoding of tensor %s, which "
                     "recipe %s keeps as it is%s",
                     c->p->writer->name, c->tensor->encoding_name, c->name, c->p->recipe->name,
                     holders);
}

/* The first rule of a list that holds for the environment's tensor; *ret_rule stays when none
 * does. */
static int find_override(struct planner *p, const struct recipe_rule **ret_rule)
{
    for (const struct recipe_rule *rule = p->recipe->overrides; rule && !*ret_rule;
         rule = rule->next) {
        int64_t holds = 0;
        int r = planner_holds(p, rule, &holds);
        if (r)
            return r;
        if (holds)
            *ret_rule = rule;
    }
    return 0;
}

/* 1 when the rule chooses another encoding than the default, and mixtures are not wanted. */
static int is_impure(const struct planner *p, const struct recipe_rule *rule)
{
    return (p->recipe->pure || p->options->pure) && rule->verb == RECIPE_ENCODE &&
           strcmp(rule->argument, p->recipe->standard->argument) != 0;
}

/* The first rule that holds; overrides are tried in their place among the rules. */
static int find_rule(struct planner *p, const struct recipe_rule **ret_rule, int *ret_is_override)
{
    int r = p->recipe->has_overrides ? 0 : find_override(p, ret_rule);
    *ret_is_override = 1;
    for (const struct recipe_rule *rule = p->recipe->rules; !r && rule && !*ret_rule;
         rule = rule->next) {
        int64_t holds = 0;
        if (is_impure(p, rule))
            continue;
        r = planner_holds(p, rule, &holds);
        if (r || !holds)
            continue;
        *ret_is_override = rule->verb == RECIPE_OVERRIDES;
        if (*ret_is_override)
            r = find_override(p, ret_rule);
        else
            *ret_rule = rule;
    }
    return r;
}

static int choose_one(struct planner *p, uint64_t index)
{
    struct choosing c = { .p = p,
                          .tensor = &p->source->tensors[index],
                          .choice = &p->tensors[index] };
    c.shown = text_show(c.tensor->name);
    c.name = c.shown.text;
    if (c.tensor->encoding && (c.tensor->encoding->flags & PARE_ENCODING_INTEGER)) {
        c.choice->rule = "integers are kept";
        return keep(&c);
    }
    const struct recipe_rule *rule = NULL;
    int is_override;
    planner_look_at(p, index);
    int r = find_rule(p, &rule, &is_override);
    if (r)
        return error_prefix(p->err, "tensor %s", c.name);
    if (!rule) {
        rule = p->recipe->standard;
        is_override = 0;
    }
    c.choice->rule = rule->text;
    c.place = rule->place;
    if (rule->verb == RECIPE_FAIL)
        return error_set(p->err, PARE_ENOTSUP, "%s: tensor %s: %s", rule->place, c.name,
                         rule->argument);
    if (rule->verb == RECIPE_KEEP) {
        planner_note_use(p, rule, index, NULL, NULL);
        return keep(&c);
    }
    r = encode(&c, rule);
    if (!r && c.choice->role >= 0 && !is_override)
        p->env.before[c.choice->role]++;
    return r;
}

int planner_choose(struct planner *p)
{
    int r = 0;
    p->uses = calloc(p->recipe->n_overrides + 1u, sizeof *p->uses);
    if (!p->uses)
        return error_oom(p->err);
    for (uint64_t i = 0; !r && i < p->source->n_tensors; i++)
        r = choose_one(p, p->order[i]);
    return r;
}
