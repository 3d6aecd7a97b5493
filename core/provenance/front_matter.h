/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The front matter of a model card: YAML between two lines "---" at the top of README.md. It is
 * read event by event (libyaml); only what is asked for is kept, so that cards with megabytes of
 * benchmark results cost little. Aliases are never followed.
 */
#ifndef PROVENANCE_FRONT_MATTER_H
#define PROVENANCE_FRONT_MATTER_H

#include "base/error.h"

#include <jansson.h>
#include <stddef.h>

#define FRONT_MATTER_MAX_BYTES (4u << 20)
#define FRONT_MATTER_MAX_DEPTH 64

/* The keys of `wanted` (ends with NULL) that the front matter of a text has, as a JSON object. All
 * scalars are texts, as they are written: `no` and 1.10 keep their letters. What is null, empty or
 * an alias is left out; a key that is there twice has the last value. 1: there is no front matter.
 * PARE_EDATA: it is not YAML, or too deep, or too long: the text says what and in which line of the
 * file. New reference. */
int front_matter_parse(const char *text, size_t len, const char *const *wanted, json_t **ret_object,
                       struct error *err) __attribute__((warn_unused_result));

#endif
