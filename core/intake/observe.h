/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What lies in the drop directory, seen without reading a byte of it: a signature that
 * changes whenever it does, and whether somebody may still be writing it.
 */
#ifndef INTAKE_OBSERVE_H
#define INTAKE_OBSERVE_H

#include <stdint.h>

struct observation {
    uint64_t signature; /* over identity, size and times of every file in it */
    uint64_t bytes;
    uint64_t n_files;
    int no_leases;    /* the kernel cannot say whether some file is being written: wait for quiet */
    char reason[160]; /* why it cannot be taken now, or "" */
};

/* Adds the file `name` in dirfd. A file that is gone counts as a reason. */
void observe_file(int dirfd, const char *name, struct observation *seen);
/* 1 for the name of a transfer under way; an editor's left-overs and hidden files are none. */
int observe_is_partial_name(const char *name);
/* Adds all that is in the folder `name`, three levels deep. */
void observe_folder(int dirfd, const char *name, struct observation *seen);

#endif
