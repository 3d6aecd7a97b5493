/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Where a checkpoint comes from, as metadata of a GGUF: general.type, general.sampling.*,
 * general.name and the other keys about authors, licence and ancestors. Three places are asked, and
 * the first that says something wins: the front matter of the model card (README.md),
 * `_name_or_path` of config.json, the name of the folder. Keys, their order and what names are
 * taken apart into are llama.cpp's (gguf-py/gguf/metadata.py, de3ff81). What a card or a file
 * gets wrong is left out with a warning: it is not a reason to refuse a model.
 */
#ifndef PROVENANCE_PROVENANCE_H
#define PROVENANCE_PROVENANCE_H

#include "model/model.h"

struct provenance_request {
    const struct model *source;  /* the folder's files: README.md, config.json and so on */
    const char *name;            /* of the folder, or of the file */
    const struct model *tensors; /* under GGUF's names: counted for the size label */
    void (*warn)(void *context, const char *text); /* or NULL */
    void *context;
};

/* Appends the keys to the target's metadata; call it directly after general.architecture. The
 * target may be the model that is counted, whose tensors must be there. PARE_ENOMEM, PARE_ELIMIT:
 * out of memory; PARE_EIO: a file cannot be read. */
int provenance_fill(const struct provenance_request *request, struct model *target,
                    struct error *err) __attribute__((warn_unused_result));

/* The licence that a folder's model card names, as general.license has it (free it), or NULL.
 * Errors as above. */
int provenance_license(const struct model *source, char **ret_license, struct error *err)
    __attribute__((warn_unused_result));

#endif
