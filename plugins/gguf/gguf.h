/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Inside the GGUF plugin: what its files share. From the bottom up: types.c knows the tensor
 * types, values.c parses metadata, rules.c says what
 * certain keys must be, tensors.c parses the tensor table, split.c scans the headers of all shards
 * and puts them in order, reader.c and writer.c (with writer.h) are the two ends that the host
 * calls. The rules are those of docs/formats/gguf.md. All memory comes from the host; nothing is
 * kept but the shards' positions: tensors are parsed once to check them and again to hand them
 * out.
 */
#ifndef GGUF_H
#define GGUF_H

#include "common/cursor.h"

#define GGUF_MAX_TENSORS 1048576u            /* in a file */
#define GGUF_MAX_KEYS 65536u                 /* in a file */
#define GGUF_MAX_STRING (UINT64_C(1) << 30)  /* bytes */
#define GGUF_MAX_ARRAY (UINT64_C(1) << 30)   /* elements */
#define GGUF_MAX_STRINGS (UINT64_C(1) << 22) /* elements of an array of strings */
#define GGUF_MAX_ALIGNMENT (1u << 20)
#define GGUF_DEFAULT_ALIGNMENT 32u
#define GGUF_MAX_DIMS 4
#define GGUF_NAME_SIZE 64   /* a tensor's name has fewer bytes */
#define GGUF_ARRAY 9u       /* the value type that is no element type */
#define GGUF_HEADER 24u     /* magic, version, two counts */
#define GGUF_MIN_KEY 14u    /* the smallest key and value: length, 1 byte, type, 1 byte */
#define GGUF_MIN_TENSOR 25u /* the smallest tensor info: length, 1 byte, dims, type, offset */

/* What warn_unused_result marks: functions that return 0 or enum pare_status, already reported. */
#define GGUF_CHECKED __attribute__((warn_unused_result))

/* A tensor type of the format. */
struct gguf_type {
    const char *name;   /* the encoding's, or NULL for an id that is not in use */
    uint32_t block_len; /* elements */
    uint32_t bytes;     /* per block */
};

/* The type with this id, or NULL; never one without a name. */
const struct gguf_type *gguf_type_by_id(uint32_t id);
/* The id of the type that the encoding names, or -1. */
int gguf_type_id(const char *encoding);
/* Bytes of an element of a metadata value; 0 for strings, arrays and unknown types. */
uint32_t gguf_element_size(uint32_t type);
/* "u32", "array", ... */
const char *gguf_element_name(uint32_t type);

/* Rounds up to a multiple of a power of two; -1 when the result is not below 2^63. */
static inline int GGUF_CHECKED gguf_align(uint64_t value, uint32_t alignment, uint64_t *ret_value)
{
    if (value > (uint64_t)INT64_MAX - (alignment - 1))
        return -1;
    *ret_value = (value + alignment - 1) & ~(uint64_t)(alignment - 1);
    return 0;
}

/* A metadata entry whose key and type are read. */
struct gguf_entry {
    struct pare_str key; /* in the buffer given to gguf_entry_next */
    uint32_t type;       /* enum pare_type, of the elements */
    int is_array;
    uint64_t count;      /* 1 unless an array */
    uint64_t at;         /* where its value (an array's first element) begins */
    uint64_t text_bytes; /* of all strings together; set by gguf_value_scan */
    uint64_t scalar;     /* a single number or bool, zero-extended; set by gguf_value_scan */
};

/* Reads key, type and count; key_buffer has PARE_MAX_NAME bytes. */
int gguf_entry_next(struct cursor *cursor, uint64_t index, char *key_buffer,
                    struct gguf_entry *ret_entry) GGUF_CHECKED;
/* Checks the value and moves past it. */
int gguf_value_scan(struct cursor *cursor, struct gguf_entry *entry) GGUF_CHECKED;
/* Reads a scanned entry's value again and gives it to the host's meta_set. */
int gguf_value_load(struct cursor *cursor, const struct gguf_entry *entry) GGUF_CHECKED;

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

/* What those keys say in one file. */
struct gguf_facts {
    int seen[GGUF_N_KEYS];
    uint64_t value[GGUF_N_KEYS]; /* of single numbers */
    uint64_t count[GGUF_N_KEYS]; /* of arrays */
};

/* Checks a scanned entry against the rule for its key, if there is one, and notes what it says. */
int gguf_rules_apply(const struct cursor *cursor, const struct gguf_entry *entry,
                     struct gguf_facts *facts) GGUF_CHECKED;
/* Checks what the keys of a file say together. */
int gguf_rules_finish(const struct cursor *cursor, const struct gguf_facts *facts) GGUF_CHECKED;
/* Whether a key says how a model is split over files: such keys are not part of the model. */
int gguf_key_is_split(struct pare_str key);
/* Whether the key has this text. */
int gguf_key_is(struct pare_str key, const char *text);

/* An entry of the tensor table. */
struct gguf_tensor {
    char name[GGUF_NAME_SIZE];
    size_t name_len;
    uint32_t n_dims;
    uint64_t dims[GGUF_MAX_DIMS]; /* in the file's order: the row length first */
    const struct gguf_type *type;
    uint64_t bytes;
    uint64_t offset; /* from the start of the data */
};

/* Reads and checks the table's next entry; *offset is where its data must begin, and becomes where
 * the next one's must. */
int gguf_tensor_next(struct cursor *cursor, uint64_t index, uint32_t alignment, uint64_t *offset,
                     struct gguf_tensor *ret_tensor) GGUF_CHECKED;

/* A file of the model whose header is checked. */
struct gguf_shard {
    uint32_t file;
    uint32_t alignment;
    uint64_t n_keys;
    uint64_t n_tensors;
    uint64_t infos; /* where the tensor table begins */
    uint64_t data;  /* where the data begins */
    struct gguf_facts facts;
};

/* Scans all GGUF files of the job and sets their roles. *ret_shards is an array from host->alloc,
 * in the order of the split; key_buffer as for gguf_entry_next. */
int gguf_shards_scan(struct cursor *cursor, char *key_buffer, struct gguf_shard **ret_shards,
                     uint32_t *ret_n_shards) GGUF_CHECKED;

extern const struct pare_reader gguf_reader;
extern const struct pare_writer gguf_writer;

#endif
