/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Metadata entries. The reader needs three steps because the file is not to be trusted: key and
 * type; a scan of the value, after which its size is known to fit the file; and its loading.
 */
#ifndef GGUF_VALUES_H
#define GGUF_VALUES_H

#include "common/cursor.h"
#include "gguf/gguf.h"

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

#endif
