/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * SHA-256, by libcrypto (which uses the CPU's instructions), as lower-case hexadecimal text.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/error.h"

#define HASH_HEX_SIZE 65    /* 64 digits and the NUL */
#define HASH_STATE_SIZE 108 /* of a running digest: docs/formats/journal.md */

struct hash; /* one running digest */

int hash_new(struct hash **ret_hash, struct error *err) __attribute__((warn_unused_result));
void hash_free(struct hash *hash);
void hash_update(struct hash *hash, const void *data, size_t n);
/* Ends the digest; the object can only be freed then. */
void hash_final(struct hash *hash, char ret_hex[HASH_HEX_SIZE]);

/* How far a running digest is, in a form that has a version and is the same on every machine. */
void hash_save(const struct hash *hash, unsigned char ret_state[HASH_STATE_SIZE]);
/* Takes up a digest where it was saved, instead of what it had so far. PARE_EDATA: a state of
 * another version, or none. */
int hash_load(struct hash *hash, const unsigned char state[HASH_STATE_SIZE], struct error *err)
    __attribute__((warn_unused_result));

/* The digest of n bytes. */
int hash_of(const void *data, size_t n, char ret_hex[HASH_HEX_SIZE], struct error *err)
    __attribute__((warn_unused_result));
/* The digest of a whole open file, read from its start by pread; *ret_size gets its length. */
int hash_of_fd(int fd, char ret_hex[HASH_HEX_SIZE], uint64_t *ret_size, struct error *err)
    __attribute__((warn_unused_result));

/* The SHA-256, or the CRC-32 of zip and gzip in 8 digits (enum pare_digest), of n bytes from
 * `offset`, which must be there. */
int hash_of_range(int fd, uint32_t kind, uint64_t offset, uint64_t n, char ret_hex[HASH_HEX_SIZE],
                  struct error *err) __attribute__((warn_unused_result));

#endif
