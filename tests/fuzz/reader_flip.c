/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Usage: reader_flip PLUGIN FILE [HEADER_BYTES]
 * For a valid file: every truncation must be refused as incomplete; every single-bit flip of the
 * header (the first HEADER_BYTES, by default up to 64 KiB) and every failing allocation and read
 * must end without a crash, each within a second and within the memory that docs/formats promises.
 * The test host aborts on anything that breaks the plugin ABI; build with sanitizers to see more.
 */
#include "plugin_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_HEADER 65536u
#define MAX_MEMORY ((uint64_t)64 << 20)

struct tally {
    unsigned long long cases, refused, wrong;
};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void wrong(struct tally *tally, const char *what, unsigned long long at,
                  const struct plugin_host_result *result)
{
    tally->wrong++;
    printf("not ok %s %llu: status %d, %llu bytes, %s\n", what, at, result->status,
           (unsigned long long)result->peak_memory, result->message);
}

/* Reads one variant; a hang ends the process by SIGALRM. */
static void try(struct tally *tally, const struct pare_plugin *plugin,
                const struct plugin_host_file *file, const char *what, unsigned long long at,
                struct plugin_host_result *ret)
{
    double start = seconds();
    alarm(20);
    int status = plugin_host_read_model(plugin, file, 1, ret);
    alarm(0);
    tally->cases++;
    tally->refused += status < 0;
    if (seconds() - start > 1.0 || ret->peak_memory > MAX_MEMORY + 2 * (uint64_t)file->size)
        wrong(tally, what, at, ret);
}

/* Each truncation is an allocation of its own, so that reading beyond it is found. */
static void truncations(struct tally *tally, const struct pare_plugin *plugin,
                        const struct plugin_host_file *whole, size_t header)
{
    struct plugin_host_result result;
    for (size_t n = 0; n < whole->size; n += n < header ? 1 : 4096) {
        void *part = malloc(n > 0 ? n : 1);
        if (!part)
            abort();
        memcpy(part, whole->data, n);
        struct plugin_host_file file = { whole->name, part, n };
        try(tally, plugin, &file, "truncation", n, &result);
        if (result.status != PARE_EINCOMPLETE)
            wrong(tally, "truncation is not PARE_EINCOMPLETE at", n, &result);
        free(part);
    }
}

static void flips(struct tally *tally, const struct pare_plugin *plugin,
                  const struct plugin_host_file *whole, size_t header)
{
    struct plugin_host_result result;
    uint8_t *copy = malloc(whole->size);
    if (!copy)
        abort();
    memcpy(copy, whole->data, whole->size);
    struct plugin_host_file file = { whole->name, copy, whole->size };
    for (size_t bit = 0; bit < header * 8; bit++) {
        copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        try(tally, plugin, &file, "flip of bit", bit, &result);
        copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    free(copy);
}

/* Every allocation and every read of a good run fails once. */
static void faults(struct tally *tally, const struct pare_plugin *plugin,
                   const struct plugin_host_file *file, const struct plugin_host_result *good)
{
    struct plugin_host_result result;
    for (uint64_t i = 1; i <= good->n_allocs; i++) {
        plugin_host_inject(i, 0);
        try(tally, plugin, file, "failing allocation", i, &result);
        if (result.status != PARE_ENOMEM)
            wrong(tally, "not PARE_ENOMEM after failing allocation", i, &result);
    }
    for (uint64_t i = 1; i <= good->n_reads; i++) {
        plugin_host_inject(0, i);
        try(tally, plugin, file, "failing read", i, &result);
        if (result.status != PARE_EIO)
            wrong(tally, "not PARE_EIO after failing read", i, &result);
    }
    plugin_host_inject(0, 0);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: reader_flip PLUGIN FILE [HEADER_BYTES]\n");
        return 2;
    }
    const struct pare_plugin *plugin = plugin_host_load(argv[1]);
    struct plugin_host_result good;
    struct tally tally = { 0 };
    const char *slash = strrchr(argv[2], '/');
    struct plugin_host_file file = { .name = slash ? slash + 1 : argv[2] };
    void *data = NULL;
    plugin_host_slurp(argv[2], &data, &file.size);
    file.data = data;
    size_t header = argc > 3 ? strtoul(argv[3], NULL, 10) : MAX_HEADER;
    if (header > file.size)
        header = file.size;
    try(&tally, plugin, &file, "the whole file", 0, &good);
    if (good.status < 0)
        wrong(&tally, "the whole file is refused", 0, &good);
    truncations(&tally, plugin, &file, header);
    flips(&tally, plugin, &file, header);
    faults(&tally, plugin, &file, &good);
    free(data);
    printf("%s: %llu cases, %llu refused, %llu wrong\n", file.name, tally.cases, tally.refused,
           tally.wrong);
    return tally.wrong > 0;
}
