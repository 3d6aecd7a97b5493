/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What a source is converted with: an importance matrix and overrides, from the command line and
 * from its sidecars. What the command line says goes first.
 */
#include "base/cleanup.h"
#include "cli/commands/convert_private.h"
#include "cli/operand.h"
#include "source/sidecar.h"

#include <fcntl.h>

void convert_inputs_deinit(struct convert_inputs *inputs)
{
    source_set_deinit(&inputs->importance);
    json_decref(inputs->overrides);
    *inputs = (struct convert_inputs){ 0 };
}

static int add_sidecars(const struct convert_options *options, const struct source_set *source,
                        struct convert_inputs *inputs, struct error *err)
{
    struct sidecars found = { 0 };
    unsigned wanted = options->importance ? 1u << SIDECAR_RULES : SIDECARS_ALL;
    int r = sidecars_open(AT_FDCWD, source, wanted, &found, err);
    if (r < 0)
        return cli_error(err, source->path);
    for (size_t i = 0; i < found.n && !options->quiet; i++)
        cli_warn("%s: using %s", source->name, found.names[i]);
    if (found.importance.n) {
        inputs->importance = found.importance;
        found.importance = (struct source_set){ 0 };
    }
    if (found.rules && json_array_extend(inputs->overrides, found.rules) < 0)
        err->code = error_oom(err);
    sidecars_deinit(&found);
    return err->code ? cli_error(err, NULL) : CLI_OK;
}

int convert_inputs_open(const struct convert_options *options, const struct source_set *source,
                        struct convert_inputs *ret_inputs, struct error *err)
{
    struct convert_inputs inputs = { .overrides = overrides_list(&options->overrides) };
    int status = CLI_OK;
    if (!inputs.overrides) {
        err->code = error_oom(err);
        return cli_error(err, NULL);
    }
    if (options->importance) {
        inputs.importance_name = options->importance;
        status = operand_open_file(options->importance, &inputs.importance, err);
    }
    if (status == CLI_OK && !options->no_sidecars)
        status = add_sidecars(options, source, &inputs, err);
    if (status == CLI_OK && options->importance_parts && !inputs.importance.n)
        status = cli_usage("there is no importance matrix to include or exclude entries of");
    if (status != CLI_OK) {
        convert_inputs_deinit(&inputs);
        return status;
    }
    if (!json_array_size(inputs.overrides)) {
        json_decref(inputs.overrides);
        inputs.overrides = NULL;
    }
    *ret_inputs = inputs;
    return CLI_OK;
}
