/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A small host for plugins, for tests: files are buffers in memory, and all that a plugin does
 * wrong against the ABI aborts the process, so that a fuzzer or a sanitizer reports it. It links to
 * nothing of Pare's. One thread only.
 */
#ifndef PLUGIN_HOST_H
#define PLUGIN_HOST_H

#include <pare/plugin.h>

struct plugin_host_file {
    const char *name;
    const void *data;
    size_t size;
};

struct plugin_host_result {
    int status;         /* 0 or enum pare_status */
    char message[1024]; /* of the failure, else "" */
    uint64_t n_tensors;
    uint64_t n_meta;
    uint64_t n_warnings;
    uint64_t peak_memory; /* bytes that were allocated at one time, by plugin and metadata */
    uint64_t n_allocs;    /* calls, to choose one to fail */
    uint64_t n_reads;
    void *output; /* plugin_host_rewrite: the file that was laid out; free it */
    size_t output_size;
};

/* Loads a plugin and returns its description; the process ends with a message when it cannot. */
const struct pare_plugin *plugin_host_load(const char *path);

/* Opens the files with the plugin's first reader, lists all tensors and checks them: dims, encoding
 * names, extents inside their files and apart, names and keys that differ. Everything is freed
 * before it returns. Returns ret->status. */
int plugin_host_read_model(const struct pare_plugin *plugin, const struct plugin_host_file *files,
                           size_t n_files, struct plugin_host_result *ret);

/* The same, then lays the model out with the plugin's first writer, with every tensor's bytes as
 * they are; targets of one file only. */
int plugin_host_rewrite(const struct pare_plugin *plugin, const struct plugin_host_file *files,
                        size_t n_files, struct plugin_host_result *ret);

/* From now on the n-th allocation or read of each run fails (counted from 1; 0: none). */
void plugin_host_inject(uint64_t fail_alloc, uint64_t fail_read);

/* Reads a whole file; *ret_data is to be freed. The process ends when it cannot be read. */
void plugin_host_slurp(const char *path, void **ret_data, size_t *ret_size);

#endif
