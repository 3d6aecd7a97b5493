/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* `pare plugins`: what is loaded from the plugin directories, and what was refused; or a check. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "cli/commands/plugins_private.h"
#include "cli/operand.h"
#include "cli/table.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>

enum {
    OPTION_CHECK,
    OPTION_ALL,
    OPTION_SEED,
    OPTION_TIMEOUT,
};

static const struct cli_option options[] = {
    { "check", 0, "FILE", "try out this library instead", OPTION_CHECK },
    { "all", 0, NULL, "with --check: all inputs, also of many encodings", OPTION_ALL },
    { "seed", 0, "N", "with --check: the same inputs again", OPTION_SEED },
    { "timeout", 0, "SECONDS", "with --check: for one call (default: 30)", OPTION_TIMEOUT },
    { NULL, 0, NULL, NULL, 0 },
};

static int set(void *state, int id, const char *value)
{
    struct plugins_options *o = state;
    switch (id) {
    case OPTION_ALL:
        o->all = 1;
        return CLI_OK;
    case OPTION_SEED:
        return cli_number("seed", value, 1, LLONG_MAX, &o->seed) < 0 ? CLI_USAGE : CLI_OK;
    case OPTION_TIMEOUT:
        return cli_real("timeout", value, 86400, &o->seconds) < 0 ? CLI_USAGE : CLI_OK;
    default:
        o->check = value;
    }
    return CLI_OK;
}

/* The names in an array of objects, with commas. */
static void add_names(struct table *table, const json_t *list)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)list, i, item) {
        strbuf_puts(&sb, i ? "," : "");
        strbuf_puts(&sb, json_get_string(item, "name", "?"));
    }
    table_cell(table, sb.len ? sb.data : NULL);
}

static int print_plugins(const json_t *plugins)
{
    static const char *const headings[] = { "PLUGIN", "VERSION", "READS", "WRITES", "SUMMARY" };
    struct table *table = table_new("lllll", headings);
    size_t i;
    json_t *plugin;
    json_array_foreach((json_t *)plugins, i, plugin) {
        table_cell(table, json_get_string(plugin, "name", NULL));
        table_cell(table, json_get_string(plugin, "version", NULL));
        add_names(table, json_object_get(plugin, "readers"));
        add_names(table, json_object_get(plugin, "writers"));
        table_cell(table, json_get_string(plugin, "summary", NULL));
    }
    int r = table_print(table, stdout);
    table_free(table);
    return r;
}

/* The kernels by name, the one in use with a star. */
static void add_kernels(struct table *table, const json_t *encoding)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    size_t i;
    json_t *kernel;
    json_array_foreach(json_object_get(encoding, "kernels"), i, kernel)
        strbuf_printf(&sb, "%s%s%s", i ? " " : "", json_get_string(kernel, "name", "?"),
                      json_get_bool(kernel, "used", 0) ? "*" : "");
    table_cell(table, sb.len ? sb.data : NULL);
}

static void add_encodings(struct table *table, const json_t *plugin)
{
    size_t i;
    json_t *encoding;
    char text[FIGURE_SIZE];
    json_array_foreach(json_object_get(plugin, "encodings"), i, encoding) {
        table_cell(table, json_get_string(encoding, "name", NULL));
        table_cell(table, json_get_string(plugin, "name", NULL));
        table_cell(table, json_get_string(encoding, "kind", NULL));
        table_cellf(table, "%lld", (long long)json_get_int(encoding, "block_len", 0));
        table_cell(table, figure_real(text, json_get_real(encoding, "bits_per_weight", NAN), 4));
        table_cell(table, json_get_bool(encoding, "best", 0) ? "best" : NULL);
        add_kernels(table, encoding);
        table_cell(table, json_get_string(encoding, "summary", NULL));
    }
}

static int print_encodings(const json_t *plugins)
{
    static const char *const headings[] = { "ENCODING", "PLUGIN", "KIND",    "BLOCK",
                                            "BITS",     "SEARCH", "KERNELS", "SUMMARY" };
    struct table *table = table_new("lllrrlll", headings);
    size_t i;
    json_t *plugin;
    json_array_foreach((json_t *)plugins, i, plugin)
        add_encodings(table, plugin);
    putchar('\n');
    int r = table_print(table, stdout);
    table_free(table);
    return r;
}

/* How many entries the lists of that name have, over all plugins. */
static size_t count_all(const json_t *plugins, const char *list)
{
    size_t i, n = 0;
    json_t *plugin;
    json_array_foreach((json_t *)plugins, i, plugin)
        n += json_array_size(json_object_get(plugin, list));
    return n;
}

static void add_evaluators(struct table *table, const json_t *plugin)
{
    size_t i, j;
    json_t *evaluator, *format;
    json_array_foreach(json_object_get(plugin, "evaluators"), i, evaluator) {
        _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
        json_array_foreach(json_object_get(evaluator, "formats"), j, format)
            strbuf_printf(&sb, "%s%s", j ? "," : "", json_string_value(format));
        table_cell(table, json_get_string(evaluator, "name", NULL));
        table_cell(table, json_get_string(plugin, "name", NULL));
        table_cell(table, sb.data);
        table_cell(table, json_get_string(evaluator, "summary", NULL));
    }
}

/* A star marks the one in use. */
static void add_matrices(struct table *table, const json_t *plugin)
{
    size_t i;
    json_t *matrix;
    json_array_foreach(json_object_get(plugin, "matrices"), i, matrix) {
        table_cellf(table, "%s%s", json_get_string(matrix, "name", "?"),
                    json_get_bool(matrix, "used", 0) ? "*" : "");
        table_cell(table, json_get_string(plugin, "name", NULL));
        table_cellf(table, "%lld", (long long)json_get_int(matrix, "rank", 0));
        table_cell(table, json_get_string(matrix, "needs", NULL));
        table_cell(table, json_get_string(matrix, "summary", NULL));
    }
}

/* A table of one line for each entry of a list, where there are some. */
static int print_list(const json_t *plugins, const char *list, const char *spec,
                      const char *const *headings,
                      void (*add)(struct table *table, const json_t *plugin))
{
    size_t i;
    json_t *plugin;
    if (!count_all(plugins, list))
        return 0;
    struct table *table = table_new(spec, headings);
    json_array_foreach((json_t *)plugins, i, plugin)
        add(table, plugin);
    putchar('\n');
    int r = table_print(table, stdout);
    table_free(table);
    return r;
}

static int print_services(const json_t *plugins)
{
    static const char *const evaluators[] = { "EVALUATOR", "PLUGIN", "FORMATS", "SUMMARY" };
    static const char *const matrices[] = { "MATRICES", "PLUGIN", "RANK", "NEEDS", "SUMMARY" };
    int r = print_list(plugins, "evaluators", "llll", evaluators, add_evaluators);
    return r < 0 ? r : print_list(plugins, "matrices", "llrll", matrices, add_matrices);
}

static void print_refused(const json_t *refused)
{
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)refused, i, entry)
        cli_warn("warning: %s: refused: %s", json_get_string(entry, "file", "?"),
                 json_get_string(entry, "reason", "?"));
}

static int run(const struct cli *cli, void *state, int n_operands, char **operands)
{
    (void)n_operands, (void)operands;
    const struct plugins_options *o = state;
    _cleanup_json_ json_t *answer = NULL;
    if (o->check)
        return plugins_check(cli, o);
    if (o->all || o->seed || o->seconds > 0)
        return cli_usage("plugins: --all, --seed and --timeout go with --check");
    struct worker_question question = { .kind = "plugins", .event = "plugins", .n_answers = 1 };
    int status = worker_ask(cli, &question, &answer);
    if (status != CLI_OK)
        return status;
    if (cli->json)
        return worker_print_answer(answer);
    const json_t *plugins = json_object_get(answer, "plugins");
    int r = print_plugins(plugins);
    if (r == 0)
        r = print_encodings(plugins);
    if (r == 0)
        r = print_services(plugins);
    print_refused(json_object_get(answer, "refused"));
    return r < 0 ? cli_fail(CLI_FAILURE, "out of memory") : CLI_OK;
}

const struct cli_command cmd_plugins = {
    .name = "plugins",
    .synopsis = "[--json] | --check FILE",
    .summary = "List plugins, their formats, encodings and kernels",
    .details = "The kernel that this CPU uses is marked with a star; SEARCH tells which encodings\n"
               "know `--search best'. --json tells every fact.\n"
               "--check loads one library in the sandbox and tries what it promises: kernels on\n"
               "awkward weights, each against the first; the status is 0 when all is well.\n",
    .options = options,
    .state_size = sizeof(struct plugins_options),
    .set = set,
    .run = run,
};
