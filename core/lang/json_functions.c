/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What the functions of maps' expressions do (vocabulary.h has their names). They get values and
 * give a new one; those that look at the checkpoint are asked for elsewhere (struct json_env).
 */
#include "lang/expr_json_private.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

static int give(json_t *value, json_t **ret, struct error *err)
{
    if (!value)
        return error_oom(err);
    *ret = value;
    return 0;
}

static int give_real(double value, json_t **ret, struct error *err)
{
    if (!isfinite(value))
        return error_set(err, PARE_EDATA, "the result is no finite number");
    return give(json_real(value), ret, err);
}

static int need(const json_t *value, int is_right, const char *wanted, struct error *err)
{
    if (is_right)
        return 0;
    return error_set(err, PARE_EDATA, "%s is needed, and it is %s", wanted, json_type_name(value));
}

static int need_number(const json_t *value, struct error *err)
{
    return need(value, json_is_number(value), "a number", err);
}

static int call_has(json_t *const *args, unsigned n, json_t **ret, struct error *err)
{
    (void)n;
    (void)err;
    *ret = json_boolean(!json_is_null(args[0]));
    return 0;
}

static int extreme(json_t *const *args, unsigned n, int sign, json_t **ret, struct error *err)
{
    json_t *best = args[0];
    int r = 0;
    for (unsigned i = 0; !r && i < n; i++) {
        r = need_number(args[i], err);
        if (!r && sign * json_compare_numbers(args[i], best) > 0)
            best = args[i];
    }
    if (!r)
        *ret = json_incref(best);
    return r;
}

static int call_min(json_t *const *args, unsigned n, json_t **ret, struct error *err)
{
    return extreme(args, n, -1, ret, err);
}

static int call_max(json_t *const *args, unsigned n, json_t **ret, struct error *err)
{
    return extreme(args, n, 1, ret, err);
}

static int call_sqrt(json_t *const *args, unsigned n, json_t **ret, struct error *err)
{
    (void)n;
    int r = need_number(args[0], err);
    return r ? r : give_real(sqrt(json_number_value(args[0])), ret, err);
}

static int call_log(json_t *const *args, unsigned n, json_t **ret, struct error *err)
{
    (void)n;
    int r = need_number(args[0], err);
    return r ? r : give_real(log(json_number_value(args[0])), ret, err);
}

/* Rounds towards zero. */
static int call_int(json_t *const *args, unsigned n, json_t **ret, struct error *err)
{
    (void)n;
    int r = need_number(args[0], err);
    double value = json_number_value(args[0]);
    if (r || json_is_integer(args[0]))
        return r ? r : give(json_incref(args[0]), ret, err);
    if (!(fabs(value) < 9e15))
        return error_set(err, PARE_EDATA, "%g is too large for a whole number", value);
    return give(json_integer((json_int_t)value), ret, err);
}

static int call_len(json_t *const *args, unsigned n, json_t **ret, struct error *err)
{
    (void)n;
    const json_t *value = args[0];
    int r = need(value, json_is_array(value) || json_is_object(value) || json_is_string(value),
                 "a list, an object or a text", err);
    if (r)
        return r;
    size_t len = json_is_string(value)  ? json_string_length(value)
                 : json_is_array(value) ? json_array_size(value)
                                        : json_object_size(value);
    return give(json_integer((json_int_t)len), ret, err);
}

static int call_range(json_t *const *args, unsigned n, json_t **ret, struct error *err)
{
    (void)n;
    int r = need(args[0], json_is_integer(args[0]), "a whole number", err);
    json_int_t count = json_integer_value(args[0]);
    if (!r && (count < 0 || count > JSON_MAX_LIST))
        r = error_set(err, PARE_ELIMIT, "a range of %lld, which is not in 0 to %d",
                      (long long)count, JSON_MAX_LIST);
    if (r)
        return r;
    _cleanup_json_ json_t *list = json_array();
    for (json_int_t i = 0; i < count; i++)
        if (json_array_append_new(list, json_integer(i)) < 0)
            return error_oom(err);
    return give(TAKE(list), ret, err);
}

static int call_lower(json_t *const *args, unsigned n, json_t **ret, struct error *err)
{
    (void)n;
    int r = need(args[0], json_is_string(args[0]), "a text", err);
    if (r)
        return r;
    _cleanup_free_ char *text = strdup(json_string_value(args[0]));
    if (!text)
        return error_oom(err);
    for (char *c = text; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
    return give(json_string(text), ret, err);
}

static int need_texts(json_t *const *args, struct error *err)
{
    int r = need(args[0], json_is_string(args[0]), "a text", err);
    return r ? r : need(args[1], json_is_string(args[1]), "a text", err);
}

static int call_starts_with(json_t *const *args, unsigned n, json_t **ret, struct error *err)
{
    (void)n;
    int r = need_texts(args, err);
    if (!r)
        *ret = json_boolean(!strncmp(json_string_value(args[0]), json_string_value(args[1]),
                                     json_string_length(args[1])));
    return r;
}

static int call_ends_with(json_t *const *args, unsigned n, json_t **ret, struct error *err)
{
    (void)n;
    int r = need_texts(args, err);
    if (r)
        return r;
    size_t len = json_string_length(args[0]), end = json_string_length(args[1]);
    *ret = json_boolean(
        end <= len && !strcmp(json_string_value(args[0]) + len - end, json_string_value(args[1])));
    return 0;
}

/* The first bytes of a text; a character is not cut apart. */
static int call_cut(json_t *const *args, unsigned n, json_t **ret, struct error *err)
{
    (void)n;
    int r = need(args[0], json_is_string(args[0]), "a text", err);
    if (!r)
        r = need(args[1], json_is_integer(args[1]), "a whole number", err);
    if (r)
        return r;
    const char *text = json_string_value(args[0]);
    size_t len = json_string_length(args[0]);
    json_int_t limit = json_integer_value(args[1]);
    if (limit < 0)
        len = 0;
    else if ((unsigned long long)limit < len)
        len = (size_t)limit;
    while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    return give(json_stringn(text, len), ret, err);
}

/* Whether all elements of a list are true, or (all 0) at least one. */
static int quantify(const json_t *list, int all, json_t **ret, struct error *err)
{
    int r = need(list, json_is_array(list), "a list", err);
    if (r)
        return r;
    size_t yes = 0, size = json_array_size(list);
    for (size_t i = 0; i < size; i++)
        yes += (size_t)json_counts_as_true(json_array_get(list, i));
    *ret = json_boolean(all ? yes == size : yes > 0);
    return 0;
}

static int call_any(json_t *const *args, unsigned n, json_t **ret, struct error *err)
{
    (void)n;
    return quantify(args[0], 0, ret, err);
}

static int call_all(json_t *const *args, unsigned n, json_t **ret, struct error *err)
{
    (void)n;
    return quantify(args[0], 1, ret, err);
}

/* The names or the values of an object, sorted by name. */
static int list_object(const json_t *object, int names, json_t **ret, struct error *err)
{
    int r = need(object, json_is_object(object), "an object", err);
    if (r)
        return r;
    _cleanup_json_ json_t *list = json_array();
    _cleanup_free_ char *text = json_dumps(object, JSON_SORT_KEYS | JSON_COMPACT);
    _cleanup_json_ json_t *sorted = text ? memory_parse_json(text, strlen(text), 0, NULL) : NULL;
    const char *key;
    json_t *value;
    if (!list || !sorted)
        return error_oom(err);
    json_object_foreach(sorted, key, value)
        if (json_array_append_new(list, names ? json_string(key) : json_incref(value)) < 0)
            return error_oom(err);
    return give(TAKE(list), ret, err);
}

static int call_keys(json_t *const *args, unsigned n, json_t **ret, struct error *err)
{
    (void)n;
    return list_object(args[0], 1, ret, err);
}

static int call_values(json_t *const *args, unsigned n, json_t **ret, struct error *err)
{
    (void)n;
    return list_object(args[0], 0, ret, err);
}

/* The factor of one frequency of a rotary embedding that was stretched as in Llama 3.1: short
 * waves keep their frequency, that of long waves is divided by `factor`, and between the two
 * limits the factor goes smoothly from one to the other. Every operation rounds to single
 * precision, and a / x is computed as 1 / x * a, because llama.cpp's converter computes so (with
 * torch) and its bits are to be met. */
static float llama3_factor(float frequency, double factor, double low, double high, double context)
{
    float wavelength = (1.0f / frequency) * (float)(2.0 * M_PI);
    if (wavelength < (float)(context / high))
        return 1;
    if (wavelength > (float)(context / low))
        return (float)factor;
    float smooth = ((1.0f / wavelength) * (float)context - (float)low) / (float)(high - low);
    return 1.0f / ((1.0f - smooth) / (float)factor + smooth);
}

/* llama3_factors(dimensions, theta, factor, low, high, context) */
static int call_llama3(json_t *const *args, unsigned n, json_t **ret, struct error *err)
{
    double v[6] = { 0 };
    int r = 0;
    for (unsigned i = 0; !r && i < n; i++) {
        r = need_number(args[i], err);
        v[i] = json_number_value(args[i]);
        if (!r && !(v[i] > 1e-12 && v[i] < 1e12)) /* floats in single precision from here on */
            r = error_set(err, PARE_EDATA, "%g is not between 1e-12 and 1e12", v[i]);
    }
    if (!r && (!json_is_integer(args[0]) || v[0] > JSON_MAX_LIST || v[4] <= v[3]))
        r = error_set(err, PARE_EDATA, "the arguments do not go together");
    if (r)
        return r;
    _cleanup_json_ json_t *list = json_array();
    for (int i = 0; i < (int)v[0]; i += 2) {
        float exponent = (float)i / (float)v[0];
        float frequency = 1.0f / (float)pow(v[1], exponent);
        json_t *value = json_real(llama3_factor(frequency, v[2], v[3], v[4], v[5]));
        if (json_array_append_new(list, value) < 0)
            return error_oom(err);
    }
    return give(TAKE(list), ret, err);
}

/* first() is not here: it does not look at all of its arguments. */
static int (*const calls[N_FUNCTIONS])(json_t *const *args, unsigned n, json_t **ret,
                                       struct error *err) = {
    [FUNCTION_MIN] = call_min,
    [FUNCTION_MAX] = call_max,
    [FUNCTION_INT] = call_int,
    [FUNCTION_LEN] = call_len,
    [FUNCTION_LOWER] = call_lower,
    [FUNCTION_STARTS_WITH] = call_starts_with,
    [FUNCTION_ENDS_WITH] = call_ends_with,
    [FUNCTION_CUT] = call_cut,
    [FUNCTION_HAS] = call_has,
    [FUNCTION_SQRT] = call_sqrt,
    [FUNCTION_LOG] = call_log,
    [FUNCTION_RANGE] = call_range,
    [FUNCTION_ANY] = call_any,
    [FUNCTION_ALL] = call_all,
    [FUNCTION_KEYS] = call_keys,
    [FUNCTION_VALUES] = call_values,
    [FUNCTION_LLAMA3_FACTORS] = call_llama3,
};

int json_function(enum function function, json_t *const *args, unsigned n, json_t **ret,
                  struct error *err)
{
    return calls[function](args, n, ret, err);
}
