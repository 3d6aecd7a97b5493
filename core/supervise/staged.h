/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What a convert worker left for one target, taken into the target's own staging directory as
 * `data` (a file or a folder) and checked: a worker that has read a hostile model may have written
 * anything under any name.
 */
#ifndef SUPERVISE_STAGED_H
#define SUPERVISE_STAGED_H

#include "source/source_set.h"

#define STAGED_DATA "data"
#define STAGED_ROWS "rows" /* the file of its tensors (results/rows_file.h) */

struct staged {
    char *suffix;            /* of the final name, after its stem: ".gguf", or "" */
    struct source_set files; /* open for reading; the names are file_name_is_inside */
};

struct staged_place {
    int work; /* the worker's staging directory, in which its output is `index`/NAME */
    size_t index;
    int dirfd; /* the target's own directory */
};

struct staged_name { /* what the output has to be called; the worker has no say in it */
    const char *stem;
    const char *suffix;              /* of a file; NULL: nobody knows, and it is refused */
    const struct source_set *source; /* whose files a folder may have by name */
};

/* Moves the worker's output to `dirfd`/data, opens it and sets its modes, and its `index`.rows to
 * `dirfd`/rows. line: the worker's `target`. PARE_EVERIFY when it is not what the line says, or
 * called otherwise than it has to be: files in a folder end in the suffix, in one of plain data
 * (.json, .txt, …), or have a name that a file of the source has. */
int staged_adopt(const struct staged_place *place, const struct staged_name *name,
                 const json_t *line, struct staged *ret_staged, struct error *err)
    __attribute__((warn_unused_result));
void staged_deinit(struct staged *staged);
/* Moves data that was adopted, and is not published, back to where the worker of a job with a
 * journal finds it, from the target's directory. 1: it is there; 0: it was not, or is gone. */
int staged_give_back(int dirfd);

/* [{"name","bytes","sha256"}] from the line `target`, if it names the same files and sizes; else
 * PARE_EVERIFY. without: nobody took digests, and they are null. New reference. */
int staged_digests(const struct staged *staged, const json_t *line, int without, json_t **ret_files,
                   struct error *err) __attribute__((warn_unused_result));

#endif
