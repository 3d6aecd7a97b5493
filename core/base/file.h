/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Files: whole reads and writes that resume after signals, atomic replacement, durable renames,
 * and opening beneath a directory without following links. Paths given with a dirfd are relative
 * to it (AT_FDCWD works). All failures name the path;
 * those of writing are PARE_EPLACE where those of reading are PARE_EIO.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/error.h"

#include <sys/types.h>

/* Reads exactly n bytes at offset; PARE_EINCOMPLETE when the file ends before. */
int file_pread(int fd, void *buffer, size_t n, uint64_t offset, struct error *err)
    __attribute__((warn_unused_result));
/* Writes exactly n bytes at offset. */
int file_pwrite(int fd, const void *buffer, size_t n, uint64_t offset, struct error *err)
    __attribute__((warn_unused_result));
/* Writes exactly n bytes at the file position (pipes too). */
int file_write(int fd, const void *buffer, size_t n, struct error *err)
    __attribute__((warn_unused_result));

/* Reads a whole small file, NUL-terminated (free it). PARE_ELIMIT when longer than limit. */
int file_read_open(int fd, const char *path, size_t limit, char **ret_data, size_t *ret_len,
                   struct error *err) __attribute__((warn_unused_result));
/* The same of a path, through links. */
int file_read_all(int dirfd, const char *path, size_t limit, char **ret_data, size_t *ret_len,
                  struct error *err) __attribute__((warn_unused_result));

/* Writes a small file durably under its final name, replacing an old one at once: temporary
 * name, fsync, rename, fsync of the directory. */
int file_write_durably(int dirfd, const char *name, const void *data, size_t n, struct error *err)
    __attribute__((warn_unused_result));
/* Writes a small file that is of no meaning before it is synced; it stays open for that. */
int file_write_unsynced(int dirfd, const char *name, const void *data, size_t n, int *ret_fd,
                        struct error *err) __attribute__((warn_unused_result));

/* Opens a regular file for reading: no symbolic link in the last component, no device, FIFO or
 * directory; never blocks. Paths may not leave dirfd when `beneath` is not 0. */
int file_open_regular(int dirfd, const char *path, int beneath, int *ret_fd, struct error *err)
    __attribute__((warn_unused_result));

/* Opens a directory (O_DIRECTORY | O_CLOEXEC, not through a link in the last component). */
int file_open_dir(int dirfd, const char *path, int *ret_fd, struct error *err)
    __attribute__((warn_unused_result));

/* Creates a directory and its missing parents with `mode`; an existing one is fine. */
int file_make_dirs(const char *path, mode_t mode, struct error *err)
    __attribute__((warn_unused_result));

/* rename without replacing: 0 done, 1 the new name is taken. */
int file_rename_new(int old_dirfd, const char *old_name, int new_dirfd, const char *new_name,
                    struct error *err) __attribute__((warn_unused_result));

/* fsync of a directory or file by descriptor; `what` is for the message. */
int file_sync(int fd, const char *what, struct error *err) __attribute__((warn_unused_result));

/* Removes a file or a directory tree, without following links; a missing one is fine. */
int file_remove_tree(int dirfd, const char *name, struct error *err)
    __attribute__((warn_unused_result));

/* The same for about so many seconds: 0 all is removed, 1 there is more; call it again. What is in
 * the tree's directory itself may have got other names meanwhile. */
int file_remove_some(int dirfd, const char *name, double seconds, struct error *err)
    __attribute__((warn_unused_result));

/* 1 for a name that is one plain path component: not empty, ".", "..", and without '/'. */
int file_name_is_plain(const char *name);

/* 1 for such a name, or two with '/' between: of a file in a folder or one of its subfolders. */
int file_name_is_inside(const char *name);

#endif
