/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The callback of struct pare_writer.
 */
#ifndef ST_WRITER_H
#define ST_WRITER_H

#include "safetensors/common.h"

/* pare_writer.layout: see docs/formats/safetensors.md, "What Pare writes". */
int st_layout(const struct pare_host *host, struct pare_job *job, void **ret_state);

#endif
