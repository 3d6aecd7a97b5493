/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * `__metadata__` of one file becomes metadata of the model.
 */
#ifndef ST_METADATA_H
#define ST_METADATA_H

#include "safetensors/planes.h"

int st_metadata_apply(const struct st_context *context, const struct st_header *header,
                      struct st_planes *planes) __attribute__((warn_unused_result));

#endif
