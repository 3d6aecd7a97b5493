/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* `pare show`: everything that the catalog knows of a job or a conversion. */
#include "cli/catalog_reader.h"
#include "cli/views/show_view.h"

static int run(const struct cli *cli, void *state, int n_operands, char **operands)
{
    (void)state, (void)n_operands;
    struct error err = ERROR_INIT;
    _cleanup_catalog_ struct catalog *catalog = NULL;
    _cleanup_json_ json_t *shown = NULL;
    int status = reader_open(cli, &catalog);
    if (status != CLI_OK)
        return status;
    int r = catalog_show(catalog, operands[0], &shown, &err);
    if (r == CATALOG_NOT_FOUND)
        return cli_fail(CLI_NOT_FOUND,
                        "%s: no such job, conversion or output in the catalog; "
                        "`pare list` shows what there is",
                        operands[0]);
    if (r < 0)
        return cli_error(&err, NULL);
    if (cli->json)
        return cli_print_json(shown);
    return show_view_print(shown) < 0 ? cli_fail(CLI_FAILURE, "out of memory") : CLI_OK;
}

const struct cli_command cmd_show = {
    .name = "show",
    .synopsis = "ID [--json]",
    .summary = "Show a job or a conversion, with every tensor",
    .details = "ID is a conversion (`17.2`), a job (`17`, its uid or the beginning of that), or\n"
               "the name or path of an output. Tensors are shown when it is one conversion.\n",
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
