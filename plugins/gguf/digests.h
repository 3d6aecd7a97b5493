/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Digests of the source's files among the metadata: kept from the layout to the end of the job.
 */
#ifndef GGUF_DIGESTS_H
#define GGUF_DIGESTS_H

#include "gguf/target.h"

/* Makes room for the digests among the keys; nothing when there are none. */
int gguf_digests_new(struct gguf_target *target) GGUF_CHECKED;

/* pare_writer.finish: writes the digests. */
int gguf_digests_finish(const struct pare_host *host, struct pare_job *job, void *state);

/* pare_writer.close. */
void gguf_digests_close(void *state);

#endif
