/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The metadata keys that the plugin understands, and what they must be.
 */
#ifndef GGUF_RULES_H
#define GGUF_RULES_H

#include "gguf/values.h"

/* Keys whose meaning the plugin knows. */
enum gguf_key {
    GGUF_KEY_ARCHITECTURE,
    GGUF_KEY_ALIGNMENT,
    GGUF_KEY_SPLIT_NO,
    GGUF_KEY_SPLIT_COUNT,
    GGUF_KEY_SPLIT_TENSORS,
    GGUF_KEY_TOKENS,
    GGUF_KEY_SCORES,
    GGUF_KEY_TOKEN_TYPES,
    GGUF_KEY_MERGES,
    GGUF_N_KEYS
};

/* What a file is for, by its own account. */
enum gguf_kind {
    GGUF_MODEL,
    GGUF_PROJECTOR, /* of images or sound into a model's embeddings: mmproj */
    GGUF_ADAPTER,
    GGUF_CONTROL_VECTOR,
    GGUF_IMATRIX,
    GGUF_VOCABULARY, /* a model without tensors, beside others */
};

/* What those keys say in one file. */
struct gguf_facts {
    enum gguf_kind kind;
    uint64_t identity; /* a hash of the architecture and of the model's own name */
    int seen[GGUF_N_KEYS];
    uint64_t value[GGUF_N_KEYS]; /* of single numbers */
    uint64_t count[GGUF_N_KEYS]; /* of arrays */
};

/* Checks a scanned entry against the rule for its key, if there is one, and notes what it says. */
int gguf_rules_apply(struct cursor *cursor, const struct gguf_entry *entry,
                     struct gguf_facts *facts) GGUF_CHECKED;

/* Checks what the keys of a file say together. */
int gguf_rules_finish(const struct cursor *cursor, const struct gguf_facts *facts) GGUF_CHECKED;

/* Whether a key says how a model is split over files: such keys are not part of the model. */
int gguf_key_is_split(struct pare_str key);

/* Whether the key has this text. */
int gguf_key_is(struct pare_str key, const char *text);

#endif
