/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Chat templates: texts in tokenizer_config.json, else in chat_template.jinja with
 * additional_chat_templates/NAME.jinja, else in chat_template.json. They are programs, and
 * hostile until proved otherwise: they are copied as texts and never run.
 */
#include "tokenizer/tokenizer_private.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "model/metadata.h"
#include "model/side_files.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHAT_KEY "tokenizer.chat_template"

static int check_text(struct pare_str text, const char *name, struct error *err)
{
    if (!text.data)
        return error_set(err, PARE_EDATA, "the chat template `%.40s` is no text", name);
    if (text.len > TOKENIZER_MAX_TEMPLATE)
        return error_set(err, PARE_ELIMIT,
                         "the chat template `%.40s` has %zu bytes; the limit "
                         "(TOKENIZER_MAX_TEMPLATE) is %u",
                         name, text.len, TOKENIZER_MAX_TEMPLATE);
    return 0;
}

/* A file of templates as a JSON text. */
static int read_template(const struct model_file *file, json_t **ret_text, struct error *err)
{
    if (file->size > TOKENIZER_MAX_TEMPLATE)
        return error_set(err, PARE_ELIMIT,
                         "%s: %llu bytes; the limit (TOKENIZER_MAX_TEMPLATE) is "
                         "%u",
                         file->name, (unsigned long long)file->size, TOKENIZER_MAX_TEMPLATE);
    _cleanup_free_ char *text = malloc((size_t)file->size + 1);
    if (!text)
        return error_oom(err);
    int r = side_file_bytes(file, text, (size_t)file->size, err);
    if (r < 0)
        return error_prefix(err, "%s", file->name);
    json_t *json = json_stringn(text, (size_t)file->size);
    if (!json)
        return error_set(err, PARE_EDATA, "%s: not UTF-8", file->name);
    *ret_text = json;
    return 0;
}

static int append(json_t *list, const char *name, size_t name_len, json_t *text, struct error *err)
{
    json_t *entry = json_pack("{s:s%, s:o}", "name", name, name_len, "template", text);
    if (!entry)
        return error_set(err, PARE_EDATA, "the name of a chat template is not UTF-8");
    return json_array_append_new(list, entry) < 0 ? error_oom(err) : 0;
}

static int compare_files(const void *a, const void *b)
{
    return strcmp((*(const struct model_file *const *)a)->name,
                  (*(const struct model_file *const *)b)->name);
}

/* additional_chat_templates/NAME.jinja, by name. */
static int append_additional(const struct model *source, json_t *list, struct error *err)
{
    static const char folder[] = "additional_chat_templates/", suffix[] = ".jinja";
    const struct model_file *files[TOKENIZER_MAX_TEMPLATES];
    size_t n = 0;
    for (uint32_t i = 0; i < source->n_files; i++) {
        const char *name = source->files[i].name;
        const char *at = strstr(name, folder);
        size_t len = strlen(name);
        if (!at || (at != name && at[-1] != '/') || len <= sizeof suffix ||
            strcmp(name + len - strlen(suffix), suffix) != 0)
            continue;
        if (n == TOKENIZER_MAX_TEMPLATES)
            return error_set(err, PARE_ELIMIT, "more than %d chat templates",
                             TOKENIZER_MAX_TEMPLATES);
        files[n++] = &source->files[i];
    }
    qsort(files, n, sizeof *files, compare_files);
    for (size_t i = 0; i < n; i++) {
        const char *name = strrchr(files[i]->name, '/') + 1;
        json_t *text = NULL;
        int r = read_template(files[i], &text, err);
        if (!r)
            r = append(list, name, strlen(name) - strlen(suffix), text, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The templates of a folder whose tokenizer_config.json has none; NULL: there are none at all. */
static int read_alternative(const struct tokenizer *t, json_t **ret_value, struct error *err)
{
    const struct model_file *jinja = side_file_find(t->request->source, "chat_template.jinja");
    if (!jinja) {
        _cleanup_json_ json_t *json = NULL;
        int r = tokenizer_json_read(t->request->source, "chat_template.json", &json, err);
        if (!r)
            *ret_value = json_incref(json_object_get(json, "chat_template"));
        return r < 0 ? r : 0;
    }
    json_t *text = NULL;
    _cleanup_json_ json_t *list = json_array();
    if (!list)
        return error_oom(err);
    int r = read_template(jinja, &text, err);
    if (!r)
        r = append(list, "default", strlen("default"), text, err);
    if (!r)
        r = append_additional(t->request->source, list, err);
    if (!r)
        *ret_value = TAKE(list);
    return r;
}

static int put_named(const struct tokenizer *t, const char *name, struct pare_str text,
                     struct error *err)
{
    char key[128];
    snprintf(key, sizeof key, CHAT_KEY ".%s", name);
    if (meta_find(t->target, key))
        return error_set(err, PARE_EDATA, "two chat templates are called `%s`", name);
    return tokenizer_put_string(t->target, key, text, err);
}

/* The name with '_' for every character but ASCII letters and digits. */
static int clean_name(const json_t *value, char name[static 64], struct error *err)
{
    struct pare_str given = tokenizer_json_str(value);
    size_t n = 0;
    for (size_t i = 0; i < given.len; i++) {
        unsigned char c = (unsigned char)given.data[i];
        if ((c & 0xc0) == 0x80)
            continue; /* one '_' for a character of several bytes */
        if (n == 63)
            return error_set(err, PARE_ELIMIT, "a chat template's name of more than 63 letters");
        name[n++] = (char)(c < 0x80 && isalnum(c) ? c : '_');
    }
    name[n] = 0;
    return 0;
}

/* Templates with names; "default" is the template, the others are listed. */
static int put_list(const struct tokenizer *t, const json_t *list, struct error *err)
{
    char names[TOKENIZER_MAX_TEMPLATES][64];
    struct pare_str name_list[TOKENIZER_MAX_TEMPLATES], chosen = { NULL, 0 };
    size_t n = 0, i;
    json_t *entry;
    json_array_foreach(list, i, entry) {
        const json_t *template = json_object_get(entry, "template");
        if (n == TOKENIZER_MAX_TEMPLATES)
            return error_set(err, PARE_ELIMIT, "more than %d chat templates",
                             TOKENIZER_MAX_TEMPLATES);
        int r = clean_name(json_object_get(entry, "name"), names[n], err);
        if (r < 0)
            return r;
        if (!*names[n] || !template || json_is_null(template))
            continue;
        struct pare_str text = tokenizer_json_str(template);
        r = check_text(text, names[n], err);
        if (r < 0)
            return r;
        if (!strcmp(names[n], "default")) {
            chosen = text;
            continue;
        }
        r = put_named(t, names[n], text, err);
        if (r < 0)
            return r;
        name_list[n] = text_of(names[n]);
        n++;
    }
    int r = tokenizer_put_strings(t->target, "tokenizer.chat_templates", name_list, n, err);
    return r || !chosen.data ? r : tokenizer_put_string(t->target, CHAT_KEY, chosen, err);
}

int tokenizer_emit_chat(struct tokenizer *t, struct error *err)
{
    _cleanup_json_ json_t *alternative = NULL;
    const json_t *value = json_object_get(t->config, "chat_template");
    if (!value) {
        int r = read_alternative(t, &alternative, err);
        if (r < 0)
            return r;
        value = alternative;
    }
    if (json_is_array(value))
        return put_list(t, value, err);
    if (!json_is_string(value)) {
        if (value && !json_is_null(value))
            tokenizer_warn(t, "chat_template is neither a text nor a list: it is left out");
        return 0;
    }
    struct pare_str text = tokenizer_json_str(value);
    int r = check_text(text, "default", err);
    return r < 0 ? r : tokenizer_put_string(t->target, CHAT_KEY, text, err);
}
