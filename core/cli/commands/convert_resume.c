/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Which interrupted run of `pare convert` is one of the same conversion: the mark in its staging
 * directory is the digest of the source's path and the targets. Whether what it left can be gone on
 * with is for the worker to say.
 */
#include "base/cleanup.h"
#include "base/hash.h"
#include "base/strbuf.h"
#include "cli/commands/convert_private.h"
#include "supervise/staging.h"

#include <string.h>

int convert_mark(const struct job_spec *spec, char ret_mark[HASH_HEX_SIZE], struct error *err)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_add(&sb, spec->origin, strlen(spec->origin) + 1);
    for (size_t i = 0; i < spec->n_targets; i++)
        strbuf_printf(&sb, "%s:%s\n", spec->targets[i].format, spec->targets[i].recipe);
    return sb.failed ? error_oom(err) : hash_of(sb.data, sb.len, ret_mark, err);
}

int convert_find_left(const struct job_spec *spec, int wanted, char uid[40], struct error *err)
{
    char left[STAGING_UID_SIZE];
    int r = staging_find(spec->out_dirfd, spec->mark, left, err);
    if (r != 0)
        return r < 0 ? r : 0;
    if (!wanted) {
        cli_warn("an interrupted run of this conversion is kept in %s/.pare/staging for %d days: "
                 "--resume goes on with it",
                 spec->out_path, STAGING_KEEP_DAYS);
        return 0;
    }
    if (strlen(left) >= 40)
        return 0; /* not of ours */
    memcpy(uid, left, strlen(left) + 1);
    return 1;
}
