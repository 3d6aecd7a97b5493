/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Folders in which more than one reader finds a model: which of them is opened.
 */
#ifndef PLUGIN_RIVALS_H
#define PLUGIN_RIVALS_H

#include "plugin/source.h"

/* As source_open. Where several readers can open the model's files, it takes the most precise
 * model, the one with more bits for each weight, or else the surest reader; files of weights of the
 * others are PARE_FILE_IGNORED, and a warning of the hooks tells what was taken and what was not.
 * PARE_EINCOMPLETE when any of them is not complete: it may be the better one. */
int rivals_open(const struct registry *registry, struct model *model, const char *format,
                const struct host_hooks *hooks, struct source **ret_source, struct error *err)
    __attribute__((warn_unused_result));

#endif
