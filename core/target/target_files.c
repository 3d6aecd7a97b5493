/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The files of a target (target.h): made at their full size, filled with what is known, patched by
 * the writer, digested and synced. A writer that has made a state is going to patch literals, so
 * these are digested last.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/sync.h"
#include "target/target_private.h"
#include "plugin/layout.h"
#include "plugin/options.h"
#include "plugin/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define COPY_BYTES (1u << 20)
#define WRITE_BACK_BYTES (64u << 20)

void target_close_files(struct target *target)
{
    for (uint32_t i = 0; target->fds && i < target->layout.n_files; i++) {
        if (target->fds[i] >= 0)
            (void)close(target->fds[i]);
        target->fds[i] = -1;
    }
    if (target->dirfd >= 0)
        (void)close(target->dirfd);
    target->dirfd = -1;
}

/* Bytes of a source file, as they are. */
static int copy_piece(const struct model_file *from, const struct layout_piece *p, int to,
                      struct error *err)
{
    if (from->text)
        return file_pwrite(to, from->text + p->source_offset, p->length, p->offset, err);
    _cleanup_free_ unsigned char *buffer = malloc(COPY_BYTES);
    if (!buffer)
        return error_oom(err);
    for (uint64_t done = 0; done < p->length;) {
        size_t part = p->length - done < COPY_BYTES ? (size_t)(p->length - done) : COPY_BYTES;
        int r = file_pread(from->fd, buffer, part, p->source_offset + done, err);
        if (r == 0)
            r = file_pwrite(to, buffer, part, p->offset + done, err);
        if (r < 0)
            return r;
        done += part;
    }
    return 0;
}

/* What an empty tensor that keeps its encoding has in a plane all the same, one per column or per
 * tensor: it has no slabs with which the pipeline would bring that. */
static int copy_plane(const struct target *target, const struct layout_piece *p, struct error *err)
{
    const uint64_t index = target->plan->choices[p->tensor].source;
    const struct model_tensor *to = &target->plan->target->tensors[p->tensor];
    const struct model_tensor *from = &target->route->model->tensors[index];
    if (to->elements || !p->length || from->planes[p->plane].length != p->length ||
        strcmp(from->encoding_name, to->encoding_name) != 0)
        return 0;
    _cleanup_free_ unsigned char *buffer = malloc(COPY_BYTES);
    if (!buffer)
        return error_oom(err);
    for (uint64_t done = 0; done < p->length;) {
        size_t part = p->length - done < COPY_BYTES ? (size_t)(p->length - done) : COPY_BYTES;
        int r = source_read(target->route->source, index, p->plane, done, buffer, part, err);
        if (r == 0)
            r = file_pwrite(target->fds[p->file], buffer, part, p->offset + done, err);
        if (r < 0)
            return r;
        done += part;
    }
    return 0;
}

static int create_file(struct target *target, uint32_t i, const char *name, struct error *err)
{
    const struct layout_file *f = &target->layout.files[i];
    const char *slash = strchr(name, '/');
    _cleanup_free_ char *folder = slash ? strndup(name, (size_t)(slash - name)) : NULL;
    if (slash && !folder)
        return error_oom(err);
    if (folder && mkdirat(target->dirfd, folder, 0755) < 0 && errno != EEXIST)
        return error_place(err, errno, "cannot create the folder %s", folder);
    int fd = openat(target->dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return error_place(err, errno, "cannot create %s", name);
    target->fds[i] = fd;
    int e = f->size && fallocate(fd, 0, 0, (off_t)f->size) < 0 ? errno : 0;
    if (e == EOPNOTSUPP || e == ENOSYS)
        e = ftruncate(fd, (off_t)f->size) < 0 ? errno : 0;
    if (e)
        return error_place(err, e, "%s: cannot reserve %llu bytes", name,
                           (unsigned long long)f->size);
    return 0;
}

static int write_fixed_pieces(struct target *target, struct error *err)
{
    for (uint64_t i = 0; i < target->layout.n_pieces; i++) {
        const struct layout_piece *p = &target->layout.pieces[i];
        int r = 0;
        if (p->kind == LAYOUT_LITERAL)
            r = file_pwrite(target->fds[p->file], p->data, p->length, p->offset, err);
        else if (p->kind == LAYOUT_COPY)
            r = copy_piece(&target->plan->target->files[p->source_file], p, target->fds[p->file],
                           err);
        else
            r = copy_plane(target, p, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int start_digest(struct target *target, struct error *err)
{
    struct digest_files files = { .layout = &target->layout,
                                  .model = target->plan->target,
                                  .fds = target->fds,
                                  .late_literals = target->layout.state != NULL };
    const struct digest_state *from = target->goes_on ? &target->from : NULL;
    return digest_start(&files, from, target->done, &target->digest, err);
}

/* Literals have changed that were digested as they were first. */
static int digest_again(struct target *target, struct error *err)
{
    digest_free(target->digest);
    target->digest = NULL;
    target->goes_on = 0;
    target->kept_files = 0;
    return start_digest(target, err);
}

int target_open(struct target *target, int staging, int with_digest, struct error *err)
{
    char dir[24];
    (void)snprintf(dir, sizeof dir, "%zu", target->index);
    if (mkdirat(staging, dir, 0755) < 0)
        return error_place(err, errno, "cannot create the staging directory %s", dir);
    int r = file_open_dir(staging, dir, &target->dirfd, err);
    if (r < 0)
        return r;
    _cleanup_free_ char *single = target_output_name(target);
    if (!single)
        return error_oom(err);
    if (target_is_folder(target)) {
        /* the folder itself lies in the target's directory, ready to be renamed whole */
        int folder = -1;
        if (mkdirat(target->dirfd, single, 0755) < 0)
            return error_place(err, errno, "cannot create the folder %s", single);
        r = file_open_dir(target->dirfd, single, &folder, err);
        if (r < 0)
            return r;
        (void)close(target->dirfd);
        target->dirfd = folder;
    }
    for (uint32_t i = 0; r == 0 && i < target->layout.n_files; i++) {
        const char *name = target->layout.files[i].name;
        r = create_file(target, i, *name ? name : single, err);
    }
    if (r == 0)
        r = write_fixed_pieces(target, err);
    return r == 0 && with_digest ? start_digest(target, err) : r;
}

/* A file that an earlier life made. Its links and size are checked, for this is the staging of a
 * worker that has read the model before. */
static int reopen_file(struct target *target, uint32_t i, const char *name, struct error *err)
{
    struct stat st;
    int fd = openat(target->dirfd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return error_errno(err, errno, "%s", name);
    target->fds[i] = fd;
    if (fstat(fd, &st) < 0)
        return error_errno(err, errno, "%s", name);
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1 ||
        (uint64_t)st.st_size != target->layout.files[i].size)
        return error_set(err, PARE_EDATA, "%s is not the file of %llu bytes that it was", name,
                         (unsigned long long)target->layout.files[i].size);
    return 0;
}

int target_reopen(struct target *target, int staging, int with_digest, struct error *err)
{
    _cleanup_free_ char *single = target_output_name(target);
    char dir[24 + NAME_MAX];
    if (!single)
        return error_oom(err);
    (void)snprintf(dir, sizeof dir, target_is_folder(target) ? "%zu/%s" : "%zu", target->index,
                   single);
    int r = file_open_dir(staging, dir, &target->dirfd, err);
    for (uint32_t i = 0; r == 0 && i < target->layout.n_files; i++) {
        const char *name = target->layout.files[i].name;
        r = reopen_file(target, i, *name ? name : single, err);
    }
    if (r == 0)
        r = write_fixed_pieces(target, err);
    return r == 0 && with_digest ? start_digest(target, err) : r;
}

/* 1: the writer has changed bytes; 0: it has not. */
static int write_patches(struct target *target, char (*sha256)[HASH_HEX_SIZE], struct error *err)
{
    struct layout patches = { 0 };
    struct host_hooks hooks = { .log = target_take_warning, .context = target };
    struct layout_request request = target_layout_request(target, &hooks);
    request.sha256 = sha256;
    request.fds = target->fds;
    int r = layout_finish(&request, &target->layout, &patches, err);
    for (uint64_t i = 0; r == 0 && i < patches.n_pieces; i++) {
        const struct layout_piece *p = &patches.pieces[i];
        r = file_pwrite(target->fds[p->file], p->data, p->length, p->offset, err);
    }
    if (r == 0)
        r = patches.n_pieces > 0;
    layout_deinit(&patches);
    return r;
}

/* Writes a file's pages back piece by piece, so that the final sync is short, and shows signs of
 * life between the pieces. A failure here shows again in the sync. */
static void write_back(int fd, uint64_t size, void (*beat)(void *context), void *context)
{
    const unsigned flags = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                           SYNC_FILE_RANGE_WAIT_AFTER;
    for (uint64_t at = 0; at < size; at += WRITE_BACK_BYTES) {
        (void)sync_file_range(fd, (off_t)at, WRITE_BACK_BYTES, flags);
        beat(context);
    }
}

int target_seal(struct target *target, char (*sha256)[HASH_HEX_SIZE], struct error *err)
{
    int r = options_check(target->options, target->asked, target->writer->name, err);
    if (r == 0 && target->writer->finish)
        r = write_patches(target, sha256, err);
    if (r > 0)
        r = target->digest && digest_follows(target->digest) ? digest_again(target, err) : 0;
    if (r == 0 && target->digest)
        digest_seal(target->digest);
    return r;
}

/* Syncs the files and their directory, all at once. */
static int sync_files(const struct target *target, struct error *err)
{
    const uint32_t n = target->layout.n_files;
    _cleanup_free_ int *fds = calloc(n + 1u, sizeof *fds);
    if (!fds)
        return error_oom(err);
    memcpy(fds, target->fds, n * sizeof *fds);
    fds[n] = target->dirfd;
    return sync_all(fds, n + 1u, "the output", err);
}

int target_finish(struct target *target, void (*beat)(void *context), void *context,
                  struct error *err)
{
    for (uint32_t i = 0; i < target->layout.n_files; i++)
        write_back(target->fds[i], target->layout.files[i].size, beat, context);
    int r = sync_files(target, err);
    if (r == 0 && target->digest)
        r = digest_wait(target->digest, beat, context, &target->digest_seconds, err);
    if (r == 0) /* else the digest may still be reading: target_deinit ends it first */
        target_close_files(target);
    return r;
}
