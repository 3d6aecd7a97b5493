/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The side files of a target folder.
 */
#ifndef ST_CONFIG_H
#define ST_CONFIG_H

#include "safetensors/plan.h"

/* Lays out all side files. Those with odd names are left out, with a warning. */
int st_side_emit(const struct st_context *context, const struct st_plan *plan)
    __attribute__((warn_unused_result));

#endif
