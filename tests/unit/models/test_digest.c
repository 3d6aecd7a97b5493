/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * core/convert/digest: two files that are written in many orders while they are digested. What was
 * not announced yet must not be read: until then it is filled with rubbish.
 */
#include "target/digest.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/timing.h"
#include "plugin/layout.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define ROW 1024u
#define ROWS 64u
#define STEP (4u * ROW) /* elements announced at a time */
#define HEAD 100u
#define SIZE_0 (128u + ROW * ROWS * 4u + 28u) /* a header, a gap, a tensor, a gap */
#define SIZE_1 (2u * ROW * ROWS)              /* the two planes of another */

/* Bytes come one to an element in each plane of `two`, four in `f32`. */
static const struct encoding f32 = {
    .name = "f32", .block_len = 1, .n_planes = 1, .planes = { { .bits = 32 } }
};
static const struct encoding two = {
    .name = "two", .block_len = 1, .n_planes = 2, .planes = { { .bits = 8 }, { .bits = 8 } }
};

/* As two, but what is in the second plane belongs to the whole tensor. */
static const struct encoding shared = {
    .name = "shared",
    .block_len = 1,
    .n_planes = 2,
    .planes = { { .bits = 8 }, { .per = PARE_PER_TENSOR, .bits = 8 * ROW * ROWS } }
};

static struct pare_extent one_plane[1];
static struct pare_extent two_planes[] = { { .length = ROW * ROWS }, { .length = ROW * ROWS } };
static struct model_tensor tensors[] = {
    { .encoding = &f32,
      .n_planes = 1,
      .elements = ROW * ROWS,
      .row_len = ROW,
      .rows = ROWS,
      .planes = one_plane },
    { .encoding = &two,
      .n_planes = 2,
      .elements = ROW * ROWS,
      .row_len = ROW,
      .rows = ROWS,
      .planes = two_planes },
};

static struct layout_piece pieces[] = {
    { LAYOUT_LITERAL, 0, 0, HEAD, NULL, 0, 0, 0 },
    { LAYOUT_TENSOR, 0, 128, ROW *ROWS * 4, NULL, 0, 0, 0 },
    { LAYOUT_TENSOR, 1, 0, ROW *ROWS, NULL, 1, 0, 0 },
    { LAYOUT_TENSOR, 1, ROW *ROWS, ROW *ROWS, NULL, 1, 1, 0 },
};

/* The second file with its planes the other way round. */
static struct layout_piece turned[] = {
    { LAYOUT_LITERAL, 0, 0, HEAD, NULL, 0, 0, 0 },
    { LAYOUT_TENSOR, 0, 128, ROW *ROWS * 4, NULL, 0, 0, 0 },
    { LAYOUT_TENSOR, 1, 0, ROW *ROWS, NULL, 1, 1, 0 },
    { LAYOUT_TENSOR, 1, ROW *ROWS, ROW *ROWS, NULL, 1, 0, 0 },
};

static struct layout_file files[] = { { "a", SIZE_0 }, { "b", SIZE_1 } };
static struct layout layout = { .files = files, .n_files = 2, .pieces = pieces, .n_pieces = 4 };
static const struct model model = { .tensors = tensors, .n_tensors = 2 };

static unsigned char wanted[2][SIZE_0 + SIZE_1];
static int fds[2];

static int make_files(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    for (int i = 0; i < 2; i++) {
        _cleanup_free_ unsigned char *rubbish = malloc(files[i].size);
        assert_non_null(rubbish);
        memset(rubbish, 0xee, files[i].size);
        for (uint32_t k = 0; k < files[i].size; k++)
            wanted[i][k] = (unsigned char)(k * 2654435761u >> 23);
        fds[i] = memfd_create("digest", MFD_CLOEXEC);
        assert_true(fds[i] >= 0);
        assert_int_equal(file_pwrite(fds[i], rubbish, files[i].size, 0, &err), 0);
    }
    /* gaps are there from the beginning */
    assert_int_equal(file_pwrite(fds[0], wanted[0] + HEAD, 28, HEAD, &err), 0);
    assert_int_equal(file_pwrite(fds[0], wanted[0] + SIZE_0 - 28, 28, SIZE_0 - 28, &err), 0);
    return 0;
}

static int close_files(void **state)
{
    (void)state;
    return close(fds[0]) | close(fds[1]);
}

static void put(int file, uint64_t offset, uint64_t n)
{
    struct error err = ERROR_INIT;
    assert_int_equal(file_pwrite(fds[file], wanted[file] + offset, n, offset, &err), 0);
}

/* Writes elements of a tensor and announces them. */
static void put_elements(struct digest *d, uint64_t tensor, uint64_t first, uint64_t n)
{
    if (tensor == 0) {
        put(0, 128 + first * 4, n * 4);
    } else {
        put(1, first, n);
        put(1, ROW * ROWS + first, n);
    }
    digest_written(d, tensor, first + n);
}

static void put_header(void)
{
    put(0, 0, HEAD);
}

static void count_beat(void *context)
{
    ++*(int *)context;
}

static struct digest *start(int late_literals)
{
    struct error err = ERROR_INIT;
    struct digest *d = NULL;
    struct digest_files what = { &layout, &model, fds, late_literals };
    assert_int_equal(digest_start(&what, NULL, NULL, &d, &err), 0);
    return d;
}

static void assert_digests(struct digest *d)
{
    struct error err = ERROR_INIT;
    char hex[HASH_HEX_SIZE];
    double seconds = -1;
    int beats = 0;
    digest_seal(d);
    assert_int_equal(digest_wait(d, count_beat, &beats, &seconds, &err), 0);
    assert_true(seconds >= 0);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(hash_of(wanted[i], files[i].size, hex, &err), 0);
        assert_string_equal(digest_of_file(d, i), hex);
    }
    digest_free(d);
}

static void in_order(void **state)
{
    (void)state;
    put_header();
    struct digest *d = start(0);
    for (uint64_t t = 0; t < 2; t++)
        for (uint64_t at = 0; at < ROW * ROWS; at += STEP)
            put_elements(d, t, at, STEP);
    assert_digests(d);
}

static void the_second_file_first(void **state)
{
    (void)state;
    put_header();
    struct digest *d = start(0);
    for (uint64_t t = 2; t-- > 0;)
        for (uint64_t at = 0; at < ROW * ROWS; at += STEP)
            put_elements(d, t, at, STEP);
    assert_digests(d);
}

static void literals_that_are_late(void **state)
{
    (void)state;
    struct digest *d = start(1);
    for (uint64_t at = 0; at < ROW * ROWS; at += STEP)
        for (uint64_t t = 0; t < 2; t++)
            put_elements(d, t, at, STEP);
    struct timespec moment = { 0, 20000000 };
    (void)nanosleep(&moment, NULL);
    put_header();
    assert_digests(d);
}

static void parts_of_rows(void **state)
{
    (void)state;
    put_header();
    struct digest *d = start(0);
    for (uint64_t t = 0; t < 2; t++)
        for (uint64_t at = 0; at < ROW * ROWS; at += ROW / 4)
            put_elements(d, t, at, ROW / 4);
    assert_digests(d);
}

/* A plane of the whole tensor stands before all others, and is there when the first slab is: not
 * before. */
static void planes_of_the_whole_tensor(void **state)
{
    (void)state;
    const struct timespec moment = { 0, 20000000 };
    tensors[1].encoding = &shared;
    layout.pieces = turned;
    put_header();
    struct digest *d = start(0);
    put_elements(d, 0, 0, ROW * ROWS);
    (void)nanosleep(&moment, NULL);
    put(1, 0, ROW * ROWS);
    for (uint64_t at = 0; at < ROW * ROWS; at += STEP) {
        put(1, ROW * ROWS + at, STEP);
        digest_written(d, 1, at + STEP);
    }
    assert_digests(d);
    tensors[1].encoding = &two;
    layout.pieces = pieces;
}

struct asking {
    struct digest *d;
    struct digest_state state;
    unsigned beats;
};

static void ask_in_beat(void *context)
{
    struct asking *asking = context;
    digest_state(asking->d, &asking->state);
    asking->beats++;
}

static void *write_later(void *d)
{
    const struct timespec moment = { 0, 100000000 }, longer = { 0, 500000000 };
    (void)nanosleep(&moment, NULL);
    for (uint64_t t = 0; t < 2; t++) {
        for (uint64_t at = 0; at < ROW * ROWS; at += STEP)
            put_elements(d, t, at, STEP);
        (void)nanosleep(&longer, NULL);
    }
    return NULL;
}

/* While somebody waits for it, the digest can be asked; and taken up again where it was. */
static void it_is_taken_up_again(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    char done[2][HASH_HEX_SIZE] = { "" };
    double seconds = -1;
    pthread_t writer;
    put_header();
    struct asking asking = { .d = start(0) };
    assert_int_equal(pthread_create(&writer, NULL, write_later, asking.d), 0);
    assert_int_equal(digest_wait(asking.d, ask_in_beat, &asking, &seconds, &err), 0);
    assert_int_equal(pthread_join(writer, NULL), 0);
    assert_true(asking.beats > 0);
    for (uint32_t i = 0; i < asking.state.file && i < 2; i++)
        memcpy(done[i], digest_of_file(asking.d, i), HASH_HEX_SIZE);
    struct digest_files what = { &layout, &model, fds, 0 };
    struct digest *next = NULL;
    assert_int_equal(digest_start(&what, &asking.state, done, &next, &err), 0);
    digest_free(asking.d);
    assert_digests(next);
    struct digest_state wrong = { .file = 1, .at = files[1].size + 1 };
    assert_int_equal(digest_start(&what, &wrong, done, &next, &err), PARE_EDATA);
}

static void it_ends_when_told(void **state)
{
    (void)state;
    digest_free(NULL);
    struct digest *d = start(0);
    put_elements(d, 0, 0, STEP);
    digest_free(d);
}

static void a_file_that_cannot_be_read(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    double seconds;
    int beats = 0;
    assert_int_equal(ftruncate(fds[1], 10), 0);
    struct digest *d = start(0);
    digest_seal(d);
    assert_true(digest_wait(d, count_beat, &beats, &seconds, &err) < 0);
    assert_non_null(strstr(err.text, "the output"));
    digest_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(in_order, make_files, close_files),
        cmocka_unit_test_setup_teardown(the_second_file_first, make_files, close_files),
        cmocka_unit_test_setup_teardown(literals_that_are_late, make_files, close_files),
        cmocka_unit_test_setup_teardown(parts_of_rows, make_files, close_files),
        cmocka_unit_test_setup_teardown(planes_of_the_whole_tensor, make_files, close_files),
        cmocka_unit_test_setup_teardown(it_is_taken_up_again, make_files, close_files),
        cmocka_unit_test_setup_teardown(it_ends_when_told, make_files, close_files),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_read, make_files, close_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
