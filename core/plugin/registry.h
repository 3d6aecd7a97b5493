/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The plugins that are loaded, and what they provide, by name. Everything that a plugin says is
 * copied (the smaller of its struct size and ours) and checked before it is used. Plugins stay
 * loaded as long as the registry.
 */
#ifndef PLUGIN_REGISTRY_H
#define PLUGIN_REGISTRY_H

#include "model/model.h"

struct registry;

/* cpu: enum pare_cpu bits that kernels may use (see cpu_detect). */
int registry_new(uint32_t cpu, struct registry **ret_registry, struct error *err)
    __attribute__((warn_unused_result));
void registry_free(struct registry *registry);

/* Loads every *.so of the colon-separated directories, in name order. One that cannot be used is
 * skipped and remembered with its reason (see registry_describe). */
int registry_load_dirs(struct registry *registry, const char *dirs, struct error *err)
    __attribute__((warn_unused_result));
/* Loads one library; the error names the file and the rule that it broke. */
int registry_load(struct registry *registry, const char *path, struct error *err)
    __attribute__((warn_unused_result));

const struct encoding *registry_encoding(const struct registry *registry, const char *name);
/* Encodings by index, in the order of their plugins, NULL after the last. */
const struct encoding *registry_encoding_at(const struct registry *registry, size_t i);
/* The reader or writer of a format, or NULL; structs are full-size copies. */
const struct pare_reader *registry_reader(const struct registry *registry, const char *format);
const struct pare_writer *registry_writer(const struct registry *registry, const char *format);
/* 0, or how the writer holds an encoding (enum pare_holding); by name alone: one that no plugin
 * provides, whose bytes could only be copied. */
int writer_holds(const struct pare_writer *writer, const struct encoding *encoding);
int writer_holds_name(const struct pare_writer *writer, const char *name);
/* The evaluator of that name, or NULL; the matrix service of the highest rank that this CPU can
 * run, or NULL where there is none. */
const struct pare_evaluator *registry_evaluator(const struct registry *registry, const char *name);
const struct pare_matrix *registry_matrix(const struct registry *registry);
/* Readers, writers and so on by index, NULL after the last. */
const struct pare_writer *registry_writer_at(const struct registry *registry, size_t i);
const struct pare_reader *registry_reader_at(const struct registry *registry, size_t i);
const struct pare_evaluator *registry_evaluator_at(const struct registry *registry, size_t i);
const struct pare_matrix *registry_matrix_at(const struct registry *registry, size_t i);

/* Every fact of every plugin, encoding and kernel, and the files that were refused, as JSON:
 * {"plugins":[{"name","version","summary","file","sha256","readers":[...],"writers":[...],
 * "encodings":[...],"evaluators":[...],"matrices":[...]}],"refused":[{"file","reason"}]}; the last
 * two lists of a plugin are left out where they are empty. New reference. */
json_t *registry_describe(const struct registry *registry);
/* [{"name","version","sha256"}], for manifests. New reference. */
json_t *registry_versions(const struct registry *registry);

#endif
