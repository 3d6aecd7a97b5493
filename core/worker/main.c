/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * pare-worker: one job, read from standard input, answered on standard output (docs/protocol.md).
 * It is started by pared and pare, not by people.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/memory.h"
#include "config.h"
#include "plugin/cpu.h"
#include "plugin/source.h"
#include "settings/settings.h"
#include "weights/measure.h"
#include "worker/bench_job.h"
#include "worker/check_job.h"
#include "worker/compare.h"
#include "worker/convert.h"
#include "worker/inspect.h"
#include "worker/nursery.h"
#include "worker/probe.h"
#include "worker/sandbox.h"
#include "worker/verify.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_REQUEST (256u << 20)
#define LEAST_MEMORY (UINT64_C(8) << 30)
#define THREAD_MEMORY (UINT64_C(80) << 20)

struct worker {
    json_t *request;
    struct registry *registry; /* a nursery's, or loaded for the job */
    char *nursery;             /* for which settings it was loaded, if a nursery did (make_key) */
    struct model *model, *other, *importance;
    uint32_t cpu;
    struct job_context job;
    pthread_mutex_t lock; /* for what follows: readers warn on any thread */
    int unheard;          /* errno of a line that could not be written */
    char text[4096];      /* of a line, if it is short */
};

/* Writes a line, but none that may lack a part because memory ran out (memory.h). */
static void emit(void *context, json_t *line)
{
    struct worker *w = context;
    (void)pthread_mutex_lock(&w->lock);
    size_t n = json_to_buffer(line, w->text, sizeof w->text);
    _cleanup_free_ char *longer = n > sizeof w->text ? json_to_text(line) : NULL;
    const char *text = n > sizeof w->text ? longer : w->text;
    json_decref(line);
    if (!n || !text)
        memory_note_failure();
    else if (!memory_failed() && (fwrite(text, n, 1, stdout) != 1 || putc('\n', stdout) == EOF ||
                                  fflush(stdout) == EOF))
        w->unheard = errno;
    (void)pthread_mutex_unlock(&w->lock);
}

/* The last line of a failed job. It is written even when there is no memory. */
static void emit_error(const struct error *err)
{
    _cleanup_json_ json_t *line = json_pack("{s:s, s:s, s:o}", "event", "error", "code",
                                            error_name(err->code), "text",
                                            json_text(err->text, strlen(err->text)));
    _cleanup_free_ char *text = line ? json_to_text(line) : NULL;
    if (text)
        (void)printf("%s\n", text);
    else
        (void)printf("{\"event\":\"error\",\"code\":\"%s\",\"text\":\"out of memory\"}\n",
                     error_name(err->code));
    (void)fflush(stdout);
}

static int read_request(json_t **ret_request, struct error *err)
{
    size_t n = 0, capacity = 1 << 16;
    _cleanup_free_ char *text = malloc(capacity);
    for (;;) {
        if (!text)
            return error_oom(err);
        ssize_t got = read(STDIN_FILENO, text + n, capacity - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_errno(err, errno, "cannot read the request");
        if (got == 0)
            break;
        n += (size_t)got;
        if (n > MAX_REQUEST)
            return error_set(err, PARE_ELIMIT, "the request has over %u bytes", MAX_REQUEST);
        if (n == capacity) {
            char *bigger = realloc(text, capacity *= 2);
            if (!bigger)
                return error_oom(err);
            text = bigger;
        }
    }
    return json_parse_object(text, n, ret_request, err);
}

static unsigned count_cpus(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) < 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n < 1 ? 1 : n > 256 ? 256 : (unsigned)n;
}

static unsigned wanted_threads(const json_t *request)
{
    uint64_t n = settings_count(request, "threads");
    return n < 1 ? count_cpus() : n > 256 ? 256 : (unsigned)n;
}

static int add_file(struct model *model, const json_t *file, struct error *err)
{
    const char *name = json_get_string(file, "name", "");
    int fd = (int)json_get_int(file, "fd", -1);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return error_set(err, PARE_EUSAGE, "file `%s`: descriptor %d is not open", name, fd);
    if (!S_ISREG(st.st_mode))
        return error_set(err, PARE_EDATA, "%s: not a regular file", name);
    return model_add_file(model, name, fd, (uint64_t)st.st_size, err);
}

/* The model that a request names under `key`. While it is read, its description takes what
 * base/memory.h allows; 64 MiB and twice its files' size is a bound for what comes later. */
static int make_model(const json_t *request, const char *key, struct model **ret_model,
                      struct error *err)
{
    const json_t *files = json_object_get(json_object_get(request, key), "files");
    uint64_t bytes = 0;
    int r = model_new(ret_model, err);
    if (r < 0)
        return r;
    for (size_t i = 0; r == 0 && i < json_array_size(files); i++) {
        r = add_file(*ret_model, json_array_get(files, i), err);
        if (r == 0)
            bytes += (*ret_model)->files[i].size;
    }
    (*ret_model)->memory.limit = (64u << 20) + 2 * bytes;
    return r;
}

/* Address space: what is asked for, or by default so much that a real model meets the machine's end
 * first. Each thread has a stack, and a heap of which most is never used. */
static uint64_t memory_limit(const json_t *request)
{
    uint64_t asked = settings_count(request, "memory_limit");
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    uint64_t limit = pages > 0 && page > 0 ? (uint64_t)pages / 4 * 3 * (uint64_t)page : 0;
    if (limit < LEAST_MEMORY)
        limit = LEAST_MEMORY;
    return asked ? asked : limit + wanted_threads(request) * THREAD_MEMORY;
}

static struct sandbox_rules confinement(const json_t *request)
{
    return (struct sandbox_rules){
        .plugins = json_get_string(request, "plugins", ""),
        .recipes = json_get_string(request, "recipes", ""),
        .architectures = json_get_string(request, "architectures", ""),
        .library = json_get_string(request, "library", ""),
        .staging = (int)json_get_int(request, "staging", -1),
        .memory_limit = memory_limit(request),
        .required = !strcmp(settings_text(request, "sandbox"), "require"),
    };
}

/* libcrypto reads its configuration when it is used first. */
static int warm_up(struct error *err)
{
    char digest[HASH_HEX_SIZE];
    return hash_of("", 0, digest, err);
}

static int confine(const struct worker *w, json_t **ret_report, struct error *err)
{
    struct sandbox_rules rules = confinement(w->request);
    int r = warm_up(err);
    if (r < 0)
        return r;
    if (!strcmp(settings_text(w->request, "sandbox"), "off")) {
        *ret_report = json_pack("{s:b, s:b, s:i, s:b, s:[s]}", "no_new_privs", 0, "rlimits", 0,
                                "landlock", 0, "seccomp", 0, "missing", "all (sandbox = off)");
        return 0;
    }
    return sandbox_enter(&rules, ret_report, err);
}

static int start(struct worker *w, struct error *err)
{
    unsigned threads = wanted_threads(w->request);
    json_t *report = NULL;
    char cpu[64];
    int r = settings_check(w->request, err);
    if (r == 0)
        r = cpu_parse(settings_text(w->request, "cpu"), &w->cpu, err);
    if (r == 0)
        r = confine(w, &report, err);
    if (r < 0)
        return r;
    measure_use(w->cpu);
    cpu_describe(w->cpu, cpu, sizeof cpu);
    w->job = (struct job_context){ .recipes = json_get_string(w->request, "recipes", ""),
                                   .architectures = json_get_string(w->request, "architectures",
                                                                    ""),
                                   .request = w->request,
                                   .threads = threads,
                                   .warnings = json_array(),
                                   .emit = emit,
                                   .emit_context = w };
    job_emit(&w->job, "start",
             json_pack("{s:s, s:s, s:i, s:o}", "version", PARE_VERSION, "cpu", cpu, "threads",
                       (int)threads, "sandbox", report));
    return 0;
}

/* The members of a request that say which plugins there are, and which of their kernels. */
static char *make_key(const json_t *request)
{
    char *key = NULL;
    if (asprintf(&key, "%s\n%s", json_get_string(request, "plugins", ""),
                 settings_text(request, "cpu")) < 0)
        return NULL;
    return key;
}

/* The plugins that a nursery has loaded must be those of the request. */
static int take_loaded(struct worker *w, struct error *err)
{
    _cleanup_free_ char *key = make_key(w->request);
    if (!key)
        return error_oom(err);
    if (strcmp(key, w->nursery) != 0)
        return error_set(err, PARE_EINTERNAL, "the nursery has loaded other plugins");
    w->job.registry = w->registry;
    return 0;
}

static int load_plugins(struct worker *w, struct error *err)
{
    if (w->nursery)
        return take_loaded(w, err);
    int alone = !strcmp(json_get_string(w->request, "kind", ""), "check");
    int r = registry_new(w->cpu, &w->registry, err);
    if (r == 0)
        r = alone
                ? check_job_load(&w->job, w->registry, err)
                : registry_load_dirs(w->registry, json_get_string(w->request, "plugins", ""), err);
    w->job.registry = w->registry;
    if (r == 0)
        sandbox_seal();
    return r;
}

static int do_recipes(const struct worker *w, struct error *err)
{
    json_t *list = NULL;
    int r = recipe_list(w->job.recipes, &list, err);
    if (r == 0)
        job_emit(&w->job, "recipes", json_pack("{s:o}", "recipes", list));
    return r;
}

static int do_job(struct worker *w, json_t **ret_done, struct error *err)
{
    const char *kind = json_get_string(w->request, "kind", "");
    int staging = (int)json_get_int(w->request, "staging", -1);
    if (!strcmp(kind, "convert"))
        return job_convert(&w->job, w->model, staging, ret_done, err);
    if (!strcmp(kind, "plan"))
        return job_plan(&w->job, w->model, err);
    if (!strcmp(kind, "verify"))
        return job_verify(&w->job, w->model, w->other, err);
    if (!strcmp(kind, "probe"))
        return job_probe(&w->job, w->model, err);
    if (!strcmp(kind, "inspect"))
        return job_inspect(&w->job, w->model, err);
    if (!strcmp(kind, "compare"))
        return job_compare(&w->job, w->model, w->other, err);
    if (!strcmp(kind, "recipes"))
        return do_recipes(w, err);
    if (!strcmp(kind, "bench"))
        return job_bench(&w->job, err);
    if (!strcmp(kind, "check"))
        return job_check(&w->job, err);
    if (strcmp(kind, "plugins") != 0)
        return error_set(err, PARE_EUSAGE, "unknown kind of job `%s`", kind);
    job_emit(&w->job, "plugins", registry_describe(w->registry));
    return 0;
}

/* Fails if anything that the job has said so far did not reach the parent whole. */
static int check_heard(const struct worker *w, struct error *err)
{
    if (memory_failed())
        return error_oom(err);
    return w->unheard ? error_errno(err, w->unheard, "cannot write the answer") : 0;
}

static int finish(const struct worker *w, json_t *done, struct error *err)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    if (!done)
        done = json_object();
    (void)json_object_set_new(done, "peak_rss", json_integer(usage.ru_maxrss * 1024LL));
    (void)json_object_set_new(done, "plugins", registry_versions(w->registry));
    int r = check_heard(w, err);
    if (r < 0) {
        json_decref(done);
        return r;
    }
    job_emit(&w->job, "done", done);
    return check_heard(w, err);
}

/* Loads what all jobs need, and waits for them. 1: this process is a copy for one job now; 0: the
 * parent wants no more. */
static int serve(struct worker *w, struct error *err)
{
    const json_t *request = w->request;
    struct nursery_rules rules = {
        .worker = json_get_string(request, "worker", ""),
        .sandbox = confinement(request),
        .unconfined = !strcmp(settings_text(request, "sandbox"), "off"),
        .socket = (int)json_get_int(request, "socket", -1),
    };
    struct nursery nursery;
    int r = cpu_parse(settings_text(request, "cpu"), &w->cpu, err);
    if (r == 0)
        r = warm_up(err);
    if (r == 0)
        r = nursery_enter(&nursery, &rules, err);
    if (r == 0)
        r = registry_new(w->cpu, &w->registry, err);
    if (r == 0)
        r = registry_load_dirs(w->registry, rules.sandbox.plugins, err);
    if (r == 0 && (memory_failed() || !(w->nursery = make_key(request))))
        r = error_oom(err);
    if (r == 0) {
        sandbox_seal();
        r = nursery_serve(&nursery, err);
    }
    json_decref(w->request);
    w->request = NULL;
    return r;
}

static int run(struct worker *w, struct error *err)
{
    json_t *done = NULL;
    int r = read_request(&w->request, err);
    if (r == 0 && !strcmp(json_get_string(w->request, "kind", ""), "nursery")) {
        r = serve(w, err);
        if (r <= 0)
            return r;
        r = read_request(&w->request, err);
    }
    if (r == 0)
        r = start(w, err);
    if (r == 0)
        r = make_model(w->request, "source", &w->model, err);
    if (r == 0)
        r = make_model(w->request, "other", &w->other, err);
    if (r == 0)
        r = make_model(w->request, "importance", &w->importance, err);
    w->job.importance = w->importance;
    if (r == 0)
        r = load_plugins(w, err);
    if (r == 0)
        r = do_job(w, &done, err);
    return r < 0 ? r : finish(w, done, err);
}

/* An allocation that failed earlier is the real reason of whatever failed later; with that
 * reason the job may be tried again, unless it was too much to ask for. */
static void blame_memory(struct error *err)
{
    char text[500];
    if (memory_reading_refused(text, sizeof text)) {
        (void)!error_set(err, PARE_ELIMIT, "%s", text);
        return;
    }
    if (!memory_failed() || err->code == PARE_ENOMEM)
        return;
    err->code = PARE_ENOMEM;
    (void)error_prefix(err, "out of memory");
}

int main(void)
{
    struct worker w = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct error err = ERROR_INIT;
    static char lines[1 << 16];
    memory_watch_json();
    (void)setvbuf(stdout, lines, _IOFBF, sizeof lines);
    int r = run(&w, &err);
    if (r < 0) {
        blame_memory(&err);
        emit_error(&err);
    }
    model_free(w.model);
    model_free(w.other);
    model_free(w.importance);
    registry_free(w.registry);
    json_decref(w.job.warnings);
    json_decref(w.request);
    free(w.nursery);
    return r < 0;
}
