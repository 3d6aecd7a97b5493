/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Configuration: see config.h. One table says all about every key of the daemon's own: its kind,
 * its default, where it lies in the struct and whether it can change while the daemon runs. Keys
 * that are settings of jobs are in the table of settings; here they only have their place in the
 * manual's order. Files are split into lines by libinih.
 */
#include "config/config.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/paths.h"
#include "base/strbuf.h"
#include "base/values.h"
#include "settings/settings.h"
#include "supervise/job_target.h"
#include "source/litter.h"

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum kind { PATH, PATHS, WORD, NAMES, COUNT, SIZE, SECONDS, LEVEL, TARGETS, SETTING, SETTINGS };

struct key {
    const char *name;
    enum kind kind;
    size_t offset;
    const char *fallback; /* NULL: not set */
    const char *words;    /* of a WORD: the choice, between bars */
    double min, max;      /* of a COUNT or SECONDS */
    int fixed;            /* changes need a restart */
};

#define AT(field) offsetof(struct config, field)

static const struct key keys[] = {
    { "drop", PATH, AT(drop), "/var/lib/pare/drop", .fixed = 1 },
    { "out", PATH, AT(out), "/var/lib/pare/out", .fixed = 1 },
    { "catalog", PATH, AT(catalog), "/var/lib/pare/catalog.db", .fixed = 1 },
    { "targets", TARGETS, AT(targets), "gguf:q4_k_m gguf:q8_0" },
    { "after", WORD, AT(after), "archive", "|archive|delete|" },
    { "archive", PATH, AT(archive), NULL, .fixed = 1 },
    { "failed", PATH, AT(failed), NULL, .fixed = 1 },
    { "socket", PATH, AT(socket), NULL, .fixed = 1 },
    { "jobs", COUNT, AT(jobs), "1", .min = 1, .max = 256 },
    { "threads", SETTING },
    { "memory_limit", SETTING },
    { "min_free", SIZE, AT(min_free), "256M" },
    { "settle", SECONDS, AT(settle), "2", .max = 3600 },
    { "ignore", NAMES, AT(ignore), "default" },
    { "stuck_after", SECONDS, AT(stuck_after), "0", .max = 1e9 },
    { "rescan", SECONDS, AT(rescan), "60", .min = 1, .max = 86400 },
    { "heartbeat", SECONDS, AT(heartbeat), "60", .min = 1, .max = 86400 },
    { "retries", COUNT, AT(retries), "3", .max = 100 },
    { "backoff", SECONDS, AT(backoff), "30", .min = 0.01, .max = 86400 },
    { NULL, SETTINGS }, /* all others */
    { "plugins", PATHS, AT(plugins), NULL, .fixed = 1 },
    { "recipes", PATHS, AT(recipes), NULL, .fixed = 1 },
    { "architectures", PATHS, AT(architectures), NULL, .fixed = 1 },
    { "worker", PATH, AT(worker), NULL, .fixed = 1 },
    { "log_level", LEVEL, AT(log_level), "info" },
};

#define N_KEYS (sizeof keys / sizeof *keys)

static const struct key *find_key(const char *name)
{
    for (size_t i = 0; i < N_KEYS; i++)
        if (keys[i].name && keys[i].kind != SETTING && !strcmp(keys[i].name, name))
            return &keys[i];
    return NULL;
}

/* The setting that a key stands for, or NULL. */
static const struct setting *find_setting(const char *name)
{
    const struct setting *setting = setting_find(name);
    return setting && setting->is_key ? setting : NULL;
}

static int refuse_unknown(const char *name, struct error *err)
{
    struct nearest nearest;
    nearest_start(&nearest, (struct pare_str){ name, strlen(name) });
    for (size_t i = 0; i < N_KEYS; i++)
        if (keys[i].name)
            nearest_offer_name(&nearest, keys[i].name);
    const struct setting *setting;
    for (size_t i = 0; (setting = setting_at(i)); i++)
        if (setting->is_key)
            nearest_offer_name(&nearest, setting->name);
    return nearest_suggest(&nearest, err,
                           error_set(err, PARE_EUSAGE, "there is no key `%s'", name));
}

static int is_text(enum kind kind)
{
    return kind == PATH || kind == PATHS || kind == WORD || kind == NAMES;
}

static char **text_at(const struct config *config, const struct key *key)
{
    return (char **)((char *)(uintptr_t)config + key->offset);
}

static uint64_t *count_at(const struct config *config, const struct key *key)
{
    return (uint64_t *)((char *)(uintptr_t)config + key->offset);
}

static double *seconds_at(const struct config *config, const struct key *key)
{
    return (double *)((char *)(uintptr_t)config + key->offset);
}

static int *int_at(const struct config *config, const struct key *key)
{
    return (int *)((char *)(uintptr_t)config + key->offset);
}

static int refuse(const struct key *key, const char *value, const char *wanted, struct error *err)
{
    return error_set(err, PARE_EUSAGE, "%s = %s: %s is wanted", key->name, value, wanted);
}

static int set_text(struct config *config, const struct key *key, const char *value,
                    struct error *err)
{
    if (!*value)
        return refuse(key, value, "a value", err);
    if (key->kind == WORD && !value_is_choice(key->words, value))
        return value_suggest(key->words, value, err,
                             error_set(err, PARE_EUSAGE, "%s = %s: one of %s is wanted", key->name,
                                       value, key->words));
    char *copy = strdup(value);
    if (!copy)
        return error_oom(err);
    free(*text_at(config, key));
    *text_at(config, key) = copy;
    return 0;
}

/* Patterns of names, in which `default' stands for those of litter.h and `none' for nothing. */
static int set_names(struct config *config, const struct key *key, const char *value,
                     struct error *err)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    for (const char *p = value; *(p += strspn(p, " ,\t"));) {
        size_t n = strcspn(p, " ,\t");
        const char *slash = memchr(p, '/', n);
        if (slash && (slash == p || slash < p + n - 1))
            return error_set(err, PARE_EUSAGE,
                             "%s: `%.*s' is a path: patterns of names are wanted, such as *.txt "
                             "or, for folders, old*/",
                             key->name, (int)n, p);
        if (n == 7 && !strncmp(p, "default", n))
            strbuf_puts(&sb, LITTER_DEFAULT " ");
        else if (n != 4 || strncmp(p, "none", n) != 0)
            strbuf_printf(&sb, "%.*s ", (int)n, p);
        p += n;
    }
    strbuf_puts(&sb, "");
    char *names = strbuf_finish(&sb);
    if (!names)
        return error_oom(err);
    if (*names)
        names[strlen(names) - 1] = 0;
    free(*text_at(config, key));
    *text_at(config, key) = names;
    return *value ? 0 : refuse(key, value, "default, none or patterns of names", err);
}

static int set_count(struct config *config, const struct key *key, const char *value,
                     struct error *err)
{
    uint64_t n;
    if (key->kind == SIZE ? value_size(value, &n) : value_count(value, &n))
        return refuse(key, value, key->kind == SIZE ? "a size such as 512M" : "a number", err);
    if (key->max > 0 && ((double)n < key->min || (double)n > key->max))
        return error_set(err, PARE_EUSAGE, "%s = %s: a number from %g to %g is wanted", key->name,
                         value, key->min, key->max);
    *count_at(config, key) = n;
    return 0;
}

static int set_seconds(struct config *config, const struct key *key, const char *value,
                       struct error *err)
{
    static const char units[] = "smhd";
    static const double unit_seconds[] = { 1, 60, 3600, 86400 };
    char *end;
    double seconds = strtod(value, &end);
    const char *unit = end != value && *end ? strchr(units, *end) : NULL;
    if (unit) {
        seconds *= unit_seconds[unit - units];
        end++;
    }
    int is_decimal = strspn(value, "+-.0123456789eE") >= (size_t)(end - value) - (unit != NULL);
    if (end == value || *end || !is_decimal || !isfinite(seconds) || seconds < key->min ||
        seconds > key->max)
        return error_set(err, PARE_EUSAGE, "%s = %s: seconds from %g to %g are wanted", key->name,
                         value, key->min, key->max);
    *seconds_at(config, key) = seconds;
    return 0;
}

static int set_level(struct config *config, const struct key *key, const char *value,
                     struct error *err)
{
    int level = log_level_by_name(value);
    if (level < 0)
        return refuse(key, value, "error, warning, info or debug", err);
    *int_at(config, key) = level;
    return 0;
}

static void clear_targets(struct config *config)
{
    for (size_t i = 0; i < config->n_targets; i++)
        job_target_deinit(&config->targets[i]);
    free(config->targets);
    config->targets = NULL;
    config->n_targets = 0;
}

int config_add_target(struct config *config, const char *text, struct error *err)
{
    struct job_target target = { 0 };
    int r = job_target_parse(text, ':', &target, err);
    if (r < 0)
        return r;
    r = job_target_check(&target, config->targets, config->n_targets, err);
    if (r < 0) {
        job_target_deinit(&target);
        return r;
    }
    struct job_target *targets = reallocarray(config->targets, config->n_targets + 1,
                                              sizeof *targets);
    if (!targets) {
        job_target_deinit(&target);
        return error_oom(err);
    }
    config->targets = targets;
    config->targets[config->n_targets++] = target;
    return 0;
}

static int add_targets(struct config *config, const char *value, struct error *err)
{
    _cleanup_free_ char *copy = strdup(value);
    if (!copy)
        return error_oom(err);
    char *rest = NULL;
    int r = 0;
    for (char *word = strtok_r(copy, " ,\t", &rest); word && r == 0;
         word = strtok_r(NULL, " ,\t", &rest))
        r = config_add_target(config, word, err);
    return r;
}

int config_set(struct config *config, const char *key_name, const char *value, struct error *err)
{
    const struct key *key = find_key(key_name);
    const struct setting *setting = find_setting(key_name);
    if (setting)
        return setting_set(config->settings, setting, value, err) < 0
                   ? error_prefix(err, "%s = %s", key_name, value)
                   : 0;
    if (!key)
        return refuse_unknown(key_name, err);
    switch (key->kind) {
    case PATH:
    case PATHS:
    case WORD:
        return set_text(config, key, value, err);
    case NAMES:
        return set_names(config, key, value, err);
    case COUNT:
    case SIZE:
        return set_count(config, key, value, err);
    case SECONDS:
        return set_seconds(config, key, value, err);
    case LEVEL:
        return set_level(config, key, value, err);
    default:
        break;
    }
    clear_targets(config);
    return add_targets(config, value, err);
}

int config_init(struct config *config, struct error *err)
{
    *config = (struct config){ .settings = json_object() };
    if (!config->settings)
        return error_oom(err);
    for (size_t i = 0; i < N_KEYS; i++) {
        int r = keys[i].fallback ? config_set(config, keys[i].name, keys[i].fallback, err) : 0;
        if (r < 0) {
            config_deinit(config);
            return r;
        }
    }
    return 0;
}

void config_deinit(struct config *config)
{
    for (size_t i = 0; i < N_KEYS; i++)
        if (is_text(keys[i].kind)) {
            free(*text_at(config, &keys[i]));
            *text_at(config, &keys[i]) = NULL;
        }
    json_decref(config->settings);
    config->settings = NULL;
    clear_targets(config);
}

struct reading {
    struct config *config;
    json_t *seen; /* object: the keys that were given in this file */
    struct error *err;
    int code; /* of the first mistake; what follows it is not read */
};

static int handle_line(void *user, const char *section, const char *name, const char *value)
{
    struct reading *reading = user;
    if (reading->code < 0)
        return 1;
    int is_targets = !strcmp(name, "targets"),
        is_again = json_object_get(reading->seen, name) != NULL;
    if (*section)
        reading->code = error_set(reading->err, PARE_EUSAGE,
                                  "section [%s]: this file has no sections", section);
    else if (is_again && !is_targets)
        reading->code = error_set(reading->err, PARE_EUSAGE, "`%s' is given twice", name);
    else if (is_again)
        reading->code = add_targets(reading->config, value, reading->err);
    else
        reading->code = config_set(reading->config, name, value, reading->err);
    if (reading->code == 0 && json_object_set_new(reading->seen, name, json_true()) < 0)
        reading->code = error_oom(reading->err);
    return reading->code == 0;
}

int config_load(struct config *config, const char *path, struct error *err)
{
    _cleanup_json_ json_t *seen = json_object();
    struct reading reading = { .config = config, .seen = seen, .err = err };
    FILE *file = fopen(path, "re");
    if (!file)
        return error_errno(err, errno, "cannot read the configuration %s", path);
    int line = ini_parse_file(file, handle_line, &reading);
    (void)fclose(file);
    if (reading.code < 0)
        return error_prefix(err, "%s:%d", path, line);
    if (line > 0)
        return error_set(err, PARE_EUSAGE, "%s:%d: a line `key = value' is wanted", path, line);
    if (line < 0)
        return error_set(err, PARE_EIO, "%s: cannot be read", path);
    return 0;
}

static int make_absolute(char **path, struct error *err)
{
    if (!*path || **path == '/')
        return 0;
    _cleanup_free_ char *cwd = getcwd(NULL, 0);
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_printf(&sb, "%s/%s", cwd ? cwd : "", *path);
    char *absolute = cwd ? strbuf_finish(&sb) : NULL;
    if (!absolute)
        return error_oom(err);
    free(*path);
    *path = absolute;
    return 0;
}

/* Paths are compared as text, so they get one spelling: no slash at the end. */
static void trim_slashes(char *path)
{
    size_t n = path ? strlen(path) : 0;
    while (n > 1 && path[n - 1] == '/')
        path[--n] = 0;
}

static char *join(const char *directory, const char *name)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_printf(&sb, "%s/%s", directory, name);
    return strbuf_finish(&sb);
}

static int fill_in(struct config *config, struct error *err)
{
    if (!config->archive)
        config->archive = join(config->drop, "done");
    if (!config->failed)
        config->failed = join(config->drop, "failed");
    if (!config->socket)
        config->socket = paths_socket(config->catalog);
    if (!config->plugins)
        config->plugins = paths_plugins();
    if (!config->recipes)
        config->recipes = paths_recipes();
    if (!config->architectures)
        config->architectures = paths_architectures();
    if (!config->worker)
        config->worker = paths_worker();
    if (!config->archive || !config->failed || !config->socket || !config->plugins ||
        !config->recipes || !config->architectures || !config->worker)
        return error_oom(err);
    return 0;
}

int config_finish(struct config *config, struct error *err)
{
    for (size_t i = 0; i < N_KEYS; i++)
        if (keys[i].kind == PATH) {
            int r = make_absolute(text_at(config, &keys[i]), err);
            if (r < 0)
                return r;
            trim_slashes(*text_at(config, &keys[i]));
        }
    if (!config->n_targets)
        return error_set(err, PARE_EUSAGE, "targets: at least one FORMAT:RECIPE is wanted");
    if (!strcmp(config->drop, config->out))
        return error_set(err, PARE_EUSAGE, "drop and out are the same directory, %s", config->drop);
    return fill_in(config, err);
}

static char *targets_text(const struct config *config)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    for (size_t i = 0; i < config->n_targets; i++)
        strbuf_printf(&sb, "%s%s:%s", i ? " " : "", config->targets[i].format,
                      config->targets[i].recipe);
    return strbuf_finish(&sb);
}

static json_t *value_json(const struct config *config, const struct key *key)
{
    static const char *const levels[] = { "error", "warning", "info", "info", "debug" };
    switch (key->kind) {
    case PATH:
    case PATHS:
    case WORD:
    case NAMES:
        return *text_at(config, key) ? json_string(*text_at(config, key)) : json_null();
    case COUNT:
    case SIZE:
        return json_integer((json_int_t)*count_at(config, key));
    case SECONDS:
        return json_real(*seconds_at(config, key));
    case LEVEL:
        return json_string(levels[(*int_at(config, key) - LOG_LEVEL_ERROR) % 5]);
    case SETTING:
        return setting_json(config->settings, setting_find(key->name));
    default:
        break;
    }
    _cleanup_free_ char *text = targets_text(config);
    return json_string(text ? text : "");
}

/* The settings that have no place in the table of keys. */
static void add_settings(const struct config *config, json_t *json)
{
    const struct setting *setting;
    for (size_t i = 0; (setting = setting_at(i)); i++)
        if (setting->is_key && !json_object_get(json, setting->name))
            (void)json_object_set_new(json, setting->name, setting_json(config->settings, setting));
}

json_t *config_json(const struct config *config)
{
    json_t *json = json_object();
    for (size_t i = 0; i < N_KEYS; i++)
        if (keys[i].name)
            (void)json_object_set_new(json, keys[i].name, value_json(config, &keys[i]));
        else
            add_settings(config, json);
    return json;
}

const char *config_keep_fixed(struct config *running, struct config *fresh)
{
    const char *changed = NULL;
    for (size_t i = 0; i < N_KEYS; i++) {
        if (!keys[i].fixed)
            continue;
        char **old = text_at(running, &keys[i]), **new = text_at(fresh, &keys[i]);
        if (!changed && (!!*old != !!*new || (*old && strcmp(*old, *new))))
            changed = keys[i].name;
        char *swap = *old;
        *old = *new;
        *new = swap;
    }
    return changed;
}
