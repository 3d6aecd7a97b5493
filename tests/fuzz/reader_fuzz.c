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
#include "archive.h"
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
#define FAULTS 24 /* of a replayed input */

static int faulty; /* allocations and reads fail: what is written need not be readable */

/* Whatever the bytes are: returns nothing, aborts when the property does not hold. */
static void read_files(const struct pare_plugin *plugin, const char *name,
                       const struct plugin_host_file *files, size_t n, size_t size)
{
    struct plugin_host_result first, second;
    if (plugin_host_read_model(plugin, files, n, &first) < 0 || !plugin->writers)
        return;
    if (first.peak_memory > MAX_MEMORY + 2 * (uint64_t)size)
        abort();
    if (n > 1 || plugin_host_rewrite(plugin, files, n, &second) < 0)
        return; /* the test host writes one file */
    if (faulty) {
        free(second.output);
        return;
    }
    struct plugin_host_file again = { name, second.output, second.output_size };
    void *output = second.output;
    if (plugin_host_read_model(plugin, &again, 1, &second) < 0 ||
        second.n_tensors != first.n_tensors) {
        fprintf(stderr, "cannot read what was written: %s\n", second.message);
        abort();
    }
    free(output);
}

/* A folder (archive.h), or a file. */
static void reader_fuzz_one(const struct pare_plugin *plugin, const char *name, const uint8_t *data,
                            size_t size)
{
    struct archive_file parts[ARCHIVE_FILES];
    struct plugin_host_file files[ARCHIVE_FILES] = { { name, data, size } };
    size_t n = archive_parse(data, size, parts);
    for (size_t i = 0; i < n; i++)
        files[i] = (struct plugin_host_file){ parts[i].name, parts[i].data, parts[i].size };
    read_files(plugin, name, files, n ? n : 1, size);
}

#ifdef PARE_FUZZ

pare_plugin_entry_fn pare_plugin_entry_1;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

static size_t mutate_one(uint8_t *data, size_t size, size_t max, unsigned seed, const char *name)
{
    if (strstr(name, ".json") && seed % 4)
        return mutate_json(data, size, max, seed);
    return strstr(name, ".safetensors")
               ? mutate_safetensors(data, size, max, seed, LLVMFuzzerMutate)
               : mutate_gguf(data, size, max, seed, LLVMFuzzerMutate);
}

/* One file of a folder. */
static size_t mutate_file(uint8_t *data, size_t size, size_t max, unsigned seed,
                          struct archive_file *files, size_t n)
{
    static uint8_t changed[1 << 20], whole[1 << 20];
    struct archive_file *file = &files[seed / 4 % n];
    if (file->size + 4096 > sizeof changed)
        return size;
    memcpy(changed, file->data, file->size);
    file->size = mutate_one(changed, file->size, file->size + 4096, seed, file->name);
    file->data = changed;
    size_t len = archive_write(files, n, whole, max < sizeof whole ? max : sizeof whole);
    memcpy(data, whole, len);
    return len ? len : size;
}

/* libFuzzer's entry for mutations. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    struct archive_file files[ARCHIVE_FILES];
    size_t n = archive_parse(data, size, files);
    if (n)
        return mutate_file(data, size, max, seed, files, n);
    return mutate_one(data, size, max, seed, PARE_FUZZ);
}

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reader_fuzz_one(pare_plugin_entry_1(), PARE_FUZZ, data, size);
    return 0;
}

#else

/* The same with each of the first allocations and reads failing. */
static void with_faults(const struct pare_plugin *plugin, const char *name, const uint8_t *data,
                        size_t size)
{
    faulty = 1;
    for (unsigned i = 1; i <= FAULTS && size <= 65536; i++) {
        plugin_host_inject(i, 0);
        reader_fuzz_one(plugin, name, data, size);
        plugin_host_inject(0, i);
        reader_fuzz_one(plugin, name, data, size);
    }
    plugin_host_inject(0, 0);
    faulty = 0;
}

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
        with_faults(plugin, name, data, size);
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
