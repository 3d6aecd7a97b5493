/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What every struct source begins with, whoever serves it: a reader plugin (source.c) or a view
 * (view.c). Only computed tensors ask it for bytes; all others are read off their files.
 */
#ifndef PLUGIN_SOURCE_H
#define PLUGIN_SOURCE_H

#include "plugin/host.h"

struct source {
    const struct model *model;
    /* n > 0 bytes of a computed tensor's plane, inside it; NULL when there are no such tensors. */
    int (*read)(struct source *source, uint64_t tensor, uint32_t plane, uint64_t offset,
                void *buffer, size_t n, struct error *err);
    void (*close)(struct source *source); /* frees it */
};

#endif
