/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What a source is converted with: the importance matrix and the rules given from outside. */
#include "base/cleanup.h"
#include "cli/convert.h"
#include "cli/operand.h"

void convert_inputs_deinit(struct convert_inputs *inputs)
{
    source_set_deinit(&inputs->importance);
    json_decref(inputs->overrides);
    *inputs = (struct convert_inputs){ 0 };
}

int convert_inputs_open(const struct convert_options *options, struct convert_inputs *ret_inputs,
                        struct error *err)
{
    struct convert_inputs inputs = { 0 };
    int status = CLI_OK;
    if (options->importance) {
        inputs.importance_name = options->importance;
        status = operand_open_file(options->importance, &inputs.importance, err);
    }
    if (status != CLI_OK) {
        convert_inputs_deinit(&inputs);
        return status;
    }
    *ret_inputs = inputs;
    return CLI_OK;
}
