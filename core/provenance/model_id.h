/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Names of models, taken apart by the conventions of their authors:
 * "mistralai/Mixtral-8x7B-Instruct-v0.1" is Mixtral, 8x7B, Instruct, v0.1, of mistralai. The rules
 * are those of llama.cpp's converter (gguf-py/gguf/metadata.py, de3ff81), for ASCII letters. Pure
 * functions without allocation.
 */
#ifndef PROVENANCE_MODEL_ID_H
#define PROVENANCE_MODEL_ID_H

#include <stddef.h>
#include <stdint.h>

#define MODEL_ID_MAX 255 /* bytes of a name that is looked at */

/* What a name consists of; "" is absent. */
struct model_id {
    char organization[MODEL_ID_MAX + 1];
    char name[MODEL_ID_MAX + 1]; /* without the organization, else as it is */
    char basename[2 * MODEL_ID_MAX], size_label[2 * MODEL_ID_MAX];
    char finetune[2 * MODEL_ID_MAX], version[2 * MODEL_ID_MAX];
};

/* Takes a name apart. weights: how many the model has, 0 when that is not known: what looks like a
 * size but is far from it is not taken for one. A text that is empty or longer than MODEL_ID_MAX
 * has no parts. */
void model_id_parse(const char *text, uint64_t weights, struct model_id *ret_id);

/* The name for people: "Mixtral 8x7B Instruct v0.1". At most MODEL_ID_MAX bytes are looked at. */
void model_id_title(const char *name, char ret_title[MODEL_ID_MAX + 1]);

/* What a size label is made from: "7.2B", "494M", or "8x7.2B" with experts, where 7.2B counts the
 * weights of one path through the model, the shared ones and those of one expert. */
struct model_sizes {
    uint64_t all, shared, expert; /* weights; expert: of one in each layer, over all layers */
    uint64_t n_experts;           /* 0: there are none */
};
void model_id_size_label(const struct model_sizes *sizes, char ret_label[64]);

#endif
