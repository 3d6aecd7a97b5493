/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* A model's typed metadata: keys in order, each with a value. */
#ifndef MODEL_METADATA_H
#define MODEL_METADATA_H

#include "model/model.h"

/* Metadata. set copies; an existing key is PARE_EDATA. share does not copy: key and value stay
 * those of a model that lives as long. put replaces: the old entry is removed and the new one goes
 * to the end. find gives NULL when there is no such key. */
int meta_set(struct model *model, struct pare_str key, const struct pare_value *value,
             struct error *err) __attribute__((warn_unused_result));
int meta_share(struct model *model, const struct model_meta *entry, struct error *err)
    __attribute__((warn_unused_result));
int meta_put(struct model *model, struct pare_str key, const struct pare_value *value,
             struct error *err) __attribute__((warn_unused_result));
const struct pare_value *meta_find(const struct model *model, const char *key);
/* The value of a scalar of any integer type, or of a string (a copy, free it; NULL when there is
 * none). */
int64_t meta_int(const struct model *model, const char *key, int64_t fallback);
char *meta_string(const struct model *model, const char *key);
/* The first element when the value is an array of integers, else like meta_int. */
int64_t meta_first_int(const struct model *model, const char *key, int64_t fallback);

/* The value of "general.architecture", or NULL (free it). */
char *model_architecture(const struct model *model);

#endif
