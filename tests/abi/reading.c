/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Files in which some tensors are plain and some computed, on one thread and on four. Arguments:
 * the folder of the built kinds, and that of Pare's plugins.
 */
#include "plugin/source.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "kinds/library.h"
#include "plugin/cpu.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ROWS 6
#define COLUMNS 10
#define BYTES (4 * ROWS * COLUMNS)
#define N_TENSORS 4
#define N_THREADS 4
#define HEAD (8 + N_TENSORS * (int)sizeof(struct library_record))

static const char *plugin_dirs;

/* A file of four tensors: "plain", "text", "meet", which is text, too, and "torn", of whose
 * bytes 7, 17, 27 and so on are no numbers. The i-th tensor's byte k is byte_of(i, k). */
static const char *const names[N_TENSORS] = { "plain", "text", "meet", "torn" };

static uint8_t byte_of(uint64_t tensor, uint64_t k)
{
    return (uint8_t)(k * 13 % 29 + 32 * tensor);
}

struct mixed_file {
    struct registry *registry;
    struct model *model;
    struct source *source;
    int fd;
};

static int make_file(const char *magic, uint64_t *ret_size)
{
    char name[] = "/tmp/pare-mixed-XXXXXX";
    struct error err = ERROR_INIT;
    const uint32_t n = N_TENSORS;
    uint64_t offset = HEAD;
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    (void)unlink(name);
    assert_int_equal(file_pwrite(fd, magic, 4, 0, &err), 0);
    assert_int_equal(file_pwrite(fd, &n, sizeof n, 4, &err), 0);
    for (uint32_t i = 0; i < n; i++) {
        char data[2 * BYTES + 1];
        struct library_record record = {
            .is_text = i > 0, .rows = ROWS, .columns = COLUMNS, .offset = offset
        };
        (void)snprintf(record.name, sizeof record.name, "%s", names[i]);
        (void)snprintf(record.role, sizeof record.role, "%s", i ? "weight" : "");
        for (size_t k = 0; k < BYTES; k++)
            if (i)
                (void)snprintf(data + 2 * k, 3, "%02x", byte_of(i, k));
            else
                data[k] = (char)byte_of(i, k);
        for (size_t k = 7; i == 3 && k < BYTES; k += 10)
            data[2 * k] = 'x';
        size_t length = i ? 2 * BYTES : BYTES;
        assert_int_equal(file_pwrite(fd, &record, sizeof record, 8 + i * sizeof record, &err), 0);
        assert_int_equal(file_pwrite(fd, data, length, offset, &err), 0);
        offset += length;
    }
    *ret_size = offset;
    return fd;
}

static void mixed_open(struct mixed_file *mixed, const char *magic)
{
    struct error err = ERROR_INIT;
    uint64_t size = 0;
    mixed->fd = make_file(magic, &size);
    assert_int_equal(registry_new(cpu_detect(), &mixed->registry, &err), 0);
    assert_int_equal(registry_load_dirs(mixed->registry, plugin_dirs, &err), 0);
    assert_int_equal(model_new(&mixed->model, &err), 0);
    assert_int_equal(model_add_file(mixed->model, "mixed", mixed->fd, size, &err), 0);
    if (source_open(mixed->registry, mixed->model, NULL, NULL, &mixed->source, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(mixed->model->n_tensors, N_TENSORS);
}

static void mixed_close(struct mixed_file *mixed)
{
    source_close(mixed->source);
    model_free(mixed->model);
    registry_free(mixed->registry);
    (void)close(mixed->fd);
}

/* What went wrong, or NULL. Threads cannot fail a test themselves. */
static const char *read_in_parts(struct source *source, uint64_t tensor, size_t step)
{
    struct error err = ERROR_INIT;
    uint8_t bytes[BYTES];
    for (size_t at = 0; at < BYTES; at += step) {
        size_t n = at + step < BYTES ? step : BYTES - at;
        if (source_read(source, tensor, 0, at, bytes + at, n, &err) < 0)
            return "reading failed";
    }
    for (size_t k = 0; k < BYTES; k++)
        if (bytes[k] != byte_of(tensor, k))
            return "other bytes";
    return NULL;
}

static void plain_and_computed(void **state)
{
    (void)state;
    struct mixed_file mixed;
    struct error err = ERROR_INIT;
    uint8_t bytes[BYTES];
    mixed_open(&mixed, "MIXD");
    const struct model_tensor *tensors = mixed.model->tensors;
    assert_string_equal(mixed.model->format, "mixed");
    assert_false(tensors[0].computed);
    assert_true(tensors[1].computed && tensors[2].computed);
    assert_null(tensors[0].role);
    assert_string_equal(tensors[1].role, "weight");
    assert_int_equal(tensors[1].channel, 1);
    for (uint64_t i = 0; i < 3; i++)
        for (size_t step = 1; step <= BYTES; step = step * 3 + 1)
            assert_null(read_in_parts(mixed.source, i, step));
    assert_int_equal(source_read(mixed.source, 3, 0, 5, bytes, 4, &err), PARE_EDATA);
    assert_string_equal(err.text, "tensor torn: byte 7 is no hexadecimal number");
    mixed_close(&mixed);
}

struct reading {
    struct source *source;
    uint64_t tensor;
    int number;
    const char *problem;
};

/* Each thread meets its own errors, byte 7, 17, 27 or 37, and no one else's. */
static void *read_and_fail(void *context)
{
    struct reading *reading = context;
    char want[100];
    uint8_t bytes[BYTES];
    reading->problem = read_in_parts(reading->source, reading->tensor, BYTES);
    (void)snprintf(want, sizeof want, "tensor torn: byte %d is no hexadecimal number",
                   10 * reading->number + 7);
    for (int i = 0; i < 200 && !reading->problem; i++) {
        struct error err = ERROR_INIT;
        int fails = (i + reading->number) % 2;
        int r = source_read(reading->source, fails ? 3 : 1, 0, 10 * (uint64_t)reading->number,
                            bytes, 8, &err);
        if (fails && (r != PARE_EDATA || strcmp(err.text, want) != 0))
            reading->problem = "another error";
        if (!fails && (r != 0 || err.code))
            reading->problem = "an error of another thread's";
    }
    return NULL;
}

static void read_on_threads(const char *magic, uint64_t tensor)
{
    struct mixed_file mixed;
    struct reading readings[N_THREADS];
    pthread_t threads[N_THREADS];
    mixed_open(&mixed, magic);
    for (int i = 0; i < N_THREADS; i++) {
        readings[i] = (struct reading){ mixed.source, tensor, i, NULL };
        assert_int_equal(pthread_create(&threads[i], NULL, read_and_fail, &readings[i]), 0);
    }
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < N_THREADS; i++)
        if (readings[i].problem)
            fail_msg("thread %d: %s", i, readings[i].problem);
    mixed_close(&mixed);
}

/* The reader notices when two threads are in it. */
static void one_thread_at_a_time(void **state)
{
    (void)state;
    read_on_threads("MIXD", 1);
}

/* The reader waits until four threads are in it. */
static void four_threads_at_once(void **state)
{
    (void)state;
    read_on_threads("MIXP", 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_and_computed),
        cmocka_unit_test(one_thread_at_a_time),
        cmocka_unit_test(four_threads_at_once),
    };
    char dirs[8192];
    if (argc != 3)
        return 2;
    (void)snprintf(dirs, sizeof dirs, "%s:%s", argv[1], argv[2]);
    plugin_dirs = dirs;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
