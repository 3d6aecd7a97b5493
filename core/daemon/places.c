/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Places: see places.h. Events are a hint here, too: of the directories in which ours lie (inotify)
 * and of the table of mounts. What counts is the look, which costs some calls of stat and which
 * a timer makes in any case. Nobody tells when a place can be written again; so after a fault a
 * small file is written, synced and removed with every look, until that works.
 */
#include "daemon/places.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "intake/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LOOK_SECONDS 5.0 /* between looks while all is well */
#define HELD_SECONDS 1.0 /* and while jobs are held */
#define GATHER_SECONDS 0.02
#define TRIAL FOLDERS_HIDDEN "/trial"
#define TRIAL_BYTES 4096

enum { PARENT_DROP, PARENT_OUT, PARENT_CATALOG, N_PARENTS };

struct places {
    struct loop *loop;
    const struct folders *folders;
    const char *catalog;
    struct stat catalog_st; /* of its file */
    struct places_callbacks callbacks;
    struct watch *watch; /* NULL: no inotify here */
    int wds[N_PARENTS];  /* -1: not watched */
    int mounts;          /* /proc/self/mountinfo, or -1 */
    struct loop_source *mounts_source;
    struct loop_timer timer;
    int unwritable; /* writing has failed, and is tried with every look */
    int replaced;   /* told: nothing is looked at any more */
    char reason[ERROR_TEXT_MAX];
};

/* ---- events ---- */

static void look_soon(struct places *places)
{
    loop_timer_sooner(places->loop, &places->timer, GATHER_SECONDS);
}

static void on_changed(void *context, int wd)
{
    (void)wd;
    look_soon(context);
}

static void on_lost(void *context, int wd)
{
    struct places *places = context;
    for (int i = 0; i < N_PARENTS; i++)
        if (places->wds[i] == wd)
            places->wds[i] = -1;
    look_soon(places);
}

/* What is mounted may also lie over a target's folder in the drop directory. */
static void on_mounts(void *context, uint32_t events)
{
    struct places *places = context;
    (void)events;
    look_soon(places);
    places->callbacks.drop_away(places->callbacks.context);
}

/* Watches the directories above ours, as far as they are there. */
static void watch_parents(struct places *places)
{
    const char *const paths[N_PARENTS] = { places->folders->drop_path, places->folders->out_path,
                                           places->catalog };
    for (int i = 0; places->watch && i < N_PARENTS; i++) {
        struct error ignored = ERROR_INIT;
        const char *slash = strrchr(paths[i], '/');
        _cleanup_free_ char *parent = slash ? strndup(paths[i], (size_t)(slash - paths[i]) + 1)
                                            : strdup(".");
        if (places->wds[i] < 0 && parent &&
            watch_add_entries(places->watch, parent, &places->wds[i], &ignored) < 0)
            places->wds[i] = -1; /* the timer finds out */
    }
}

/* ---- looks ---- */

static int hold(struct places *places, const char *path, const char *what)
{
    struct error err = ERROR_INIT;
    (void)!error_set(&err, PARE_EPLACE, "%s %s", path, what);
    if (strcmp(places->reason, err.text) != 0) {
        memcpy(places->reason, err.text, sizeof places->reason);
        places->callbacks.held(places->callbacks.context, places->reason);
    }
    return 1;
}

static int start_again(struct places *places, const char *path)
{
    struct error err = ERROR_INIT;
    (void)!error_set(&err, PARE_EPLACE, "%s was replaced: starting again with what is there now",
                     path);
    places->replaced = 1;
    memcpy(places->reason, err.text, sizeof places->reason);
    places->callbacks.replaced(places->callbacks.context, places->reason);
    return 1;
}

static int look_at_out(struct places *places)
{
    const char *path = places->folders->out_path;
    int found = folders_check(places->folders->out_fd, path);
    if (found == 1)
        return start_again(places, path);
    if (found == 2)
        return hold(places, path,
                    "is gone (moved, removed or not mounted): jobs wait for it to come back");
    return 0;
}

/* Where sources go. They lie in the drop directory, if the configuration says nothing else; a
 * missing one is made. */
static int look_at_ends(struct places *places)
{
    const struct folders *f = places->folders;
    const struct {
        int fd;
        const char *path;
        mode_t mode;
    } ends[] = { { f->claimed_fd, f->claimed_path, 0700 },
                 { f->archive_fd, f->archive_path, 0755 },
                 { f->failed_fd, f->failed_path, 0755 } };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct error err = ERROR_INIT;
        int found = folders_check(ends[i].fd, ends[i].path);
        if (found == 2 && file_make_dirs(ends[i].path, ends[i].mode, &err) < 0)
            return hold(places, ends[i].path, "is gone and cannot be made: jobs wait for it");
        if (found)
            return start_again(places, ends[i].path);
    }
    return 0;
}

static int look_at_catalog(struct places *places)
{
    struct stat st;
    if (stat(places->catalog, &st) == 0 && st.st_ino == places->catalog_st.st_ino &&
        st.st_dev == places->catalog_st.st_dev)
        return 0;
    return start_again(places, places->catalog);
}

/* Writes a small file and removes it. */
static int try_to_write(const struct places *places, struct error *err)
{
    static const char zeros[TRIAL_BYTES];
    int out = places->folders->out_fd;
    if (mkdirat(out, FOLDERS_HIDDEN, 0700) < 0 && errno != EEXIST)
        return error_place(err, errno, "cannot create " FOLDERS_HIDDEN);
    _cleanup_close_ int fd =
        openat(out, TRIAL, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
               0600);
    if (fd < 0)
        return error_place(err, errno, "cannot create a file");
    int r = file_pwrite(fd, zeros, sizeof zeros, 0, err);
    if (r == 0)
        r = file_sync(fd, "it", err);
    if (unlinkat(out, TRIAL, 0) < 0 && r == 0)
        r = error_place(err, errno, "cannot remove a file");
    return r;
}

static int look_at_writing(struct places *places)
{
    struct error err = ERROR_INIT;
    char text[ERROR_TEXT_MAX + 64];
    int allowed = faccessat(places->folders->out_fd, ".", W_OK | X_OK, AT_EACCESS) == 0;
    if (allowed && !places->unwritable)
        return 0;
    int r = allowed ? try_to_write(places, &err) : error_place(&err, errno, "not writable");
    places->unwritable = r < 0;
    if (r == 0)
        return 0;
    (void)snprintf(text, sizeof text, "cannot be written, and jobs wait until it can: %s",
                   err.text);
    return hold(places, places->folders->out_path, text);
}

int places_look(struct places *places)
{
    const struct folders *f = places->folders;
    int drop = folders_check(f->drop_fd, f->drop_path), r = 0;
    if (places->replaced)
        return 1;
    watch_parents(places);
    if (drop != 0)
        places->callbacks.drop_away(places->callbacks.context);
    r = look_at_out(places);
    if (r == 0)
        r = look_at_writing(places);
    if (r == 0)
        r = look_at_catalog(places);
    if (r == 0 && drop == 0)
        r = look_at_ends(places);
    if (r == 0 && *places->reason) {
        places->reason[0] = 0;
        places->callbacks.held(places->callbacks.context, NULL);
    }
    loop_timer_set(places->loop, &places->timer, r || drop ? HELD_SECONDS : LOOK_SECONDS);
    return r;
}

int places_suspect(struct places *places)
{
    places->unwritable = 1;
    return places_look(places);
}

const char *places_held(const struct places *places)
{
    return *places->reason ? places->reason : NULL;
}

int places_has_output(const struct places *places, const char *name)
{
    struct stat held, named;
    _cleanup_free_ char *path = NULL;
    if (asprintf(&path, "%s/%s", places->folders->out_path, name) < 0) {
        path = NULL;
        return 0;
    }
    return fstatat(places->folders->out_fd, name, &held, AT_SYMLINK_NOFOLLOW) == 0 &&
           lstat(path, &named) == 0 && held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

/* ---- life ---- */

static void on_timer(void *context)
{
    (void)places_look(context);
}

/* Without events, the timer alone must do. */
static void listen_for_events(struct places *places)
{
    struct watch_callbacks callbacks = { on_changed, on_lost, places };
    struct error ignored = ERROR_INIT;
    if (watch_new(places->loop, &callbacks, &places->watch, &ignored) < 0)
        places->watch = NULL;
    places->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    if (places->mounts >= 0 && loop_add(places->loop, "places: mounts", places->mounts, EPOLLPRI,
                                        on_mounts, places, &places->mounts_source, &ignored) < 0)
        places->mounts_source = NULL;
}

int places_new(struct loop *loop, const struct folders *folders, const char *catalog,
               const struct places_callbacks *callbacks, struct places **ret_places,
               struct error *err)
{
    struct places *places = calloc(1, sizeof *places);
    if (!places)
        return error_oom(err);
    places->loop = loop;
    places->folders = folders;
    places->catalog = catalog;
    places->callbacks = *callbacks;
    places->mounts = -1;
    places->timer =
        (struct loop_timer){ .name = "places", .callback = on_timer, .context = places };
    for (int i = 0; i < N_PARENTS; i++)
        places->wds[i] = -1;
    if (stat(catalog, &places->catalog_st) < 0) {
        int r = error_errno(err, errno, "%s", catalog);
        places_free(places);
        return r;
    }
    listen_for_events(places);
    loop_timer_set(loop, &places->timer, 0);
    *ret_places = places;
    return 0;
}

void places_free(struct places *places)
{
    if (!places)
        return;
    loop_timer_clear(places->loop, &places->timer);
    loop_remove(places->loop, places->mounts_source);
    cleanup_close(&places->mounts);
    watch_free(places->watch);
    free(places);
}
