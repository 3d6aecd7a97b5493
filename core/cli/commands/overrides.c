/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Options made into statements: see overrides.h. Texts of the recipe language stand in quotation
 * marks and end with the line, so nothing may be in a value that would end either.
 */
#include "cli/commands/overrides.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/values.h"
#include "cli/cli.h"
#include "source/sidecar.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>

#define WORD_MAX 64

void overrides_deinit(struct overrides *overrides)
{
    for (size_t i = 0; i < OVERRIDE_RANKS; i++)
        json_decref(overrides->ranks[i]);
    *overrides = (struct overrides){ 0 };
}

json_t *overrides_list(const struct overrides *overrides)
{
    _cleanup_json_ json_t *all = json_array();
    for (size_t i = 0; i < OVERRIDE_RANKS; i++) {
        int passed = i == OVERRIDE_TIED && overrides->ranks[OVERRIDE_PURE];
        if (overrides->ranks[i] && !passed && json_array_extend(all, overrides->ranks[i]) < 0)
            return NULL;
    }
    return TAKE(all);
}

/* Adds a statement; messages call it as the user wrote it: --OPTION 'VALUE'. */
__attribute__((format(printf, 5, 6))) static int add(struct overrides *overrides,
                                                     enum override_rank rank, const char *option,
                                                     const char *value, const char *format, ...)
{
    _cleanup_strbuf_ struct strbuf label = STRBUF_INIT;
    _cleanup_free_ char *text = NULL;
    va_list ap;
    va_start(ap, format);
    int n = vasprintf(&text, format, ap);
    va_end(ap);
    text = n < 0 ? NULL : text;
    strbuf_printf(&label, value ? "--%s '%s'" : "--%s", option, value);
    if (!overrides->ranks[rank])
        overrides->ranks[rank] = json_array();
    if (!text || label.failed ||
        json_array_append_new(overrides->ranks[rank],
                              json_pack("{s:s, s:s}", "name", label.data, "text", text)) < 0)
        return cli_usage("--%s: its value is not UTF-8", option);
    return CLI_OK;
}

/* 1 when the text can stand between quotation marks in a statement. */
static int is_text(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] == '"' || (unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return 0;
    return 1;
}

/* A word of at most WORD_MAX bytes in small letters: an encoding, or `keep`. CLI_USAGE when it can
 * be none. */
static int take_encoding(const char *option, const char *text, char ret_word[WORD_MAX + 1])
{
    size_t n = strlen(text);
    int good = n > 0 && n <= WORD_MAX;
    for (size_t i = 0; good && i < n; i++) {
        good = isalnum((unsigned char)text[i]) || text[i] == '_';
        ret_word[i] = (char)tolower((unsigned char)text[i]);
    }
    if (!good)
        return cli_usage("--%s: \"%.100s\" is not an encoding, such as q6_k, nor keep", option,
                         text);
    ret_word[n] = 0;
    return CLI_OK;
}

static int refuse_pattern(const char *option, const char *value)
{
    return cli_usage("--%s: \"%.100s\": a pattern is not empty and has no quotation marks and no "
                     "control characters",
                     option, value);
}

int overrides_tensor(struct overrides *overrides, const char *value)
{
    const char *sign = strrchr(value, '=');
    char encoding[WORD_MAX + 1];
    if (!sign)
        return cli_usage("--tensor: \"%.100s\" is not PATTERN=ENCODING, such as "
                         "'*.ffn_down.weight=q6_k'",
                         value);
    int status = take_encoding("tensor", sign + 1, encoding);
    if (status != CLI_OK)
        return status;
    size_t n = (size_t)(sign - value);
    if (n > 2 && value[0] == '/' && value[n - 1] == '/' && is_text(value, n))
        return add(overrides, OVERRIDE_PATTERN, "tensor", value, "%s if name =~ \"%.*s\"", encoding,
                   (int)n - 2, value + 1);
    if (!n || !is_text(value, n))
        return refuse_pattern("tensor", value);
    return add(overrides, OVERRIDE_PATTERN, "tensor", value, "%s if name ~ \"%.*s\"", encoding,
               (int)n, value);
}

/* Forgets what an earlier option of this name said. */
static void forget_setting(json_t *list, const struct setting *setting)
{
    const char *name = setting->name;
    for (size_t i = json_array_size(list); i-- > 0;) {
        const char *text = json_get_string(json_array_get(list, i), "text", "");
        if (!strncmp(text, name, strlen(name)) && text[strlen(name)] == ' ')
            (void)json_array_remove(list, i);
    }
}

int overrides_setting(struct overrides *overrides, const struct setting *setting, const char *value)
{
    forget_setting(overrides->ranks[OVERRIDE_SETTING], setting);
    if (!strcmp(value, setting->fallback))
        return CLI_OK;
    return add(overrides, OVERRIDE_SETTING, setting->option, value, "%s %s", setting->name, value);
}

int overrides_keep(struct overrides *overrides, const char *value)
{
    size_t n = strlen(value);
    if (n > 2 && value[0] == '/' && value[n - 1] == '/' && is_text(value, n))
        return add(overrides, OVERRIDE_KEEP, "keep", value, "keep if name =~ \"%.*s\"", (int)n - 2,
                   value + 1);
    if (!n || !is_text(value, n))
        return refuse_pattern("keep", value);
    return add(overrides, OVERRIDE_KEEP, "keep", value, "keep if name ~ \"%s\"", value);
}

/* Gives one role this encoding. Where that does not fit it is an error: no fallback is taken. */
static int add_end(struct overrides *overrides, enum override_rank rank, const char *option,
                   const char *value, const char *condition)
{
    char encoding[WORD_MAX + 1];
    int status = take_encoding(option, value, encoding);
    if (status != CLI_OK)
        return status;
    if (!strcmp(encoding, "keep"))
        return add(overrides, rank, option, value, "keep if %s", condition);
    return add(overrides, rank, option, value,
               "fail \"its rows do not divide into blocks of %s, which --%s wants: choose another "
               "encoding\" if %s and cols %% block(\"%s\") != 0\n%s if %s",
               encoding, option, condition, encoding, encoding, condition);
}

int overrides_output(struct overrides *overrides, const char *value)
{
    char encoding[WORD_MAX + 1];
    int status = add_end(overrides, OVERRIDE_ENDS, "output-tensor", value, "role == output");
    if (status == CLI_OK)
        status = take_encoding("output-tensor", value, encoding);
    if (status != CLI_OK || !strcmp(encoding, "keep"))
        return status;
    return add(overrides, OVERRIDE_TIED, "output-tensor", value,
               "%s if role == token_embd and count(output) == 0", encoding);
}

int overrides_embedding(struct overrides *overrides, const char *value)
{
    static const char per_layer[] = "name == \"per_layer_token_embd.weight\"";
    int status = add_end(overrides, OVERRIDE_ENDS, "token-embedding", value,
                         "role == token_embd and name != \"per_layer_token_embd.weight\"");
    return status != CLI_OK
               ? status
               : add_end(overrides, OVERRIDE_PER_LAYER, "token-embedding", value, per_layer);
}

int overrides_pure(struct overrides *overrides)
{
    return overrides->ranks[OVERRIDE_PURE] ? CLI_OK
                                           : add(overrides, OVERRIDE_PURE, "pure", NULL, "pure");
}

/* ---- metadata ---- */

enum value_kind { VALUE_WHOLE, VALUE_REAL, VALUE_BOOL, VALUE_TEXT };

static const struct {
    const char *word, *type; /* as users and as recipes call it */
    enum value_kind kind;
} value_types[] = {
    { "u8", "u8", VALUE_WHOLE },        { "i8", "i8", VALUE_WHOLE },
    { "u16", "u16", VALUE_WHOLE },      { "i16", "i16", VALUE_WHOLE },
    { "u32", "u32", VALUE_WHOLE },      { "i32", "i32", VALUE_WHOLE },
    { "u64", "u64", VALUE_WHOLE },      { "i64", "i64", VALUE_WHOLE },
    { "int", "u32", VALUE_WHOLE },      { "f32", "f32", VALUE_REAL },
    { "f64", "f64", VALUE_REAL },       { "float", "f32", VALUE_REAL },
    { "bool", "bool", VALUE_BOOL },     { "str", "string", VALUE_TEXT },
    { "string", "string", VALUE_TEXT },
};

static int is_value(enum value_kind kind, const char *text)
{
    double number;
    size_t n = strlen(text);
    switch (kind) {
    case VALUE_WHOLE:
        text += *text == '-';
        return *text && strspn(text, "0123456789") == strlen(text);
    case VALUE_REAL:
        return value_real(text, &number) != REAL_NONE; /* a recipe's words say what else is wrong */
    case VALUE_BOOL:
        return !strcmp(text, "true") || !strcmp(text, "false");
    default:
        return is_text(text, n);
    }
}

static int is_key(const char *key, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)key[i]) && !strchr("._-", key[i]))
            return 0;
    return n > 0;
}

static int add_value(struct overrides *overrides, const char *option, size_t key, size_t type,
                     const char *value)
{
    const char *name = value_types[type].type;
    if (!strcmp(value_types[type].word, "int") && *value == '-')
        name = "i32";
    const char *quote = value_types[type].kind == VALUE_TEXT ? "\"" : "";
    return add(overrides, OVERRIDE_METADATA, "metadata", option, "set %.*s %s %s%s%s", (int)key,
               option, name, quote, value, quote);
}

int overrides_metadata(struct overrides *overrides, const char *value)
{
    size_t key = strcspn(value, "=");
    const char *type = value[key] ? value + key + 1 : "", *colon = strchr(type, ':');
    if (!colon || !is_key(value, key))
        return cli_usage("--metadata: \"%.100s\" is not KEY=TYPE:VALUE, such as "
                         "general.name=str:Tiny",
                         value);
    for (size_t i = 0; i < sizeof value_types / sizeof *value_types; i++) {
        if (strlen(value_types[i].word) != (size_t)(colon - type) ||
            strncmp(type, value_types[i].word, (size_t)(colon - type)) != 0)
            continue;
        if (is_value(value_types[i].kind, colon + 1))
            return add_value(overrides, value, key, i, colon + 1);
        return cli_usage("--metadata: \"%.100s\": \"%.100s\" is not a value of the type %s", value,
                         colon + 1, value_types[i].word);
    }
    return cli_usage("--metadata: \"%.100s\": the type is one of u8, i8, u16, i16, u32, i32, u64, "
                     "i64, f32, f64, bool, string, int, float and str",
                     value);
}

int overrides_drop_metadata(struct overrides *overrides, const char *value)
{
    if (!is_key(value, strlen(value)))
        return cli_usage("--drop-metadata: \"%.100s\" is not a key", value);
    return add(overrides, OVERRIDE_METADATA, "drop-metadata", value, "drop %s", value);
}

int overrides_file(struct overrides *overrides, const char *path)
{
    struct error err = ERROR_INIT;
    _cleanup_free_ char *text = NULL;
    size_t n = 0;
    if (!overrides->ranks[OVERRIDE_FILE])
        overrides->ranks[OVERRIDE_FILE] = json_array();
    int r = file_read_all(AT_FDCWD, path, SIDECAR_RULES_BYTES, &text, &n, &err);
    if (r == 0)
        r = sidecar_add_rules(overrides->ranks[OVERRIDE_FILE], path, text, n, &err);
    return r < 0 ? cli_error(&err, "--overrides") : CLI_OK;
}
