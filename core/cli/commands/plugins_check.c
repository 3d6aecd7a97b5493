/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * `pare plugins --check`: what the worker finds wrong with a plugin, line by line as it comes; and
 * where the plugin was when the worker did not come back from it.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "cli/commands/plugins_private.h"
#include "cli/operand.h"
#include "cli/table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SECONDS 30.0 /* for one call of the plugin */

struct progress {
    int quiet;          /* --json: nothing but the answer */
    struct strbuf step; /* what the plugin was called for last: "kernel c of q9 encoded ties4" */
    long long inputs, of_inputs;
};

static void note_step(struct strbuf *sb, const json_t *line)
{
    const char *what = json_get_string(line, "what", "?"), *act = json_get_string(line, "act", "?");
    const char *name = json_get_string(line, "name", NULL);
    const char *encoding = json_get_string(line, "encoding", NULL);
    const char *input = json_get_string(line, "input", NULL);
    sb->len = 0;
    if (!input) {
        strbuf_printf(sb, "it was %s", act);
        return;
    }
    strbuf_printf(sb, "%s%s%s%s%s %s %s", what, name ? " " : "", name ? name : "",
                  encoding ? " of " : "", encoding ? encoding : "", act, input);
    if (encoding)
        strbuf_printf(sb, " (%lld x %lld)", (long long)json_get_int(line, "rows", 0),
                      (long long)json_get_int(line, "row_len", 0));
}

static void print_text(const struct strbuf *sb)
{
    text_print(stdout, sb->data ? sb->data : "");
    (void)putchar('\n');
}

/* What does not hold, and on the next line what to do. */
static void print_finding(const json_t *line)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    const char *encoding = json_get_string(line, "encoding", ""), *with;
    const char *kernel = json_get_string(line, "kernel", ""), *where;
    const char *input = json_get_string(line, "input", NULL);
    with = json_get_string(line, "with", "");
    where = json_get_string(line, "where", "");
    strbuf_printf(&sb, "  %s%s%s", encoding, *encoding && *kernel ? " " : "", kernel);
    if (input)
        strbuf_printf(&sb, ", %s", input);
    if (input && *encoding)
        strbuf_printf(&sb, " (%lld x %lld%s%s)", (long long)json_get_int(line, "rows", 0),
                      (long long)json_get_int(line, "row_len", 0), *with ? ", " : "", with);
    strbuf_printf(&sb, ": %s%s%s", json_get_string(line, "rule", "?"), *where ? ": " : "", where);
    print_text(&sb);
    sb.len = 0;
    strbuf_printf(&sb, "    %s", json_get_string(line, "advice", ""));
    print_text(&sb);
}

/* "c avx2; skipped avx512". */
static void add_kernels(struct strbuf *sb, const json_t *kernels)
{
    size_t i, n[2] = { 0, 0 };
    json_t *kernel;
    for (int skipped = 0; skipped < 2; skipped++)
        json_array_foreach((json_t *)kernels, i, kernel) {
            int was = !strcmp(json_get_string(kernel, "verdict", ""), "skipped");
            if (was == skipped)
                strbuf_printf(sb, "%s%s",
                              n[skipped]++ ? " "
                              : skipped    ? "; this CPU cannot run "
                                           : "",
                              json_get_string(kernel, "name", "?"));
        }
}

static void add_verdict(struct strbuf *sb, long long failures)
{
    if (failures)
        strbuf_printf(sb, "%lld failure%s", failures, failures == 1 ? "" : "s");
    else
        strbuf_puts(sb, "good");
}

static void print_encoding(const struct progress *progress, const json_t *line)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_printf(&sb, "encoding %s: kernels ", json_get_string(line, "name", "?"));
    add_kernels(&sb, json_object_get(line, "kernels"));
    if (json_get_bool(line, "encodes", 0))
        strbuf_printf(&sb, "; %lld of %lld inputs; ", progress->inputs, progress->of_inputs);
    else
        strbuf_puts(&sb, "; decoding only; ");
    add_verdict(&sb, json_get_int(line, "failures", 0));
    print_text(&sb);
}

static void print_service(const json_t *line)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    const char *kind = json_get_string(line, "kind", "?");
    const char *verdict = json_get_string(line, "verdict", "?");
    int computes = !strcmp(kind, "matrix service");
    strbuf_printf(&sb, "%s %s: %s", kind, json_get_string(line, "name", "?"),
                  !computes                  ? "its description is good"
                  : !strcmp(verdict, "good") ? "its products are good"
                  : !strcmp(verdict, "bad")  ? "its products are wrong"
                                             : "this CPU cannot run it");
    print_text(&sb);
}

static void on_line(void *context, const char *event, const json_t *line)
{
    struct progress *progress = context;
    if (!strcmp(event, "step"))
        note_step(&progress->step, line);
    if (progress->quiet)
        return;
    if (!strcmp(event, "inputs")) {
        progress->inputs = json_get_int(line, "inputs", 0);
        progress->of_inputs = json_get_int(line, "of_inputs", 0);
    } else if (!strcmp(event, "finding")) {
        print_finding(line);
    } else if (!strcmp(event, "encoding")) {
        print_encoding(progress, line);
    } else if (!strcmp(event, "service")) {
        print_service(line);
    }
}

/* Why there is no answer: the plugin ended the worker, or it was no plugin. */
static int tell_failure(const char *file, const struct progress *progress, double seconds,
                        const struct error *err)
{
    const char *step = progress->step.len ? progress->step.data : NULL;
    (void)fflush(stdout);
    if (step && err->code == PARE_ECRASH)
        return cli_fail(CLI_FAILURE, "%s: the plugin crashed while %s: %s", file, step, err->text);
    if (step && err->code == PARE_ETIMEOUT)
        return cli_fail(CLI_FAILURE,
                        "%s: the plugin hung while %s: it was stopped after %g s (see --timeout)",
                        file, step, seconds);
    return cli_error(err, NULL);
}

/* The last line: the verdict, and how to have it again. */
static int print_result(const char *file, const json_t *answer)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    long long failures = (long long)json_get_int(answer, "failures", 0);
    strbuf_printf(&sb, "%s: ", file);
    add_verdict(&sb, failures);
    if (json_array_size(json_object_get(answer, "encodings")))
        strbuf_printf(&sb, " (--seed %lld%s)", (long long)json_get_int(answer, "seed", 0),
                      json_get_int(answer, "every", 1) == 1 ? "" : "; --all tries all inputs");
    print_text(&sb);
    return failures ? CLI_FAILURE : CLI_OK;
}

int plugins_check(const struct cli *cli, const struct plugins_options *o)
{
    struct progress progress = { .quiet = cli->json, .step = STRBUF_INIT };
    struct error err = ERROR_INIT;
    _cleanup_json_ json_t *answer = NULL;
    _cleanup_free_ char *path = realpath(o->check, NULL);
    if (!path)
        return cli_fail(errno == ENOENT || errno == ENOTDIR ? CLI_NOT_FOUND : CLI_FAILURE, "%s: %s",
                        o->check, strerror(errno));
    double seconds = o->seconds > 0 ? o->seconds : SECONDS;
    struct worker_question question = {
        .kind = "check",
        .event = "check",
        .n_answers = 1,
        .more = json_pack("{s:s, s:I, s:i}", "library", path, "seed", (json_int_t)o->seed, "every",
                          o->all ? 1 : 0),
        .each = on_line,
        .context = &progress,
        .silence = seconds,
        .failure = &err,
    };
    if (!question.more)
        return cli_fail(CLI_FAILURE, "%s: its path is not UTF-8", o->check);
    int status = worker_ask(cli, &question, &answer);
    if (err.code)
        status = tell_failure(o->check, &progress, seconds, &err);
    else if (status == CLI_OK && cli->json)
        status = json_get_int(answer, "failures", 0) ? CLI_FAILURE : CLI_OK;
    else if (status == CLI_OK)
        status = print_result(o->check, answer);
    if (!err.code && answer && cli->json && worker_print_answer(answer) != CLI_OK)
        status = CLI_FAILURE;
    strbuf_deinit(&progress.step);
    return status;
}
