/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The post_processor of a tokenizer.json: which special tokens stand around a text. */
#ifndef TOKENIZER_TOKENIZER_POST_H
#define TOKENIZER_TOKENIZER_POST_H

#include "tokenizer/tokenizer_ids.h"
#include "tokenizer/tokenizer_private.h"

/* Adds what it says to the special tokens: texts where they have none, and which are added. */
void special_post_process(struct special_tokens *special, const json_t *post_processor);

#endif
