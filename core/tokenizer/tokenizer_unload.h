/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Tokenizers the other way: from a GGUF's metadata to the files of a Hugging Face folder. */
#ifndef TOKENIZER_TOKENIZER_UNLOAD_H
#define TOKENIZER_TOKENIZER_UNLOAD_H

#include "model/model.h"

/* The files of a Hugging Face tokenizer that a GGUF's metadata describe, as
 * {"tokenizer.json": "TEXT", "tokenizer_config.json": "TEXT", "tokenizer.model": "BYTES"} (the
 * last, whose bytes are not text, for "llama" only); tokenizer_load of them, with as many tokens,
 * gives the same metadata, but for ids of an end of turn or message, which config.json tells. Empty
 * when the GGUF has no tokenizer. PARE_ENOTSUP: one that cannot be written, such as a
 * pre-tokenizer that the table has no lines for. New reference. */
int tokenizer_unload(const struct model *gguf, const char *dirs, json_t **ret_files,
                     struct error *err) __attribute__((warn_unused_result));

#endif
