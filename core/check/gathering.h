/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What some encodings gather of a whole tensor before they encode it (begin, gather, settle, end),
 * with a host that has no files: only failures, memory and an answer to `cancelled`.
 */
#ifndef CHECK_GATHERING_H
#define CHECK_GATHERING_H

#include "check/trial.h"

struct gathering_memory; /* what the encoding got from the host */

struct gathering {
    const struct pare_encoding *encoding;
    struct gathered made;
    struct gathering_memory *memory; /* a list */
    char failure[256];               /* what it told the host */
};

/* Looks at all of a trial's input, at_once rows at a time (0: all of them). 1: there is a state;
 * 0: the encoding needs none; below 0: it failed, which was told unless the input is not finite.
 * gathering_close after any of them. */
int gathering_open(const struct trial *trial, uint64_t at_once, struct gathering *gathering);
void gathering_close(const struct trial *trial, struct gathering *gathering);

#endif
