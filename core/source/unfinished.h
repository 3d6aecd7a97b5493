/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What programs that bring files (downloaders, browsers, synchronisers, shares) leave while they
 * are at it: a name of its own for what is not whole yet, a file beside it in which they count, a
 * folder for unfinished files, a lock. One table has them all (unfinished.c); daemon and command
 * line ask here.
 */
#ifndef SOURCE_UNFINISHED_H
#define SOURCE_UNFINISHED_H

#include "base/error.h"

#define UNFINISHED_REASON 160

/* 1 for a name that only a transfer under way has, as a file or folder of its own ("m.gguf.part")
 * or as the file in which a downloader counts ("m.gguf.aria2"). */
int unfinished_name(const char *name);

/* 1 for a name that may say something of what lies beside it ("m.gguf.aria2", "m.gguf.lock"). */
int unfinished_counts(const char *name);

/* 1 for what is passed over in a model's folder by its name: hidden, unfinished, an editor's or
 * lock file, or what desktops and network storage leave (litter.h). */
int unfinished_passed_over(const char *name);

/* Looks at the entry `name` of a directory. 1: its own name, or a file beside it, says that it is
 * not whole; then `reason` says which. A lock file counts only while a process holds it. */
int unfinished_mark(int dirfd, const char *name, char reason[UNFINISHED_REASON]);

/* Looks at an entry met below a model's folder. In a `temporary` folder, one of those for
 * unfinished files, every file is a mark. 1: it says that the folder is not whole, as above. */
int unfinished_mark_below(int dirfd, const char *name, int is_dir, int temporary,
                          char reason[UNFINISHED_REASON]);

#define UNFINISHED_DEPTH 8       /* folders below each other that are looked into */
#define UNFINISHED_ENTRIES 20000 /* of all of them together */

/* Looks at all that is below a folder. 1: something there says that it is not whole. */
int unfinished_below(int dirfd, char reason[UNFINISHED_REASON]);

#endif
