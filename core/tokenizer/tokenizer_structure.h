/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The part of a tokenizer.json that says how text is cut, as lines: what pretokenizers.table has,
 * and what fingerprints are made of.
 */
#ifndef TOKENIZER_TOKENIZER_STRUCTURE_H
#define TOKENIZER_TOKENIZER_STRUCTURE_H

#include "base/error.h"

#include <jansson.h>

/* The lines of a tokenizer.json (free them); NULL without memory. */
char *tokenizer_structure(const json_t *tokenizer);

/* The other way: normalizer, pre_tokenizer and model flags of a tokenizer.json from lines;
 * PARE_EDATA for lines that mean nothing. */
int tokenizer_from_structure(const char *lines, json_t *tokenizer, struct error *err)
    __attribute__((warn_unused_result));

#endif
