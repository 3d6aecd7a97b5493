/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Giving sources back: see claim.h. What moves is one entry, so one rename does it: the file, the
 * folder, or for loose shards and for a model with sidecars the whole `source` directory, which
 * becomes a folder of the model's name.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "base/sync.h"
#include "intake/claim_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LONG_NAME 230 /* bytes, beyond which there is no room for -2 or .reason.txt */
#define MAX_COPIES 100000

/* The name cut so that something can be appended, never inside a character. */
static int cut_length(const char *name)
{
    size_t n = strlen(name);
    if (n <= LONG_NAME)
        return (int)n;
    n = LONG_NAME - 30;
    while (n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80)
        n--;
    return (int)n;
}

/* The k-th name to try: NAME.EXT, NAME-2.EXT, ... */
static char *numbered(const char *name, int has_extension, unsigned k)
{
    if (k == 1)
        return strdup(name);
    const char *dot = has_extension ? strrchr(name, '.') : NULL;
    if (dot == name || (dot && strlen(dot) > 20))
        dot = NULL;
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    int length = dot ? (int)(dot - name) : (int)strlen(name);
    int cut = cut_length(name);
    strbuf_printf(&sb, "%.*s-%u%s", length < cut ? length : cut, name, k, dot ? dot : "");
    return strbuf_finish(&sb);
}

static char *beside(const char *name, const char *before, const char *after)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_printf(&sb, "%s%.*s%s", before, cut_length(name), name, after);
    return strbuf_finish(&sb);
}

/* Writes NAME.reason.txt and .NAME.job.json for a source that is about to lie at failed/NAME. */
static int write_reason(const struct folders *folders, struct ticket *ticket, const char *name,
                        const char *reason, struct error *err)
{
    char *rests = strdup(name);
    if (!rests)
        return error_oom(err);
    free(ticket->rests);
    ticket->rests = rests;
    free(ticket->reason);
    ticket->reason = strdup(reason);
    _cleanup_free_ char *reason_name = beside(name, "", ".reason.txt");
    _cleanup_free_ char *ticket_name = beside(name, ".", ".job.json");
    char stamp[TIMING_STAMP_SIZE];
    timing_stamp(stamp);
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    const char *what = ticket->kind == TICKET_FOLDER && ticket->n_sidecars ? "what is in it" : "it";
    strbuf_printf(&sb,
                  "%s was not converted:\n%s\n\nJob %s, %s, dropped as %s\n"
                  "To try again: `pare retry %s', or move %s back into the drop directory.\n",
                  name, reason, ticket->uid, stamp, ticket->origin, ticket->uid, what);
    if (!ticket->reason || !reason_name || !ticket_name || !sb.data || sb.failed)
        return error_oom(err);
    int r = file_write_durably(folders->failed_fd, reason_name, sb.data, sb.len, err);
    if (r == 0)
        r = claim_write_ticket(folders->failed_fd, ticket_name, ticket, err);
    return r;
}

struct ending {
    const struct folders *folders;
    struct ticket *ticket;
    const char *reason; /* NULL: archive */
    int from_fd, to_fd;
    const char *from;  /* the entry that moves */
    const char *base;  /* the name that it should get */
    int has_extension; /* which stays behind a number */
};

/* 0: it lies at *ret_name now; 1: that name was taken. */
static int try_name(const struct ending *ending, unsigned k, char **ret_name, struct error *err)
{
    _cleanup_free_ char *name = numbered(ending->base, ending->has_extension, k);
    if (!name)
        return error_oom(err);
    if (faccessat(ending->to_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return 1;
    int r = 0;
    if (ending->reason)
        r = write_reason(ending->folders, ending->ticket, name, ending->reason, err);
    if (r == 0)
        r = file_rename_new(ending->from_fd, ending->from, ending->to_fd, name, err);
    if (r == 0)
        *ret_name = TAKE(name);
    return r;
}

static int move_out(const struct ending *ending, char **ret_path, struct error *err)
{
    const char *to_path = ending->reason ? ending->folders->failed_path
                                         : ending->folders->archive_path;
    _cleanup_free_ char *name = NULL;
    int r = 1;
    for (unsigned k = 1; r == 1 && k < MAX_COPIES; k++)
        r = try_name(ending, k, &name, err);
    if (r == 1)
        return error_set(err, PARE_EEXIST, "%s: too many entries are called %s", to_path,
                         ending->base);
    if (r < 0)
        return r;
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_printf(&sb, "%s/%s", to_path, name);
    *ret_path = strbuf_finish(&sb);
    return 0;
}

static int move_or_delete(struct ending *ending, int end, char **ret_path, struct error *err)
{
    if (faccessat(ending->from_fd, ending->from, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    if (end == CLAIM_DELETE)
        return file_remove_tree(ending->from_fd, ending->from, err);
    return move_out(ending, ret_path, err);
}

struct leaving { /* a claim that ends; the descriptors are -1 when not open */
    int dir, source;
    int gone; /* there is no such claim */
};

/* Moves the source to where it goes; nothing is synced yet. */
static int leave(const struct folders *folders, struct claim_ending *e, struct leaving *l,
                 struct error *err)
{
    struct ticket own;
    l->gone = faccessat(folders->claimed_fd, e->uid, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
    if (l->gone)
        return 0;
    int r = claim_open_dirs(folders, e->uid, 0, &l->dir, &l->source, err);
    if (r == 0)
        r = claim_read_ticket(l->dir, "job.json", &own, err);
    if (r < 0)
        return r;
    int whole = claim_is_whole(&own), fails = e->end == CLAIM_FAIL;
    struct ending ending = { .folders = folders,
                             .ticket = &own,
                             .from_fd = whole ? l->dir : l->source,
                             .reason = fails ? e->reason : NULL,
                             .to_fd = fails ? folders->failed_fd : folders->archive_fd,
                             .from = whole ? "source" : own.files[0],
                             .base = whole ? own.name : own.files[0],
                             .has_extension = !whole && own.kind == TICKET_FILE };
    if (l->source >= 0)
        r = move_or_delete(&ending, e->end, &e->path, err);
    ticket_deinit(&own);
    return r;
}

/* Syncs where the sources went and came from. When that fails, none has ended. */
static void sync_moves(const struct folders *folders, struct claim_ending *list,
                       const struct leaving *leaving, size_t n, int *fds)
{
    struct error err = ERROR_INIT;
    size_t n_fds = 0;
    int archived = 0, failed = 0;
    for (size_t i = 0; i < n; i++)
        if (list[i].result == 0 && list[i].path) {
            archived |= list[i].end != CLAIM_FAIL;
            failed |= list[i].end == CLAIM_FAIL;
            fds[n_fds++] = leaving[i].source;
            fds[n_fds++] = leaving[i].dir;
        }
    fds[n_fds++] = archived ? folders->archive_fd : -1;
    fds[n_fds++] = failed ? folders->failed_fd : -1;
    int r = sync_all(fds, n_fds, "where the sources are put away", &err);
    for (size_t i = 0; r < 0 && i < n; i++)
        if (list[i].result == 0) {
            list[i].result = r;
            list[i].err = err;
        }
}

/* Removes the claims that are empty now. */
static void remove_left(const struct folders *folders, struct claim_ending *list,
                        const struct leaving *leaving, size_t n)
{
    struct error err = ERROR_INIT;
    int removed = 0;
    for (size_t i = 0; i < n; i++) {
        if (list[i].result != 0 || leaving[i].gone)
            continue;
        list[i].result = claim_remove(folders, list[i].uid, &list[i].err);
        removed |= list[i].result == 0;
    }
    int r = removed ? file_sync(folders->claimed_fd, folders->claimed_path, &err) : 0;
    for (size_t i = 0; r < 0 && i < n; i++)
        if (list[i].result == 0) {
            list[i].result = r;
            list[i].err = err;
        }
}

void claim_finish_all(const struct folders *folders, struct claim_ending *list, size_t n)
{
    _cleanup_free_ struct leaving *leaving = calloc(n + 1, sizeof *leaving);
    _cleanup_free_ int *fds = calloc(2 * n + 2, sizeof *fds);
    for (size_t i = 0; i < n; i++) {
        struct claim_ending *e = &list[i];
        e->err = (struct error)ERROR_INIT;
        e->path = NULL;
        e->result = leaving && fds ? 0 : error_oom(&e->err);
        if (e->result == 0) {
            leaving[i] = (struct leaving){ -1, -1, 0 };
            e->result = leave(folders, e, &leaving[i], &e->err);
        }
    }
    if (!leaving || !fds)
        return;
    sync_moves(folders, list, leaving, n, fds);
    for (size_t i = 0; i < n; i++) {
        cleanup_close(&leaving[i].dir);
        cleanup_close(&leaving[i].source);
    }
    remove_left(folders, list, leaving, n);
}

int claim_finish(const struct folders *folders, const char *uid, int end, const char *reason,
                 char **ret_path, struct error *err)
{
    struct claim_ending ending = { .uid = uid, .end = end, .reason = reason };
    claim_finish_all(folders, &ending, 1);
    if (ending.result < 0) {
        free(ending.path);
        return error_set(err, ending.result, "%s", ending.err.text);
    }
    *ret_path = ending.path;
    return 0;
}

static int is_ticket_name(const char *name)
{
    size_t n = strlen(name), m = strlen(".job.json");
    return *name == '.' && n > m && !strcmp(name + n - m, ".job.json");
}

int claim_each_failed(const struct folders *folders, claim_failed_fn *each, void *context,
                      struct error *err)
{
    int copy = openat(folders->failed_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_closedir_ DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    if (!dir)
        return error_errno(err, errno, "cannot read %s", folders->failed_path);
    struct dirent *entry;
    int r = 0;
    while (r == 0 && (entry = readdir(dir))) {
        struct error ignored = ERROR_INIT;
        struct ticket ticket;
        if (!is_ticket_name(entry->d_name) ||
            claim_read_ticket(folders->failed_fd, entry->d_name, &ticket, &ignored) < 0)
            continue;
        if (ticket.rests && file_name_is_plain(ticket.rests) &&
            faccessat(folders->failed_fd, ticket.rests, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            r = each(context, entry->d_name, &ticket, err);
        ticket_deinit(&ticket);
    }
    return r;
}

struct search {
    const char *uid;
    char *name; /* of the ticket's file */
    struct ticket ticket;
};

/* 1: it is the one. */
static int match(void *context, const char *name, struct ticket *ticket, struct error *err)
{
    struct search *search = context;
    if (strcmp(ticket->uid, search->uid) != 0)
        return 0;
    search->name = strdup(name);
    if (!search->name)
        return error_oom(err);
    search->ticket = *ticket;
    *ticket = (struct ticket){ 0 };
    return 1;
}

/* The hidden ticket in the failed directory whose uid is wanted: 0, or 1 when there is none. */
static int find_failed(const struct folders *folders, const char *uid, char **ret_name,
                       struct ticket *ret_ticket, struct error *err)
{
    struct search search = { .uid = uid };
    int r = claim_each_failed(folders, match, &search, err);
    if (r <= 0)
        return r < 0 ? r : 1;
    *ret_name = search.name;
    *ret_ticket = search.ticket;
    return 0;
}

/* Renames failed/RESTS back into the claim: 1 when it is not there. */
static int move_back(const struct folders *folders, const struct ticket *ticket, struct error *err)
{
    if (faccessat(folders->failed_fd, ticket->rests, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return 1;
    _cleanup_close_ int dir = -1, source = -1;
    int r = claim_open_dirs(folders, ticket->uid, 1, &dir, &source, err);
    if (r == 0)
        r = claim_write_ticket(dir, "job.json", ticket, err);
    if (r < 0)
        return r;
    int whole = claim_is_whole(ticket);
    if (whole && unlinkat(dir, "source", AT_REMOVEDIR) < 0)
        return error_errno(err, errno, "%s/source", ticket->uid);
    r = file_rename_new(folders->failed_fd, ticket->rests, whole ? dir : source,
                        whole ? "source" : ticket->files[0], err);
    if (r == 1)
        return error_set(err, PARE_EEXIST, "%s/source is taken", ticket->uid);
    if (r == 0)
        r = file_sync(whole ? dir : source, "the claimed source", err);
    if (r == 0)
        r = file_sync(folders->claimed_fd, folders->claimed_path, err);
    return r < 0 ? r : file_sync(folders->failed_fd, folders->failed_path, err);
}

int claim_retry(const struct folders *folders, const char *uid, struct ticket *ret_ticket,
                struct error *err)
{
    struct ticket ticket;
    _cleanup_free_ char *ticket_name = NULL;
    int r = find_failed(folders, uid, &ticket_name, &ticket, err);
    if (r != 0)
        return r;
    r = move_back(folders, &ticket, err);
    _cleanup_free_ char *reason_name = beside(ticket.rests, "", ".reason.txt");
    if (r >= 0) {
        (void)unlinkat(folders->failed_fd, ticket_name, 0);
        if (reason_name)
            (void)unlinkat(folders->failed_fd, reason_name, 0);
    }
    if (r != 0) {
        struct error ignored = ERROR_INIT;
        (void)!claim_remove_dir(folders, ticket.uid, &ignored); /* unless something is in it */
        ticket_deinit(&ticket);
        return r;
    }
    *ret_ticket = ticket;
    return 0;
}
