/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What certain metadata keys must be, as tables. These are the keys whose values other programs
 * cast without a look at their type, size arrays by, or skip a part of the file for. All other keys
 * are passed on without being interpreted. A count of heads may be 0: state space models have it
 * so.
 */
#include "gguf/rules.h"

#include "gguf/types.h"

#include <string.h>

struct key_rule {
    const char *key;
    uint32_t type;
    uint32_t or_type; /* another type that is accepted */
    int is_array;
};

static const struct key_rule KEYS[GGUF_N_KEYS] = {
    [GGUF_KEY_ARCHITECTURE] = { "general.architecture", PARE_STRING, PARE_STRING, 0 },
    [GGUF_KEY_ALIGNMENT] = { "general.alignment", PARE_U32, PARE_U32, 0 },
    [GGUF_KEY_SPLIT_NO] = { "split.no", PARE_U16, PARE_U16, 0 },
    [GGUF_KEY_SPLIT_COUNT] = { "split.count", PARE_U16, PARE_U16, 0 },
    [GGUF_KEY_SPLIT_TENSORS] = { "split.tensors.count", PARE_I32, PARE_I32, 0 },
    [GGUF_KEY_TOKENS] = { "tokenizer.ggml.tokens", PARE_STRING, PARE_STRING, 1 },
    [GGUF_KEY_SCORES] = { "tokenizer.ggml.scores", PARE_F32, PARE_I32, 1 },
    [GGUF_KEY_TOKEN_TYPES] = { "tokenizer.ggml.token_type", PARE_I32, PARE_U32, 1 },
    [GGUF_KEY_MERGES] = { "tokenizer.ggml.merges", PARE_STRING, PARE_STRING, 1 },
};

/* Counts that each architecture has under its own prefix. */
static const struct {
    const char *suffix;
    uint64_t max;
} COUNTS[] = {
    { ".block_count", 65536 },
    { ".head_count", 65536 },
    { ".expert_count", 65536 },
    { ".vocab_size", INT32_MAX },
};

int gguf_key_is(struct pare_str key, const char *text)
{
    return key.len == strlen(text) && memcmp(key.data, text, key.len) == 0;
}

int gguf_key_is_split(struct pare_str key)
{
    return gguf_key_is(key, KEYS[GGUF_KEY_SPLIT_NO].key) ||
           gguf_key_is(key, KEYS[GGUF_KEY_SPLIT_COUNT].key) ||
           gguf_key_is(key, KEYS[GGUF_KEY_SPLIT_TENSORS].key);
}

/* Whether the number of a signed type, which was zero-extended, is below 0. */
static int is_negative(const struct gguf_entry *entry)
{
    uint32_t bits = 8 * gguf_element_size(entry->type);
    int is_signed = entry->type == PARE_I8 || entry->type == PARE_I16 || entry->type == PARE_I32 ||
                    entry->type == PARE_I64;
    return is_signed && entry->scalar >> (bits - 1);
}

static int counts_apply(const struct cursor *cursor, const struct gguf_entry *entry)
{
    char key[CURSOR_QUOTED];
    for (size_t i = 0; i < sizeof(COUNTS) / sizeof(COUNTS[0]); i++) {
        size_t n = strlen(COUNTS[i].suffix);
        if (entry->is_array || entry->key.len < n ||
            memcmp(entry->key.data + entry->key.len - n, COUNTS[i].suffix, n) != 0)
            continue;
        cursor_quote(entry->key.data, entry->key.len, key);
        if (entry->type == PARE_F32 || entry->type == PARE_F64 || entry->type == PARE_STRING ||
            entry->type == PARE_BOOL)
            return cursor_fail(cursor, PARE_EDATA, "key `%s` must be an integer but is %s", key,
                               gguf_element_name(entry->type));
        if (is_negative(entry))
            return cursor_fail(cursor, PARE_EDATA, "key `%s` is negative", key);
        if (entry->scalar > COUNTS[i].max)
            return cursor_fail(cursor, PARE_EDATA,
                               "key `%s` is %llu, more than a model can have (%llu)", key,
                               (unsigned long long)entry->scalar,
                               (unsigned long long)COUNTS[i].max);
    }
    return 0;
}

static int alignment_check(const struct cursor *cursor, uint64_t alignment)
{
    if (alignment == 0 || (alignment & (alignment - 1)) != 0)
        return cursor_fail(cursor, PARE_EDATA,
                           "general.alignment is %llu, which is not a power of two",
                           (unsigned long long)alignment);
    if (alignment > GGUF_MAX_ALIGNMENT)
        return cursor_fail(cursor, PARE_ELIMIT,
                           "general.alignment is %llu, more than the limit of %u",
                           (unsigned long long)alignment, GGUF_MAX_ALIGNMENT);
    return 0;
}

/* The text is at most as long as this, or no name that is known here. */
#define SHORT_TEXT 256

/* Notes what a short text says about the file as a whole. */
static void identify(struct pare_str key, struct pare_str text, struct gguf_facts *facts)
{
    static const struct {
        const char *key, *text;
        enum gguf_kind kind;
    } KINDS[] = {
        { "general.architecture", "clip", GGUF_PROJECTOR },
        { "general.type", "mmproj", GGUF_PROJECTOR },
        { "general.type", "adapter", GGUF_ADAPTER },
        { "general.type", "imatrix", GGUF_IMATRIX },
        { "general.architecture", "controlvector", GGUF_CONTROL_VECTOR },
    };
    static const char *const NAMES[] = { "general.architecture", "general.name", "general.basename",
                                         "general.finetune", "general.version" };
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++)
        if (gguf_key_is(key, KINDS[i].key) && gguf_key_is(text, KINDS[i].text))
            facts->kind = KINDS[i].kind;
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        if (gguf_key_is(key, NAMES[i])) /* a sum, since keys have no order */
            facts->identity += gguf_hash(gguf_hash(GGUF_HASH_INIT, key.data, key.len), text.data,
                                         text.len);
}

/* Reads the value of a scanned text under `general.` once more, and stays where it is. */
static int text_apply(struct cursor *cursor, const struct gguf_entry *entry,
                      struct gguf_facts *facts)
{
    static const char PREFIX[] = "general.";
    char text[SHORT_TEXT];
    uint64_t pos = cursor->pos;
    size_t n = sizeof(PREFIX) - 1;
    if (entry->type != PARE_STRING || entry->is_array || entry->text_bytes > sizeof(text) ||
        entry->key.len < n || memcmp(entry->key.data, PREFIX, n) != 0)
        return 0;
    cursor_seek(cursor, entry->at + 8);
    int r = cursor_bytes(cursor, text, (size_t)entry->text_bytes, "a string");
    cursor_seek(cursor, pos);
    if (r == 0)
        identify(entry->key, (struct pare_str){ text, (size_t)entry->text_bytes }, facts);
    return r;
}

int gguf_rules_apply(struct cursor *cursor, const struct gguf_entry *entry,
                     struct gguf_facts *facts)
{
    int k = 0;
    int r = text_apply(cursor, entry, facts);
    if (r < 0)
        return r;
    while (k < GGUF_N_KEYS && !gguf_key_is(entry->key, KEYS[k].key))
        k++;
    if (k == GGUF_N_KEYS)
        return counts_apply(cursor, entry);
    const struct key_rule *rule = &KEYS[k];
    int fits = entry->type == rule->type || entry->type == rule->or_type;
    if (!fits || entry->is_array != rule->is_array)
        return cursor_fail(cursor, PARE_EDATA, "key `%s` must be %s%s but is %s%s", rule->key,
                           rule->is_array ? "an array of " : "", gguf_element_name(rule->type),
                           entry->is_array ? "an array of " : "", gguf_element_name(entry->type));
    if (facts->seen[k])
        return cursor_fail(cursor, PARE_EDATA, "key `%s` is there twice", rule->key);
    facts->seen[k] = 1;
    facts->value[k] = entry->scalar;
    facts->count[k] = entry->count;
    return k == GGUF_KEY_ALIGNMENT ? alignment_check(cursor, entry->scalar) : 0;
}

static int split_check(const struct cursor *cursor, const struct gguf_facts *facts)
{
    uint64_t count = facts->value[GGUF_KEY_SPLIT_COUNT];
    uint64_t no = facts->value[GGUF_KEY_SPLIT_NO];
    if (!facts->seen[GGUF_KEY_SPLIT_COUNT] || (count == 0 && no == 0))
        return 0;
    if (count > 1 && !facts->seen[GGUF_KEY_SPLIT_NO])
        return cursor_fail(cursor, PARE_EDATA, "there is split.count but no split.no");
    if (no >= count)
        return cursor_fail(cursor, PARE_EDATA, "split.no is %llu, but split.count is %llu",
                           (unsigned long long)no, (unsigned long long)count);
    return 0;
}

int gguf_rules_finish(const struct cursor *cursor, const struct gguf_facts *facts)
{
    static const enum gguf_key PER_TOKEN[] = { GGUF_KEY_SCORES, GGUF_KEY_TOKEN_TYPES };
    for (size_t i = 0; i < sizeof(PER_TOKEN) / sizeof(PER_TOKEN[0]); i++) {
        enum gguf_key k = PER_TOKEN[i];
        if (facts->seen[k] && facts->count[k] < facts->count[GGUF_KEY_TOKENS])
            return cursor_fail(cursor, PARE_EDATA, "key `%s` has %llu elements for %llu tokens",
                               KEYS[k].key, (unsigned long long)facts->count[k],
                               (unsigned long long)facts->count[GGUF_KEY_TOKENS]);
    }
    return split_check(cursor, facts);
}
