/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* `pare compare`: the error of one model's weights against another's. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/operand.h"
#include "cli/table.h"

#include <math.h>
#include <stdio.h>

enum { OPTION_IMPORTANCE };

struct compare {
    const char *importance; /* file, or NULL */
};

static const struct cli_option options[] = {
    { "importance", 0, "FILE", "importance matrix: errors weighed by it, too", OPTION_IMPORTANCE },
    { NULL, 0, NULL, NULL, 0 },
};

static int set(void *state, int id, const char *value)
{
    struct compare *compare = state;
    (void)id;
    compare->importance = value;
    return CLI_OK;
}

/* Weighed by importance; of a tensor that has none there are no figures. */
static void add_weighed(struct table *table, const json_t *line)
{
    char text[FIGURE_SIZE];
    double sqnr = json_get_real(line, "weighted_sqnr_db", NAN);
    double relative = json_get_real(line, "weighted_relative_error", NAN);
    table_cell(table, relative == 0 ? "exact" : figure_real(text, sqnr, 2));
    if (isfinite(relative))
        table_cellf(table, "%.4g", relative);
    else
        table_cell(table, NULL);
}

static void add_figures(struct table *table, const json_t *line, int weighed)
{
    static const char *const keys[] = { "rmse", "relative_error", "max_abs" };
    char text[FIGURE_SIZE];
    double sqnr = json_get_real(line, "sqnr_db", NAN);
    int is_exact = !isfinite(sqnr) && json_get_real(line, "rmse", NAN) == 0;
    table_cell(table, is_exact ? "exact" : figure_real(text, sqnr, 2));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        double value = json_get_real(line, keys[i], NAN);
        if (isfinite(value))
            table_cellf(table, "%.4g", value);
        else
            table_cell(table, NULL);
    }
    table_cell(table, figure_real(text, json_get_real(line, "cosine", NAN), 8));
    if (weighed)
        add_weighed(table, line);
}

static int print_tensors(const json_t *comparison, int weighed)
{
    static const char *const headings[] = { "TENSOR",     "SHAPE",        "A",
                                            "B",          "SQNR dB",      "RMSE",
                                            "REL. ERROR", "MAX ABS",      "COSINE",
                                            "WEIGHED dB", "WEIGHED ERROR" };
    struct table *table = table_new(weighed ? "llllrrrrrrr" : "llllrrrrr", headings);
    size_t i;
    json_t *line;
    char text[96];
    json_array_foreach(json_object_get(comparison, "tensors"), i, line) {
        const char *problem = json_get_string(line, "problem", NULL);
        table_cell(table, json_get_string(line, "name", NULL));
        table_cell(table, shape_text(json_object_get(line, "shape"), text));
        table_cell(table, json_get_string(line, "a", NULL));
        if (problem)
            table_cellf(table, "%s (%s)", json_get_string(line, "b", "?"), problem);
        else
            table_cell(table, json_get_string(line, "b", NULL));
        add_figures(table, line, weighed);
    }
    const json_t *total = json_object_get(comparison, "total");
    table_cell(table, "all weights");
    table_cellf(table, "%lld", (long long)json_get_int(total, "elements", 0));
    table_cell(table, "");
    table_cell(table, "");
    add_figures(table, total, weighed);
    int r = table_print(table, stdout);
    table_free(table);
    return r;
}

static void print_side(const char *label, const char *operand, const json_t *side)
{
    char bytes[FIGURE_SIZE], bits[FIGURE_SIZE];
    printf("%s  ", label);
    text_print(stdout, operand);
    fputs("  ", stdout);
    text_print(stdout, json_get_string(side, "format", "?"));
    printf(", %lld tensors, %s, %s bits per weight\n", (long long)json_get_int(side, "tensors", 0),
           figure_bytes(bytes, (uint64_t)json_get_int(side, "bytes", 0)),
           figure_real(bits, json_get_real(side, "bits_per_weight", NAN), 3));
}

static void print_missing(const char *label, const json_t *names)
{
    size_t i;
    json_t *name;
    json_array_foreach((json_t *)names, i, name) {
        fputs(label, stdout);
        text_print(stdout, json_string_value(name) ? json_string_value(name) : "?");
        putchar('\n');
    }
}

static int print_comparison(const json_t *comparison, char **operands, int weighed)
{
    print_side("A", operands[0], json_object_get(comparison, "a"));
    print_side("B", operands[1], json_object_get(comparison, "b"));
    putchar('\n');
    int r = print_tensors(comparison, weighed);
    print_missing("only in A: ", json_object_get(comparison, "only_a"));
    print_missing("only in B: ", json_object_get(comparison, "only_b"));
    return r < 0 ? cli_fail(CLI_FAILURE, "out of memory") : CLI_OK;
}

static int run(const struct cli *cli, void *state, int n_operands, char **operands)
{
    const struct compare *compare = state;
    struct source_set a = { 0 }, b = { 0 }, importance = { 0 };
    struct error err = ERROR_INIT;
    _cleanup_json_ json_t *comparison = NULL;
    (void)n_operands;
    int status = operand_open(operands[0], &a, &err);
    if (status == CLI_OK)
        status = operand_open(operands[1], &b, &err);
    if (status == CLI_OK && compare->importance)
        status = operand_open_file(compare->importance, &importance, &err);
    if (status == CLI_OK) {
        struct worker_question question = {
            .kind = "compare",
            .event = "comparison",
            .source = &a,
            .other = &b,
            .importance = &importance,
            .importance_name = compare->importance,
            .n_answers = 1,
        };
        status = worker_ask(cli, &question, &comparison);
    }
    source_set_deinit(&a);
    source_set_deinit(&b);
    source_set_deinit(&importance);
    if (status != CLI_OK)
        return status;
    return cli->json ? worker_print_answer(comparison)
                     : print_comparison(comparison, operands, compare->importance != NULL);
}

const struct cli_command cmd_compare = {
    .name = "compare",
    .synopsis = "A B [--importance FILE] [--json]",
    .summary = "Measure the error of model B against model A",
    .details = "Tensors are matched by name and decoded; the formats may differ.\n",
    .options = options,
    .min_operands = 2,
    .max_operands = 2,
    .state_size = sizeof(struct compare),
    .set = set,
    .run = run,
};
