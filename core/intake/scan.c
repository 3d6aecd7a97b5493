/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Scanning one folder: its entries become candidates, or say why they do not. A scan always runs
 * to its end, so that every entry gets its turn, and is cheap enough to be repeated at will.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/strmap.h"
#include "intake/intake_private.h"
#include "supervise/job_target.h"
#include "source/sidecar.h"
#include "source/sidecar_name.h"
#include "source/litter.h"
#include "source/source_name.h"
#include "source/unfinished.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define INDEX_ENDING ".index.json"

int drop_folder_new(const struct folders *folders, const char *name,
                    struct drop_folder **ret_folder, struct error *err)
{
    struct drop_folder *folder = calloc(1, sizeof *folder);
    if (!folder)
        return error_oom(err);
    folder->fd = -1;
    folder->wd = -1;
    folder->dirty = 1;
    folder->name = strdup(name);
    int r = folder->name ? file_open_dir(folders->drop_fd, *name ? name : ".", &folder->fd, err)
                         : error_oom(err);
    if (r < 0) {
        drop_folder_free(folder);
        return r;
    }
    *ret_folder = folder;
    return 0;
}

void drop_folder_free(struct drop_folder *folder)
{
    if (!folder)
        return;
    for (size_t i = 0; i < folder->n_candidates; i++)
        candidate_free(folder->candidates[i]);
    free(folder->candidates);
    job_target_deinit(&folder->target);
    if (folder->fd >= 0)
        (void)close(folder->fd);
    free(folder->name);
    free(folder);
}

struct scan {
    struct intake *intake;
    struct drop_folder *folder;
    struct strmap known; /* key -> index into the folder's candidates */
    struct error *err;
};

/* The candidate of this key and kind, made when it is not there yet. */
static struct candidate *upsert(struct scan *scan, const char *key, int kind)
{
    struct drop_folder *folder = scan->folder;
    uint64_t at = 0;
    if (strmap_find(&scan->known, key, strlen(key), &at) && folder->candidates[at]->kind == kind) {
        folder->candidates[at]->seen = 1;
        return folder->candidates[at];
    }
    struct candidate **list = reallocarray(folder->candidates, folder->n_candidates + 1,
                                           sizeof *list);
    if (!list) {
        (void)!error_oom(scan->err);
        return NULL;
    }
    folder->candidates = list;
    struct candidate *made = NULL;
    if (candidate_new(key, kind, &made, scan->err) < 0)
        return NULL;
    made->seen = 1;
    if (strmap_add(&scan->known, made->key, strlen(key), folder->n_candidates, scan->err) < 0) {
        candidate_free(made);
        return NULL;
    }
    list[folder->n_candidates++] = made;
    intake_list_changed(scan->intake);
    return made;
}

static int is_utf8(const char *name)
{
    json_t *text = json_string(name);
    json_decref(text);
    return text != NULL;
}

/* Why an entry is passed over for what it is, or NULL. */
static const char *reason_to_ignore(const char *name, mode_t mode)
{
    if (!unfinished_name(name) && unfinished_passed_over(name))
        return *name == '.' ? "a hidden name" : "a copy or lock that a program keeps";
    if (!is_utf8(name))
        return "its name is not UTF-8: rename it";
    if (S_ISLNK(mode))
        return "a symbolic link, which is not followed: move or copy the model here";
    if (!S_ISREG(mode) && !S_ISDIR(mode))
        return "not a file or folder";
    return NULL;
}

static void ignore(struct scan *scan, const char *name, int kind, int level, const char *reason)
{
    struct candidate *candidate = upsert(scan, name, kind);
    if (!candidate || (candidate->state == CANDIDATE_IGNORED && !strcmp(candidate->reason, reason)))
        return;
    candidate->state = CANDIDATE_IGNORED;
    (void)snprintf(candidate->reason, sizeof candidate->reason, "%.*s",
                   (int)sizeof candidate->reason - 1, reason);
    if (level == LOG_LEVEL_DEBUG)
        log_debug("%s is not taken: %s", name, reason);
    else
        intake_note(scan->intake, level, "ignored", "%s is not taken: %s", name, reason);
}

/* 1 for what the configuration says is no model: it stays, and is told. */
static int ignore_litter(struct scan *scan, const char *name, mode_t mode)
{
    char reason[2 * NAME_MAX];
    unsigned len = 0;
    const char *pattern = unfinished_name(name) ? NULL
                                                : litter_find(scan->intake->config->ignore, name,
                                                              S_ISDIR(mode) != 0, &len);
    if (!pattern)
        return 0;
    (void)snprintf(reason, sizeof reason, "no model: %.*s is among the names to ignore", (int)len,
                   pattern);
    ignore(scan, name, S_ISDIR(mode) ? TICKET_FOLDER : TICKET_FILE, LOG_LEVEL_DEBUG, reason);
    return 1;
}

static int ends_with(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return n > m && !strcmp(name + n - m, ending);
}

/* One file of several: all of them are one candidate, under a pattern of their names. */
static int add_shard(struct scan *scan, const char *name, size_t prefix, unsigned count)
{
    char key[2 * NAME_MAX];
    (void)snprintf(key, sizeof key, "%.*s-*%s", (int)prefix, name, name + prefix + 6);
    struct candidate *candidate = upsert(scan, key, TICKET_SHARDS);
    if (!candidate)
        return PARE_ENOMEM;
    candidate->shards = count;
    candidate->n_shards++;
    return candidate_add_file(candidate, name, scan->err);
}

static int add_entry(struct scan *scan, const char *name, int kind)
{
    size_t prefix;
    unsigned number, count;
    if (kind == TICKET_FILE && source_name_is_shard(name, &prefix, &number, &count) && count > 1)
        return add_shard(scan, name, prefix, count);
    struct candidate *candidate = upsert(scan, name, kind);
    if (!candidate)
        return PARE_ENOMEM;
    if (candidate->state == CANDIDATE_IGNORED)
        candidate->state = CANDIDATE_SETTLING;
    if (kind == TICKET_FOLDER && candidate->wd < 0) {
        char path[2 * NAME_MAX + 2];
        (void)snprintf(path, sizeof path, "%s%s%s", scan->folder->name,
                       *scan->folder->name ? "/" : "", name);
        candidate->wd = intake_watch(scan->intake, path);
    }
    return candidate->n_files ? 0 : candidate_add_file(candidate, name, scan->err);
}

/* An index lies beside the shards that it lists: it goes with them, and alone waits for them. */
static int add_index(struct scan *scan, const char *name)
{
    int length = (int)(strlen(name) - strlen(INDEX_ENDING));
    const char *dot = memrchr(name, '.', (size_t)length);
    struct drop_folder *folder = scan->folder;
    for (size_t i = 0; dot && i < folder->n_candidates; i++) {
        struct candidate *candidate = folder->candidates[i];
        if (candidate->kind != TICKET_SHARDS || !candidate->seen || !candidate->n_files)
            continue;
        const char *first = candidate->files[0];
        size_t prefix = (size_t)(dot - name), n = strlen(first), rest = (size_t)length - prefix;
        if (!strncmp(first, name, prefix) && n > rest + prefix &&
            !strncmp(first + n - rest, dot, rest) && !strncmp(first + prefix, "-0", 2))
            return candidate_add_file(candidate, name, scan->err);
    }
    ignore(scan, name, TICKET_FILE, LOG_LEVEL_INFO, "the index of shards that are not here yet");
    return 0;
}

/* The model that a sidecar of this name goes with, or NULL. Of several of one name it is a file
 * before shards before a folder, then the first by name. */
static struct candidate *find_owner(const struct scan *scan, const char *name)
{
    static const int order[] = { [TICKET_FILE] = 0, [TICKET_SHARDS] = 1, [TICKET_FOLDER] = 2 };
    const struct drop_folder *folder = scan->folder;
    struct candidate *owner = NULL;
    for (size_t i = 0; i < folder->n_candidates; i++) {
        struct candidate *candidate = folder->candidates[i];
        if (!candidate->seen || candidate->state == CANDIDATE_IGNORED || !candidate->n_files ||
            !sidecar_belongs(name, candidate->files[0], candidate->kind == TICKET_FOLDER))
            continue;
        int before = owner ? order[candidate->kind] - order[owner->kind] : -1;
        if (before < 0 || (before == 0 && strcmp(candidate->key, owner->key) < 0))
            owner = candidate;
    }
    return owner;
}

static int add_sidecar(struct scan *scan, const char *name)
{
    struct candidate *owner = find_owner(scan, name);
    char reason[NAME_MAX + 40];
    size_t stem = 0;
    if (owner)
        return candidate_add_sidecar(owner, name, scan->err);
    (void)sidecar_beside(name, &stem);
    (void)snprintf(reason, sizeof reason, "waiting for its model %.*s", (int)stem, name);
    ignore(scan, name, TICKET_FILE, LOG_LEVEL_INFO, reason);
    return 0;
}

/* The name that an unfinished sidecar will have ("tiny.pare.part"): 1, or 0 when it is none. */
static int is_arriving_sidecar(const char *name, char ret_name[NAME_MAX + 1])
{
    const char *dot = strrchr(name, '.');
    if (!dot || !unfinished_name(name))
        return 0;
    (void)snprintf(ret_name, NAME_MAX + 1, "%.*s", (int)(dot - name), name);
    return sidecar_beside(ret_name, NULL) != SIDECAR_NONE;
}

/* Entries that belong to others, which must be known first: indexes, sidecars, unfinished sidecars.
 * */
static int comes_late(const char *name)
{
    char finished[NAME_MAX + 1];
    return ends_with(name, INDEX_ENDING) || sidecar_beside(name, NULL) != SIDECAR_NONE ||
           is_arriving_sidecar(name, finished);
}

/* A folder of a target: 1 when it is one (and is known then). */
static int note_target_folder(struct scan *scan, const char *name)
{
    struct intake *intake = scan->intake;
    struct stat there, ours;
    struct job_target target = { 0 };
    if (*scan->folder->name || !abilities_folder(intake->abilities, name, &target))
        return 0;
    for (size_t i = 1; i < intake->n_dirs; i++) {
        struct drop_folder *known = intake->dirs[i];
        if (strcmp(known->name, name) == 0 && fstat(known->fd, &ours) == 0 &&
            fstatat(scan->folder->fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
            ours.st_ino == there.st_ino) {
            known->seen = 1;
            job_target_deinit(&target);
            if (*known->problem)
                ignore(scan, name, TICKET_FOLDER, LOG_LEVEL_DEBUG, known->problem);
            return 1;
        }
    }
    struct drop_folder **dirs = reallocarray(intake->dirs, intake->n_dirs + 1, sizeof *dirs);
    struct drop_folder *made = NULL;
    if (dirs)
        intake->dirs = dirs;
    struct error err = ERROR_INIT;
    int r = dirs ? drop_folder_new(intake->folders, name, &made, &err) : error_oom(&err);
    if (r < 0) {
        job_target_deinit(&target);
        ignore(scan, name, TICKET_FOLDER, LOG_LEVEL_ERROR, err.text);
        return 1;
    }
    made->target = target;
    made->seen = 1;
    made->wd = intake_watch(intake, name);
    dirs[intake->n_dirs++] = made;
    return 1;
}

/* 1 for a folder whose name is nearly that of a target: no model, but a slip. */
static int note_near_target(struct scan *scan, const char *name)
{
    char near[NAME_MAX + 1], reason[2 * NAME_MAX + 80];
    if (*scan->folder->name || !abilities_near_folder(scan->intake->abilities, name, near))
        return 0;
    (void)snprintf(reason, sizeof reason,
                   "no model and no target: is %s meant? Rename it, or, if it is a model, give it "
                   "another name",
                   near);
    ignore(scan, name, TICKET_FOLDER, LOG_LEVEL_WARNING, reason);
    return 1;
}

static int take_entry(struct scan *scan, const char *name, mode_t mode)
{
    int kind = S_ISDIR(mode) ? TICKET_FOLDER : TICKET_FILE;
    if (ignore_litter(scan, name, mode))
        return 0;
    const char *reason = reason_to_ignore(name, mode);
    if (reason) {
        ignore(scan, name, kind, LOG_LEVEL_INFO, reason);
        return 0;
    }
    if (S_ISDIR(mode) && (note_target_folder(scan, name) || note_near_target(scan, name)))
        return 0;
    return add_entry(scan, name, kind);
}

static int take_late(struct scan *scan, const char *name, mode_t mode)
{
    char finished[NAME_MAX + 1];
    if (S_ISREG(mode) && ends_with(name, INDEX_ENDING))
        return add_index(scan, name);
    if (S_ISREG(mode) && sidecar_beside(name, NULL) != SIDECAR_NONE && is_utf8(name))
        return add_sidecar(scan, name);
    struct candidate *owner = S_ISREG(mode) && is_arriving_sidecar(name, finished)
                                  ? find_owner(scan, finished)
                                  : NULL;
    int r = owner ? candidate_add_sidecar(owner, name, scan->err) : 0;
    return r < 0 ? r : take_entry(scan, name, mode);
}

/* First all entries that stand alone, then those that belong to others. */
static int read_entries(struct scan *scan, int late)
{
    int fd = openat(scan->folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir)
        return error_errno(scan->err, errno, "cannot read the folder %s%s%s",
                           scan->intake->folders->drop_path, *scan->folder->name ? "/" : "",
                           scan->folder->name);
    struct dirent *entry;
    int r = 0, passed = 0;
    while (r >= 0 && (entry = readdir(dir))) {
        const char *name = entry->d_name;
        struct stat st;
        if (!strcmp(name, ".") || !strcmp(name, "..") ||
            (!*scan->folder->name && folders_reserved(scan->intake->folders, name)))
            continue;
        scan->folder->has_counters |= unfinished_counts(name);
        int is_late = comes_late(name);
        passed += is_late;
        if (is_late != late || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        r = late ? take_late(scan, name, st.st_mode) : take_entry(scan, name, st.st_mode);
    }
    return r < 0 ? r : passed;
}

static void begin(struct scan *scan)
{
    struct drop_folder *folder = scan->folder;
    folder->has_counters = 0;
    for (size_t i = 0; i < folder->n_candidates; i++) {
        struct candidate *candidate = folder->candidates[i];
        candidate->seen = 0;
        candidate_clear_sidecars(candidate);
        if (candidate->kind == TICKET_SHARDS)
            candidate_clear_files(candidate);
        if (strmap_add(&scan->known, candidate->key, strlen(candidate->key), i, scan->err) < 0)
            break;
    }
    for (size_t i = 1; !*folder->name && i < scan->intake->n_dirs; i++)
        scan->intake->dirs[i]->seen = 0;
}

/* Forgets candidates that are gone and examines the others. */
static void finish(struct scan *scan)
{
    struct drop_folder *folder = scan->folder;
    size_t kept = 0;
    for (size_t i = 0; i < folder->n_candidates; i++) {
        struct candidate *candidate = folder->candidates[i];
        if (!candidate->seen) {
            intake_forget(scan->intake, candidate);
            continue;
        }
        folder->candidates[kept++] = candidate;
        candidate->look_beside = folder->has_counters;
        if (candidate->state == CANDIDATE_WAITING || candidate->state == CANDIDATE_SETTLING)
            intake_examine(scan->intake, folder, candidate);
    }
    folder->n_candidates = kept;
}

int scan_folder(struct intake *intake, struct drop_folder *folder, struct error *err)
{
    struct scan scan = { .intake = intake, .folder = folder, .err = err };
    begin(&scan);
    int r = read_entries(&scan, 0);
    if (r > 0)
        r = read_entries(&scan, 1);
    if (r >= 0)
        finish(&scan);
    strmap_deinit(&scan.known);
    return r < 0 ? r : 0;
}
