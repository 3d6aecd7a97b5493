/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * An open model: the bytes of its tensors, whoever serves them, a reader plugin or a view (view.h).
 */
#ifndef PLUGIN_SOURCE_H
#define PLUGIN_SOURCE_H

#include "plugin/host.h"

/* What every struct source begins with. Only computed tensors ask it for bytes; all others are read
 * off their files. */
struct source {
    const struct model *model;
    /* n > 0 bytes of a computed tensor's plane, inside it; NULL when there are no such tensors. */
    int (*read)(struct source *source, uint64_t tensor, uint32_t plane, uint64_t offset,
                void *buffer, size_t n, struct error *err);
    void (*close)(struct source *source); /* frees it */
};

#define SOURCE_MAX_CLAIMS 64 /* readers that are asked */

/* A reader that says that it can read a model, and how sure it is, 1 to 100. */
struct source_claim {
    const struct pare_reader *reader;
    int score;
    size_t rank; /* in the registry */
};

/* All readers that claim the model, the surest first; `room` claims at most. */
int source_claims(const struct registry *registry, const struct model *model,
                  struct source_claim *ret_claims, size_t room, size_t *ret_n, struct error *err)
    __attribute__((warn_unused_result));

/* Probes all readers on the model's files (or takes `format` when not NULL), opens with the
 * surest, lists and checks all tensors. The model's files must be added before; the model stays
 * the caller's and must outlive the source, and so must the context of the hooks (or NULL). */
int source_open(const struct registry *registry, struct model *model, const char *format,
                const struct host_hooks *hooks, struct source **ret_source, struct error *err)
    __attribute__((warn_unused_result));
void source_close(struct source *source);
/* n bytes from `offset` of a tensor's plane: off its file, by any thread, or, for tensors marked
 * `computed`, from whoever serves the source: a reader, called for one thread at a time unless it
 * has PARE_READER_PARALLEL, or a view, which is for one thread only. */
int source_read(struct source *source, uint64_t tensor, uint32_t plane, uint64_t offset,
                void *buffer, size_t n, struct error *err) __attribute__((warn_unused_result));

#endif
