/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Taking sources: see claim.h. The order is what makes it safe: job.json is on disk before the
 * first rename, so whatever is found in a claimed directory says what it is and where it belongs.
 */
#include "intake/claim.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/sync.h"
#include "intake/claim_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

int claim_open_dirs(const struct folders *folders, const char *uid, int make, int *ret_dir,
                    int *ret_source, struct error *err)
{
    if (make && mkdirat(folders->claimed_fd, uid, 0700) < 0 && errno != EEXIST)
        return error_errno(err, errno, "cannot create %s/%s", folders->claimed_path, uid);
    _cleanup_close_ int dir = -1;
    int r = file_open_dir(folders->claimed_fd, uid, &dir, err);
    if (r < 0)
        return r;
    if (make && mkdirat(dir, "source", 0755) < 0 && errno != EEXIST)
        return error_errno(err, errno, "cannot create %s/%s/source", folders->claimed_path, uid);
    int source = openat(dir, "source", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (source < 0 && errno != ENOENT)
        return error_errno(err, errno, "cannot open %s/%s/source", folders->claimed_path, uid);
    *ret_dir = TAKE_FD(dir);
    *ret_source = source;
    return 0;
}

int claim_write_ticket(int dirfd, const char *name, const struct ticket *ticket, struct error *err)
{
    _cleanup_json_ json_t *json = ticket_json(ticket);
    _cleanup_free_ char *text = json ? json_to_pretty(json) : NULL;
    if (!text)
        return error_oom(err);
    return file_write_durably(dirfd, name, text, strlen(text), err);
}

int claim_read_ticket(int dirfd, const char *name, struct ticket *ret_ticket, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t n = 0;
    int r = file_read_all(dirfd, name, 4 << 20, &text, &n, err);
    if (r < 0)
        return r;
    _cleanup_json_ json_t *json = NULL;
    r = json_parse_object(text, n, &json, err);
    if (r == 0)
        r = ticket_from_json(json, ret_ticket, err);
    return r < 0 ? error_prefix(err, "%s", name) : 0;
}

static int open_origin(const struct folders *folders, const struct ticket *ticket, int *ret_fd,
                       struct error *err)
{
    return file_open_dir(folders->drop_fd, *ticket->folder ? ticket->folder : ".", ret_fd, err);
}

int claim_is_whole(const struct ticket *ticket)
{
    return ticket->kind == TICKET_SHARDS || ticket->n_sidecars > 0;
}

/* Renames files of the origin into `source`; one that is there already, or is gone, is fine.
 * *found grows by those that are in `source` then. */
static int move_files(int origin, int source, char *const *files, size_t n, size_t *found,
                      struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        const char *file = files[i];
        if (faccessat(source, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
            (*found)++;
            continue;
        }
        if (origin < 0 || faccessat(origin, file, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        int r = file_rename_new(origin, file, source, file, err);
        if (r < 0 && faccessat(origin, file, W_OK, AT_EACCESS) < 0)
            return error_prefix(err, "%s must be writable for pared", file);
        if (r < 0)
            return r;
        *found += r == 0;
    }
    return 0;
}

/* Moves a ticket's files into `source`, and once one of them is there, its sidecars. *ret_found is
 * how many of all are in `source` then. origin: < 0 when the folder that they lay in is gone. */
static int move_in(const struct ticket *ticket, int origin, int source, size_t *ret_found,
                   struct error *err)
{
    size_t found = 0;
    int r = move_files(origin, source, ticket->files, ticket->n_files, &found, err);
    if (r == 0)
        r = move_files(found ? origin : -1, source, ticket->sidecars, ticket->n_sidecars, &found,
                       err);
    if (r == 0)
        *ret_found = found;
    return r;
}

int claim_remove(const struct folders *folders, const char *uid, struct error *err)
{
    _cleanup_close_ int dir = -1, source = -1;
    int r = claim_open_dirs(folders, uid, 0, &dir, &source, err);
    if (r < 0)
        return r;
    if (unlinkat(dir, "source", AT_REMOVEDIR) < 0 && errno != ENOENT)
        return error_errno(err, errno, "%s/%s/source cannot be removed", folders->claimed_path,
                           uid);
    return file_remove_tree(folders->claimed_fd, uid, err);
}

int claim_remove_dir(const struct folders *folders, const char *uid, struct error *err)
{
    int r = claim_remove(folders, uid, err);
    return r < 0 ? r : file_sync(folders->claimed_fd, folders->claimed_path, err);
}

/* After a claim that failed half way: what was moved goes back. What cannot is found at the next
 * start (claim_restore). */
static void move_back_out(const struct folders *folders, const struct ticket *ticket, int source)
{
    _cleanup_close_ int origin = -1;
    struct error ignored = ERROR_INIT;
    size_t moved = 0;
    if (open_origin(folders, ticket, &origin, &ignored) == 0 &&
        move_files(source, origin, ticket->sidecars, ticket->n_sidecars, &moved, &ignored) == 0 &&
        move_files(source, origin, ticket->files, ticket->n_files, &moved, &ignored) == 0)
        (void)!claim_remove_dir(folders, ticket->uid, &ignored);
}

struct taking { /* a claim that is being taken; the descriptors are -1 when not open */
    struct claim_try *try;
    int ticket, dir, source, origin;
    size_t found;
};

/* Makes the claim's directory with job.json, which is not synced yet. */
static int make_claim(const struct folders *folders, struct taking *t, struct error *err)
{
    const struct ticket *ticket = t->try->ticket;
    _cleanup_json_ json_t *json = ticket_json(ticket);
    _cleanup_free_ char *text = json ? json_to_pretty(json) : NULL;
    if (!text)
        return error_oom(err);
    int r = claim_open_dirs(folders, ticket->uid, 1, &t->dir, &t->source, err);
    if (r < 0)
        return r;
    r = file_write_unsynced(t->dir, "job.json", text, strlen(text), &t->ticket, err);
    return r < 0 ? error_prefix(err, "%s", ticket->uid) : 0;
}

static int move_claim(const struct folders *folders, struct taking *t, struct error *err)
{
    struct error ignored = ERROR_INIT;
    if (open_origin(folders, t->try->ticket, &t->origin, &ignored) < 0)
        t->origin = -1;
    return move_in(t->try->ticket, t->origin, t->source, &t->found, err);
}

/* Does one step for each of the claims that have not failed. */
static void do_each(const struct folders *folders, struct taking *takings, size_t n,
                    int (*step)(const struct folders *, struct taking *, struct error *))
{
    for (size_t i = 0; i < n; i++)
        if (takings[i].try->result == 0)
            takings[i].try->result = step(folders, &takings[i], &takings[i].try->err);
}

/* The folder that claim i was taken from, unless it is that of a claim before, too; else -1. */
static int new_origin(const struct taking *takings, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (takings[j].origin >= 0 &&
            !strcmp(takings[j].try->ticket->folder, takings[i].try->ticket->folder))
            return -1;
    return takings[i].origin;
}

/* Syncs what is new of each claim, and one descriptor more. When that fails, each has failed. */
static void sync_each(struct taking *takings, size_t n, int moved, int more, int *fds)
{
    struct error err = ERROR_INIT;
    size_t n_fds = 0;
    for (size_t i = 0; i < n; i++) {
        const struct taking *t = &takings[i];
        if (t->try->result != 0)
            continue;
        fds[n_fds++] = moved ? t->source : t->ticket;
        fds[n_fds++] = moved ? new_origin(takings, i) : t->dir;
    }
    fds[n_fds++] = more;
    if (sync_all(fds, n_fds, "the claimed sources", &err) == 0)
        return;
    for (size_t i = 0; i < n; i++)
        if (takings[i].try->result == 0) {
            takings[i].try->result = err.code;
            takings[i].try->err = err;
        }
}

/* Closes what is open, and clears away a claim that came to nothing. */
static void end_taking(const struct folders *folders, struct taking *t)
{
    struct claim_try *try = t->try;
    struct error ignored = ERROR_INIT;
    if (try->result < 0 && t->source >= 0)
        move_back_out(folders, try->ticket, t->source);
    else if (try->result < 0) /* nothing is in it yet */
        (void)!file_remove_tree(folders->claimed_fd, try->ticket->uid, &ignored);
    else if (try->result == 0 && !t->found)
        try->result = claim_remove_dir(folders, try->ticket->uid, &try->err) < 0 ? try->err.code
                                                                                 : 1;
    cleanup_close(&t->ticket);
    cleanup_close(&t->dir);
    cleanup_close(&t->source);
    cleanup_close(&t->origin);
}

void claim_take(const struct folders *folders, struct claim_try *tries, size_t n)
{
    _cleanup_free_ struct taking *takings = calloc(n + 1, sizeof *takings);
    _cleanup_free_ int *fds = calloc(2 * n + 1, sizeof *fds);
    for (size_t i = 0; i < n; i++) {
        tries[i].err = (struct error)ERROR_INIT;
        tries[i].result = takings && fds ? 0 : error_oom(&tries[i].err);
        if (takings)
            takings[i] = (struct taking){ &tries[i], -1, -1, -1, -1, 0 };
    }
    if (!takings || !fds)
        return;
    do_each(folders, takings, n, make_claim);
    sync_each(takings, n, 0, folders->claimed_fd, fds);
    do_each(folders, takings, n, move_claim);
    sync_each(takings, n, 1, -1, fds);
    for (size_t i = 0; i < n; i++)
        end_taking(folders, &takings[i]);
}

/* 1 when the directory has at least one entry. */
static int has_entries(int fd)
{
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_closedir_ DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    struct dirent *entry;
    while (dir && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            return 1;
    return 0;
}

/* Moves what is not in `source` yet, of a claim that was cut short. */
static int finish_move(const struct folders *folders, const struct ticket *ticket, int source,
                       size_t *ret_found, struct error *err)
{
    _cleanup_close_ int origin = -1;
    struct error ignored = ERROR_INIT;
    if (open_origin(folders, ticket, &origin, &ignored) < 0)
        origin = -1;
    int r = move_in(ticket, origin, source, ret_found, err);
    const int fds[] = { source, origin };
    return r < 0 ? r : sync_all(fds, 2, "the claimed source", err);
}

/* A claim without any source is either one that never happened, and then the model still lies in
 * the drop directory and is found there, or one that has ended. Only what is more than one entry,
 * shards or a model with sidecars, can be half moved. */
int claim_restore(const struct folders *folders, const char *uid, struct ticket *ret_ticket,
                  struct error *err)
{
    _cleanup_close_ int dir = -1, source = -1;
    int r = claim_open_dirs(folders, uid, 0, &dir, &source, err);
    if (r < 0)
        return r;
    struct ticket ticket;
    if (faccessat(dir, "job.json", F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
        if (source >= 0 && has_entries(source))
            return error_set(err, PARE_EDATA,
                             "%s/%s has a source but no job.json: move the source back into %s",
                             folders->claimed_path, uid, folders->drop_path);
        r = claim_remove_dir(folders, uid, err);
        return r < 0 ? r : 1;
    }
    int moved = source >= 0 && has_entries(source);
    r = claim_read_ticket(dir, "job.json", &ticket, err);
    if (r == PARE_EDATA && !moved) { /* it was cut short before anything was moved */
        r = claim_remove_dir(folders, uid, err);
        return r < 0 ? r : 1;
    }
    if (r < 0)
        return error_prefix(err, "%s/%s", folders->claimed_path, uid);
    size_t found = 0;
    if (moved)
        r = finish_move(folders, &ticket, source, &found, err);
    if (r == 0 && found) {
        *ret_ticket = ticket;
        return 0;
    }
    ticket_deinit(&ticket);
    if (r == 0)
        r = claim_remove_dir(folders, uid, err);
    return r < 0 ? r : 1;
}

int claim_load(const struct folders *folders, const char *uid, struct ticket *ret_ticket,
               struct error *err)
{
    _cleanup_close_ int dir = -1, source = -1;
    if (!file_name_is_plain(uid) ||
        faccessat(folders->claimed_fd, uid, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return 1;
    int r = claim_open_dirs(folders, uid, 0, &dir, &source, err);
    return r < 0 ? r : claim_read_ticket(dir, "job.json", ret_ticket, err);
}

char *claim_source(const struct ticket *ticket)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_printf(&sb, "%s/source/%s", ticket->uid, ticket->files[0]);
    return strbuf_finish(&sb);
}
