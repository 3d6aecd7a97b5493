/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* JSON as tokenizers need it: their files, and values read as Python reads them. */
#ifndef TOKENIZER_TOKENIZER_JSON_H
#define TOKENIZER_TOKENIZER_JSON_H

#include "model/model.h"

/* The bytes of a JSON string; data NULL when it is none. */
struct pare_str tokenizer_json_str(const json_t *value);
/* 1: a whole number, of either of Jansson's types. */
int tokenizer_json_int(const json_t *value, int64_t *ret);
/* What Python calls true: neither null, false, 0 nor empty. */
int tokenizer_json_true(const json_t *value);

/* A file of the folder as a JSON object; *ret_json stays when there is none (1). Numbers are reals,
 * since "model_max_length" is often more than 64 bits; NUL is allowed in texts, not in keys. New
 * reference. */
int tokenizer_json_read(const struct model *source, const char *name, json_t **ret_json,
                        struct error *err) __attribute__((warn_unused_result));

#endif
