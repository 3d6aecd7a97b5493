/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Digests: see hash.h. EVP is used, not the SHA256_ functions: those are deprecated, and EVP takes
 * the CPU's instructions where there are some. */
#include "base/hash.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <zlib.h>

struct hash {
    EVP_MD_CTX *ctx;
};

DEFINE_CLEANUP(struct hash *, hash_free);

int hash_new(struct hash **ret_hash, struct error *err)
{
    struct hash *hash = calloc(1, sizeof *hash);
    if (!hash)
        return error_oom(err);
    hash->ctx = EVP_MD_CTX_new();
    if (!hash->ctx || EVP_DigestInit_ex(hash->ctx, EVP_sha256(), NULL) != 1) {
        hash_free(hash);
        return error_set(err, PARE_ENOMEM, "libcrypto gives no SHA-256: is memory short?");
    }
    *ret_hash = hash;
    return 0;
}

void hash_free(struct hash *hash)
{
    if (!hash)
        return;
    EVP_MD_CTX_free(hash->ctx);
    free(hash);
}

void hash_update(struct hash *hash, const void *data, size_t n)
{
    (void)EVP_DigestUpdate(hash->ctx, data, n);
}

void hash_final(struct hash *hash, char ret_hex[HASH_HEX_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE] = { 0 };
    unsigned int n = 0;
    (void)EVP_DigestFinal_ex(hash->ctx, digest, &n);
    for (unsigned int i = 0; i < 32; i++)
        (void)snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
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
