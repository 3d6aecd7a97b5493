/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The look that some encodings take at a whole tensor before they encode it (begin, gather, settle,
 * end), with a host that has no files: only failures, memory and an answer to `cancelled`.
 */
#ifndef CHECK_LOOK_H
#define CHECK_LOOK_H

#include "check/trial.h"

struct look_memory; /* what the encoding got from the host */

struct look {
    const struct pare_encoding *encoding;
    struct looked made;
    struct look_memory *memory; /* a list */
    char failure[256];          /* what it told the host */
};

/* Looks at all of a trial's input, at_once rows at a time (0: all of them). 1: there is a state;
 * 0: the encoding needs none; below 0: it failed, which was told unless the input is not finite.
 * look_close after any of them. */
int look_open(const struct trial *trial, uint64_t at_once, struct look *look);
void look_close(const struct trial *trial, struct look *look);

#endif
