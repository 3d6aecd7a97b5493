/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Loading plugins: dlopen with RTLD_NOW | RTLD_LOCAL, one entry symbol, everything checked. The
 * first to provide a name keeps it; a later one that provides it again is refused whole.
 */
#include "plugin/registry_private.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "plugin/cpu.h"
#include "plugin/validate.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define ENTRY_SYMBOL "pare_plugin_entry_1"
#define MAX_LIBRARIES 512 /* in a directory */

int registry_new(uint32_t cpu, struct registry **ret_registry, struct error *err)
{
    struct registry *registry = calloc(1, sizeof *registry);
    if (!registry)
        return error_oom(err);
    registry->cpu = cpu;
    registry->refused = json_array();
    if (!registry->refused) {
        free(registry);
        return error_oom(err);
    }
    *ret_registry = registry;
    return 0;
}

static void loaded_free(struct loaded *loaded)
{
    if (!loaded)
        return;
    for (size_t i = 0; i < loaded->n_encodings; i++)
        free(loaded->encodings[i]);
    free(loaded->readers);
    free(loaded->writers);
    free(loaded->evaluators);
    free(loaded->matrices);
    free(loaded->encodings);
    free(loaded->path);
    if (loaded->library)
        (void)dlclose(loaded->library);
    free(loaded);
}

DEFINE_CLEANUP(struct loaded *, loaded_free);

void registry_free(struct registry *registry)
{
    if (!registry)
        return;
    for (size_t i = 0; i < registry->n_plugins; i++)
        loaded_free(registry->plugins[i]);
    free(registry->plugins);
    json_decref(registry->refused);
    free(registry);
}

static size_t count(const void *list)
{
    const void *const *p = list;
    size_t n = 0;
    while (p && p[n])
        n++;
    return n;
}

/* A name may be given once, by this plugin or any before it. */
static int taken(const char *what, const char *name, struct error *err)
{
    return error_set(err, PARE_EPLUGIN, "%s %s already", what, name);
}

static int take_readers(const struct registry *registry, struct loaded *l, struct error *err)
{
    size_t n = count(l->plugin.readers);
    l->readers = calloc(n + 1, sizeof *l->readers);
    if (!l->readers)
        return error_oom(err);
    for (size_t i = 0; i < n; i++) {
        int r = validate_reader(l->plugin.readers[i], &l->readers[i], err);
        if (r < 0)
            return r;
        if (registry_reader(registry, l->readers[i].name))
            return taken("another plugin reads", l->readers[i].name, err);
        for (size_t j = 0; j < i; j++)
            if (!strcmp(l->readers[j].name, l->readers[i].name))
                return taken("it reads", l->readers[i].name, err);
        l->n_readers++;
    }
    return 0;
}

static int take_writers(const struct registry *registry, struct loaded *l, struct error *err)
{
    size_t n = count(l->plugin.writers);
    l->writers = calloc(n + 1, sizeof *l->writers);
    if (!l->writers)
        return error_oom(err);
    for (size_t i = 0; i < n; i++) {
        int r = validate_writer(l->plugin.writers[i], &l->writers[i], err);
        if (r < 0)
            return r;
        if (registry_writer(registry, l->writers[i].name))
            return taken("another plugin writes", l->writers[i].name, err);
        for (size_t j = 0; j < i; j++)
            if (!strcmp(l->writers[j].name, l->writers[i].name))
                return taken("it writes", l->writers[i].name, err);
        l->n_writers++;
    }
    return 0;
}

static int take_encodings(const struct registry *registry, struct loaded *l, struct error *err)
{
    size_t n = count(l->plugin.encodings);
    l->encodings = calloc(n + 1, sizeof *l->encodings);
    if (!l->encodings)
        return error_oom(err);
    for (size_t i = 0; i < n; i++) {
        struct encoding *e = calloc(1, sizeof *e);
        if (!e)
            return error_oom(err);
        l->encodings[l->n_encodings++] = e;
        int r = validate_encoding(l->plugin.encodings[i], registry->cpu, e, err);
        if (r < 0)
            return r;
        validate_adopt(e);
        e->plugin = l->plugin.name;
        if (registry_encoding(registry, e->name))
            return taken("another plugin provides the encoding", e->name, err);
        for (size_t j = 0; j < i; j++)
            if (!strcmp(l->encodings[j]->name, e->name))
                return taken("it provides the encoding", e->name, err);
    }
    return 0;
}

static int take_evaluators(const struct registry *registry, struct loaded *l, struct error *err)
{
    size_t n = count(l->plugin.evaluators);
    l->evaluators = calloc(n + 1, sizeof *l->evaluators);
    if (!l->evaluators)
        return error_oom(err);
    for (size_t i = 0; i < n; i++) {
        int r = validate_evaluator(l->plugin.evaluators[i], &l->evaluators[i], err);
        if (r < 0)
            return r;
        if (registry_evaluator(registry, l->evaluators[i].name))
            return taken("another plugin provides the evaluator", l->evaluators[i].name, err);
        for (size_t j = 0; j < i; j++)
            if (!strcmp(l->evaluators[j].name, l->evaluators[i].name))
                return taken("it provides the evaluator", l->evaluators[i].name, err);
        l->n_evaluators++;
    }
    return 0;
}

static int take_matrices(const struct registry *registry, struct loaded *l, struct error *err)
{
    size_t n = count(l->plugin.matrices);
    l->matrices = calloc(n + 1, sizeof *l->matrices);
    if (!l->matrices)
        return error_oom(err);
    for (size_t i = 0; i < n; i++, l->n_matrices++) {
        int r = validate_matrix(l->plugin.matrices[i], &l->matrices[i], err);
        if (r < 0)
            return r;
        const struct pare_matrix *other;
        for (size_t j = 0; (other = registry_matrix_at(registry, j)); j++)
            if (!strcmp(other->name, l->matrices[i].name))
                return taken("another plugin provides the matrix service", other->name, err);
        for (size_t j = 0; j < i; j++)
            if (!strcmp(l->matrices[j].name, l->matrices[i].name))
                return taken("it provides the matrix service", l->matrices[i].name, err);
    }
    return 0;
}

/* Whether the dynamic linker lacked memory or descriptors, or could not read, for the library or
 * for one that it needs. It says so in words only; that it cannot open the library, which was read
 * a moment ago, is one of them. */
static int is_shortage(const char *why, const char *path)
{
    static const char *const words[] = { ": cannot create ", ": cannot allocate ", ": cannot read ",
                                         ": failed to map ", ": cannot map zero-fill pages" };
    static const char cannot_open[] = ": cannot open ";
    size_t n = strlen(path);
    if (strstr(why, strerror(ENOMEM)) || !strcmp(why, "out of memory"))
        return 1;
    if (strstr(why, strerror(EPERM)) || strstr(why, strerror(EACCES)))
        return 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(why, words[i]))
            return 1;
    return !strncmp(why, path, n) && !strncmp(why + n, cannot_open, sizeof cannot_open - 1);
}

static int open_library(struct loaded *l, struct error *err)
{
    _cleanup_close_ int fd = open(l->path, O_RDONLY | O_CLOEXEC);
    uint64_t size;
    if (fd < 0 && (errno == EACCES || errno == ENOENT || errno == ELOOP))
        return error_set(err, PARE_EPLUGIN, "cannot open it: %s", strerror(errno));
    if (fd < 0)
        return error_errno(err, errno, "cannot open it");
    int r = hash_of_fd(fd, l->sha256, &size, err);
    if (r < 0)
        return r;
    l->library = dlopen(l->path, RTLD_NOW | RTLD_LOCAL);
    if (l->library)
        return 0;
    const char *why = dlerror();
    if (!why || is_shortage(why, l->path))
        return error_set(err, PARE_ENOMEM, "%s", why ? why : "out of memory");
    return error_set(err, PARE_EPLUGIN, "%s", why);
}

static int ask_plugin(struct loaded *l, struct error *err)
{
    pare_plugin_entry_fn *entry = NULL;
    void *symbol = dlsym(l->library, ENTRY_SYMBOL);
    if (!symbol)
        return error_set(err, PARE_EPLUGIN,
                         "it has no symbol " ENTRY_SYMBOL ": not a Pare plugin, or one for another "
                         "version of the ABI than 1");
    memcpy(&entry, &symbol, sizeof entry);
    return validate_plugin(entry(), &l->plugin, err);
}

static int load_one(struct registry *registry, const char *path, struct error *err)
{
    CLEANUP(loaded_free_cleanup) struct loaded *l = calloc(1, sizeof *l);
    if (!l || !(l->path = strdup(path)))
        return error_oom(err);
    int r = open_library(l, err);
    if (r == 0)
        r = ask_plugin(l, err);
    if (r == 0)
        r = take_readers(registry, l, err);
    if (r == 0)
        r = take_writers(registry, l, err);
    if (r == 0)
        r = take_encodings(registry, l, err);
    if (r == 0)
        r = take_evaluators(registry, l, err);
    if (r == 0)
        r = take_matrices(registry, l, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < registry->n_plugins; i++)
        if (!strcmp(registry->plugins[i]->plugin.name, l->plugin.name))
            return error_set(err, PARE_EPLUGIN, "a plugin named %s is loaded already",
                             l->plugin.name);
    struct loaded **plugins = reallocarray(registry->plugins, registry->n_plugins + 1,
                                           sizeof(struct loaded *));
    if (!plugins)
        return error_oom(err);
    registry->plugins = plugins;
    plugins[registry->n_plugins++] = TAKE(l);
    return 0;
}

int registry_load(struct registry *registry, const char *path, struct error *err)
{
    int r = load_one(registry, path, err);
    if (r < 0)
        return error_prefix(err, "plugin %s", path);
    return 0;
}

static int is_library(const char *name)
{
    size_t n = strlen(name);
    return name[0] != '.' && n > 3 && !strcmp(name + n - 3, ".so");
}

struct names {
    char *list[MAX_LIBRARIES];
    size_t n;
};

static void names_deinit(struct names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->list[i]);
}

static int list_libraries(const char *dir, struct names *names, struct error *err)
{
    _cleanup_closedir_ DIR *d = opendir(dir);
    if (!d)
        return error_errno(err, errno, "plugin directory %s", dir);
    for (struct dirent *entry; (entry = readdir(d));) {
        if (!is_library(entry->d_name))
            continue;
        if (names->n == MAX_LIBRARIES)
            return error_set(err, PARE_ELIMIT, "plugin directory %s: over %d libraries", dir,
                             MAX_LIBRARIES);
        names->list[names->n] = strdup(entry->d_name);
        if (!names->list[names->n])
            return error_oom(err);
        names->n++;
    }
    qsort(names->list, names->n, sizeof *names->list, text_compare);
    return 0;
}

/* A plugin that cannot be used is left out; but when memory or files run out, which one is left out
 * is chance, and a job that runs without it would fail for the wrong reason. */
static int load_dir(struct registry *registry, const char *dir, struct error *err)
{
    CLEANUP(names_deinit) struct names names = { .n = 0 };
    int r = list_libraries(dir, &names, err);
    for (size_t i = 0; r == 0 && i < names.n; i++) {
        char path[4352];
        struct error why = ERROR_INIT;
        (void)snprintf(path, sizeof path, "%s/%s", dir, names.list[i]);
        if (load_one(registry, path, &why) == 0)
            continue;
        if (error_is_transient(why.code)) {
            *err = why;
            return error_prefix(err, "plugin %s", path);
        }
        json_t *refused = json_pack("{s:o, s:o}", "file", json_text(path, strlen(path)), "reason",
                                    json_text(why.text, strlen(why.text)));
        r = json_array_append_new(registry->refused, refused) < 0 ? error_oom(err) : 0;
    }
    return r;
}

int registry_load_dirs(struct registry *registry, const char *dirs, struct error *err)
{
    _cleanup_free_ char *copy = strdup(dirs);
    if (!copy)
        return error_oom(err);
    char *save = NULL;
    for (char *dir = strtok_r(copy, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
        int r = load_dir(registry, dir, err);
        if (r < 0)
            return r;
    }
    return 0;
}

const struct encoding *registry_encoding(const struct registry *registry, const char *name)
{
    for (size_t i = 0; i < registry->n_plugins; i++)
        for (size_t j = 0; j < registry->plugins[i]->n_encodings; j++)
            if (!strcmp(registry->plugins[i]->encodings[j]->name, name))
                return registry->plugins[i]->encodings[j];
    return NULL;
}

const struct encoding *registry_encoding_at(const struct registry *registry, size_t i)
{
    for (size_t j = 0; j < registry->n_plugins; j++) {
        if (i < registry->plugins[j]->n_encodings)
            return registry->plugins[j]->encodings[i];
        i -= registry->plugins[j]->n_encodings;
    }
    return NULL;
}

const struct pare_reader *registry_reader(const struct registry *registry, const char *format)
{
    const struct pare_reader *reader;
    for (size_t i = 0; (reader = registry_reader_at(registry, i)); i++)
        if (!strcmp(reader->name, format))
            return reader;
    return NULL;
}

const struct pare_reader *registry_reader_at(const struct registry *registry, size_t i)
{
    for (size_t j = 0; j < registry->n_plugins; j++) {
        if (i < registry->plugins[j]->n_readers)
            return &registry->plugins[j]->readers[i];
        i -= registry->plugins[j]->n_readers;
    }
    return NULL;
}

const struct pare_writer *registry_writer(const struct registry *registry, const char *format)
{
    for (size_t i = 0; i < registry->n_plugins; i++)
        for (size_t j = 0; j < registry->plugins[i]->n_writers; j++)
            if (!strcmp(registry->plugins[i]->writers[j].name, format))
                return &registry->plugins[i]->writers[j];
    return NULL;
}

const struct pare_writer *registry_writer_at(const struct registry *registry, size_t i)
{
    for (size_t j = 0; j < registry->n_plugins; j++) {
        if (i < registry->plugins[j]->n_writers)
            return &registry->plugins[j]->writers[i];
        i -= registry->plugins[j]->n_writers;
    }
    return NULL;
}

const struct pare_evaluator *registry_evaluator(const struct registry *registry, const char *name)
{
    for (size_t i = 0; i < registry->n_plugins; i++)
        for (size_t j = 0; j < registry->plugins[i]->n_evaluators; j++)
            if (!strcmp(registry->plugins[i]->evaluators[j].name, name))
                return &registry->plugins[i]->evaluators[j];
    return NULL;
}

const struct pare_matrix *registry_matrix(const struct registry *registry)
{
    const struct pare_matrix *best = NULL;
    for (size_t i = 0; i < registry->n_plugins; i++)
        for (size_t j = 0; j < registry->plugins[i]->n_matrices; j++) {
            const struct pare_matrix *m = &registry->plugins[i]->matrices[j];
            if ((m->cpu & registry->cpu) == m->cpu && (!best || m->rank > best->rank))
                best = m;
        }
    return best;
}

const struct pare_evaluator *registry_evaluator_at(const struct registry *registry, size_t i)
{
    for (size_t j = 0; j < registry->n_plugins; j++) {
        if (i < registry->plugins[j]->n_evaluators)
            return &registry->plugins[j]->evaluators[i];
        i -= registry->plugins[j]->n_evaluators;
    }
    return NULL;
}

const struct pare_matrix *registry_matrix_at(const struct registry *registry, size_t i)
{
    for (size_t j = 0; j < registry->n_plugins; j++) {
        if (i < registry->plugins[j]->n_matrices)
            return &registry->plugins[j]->matrices[i];
        i -= registry->plugins[j]->n_matrices;
    }
    return NULL;
}

int writer_holds(const struct pare_writer *writer, const struct encoding *encoding)
{
    return writer->holds(&encoding->said);
}

int writer_holds_name(const struct pare_writer *writer, const char *name)
{
    struct pare_encoding unknown = { .struct_size = sizeof unknown, .name = name };
    return writer->holds(&unknown);
}
