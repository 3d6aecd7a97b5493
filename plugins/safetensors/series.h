/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Safetensors files without an index: which of them are the model, by their names.
 */
#ifndef ST_SERIES_H
#define ST_SERIES_H

#include "safetensors/common.h"

struct st_candidate {
    uint32_t file;
    struct pare_str name;
    struct pare_str stem;   /* of STEM-00001-of-00003.safetensors */
    uint64_t number, total; /* total 0: not named like that */
    uint32_t width;         /* digits of the number */
};

/* What the name of a file *.safetensors says; the name is borrowed. */
struct st_candidate st_candidate_of(uint32_t file, struct pare_str name);

/* Chooses among n >= 1 candidates (which are reordered). ret_files has room for n; *ret_n source
 * files are the model, in the order of their numbers. PARE_EINCOMPLETE when a shard is missing,
 * PARE_EDATA when the names can be meant in more than one way, reported. */
int st_series_choose(const struct st_context *context, struct st_candidate *candidates, uint32_t n,
                     uint32_t *ret_files, uint32_t *ret_n) __attribute__((warn_unused_result));

#endif
