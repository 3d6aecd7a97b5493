/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Workers and whole jobs, with a fake worker (fake_worker.py) that does what the text of its source
 * asks for: it ends in every bad way, writes nonsense, lies about its output.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/timing.h"
#include "supervise/job_run.h"
#include "supervise/job_target.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static char worker[] = "./worker"; /* a script that starts the fake one in an empty environment */

static void put(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
}

static int set_up(void **state)
{
    char path[] = "/tmp/pare-supervise-XXXXXX", script[2000];
    *state = strdup(mkdtemp(path));
    if (chdir(*state) < 0)
        return -1;
    (void)snprintf(script, sizeof script, "#!/bin/sh\nexec '%s' '%s'\n", getenv("PARE_TEST_PYTHON"),
                   getenv("PARE_TEST_WORKER"));
    put(worker, script, 0755);
    return mkdir("out", 0755);
}

static int tear_down(void **state)
{
    struct error err = ERROR_INIT;
    int r = chdir("/") | file_remove_tree(AT_FDCWD, *state, &err);
    free(*state);
    return r;
}

/* ---- single workers ---- */

struct lines {
    int n;
    json_t *last;
};

static void on_line(void *context, const char *event, const json_t *line)
{
    struct lines *lines = context;
    (void)event;
    lines->n++;
    if (!strcmp(event, "start") || !strcmp(event, "model")) {
        json_decref(lines->last);
        lines->last = json_incref((json_t *)line);
    }
}

static json_t *request_for(const struct source_set *set, const char *kind)
{
    return json_pack("{s:s, s:o}", "kind", kind, "source", source_set_json(set));
}

/* Runs the worker on a source with these words. */
static int run_worker(const char *kind, const char *words, double silence, struct lines *lines,
                      struct error *err)
{
    struct source_set set = { 0 };
    put("m", words, 0644);
    assert_int_equal(source_set_open(AT_FDCWD, "m", 0, &set, err), 0);
    _cleanup_json_ json_t *request = request_for(&set, kind);
    int r = worker_process_run(worker, request, set.fds, set.n, silence, on_line, lines, err);
    source_set_deinit(&set);
    return r;
}

static void assert_kind_ends(const char *kind, const char *words, double silence, int code,
                             const char *text)
{
    struct error err = ERROR_INIT;
    struct lines lines = { 0 };
    uint64_t start = timing_now();
    int r = run_worker(kind, words, silence, &lines, &err);
    if (r != code || !strstr(err.text, text))
        fail_msg("%s: %d \"%s\", not %d \"%s\"", words, r, err.text, code, text);
    assert_true(timing_since(start) < 20);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* reaped */
    json_decref(lines.last);
}

static void assert_ends(const char *words, double silence, int code, const char *text)
{
    assert_kind_ends("probe", words, silence, code, text);
}

static void test_good_ends(void **state)
{
    (void)state;
    assert_ends("well", 0, 0, "");
    assert_ends("stderr", 0, 0, "");
    assert_kind_ends("inspect", "longmodel", 0, 0, "");
    assert_ends("goes", 0.6, 0, ""); /* for 1.5 s */
    assert_ends("orphan", 0, 0, "");
}

static void test_crashes(void **state)
{
    (void)state;
    assert_ends("segv", 0, PARE_ECRASH, "killed by signal 11 (Segmentation fault): last words");
    assert_ends("kill", 0, PARE_ECRASH, "probably out of memory");
    assert_ends("status", 0, PARE_ECRASH, "status 3 without saying why: I give up");
    assert_ends("nothing", 0, PARE_ECRASH, "before it was done");
    assert_ends("shut", 0, PARE_ECRASH, "killed by Pare, 5 s after it closed its output");
}

static void test_errors(void **state)
{
    (void)state;
    assert_ends("error", 0, PARE_EDATA, "byte 7 is wrong?[31m");
    assert_ends("pretend", 0, PARE_EINTERNAL, "success");
}

static void test_garbage(void **state)
{
    (void)state;
    assert_ends("garbage", 0, PARE_ECRASH, "not a JSON object");
    assert_ends("noevent", 0, PARE_ECRASH, "without \"event\"");
    assert_ends("longline", 0, PARE_ECRASH, "too long");
    assert_ends("endless", 0, PARE_ECRASH, "too long");
    assert_ends("more", 0, PARE_ECRASH, "more after its last line");
}

static void test_silence(void **state)
{
    (void)state;
    assert_ends("hang", 0.6, PARE_ETIMEOUT, "no sign of life");
    assert_ends("same", 0.6, PARE_ETIMEOUT, "no sign of life");
    assert_ends("back", 0.6, PARE_ETIMEOUT, "no sign of life");
}

/* What the flood costs us: the most memory that this process has had. */
static long peak_kib(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* Lines of every kind without end. */
static void test_floods(void **state)
{
    (void)state;
    long before = peak_kib();
    assert_ends("wide", 0, PARE_ECRASH, "takes too much memory");
    assert_ends("deep", 0, PARE_ECRASH, "warning: `text` is not a text");
    assert_ends("answers", 0, PARE_ECRASH, "a line that answers nothing (`model`)");
    assert_ends("unknown", 0, PARE_ECRASH, "a line that answers nothing (`hello`)");
    assert_ends("starts", 0, PARE_ECRASH, "too many lines of a kind (`start`)");
    assert_ends("warnings", 0, PARE_ECRASH, "too many lines of a kind (`warning`)");
    assert_ends("beats", 0, PARE_ECRASH, "too many lines of a kind (`progress`)");
    assert_ends("stage", 0, PARE_ECRASH, "`stage` is none that there is");
    assert_ends("type", 0, PARE_ECRASH, "`done` is not an integer");
    assert_ends("negative", 0, PARE_ECRASH, "`done` is -1, not from 0");
    assert_ends("infinite", 0, PARE_ECRASH, "not a JSON object");
    assert_ends("late", 0, PARE_ECRASH, "too long");
    assert_ends("twice", 0, PARE_ECRASH, "not a JSON object");
    assert_ends("padded", 0, PARE_ECRASH, "too long");
    assert_kind_ends("convert", "position", 0, PARE_ECRASH, "of a target that there is not");
    assert_ends("position", 0, PARE_ECRASH, "a line that answers nothing (`target`)");
    assert_ends("errors", 0, PARE_ECRASH, "too much to its standard error");
    assert_true(peak_kib() - before < 16 << 10);
}

static void test_no_worker(void **state)
{
    struct error err = ERROR_INIT;
    _cleanup_json_ json_t *request = json_object();
    (void)state;
    assert_int_equal(worker_process_run("./missing", request, NULL, 0, 0, NULL, NULL, &err),
                     PARE_EIO);
    assert_non_null(strstr(err.text, "cannot run the worker ./missing"));
    put("nonsense",
        "\x7f"
        "ELF nonsense",
        0755);
    assert_int_equal(worker_process_run("./nonsense", request, NULL, 0, 0, NULL, NULL, &err),
                     PARE_ECRASH);
    assert_non_null(strstr(err.text, "Exec format error"));
}

/* What the child has: no environment, only its descriptors, a process group of its own. */
static void test_surroundings(void **state)
{
    struct error err = ERROR_INIT;
    struct lines lines = { 0 };
    (void)state;
    int leak = open("/dev/null", O_RDONLY); /* inheritable on purpose */
    assert_int_equal(run_worker("inspect", "environment", 0, &lines, &err), 0);
    (void)close(leak);
    json_t *environment = json_object_get(lines.last, "environment");
    assert_null(json_object_get(environment, "HOME"));
    assert_null(json_object_get(environment, "PARE_TEST_WORKER"));
    assert_true(json_is_true(json_object_get(lines.last, "group")));
    assert_true(json_get_int(lines.last, "oom", 0) >= 500);
    /* 0, 1, 2, the source, and the listing's own */
    assert_int_equal(json_array_size(json_object_get(lines.last, "fds")), 5);
    json_decref(lines.last);
}

/* SIGTERM is not enough; the second call kills. */
static void test_stop(void **state)
{
    struct error err = ERROR_INIT;
    struct source_set set = { 0 };
    struct worker_process *process = NULL;
    struct lines lines = { 0 };
    (void)state;
    put("m", "stubborn", 0644);
    assert_int_equal(source_set_open(AT_FDCWD, "m", 0, &set, &err), 0);
    _cleanup_json_ json_t *request = request_for(&set, "probe");
    assert_int_equal(worker_process_start(worker, request, set.fds, 1, &process, &err), 0);
    int r = 0;
    for (int i = 0; r == 0 && i < 400; i++) {
        struct pollfd pollfd = { .fd = worker_process_fd(process), .events = POLLIN };
        (void)poll(&pollfd, 1, 50);
        r = worker_process_read(process, on_line, &lines, &err);
        if (lines.n && (i == 20 || i == 40))
            worker_process_stop(process);
    }
    assert_int_equal(r, 1);
    assert_int_equal(worker_process_result(process, &err), PARE_ECANCELLED);
    worker_process_free(process);
    json_decref(lines.last);
    source_set_deinit(&set);
}

/* ---- jobs ---- */

struct job {
    int published;
    unsigned told_of; /* bit i: a line was about target i */
    json_t *manifests[4];
};

static void on_event(void *context, const char *event, const json_t *line)
{
    struct job *job = context;
    int64_t target = json_get_int(line, "target", -1);
    assert_string_equal(json_get_string(line, "event", ""), event);
    if (target >= 0)
        job->told_of |= 1u << target;
}

static int on_published(void *context, size_t target, const json_t *head, struct tensor_rows *rows)
{
    struct job *job = context;
    struct error err = ERROR_INIT;
    struct tensor_row row;
    assert_true(target < 4);
    if (!job->manifests[target]) {
        assert_int_equal(rows->next(rows, &row, &err), 1);
        assert_int_equal(row.elements, 4);
        job->manifests[target] = json_incref((json_t *)head);
        return 1; /* once more, for the end of the rows */
    }
    assert_int_equal(rows->next(rows, &row, &err), 0);
    job->published++;
    return 0;
}

static void job_free(struct job *job)
{
    for (size_t i = 0; i < 4; i++)
        json_decref(job->manifests[i]);
}

static int (*published_fn)(void *, size_t, const json_t *, struct tensor_rows *) = on_published;

/* Runs a job with two targets, fake:f16 and folder:q8_0, to its end. */
static int run_job(const char *words, int first_done, struct job *job, struct error *err)
{
    struct source_set set = { 0 };
    struct job_target targets[2];
    put("model.fake", words, 0644);
    assert_int_equal(source_set_open(AT_FDCWD, "model.fake", 0, &set, err), 0);
    assert_int_equal(job_target_parse("fake:f16", ':', &targets[0], err), 0);
    assert_int_equal(job_target_parse("folder:q8_0", ':', &targets[1], err), 0);
    targets[0].done = first_done;
    int out = open("out", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct job_spec spec = { .uid = "20261123T000000-test00",
                             .origin = "/drop/model.fake",
                             .source = &set,
                             .targets = targets,
                             .n_targets = 2,
                             .out_dirfd = out,
                             .out_path = "out",
                             .settings = { .worker = worker, .silence = 10 } };
    struct job_callbacks callbacks = { on_event, published_fn, NULL, NULL, job };
    struct job_run *run = NULL;
    int r = job_run_start(&spec, &callbacks, &run, err);
    while (r == 0) {
        struct pollfd pollfd = { .fd = job_run_fd(run), .events = POLLIN };
        (void)poll(&pollfd, 1, job_run_is_busy(run) ? 0 : 200);
        r = job_run_step(run, err);
    }
    job_run_free(run, 0);
    struct error ignored = ERROR_INIT;
    while (job_clear(out, 1, &ignored) > 0)
        ;
    for (size_t i = 0; i < 2; i++)
        job_target_deinit(&targets[i]);
    source_set_deinit(&set);
    (void)close(out);
    return r;
}

static size_t count_entries(const char *path)
{
    size_t n = 0;
    DIR *dir = opendir(path);
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    (void)closedir(dir);
    return n - 2;
}

static void assert_mode(const char *path, mode_t mode)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, mode);
}

/* Whatever modes the worker gives: outputs are plain files. */
static void test_job_modes(void **state)
{
    struct job job = { 0 };
    struct error err = ERROR_INIT;
    (void)state;
    mode_t mask = umask(022);
    if (run_job("well setuid called:notes.txt", 0, &job, &err) != 1)
        fail_msg("%s", err.text);
    (void)umask(mask);
    assert_mode("out/model-F16.fake", 0644);
    assert_mode("out/model-Q8_0", 0755);
    assert_mode("out/model-Q8_0/a.fake", 0644);
    assert_mode("out/model-Q8_0/notes.txt", 0644);
    job_free(&job);
}

static void test_job(void **state)
{
    struct job job = { 0 };
    struct error err = ERROR_INIT;
    (void)state;
    if (run_job("well", 0, &job, &err) != 1)
        fail_msg("%s", err.text);
    assert_int_equal(job.published, 2);
    assert_int_equal(job.told_of, 3);
    assert_int_equal(count_entries("out"), 6); /* and no .pare */
    assert_int_equal(count_entries("out/model-Q8_0"), 2);
    const json_t *output = json_object_get(job.manifests[0], "output");
    const json_t *file = json_array_get(json_object_get(output, "files"), 0);
    assert_string_equal(json_get_string(output, "name", ""), "model-F16.fake");
    assert_string_equal(json_get_string(file, "name", ""), "model-F16.fake");
    assert_int_equal(strlen(json_get_string(file, "sha256", "")), 64);
    assert_null(json_object_get(job.manifests[0], "evil"));
    assert_true(
        json_is_null(json_object_get(json_object_get(job.manifests[0], "accuracy"), "sqnr_db")));
    _cleanup_free_ char *report = NULL;
    assert_int_equal(file_read_all(AT_FDCWD, "out/model-F16.fake.pare.md", 1 << 20, &report, NULL,
                                   &err),
                     0);
    assert_non_null(strstr(report, "t\\|\\`x\\`"));
    job_free(&job);
}

static void test_job_subfolder(void **state)
{
    struct job job = { 0 };
    struct error err = ERROR_INIT;
    (void)state;
    if (run_job("well below", 0, &job, &err) != 1)
        fail_msg("%s", err.text);
    assert_int_equal(access("out/model-Q8_0/sub/b.fake", F_OK), 0);
    const json_t *output = json_object_get(job.manifests[1], "output");
    const json_t *file = json_array_get(json_object_get(output, "files"), 1);
    assert_string_equal(json_get_string(file, "name", ""), "sub/b.fake");
    job_free(&job);
}

static void test_job_again(void **state)
{
    struct job job = { 0 }, again = { 0 };
    struct error err = ERROR_INIT;
    (void)state;
    assert_int_equal(run_job("well", 0, &job, &err), 1);
    assert_int_equal(run_job("well", 0, &again, &err), 1);
    assert_int_equal(count_entries("out"), 12);
    assert_int_equal(access("out/model-F16-2.fake.pare.json", F_OK), 0);
    assert_int_equal(access("out/model-Q8_0-2", F_OK), 0);
    job_free(&job);
    job_free(&again);
}

/* A target that an earlier life published is left alone, and the other keeps its index. */
static void test_job_half_done(void **state)
{
    struct job job = { 0 };
    struct error err = ERROR_INIT;
    (void)state;
    assert_int_equal(run_job("well", 1, &job, &err), 1);
    assert_int_equal(job.published, 1);
    assert_int_equal(job.told_of, 1 << 1);
    assert_non_null(job.manifests[1]);
    assert_int_equal(access("out/model-F16.fake", F_OK), -1);
    job_free(&job);
}

static int die_when_published(void *context, size_t target, const json_t *head,
                              struct tensor_rows *rows)
{
    (void)context, (void)target, (void)head, (void)rows;
    _exit(0);
}

/* The process dies right after publishing the first target; the job's next life finds it. */
static void test_job_next_life(void **state)
{
    struct job job = { 0 };
    struct error err = ERROR_INIT;
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        published_fn = die_when_published;
        (void)run_job("well", 0, &job, &err);
        _exit(1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(access("out/.pare/staging/20261123T000000-test00/0/publish.json", F_OK), 0);
    if (run_job("well", 0, &job, &err) != 1)
        fail_msg("%s", err.text);
    assert_int_equal(job.published, 2);
    assert_int_equal(job.told_of, 1 << 1);
    assert_int_equal(count_entries("out"), 6);
    job_free(&job);
}

/* Only what has the mark and no living owner is cleared away. */
static void test_sweep(void **state)
{
    static const char *const left[] = { "gone", "theirs", "alive" };
    struct error err = ERROR_INIT;
    char path[100];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "out/.pare/staging/%s/work", left[i]);
        assert_int_equal(file_make_dirs(path, 0755, &err), 0);
    }
    put("out/.pare/staging/gone/one-shot", "", 0600);
    put("out/.pare/staging/alive/one-shot", "", 0600);
    int alive = open("out/.pare/staging/alive", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(alive, LOCK_EX), 0);
    int out = open("out", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(job_sweep(out, NULL, &err), 0);
    assert_int_equal(access("out/.pare/staging/gone", F_OK), -1);
    assert_int_equal(access("out/.pare/staging/theirs/work", F_OK), 0);
    assert_int_equal(access("out/.pare/staging/alive/work", F_OK), 0);
    (void)close(alive);
    (void)close(out);
}

static void assert_job_fails(const char *words, int code, const char *text, int published)
{
    struct job job = { 0 };
    struct error err = ERROR_INIT;
    int r = run_job(words, 0, &job, &err);
    if (r != code || !strstr(err.text, text))
        fail_msg("%s: %d \"%s\", not %d \"%s\"", words, r, err.text, code, text);
    assert_int_equal(job.published, published);
    assert_int_equal(count_entries("out"), (size_t)published * 3);
    job_free(&job);
}

static void test_job_failures(void **state)
{
    (void)state;
    assert_job_fails("x fail", PARE_ENONFINITE, "NaN at 3", 0);
    assert_job_fails("segv", PARE_ECRASH, "Segmentation fault", 0);
    assert_job_fails("x badverify", PARE_EVERIFY, "fake:f16: tensor t differs", 0);
    assert_job_fails("x nodigest", PARE_ECRASH, "`sha256` is not a SHA-256", 0);
    assert_job_fails("x unverified", PARE_EVERIFY, "did not say", 0);
    assert_job_fails("x silent", PARE_ECRASH, "said nothing of target", 0);
    assert_job_fails("x badfirst", PARE_EVERIFY, "fake:f16: tensor t differs", 1);
}

static void test_job_lies(void **state)
{
    (void)state;
    assert_job_fails("x size", PARE_EVERIFY, "bytes and it said", 0);
    assert_job_fails("x symlink", PARE_EDATA, "symbolic link", 0);
    assert_job_fails("x extra", PARE_EVERIFY, "holds more files", 0);
    assert_job_fails("x hollow", PARE_EVERIFY, "holds more files", 0);
    assert_job_fails("x below deep", PARE_EVERIFY, "holds more files", 0);
    assert_job_fails("x dots", PARE_EVERIFY, "calls its output", 0);
    assert_job_fails("x suffix", PARE_EVERIFY, "calls its output", 0);
    assert_job_fails("x stem", PARE_EVERIFY, "calls its output", 0);
    assert_job_fails("x mute", PARE_EVERIFY, "nobody said how files of this format end", 0);
    assert_job_fails("x program", PARE_EVERIFY, "not \"model-F16.fake\"", 0);
    assert_job_fails("x called:run.sh", PARE_EVERIFY, "calls a file \"run.sh\"", 0);
    assert_job_fails("x called:.hidden.json", PARE_EVERIFY, "calls a file", 0);
    assert_job_fails("x again", PARE_EVERIFY, "\"model-F16.fake\" twice", 0);
    assert_job_fails("x miscount", PARE_EVERIFY, "found 2 tensors", 0);
    assert_job_fails("x oversampled", PARE_EVERIFY, "400 sampled weights", 0);
    assert_job_fails("x filename", PARE_EVERIFY, "calls a file", 0);
    assert_job_fails("x norows", PARE_EIO, "rows of tensors", 0);
    assert_job_fails("x rowlink", PARE_EDATA, "symbolic link", 0);
    assert_job_fails("x head", PARE_EVERIFY, "no whole header", 0);
    assert_job_fails("x version", PARE_EVERIFY, "not a file of tensor rows of version 1", 0);
    assert_job_fails("x count", PARE_EVERIFY, "row 1 ends behind the rows", 0);
    assert_job_fails("x cut", PARE_EVERIFY, "do not fill the file", 0);
    assert_job_fails("x behind", PARE_EVERIFY, "more behind the last of 1 rows", 0);
    assert_job_fails("x long", PARE_EVERIFY, "ends behind the rows", 0);
    assert_job_fails("x shape", PARE_EVERIFY, "its shape and its number of elements differ", 0);
    assert_job_fails("x infinite", PARE_EVERIFY, "a figure is infinite", 0);
    assert_job_fails("x outside", PARE_EVERIFY, "its sample lies outside", 0);
    assert_job_fails("x many shape", PARE_EVERIFY, "its shape and its number of", 0); /* child */
    assert_job_fails("well figure", PARE_ECRASH, "`relative_error` is not a number", 0);
    assert_job_fails("well range", PARE_ECRASH, "`relative_error` is -0.5, not from 0", 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        TEST(test_good_ends),
        TEST(test_crashes),
        TEST(test_errors),
        TEST(test_garbage),
        TEST(test_silence),
        TEST(test_floods),
        TEST(test_no_worker),
        TEST(test_surroundings),
        TEST(test_stop),
        TEST(test_job),
        TEST(test_job_modes),
        TEST(test_job_subfolder),
        TEST(test_job_again),
        TEST(test_job_half_done),
        TEST(test_job_failures),
        TEST(test_job_lies),
        TEST(test_job_next_life),
        TEST(test_sweep),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
