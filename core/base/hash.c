/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Digests: see hash.h. The SHA256_ functions are used, not EVP: their state is a public struct, so
 * that a digest can be kept in a file and taken up again (hash_save), and they run the same code,
 * with the CPU's instructions where there are some. libcrypto calls them deprecated.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/hash.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/le.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

struct hash {
    SHA256_CTX ctx;
};

#define STATE_VERSION 1u
#define BLOCK 64u /* bytes that SHA-256 takes at a time */

DEFINE_CLEANUP(struct hash *, hash_free);

int hash_new(struct hash **ret_hash, struct error *err)
{
    struct hash *hash = calloc(1, sizeof *hash);
    if (!hash)
        return error_oom(err);
    (void)SHA256_Init(&hash->ctx);
    *ret_hash = hash;
    return 0;
}

void hash_free(struct hash *hash)
{
    free(hash);
}

void hash_update(struct hash *hash, const void *data, size_t n)
{
    (void)SHA256_Update(&hash->ctx, data, n);
}

static void digest_to_hex(const unsigned char digest[SHA256_DIGEST_LENGTH],
                          char ret_hex[HASH_HEX_SIZE])
{
    for (unsigned i = 0; i < SHA256_DIGEST_LENGTH; i++)
        (void)snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
}

void hash_final(struct hash *hash, char ret_hex[HASH_HEX_SIZE])
{
    unsigned char digest[SHA256_DIGEST_LENGTH] = { 0 };
    (void)SHA256_Final(digest, &hash->ctx);
    digest_to_hex(digest, ret_hex);
}

/* Bytes that were digested so far; libcrypto counts bits in two halves. */
static uint64_t digested(const SHA256_CTX *ctx)
{
    return ((uint64_t)ctx->Nh << 32 | ctx->Nl) >> 3;
}

void hash_save(const struct hash *hash, unsigned char ret_state[HASH_STATE_SIZE])
{
    const SHA256_CTX *ctx = &hash->ctx;
    memset(ret_state, 0, HASH_STATE_SIZE);
    le_put32(ret_state, STATE_VERSION);
    le_put64(ret_state + 4, digested(ctx));
    for (unsigned i = 0; i < 8; i++)
        le_put32(ret_state + 12 + 4 * i, ctx->h[i]);
    memcpy(ret_state + 44, ctx->data, ctx->num);
}

int hash_load(struct hash *hash, const unsigned char state[HASH_STATE_SIZE], struct error *err)
{
    uint64_t bytes = le_get64(state + 4);
    if (le_get32(state) != STATE_VERSION || bytes >> 61)
        return error_set(err, PARE_EDATA, "the state of a digest has version %u, not %u",
                         le_get32(state), STATE_VERSION);
    (void)SHA256_Init(&hash->ctx);
    hash->ctx.Nl = (SHA_LONG)(bytes << 3);
    hash->ctx.Nh = (SHA_LONG)(bytes >> 29);
    hash->ctx.num = (unsigned)(bytes % BLOCK);
    for (unsigned i = 0; i < 8; i++)
        hash->ctx.h[i] = le_get32(state + 12 + 4 * i);
    memcpy(hash->ctx.data, state + 44, BLOCK);
    return 0;
}

int hash_of(const void *data, size_t n, char ret_hex[HASH_HEX_SIZE], struct error *err)
{
    CLEANUP(hash_free_cleanup) struct hash *hash = NULL;
    int r = hash_new(&hash, err);
    if (r < 0)
        return r;
    hash_update(hash, data, n);
    hash_final(hash, ret_hex);
    return 0;
}

int hash_of_fd(int fd, char ret_hex[HASH_HEX_SIZE], uint64_t *ret_size, struct error *err)
{
    CLEANUP(hash_free_cleanup) struct hash *hash = NULL;
    int r = hash_new(&hash, err);
    if (r < 0)
        return r;
    const size_t chunk = 1 << 20;
    _cleanup_free_ unsigned char *buffer = malloc(chunk);
    if (!buffer)
        return error_oom(err);
    uint64_t offset = 0;
    for (;;) {
        ssize_t n = pread(fd, buffer, chunk, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(err, errno, "cannot read for the digest");
        if (n == 0)
            break;
        hash_update(hash, buffer, (size_t)n);
        offset += (uint64_t)n;
    }
    hash_final(hash, ret_hex);
    *ret_size = offset;
    return 0;
}

int hash_of_range(int fd, uint32_t kind, uint64_t offset, uint64_t n, char ret_hex[HASH_HEX_SIZE],
                  struct error *err)
{
    CLEANUP(hash_free_cleanup) struct hash *hash = NULL;
    const size_t chunk = 1 << 20;
    _cleanup_free_ unsigned char *buffer = malloc(chunk);
    unsigned long crc = crc32(0, NULL, 0);
    int r = buffer ? hash_new(&hash, err) : error_oom(err);
    if (r == 0 && kind > PARE_CRC32)
        r = error_set(err, PARE_EPLUGIN, "there is no digest of kind %u", kind);
    for (uint64_t done = 0; r == 0 && done < n;) {
        size_t part = n - done < chunk ? (size_t)(n - done) : chunk;
        r = file_pread(fd, buffer, part, offset + done, err);
        if (r == 0 && kind == PARE_SHA256)
            hash_update(hash, buffer, part);
        else if (r == 0)
            crc = crc32(crc, buffer, (unsigned)part);
        done += part;
    }
    if (r < 0)
        return r;
    if (kind == PARE_SHA256)
        hash_final(hash, ret_hex);
    else
        (void)snprintf(ret_hex, HASH_HEX_SIZE, "%08lx", crc);
    return 0;
}
