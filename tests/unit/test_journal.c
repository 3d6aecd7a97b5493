/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Digests that are taken up again, and the journal that keeps them. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "journal/journal.h"
#include "journal/records.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static char dir[64];
static int dirfd_;

static int make_dir(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/pare-journal-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    dirfd_ = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return dirfd_ < 0 ? -1 : 0;
}

static int remove_dir(void **state)
{
    struct error err = ERROR_INIT;
    (void)state;
    (void)close(dirfd_);
    return file_remove_tree(AT_FDCWD, dir, &err);
}

/* A digest that is kept and taken up again is the one that goes on, wherever it is cut. */
static void digests_are_taken_up_again(void **state)
{
    (void)state;
    unsigned char data[300], kept[HASH_STATE_SIZE];
    char whole[HASH_HEX_SIZE], parts[HASH_HEX_SIZE];
    struct error err = ERROR_INIT;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * 7);
    assert_int_equal(hash_of(data, sizeof data, whole, NULL), 0);
    for (size_t cut = 0; cut <= sizeof data; cut++) {
        struct hash *first = NULL, *second = NULL;
        assert_int_equal(hash_new(&first, NULL), 0);
        assert_int_equal(hash_new(&second, NULL), 0);
        hash_update(first, data, cut);
        hash_save(first, kept);
        hash_update(second, "something else", 14);
        assert_int_equal(hash_load(second, kept, NULL), 0);
        hash_update(second, data + cut, sizeof data - cut);
        hash_final(second, parts);
        assert_string_equal(parts, whole);
        hash_free(first);
        hash_free(second);
    }
    struct hash *hash = NULL;
    assert_int_equal(hash_new(&hash, NULL), 0);
    kept[0] = 2;
    assert_int_equal(hash_load(hash, kept, &err), PARE_EDATA);
    assert_string_equal(err.text, "the state of a digest has version 2, not 1");
    hash_free(hash);
}

struct seen {
    unsigned n;
    char text[256];
};

static int see(void *context, const unsigned char *block, uint64_t n, struct error *err)
{
    struct seen *seen = context;
    (void)err;
    seen->n++;
    (void)strncat(seen->text, (const char *)block, (size_t)n);
    return 0;
}

/* Opens the journal in dir and reads its blocks. 1: there is none. */
static int read_back(struct seen *ret_seen, struct error *err)
{
    struct journal *journal = NULL;
    *ret_seen = (struct seen){ 0 };
    int r = journal_open(dirfd_, &journal, err);
    if (r != 0)
        return r;
    assert_string_equal(journal_head(journal), "whose\n");
    r = journal_read(journal, see, ret_seen, err);
    journal_free(journal);
    return r;
}

/* Three blocks, "one", "two", "three"; returns the file's size before the last. */
static off_t make_journal(void)
{
    struct journal *journal = NULL;
    struct stat st;
    assert_int_equal(journal_create(dirfd_, "whose\n", &journal, NULL), 0);
    assert_int_equal(journal_append(journal, "one", 3, NULL), 0);
    assert_int_equal(journal_append(journal, "two", 3, NULL), 0);
    assert_int_equal(fstatat(dirfd_, "journal", &st, 0), 0);
    assert_int_equal(journal_append(journal, "three", 5, NULL), 0);
    assert_int_equal(journal_blocks(journal), 3);
    journal_free(journal);
    return st.st_size;
}

static void a_journal_says_what_was_appended(void **state)
{
    (void)state;
    struct seen seen;
    assert_int_equal(read_back(&seen, NULL), 1);
    (void)make_journal();
    assert_int_equal(read_back(&seen, NULL), 0);
    assert_int_equal(seen.n, 3);
    assert_string_equal(seen.text, "onetwothree");
}

/* Cut anywhere in its last block, it ends with the one before, and what is appended follows. */
static void a_torn_block_counts_for_nothing(void **state)
{
    (void)state;
    struct seen seen;
    struct stat st;
    off_t before = make_journal();
    assert_int_equal(fstatat(dirfd_, "journal", &st, 0), 0);
    for (off_t size = st.st_size - 1; size >= before; size--) {
        _cleanup_close_ int fd = openat(dirfd_, "journal", O_WRONLY | O_CLOEXEC);
        assert_int_equal(ftruncate(fd, size), 0);
        assert_int_equal(read_back(&seen, NULL), 0);
        assert_string_equal(seen.text, "onetwo");
    }
    struct journal *journal = NULL;
    assert_int_equal(journal_open(dirfd_, &journal, NULL), 0);
    seen = (struct seen){ 0 };
    assert_int_equal(journal_read(journal, see, &seen, NULL), 0);
    assert_int_equal(journal_append(journal, "other", 5, NULL), 0);
    journal_free(journal);
    assert_int_equal(read_back(&seen, NULL), 0);
    assert_string_equal(seen.text, "onetwoother");
}

/* With any byte changed, blocks from there on count for nothing; without a head, all. */
static void a_changed_byte_is_noticed(void **state)
{
    (void)state;
    static const char whole[] = "onetwothree";
    struct error err = ERROR_INIT;
    struct seen seen;
    struct stat st;
    (void)make_journal();
    assert_int_equal(fstatat(dirfd_, "journal", &st, 0), 0);
    _cleanup_close_ int fd = openat(dirfd_, "journal", O_RDWR | O_CLOEXEC);
    for (off_t at = 0; at < st.st_size; at++) {
        char byte, other;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        other = (char)(byte ^ 0x10);
        assert_int_equal(pwrite(fd, &other, 1, at), 1);
        int r = read_back(&seen, &err);
        assert_true(r == 0 || r == PARE_EDATA);
        assert_true(seen.n < 3 && !strncmp(seen.text, whole, strlen(seen.text)));
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    assert_string_equal(err.text, "the journal is damaged, or of another version");
}

static void records_are_checked(void **state)
{
    (void)state;
    _cleanup_strbuf_ struct strbuf block = STRBUF_INIT;
    struct record record;
    size_t place = record_begin(&block, RECORD_WALK);
    record_put32(&block, 7);
    record_put_real(&block, -0.0);
    record_end(&block, place);
    for (size_t n = 1; n < block.len; n++) {
        const unsigned char *at = (const unsigned char *)block.data;
        uint64_t left = n;
        assert_int_equal(record_next(&at, &left, &record), -1);
    }
    const unsigned char *at = (const unsigned char *)block.data;
    uint64_t left = block.len;
    assert_int_equal(record_next(&at, &left, &record), 1);
    assert_int_equal(record.type, RECORD_WALK);
    assert_int_equal(record_get32(&record), 7);
    assert_false(record_is_whole(&record));
    double v = record_get_real(&record);
    assert_true(v == 0 && __builtin_signbit(v));
    assert_true(record_is_whole(&record));
    assert_int_equal(record_get64(&record), 0);
    assert_false(record_is_whole(&record));
    assert_int_equal(record_next(&at, &left, &record), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_taken_up_again),
        cmocka_unit_test_setup_teardown(a_journal_says_what_was_appended, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_torn_block_counts_for_nothing, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_changed_byte_is_noticed, make_dir, remove_dir),
        cmocka_unit_test(records_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
