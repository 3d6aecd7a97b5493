/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * `__metadata__` of one file becomes metadata of the model.
 */
#ifndef ST_METADATA_H
#define ST_METADATA_H

#include "safetensors/planes/planes.h"

/* Sets the file's metadata as the model's, but for what describes planes, which goes there.
 * PARE_EDATA when it is not an object of strings or has a key twice. The header's text is changed
 * where strings are decoded: once per header. */
int st_metadata_apply(const struct st_context *context, const struct st_header *header,
                      struct st_planes *planes) __attribute__((warn_unused_result));

#endif
