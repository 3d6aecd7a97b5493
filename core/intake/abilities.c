/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Abilities: see abilities.h. A worker is asked, since the daemon loads no plugin; recipes are only
 * looked for by name. */
#include "intake/abilities.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/nearest.h"
#include "base/strbuf.h"
#include "base/strlist.h"
#include "settings/settings.h"
#include "supervise/job_target.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static void keep_plugins(void *context, const char *event, const json_t *line)
{
    struct abilities *abilities = context;
    if (strcmp(event, "plugins") != 0 || abilities->plugins)
        return;
    const json_t *list = json_object_get(line, "plugins");
    /* the answer's list, whether it is the field itself or one level deeper */
    if (json_is_object(list))
        list = json_object_get(list, "plugins");
    abilities->plugins = json_is_array(list) ? json_deep_copy(list) : NULL;
}

int abilities_init(struct abilities *abilities, const struct config *config, double seconds,
                   struct error *err)
{
    *abilities = (struct abilities){ 0 };
    _cleanup_json_ json_t *request = json_pack("{s:s, s:s, s:s, s:s, s:s}", "kind", "plugins",
                                               "plugins", config->plugins, "recipes",
                                               config->recipes, "cpu",
                                               settings_text(config->settings, "cpu"), "sandbox",
                                               settings_text(config->settings, "sandbox"));
    if (!request)
        return error_oom(err);
    int r = worker_process_run(config->worker, request, NULL, 0, seconds, keep_plugins, abilities,
                               err);
    if (r < 0)
        return error_prefix(err, "%s", config->worker);
    abilities->recipes = strdup(config->recipes);
    if (abilities->plugins && abilities->recipes)
        return 0;
    abilities_deinit(abilities);
    return error_set(err, PARE_EINTERNAL, "%s: no list of plugins came", config->worker);
}

void abilities_deinit(struct abilities *abilities)
{
    json_decref(abilities->plugins);
    free(abilities->recipes);
    *abilities = (struct abilities){ 0 };
}

/* The format's writer, or NULL; then the names of those that there are go into `names` and
 * `nearest`, where these are not NULL. */
static const json_t *find_writer(const struct abilities *abilities, const char *format,
                                 struct strbuf *names, struct nearest *nearest)
{
    size_t i, j;
    json_t *plugin, *writer;
    json_array_foreach(abilities->plugins, i, plugin) {
        json_array_foreach(json_object_get(plugin, "writers"), j, writer) {
            const char *name = json_get_string(writer, "name", "");
            if (!strcmp(name, format))
                return writer;
            if (!names)
                continue;
            strbuf_printf(names, " %s", name);
            nearest_offer_name(nearest, name);
        }
    }
    return NULL;
}

const char *abilities_suffix(const struct abilities *abilities, const char *format)
{
    return json_get_string(find_writer(abilities, format, NULL, NULL), "suffix", NULL);
}

static int has_recipe(const struct abilities *abilities, const char *recipe)
{
    _cleanup_free_ char *dirs = strdup(abilities->recipes);
    char *rest = NULL;
    for (char *dir = dirs ? strtok_r(dirs, ":", &rest) : NULL; dir;
         dir = strtok_r(NULL, ":", &rest)) {
        _cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
        strbuf_printf(&path, "%s/%s.recipe", dir, recipe);
        if (path.data && access(path.data, R_OK) == 0)
            return 1;
    }
    return 0;
}

/* Appends the names of the recipes in one directory. */
static void list_recipes(const char *path, char ***names, size_t *n)
{
    struct error ignored = ERROR_INIT;
    _cleanup_closedir_ DIR *dir = opendir(path);
    struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        char *dot = strrchr(entry->d_name, '.');
        if (!dot || strcmp(dot, ".recipe") != 0)
            continue;
        *dot = 0;
        if (strlist_add(names, n, entry->d_name, &ignored) < 0)
            return;
    }
}

/* The names of all recipes (strlist_clear). */
static void all_recipes(const struct abilities *abilities, char ***names, size_t *n)
{
    _cleanup_free_ char *dirs = strdup(abilities->recipes);
    char *rest = NULL;
    for (char *dir = dirs ? strtok_r(dirs, ":", &rest) : NULL; dir;
         dir = strtok_r(NULL, ":", &rest))
        list_recipes(dir, names, n);
}

static int refuse_recipe(const struct abilities *abilities, const struct job_target *target,
                         struct error *err)
{
    char **names = NULL;
    size_t n = 0;
    struct nearest nearest;
    all_recipes(abilities, &names, &n);
    nearest_start(&nearest, (struct pare_str){ target->recipe, strlen(target->recipe) });
    for (size_t i = 0; i < n; i++)
        nearest_offer_name(&nearest, names[i]);
    int r = error_set(err, PARE_EUSAGE, "%s:%s: no recipe is called %s (`pare recipes' lists them)",
                      target->format, target->recipe, target->recipe);
    r = nearest_suggest(&nearest, err, r);
    strlist_clear(&names, &n);
    return r;
}

int abilities_check(const struct abilities *abilities, const struct job_target *target,
                    struct error *err)
{
    _cleanup_strbuf_ struct strbuf names = STRBUF_INIT;
    struct nearest nearest;
    nearest_start(&nearest, (struct pare_str){ target->format, strlen(target->format) });
    if (!find_writer(abilities, target->format, &names, &nearest))
        return nearest_suggest(&nearest, err,
                               error_set(err, PARE_EUSAGE,
                                         "%s:%s: no plugin writes the format %s; there are%s",
                                         target->format, target->recipe, target->format,
                                         names.len ? names.data : " none"));
    return has_recipe(abilities, target->recipe) ? 0 : refuse_recipe(abilities, target, err);
}

int abilities_folder(const struct abilities *abilities, const char *name,
                     struct job_target *ret_target)
{
    struct error ignored = ERROR_INIT;
    struct job_target target = { 0 };
    if (job_target_parse(name, '-', &target, &ignored) < 0)
        return 0;
    if (abilities_check(abilities, &target, &ignored) < 0) {
        job_target_deinit(&target);
        return 0;
    }
    *ret_target = target;
    return 1;
}

/* Letters and digits of a text, small. */
static void squeeze(const char *text, char ret_squeezed[NAME_MAX + 1])
{
    size_t n = 0;
    for (; *text && n < NAME_MAX; text++)
        if (isalnum((unsigned char)*text))
            ret_squeezed[n++] = (char)tolower((unsigned char)*text);
    ret_squeezed[n] = 0;
}

/* How well the rest of a folder's name means the recipe: 2 with the same letters and digits, 1 with
 * a slip in a longer one, 0 not at all. */
static int means_recipe(const char *rest, const char *recipe)
{
    char a[NAME_MAX + 1], b[NAME_MAX + 1];
    squeeze(rest, a);
    squeeze(recipe, b);
    if (!*a || !strcmp(a, b))
        return *a ? 2 : 0;
    return strlen(a) > 3 && nearest_word(rest, &recipe, 1) != NULL;
}

static int means_format(const char *given, const char *format)
{
    return !strcasecmp(given, format) || (strlen(given) > 3 && nearest_word(given, &format, 1));
}

int abilities_near_folder(const struct abilities *abilities, const char *name, char *ret_near)
{
    char **recipes = NULL, format[NAME_MAX + 1];
    size_t i, j, n = 0, len = strcspn(name, "-_ .:+@");
    const char *rest = name[len] ? name + len + 1 : "";
    json_t *plugin, *writer;
    int best = 0;
    (void)snprintf(format, sizeof format, "%.*s", (int)len, name);
    all_recipes(abilities, &recipes, &n);
    json_array_foreach(abilities->plugins, i, plugin)
        json_array_foreach(json_object_get(plugin, "writers"), j, writer) {
            const char *known = json_get_string(writer, "name", "");
            for (size_t k = 0; k < n && means_format(format, known); k++) {
                int how_well = means_recipe(rest, recipes[k]);
                if (how_well > best)
                    (void)snprintf(ret_near, NAME_MAX + 1, "%s-%s", known, recipes[k]);
                best = how_well > best ? how_well : best;
            }
        }
    strlist_clear(&recipes, &n);
    return best > 0;
}
