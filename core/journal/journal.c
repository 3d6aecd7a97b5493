/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The journal of a conversion: see journal.h. */
#include "journal/journal.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/le.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define NAME "journal"
#define MAGIC "PAREJRN1"
#define HEADER_BYTES 24u       /* magic, number, length */
#define SEAL_BYTES 64u         /* hexadecimal digits */
#define MAX_BLOCK (1ull << 30) /* bytes */
#define MAX_HEAD (1ull << 16)

struct journal {
    int fd;
    char *head;
    uint64_t start;           /* where the blocks after the head begin */
    uint64_t end;             /* where the next block goes */
    uint64_t blocks;          /* of these, before `end` */
    char seal[HASH_HEX_SIZE]; /* of the block before `end` */
    char head_seal[HASH_HEX_SIZE];
};

/* The seal of a block: over the one before it, the header and the block. */
static int make_seal(const char *before, const unsigned char header[HEADER_BYTES],
                     const void *block, uint64_t n, char ret_seal[HASH_HEX_SIZE], struct error *err)
{
    struct hash *hash = NULL;
    int r = hash_new(&hash, err);
    if (r < 0)
        return r;
    hash_update(hash, before, SEAL_BYTES);
    hash_update(hash, header, HEADER_BYTES);
    hash_update(hash, block, n);
    hash_final(hash, ret_seal);
    hash_free(hash);
    return 0;
}

/* Reads the block at `end` and goes on behind it. 1: there is no whole one. */
static int read_block(struct journal *j, uint64_t number, uint64_t most, unsigned char **ret_block,
                      uint64_t *ret_n, struct error *err)
{
    unsigned char header[HEADER_BYTES];
    char seal[HASH_HEX_SIZE] = { 0 };
    struct stat st;
    if (fstat(j->fd, &st) < 0)
        return error_errno(err, errno, NAME);
    uint64_t left = (uint64_t)st.st_size > j->end ? (uint64_t)st.st_size - j->end : 0;
    if (left < HEADER_BYTES + SEAL_BYTES)
        return 1;
    int r = file_pread(j->fd, header, HEADER_BYTES, j->end, err);
    if (r < 0)
        return r;
    uint64_t n = le_get64(header + 16);
    if (memcmp(header, MAGIC, 8) != 0 || le_get64(header + 8) != number || n > most ||
        n > left - HEADER_BYTES - SEAL_BYTES)
        return 1;
    _cleanup_free_ unsigned char *block = malloc(n + SEAL_BYTES + 1);
    if (!block)
        return error_oom(err);
    r = file_pread(j->fd, block, n + SEAL_BYTES, j->end + HEADER_BYTES, err);
    if (r == 0)
        r = make_seal(j->seal, header, block, n, seal, err);
    if (r < 0)
        return r;
    if (memcmp(block + n, seal, SEAL_BYTES) != 0)
        return 1;
    block[n] = 0;
    memcpy(j->seal, seal, sizeof seal);
    j->end += HEADER_BYTES + n + SEAL_BYTES;
    *ret_block = TAKE(block);
    *ret_n = n;
    return 0;
}

static int write_block(struct journal *j, uint64_t number, const void *block, uint64_t n,
                       struct error *err)
{
    unsigned char header[HEADER_BYTES];
    char seal[HASH_HEX_SIZE];
    memcpy(header, MAGIC, 8);
    le_put64(header + 8, number);
    le_put64(header + 16, n);
    int r = make_seal(j->seal, header, block, n, seal, err);
    if (r == 0)
        r = file_pwrite(j->fd, header, HEADER_BYTES, j->end, err);
    if (r == 0)
        r = file_pwrite(j->fd, block, n, j->end + HEADER_BYTES, err);
    if (r == 0)
        r = file_pwrite(j->fd, seal, SEAL_BYTES, j->end + HEADER_BYTES + n, err);
    if (r == 0 && fdatasync(j->fd) < 0)
        r = error_errno(err, errno, "cannot sync the journal");
    if (r < 0)
        return r;
    memcpy(j->seal, seal, sizeof seal);
    j->end += HEADER_BYTES + n + SEAL_BYTES;
    return 0;
}

static struct journal *make(void)
{
    struct journal *j = calloc(1, sizeof *j);
    if (!j)
        return NULL;
    j->fd = -1;
    memset(j->seal, '0', SEAL_BYTES);
    return j;
}

/* What comes next is the first block after the head. */
static void begin(struct journal *j)
{
    j->start = j->end;
    memcpy(j->head_seal, j->seal, sizeof j->seal);
}

void journal_free(struct journal *journal)
{
    if (!journal)
        return;
    cleanup_close(&journal->fd);
    free(journal->head);
    free(journal);
}

DEFINE_CLEANUP(struct journal *, journal_free);

int journal_create(int dirfd, const char *head, struct journal **ret_journal, struct error *err)
{
    CLEANUP(journal_free_cleanup) struct journal *j = make();
    if (!j || !(j->head = strdup(head)))
        return error_oom(err);
    j->fd = openat(dirfd, NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (j->fd < 0)
        return error_errno(err, errno, "cannot create the journal");
    int r = write_block(j, 0, head, strlen(head), err);
    if (r == 0)
        r = file_sync(dirfd, "the staging directory", err);
    if (r < 0)
        return r;
    begin(j);
    *ret_journal = TAKE(j);
    return 0;
}

int journal_open(int dirfd, struct journal **ret_journal, struct error *err)
{
    CLEANUP(journal_free_cleanup) struct journal *j = make();
    unsigned char *head = NULL;
    struct stat st;
    uint64_t n = 0;
    if (!j)
        return error_oom(err);
    j->fd = openat(dirfd, NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (j->fd < 0)
        return errno == ENOENT ? 1 : error_errno(err, errno, "cannot open the journal");
    if (fstat(j->fd, &st) < 0 || !S_ISREG(st.st_mode))
        return error_set(err, PARE_EDATA, "the journal is not a regular file");
    int r = read_block(j, 0, MAX_HEAD, &head, &n, err);
    if (r > 0)
        r = error_set(err, PARE_EDATA, "the journal is damaged, or of another version");
    if (r < 0)
        return r;
    j->head = (char *)head;
    begin(j);
    *ret_journal = TAKE(j);
    return 0;
}

const char *journal_head(const struct journal *journal)
{
    return journal->head;
}

int journal_read(struct journal *j, journal_block_fn *each, void *context, struct error *err)
{
    int r = 0;
    j->end = j->start;
    j->blocks = 0;
    memcpy(j->seal, j->head_seal, sizeof j->seal);
    while (r == 0) {
        _cleanup_free_ unsigned char *block = NULL;
        uint64_t n = 0;
        r = read_block(j, j->blocks + 1, MAX_BLOCK, &block, &n, err);
        if (r == 0)
            r = each(context, block, n, err);
        j->blocks += r == 0;
    }
    return r < 0 ? r : 0;
}

uint64_t journal_blocks(const struct journal *journal)
{
    return journal->blocks;
}

int journal_append(struct journal *j, const void *block, uint64_t n, struct error *err)
{
    int r = n > MAX_BLOCK ? error_set(err, PARE_ELIMIT, "a block of the journal is too long")
                          : write_block(j, j->blocks + 1, block, n, err);
    if (r < 0) {
        (void)!ftruncate(j->fd, 0);
        return r;
    }
    j->blocks++;
    return 0;
}
