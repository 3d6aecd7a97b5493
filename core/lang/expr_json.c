/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Evaluation of maps' expressions over JSON: see expr_json.h. Recursion follows the tree, whose
 * depth the parser limits; loops take steps from one budget for the whole checkpoint.
 */
#include "lang/expr_json_private.h"

#include "base/cleanup.h"
#include "base/json_numbers.h"
#include "base/text.h"
#include "lang/glob.h"
#include "lang/regexp.h"
#include "lang/whole.h"

#include <math.h>
#include <string.h>

/* Variables of the [... for x in ...] that are being evaluated, innermost first. */
struct local {
    struct pare_str name;
    json_t *value;
    const struct local *outer;
};

struct evaluation {
    struct json_env *env;
    const struct local *locals;
    struct error *err;
};

static int eval(struct evaluation *ev, const struct expr *e, json_t **ret);

int json_counts_as_true(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_TRUE:
        return 1;
    case JSON_INTEGER:
        return json_integer_value(value) != 0;
    case JSON_REAL:
        return json_real_value(value) != 0;
    case JSON_STRING:
        return json_string_length(value) != 0;
    case JSON_ARRAY:
        return json_array_size(value) != 0;
    case JSON_OBJECT:
        return json_object_size(value) != 0;
    default:
        return 0;
    }
}

int json_compare_numbers(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b)) {
        json_int_t m = json_integer_value(a), n = json_integer_value(b);
        return (m > n) - (m < n);
    }
    double x = json_number_value(a), y = json_number_value(b);
    return (x > y) - (x < y);
}

const char *json_type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_TRUE:
    case JSON_FALSE:
        return "a truth";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_STRING:
        return "a text";
    case JSON_ARRAY:
        return "a list";
    case JSON_OBJECT:
        return "an object";
    default:
        return "not there";
    }
}

json_t *expr_json_lookup(const json_t *values, struct pare_str name)
{
    const char *p = name.data, *end = name.data + name.len;
    json_t *value = (json_t *)values;
    while (value && p <= end) {
        const char *dot = p < end ? memchr(p, '.', (size_t)(end - p)) : NULL;
        size_t n = (size_t)((dot ? dot : end) - p);
        value = json_object_getn(value, p, n);
        p += n + 1;
    }
    return value && !json_is_null(value) ? value : NULL;
}

int expr_json_store(json_t *values, struct pare_str name, json_t *value, struct error *err)
{
    _cleanup_json_ json_t *owned = value;
    const char *p = name.data, *end = name.data + name.len, *dot;
    while ((dot = memchr(p, '.', (size_t)(end - p)))) {
        size_t n = (size_t)(dot - p);
        json_t *inner = json_object_getn(values, p, n);
        if (!json_is_object(inner)) {
            inner = json_object();
            if (json_object_setn_new(values, p, n, inner) < 0)
                return error_oom(err);
        }
        values = inner;
        p = dot + 1;
    }
    return owned && !json_object_setn(values, p, (size_t)(end - p), owned) ? 0 : error_oom(err);
}

static int give(struct evaluation *ev, json_t *value, json_t **ret)
{
    if (!value)
        return error_oom(ev->err);
    *ret = value;
    return 0;
}

static int give_real(struct evaluation *ev, const struct expr *e, double value, json_t **ret)
{
    if (!isfinite(value))
        return error_set(ev->err, PARE_EDATA, "%.*s is no finite number", text_clip(e->text),
                         e->text.data);
    return give(ev, json_real(value), ret);
}

static int wrong_type(struct evaluation *ev, const struct expr *e, const json_t *value,
                      const char *wanted)
{
    return error_set(ev->err, PARE_EDATA, "%.*s is %s, where %s is needed", text_clip(e->text),
                     e->text.data, json_type_name(value), wanted);
}

/* Gives a value that somebody else wrote, or null. A number that cannot be held is an error, not a
 * value that is not there: a default would take its place. */
static int give_found(struct evaluation *ev, const struct expr *e, json_t *value, json_t **ret)
{
    const char *literal = json_number_literal(value);
    if (literal)
        return error_set(ev->err, PARE_EDATA,
                         "%.*s is %.60s, which is not finite or out of the range of numbers",
                         text_clip(e->text), e->text.data, literal);
    return give(ev, value ? json_incref(value) : json_null(), ret);
}

static int eval_name(struct evaluation *ev, const struct expr *e, json_t **ret)
{
    for (const struct local *l = ev->locals; l; l = l->outer)
        if (text_equals(l->name, e->name))
            return give_found(ev, e, l->value, ret);
    return give_found(ev, e, json_object_getn(ev->env->values, e->name.data, e->name.len), ret);
}

static int eval_field(struct evaluation *ev, const struct expr *e, json_t **ret)
{
    _cleanup_json_ json_t *base = NULL;
    int r = eval(ev, e->first, &base);
    if (r)
        return r;
    if (!json_is_object(base) && !json_is_null(base))
        return wrong_type(ev, e->first, base, "an object");
    return give_found(ev, e, json_object_getn(base, e->name.data, e->name.len), ret);
}

static int eval_element(struct evaluation *ev, const struct expr *e, json_t **ret)
{
    _cleanup_json_ json_t *base = NULL;
    _cleanup_json_ json_t *index = NULL;
    int r = eval(ev, e->first, &base);
    if (!r)
        r = eval(ev, e->first->next, &index);
    if (r)
        return r;
    if (!json_is_array(base) && !json_is_null(base))
        return wrong_type(ev, e->first, base, "a list");
    if (!json_is_integer(index))
        return wrong_type(ev, e->first->next, index, "a whole number");
    json_int_t i = json_integer_value(index);
    return give_found(ev, e, i < 0 ? NULL : json_array_get(base, (size_t)i), ret);
}

static int eval_list(struct evaluation *ev, const struct expr *e, json_t **ret)
{
    _cleanup_json_ json_t *list = json_array();
    int r = list ? 0 : error_oom(ev->err);
    for (const struct expr *item = e->first; !r && item; item = item->next) {
        json_t *value = NULL;
        r = eval(ev, item, &value);
        if (!r && json_array_append_new(list, value) < 0)
            r = error_oom(ev->err);
    }
    if (!r)
        *ret = TAKE(list);
    return r;
}

/* The value for one element of "[x for y in list if z]", if there is one. */
static int eval_turn(struct evaluation *ev, const struct expr *e, json_t *item, json_t *list)
{
    struct local local = { .name = e->name, .value = item, .outer = ev->locals };
    struct evaluation inner = { .env = ev->env, .locals = &local, .err = ev->err };
    const struct expr *condition = e->first->next->next;
    _cleanup_json_ json_t *truth = NULL;
    int r = condition ? eval(&inner, condition, &truth) : 0;
    if (r || (truth && !json_counts_as_true(truth)))
        return r;
    json_t *value = NULL;
    r = eval(&inner, e->first, &value);
    if (!r && json_array_append_new(list, value) < 0)
        r = error_oom(ev->err);
    return r;
}

static int eval_for(struct evaluation *ev, const struct expr *e, json_t **ret)
{
    _cleanup_json_ json_t *from = NULL;
    _cleanup_json_ json_t *list = json_array();
    int r = list ? eval(ev, e->first->next, &from) : error_oom(ev->err);
    if (!r && !json_is_array(from) && !json_is_null(from))
        r = wrong_type(ev, e->first->next, from, "a list");
    for (size_t i = 0; !r && i < json_array_size(from); i++)
        r = eval_turn(ev, e, json_array_get(from, i), list);
    if (!r)
        *ret = TAKE(list);
    return r;
}

/* first(a, b, ...): the first value that is not null; later ones are not evaluated. */
static int eval_first(struct evaluation *ev, const struct expr *e, json_t **ret)
{
    json_t *value = json_null();
    int r = 0;
    for (const struct expr *a = e->first; !r && a && json_is_null(value); a = a->next)
        r = eval(ev, a, &value);
    if (!r)
        *ret = value;
    return r;
}

static int ask(struct evaluation *ev, const struct expr *e, json_t *argument, json_t **ret)
{
    if (!json_is_string(argument))
        return wrong_type(ev, e->first, argument, "a text");
    const struct json_env *env = ev->env;
    int r = env->ask
                ? env->ask(env->context, e->function, json_string_value(argument), ret, ev->err)
                : 1;
    return r <= 0 ? r
                  : error_set(ev->err, PARE_EDATA, "there is no function %.*s() here",
                              text_clip(e->name), e->name.data);
}

static int eval_call(struct evaluation *ev, const struct expr *e, json_t **ret)
{
    json_t *args[FUNCTION_MAX_ARGS] = { NULL };
    unsigned n = 0;
    int r = 0;
    if (e->function == FUNCTION_FIRST)
        return eval_first(ev, e, ret);
    for (const struct expr *a = e->first; !r && a; a = a->next, n++)
        r = eval(ev, a, &args[n]);
    if (!r && e->function >= FUNCTION_HAS_TENSOR) {
        r = ask(ev, e, args[0], ret);
    } else if (!r) {
        r = json_function(e->function, args, n, ret, ev->err);
        if (r == PARE_EDATA)
            (void)error_prefix(ev->err, "%.*s", text_clip(e->text), e->text.data);
    }
    for (unsigned i = 0; i < n; i++)
        json_decref(args[i]);
    return r;
}

static double real_arithmetic(enum expr_op op, double a, double b)
{
    switch (op) {
    case OP_ADD:
        return a + b;
    case OP_SUB:
        return a - b;
    case OP_MUL:
        return a * b;
    case OP_DIV:
        return a / b;
    default:
        return fmod(a, b);
    }
}

/* A product or quotient that is 0, though no operand is, has vanished. */
static int give_result(struct evaluation *ev, const struct expr *e, double a, double b,
                       json_t **ret)
{
    double value = real_arithmetic(e->op, a, b);
    int scales = e->op == OP_MUL || e->op == OP_DIV;
    if (scales && value == 0 && a != 0 && (e->op == OP_DIV || b != 0))
        return error_set(ev->err, PARE_EDATA, "%.*s is so small that it becomes 0",
                         text_clip(e->text), e->text.data);
    return give_real(ev, e, value, ret);
}

static int arithmetic(struct evaluation *ev, const struct expr *e, const json_t *a, const json_t *b,
                      json_t **ret)
{
    if (e->op == OP_ADD && json_is_string(a) && json_is_string(b))
        return give(ev, json_sprintf("%s%s", json_string_value(a), json_string_value(b)), ret);
    if (!json_is_number(a))
        return wrong_type(ev, e->first, a, "a number");
    if (!json_is_number(b))
        return wrong_type(ev, e->last, b, "a number");
    if (!json_is_integer(a) || !json_is_integer(b))
        return give_result(ev, e, json_number_value(a), json_number_value(b), ret);
    int64_t whole = 0;
    if (whole_arithmetic(e->op, json_integer_value(a), json_integer_value(b), &whole) < 0)
        return error_set(ev->err, PARE_EDATA, "%.*s: a division by zero, or a number out of range",
                         text_clip(e->text), e->text.data);
    return give(ev, json_integer(whole), ret);
}

/* Whether two values are the same; 1 and 1.0 are. */
static int same(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b) && json_typeof(a) != json_typeof(b))
        return json_number_value(a) == json_number_value(b);
    return json_equal(a, b);
}

/* Whether a list has the value, or a text the part. */
static int contains(struct evaluation *ev, const struct expr *in, const json_t *value,
                    const json_t *whole, int *ret)
{
    *ret = 0;
    if (json_is_string(value) && json_is_string(whole)) {
        *ret = strstr(json_string_value(whole), json_string_value(value)) != NULL;
        return 0;
    }
    if (!json_is_array(whole) && !json_is_null(whole))
        return wrong_type(ev, in, whole, "a list");
    for (size_t i = 0; !*ret && i < json_array_size(whole); i++)
        *ret = same(value, json_array_get(whole, i));
    return 0;
}

/* "a in list", or "a in (b, c)", where a list among the values stands for its elements. */
static int eval_in(struct evaluation *ev, const struct expr *e, json_t **ret)
{
    _cleanup_json_ json_t *value = NULL;
    int found = 0, r = eval(ev, e->first, &value);
    for (const struct expr *item = e->first->next; !r && !found && item; item = item->next) {
        _cleanup_json_ json_t *other = NULL;
        r = eval(ev, item, &other);
        if (r)
            break;
        if (e->is_set && !json_is_array(other))
            found = same(value, other);
        else
            r = contains(ev, item, value, other, &found);
    }
    if (!r)
        *ret = json_boolean(found);
    return r;
}

static int compare(struct evaluation *ev, const struct expr *e, const json_t *a, const json_t *b,
                   int *ret)
{
    if (!json_is_number(a))
        return wrong_type(ev, e->first, a, "a number");
    if (!json_is_number(b))
        return wrong_type(ev, e->last, b, "a number");
    int order = json_compare_numbers(a, b);
    *ret = e->op == OP_LT   ? order < 0
           : e->op == OP_LE ? order <= 0
           : e->op == OP_GT ? order > 0
                            : order >= 0;
    return 0;
}

/* Comparison and arithmetic. */
static int eval_binary(struct evaluation *ev, const struct expr *e, json_t **ret)
{
    _cleanup_json_ json_t *a = NULL;
    _cleanup_json_ json_t *b = NULL;
    int truth = 0, r = eval(ev, e->first, &a);
    if (!r)
        r = eval(ev, e->last, &b);
    if (r)
        return r;
    if (e->op >= OP_ADD)
        return arithmetic(ev, e, a, b, ret);
    if (e->op == OP_EQ || e->op == OP_NE)
        truth = same(a, b) == (e->op == OP_EQ);
    else
        r = compare(ev, e, a, b, &truth);
    if (!r)
        *ret = json_boolean(truth);
    return r;
}

/* ~ and =~ */
static int eval_match(struct evaluation *ev, const struct expr *e, json_t **ret)
{
    _cleanup_json_ json_t *value = NULL;
    int r = eval(ev, e->first, &value);
    if (r)
        return r;
    if (!json_is_string(value))
        return wrong_type(ev, e->first, value, "a text");
    struct pare_str text = { json_string_value(value), json_string_length(value) };
    int64_t found = 0;
    if (e->op == OP_MATCH) {
        found = glob_matches(e->name, text);
    } else {
        ev->env->steps += (unsigned)(text.len < REGEX_MAX_TEXT ? text.len : REGEX_MAX_TEXT);
        r = regex_search(e->regex, text, &found, ev->err);
    }
    if (!r)
        *ret = json_boolean(found);
    return r;
}

static int eval_truth(struct evaluation *ev, const struct expr *e, int *ret)
{
    _cleanup_json_ json_t *value = NULL;
    int r = eval(ev, e, &value);
    if (!r)
        *ret = json_counts_as_true(value);
    return r;
}

/* and, or: the operands up to the one that decides. */
static int eval_logic(struct evaluation *ev, const struct expr *e, json_t **ret)
{
    int decisive = e->op == OP_OR, truth = !decisive, r = 0;
    for (const struct expr *a = e->first; !r && a && truth != decisive; a = a->next)
        r = eval_truth(ev, a, &truth);
    if (!r)
        *ret = json_boolean(truth);
    return r;
}

static int eval_not(struct evaluation *ev, const struct expr *e, json_t **ret)
{
    int truth, r = eval_truth(ev, e->first, &truth);
    if (!r)
        *ret = json_boolean(!truth);
    return r;
}

static int eval_choose(struct evaluation *ev, const struct expr *e, json_t **ret)
{
    int truth, r = eval_truth(ev, e->first, &truth);
    return r ? r : eval(ev, truth ? e->first->next : e->last, ret);
}

static int eval_negate(struct evaluation *ev, const struct expr *e, json_t **ret)
{
    _cleanup_json_ json_t *value = NULL;
    int r = eval(ev, e->first, &value);
    if (r)
        return r;
    if (json_is_integer(value) && json_integer_value(value) != INT64_MIN)
        return give(ev, json_integer(-json_integer_value(value)), ret);
    if (!json_is_number(value))
        return wrong_type(ev, e->first, value, "a number");
    return give_real(ev, e, -json_number_value(value), ret);
}

static int eval_operator(struct evaluation *ev, const struct expr *e, json_t **ret)
{
    switch (e->op) {
    case OP_NOT:
        return eval_not(ev, e, ret);
    case OP_NEGATE:
        return eval_negate(ev, e, ret);
    case OP_AND:
    case OP_OR:
        return eval_logic(ev, e, ret);
    case OP_MATCH:
    case OP_SEARCH:
        return eval_match(ev, e, ret);
    case OP_IN:
        return eval_in(ev, e, ret);
    case OP_CHOOSE:
        return eval_choose(ev, e, ret);
    default:
        return eval_binary(ev, e, ret);
    }
}

static int eval(struct evaluation *ev, const struct expr *e, json_t **ret)
{
    if (++ev->env->steps > JSON_MAX_STEPS)
        return error_set(ev->err, PARE_ELIMIT, "the map's expressions take more than %u steps",
                         JSON_MAX_STEPS);
    switch (e->op) {
    case OP_NUMBER:
        return give(ev, json_integer(e->number), ret);
    case OP_REAL:
        return give(ev, json_real(e->real), ret);
    case OP_TEXT:
        return give(ev, json_stringn(e->name.data, e->name.len), ret);
    case OP_TRUTH:
        return give(ev, json_boolean(e->number), ret);
    case OP_NULL:
        return give(ev, json_null(), ret);
    case OP_NAME:
        return eval_name(ev, e, ret);
    case OP_FIELD:
        return eval_field(ev, e, ret);
    case OP_ELEMENT:
        return eval_element(ev, e, ret);
    case OP_LIST:
        return eval_list(ev, e, ret);
    case OP_FOR:
        return eval_for(ev, e, ret);
    case OP_CALL:
        return eval_call(ev, e, ret);
    default:
        return eval_operator(ev, e, ret);
    }
}

int expr_json_value(const struct expr *expr, struct json_env *env, json_t **ret_value,
                    struct error *err)
{
    struct evaluation ev = { .env = env, .err = err };
    return eval(&ev, expr, ret_value);
}

int expr_json_truth(const struct expr *expr, struct json_env *env, int *ret_truth,
                    struct error *err)
{
    _cleanup_json_ json_t *value = NULL;
    int r = expr ? expr_json_value(expr, env, &value, err) : 0;
    if (!r)
        *ret_truth = value ? json_counts_as_true(value) : 1;
    return r;
}

int expr_json_count(const struct expr *expr, struct json_env *env, uint64_t limit, const char *what,
                    uint64_t *ret_count, struct error *err)
{
    _cleanup_json_ json_t *value = NULL;
    int r = expr_json_value(expr, env, &value, err);
    if (r)
        return r;
    if (!json_is_integer(value))
        return error_set(err, PARE_EDATA, "%s: %.*s is %s, where a whole number is needed", what,
                         text_clip(expr->text), expr->text.data, json_type_name(value));
    if (json_integer_value(value) < 0 || (uint64_t)json_integer_value(value) > limit)
        return error_set(err, PARE_EDATA, "%s: %.*s is %lld, which is not in 0 to %llu", what,
                         text_clip(expr->text), expr->text.data,
                         (long long)json_integer_value(value), (unsigned long long)limit);
    *ret_count = (uint64_t)json_integer_value(value);
    return 0;
}
