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
    unsigned writers; /* files that a process has open for writing */
    int marked;       /* the program that brings it says that it is not whole (unfinished.h) */
    int is_part;      /* it has to be joined with others (parts.h) */
    int no_leases;    /* the kernel cannot say whether some file is being written: wait for quiet */
    char reason[160]; /* why it cannot be taken now, or "" */
};

/* Adds the file `name` in dirfd. A file that is gone counts as a reason. */
void observe_file(int dirfd, const char *name, struct observation *seen);
/* Asks whether what brings the entry `name` in dirfd is still at it; beside: look for files in
 * which it counts, too. */
void observe_mark(int dirfd, const char *name, int beside, struct observation *seen);
/* Adds all that is in the folder `name`, eight levels deep. One that has nothing but files whose
 * names are among the patterns `ignore` (litter.h) is no model yet. */
void observe_folder(int dirfd, const char *name, const char *ignore, struct observation *seen);

#endif
