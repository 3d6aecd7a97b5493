/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The JSON files of a tokenizer. What grows with the vocabulary is walked in the file's text
 * (base/json_walk.h) and listed compactly; only the rest becomes trees.
 */
#ifndef TOKENIZER_TOKENIZER_FILES_H
#define TOKENIZER_TOKENIZER_FILES_H

#include "base/json_walk.h"
#include "model/model.h"

/* An added token: of tokenizer.json's list, or of tokenizer_config.json's {"ID": {...}}. */
struct tokenizer_added {
    struct pare_str content; /* data NULL: it has none */
    int64_t id;              /* INT64_MIN: no whole number */
    uint8_t flags;           /* enum token_flag */
};

struct tokenizer_added_list {
    struct tokenizer_added *list;
    size_t n, capacity;
};

struct tokenizer_files {
    /* tokenizer.json without the parts below, for which there is {} or [], and without what nobody
     * asks for; tokenizer_config.json without added_tokens_decoder. NULL: there is no such file. */
    json_t *json, *config;
    struct json_walk vocab, merges;      /* cursors at these values of the model; p NULL: none */
    struct tokenizer_added_list added;   /* added_tokens */
    struct tokenizer_added_list decoder; /* added_tokens_decoder */
    char *json_text, *config_text;       /* what the tokens are parts of */
};

/* Reads both. PARE_EDATA, PARE_ELIMIT. */
int tokenizer_files_read(const struct model *source, struct tokenizer_files *files,
                         struct error *err) __attribute__((warn_unused_result));
void tokenizer_files_deinit(struct tokenizer_files *files);

/* A file of the folder that is one JSON object, to be walked; 1: there is none. The text is to be
 * freed by the caller. */
int tokenizer_files_walk(const struct model *source, const char *name, char **ret_text,
                         struct json_walk *ret_walk, struct error *err)
    __attribute__((warn_unused_result));

#endif
