/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Identities: see identity.h. A device may have another number after the machine's next start, so
 * the file system's own identifier is taken where there is one. */
#include "source/identity.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static int add_file(struct strbuf *lines, const char *name, int fd, struct error *err)
{
    struct stat st;
    struct statfs fs;
    if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
        return error_errno(err, errno, "%s", name);
    uint64_t system = 0;
    memcpy(&system, &fs.f_fsid,
           sizeof fs.f_fsid < sizeof system ? sizeof fs.f_fsid : sizeof system);
    if (!system)
        system = (uint64_t)st.st_dev;
    strbuf_printf(lines, "%s\t%llx\t%llu\n", name, (unsigned long long)system,
                  (unsigned long long)st.st_ino);
    return 0;
}

int identity_of(const struct source_set *model, const struct sidecars *sidecars,
                char ret_hex[HASH_HEX_SIZE], struct error *err)
{
    _cleanup_strbuf_ struct strbuf lines = STRBUF_INIT;
    int r = 0;
    for (size_t i = 0; i < model->n && r == 0; i++)
        r = add_file(&lines, model->names[i], model->fds[i], err);
    for (size_t i = 0; i < sidecars->n && r == 0; i++)
        r = add_file(&lines, sidecars->names[i], sidecars->fds[i], err);
    if (r == 0 && lines.failed)
        r = error_oom(err);
    return r < 0 ? r : hash_of(lines.data ? lines.data : "", lines.len, ret_hex, err);
}
