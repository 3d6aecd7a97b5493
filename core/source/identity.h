/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Which files a model consists of, whatever their names lead to later: a job that was submitted by
 * path converts the files that were there then, or none.
 */
#ifndef SOURCE_IDENTITY_H
#define SOURCE_IDENTITY_H

#include "base/hash.h"
#include "source/sidecar.h"

/* The digest of the lines `NAME TAB FILE-SYSTEM TAB INODE` of all files of a model and of its
 * sidecars. It stays the same when the machine is started anew, or a file's content changes. */
int identity_of(const struct source_set *model, const struct sidecars *sidecars,
                char ret_hex[HASH_HEX_SIZE], struct error *err) __attribute__((warn_unused_result));

#endif
