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

struct st_candidate st_candidate_of(uint32_t file, struct pare_str name);
int st_series_choose(const struct st_context *context, struct st_candidate *candidates, uint32_t n,
                     uint32_t *ret_files, uint32_t *ret_n) __attribute__((warn_unused_result));

#endif
