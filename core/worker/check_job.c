/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * kind check: core/check on one plugin, and the lines that tell of it. A `step` line goes out
 * before the plugin is called, so that the parent knows what it was at when it crashed or hung.
 */
#include "worker/check_job.h"

#include "base/json.h"
#include "check/description.h"
#include "check/encoding.h"
#include "check/matrix.h"
#include "check/recover.h"
#include "plugin/cpu.h"
#include "plugin/validate.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_KERNELS 64
#define MAX_RULES 64      /* that a kernel breaks and that are told */
#define FEW_ENCODINGS 8   /* up to so many get all inputs */
#define EVERY_OF_MANY 6   /* others one of so many, so that it takes seconds */
#define MAX_FINDINGS 1000 /* in the answer */

struct book {
    const struct job_context *job;
    struct check check;
    struct check_step last; /* that was told … */
    char last_input[128];   /* … and its input, whose text may be gone by now */
    struct {
        const struct check_rule *rule;
        json_t *line;
    } told[MAX_RULES]; /* of the kernel that is being tried */
    size_t n_told;
    json_t *findings, *encodings, *services;
};

/* There is no way back out of a check that has no memory. */
static void give_up(void)
{
    (void)printf("{\"event\":\"error\",\"code\":\"%s\",\"text\":\"out of memory\"}\n",
                 error_name(PARE_ENOMEM));
    (void)fflush(stdout);
    _exit(1);
}

static int same_text(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static int same_step(const struct check_step *a, const struct check_step *b)
{
    return a->rows == b->rows && a->row_len == b->row_len && same_text(a->act, b->act) &&
           same_text(a->what, b->what) && same_text(a->name, b->name) &&
           same_text(a->input, b->input) && same_text(a->encoding, b->encoding);
}

static void tell_step(void *context, const struct check_step *step)
{
    struct book *book = context;
    if (same_step(&book->last, step))
        return;
    book->last = *step;
    if (step->input) {
        (void)snprintf(book->last_input, sizeof book->last_input, "%s", step->input);
        book->last.input = book->last_input;
    }
    job_emit(book->job, "step",
             json_pack("{s:s?, s:s, s:s?, s:s, s:s?, s:I, s:I}", "encoding", step->encoding, "what",
                       step->what, "name", step->name, "act", step->act, "input", step->input,
                       "rows", (json_int_t)step->rows, "row_len", (json_int_t)step->row_len));
}

static void tell_plugin_step(const struct job_context *job, const char *act)
{
    job_emit(job, "step", json_pack("{s:s, s:s}", "what", "plugin", "act", act));
}

static json_t *describe_finding(const struct check_finding *f)
{
    return json_pack("{s:s?, s:s?, s:s?, s:I, s:I, s:s, s:s, s:o, s:s, s:i}", "encoding",
                     f->encoding, "kernel", f->kernel, "input", f->input, "rows",
                     (json_int_t)f->rows, "row_len", (json_int_t)f->row_len, "with", f->with,
                     "rule", f->rule->broken, "where", json_text(f->where, strlen(f->where)),
                     "advice", f->rule->advice, "count", 1);
}

/* Reports the first time that a kernel breaks a rule, and counts the others. */
static void tell_finding(void *context, const struct check_finding *f)
{
    struct book *book = context;
    for (size_t i = 0; i < book->n_told; i++)
        if (book->told[i].rule == f->rule) {
            json_t *line = book->told[i].line;
            (void)json_object_set_new(line, "count",
                                      json_integer(json_get_int(line, "count", 0) + 1));
            return;
        }
    if (book->n_told == MAX_RULES || json_array_size(book->findings) == MAX_FINDINGS)
        return;
    json_t *line = describe_finding(f);
    job_emit(book->job, "finding", json_copy(line));
    if (json_array_append_new(book->findings, line) < 0)
        return;
    book->told[book->n_told].rule = f->rule;
    book->told[book->n_told++].line = line;
}

static const char *verdict_word(enum check_verdict verdict)
{
    static const char *const words[] = { "good", "bad", "skipped" };
    return words[verdict];
}

/* The encoding with kernels of full size, in `list` of MAX_KERNELS + 1 and `kernels`. */
static int copy_kernels(const struct encoding *encoding, struct pare_kernel *kernels,
                        const struct pare_kernel **list, struct pare_encoding *ret_copy,
                        struct error *err)
{
    size_t n = 0;
    for (; n < MAX_KERNELS && encoding->kernels[n]; n++) {
        int r = validate_kernel(encoding->kernels[n], &kernels[n], err);
        if (r < 0)
            return r;
        list[n] = &kernels[n];
    }
    list[n] = NULL;
    if (encoding->kernels[n])
        return error_set(err, PARE_ELIMIT, "encoding %s has over %d kernels", encoding->name,
                         MAX_KERNELS);
    *ret_copy = encoding->said;
    ret_copy->kernels = list;
    return 0;
}

static int check_encoding(struct book *book, const struct encoding *encoding, struct error *err)
{
    struct pare_kernel kernels[MAX_KERNELS];
    const struct pare_kernel *list[MAX_KERNELS + 1];
    struct pare_encoding e;
    uint64_t before = book->check.failures;
    int r = copy_kernels(encoding, kernels, list, &e, err);
    if (r < 0)
        return r;
    json_t *verdicts = json_array();
    book->n_told = 0;
    check_description(&book->check, &e);
    for (size_t i = 0; list[i]; i++) {
        book->n_told = 0;
        enum check_verdict verdict = check_kernel(&book->check, &e, list[i]);
        (void)json_array_append_new(verdicts, json_pack("{s:s, s:s}", "name", list[i]->name,
                                                        "verdict", verdict_word(verdict)));
    }
    book->n_told = 0;
    check_recover(&book->check, &e);
    json_t *line = json_pack("{s:s, s:o, s:b, s:I}", "name", e.name, "kernels", verdicts, "encodes",
                             list[0]->encode != NULL, "failures",
                             (json_int_t)(book->check.failures - before));
    job_emit(book->job, "encoding", json_copy(line));
    (void)json_array_append_new(book->encodings, line);
    return 0;
}

static void tell_service(const struct book *book, const char *kind, const char *name,
                         enum check_verdict verdict)
{
    json_t *line = json_pack("{s:s, s:s, s:s}", "kind", kind, "name", name, "verdict",
                             verdict_word(verdict));
    job_emit(book->job, "service", json_copy(line));
    (void)json_array_append_new(book->services, line);
}

/* Readers, writers and evaluators: that they were loaded says that their descriptions are good. */
static void check_services(struct book *book)
{
    const struct registry *registry = book->job->registry;
    const struct pare_reader *reader;
    const struct pare_writer *writer;
    const struct pare_evaluator *evaluator;
    const struct pare_matrix *matrix;
    for (size_t i = 0; (reader = registry_reader_at(registry, i)); i++)
        tell_service(book, "reader", reader->name, CHECK_GOOD);
    for (size_t i = 0; (writer = registry_writer_at(registry, i)); i++)
        tell_service(book, "writer", writer->name, CHECK_GOOD);
    for (size_t i = 0; (evaluator = registry_evaluator_at(registry, i)); i++)
        tell_service(book, "evaluator", evaluator->name, CHECK_GOOD);
    for (size_t i = 0; (matrix = registry_matrix_at(registry, i)); i++) {
        book->n_told = 0;
        tell_service(book, "matrix service", matrix->name, check_matrix(&book->check, matrix));
    }
}

/* Which inputs are tried: all of few encodings; of many a part that the seed chooses. */
static int choose_inputs(struct book *book, struct error *err)
{
    const json_t *request = book->job->request;
    int64_t seed = json_get_int(request, "seed", 0), every = json_get_int(request, "every", 0);
    if (seed < 0 || every < 0 || every > INPUT_COUNT)
        return error_set(err, PARE_EUSAGE, "seed must be 0 or more, every 0 to %d", INPUT_COUNT);
    if (!every)
        every = registry_encoding_at(book->job->registry, FEW_ENCODINGS) ? EVERY_OF_MANY : 1;
    book->check.seed = seed ? (uint64_t)seed : (uint64_t)time(NULL);
    book->check.every = (uint64_t)every;
    return 0;
}

static void tell_inputs(const struct book *book)
{
    int n = 0;
    for (uint64_t i = 0; i < INPUT_COUNT; i++)
        n += check_has_input(&book->check, i);
    job_emit(book->job, "inputs", json_pack("{s:i, s:i}", "inputs", n, "of_inputs", INPUT_COUNT));
}

static void tell_result(const struct book *book)
{
    tell_plugin_step(book->job, "unloaded");
    job_emit(book->job, "check",
             json_pack("{s:I, s:I, s:I, s:O, s:O, s:O}", "seed", (json_int_t)book->check.seed,
                       "every", (json_int_t)book->check.every, "failures",
                       (json_int_t)book->check.failures, "encodings", book->encodings, "services",
                       book->services, "findings", book->findings));
}

int check_job_load(const struct job_context *job, struct registry *registry, struct error *err)
{
    const char *library = json_get_string(job->request, "library", "");
    if (library[0] != '/')
        return error_set(err, PARE_EUSAGE, "the request names no library by its whole path");
    tell_plugin_step(job, "loaded");
    return registry_load(registry, library, err);
}

int job_check(const struct job_context *job, struct error *err)
{
    struct book book = { .job = job };
    const struct encoding *encoding;
    check_no_memory = give_up;
    book.check.cpu = cpu_detect();
    book.check.step = tell_step;
    book.check.found = tell_finding;
    book.check.context = &book;
    int r = choose_inputs(&book, err);
    if (r < 0)
        return r;
    tell_inputs(&book);
    book.findings = json_array();
    book.encodings = json_array();
    book.services = json_array();
    for (size_t i = 0; r == 0 && (encoding = registry_encoding_at(job->registry, i)); i++)
        r = check_encoding(&book, encoding, err);
    if (r == 0)
        check_services(&book);
    if (r == 0)
        tell_result(&book);
    json_decref(book.findings);
    json_decref(book.encodings);
    json_decref(book.services);
    return r;
}
