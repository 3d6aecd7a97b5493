/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What is in a block of a journal (docs/formats/journal.md): records, each a type, a length and its
 * fields, little-endian. Whoever reads one takes the fields in order; what is missing is 0 and
 * makes the record bad, and so does what is left over.
 */
#ifndef JOURNAL_RECORDS_H
#define JOURNAL_RECORDS_H

#include "base/strbuf.h"

#include <stdint.h>

enum record_type {
    RECORD_WALK = 1,   /* how far a walk over the source is */
    RECORD_SOURCE = 2, /* the digest of a source file */
    RECORD_FIGURE = 3, /* what came of a tensor in a target */
    RECORD_PART = 4,   /* slabs of a tensor that is not complete */
    RECORD_DIGEST = 5, /* how far the digest of a target is */
    RECORD_OUTPUT = 6, /* the digest of a target's file */
    RECORD_TEXT = 7,   /* what was said of a target, and options that were asked for */
};

#define RECORD_ALL_TARGETS UINT32_MAX /* as the target of a text: the source's, so all have it */

/* ---- writing ---- */

/* Begins a record; returns its place, for record_end. */
size_t record_begin(struct strbuf *block, enum record_type type);
void record_end(struct strbuf *block, size_t place);
void record_put32(struct strbuf *block, uint32_t v);
void record_put64(struct strbuf *block, uint64_t v);
/* The bits of a double. */
void record_put_real(struct strbuf *block, double v);

/* ---- reading ---- */

struct record {
    uint32_t type;
    const unsigned char *at; /* the fields that are left */
    uint64_t left;
    int bad; /* more was wanted than there is */
};

/* The next record of a block, whose rest is *at, *left. 1: there is one; 0: no more; -1: the block
 * ends within a record. */
int record_next(const unsigned char **at, uint64_t *left, struct record *ret_record);
uint32_t record_get32(struct record *record);
uint64_t record_get64(struct record *record);
double record_get_real(struct record *record);
/* The next n bytes, in the block; NULL when there are not so many. */
const unsigned char *record_get(struct record *record, uint64_t n);
/* 1 when all fields were there, and no more. */
int record_is_whole(const struct record *record);

#endif
