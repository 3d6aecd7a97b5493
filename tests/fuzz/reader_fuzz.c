/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A fuzz target for readers and writers. The property: reading any bytes does not crash, keeps the
 * plugin ABI (the test host aborts otherwise), and takes no more memory than promised; and what
 * can be read and written again can be read once more, with as many tensors.
 *
 * Built with PARE_FUZZ (meson -Dfuzz=true, clang) it is a libFuzzer target with one plugin linked
 * in. Otherwise it is a program that replays corpus folders:  reader_fuzz PLUGIN NAME DIR...
 */
#ifdef PARE_FUZZ
#include "mutate.h"
#endif
#include "plugin_host.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MEMORY ((uint64_t)64 << 20)

/* Whatever the bytes are: returns nothing, aborts when the property does not hold. */
static void reader_fuzz_one(const struct pare_plugin *plugin, const char *name, const uint8_t *data,
                            size_t size)
{
    struct plugin_host_file file = { name, data, size };
    struct plugin_host_result first, second;
    if (plugin_host_read_model(plugin, &file, 1, &first) < 0 || !plugin->writers)
        return;
    if (first.peak_memory > MAX_MEMORY + 2 * (uint64_t)size)
        abort();
    if (plugin_host_rewrite(plugin, &file, 1, &second) < 0)
        return;
    struct plugin_host_file again = { name, second.output, second.output_size };
    void *output = second.output;
    if (plugin_host_read_model(plugin, &again, 1, &second) < 0 ||
        second.n_tensors != first.n_tensors) {
        fprintf(stderr, "cannot read what was written: %s\n", second.message);
        abort();
    }
    free(output);
}

#ifdef PARE_FUZZ

pare_plugin_entry_fn pare_plugin_entry_1;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

/* libFuzzer's entry for mutations. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    return strstr(PARE_FUZZ, ".safetensors")
               ? mutate_safetensors(data, size, max, seed, LLVMFuzzerMutate)
               : mutate_gguf(data, size, max, seed, LLVMFuzzerMutate);
}

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reader_fuzz_one(pare_plugin_entry_1(), PARE_FUZZ, data, size);
    return 0;
}

#else

static unsigned replay_dir(const struct pare_plugin *plugin, const char *name, const char *path)
{
    unsigned n = 0;
    DIR *dir = opendir(path);
    if (!dir) {
        perror(path);
        exit(2);
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        char file[PATH_MAX];
        void *data = NULL;
        size_t size = 0;
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        plugin_host_slurp(file, &data, &size);
        reader_fuzz_one(plugin, name, data, size);
        free(data);
        n++;
    }
    closedir(dir);
    return n;
}

int main(int argc, char **argv)
{
    unsigned n = 0;
    if (argc < 4) {
        fprintf(stderr, "usage: reader_fuzz PLUGIN NAME DIR...\n");
        return 2;
    }
    const struct pare_plugin *plugin = plugin_host_load(argv[1]);
    for (int i = 3; i < argc; i++)
        n += replay_dir(plugin, argv[2], argv[i]);
    printf("%u inputs replayed\n", n);
    return n == 0;
}

#endif
