/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The file in a job's staging that says what of it is finished (docs/formats/journal.md): blocks,
 * each sealed by a SHA-256 over itself and the seal before it. The first is the head, a text that
 * says what the journal belongs to. Blocks are only appended, and synced one by one: after a crash
 * the journal ends with the last whole one. What it says is for the same job alone and is checked
 * again by whoever uses it. One thread at a time.
 */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct journal;

/* A new one in dirfd, in the place of what there was. */
int journal_create(int dirfd, const char *head, struct journal **ret_journal, struct error *err)
    __attribute__((warn_unused_result));
/* The one that was left there. 1: there is none. PARE_EDATA: it is damaged, or of another
 * version. */
int journal_open(int dirfd, struct journal **ret_journal, struct error *err)
    __attribute__((warn_unused_result));
void journal_free(struct journal *journal);

/* The text of the head. */
const char *journal_head(const struct journal *journal);

/* What is done with a block's bytes; < 0 ends the reading with that. */
typedef int journal_block_fn(void *context, const unsigned char *block, uint64_t n,
                             struct error *err);

/* Calls for every whole block after the head, in order. What comes after them is not the journal's,
 * and the next append overwrites it. */
int journal_read(struct journal *journal, journal_block_fn *block, void *context, struct error *err)
    __attribute__((warn_unused_result));
/* Blocks after the head that journal_read found or that were appended. */
uint64_t journal_blocks(const struct journal *journal);
/* Appends a block and syncs. After a failure the journal is void. */
int journal_append(struct journal *journal, const void *block, uint64_t n, struct error *err)
    __attribute__((warn_unused_result));

#endif
