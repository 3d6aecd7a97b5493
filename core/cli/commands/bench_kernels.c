/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* `pare bench` of kernels. A worker measures them, since only workers load plugins; this shows its
 * lines. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/commands/bench_private.h"
#include "cli/operand.h"
#include "cli/table.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#define SECONDS 0.25

struct figures {
    json_t *copies, *kernels; /* arrays of the worker's lines */
    json_t *start;
    int terminal, failed;
};

/* What was measured last, on a terminal. */
static void show_current(const struct figures *f, const json_t *line)
{
    if (!f->terminal)
        return;
    fputs("\r\033[K", stderr);
    if (!line)
        return;
    text_print(stderr, json_get_string(line, "encoding", "memory"));
    fputc(' ', stderr);
    text_print(stderr, json_get_string(line, "level", "copy"));
    (void)fflush(stderr);
}

static void add_line(struct figures *f, json_t *list, const json_t *line)
{
    json_t *copy = json_copy((json_t *)line);
    if (!copy || json_object_del(copy, "event") < 0 || json_array_append(list, copy) < 0)
        f->failed = 1;
    json_decref(copy);
    show_current(f, line);
}

static void on_line(void *context, const char *event, const json_t *line)
{
    struct figures *f = context;
    if (!strcmp(event, "start") && !f->start)
        f->start = json_incref((json_t *)line);
    else if (!strcmp(event, "copy"))
        add_line(f, f->copies, line);
    else if (!strcmp(event, "kernel"))
        add_line(f, f->kernels, line);
}

static json_t *make_request(const struct bench_options *o, int n, char **names)
{
    _cleanup_json_ json_t *encodings = json_array();
    for (int i = 0; i < n; i++)
        if (json_array_append_new(encodings, json_string(names[i])) < 0)
            return NULL;
    return json_pack("{s:O, s:f, s:O*, s:O*}", "encodings", encodings, "seconds",
                     o->seconds > 0 ? o->seconds : SECONDS, "levels", o->levels, "thread_counts",
                     o->thread_counts);
}

static int print_json(const struct figures *f, const struct bench_options *o)
{
    _cleanup_json_ json_t *all = json_pack("{s:s, s:s, s:f, s:O, s:O}", "version",
                                           json_get_string(f->start, "version", "?"), "cpu",
                                           json_get_string(f->start, "cpu", "?"), "seconds",
                                           o->seconds > 0 ? o->seconds : SECONDS, "copies",
                                           f->copies, "kernels", f->kernels);
    return all ? cli_print_json(all) : cli_fail(CLI_FAILURE, "out of memory");
}

/* Three significant digits, or all before the point when these are more. */
static void add_figure(struct table *table, double value)
{
    char text[FIGURE_SIZE];
    table_cell(table, figure_real(text, value,
                                  value >= 99.95    ? 0
                                  : value >= 9.995  ? 1
                                  : value >= 0.9995 ? 2
                                                    : 3));
}

static void add_act(struct table *table, const json_t *kernel, const char *act)
{
    const json_t *rates = json_object_get(kernel, act);
    add_figure(table, json_get_real(rates, "weights_per_second", NAN) / 1e6);
    add_figure(table, json_get_real(rates, "bytes_per_second", NAN) / 1e9);
    add_figure(table, json_get_real(rates, "of_copy", NAN));
}

static int print_kernels(const struct figures *f)
{
    static const char *const headings[] = { "ENCODING", "LEVEL",    "THREADS",  "ENC Mw/s",
                                            "GB/s",     "COPY",     "IMP Mw/s", "GB/s",
                                            "COPY",     "DEC Mw/s", "GB/s",     "COPY" };
    struct table *table = table_new("llrrrrrrrrrr", headings);
    size_t i;
    json_t *kernel;
    json_array_foreach(f->kernels, i, kernel) {
        table_cell(table, json_get_string(kernel, "encoding", NULL));
        table_cell(table, json_get_string(kernel, "level", NULL));
        table_cellf(table, "%lld", (long long)json_get_int(kernel, "threads", 0));
        add_act(table, kernel, "encode");
        add_act(table, kernel, "encode_importance");
        add_act(table, kernel, "decode");
    }
    int r = table_print(table, stdout);
    table_free(table);
    return r;
}

static int print_copies(const struct figures *f)
{
    size_t i;
    json_t *copy;
    fputs("\nmemory copy, read and written:", stdout);
    json_array_foreach(f->copies, i, copy) {
        long long threads = (long long)json_get_int(copy, "threads", 0);
        printf("%s %.1f GB/s with %lld thread%s", i ? "," : "",
               json_get_real(copy, "bytes_per_second", NAN) / 1e9, threads,
               threads == 1 ? "" : "s");
    }
    putchar('\n');
    return 0;
}

int bench_kernels(const struct cli *cli, const struct bench_options *options, int n, char **names)
{
    _cleanup_json_ json_t *copies = json_array(), *kernels = json_array(), *done = NULL;
    struct figures f = { .copies = copies, .kernels = kernels, .terminal = isatty(STDERR_FILENO) };
    struct worker_question question = {
        .kind = "bench",
        .event = "done",
        .more = make_request(options, n, names),
        .n_answers = 1,
        .each = on_line,
        .context = &f,
    };
    if (!copies || !kernels || !question.more) {
        json_decref(question.more);
        return cli_fail(CLI_FAILURE, "out of memory, or a name that is not UTF-8");
    }
    int status = worker_ask(cli, &question, &done);
    show_current(&f, NULL);
    if (status == CLI_OK && f.failed)
        status = cli_fail(CLI_FAILURE, "out of memory");
    if (status == CLI_OK && cli->json)
        status = print_json(&f, options);
    else if (status == CLI_OK && (print_kernels(&f) < 0 || print_copies(&f) < 0))
        status = cli_fail(CLI_FAILURE, "out of memory");
    json_decref(f.start);
    return status;
}
