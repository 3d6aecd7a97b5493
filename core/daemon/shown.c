/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Files that were shown: see shown.h. A descriptor of O_PATH proves nothing, nor does one that is
 * open for writing only. */
#include "daemon/shown.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int identify(int fd, struct shown_file *ret_file)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return -1;
    *ret_file = (struct shown_file){ (uint64_t)st.st_dev, (uint64_t)st.st_ino };
    return 0;
}

void shown_take(struct shown *shown, int fd)
{
    struct shown_file file;
    int flags = fcntl(fd, F_GETFL);
    int readable = flags >= 0 && !(flags & O_PATH) && (flags & O_ACCMODE) != O_WRONLY;
    if (readable && shown->n < SHOWN_MAX && identify(fd, &file) == 0) {
        struct shown_file *files = reallocarray(shown->files, shown->n + 1, sizeof *files);
        if (files) {
            shown->files = files;
            shown->files[shown->n++] = file;
        }
    }
    (void)close(fd);
}

int shown_has(const struct shown *shown, int fd)
{
    struct shown_file file;
    if (identify(fd, &file) < 0)
        return 0;
    for (size_t i = 0; i < shown->n; i++)
        if (shown->files[i].device == file.device && shown->files[i].inode == file.inode)
            return 1;
    return 0;
}

void shown_clear(struct shown *shown)
{
    free(shown->files);
    *shown = (struct shown){ 0 };
}
