/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Rows of tensors as files, and manifests read tensor by tensor: what goes in comes out, and
 * nothing that is damaged, cut or hostile does.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "results/manifest_file.h"
#include "results/report.h"
#include "results/rows_file.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

static struct error err;

static struct tensor_row make_row(const char *name, double decibels)
{
    struct tensor_row row = { .name = text_of(name),
                              .origin = text_of("gptq int4"),
                              .from = text_of("bf16"),
                              .to = text_of("q4_k"),
                              .n_dims = 2,
                              .dims = { 2, 256 },
                              .elements = 512,
                              .bytes_in = 1024,
                              .bytes = 288,
                              .importance = 1,
                              .lattice = ROW_LATTICE_ROUNDED,
                              .probe_first = 256,
                              .probe_count = 256 };
    for (size_t i = 0; i < ROW_FIGURES; i++)
        row.figures[i] = i == ROW_WEIGHTED_SQNR_DB ? NAN : 0.25 * (double)i;
    row.figures[ROW_SQNR_DB] = decibels;
    return row;
}

static int memory_file(void)
{
    int fd = memfd_create("rows", MFD_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static int write_rows(size_t n)
{
    struct rows_writer *writer = NULL;
    int fd = memory_file();
    assert_int_equal(rows_writer_new(fd, &writer, &err), 0);
    for (size_t i = 0; i < n; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "t\"%zu\xff", i);
        const struct tensor_row row = make_row(name, i % 7 ? 20 + (double)(i * 37 % n) : NAN);
        assert_int_equal(rows_writer_add(writer, &row, &err), 0);
    }
    assert_int_equal(rows_writer_finish(writer, &err), 0);
    rows_writer_free(writer);
    return fd;
}

static void assert_same(const struct tensor_row *a, const struct tensor_row *b)
{
    assert_true(text_equals(a->name, b->name) && text_equals(a->from, b->from));
    assert_true(text_equals(a->to, b->to) && text_equals(a->origin, b->origin));
    assert_true(a->elements == b->elements && a->bytes == b->bytes && a->n_dims == b->n_dims);
    assert_true(a->importance == b->importance && a->lattice == b->lattice);
    for (size_t i = 0; i < ROW_PROBE_SSE; i++)
        assert_true(a->figures[i] == b->figures[i] || isnan(b->figures[i]));
}

static void test_rows(void **state)
{
    (void)state;
    const size_t n = 20000; /* more than a buffer holds */
    _cleanup_close_ int fd = write_rows(n);
    struct rows_file *file = NULL;
    struct tensor_row row;
    assert_int_equal(rows_file_open(fd, &file, &err), 0);
    assert_int_equal(rows_file_count(file), n);
    struct tensor_rows *rows = rows_file_rows(file);
    for (int again = 0; again < 2; again++) {
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(rows->next(rows, &row, &err), 1);
            const struct tensor_row wanted = make_row("t", row.figures[ROW_SQNR_DB]);
            assert_true(text_begins(row.name, "t\""));
            row.name = wanted.name;
            assert_same(&row, &wanted);
        }
        assert_int_equal(rows->next(rows, &row, &err), 0);
        rows_file_rewind(file);
    }
    rows_file_close(file);
}

/* Every byte of a small file damaged in turn, and the file cut after each: read to its end without
 * a fault, or refused. */
static void test_damaged_rows(void **state)
{
    (void)state;
    _cleanup_close_ int fd = write_rows(3);
    off_t size = lseek(fd, 0, SEEK_END);
    int refused = 0;
    for (off_t at = 0; at < 2 * size; at++) {
        _cleanup_close_ int other = memory_file();
        char data[2048];
        struct rows_file *file = NULL;
        struct tensor_row row;
        assert_true(size < (off_t)sizeof data && pread(fd, data, sizeof data, 0) == size);
        if (at < size)
            data[at] = (char)(data[at] ^ (at % 2 ? 0x80 : 0xff));
        off_t length = at < size ? size : at - size;
        assert_int_equal(write(other, data, (size_t)length), length);
        int r = rows_file_open(other, &file, &err);
        while (r == 0 || r == 1) {
            r = rows_file_rows(file)->next(rows_file_rows(file), &row, &err);
            if (r == 0)
                break;
        }
        assert_true(r == 0 || r == PARE_EVERIFY);
        assert_true(at < size || r == PARE_EVERIFY); /* a cut file never passes */
        refused += r < 0;
        rows_file_close(file);
    }
    assert_true(refused > size);
}

/* ---- manifests ---- */

static struct manifest_file *open_text(const char *text, int *ret_code)
{
    struct manifest_file *file = NULL;
    int fd = open("manifest", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
    *ret_code = manifest_file_open(AT_FDCWD, "manifest", &file, &err);
    (void)unlink("manifest");
    return *ret_code == 0 ? file : NULL;
}

static void test_manifest_round(void **state)
{
    (void)state;
    _cleanup_close_ int fd = write_rows(3000);
    _cleanup_close_ int out = open("manifest", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    _cleanup_json_ json_t *head = json_pack("{s:i, s:{s:s}}", "pare_manifest", 1, "output", "name",
                                            "\"tensors\": [");
    struct rows_file *file = NULL;
    struct report_tensors *tensors = NULL;
    assert_int_equal(rows_file_open(fd, &file, &err), 0);
    assert_int_equal(report_tensors_new(3000, 1, &tensors, &err), 0);
    assert_int_equal(manifest_file_write(out, head, rows_file_rows(file), report_tensors_add,
                                         tensors, &err),
                     0);
    struct manifest_file *manifest = NULL;
    assert_int_equal(manifest_file_open(AT_FDCWD, "manifest", &manifest, &err), 0);
    assert_true(json_equal(manifest_file_head(manifest), head));
    for (int again = 0; again < 2; again++) {
        struct tensor_rows *rows = manifest_file_rows(manifest);
        struct tensor_row a, b;
        rows_file_rewind(file);
        int r;
        while ((r = rows->next(rows, &a, &err)) > 0) {
            assert_int_equal(rows_file_rows(file)->next(rows_file_rows(file), &b, &err), 1);
            assert_true(text_ends(a.name, "\\xff")); /* JSON has no such byte */
            a.name = b.name;
            assert_same(&a, &b);
        }
        assert_int_equal(r, 0);
        assert_int_equal(rows_file_rows(file)->next(rows_file_rows(file), &b, &err), 0);
    }
    manifest_file_close(manifest);
    rows_file_close(file);
    /* The report names the worst, worst first, and counts all. */
    _cleanup_free_ char *report = report_text(head, tensors);
    assert_non_null(
        strstr(report, "There are 3 000 tensors: all are in the manifest, the 100 that"));
    assert_non_null(strstr(report, "| q4_k | 3 000 |"));
    const char *line = strstr(report, "| 2×256 |");
    double last = 0;
    size_t n = 0;
    for (; line && n < 1000; line = strstr(line + 1, "| 2×256 |"), n++) {
        double decibels = 0;
        assert_int_equal(sscanf(line, "| 2×256 | bf16 | q4_k (lattice) | 288 | %lf", &decibels), 1);
        assert_true(decibels >= last && decibels < 150);
        last = decibels;
    }
    assert_int_equal(n, REPORT_WORST);
    report_tensors_free(tensors);
    (void)unlink("manifest");
}

static void assert_rows(const char *text, int count, int code)
{
    int r;
    struct manifest_file *file = open_text(text, &r);
    struct tensor_row row;
    int n = 0;
    if (!file && r != code)
        fail_msg("%s: %d: %s", text, r, err.text);
    if (!file)
        return;
    struct tensor_rows *rows = manifest_file_rows(file);
    while ((r = rows->next(rows, &row, &err)) > 0)
        n++;
    manifest_file_close(file);
    if (r != code || n != count)
        fail_msg("%s: %d rows, %d: %s", text, n, r, r < 0 ? err.text : "");
}

#define ROW "{\"name\":\"t]}\\\"\",\"shape\":[1],\"from\":\"a\",\"to\":\"b\",\"elements\":1}"

static void test_manifests_by_others(void **state)
{
    (void)state;
    assert_rows("{\"tensors\":[]}", 0, 0);
    assert_rows("{ \"tensors\" :\n [ " ROW " ,\n" ROW " ] , \"x\": [1, {}] }", 2, 0);
    assert_rows("{\"a\":{\"tensors\":[1]},\"b\":\"\\\"tensors\\\":[\",\"tensors\":[" ROW "]}", 1,
                0);
    assert_rows("{\"tensors\":[" ROW "," ROW "]", 0, PARE_EDATA);
    assert_rows("{\"tensors\":[" ROW ",", 0, PARE_EDATA);
    assert_rows("{\"tensors\":[" ROW ",]}", 1, PARE_EDATA);
    assert_rows("{\"tensors\":[," ROW "]}", 0, PARE_EDATA);
    assert_rows("{\"tensors\":[" ROW ROW "]}", 1, PARE_EDATA);
    assert_rows("{\"tensors\":[1]}", 0, PARE_EDATA);
    assert_rows("{\"tensors\":[{}]}", 0, PARE_EDATA);
    assert_rows("{\"tensors\":[{]]}", 0, PARE_EDATA);
    assert_rows("{\"tensors\":[],\"tensors\":[]}", 0, PARE_EDATA);
    assert_rows("{\"tensors\":{}}", 0, PARE_EDATA);
    assert_rows("{\"x\":[\"tensors\",[]]}", 0, PARE_EDATA);
    assert_rows("[{\"tensors\":[]}]", 0, PARE_EDATA);
    assert_rows("{\"x\":1,\"x\":2,\"tensors\":[]}", 0, PARE_EDATA);
    assert_rows("", 0, PARE_EDATA);
    _cleanup_free_ char *wide = malloc((18u << 20) + 100);
    assert_non_null(wide);
    size_t n = (size_t)sprintf(wide, "{\"tensors\":[],\"x\":\"");
    memset(wide + n, 'x', 17u << 20);
    (void)strcpy(wide + n + (17u << 20), "\"}");
    assert_rows(wide, 0, PARE_ELIMIT);
    n = (size_t)sprintf(wide, "{\"tensors\":[{\"x\":\"");
    memset(wide + n, 'x', 17u << 20);
    (void)strcpy(wide + n + (17u << 20), "\"}]}");
    assert_rows(wide, 0, PARE_ELIMIT);
    assert_int_equal(symlink("/etc/passwd", "manifest"), 0);
    struct manifest_file *file = NULL;
    assert_true(manifest_file_open(AT_FDCWD, "manifest", &file, &err) < 0);
    (void)unlink("manifest");
}

int main(void)
{
    char path[] = "/tmp/pare-results-XXXXXX";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_damaged_rows),
        cmocka_unit_test(test_manifest_round),
        cmocka_unit_test(test_manifests_by_others),
    };
    if (!mkdtemp(path) || chdir(path) < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)!chdir("/");
    (void)rmdir(path);
    return failed;
}
