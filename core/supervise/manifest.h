/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The manifest of a published target (docs/manifest.md), made from what the workers said. */
#ifndef SUPERVISE_MANIFEST_H
#define SUPERVISE_MANIFEST_H

#include "base/error.h"

#include <jansson.h>

struct manifest_facts {
    const char *uid, *origin;
    const char *submitted; /* stamp of when the job came in, or NULL */
    const char *format, *recipe;
    const json_t *settings;                       /* values as in settings/settings.h */
    const json_t *options;                        /* object, or NULL */
    const json_t *overrides;                      /* array, or NULL */
    const json_t *start, *source, *target, *done; /* the convert worker's lines */
    const json_t *files;                          /* of the output, with digests */
    uint64_t bytes;                               /* of all of them */
    double verify_seconds;
};

/* The head of a manifest: all but its tensors (results/manifest_file.h). The workers' lines are
 * untrusted: only known fields of the right type are taken, others are null. The output has no name
 * yet (publish.h gives it). New reference. */
int manifest_new(const struct manifest_facts *facts, json_t **ret_head, struct error *err)
    __attribute__((warn_unused_result));

#endif
