/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The worker's jobs, from a request's JSON to the lines that answer it (docs/protocol.md). None
 * of them opens a file by name: models come as struct model with their files added.
 */
#ifndef CONVERT_CONVERT_H
#define CONVERT_CONVERT_H

#include "convert/importance.h"
#include "convert/recipe.h"
#include "plugin/host.h"

/* Takes over one line. */
typedef void job_emit_fn(void *context, json_t *line);

struct job_context {
    const struct registry *registry;
    const char *recipes;     /* colon-separated directories */
    const char *architectures; /* the same, of architecture maps */
    const json_t *request;
    struct model *importance; /* the request's file of it; without files: none */
    unsigned threads;        /* at least 1 */
    json_t *warnings;        /* array of texts: the source's */
    job_emit_fn *emit;
    void *emit_context;
};

/* Emits {"event": event, ...fields}; steals fields (an object). */
void job_emit(const struct job_context *job, const char *event, json_t *fields);

/* The architecture, as general.architecture or config.json's model_type has it, and the licence, as
 * general.license or the model card: texts, or null. New references. */
int job_identify(const struct model *model, json_t **ret_architecture, json_t **ret_license,
                 struct error *err) __attribute__((warn_unused_result));
/* Emits the `source` line. */
int job_tell_source(const struct job_context *job, const struct model *model, struct error *err)
    __attribute__((warn_unused_result));

/* Opens a model; warnings become `warning` lines. */
int job_open(const struct job_context *job, struct model *model, const char *format,
             struct source **ret_source, struct error *err) __attribute__((warn_unused_result));

/* The same of a model that is to be converted: an importance matrix is refused, PARE_EDATA. */
int job_open_model(const struct job_context *job, struct model *model, const char *format,
                   struct source **ret_source, struct error *err)
    __attribute__((warn_unused_result));

/* 1 for what llama-imatrix writes, in either of its formats. */
int model_is_importance(const struct model *model);

/* Opens the request's importance matrix, NULL when it has none; check: digests it and looks at all
 * its values, with signs of life. */
int job_open_importance(const struct job_context *job, int check,
                        struct importance **ret_importance, struct error *err)
    __attribute__((warn_unused_result));

/* kind convert: emits source, progress, tensor and target lines; ret_done gets the fields of the
 * `done` line but peak_rss and plugins. */
int job_convert(const struct job_context *job, struct model *model, int staging,
                json_t **ret_done, struct error *err) __attribute__((warn_unused_result));
/* kind plan. */
int job_plan(const struct job_context *job, struct model *model, struct error *err)
    __attribute__((warn_unused_result));
/* kind verify: the output is what convert said, and its errors can be measured again. */
int job_verify(const struct job_context *job, struct model *model, struct model *output,
               struct error *err) __attribute__((warn_unused_result));
/* kind inspect. */
int job_inspect(const struct job_context *job, struct model *model, struct error *err)
    __attribute__((warn_unused_result));
/* kind compare: errors of `other` against the model, per tensor and in all. */
int job_compare(const struct job_context *job, struct model *model, struct model *other,
                struct error *err) __attribute__((warn_unused_result));

/* Measures elements of two tensors of equal element counts, both decodable, slab by slab.
 * Only `count` elements from `first`, which must be such a slab or the whole tensor. importance
 * (or NULL): weighted figures, too, for the columns of ta. */
struct measure;
int measure_tensors(struct source *a, const struct model_tensor *ta, uint64_t ia, struct source *b,
                    const struct model_tensor *tb, uint64_t ib,
                    const struct importance *importance, uint64_t first, uint64_t count,
                    struct measure *ret_measure, struct error *err)
    __attribute__((warn_unused_result));

/* Reads and decodes elements of tensor number `index` into x: a slab of the cut, or a part of one
 * that is whole rows. */
struct slab_cut;
int load_floats(struct source *source, const struct model_tensor *tensor, uint64_t index,
                const struct slab_cut *cut, uint64_t first, uint64_t count, float *x,
                struct error *err) __attribute__((warn_unused_result));

/* Shapes are the same but for leading dimensions of 1. */
int shapes_agree(const struct model_tensor *a, const struct model_tensor *b);

#endif
