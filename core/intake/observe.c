/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What can be seen of a candidate: see observe.h. Whether somebody still writes a file is asked of
 * the kernel (source_state_has_writer); where it cannot say, the caller must wait for quiet.
 */
#include "intake/observe.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "supervise/source_name.h"
#include "supervise/source_set.h"
#include "supervise/source_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_DEPTH 3
#define MAX_ENTRIES 20000

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
    if (writer > 0)
        set_reason(seen, "being written");
    seen->no_leases |= writer < 0;
}

int observe_is_partial_name(const char *name)
{
    size_t n = strlen(name);
    return *name != '.' && n > 1 && name[n - 1] != '~' && source_name_is_temporary(name) &&
           !(n > 4 && !strcmp(name + n - 4, ".swp"));
}

static void observe_tree(int dirfd, const char *name, int depth, struct observation *seen);

static void observe_entry(int dirfd, const char *name, int depth, struct observation *seen)
{
    struct stat st;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    if (S_ISDIR(st.st_mode) && depth < MAX_DEPTH) {
        observe_tree(dirfd, name, depth + 1, seen);
        return;
    }
    if (observe_is_partial_name(name))
        set_reason(seen, "%s: unfinished name", name);
    if (S_ISREG(st.st_mode))
        observe_file(dirfd, name, seen);
    else
        add_signature(seen, &st);
}

static void observe_tree(int dirfd, const char *name, int depth, struct observation *seen)
{
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
    while (seen->n_files < MAX_ENTRIES && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            observe_entry(fd, entry->d_name, depth, seen);
}

void observe_folder(int dirfd, const char *name, struct observation *seen)
{
    observe_tree(dirfd, name, 1, seen);
    if (!seen->n_files)
        set_reason(seen, "an empty folder");
}
