/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The callbacks of struct pare_reader.
 */
#ifndef ST_READER_H
#define ST_READER_H

#include "safetensors/common.h"

int st_probe(const struct pare_probe *probe);
int st_open(const struct pare_host *host, struct pare_job *job, void **ret_state);
int st_next(void *state, struct pare_tensor *ret_tensor);
void st_close(void *state);

#endif
