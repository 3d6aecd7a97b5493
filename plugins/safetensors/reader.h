/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The callbacks of struct pare_reader.
 */
#ifndef ST_READER_H
#define ST_READER_H

#include "safetensors/common.h"

/* pare_reader.probe. 90: certainly ours; 50: only by its name, so that open can say what is wrong;
 * 40: ours by its first bytes only. */
int st_probe(const struct pare_probe *probe);

/* pare_reader.open: see docs/formats/safetensors.md for every rule that is checked. */
int st_open(const struct pare_host *host, struct pare_job *job, void **ret_state);

/* pare_reader.next. */
int st_next(void *state, struct pare_tensor *ret_tensor);

/* pare_reader.close. */
void st_close(void *state);

#endif
