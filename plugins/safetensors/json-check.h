/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The proof that a text is JSON (RFC 8259), after which the functions of json.h may walk it.
 */
#ifndef ST_JSON_CHECK_H
#define ST_JSON_CHECK_H

#include "safetensors/common.h"

#define ST_JSON_DEPTH 64

struct st_json_fault {
    int code;         /* PARE_EDATA or PARE_ELIMIT */
    const char *what; /* "a value is missing" */
    uint64_t at;      /* offset in bytes */
};

/* Proves that `text` (UTF-8) begins with one JSON value. *ret_len is the length up to its end; the
 * caller checks what follows. lenient: NaN and Infinity count as numbers. 0, with *ret_fault, when
 * the text is wrong. */
int st_json_check(struct pare_str text, int lenient, uint64_t *ret_len,
                  struct st_json_fault *ret_fault);

#endif
