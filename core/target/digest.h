/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The SHA-256 of a target's files, taken while they are written: a thread of its own reads back, in
 * the files' order, what lies before the first byte that is still to come. Literals wait for the
 * end when the writer is going to patch them.
 */
#ifndef TARGET_DIGEST_H
#define TARGET_DIGEST_H

#include "base/hash.h"
#include "plugin/source.h"

struct digest;

/* What is digested; all of it is borrowed until digest_free. */
struct digest_files {
    const struct layout *layout;
    const struct model *model; /* whose tensors the layout places */
    const int *fds;            /* one per file of the layout */
    int late_literals;         /* some are written only before digest_seal */
};

/* How far a digest is. Files before `file` are done. */
struct digest_state {
    uint32_t file;
    uint64_t at; /* bytes of it that are digested, into `hash` */
    unsigned char hash[HASH_STATE_SIZE];
};

/* from: where to go on, with done[i] the digests of the files before it; both NULL: from the start.
 * PARE_EDATA: there is no such place. */
int digest_start(const struct digest_files *files, const struct digest_state *from,
                 char (*done)[HASH_HEX_SIZE], struct digest **ret_digest, struct error *err)
    __attribute__((warn_unused_result));
/* Ends the thread, wherever it is. */
void digest_free(struct digest *digest);

/* 1 when it needs not wait for the end. */
int digest_follows(const struct digest *digest);
/* The first `elements` of a tensor of the model, whole slabs, are in its file. By any thread. */
void digest_written(struct digest *digest, uint64_t tensor, uint64_t elements);
/* All bytes are in the files, and none will change. */
void digest_seal(struct digest *digest);
/* After digest_seal: waits for the digests; calls beat about five times a second. ret_seconds:
 * spent on hashing. */
int digest_wait(struct digest *digest, void (*beat)(void *context), void *context,
                double *ret_seconds, struct error *err) __attribute__((warn_unused_result));
/* How far it is, or was a moment ago. By any thread. */
void digest_state(struct digest *digest, struct digest_state *ret_state);
/* After digest_wait, or of a file before digest_state's: what became of a file of the layout. */
const char *digest_of_file(const struct digest *digest, uint32_t file);

#endif
