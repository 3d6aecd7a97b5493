/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * plugins/common/cursor.h: numbers, bytes and texts from a file in memory that a host of this test
 * serves, which counts reads and refuses those that the cursor must not make. The file is longer
 * than a window, so that what lies across its edge is met, too.
 */
#include "common/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define FILE_SIZE (CURSOR_WINDOW + 1000u)

static uint8_t file[FILE_SIZE];
static uint64_t file_size;
static int n_reads, n_blocks, reads_fail;
static char message[1024];

static int give_info(struct pare_job *job, uint32_t number, struct pare_file *ret_info)
{
    (void)job;
    (void)number;
    ret_info->name = "a\nfile";
    ret_info->size = file_size;
    return 0;
}

static int give_bytes(struct pare_job *job, uint32_t number, uint64_t offset, void *buffer,
                      size_t n)
{
    (void)job;
    (void)number;
    n_reads++;
    if (reads_fail)
        return PARE_EIO;
    assert_true(offset <= file_size && n <= file_size - offset && n > 0);
    memcpy(buffer, file + offset, n);
    return 0;
}

static void *give_memory(struct pare_job *job, uint64_t count, uint64_t size)
{
    (void)job;
    n_blocks++;
    return calloc(count, size);
}

static void take_memory(struct pare_job *job, void *memory)
{
    (void)job;
    n_blocks--;
    free(memory);
}

static int __attribute__((format(printf, 3, 4)))
keep_message(struct pare_job *job, int code, const char *format, ...)
{
    (void)job;
    va_list ap;
    va_start(ap, format);
    vsnprintf(message, sizeof(message), format, ap);
    va_end(ap);
    return code;
}

static const struct pare_host host = {
    .struct_size = sizeof(host),
    .file_info = give_info,
    .read = give_bytes,
    .alloc = give_memory,
    .release = take_memory,
    .fail = keep_message,
};

static struct cursor cursor;

static int set_up(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < FILE_SIZE; i++)
        file[i] = (uint8_t)(i * 7);
    file_size = FILE_SIZE;
    n_reads = reads_fail = 0;
    message[0] = '\0';
    cursor = (struct cursor){ .host = &host };
    return cursor_open(&cursor, 0, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    cursor_close(&cursor);
    cursor_close(&cursor); /* closing twice is fine */
    assert_int_equal(n_blocks, 0);
    return 0;
}

static void numbers_are_little_endian(void **state)
{
    (void)state;
    static const uint8_t bytes[] = { 1, 2, 3, 0x84, 1, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0xc0, 0x3f };
    uint32_t narrow = 0;
    uint64_t wide = 0;
    float number = 0;
    memcpy(file, bytes, sizeof(bytes));
    assert_int_equal(cursor_u32(&cursor, "it", &narrow), 0);
    assert_int_equal(narrow, 0x84030201);
    assert_int_equal(cursor_u64(&cursor, "it", &wide), 0);
    assert_true(wide == UINT64_C(0x8000000000000001));
    assert_int_equal(cursor_element(&cursor, &number, sizeof(number), "it"), 0);
    assert_true(number == 1.5f);
    assert_int_equal(cursor_number(bytes, 3), 0x030201);
    assert_int_equal(n_reads, 1);
}

static void bytes_cross_the_window(void **state)
{
    (void)state;
    uint8_t got[64];
    assert_int_equal(cursor_bytes(&cursor, got, 1, "it"), 0);
    cursor_seek(&cursor, CURSOR_WINDOW - 10);
    assert_int_equal(cursor_bytes(&cursor, got, sizeof(got), "it"), 0);
    assert_memory_equal(got, file + CURSOR_WINDOW - 10, sizeof(got));
    assert_int_equal(cursor.pos, CURSOR_WINDOW + 54);
    assert_int_equal(n_reads, 2);
    cursor_seek(&cursor, 3); /* behind the window */
    assert_int_equal(cursor_bytes(&cursor, got, sizeof(got), "it"), 0);
    assert_memory_equal(got, file + 3, sizeof(got));
}

static void large_reads_take_no_detour(void **state)
{
    (void)state;
    static uint8_t got[FILE_SIZE];
    assert_int_equal(cursor_bytes(&cursor, got, 5, "it"), 0);
    cursor_seek(&cursor, 0);
    assert_int_equal(cursor_bytes(&cursor, got, FILE_SIZE, "it"), 0);
    assert_memory_equal(got, file, FILE_SIZE);
    assert_int_equal(cursor.pos, FILE_SIZE);
    assert_int_equal(cursor_bytes(&cursor, got, 0, "it"), 0);
}

static void the_end_is_reported(void **state)
{
    (void)state;
    uint32_t value = 9;
    cursor_seek(&cursor, FILE_SIZE - 3);
    assert_int_equal(cursor_u32(&cursor, "a count", &value), PARE_EINCOMPLETE);
    assert_int_equal(value, 9);
    assert_int_equal(n_reads, 0);
    assert_string_equal(message, "a\\x0afile: the file ends at byte 66536, inside a count at byte "
                                 "66533 that needs 4 bytes: it is cut short or still arriving");
    cursor_seek(&cursor, FILE_SIZE + 1);
    assert_int_equal(cursor_skip(&cursor, 0, "it"), PARE_EINCOMPLETE);
    cursor_seek(&cursor, 1);
    assert_int_equal(cursor_skip(&cursor, UINT64_MAX, "it"), PARE_EINCOMPLETE);
    assert_int_equal(cursor.pos, 1);
}

static void lengths_have_bounds(void **state)
{
    (void)state;
    uint64_t length = 0;
    memset(file, 0, 16);
    file[0] = 5;
    assert_int_equal(cursor_length(&cursor, 8, 1, 5, "it", &length), 0);
    assert_int_equal(length, 5);
    cursor_seek(&cursor, 0);
    assert_int_equal(cursor_length(&cursor, 2, 1, 4, "it", &length), 1);
    cursor_seek(&cursor, 8);
    assert_int_equal(cursor_length(&cursor, 4, 1, 4, "it", &length), 1);
    assert_int_equal(length, 0);
}

static void texts_end_with_nul(void **state)
{
    (void)state;
    char *text = NULL;
    uint64_t length = 0;
    memcpy(file, "\3\0abcdef", 8);
    assert_int_equal(cursor_text(&cursor, 2, 3, "it", &text, &length), 0);
    assert_string_equal(text, "abc");
    assert_int_equal(length, 3);
    take_memory(NULL, text);
    cursor_seek(&cursor, 0);
    assert_int_equal(cursor_open(&cursor, 0, "npy"), 0);
    assert_int_equal(cursor_text(&cursor, 2, 2, "the header", &text, &length), PARE_ELIMIT);
    assert_string_equal(message, "npy: the header is longer than the limit of 2 bytes");
    memset(file, 0xff, 4);
    cursor_seek(&cursor, 0);
    assert_int_equal(cursor_text(&cursor, 4, UINT64_MAX, "it", &text, &length), PARE_EINCOMPLETE);
    assert_int_equal(n_blocks, 1); /* the window: nothing was taken for 4 GiB that are not there */
}

static void failing_reads_are_passed_up(void **state)
{
    (void)state;
    static uint8_t got[CURSOR_WINDOW];
    char *text = NULL;
    uint64_t length = 0;
    reads_fail = 1;
    assert_int_equal(cursor_bytes(&cursor, got, 1, "it"), PARE_EIO);
    assert_int_equal(cursor_bytes(&cursor, got, sizeof(got), "it"), PARE_EIO);
    assert_int_equal(cursor_text(&cursor, 2, 3, "it", &text, &length), PARE_EIO);
    assert_int_equal(cursor.pos, 0);
    reads_fail = 0;
    assert_int_equal(cursor_bytes(&cursor, got, 8, "it"), 0);
    assert_memory_equal(got, file, 8);
}

static void names_become_printable(void **state)
{
    (void)state;
    char text[CURSOR_QUOTED];
    char name[400];
    assert_string_equal(cursor_quote("a`b\\\x80", 5, text), "a\\x60b\\x5c\\x80");
    memset(name, 'x', sizeof(name));
    assert_true(strlen(cursor_quote(name, sizeof(name), text)) < CURSOR_QUOTED);
    assert_string_equal(text + strlen(text) - 4, "x...");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(numbers_are_little_endian),   TEST(bytes_cross_the_window),
        TEST(large_reads_take_no_detour),  TEST(the_end_is_reported),
        TEST(lengths_have_bounds),         TEST(texts_end_with_nul),
        TEST(failing_reads_are_passed_up), TEST(names_become_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
