/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What every file of the safetensors plugin shares: the limits, the pair of host and job that all
 * calls need, and the names of files. docs/formats/safetensors.md describes the format; this
 * folder implements that page:
 *
 *   plugin.c   the tables that the host sees, and probe
 *   folder.c   which files of a source are the model
 *   index.c    model.safetensors.index.json of a sharded model
 *   header.c   the header of one file: a list of tensors
 *   metadata.c `__metadata__` of one file
 *   planes/    tensors whose planes are tensors of bytes: read, described, written
 *   reader.c   puts these together
 *   writer.c, shards.c, emit.c, config.c  the other direction
 *   json.c, json-check.c, names.c, sort.c, text.c, dtype.c  tools
 *
 * All state lives in memory of the host's, charged to the job, and is used by one thread.
 */
#ifndef ST_COMMON_H
#define ST_COMMON_H

#include <pare/plugin.h>

#define ST_MAX_HEADER 100000000u /* bytes of JSON, as in the reference implementation */
#define ST_MAX_INDEX 100000000u  /* bytes of JSON */
#define ST_MAX_TENSORS 1048576u  /* in one model */
#define ST_MAX_SHARDS 100000u
#define ST_MAX_SIDE_JSON (16u << 20) /* bytes of a config.json that is rewritten */

#define ST_SUFFIX ".safetensors"
#define ST_INDEX_SUFFIX ".safetensors.index.json"
#define ST_METADATA "__metadata__"
#define ST_NONE UINT32_MAX /* no such file */

struct st_context {
    const struct pare_host *host;
    struct pare_job *job;
};

/* Reports a failure and gives its code. */
#define ST_FAIL(context, code, ...) ((context)->host->fail((context)->job, (code), __VA_ARGS__))
#define ST_LOG(context, level, ...) ((context)->host->log((context)->job, (level), __VA_ARGS__))

#endif
