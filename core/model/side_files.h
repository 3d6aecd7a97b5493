/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The texts that lie beside the weights of a Hugging Face folder, most of them JSON: found and read
 * here for architecture maps, tokenizers, unpacking and provenance.
 */
#ifndef MODEL_SIDE_FILES_H
#define MODEL_SIDE_FILES_H

#include "model/model.h"

#define SIDE_FILE_MAX_CONFIG (4u << 20) /* bytes of a config.json */

/* The model's file of that name, relative to the folder ("1_Pooling/config.json"), or NULL. */
const struct model_file *side_file_find(const struct model *model, const char *name);

/* Its first n bytes, which it must have. */
int side_file_bytes(const struct model_file *file, void *buffer, size_t n, struct error *err)
    __attribute__((warn_unused_result));

/* The text of a file of the model (free it). 1: there is no such file; PARE_ELIMIT: it is longer
 * than limit bytes. Messages begin with the file's name. */
int side_file_text(const struct model *model, const char *name, size_t limit, char **ret_text,
                   size_t *ret_len, struct error *err) __attribute__((warn_unused_result));

/* A file that is one JSON object. 1: there is no such file. Numbers that cannot be held are marked
 * (json_numbers.h). New reference. */
int side_file_json(const struct model *model, const char *name, size_t limit, json_t **ret_object,
                   struct error *err) __attribute__((warn_unused_result));

/* To be returned when the text of a file could not be parsed as JSON: PARE_EINCOMPLETE when it is
 * cut, else `code`, whose error is set. */
int side_file_judge(const char *name, const char *text, size_t n, int code, struct error *err)
    __attribute__((warn_unused_result));

/* config.json as maps see it. 1: there is none. A model of several parts has its language model's
 * values at the root (text_config, language_config, llm_config). `rope_parameters` holds what older
 * folders have in rope_theta, rope_scaling and so on; `rope_local_parameters` the same of sliding
 * layers. Values that are null are left out. New reference. */
int side_file_config(const struct model *model, json_t **ret_config, struct error *err)
    __attribute__((warn_unused_result));

/* "model_type" of config.json, or NULL (free it). A file that is not JSON has none; one
 * that cannot be read is an error. */
int side_file_model_type(const struct model *model, char **ret_type, struct error *err)
    __attribute__((warn_unused_result));

#endif
