/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* `pare recipes`: the targets that can be asked for. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "cli/operand.h"
#include "cli/table.h"

#include <math.h>

static void add_formats(struct table *table, const json_t *recipe)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    size_t i;
    json_t *format;
    json_array_foreach(json_object_get(recipe, "formats"), i, format)
        strbuf_printf(&sb, "%s%s", i ? "," : "",
                      json_string_value(format) ? json_string_value(format) : "?");
    table_cell(table, sb.len ? sb.data : "any");
}

static int print_recipes(const json_t *recipes)
{
    static const char *const headings[] = { "RECIPE", "FORMATS", "DEFAULT", "BITS", "TITLE" };
    struct table *table = table_new("lllrl", headings);
    size_t i;
    json_t *recipe;
    char text[FIGURE_SIZE];
    json_array_foreach((json_t *)recipes, i, recipe) {
        const char *problem = json_get_string(recipe, "error", NULL);
        if (problem) {
            cli_warn("warning: %s: %s", json_get_string(recipe, "name", "?"), problem);
            continue;
        }
        table_cell(table, json_get_string(recipe, "name", NULL));
        add_formats(table, recipe);
        table_cell(table, json_get_string(recipe, "default", NULL));
        table_cell(table, figure_real(text, json_get_real(recipe, "bits", NAN), 2));
        table_cell(table, json_get_string(recipe, "title", NULL));
    }
    int r = table_print(table, stdout);
    table_free(table);
    return r < 0 ? cli_fail(CLI_FAILURE, "out of memory") : CLI_OK;
}

static int run(const struct cli *cli, void *state, int n_operands, char **operands)
{
    (void)state, (void)n_operands, (void)operands;
    _cleanup_json_ json_t *answer = NULL;
    struct worker_question question = { .kind = "recipes", .event = "recipes", .n_answers = 1 };
    int status = worker_ask(cli, &question, &answer);
    if (status != CLI_OK)
        return status;
    return cli->json ? worker_print_answer(answer)
                     : print_recipes(json_object_get(answer, "recipes"));
}

const struct cli_command cmd_recipes = {
    .name = "recipes",
    .synopsis = "[--json]",
    .summary = "List recipes",
    .details = "A target is written FORMAT:RECIPE, such as gguf:q4_k_m. pare-recipe(5) tells how\n"
               "recipes are written.\n",
    .run = run,
};
