/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Recipes as files: finding them in the directories, reading them with what they include, and
 * listing what there is. The first directory that has a file wins, so that a user's own recipe or
 * rules replace those that come with Pare.
 */
#include "recipe/recipe_private.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "base/strbuf.h"
#include "base/strlist.h"
#include "base/text.h"
#include "lang/statement.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define SUFFIX ".recipe"

DEFINE_CLEANUP(struct recipe *, recipe_free);
DEFINE_CLEANUP(struct hash *, hash_free);

static struct recipe *recipe_new(void)
{
    struct recipe *recipe = calloc(1, sizeof *recipe);
    if (!recipe)
        return NULL;
    recipe->title = recipe->description = "";
    recipe->rules_end = &recipe->rules;
    recipe->weighing_end = &recipe->weighing;
    recipe->actions_end = &recipe->actions;
    recipe->overrides_end = &recipe->overrides;
    recipe->override_actions_end = &recipe->override_actions;
    recipe->options_end = &recipe->options;
    recipe->roles_end = &recipe->roles;
    recipe->fallbacks_end = &recipe->fallbacks;
    return recipe;
}

void recipe_free(struct recipe *recipe)
{
    if (!recipe)
        return;
    expr_unit_deinit(&recipe->unit);
    arena_deinit(&recipe->memory);
    free(recipe);
}

const char *recipe_name(const struct recipe *recipe)
{
    return recipe->name;
}

const char *recipe_digest(const struct recipe *recipe)
{
    return recipe->digest;
}

static int remember_file(struct recipe_loader *loader, const char *file)
{
    struct recipe *recipe = loader->recipe;
    for (const struct recipe_file *f = recipe->files; f; f = f->next)
        if (!strcmp(f->name, file))
            return error_set(loader->err, PARE_EDATA, "%s is included already", file);
    if (loader->depth >= RECIPE_MAX_DEPTH)
        return error_set(loader->err, PARE_EDATA, "files include files deeper than %d levels",
                         RECIPE_MAX_DEPTH);
    if (loader->n_files >= RECIPE_MAX_FILES)
        return error_set(loader->err, PARE_EDATA, "more than %d files", RECIPE_MAX_FILES);
    struct recipe_file *f = arena_alloc(&recipe->memory, sizeof *f);
    if (!f)
        return error_oom(loader->err);
    f->name = file;
    f->next = recipe->files;
    recipe->files = f;
    return 0;
}

static int read_text(struct recipe_loader *loader, const char *file, char **ret_text,
                     size_t *ret_size)
{
    _cleanup_free_ char *path = dirs_find(loader->dirs, file);
    if (!path)
        return error_set(loader->err, PARE_EDATA, "there is no %s in %s", file, loader->dirs);
    _cleanup_free_ char *data = NULL;
    size_t n;
    int r = file_read_all(AT_FDCWD, path, RECIPE_MAX_FILE, &data, &n, loader->err);
    if (r)
        return r;
    if (memchr(data, 0, n))
        return error_set(loader->err, PARE_EDATA, "%s: not a text file", path);
    hash_update(loader->hash, data, n);
    *ret_text = arena_copy(&loader->recipe->memory, (struct pare_str){ data, n });
    *ret_size = n;
    return *ret_text ? 0 : error_oom(loader->err);
}

/* Parses all lines of a text that lives as long as the recipe. */
static int parse_lines(struct recipe_loader *loader, const char *file, char *p, size_t size)
{
    unsigned line = 1, lines;
    int r = 0;
    for (const char *end = p + size; !r && p < end; line += lines) {
        size_t n = statement_length(p, end, &lines);
        r = recipe_parse_line(loader, file, line, (struct pare_str){ p, n });
        p += n + 1;
    }
    return r;
}

int recipe_read(struct recipe_loader *loader, const char *file)
{
    char *p = NULL;
    size_t size = 0;
    int r = remember_file(loader, file);
    if (!r)
        r = read_text(loader, file, &p, &size);
    if (r)
        return r;
    loader->n_files++;
    loader->depth++;
    r = parse_lines(loader, file, p, size);
    loader->depth--;
    return r;
}

struct names {
    char **items;
    size_t n;
};

static void names_deinit(struct names *names)
{
    strlist_clear(&names->items, &names->n);
}

static int unknown_recipe(const char *dirs, const char *name, struct error *err)
{
    CLEANUP(names_deinit) struct names names = { NULL, 0 };
    int r = dirs_list(dirs, SUFFIX, &names.items, &names.n, err);
    if (r)
        return r;
    _cleanup_strbuf_ struct strbuf list = STRBUF_INIT;
    for (size_t i = 0; i < names.n; i++)
        strbuf_printf(&list, "%s%s", i ? ", " : "", names.items[i]);
    if (!names.n)
        return error_set(err, PARE_EUSAGE, "there is no recipe %.100s, and none at all in %s", name,
                         dirs);
    struct nearest nearest;
    nearest_start(&nearest, (struct pare_str){ name, strlen(name) });
    for (size_t i = 0; i < names.n; i++)
        nearest_offer_name(&nearest, names.items[i]);
    return nearest_suggest(&nearest, err,
                           error_set(err, PARE_EUSAGE, "there is no recipe %.100s: there are %s",
                                     name, list.data ? list.data : "others"));
}

static int load_file(struct recipe_loader *loader, const char *name, struct error *err)
{
    struct recipe *recipe = loader->recipe;
    recipe->name = arena_copy(&recipe->memory, text_of(name));
    char *file = arena_alloc(&recipe->memory, strlen(name) + sizeof SUFFIX);
    if (!recipe->name || !file)
        return error_oom(err);
    (void)sprintf(file, "%s%s", name, SUFFIX);
    int r = recipe_read(loader, file);
    if (!r && !recipe->standard)
        r = error_set(err, PARE_EDATA, "%s: expected a line such as 'default q8_0'", file);
    return r;
}

int recipe_load(const char *dirs, const char *name, struct recipe **ret_recipe, struct error *err)
{
    char file[120];
    if (!statement_name_is_plain(text_of(name)))
        return unknown_recipe(dirs, name, err);
    (void)snprintf(file, sizeof file, "%s%s", name, SUFFIX);
    _cleanup_free_ char *path = dirs_find(dirs, file);
    if (!path)
        return unknown_recipe(dirs, name, err);
    CLEANUP(recipe_free_cleanup) struct recipe *recipe = recipe_new();
    if (!recipe)
        return error_oom(err);
    CLEANUP(hash_free_cleanup) struct hash *hash = NULL;
    int r = hash_new(&hash, err);
    if (r)
        return r;
    struct recipe_loader loader = { .recipe = recipe, .dirs = dirs, .hash = hash, .err = err };
    r = load_file(&loader, name, err);
    if (r)
        return r;
    hash_final(hash, recipe->digest);
    *ret_recipe = TAKE(recipe);
    return 0;
}

/* The label as messages show it: without control characters, and cut so that a line number fits. */
static char *copy_label(struct recipe *recipe, const char *label)
{
    size_t n = strnlen(label, RECIPE_MAX_PLACE - 20);
    while (n > 0 && ((unsigned char)label[n] & 0xc0) == 0x80)
        n--; /* not within a character */
    char *copy = arena_copy(&recipe->memory, (struct pare_str){ label, n });
    for (char *c = copy; c && *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    return copy;
}

/* Continues the digest as recipe_digest says: over its own digits, a newline, and the text. */
static int add_to_digest(struct recipe *recipe, const char *text, size_t len, struct error *err)
{
    CLEANUP(hash_free_cleanup) struct hash *hash = NULL;
    int r = hash_new(&hash, err);
    if (r)
        return r;
    hash_update(hash, recipe->digest, strlen(recipe->digest));
    hash_update(hash, "\n", 1);
    if (len)
        hash_update(hash, text, len);
    hash_final(hash, recipe->digest);
    return 0;
}

int recipe_override(struct recipe *recipe, const char *label, const char *text, size_t len,
                    struct error *err)
{
    const char *name = copy_label(recipe, label);
    if (!name)
        return error_oom(err);
    if (len > RECIPE_MAX_FILE)
        return error_set(err, PARE_ELIMIT, "%s: %zu bytes, the limit is %d", name, len,
                         RECIPE_MAX_FILE);
    if (len && memchr(text, 0, len))
        return error_set(err, PARE_EDATA, "%s: not a text", name);
    char *copy = arena_copy(&recipe->memory, (struct pare_str){ text, len });
    if (!copy)
        return error_oom(err);
    struct recipe_loader loader = { .recipe = recipe, .dirs = "", .is_override = 1, .err = err };
    int r = add_to_digest(recipe, text, len, err);
    return r ? r : parse_lines(&loader, name, copy, len);
}

static int add_options(const struct recipe *recipe, int is_override, json_t *options)
{
    int r = 0;
    for (const struct recipe_option *o = recipe->options; o && r >= 0; o = o->next)
        if (o->is_override == is_override && !(is_override && json_object_get(options, o->name)))
            r = json_object_set_new(options, o->name, json_text(o->value, strlen(o->value)));
    return r;
}

json_t *recipe_options(const struct recipe *recipe)
{
    _cleanup_json_ json_t *own = json_object();
    _cleanup_json_ json_t *overrides = json_object();
    if (!own || !overrides || add_options(recipe, 0, own) < 0 ||
        add_options(recipe, 1, overrides) < 0 || json_object_update(own, overrides) < 0)
        return NULL;
    return TAKE(own);
}

static json_t *describe(const char *dirs, const char *name)
{
    char file[120];
    (void)snprintf(file, sizeof file, "%s%s", name, SUFFIX);
    _cleanup_free_ char *path = dirs_find(dirs, file);
    CLEANUP(recipe_free_cleanup) struct recipe *recipe = NULL;
    struct error err = ERROR_INIT;
    int r = recipe_load(dirs, name, &recipe, &err);
    if (r == PARE_ENOMEM)
        memory_note_failure();
    if (r < 0)
        return json_pack("{s:s, s:o?, s:o}", "name", name, "file",
                         path ? json_text(path, strlen(path)) : NULL, "error",
                         json_text(err.text, strlen(err.text)));
    json_t *formats = json_array();
    for (uint32_t i = 0; i < recipe->n_formats; i++)
        (void)json_array_append_new(formats, json_string(recipe->formats[i]));
    return json_pack("{s:s, s:o, s:o, s:o, s:o?, s:s, s:f}", "name", name, "title",
                     json_text(recipe->title, strlen(recipe->title)), "description",
                     json_text(recipe->description, strlen(recipe->description)), "formats",
                     formats, "file", path ? json_text(path, strlen(path)) : NULL, "default",
                     recipe->standard->argument, "bits", recipe->bits);
}

int recipe_list(const char *dirs, json_t **ret_list, struct error *err)
{
    CLEANUP(names_deinit) struct names names = { NULL, 0 };
    int r = dirs_list(dirs, SUFFIX, &names.items, &names.n, err);
    if (r)
        return r;
    _cleanup_json_ json_t *list = json_array();
    for (size_t i = 0; i < names.n; i++)
        if (json_array_append_new(list, describe(dirs, names.items[i])) < 0)
            return error_oom(err);
    *ret_list = TAKE(list);
    return 0;
}
