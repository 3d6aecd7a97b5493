/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * `pare bench --model`: rounds of a copy by cp and a conversion, as `pare convert` does it, in a
 * hidden folder of ours that goes when it is done. Before each of the two all is written to disk,
 * and before all the source is read, so that both find it in memory if it fits.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/timing.h"
#include "cli/commands/bench_private.h"
#include "cli/operand.h"
#include "cli/table.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define RUNS 5
#define TARGET "gguf:q4_k_m"
#define READ_SIZE (1u << 20)

extern char **environ;

static const char *const stages[] = { "hash",  "read", "decode", "encode", "measure",
                                      "write", "sync", "verify", "total" };

#define N_STAGES (sizeof stages / sizeof *stages)

struct rounds {
    const struct cli *cli;
    struct bench_options *options;
    struct source_set source;
    char *folder;     /* ours */
    char *copy, *out; /* in it */
    int fd;           /* of it */
    json_t *list;     /* [{"cp","seconds","stages","peak_rss"}] */
    long long threads;
};

static char *join(const char *folder, const char *name)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_printf(&sb, "%s/%s", folder, name);
    return strbuf_finish(&sb);
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return strdup(slash ? "/" : ".");
    return strndup(path, (size_t)(slash - path));
}

static void free_texts(char ***texts)
{
    for (char **t = *texts; t && *t; t++)
        free(*t);
    free(*texts);
}

/* cp, the files, the folder that they go to. NULL when out of memory. */
static char **copy_command(const struct rounds *r)
{
    const struct source_set *s = &r->source;
    _cleanup_free_ char *beside = s->is_folder ? strdup(s->path) : folder_of(s->path);
    char **argv = calloc(s->n + 5, sizeof *argv);
    size_t n = 0;
    int failed = !argv || !beside;
    if (!failed) {
        failed |= !(argv[n++] = strdup("cp"));
        failed |= failed || !(argv[n++] = strdup("-L"));
        failed |= failed || !(argv[n++] = strdup("--"));
    }
    for (size_t i = 0; !failed && i < s->n; i++)
        failed = !(argv[n++] = join(beside, s->names[i]));
    if (!failed)
        failed = !(argv[n++] = strdup(r->copy));
    if (failed)
        free_texts(&argv);
    return failed ? NULL : argv;
}

/* An empty folder, and nothing left to be written. */
static int prepare(const struct rounds *r, const char *folder)
{
    struct error err = ERROR_INIT;
    if (file_remove_tree(AT_FDCWD, r->copy, &err) < 0 ||
        file_remove_tree(AT_FDCWD, r->out, &err) < 0 || file_make_dirs(folder, 0700, &err) < 0)
        return cli_error(&err, NULL);
    if (syncfs(r->fd) < 0)
        return cli_fail(CLI_FAILURE, "%s: %s", r->folder, strerror(errno));
    return CLI_OK;
}

static int run_copy(const struct rounds *r, double *ret_seconds)
{
    CLEANUP(free_texts) char **argv = copy_command(r);
    pid_t pid;
    int state = 0, status = argv ? prepare(r, r->copy) : cli_fail(CLI_FAILURE, "out of memory");
    if (status != CLI_OK)
        return status;
    uint64_t start = timing_now();
    int failed = posix_spawnp(&pid, "cp", NULL, NULL, argv, environ);
    if (failed)
        return cli_fail(CLI_FAILURE, "cannot run cp: %s", strerror(failed));
    while (waitpid(pid, &state, 0) < 0)
        if (errno != EINTR)
            return cli_fail(CLI_FAILURE, "cannot wait for cp: %s", strerror(errno));
    *ret_seconds = timing_since(start);
    if (WIFSIGNALED(state))
        return cli_fail(CLI_INTERRUPTED, "cp was stopped");
    return WEXITSTATUS(state) ? cli_fail(CLI_FAILURE, "cp failed") : CLI_OK;
}

/* The stages of a job; those of verifying are each output's own. */
static json_t *sum_stages(const json_t *outputs)
{
    json_t *sums = json_object();
    double verify = 0;
    const json_t *seconds = NULL;
    size_t i;
    json_t *output;
    json_array_foreach((json_t *)outputs, i, output) {
        seconds = json_object_get(json_object_get(output, "manifest"), "seconds");
        verify += json_get_real(seconds, "verify", 0);
    }
    for (i = 0; i < N_STAGES; i++)
        (void)json_object_set_new(sums, stages[i],
                                  json_real(!strcmp(stages[i], "verify")
                                                ? verify
                                                : json_get_real(seconds, stages[i], 0)));
    return sums;
}

static int run_conversion(struct rounds *r, double copy_seconds)
{
    struct convert_result result = { 0 };
    int status = prepare(r, r->out);
    if (status != CLI_OK)
        return status;
    uint64_t start = timing_now();
    status = convert_one(r->cli, &r->options->convert, r->options->model, &result);
    double seconds = timing_since(start);
    const json_t *resources = json_object_get(json_object_get(json_array_get(result.outputs, 0),
                                                              "manifest"),
                                              "resources");
    r->threads = json_get_int(resources, "threads", 0);
    json_t *round = json_pack("{s:f, s:f, s:f, s:o, s:I}", "cp", copy_seconds, "seconds", seconds,
                              "ratio", seconds / copy_seconds, "stages", sum_stages(result.outputs),
                              "peak_rss", (json_int_t)json_get_int(resources, "peak_rss", 0));
    int failed = json_array_append_new(r->list, round) < 0;
    json_decref(result.outputs);
    if (status == CLI_OK && failed)
        return cli_fail(CLI_FAILURE, "out of memory");
    return status;
}

/* Reads the source into the kernel's memory. */
static int warm(const struct source_set *source)
{
    _cleanup_free_ char *buffer = malloc(READ_SIZE);
    if (!buffer)
        return cli_fail(CLI_FAILURE, "out of memory");
    for (size_t i = 0; i < source->n; i++) {
        off_t at = 0;
        for (ssize_t n; (n = pread(source->fds[i], buffer, READ_SIZE, at)) != 0; at += n)
            if (n < 0)
                return cli_fail(CLI_FAILURE, "%s: %s", source->names[i], strerror(errno));
    }
    return CLI_OK;
}

/* Makes one copy first: the first file costs more than later ones, which reuse its blocks. */
static int run_rounds(struct rounds *r)
{
    double seconds;
    int terminal = isatty(STDERR_FILENO), status = warm(&r->source);
    if (status == CLI_OK)
        status = run_copy(r, &seconds);
    for (long long i = 0; status == CLI_OK && i < r->options->runs; i++) {
        if (terminal)
            fprintf(stderr, "\r\033[Krun %lld of %lld", i + 1, r->options->runs);
        status = run_copy(r, &seconds);
        if (status == CLI_OK)
            status = run_conversion(r, seconds);
    }
    if (terminal)
        fputs("\r\033[K", stderr);
    return status;
}

static int compare_reals(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Least, median and greatest of a figure over the rounds, or of a stage when that is given. */
static void spread(const json_t *list, const char *key, const char *stage, double ret_values[3])
{
    double values[BENCH_MAX_RUNS];
    size_t n = 0;
    json_t *round;
    json_array_foreach((json_t *)list, n, round) {
        const json_t *from = stage ? json_object_get(round, "stages") : round;
        values[n] = json_number_value(json_object_get(from, stage ? stage : key));
    }
    qsort(values, n, sizeof *values, compare_reals);
    ret_values[0] = n ? values[0] : NAN;
    ret_values[1] = n ? (values[n / 2] + values[(n - 1) / 2]) / 2 : NAN;
    ret_values[2] = n ? values[n - 1] : NAN;
}

static double median(const json_t *list, const char *key, const char *stage)
{
    double values[3];
    spread(list, key, stage, values);
    return values[1];
}

static json_t *name_targets(const struct convert_options *o)
{
    json_t *names = json_array();
    for (size_t i = 0; i < o->n_targets; i++)
        (void)json_array_append_new(names, json_sprintf("%s:%s", o->targets[i].format,
                                                        o->targets[i].recipe));
    return names;
}

static int print_json(const struct rounds *r)
{
    json_t *medians = json_object();
    for (size_t i = 0; i < N_STAGES; i++)
        (void)json_object_set_new(medians, stages[i], json_real(median(r->list, NULL, stages[i])));
    _cleanup_json_ json_t *all =
        json_pack("{s:o, s:I, s:o, s:I, s:f, s:f, s:f, s:o, s:I, s:O}", "model",
                  json_text(r->options->model, strlen(r->options->model)), "bytes",
                  (json_int_t)r->source.bytes, "targets", name_targets(&r->options->convert),
                  "threads", (json_int_t)r->threads, "cp", median(r->list, "cp", NULL), "seconds",
                  median(r->list, "seconds", NULL), "ratio", median(r->list, "ratio", NULL),
                  "stages", medians, "peak_rss", (json_int_t)median(r->list, "peak_rss", NULL),
                  "runs", r->list);
    return all ? cli_print_json(all) : cli_fail(CLI_FAILURE, "out of memory");
}

static void add_row(struct table *table, const struct rounds *r, const char *label, const char *key,
                    const char *stage)
{
    double values[3];
    spread(r->list, key, stage, values);
    table_cell(table, label);
    table_cellf(table, "%.3f", values[1]);
    table_cellf(table, "%.3f", values[0]);
    table_cellf(table, "%.3f", values[2]);
}

static int print_table(const struct rounds *r)
{
    static const char *const headings[] = { "STAGE", "SECONDS", "LEAST", "GREATEST" };
    char text[FIGURE_SIZE];
    double all = median(r->list, "seconds", NULL);
    text_print(stdout, r->options->model);
    for (size_t i = 0; i < r->options->convert.n_targets; i++)
        printf("%s%s:%s", i ? ", " : " to ", r->options->convert.targets[i].format,
               r->options->convert.targets[i].recipe);
    printf("\n%s, %lld thread%s, medians of %zu runs; stages are summed over threads\n\n",
           figure_bytes(text, r->source.bytes), r->threads, r->threads == 1 ? "" : "s",
           json_array_size(r->list));
    struct table *table = table_new("lrrr", headings);
    for (size_t i = 0; i + 1 < N_STAGES; i++)
        add_row(table, r, stages[i], NULL, stages[i]);
    add_row(table, r, "convert", NULL, "total");
    add_row(table, r, "all", "seconds", NULL);
    add_row(table, r, "cp", "cp", NULL);
    int status = table_print(table, stdout);
    table_free(table);
    printf("\n`convert` and `all` are by the clock, without and with verifying and publishing.\n"
           "%s/s; ",
           figure_bytes(text, (uint64_t)((double)r->source.bytes / all)));
    printf("%.2f times cp; peak memory %.0f MiB\n", median(r->list, "ratio", NULL),
           median(r->list, "peak_rss", NULL) / (1 << 20));
    return status < 0 ? cli_fail(CLI_FAILURE, "out of memory") : CLI_OK;
}

/* What was not given. */
static int complete(struct bench_options *o)
{
    struct convert_options *c = &o->convert;
    if (!c->n_targets) {
        int status = convert_add_target(c, TARGET);
        if (status != CLI_OK)
            return status;
    }
    const char *level = json_string_value(json_array_get(o->levels, 0));
    o->runs = o->runs ? o->runs : RUNS;
    c->settings = json_pack("{s:I, s:s, s:s, s:b}", "threads",
                            json_integer_value(json_array_get(o->thread_counts, 0)), "cpu",
                            level ? level : "native", "nonfinite", "keep", "allow_requantize", 1);
    if (!c->settings)
        return cli_fail(CLI_FAILURE, "out of memory");
    c->quiet = 1; /* nobody keeps what is made */
    c->no_record = 1;
    return CLI_OK;
}

/* Makes the folder; rounds_deinit removes it. */
static int make_folder(struct rounds *r)
{
    _cleanup_free_ char *beside = r->options->directory ? strdup(r->options->directory)
                                                        : folder_of(r->options->model);
    _cleanup_free_ char *folder = beside ? join(beside, ".pare-bench-XXXXXX") : NULL;
    if (!folder)
        return cli_fail(CLI_FAILURE, "out of memory");
    if (!mkdtemp(folder))
        return cli_fail(CLI_FAILURE, "%s: %s", beside, strerror(errno));
    r->folder = TAKE(folder);
    r->fd = open(r->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->fd < 0)
        return cli_fail(CLI_FAILURE, "%s: %s", r->folder, strerror(errno));
    r->copy = join(r->folder, "copy");
    r->out = join(r->folder, "out");
    r->options->convert.out = r->out;
    return r->copy && r->out ? CLI_OK : cli_fail(CLI_FAILURE, "out of memory");
}

static int rounds_deinit(struct rounds *r, int status)
{
    struct error err = ERROR_INIT;
    if (r->folder && file_remove_tree(AT_FDCWD, r->folder, &err) < 0 && status == CLI_OK)
        status = cli_error(&err, NULL);
    cleanup_close(&r->fd);
    source_set_deinit(&r->source);
    free(r->folder);
    free(r->copy);
    free(r->out);
    json_decref(r->list);
    return status;
}

int bench_model(const struct cli *cli, struct bench_options *options)
{
    struct rounds r = { .cli = cli, .options = options, .fd = -1, .list = json_array() };
    struct error err = ERROR_INIT;
    int status = r.list ? complete(options) : cli_fail(CLI_FAILURE, "out of memory");
    if (status == CLI_OK)
        status = operand_open(options->model, &r.source, &err);
    convert_catch_signals();
    if (status == CLI_OK)
        status = make_folder(&r);
    if (status == CLI_OK)
        status = run_rounds(&r);
    if (status == CLI_OK)
        status = cli->json ? print_json(&r) : print_table(&r);
    return rounds_deinit(&r, status);
}
