/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What a job of the worker has at hand, whatever its kind: the request, the plugins, and where its
 * answer goes. None of this opens a file by name: models come as struct model with files added.
 */
#ifndef TARGET_JOB_H
#define TARGET_JOB_H

#include "plugin/source.h"
#include "recipe/recipe.h"
#include "weights/importance.h"

/* Takes over one line. */
typedef void job_emit_fn(void *context, json_t *line);

struct job_context {
    const struct registry *registry;
    const char *recipes;       /* colon-separated directories */
    const char *architectures; /* the same, of architecture maps */
    const json_t *request;
    struct model *importance; /* the request's file of it; without files: none */
    unsigned threads;         /* at least 1 */
    json_t *warnings;         /* array of texts: the source's */
    job_emit_fn *emit;
    void *emit_context;
};

/* Emits {"event": event, ...fields}; steals fields (an object). */
void job_emit(const struct job_context *job, const char *event, json_t *fields);

/* A heart that beats while something without a measure goes on: `context` of job_beat. */
struct job_heart {
    const struct job_context *job;
    const char *stage;
    uint64_t told, steps;
};

/* To be called when a step is done: emits `progress` a few times a second, with the steps so far
 * (the parent takes no line as a sign of life that says the same again). */
void job_beat(void *heart);

/* The architecture, as general.architecture or the side files have it, and the licence, as
 * general.license or the model card: texts, or null. New references. */
int job_identify(const struct model *model, json_t **ret_architecture, json_t **ret_license,
                 struct error *err) __attribute__((warn_unused_result));
/* Emits the `source` line. */
int job_tell_source(const struct job_context *job, const struct model *model, struct error *err)
    __attribute__((warn_unused_result));

/* Tells a warning that belongs to all targets. */
void job_warn(const struct job_context *job, const char *text);

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

/* An option of a target that is true or false; false where it is not there. PARE_EUSAGE: it is
 * neither. */
int job_flag(const json_t *options, const char *key, int *ret_flag, struct error *err)
    __attribute__((warn_unused_result));

/* 1 when the request wants no digests of files ("digest": "none"). */
int job_without_digests(const struct job_context *job);

#endif
