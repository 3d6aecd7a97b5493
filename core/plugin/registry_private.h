/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The registry as its own files see it: registry.c fills it, registry_describe.c shows it. */
#ifndef PLUGIN_REGISTRY_PRIVATE_H
#define PLUGIN_REGISTRY_PRIVATE_H

#include "base/hash.h"
#include "plugin/registry.h"

struct loaded { /* a plugin, and checked copies of what it provides */
    struct pare_plugin plugin;
    char *path;
    char sha256[HASH_HEX_SIZE];
    void *library;
    size_t n_readers, n_writers, n_encodings, n_evaluators, n_matrices;
    struct pare_reader *readers;
    struct pare_writer *writers;
    struct encoding **encodings;
    struct pare_evaluator *evaluators;
    struct pare_matrix *matrices;
};

struct registry {
    uint32_t cpu;
    struct loaded **plugins;
    size_t n_plugins;
    json_t *refused;
};

#endif
