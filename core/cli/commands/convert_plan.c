/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* `pare convert --dry-run`: what a worker plans for each target, without reading a weight. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/commands/convert_private.h"
#include "cli/operand.h"
#include "cli/table.h"
#include "cli/views/census_view.h"
#include "settings/settings.h"
#include "supervise/job_target.h"

#include <math.h>
#include <string.h>

static json_t *targets_json(const struct convert_options *options, const char *name)
{
    _cleanup_json_ json_t *targets = json_array();
    for (size_t i = 0; i < options->n_targets; i++) {
        const struct job_target *t = &options->targets[i];
        _cleanup_free_ char *stem = job_output_stem(name, t->recipe);
        json_t *target = json_pack("{s:s, s:s, s:s, s:O*}", "format", t->format, "recipe",
                                   t->recipe, "stem", stem, "options", t->options);
        if (json_array_append_new(targets, target) < 0)
            return NULL;
    }
    return TAKE(targets);
}

/* The rule as the recipe has it; of an option only the option, since its rule says the same. */
static void add_rule(struct table *table, const char *rule)
{
    const char *end = strncmp(rule, "--", 2) ? NULL : strstr(rule, "': ");
    if (end)
        table_cellf(table, "%.*s", (int)(end - rule) + 1, rule);
    else
        table_cell(table, rule);
}

static int print_tensors(const json_t *plan)
{
    static const char *const headings[] = { "TENSOR", "SHAPE", "FROM", "TO", "BYTES", "RULE" };
    struct table *table = table_new("llllrc", headings);
    size_t i;
    json_t *tensor;
    char text[96];
    json_array_foreach(json_object_get(plan, "tensors"), i, tensor) {
        const char *mark = json_get_bool(tensor, "importance", 0)     ? " *"
                           : json_get_string(tensor, "lattice", NULL) ? " +"
                                                                      : "";
        table_cell(table, json_get_string(tensor, "name", NULL));
        table_cell(table, shape_text(json_object_get(tensor, "shape"), text));
        table_cell(table, json_get_string(tensor, "from", NULL));
        table_cellf(table, "%s%s", json_get_string(tensor, "to", "?"), mark);
        table_cellf(table, "%lld", (long long)json_get_int(tensor, "bytes", 0));
        add_rule(table, json_get_string(tensor, "rule", ""));
    }
    int r = table_print(table, stdout);
    table_free(table);
    return r;
}

/* Counts the tensors with importance; *ret_bytes is what all tensors have in the source. */
static size_t count_weighed(const json_t *plan, uint64_t *ret_bytes)
{
    size_t i, n = 0;
    json_t *tensor;
    uint64_t bytes = 0;
    json_array_foreach(json_object_get(plan, "tensors"), i, tensor) {
        n += json_get_bool(tensor, "importance", 0) != 0;
        bytes += (uint64_t)json_get_int(tensor, "bytes_in", 0);
    }
    *ret_bytes = bytes;
    return n;
}

static size_t count_lattices(const json_t *plan)
{
    size_t i, n = 0;
    json_t *tensor;
    json_array_foreach(json_object_get(plan, "tensors"), i, tensor)
        n += json_get_string(tensor, "lattice", NULL) != NULL;
    return n;
}

static void print_totals(const json_t *plan)
{
    char from[FIGURE_SIZE], disk[FIGURE_SIZE], memory[FIGURE_SIZE], bits[FIGURE_SIZE];
    uint64_t bytes = 0;
    size_t weighed = count_weighed(plan, &bytes);
    size_t warnings = json_array_size(json_object_get(plan, "warnings"));
    long long fallbacks = (long long)json_get_int(plan, "fallbacks", 0);
    printf("\n%s bits per weight; %s of disk, from %s of weights; about %s of memory\n",
           figure_real(bits, json_get_real(plan, "bits_per_weight", NAN), 3),
           figure_bytes(disk, (uint64_t)json_get_int(plan, "disk", 0)), figure_bytes(from, bytes),
           figure_bytes(memory, (uint64_t)json_get_int(plan, "memory", 0)));
    printf("%lld fallback%s, %zu warning%s\n", fallbacks, fallbacks == 1 ? "" : "s", warnings,
           warnings == 1 ? "" : "s");
    if (weighed)
        printf("* %zu tensors with importance\n", weighed);
    if (count_lattices(plan))
        printf("+ %zu tensors seem to lie on the lattice of their encoding\n",
               count_lattices(plan));
}

static int print_plan(const json_t *plan, const char *name)
{
    text_print(stdout, name);
    fputs(" to ", stdout);
    text_print(stdout, json_get_string(plan, "format", "?"));
    fputs(":", stdout);
    text_print(stdout, json_get_string(plan, "recipe", "?"));
    fputs("\n\n", stdout);
    if (print_tensors(plan) < 0)
        return cli_fail(CLI_FAILURE, "out of memory");
    putchar('\n');
    if (census_view_print(json_object_get(plan, "census")) < 0)
        return cli_fail(CLI_FAILURE, "out of memory");
    print_totals(plan);
    return CLI_OK;
}

static json_t *make_request(const struct convert_options *o, const struct convert_inputs *inputs,
                            const char *name)
{
    _cleanup_json_ json_t *request = json_pack("{s:o, s:O*}", "targets", targets_json(o, name),
                                               "overrides", inputs->overrides);
    return request && settings_put(o->settings, request) == 0 ? TAKE(request) : NULL;
}

static int print_plans(const struct cli *cli, json_t *const *plans, size_t n,
                       const struct source_set *source)
{
    _cleanup_json_ json_t *all = json_array();
    int status = CLI_OK;
    for (size_t i = 0; i < n && plans[i] && status == CLI_OK; i++) {
        (void)json_object_del(plans[i], "event");
        if (cli->json)
            (void)json_array_append(all, plans[i]);
        else
            status = print_plan(plans[i], source->name);
        if (!cli->json && i + 1 < n && plans[i + 1])
            putchar('\n');
    }
    if (!cli->json || status != CLI_OK)
        return status;
    _cleanup_json_ json_t *object = json_pack("{s:s, s:O}", "source", source->name, "plans", all);
    return object ? cli_print_json(object) : cli_fail(CLI_FAILURE, "out of memory");
}

struct planning {
    const char *operand;
    const struct convert_options *options;
    size_t n_failed;
};

/* A target that cannot be planned, while others can. */
static void on_line(void *context, const char *event, const json_t *line)
{
    struct planning *planning = context;
    size_t i = (size_t)json_get_int(line, "target", 0);
    if (strcmp(event, "failed") != 0 || i >= planning->options->n_targets)
        return;
    const struct job_target *t = &planning->options->targets[i];
    cli_warn("%s: %s:%s: %s", planning->operand, t->format, t->recipe,
             json_get_string(line, "text", "?"));
    planning->n_failed++;
}

static int plan_source(const struct cli *cli, const struct convert_options *options,
                       const char *operand, const struct source_set *source,
                       const struct convert_inputs *inputs)
{
    json_t *plans[JOB_TARGETS_MAX];
    struct planning planning = { operand, options, 0 };
    struct worker_question question = {
        .each = on_line,
        .context = &planning,
        .kind = "plan",
        .event = "plan",
        .source = source,
        .importance = &inputs->importance,
        .importance_name = inputs->importance_name,
        .importance_parts = options->importance_parts,
        .more = make_request(options, inputs, source->name),
        .what = operand,
        .n_answers = options->n_targets,
    };
    int status = question.more ? worker_ask(cli, &question, plans)
                               : cli_fail(CLI_FAILURE, "out of memory");
    if (status != CLI_OK)
        return status;
    status = print_plans(cli, plans, options->n_targets, source);
    for (size_t i = 0; i < options->n_targets; i++)
        json_decref(plans[i]);
    if (status == CLI_OK && planning.n_failed)
        status = cli_fail(CLI_FAILURE, "%s: %zu of %zu targets cannot be made", operand,
                          planning.n_failed, options->n_targets);
    return status;
}

int convert_plan(const struct cli *cli, const struct convert_options *options, const char *operand)
{
    struct source_set source = { 0 };
    struct convert_inputs inputs = { 0 };
    struct error err = ERROR_INIT;
    int status = operand_open(operand, &source, &err);
    if (status == CLI_OK)
        status = convert_inputs_open(options, &source, &inputs, &err);
    if (status == CLI_OK)
        status = plan_source(cli, options, operand, &source, &inputs);
    convert_inputs_deinit(&inputs);
    source_set_deinit(&source);
    return status;
}
