/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What can be seen of a candidate: see observe.h. Whether somebody still writes a file is asked of
 * the kernel (source_state_has_writer); where it cannot say, the caller must wait for quiet.
 */
#include "intake/observe.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "source/litter.h"
#include "source/source_state.h"
#include "source/unfinished.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    return x ^ x >> 32;
}

/* Files come in any order, so their hashes are added up. */
static void add_signature(struct observation *seen, const struct stat *st)
{
    uint64_t h = mix(st->st_ino + 1);
    h = mix(h ^ (uint64_t)st->st_size);
    h = mix(h ^ (uint64_t)st->st_mtim.tv_sec);
    h = mix(h ^ (uint64_t)st->st_mtim.tv_nsec);
    h = mix(h ^ (uint64_t)st->st_ctim.tv_sec);
    h = mix(h ^ (uint64_t)st->st_ctim.tv_nsec);
    seen->signature += h;
}

__attribute__((format(printf, 2, 3))) static void set_reason(struct observation *seen,
                                                             const char *format, ...)
{
    if (*seen->reason)
        return;
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(seen->reason, sizeof seen->reason, format, ap);
    va_end(ap);
}

void observe_file(int dirfd, const char *name, struct observation *seen)
{
    struct stat st;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        set_reason(seen, "it went away");
        return;
    }
    add_signature(seen, &st);
    if (!S_ISREG(st.st_mode)) {
        const char *what = S_ISLNK(st.st_mode) ? "a symbolic link, which is not followed"
                                               : "not a file or folder";
        set_reason(seen, "%s is %s", name, what);
        return;
    }
    seen->bytes += (uint64_t)st.st_size;
    seen->n_files++;
    _cleanup_close_ int fd = -1;
    struct error err = ERROR_INIT;
    if (file_open_regular(dirfd, name, 1, &fd, &err) < 0) {
        set_reason(seen, "it cannot be opened: %s", err.text);
        return;
    }
    int writer = source_state_has_writer(fd);
    if (writer > 0) {
        seen->writers++;
        set_reason(seen, "being written");
    }
    seen->no_leases |= writer < 0;
}

static void note_mark(struct observation *seen, const char *mark)
{
    seen->marked = 1;
    set_reason(seen, "%s", mark);
}

void observe_mark(int dirfd, const char *name, int beside, struct observation *seen)
{
    char mark[UNFINISHED_REASON];
    if (beside && unfinished_mark(dirfd, name, mark))
        note_mark(seen, mark);
    else if (!beside && unfinished_name(name))
        note_mark(seen, "unfinished name");
}

struct walk {
    struct observation *seen;
    const char *ignore;
    int has_model;           /* a file that may be one */
    char link[NAME_MAX + 1]; /* the first link, or "" */
    unsigned left;           /* entries that may still be looked at */
};

static void observe_tree(int dirfd, const char *name, int depth, int temporary, struct walk *walk);

static void observe_entry(int dirfd, const char *name, int depth, int temporary, struct walk *walk)
{
    struct observation *seen = walk->seen;
    char mark[UNFINISHED_REASON];
    struct stat st;
    unsigned len;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    int is_dir = S_ISDIR(st.st_mode);
    if (litter_find(LITTER_PLACES, name, is_dir, &len))
        return;
    if (unfinished_mark_below(dirfd, name, is_dir, temporary, mark))
        note_mark(seen, mark);
    if (S_ISLNK(st.st_mode) && !*walk->link)
        (void)snprintf(walk->link, sizeof walk->link, "%s", name);
    if (S_ISREG(st.st_mode) && *name != '.')
        walk->has_model |= !litter_find(walk->ignore, name, 0, &len);
    if (S_ISREG(st.st_mode))
        observe_file(dirfd, name, seen);
    else if (is_dir && depth < UNFINISHED_DEPTH)
        observe_tree(dirfd, name, depth + 1, temporary || unfinished_name(name), walk);
    else
        add_signature(seen, &st);
}

static void observe_tree(int dirfd, const char *name, int depth, int temporary, struct walk *walk)
{
    struct observation *seen = walk->seen;
    struct stat st;
    int fd = -1;
    struct error err = ERROR_INIT;
    if (file_open_dir(dirfd, name, &fd, &err) < 0) {
        set_reason(seen, "it cannot be opened: %s", err.text);
        return;
    }
    if (fstat(fd, &st) == 0)
        add_signature(seen, &st);
    _cleanup_closedir_ DIR *dir = fdopendir(fd);
    if (!dir) {
        (void)close(fd);
        return;
    }
    struct dirent *entry;
    while (walk->left && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) {
            walk->left--;
            observe_entry(fd, entry->d_name, depth, temporary, walk);
        }
}

void observe_folder(int dirfd, const char *name, const char *ignore, struct observation *seen)
{
    struct walk walk = { .seen = seen, .ignore = ignore, .left = UNFINISHED_ENTRIES };
    observe_tree(dirfd, name, 1, 0, &walk);
    if (walk.has_model)
        return;
    if (seen->n_files)
        set_reason(seen, "no model so far: all names in it are among those to ignore");
    else if (*walk.link)
        set_reason(seen, "only links, which are not followed (%.60s): copy the files (cp -rL)",
                   walk.link);
    else
        set_reason(seen, "an empty folder");
}
