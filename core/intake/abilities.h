/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What this installation can make: the formats that some plugin writes, asked of a worker (the
 * daemon loads no plugin), and the recipes that lie in the recipe directories. It tells a folder
 * that means a target, `gguf-q4_k_m`, from a model that is called `tiny-llama`.
 */
#ifndef INTAKE_ABILITIES_H
#define INTAKE_ABILITIES_H

#include "config/config.h"

struct abilities {
    json_t *plugins; /* the worker's answer to `plugins` */
    char *recipes;   /* colon-separated directories */
};

/* Asks a worker, blocking for at most `seconds`. */
int abilities_init(struct abilities *abilities, const struct config *config, double seconds,
                   struct error *err) __attribute__((warn_unused_result));
void abilities_deinit(struct abilities *abilities);

/* PARE_EUSAGE when the target's format or recipe is not there, saying which are. */
int abilities_check(const struct abilities *abilities, const struct job_target *target,
                    struct error *err) __attribute__((warn_unused_result));

/* How files of a format end, as its plugin says; NULL when no plugin writes it. Borrowed. */
const char *abilities_suffix(const struct abilities *abilities, const char *format);

/* 1 when a folder of this name in the drop directory means a target; then *ret_target (deinit it).
 * Else 0. */
int abilities_folder(const struct abilities *abilities, const char *name,
                     struct job_target *ret_target);

/* 1 when a folder's name is that of no target, but so near to one's, ret_near (NAME_MAX + 1 bytes),
 * that it must be a slip: `gguf-q4km`, `GGUF_Q8_0`. */
int abilities_near_folder(const struct abilities *abilities, const char *name, char *ret_near);

#endif
