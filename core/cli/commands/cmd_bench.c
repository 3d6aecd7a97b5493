/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* `pare bench`: its options, and which of the two is to be measured. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/commands/bench_private.h"
#include "supervise/job_target.h"

#include <string.h>

enum {
    OPTION_CPU,
    OPTION_THREADS,
    OPTION_TIME,
    OPTION_MODEL,
    OPTION_TO,
    OPTION_RUNS,
    OPTION_DIR,
};

static const struct cli_option options[] = {
    { "cpu", 0, "LEVELS", "such as c,avx2 (default: all that this CPU can run)", OPTION_CPU },
    { "threads", 0, "LIST", "such as 1,2,4 (default: 1 and one for each CPU)", OPTION_THREADS },
    { "time", 0, "SECONDS", "for each figure (default: 0.25)", OPTION_TIME },
    { "model", 'm', "FILE", "measure whole conversions of this model", OPTION_MODEL },
    { "to", 't', "FORMAT:RECIPE", "with --model: a target; may be repeated", OPTION_TO },
    { "runs", 0, "N", "with --model: conversions (default: 5)", OPTION_RUNS },
    { "dir", 0, "DIR", "with --model: where outputs go for a while", OPTION_DIR },
    { NULL, 0, NULL, NULL, 0 },
};

/* The words of a list with commas, each once given to `add`. */
static int each_word(const char *option, const char *list,
                     int (*add)(const char *option, const char *word, json_t *words),
                     json_t **ret_words)
{
    _cleanup_free_ char *copy = strdup(list);
    _cleanup_json_ json_t *words = json_array();
    if (!copy || !words)
        return cli_fail(CLI_FAILURE, "out of memory");
    char *rest = copy;
    for (char *word; (word = strsep(&rest, ","));) {
        int status = add(option, word, words);
        if (status != CLI_OK)
            return status;
    }
    json_decref(*ret_words);
    *ret_words = TAKE(words);
    return CLI_OK;
}

static int add_level(const char *option, const char *word, json_t *words)
{
    return !*word || json_array_append_new(words, json_string(word)) < 0
               ? cli_usage("--%s needs levels such as c,avx2,avx512, with commas", option)
               : CLI_OK;
}

static int add_count(const char *option, const char *word, json_t *words)
{
    long long n;
    if (cli_number(option, word, 1, 256, &n) < 0)
        return CLI_USAGE;
    return json_array_append_new(words, json_integer(n)) < 0
               ? cli_fail(CLI_FAILURE, "out of memory")
               : CLI_OK;
}

static int set(void *state, int id, const char *value)
{
    struct bench_options *o = state;
    switch (id) {
    case OPTION_CPU:
        return each_word("cpu", value, add_level, &o->levels);
    case OPTION_THREADS:
        return each_word("threads", value, add_count, &o->thread_counts);
    case OPTION_TIME:
        return cli_real("time", value, 60, &o->seconds) < 0 ? CLI_USAGE : CLI_OK;
    case OPTION_TO:
        return convert_add_target(&o->convert, value);
    case OPTION_RUNS:
        return cli_number("runs", value, 1, BENCH_MAX_RUNS, &o->runs) < 0 ? CLI_USAGE : CLI_OK;
    case OPTION_MODEL:
        o->model = value;
        break;
    default:
        o->directory = value;
    }
    return CLI_OK;
}

/* Refuses options of one half together with the other. */
static int check(const struct bench_options *o, int n_operands)
{
    if (!o->model && (o->convert.n_targets || o->runs || o->directory))
        return cli_usage("bench: --to, --runs and --dir go with --model");
    if (!o->model)
        return CLI_OK;
    if (n_operands || o->seconds > 0)
        return cli_usage("bench: encodings and --time do not go with --model");
    if (json_array_size(o->thread_counts) > 1 || json_array_size(o->levels) > 1)
        return cli_usage("bench: --model takes one number of threads and one level");
    return CLI_OK;
}

static int run(const struct cli *cli, void *state, int n_operands, char **operands)
{
    struct bench_options *o = state;
    int status = check(o, n_operands);
    if (status == CLI_OK)
        status = o->model ? bench_model(cli, o) : bench_kernels(cli, o, n_operands, operands);
    for (size_t i = 0; i < o->convert.n_targets; i++)
        job_target_deinit(&o->convert.targets[i]);
    json_decref(o->convert.settings);
    json_decref(o->levels);
    json_decref(o->thread_counts);
    return status;
}

const struct cli_command cmd_bench = {
    .name = "bench",
    .synopsis = "[ENCODING...] [--cpu LEVELS] [--threads LIST] [--time SECONDS] | --model FILE",
    .summary = "Measure how fast kernels and conversions are",
    .details =
        "Without --model: million weights a second of each kernel, encoding without and with\n"
        "importance, and decoding; GB a second of floats and codes; and these against a memory\n"
        "copy by as many threads. With --model: the seconds of whole conversions by stage,\n"
        "medians of some runs, each beside `cp` of the same file; nothing is left on disk.\n",
    .options = options,
    .max_operands = -1,
    .state_size = sizeof(struct bench_options),
    .set = set,
    .run = run,
};
