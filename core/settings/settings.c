/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The table of settings, and what is done with all of them alike: see settings.h. */
#include "settings/settings.h"

#include "base/json.h"
#include "base/values.h"

#include <string.h>

/* clang-format off */
static const struct setting table[] = {
    { "threads", SETTING_COUNT, "0", .max = 4096, .is_key = 1, .record = "resources.threads",
      .option = "threads", .argument = "N", .after = "out",
      .help = "compute threads (default: one for each CPU)" },
    { "checkpoint", SETTING_SIZE, "256M", .is_key = 1, .record = "",
      .option = "checkpoint", .argument = "BYTES", .after = "out",
      .help = "work between checkpoints (default 256M); 0: none" },
    { "memory_limit", SETTING_SIZE, "0", .is_key = 1 },
    { "sandbox", SETTING_WORD, "best", "|require|best|off|", .is_key = 1,
      .record = "resources.sandbox", .option = "sandbox", .argument = "MODE", .after = "cpu",
      .help = "require, best (default) or off" },
    { "nonfinite", SETTING_WORD, "refuse", "|refuse|keep|", .is_key = 1,
      .option = "nonfinite", .argument = "WHAT", .after = "no-sidecars",
      .help = "NaN and infinity: refuse (default) or keep" },
    { "measure", SETTING_WORD, "full", "|full|sample|none|", .is_key = 1,
      .record = "accuracy.measured", .option = "measure", .argument = "WHAT",
      .after = "no-sidecars", .help = "errors of weights: full (default), sample or none" },
    { "digest", SETTING_WORD, "sha256", "|sha256|none|", .is_key = 1,
      .option = "digest", .argument = "WHAT", .after = "no-sidecars",
      .help = "of files: sha256 (default) or none" },
    { "search", SETTING_WORD, "recipe", "|recipe|reference|best|", .is_key = 1, .is_rule = 1,
      .record = "target.search", .option = "search", .argument = "WHAT", .after = "pure",
      .help = "of encodings: reference, or best, which takes longer" },
    { "fallback", SETTING_WORD, "recipe", "|recipe|take|refuse|", .is_key = 1, .is_rule = 1,
      .record = "target.overrides", .option = "fallback", .argument = "WHAT", .after = "search",
      .help = "where rows do not fit: take (default) or refuse" },
    { "allow_requantize", SETTING_FLAG, "no", .is_key = 1,
      .option = "allow-requantize", .after = "dry-run",
      .help = "quantize again what is quantized already" },
    { "recover", SETTING_FLAG, "yes",
      .option = "no-recover", .after = "dry-run", .help = "encode anew what lies on a lattice" },
    { "cpu", SETTING_TEXT, "native", .is_key = 1, .record = "resources.cpu",
      .option = "cpu", .argument = "LEVEL", .after = "tokenizer",
      .help = "native (default), c, or such as avx2, avx512, neon" },
};
/* clang-format on */

#define N_SETTINGS (sizeof table / sizeof *table)

const struct setting *setting_at(size_t i)
{
    return i < N_SETTINGS ? &table[i] : NULL;
}

const struct setting *setting_find(const char *name)
{
    for (size_t i = 0; i < N_SETTINGS; i++)
        if (!strcmp(table[i].name, name))
            return &table[i];
    return NULL;
}

static int parse_word(const struct setting *setting, const char *text, json_t **ret_value,
                      struct error *err)
{
    if (!*text)
        return error_set(err, PARE_EUSAGE, "a value is wanted");
    if (setting->kind == SETTING_WORD && !value_is_choice(setting->choices, text))
        return value_suggest(setting->choices, text, err,
                             error_set(err, PARE_EUSAGE, "one of %s is wanted", setting->choices));
    *ret_value = json_string(text);
    return *ret_value ? 0 : error_set(err, PARE_EUSAGE, "a text in UTF-8 is wanted");
}

static int parse_number(const struct setting *setting, const char *text, json_t **ret_value,
                        struct error *err)
{
    uint64_t n;
    int is_size = setting->kind == SETTING_SIZE;
    if ((is_size ? value_size(text, &n) : value_count(text, &n)) || n > INT64_MAX)
        return error_set(err, PARE_EUSAGE, "%s is wanted",
                         is_size ? "a size such as 512M" : "a number");
    if (setting->max && n > setting->max)
        return error_set(err, PARE_EUSAGE, "a number from 0 to %llu is wanted",
                         (unsigned long long)setting->max);
    *ret_value = json_integer((json_int_t)n);
    return *ret_value ? 0 : error_oom(err);
}

static int parse(const struct setting *setting, const char *text, json_t **ret_value,
                 struct error *err)
{
    int flag;
    switch (setting->kind) {
    case SETTING_WORD:
    case SETTING_TEXT:
        return parse_word(setting, text, ret_value, err);
    case SETTING_COUNT:
    case SETTING_SIZE:
        return parse_number(setting, text, ret_value, err);
    case SETTING_FLAG:
        break;
    }
    if (value_flag(text, &flag))
        return error_set(err, PARE_EUSAGE, "yes or no is wanted");
    *ret_value = json_boolean(flag);
    return 0;
}

int setting_set(json_t *values, const struct setting *setting, const char *text, struct error *err)
{
    json_t *value = NULL;
    int r = parse(setting, text, &value, err);
    if (r < 0)
        return r;
    return json_object_set_new(values, setting->name, value) < 0 ? error_oom(err) : 0;
}

const char *settings_text(const json_t *values, const char *name)
{
    return json_get_string(values, name, setting_find(name)->fallback);
}

uint64_t settings_count(const json_t *values, const char *name)
{
    uint64_t fallback;
    if (value_size(setting_find(name)->fallback, &fallback))
        fallback = 0;
    return (uint64_t)json_get_int(values, name, (int64_t)fallback);
}

int settings_flag(const json_t *values, const char *name)
{
    int fallback;
    if (value_flag(setting_find(name)->fallback, &fallback))
        fallback = 0;
    return json_get_bool(values, name, fallback);
}

static int check_member(const struct setting *setting, const json_t *value, struct error *err)
{
    const char *text = json_string_value(value);
    json_int_t n = json_integer_value(value);
    int is_number = setting->kind == SETTING_COUNT || setting->kind == SETTING_SIZE;
    if (setting->kind == SETTING_FLAG ? !json_is_boolean(value)
                                      : (is_number ? !json_is_integer(value) : !text))
        return error_set(err, PARE_EUSAGE, "the request's `%s` is of the wrong type",
                         setting->name);
    if (is_number && (n < 0 || (setting->max && (uint64_t)n > setting->max)))
        return error_set(err, PARE_EUSAGE, "the request's `%s` is out of range: %lld",
                         setting->name, (long long)n);
    if (setting->kind != SETTING_WORD || value_is_choice(setting->choices, text))
        return 0;
    return value_suggest(setting->choices, text, err,
                         error_set(err, PARE_EUSAGE,
                                   "the request's `%s` is \"%.100s\": one of %s is wanted",
                                   setting->name, text, setting->choices));
}

int settings_check(const json_t *request, struct error *err)
{
    int r = 0;
    for (size_t i = 0; i < N_SETTINGS && r == 0; i++) {
        const json_t *value = json_object_get(request, table[i].name);
        if (value && !table[i].is_rule)
            r = check_member(&table[i], value, err);
    }
    return r;
}

json_t *setting_json(const json_t *values, const struct setting *setting)
{
    switch (setting->kind) {
    case SETTING_WORD:
    case SETTING_TEXT:
        return json_string(settings_text(values, setting->name));
    case SETTING_COUNT:
    case SETTING_SIZE:
        return json_integer((json_int_t)settings_count(values, setting->name));
    case SETTING_FLAG:
        break;
    }
    return json_boolean(settings_flag(values, setting->name));
}

int settings_put(const json_t *values, json_t *request)
{
    for (size_t i = 0; i < N_SETTINGS; i++)
        if (!table[i].is_rule &&
            json_object_set_new(request, table[i].name, setting_json(values, &table[i])) < 0)
            return -1;
    return 0;
}

int settings_add_rules(const json_t *values, const char *label, json_t *overrides)
{
    for (size_t i = 0; i < N_SETTINGS; i++) {
        const char *value = table[i].is_rule ? settings_text(values, table[i].name) : NULL;
        if (!value || !strcmp(value, table[i].fallback))
            continue;
        json_t *rule = json_pack("{s:s, s:s++}", "name", label, "text", table[i].name, " ", value);
        if (json_array_append_new(overrides, rule) < 0)
            return -1;
    }
    return 0;
}

json_t *settings_record(const json_t *values)
{
    json_t *record = json_object();
    for (size_t i = 0; record && i < N_SETTINGS; i++)
        if (!table[i].record &&
            json_object_set_new(record, table[i].name, setting_json(values, &table[i])) < 0) {
            json_decref(record);
            record = NULL;
        }
    return record;
}
