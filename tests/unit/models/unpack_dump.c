/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * unpack_dump FOLDER [OUT]: what core/unpack makes of a checkpoint, for tests in Python.
 * One line per tensor: name, encoding, dims, origin ("-": none), SHA-256 of its bytes. With OUT,
 * the bytes go to OUT/N.bin, N counting from 0. Bytes are read in pieces of odd sizes, and once
 * more backwards, to see that every range gives the same. Failures: `error CODE: text`, exit
 * status 1.
 */
#include "model/side_files.h"
#include "unpack/unpack.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "plugin/cpu.h"
#include "plugin/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PIECE 4099 /* bytes; a prime */

static int add_files(struct model *model, const char *folder, struct error *err)
{
    _cleanup_closedir_ DIR *dir = opendir(folder);
    const struct dirent *entry;
    int r = dir ? 0 : error_set(err, PARE_EUSAGE, "%s: no folder", folder);
    while (r == 0 && (entry = readdir(dir))) {
        struct stat st;
        int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
            continue;
        r = model_add_file(model, entry->d_name, fd, (uint64_t)st.st_size, err);
    }
    return r;
}

static int read_forwards(struct source *source, uint64_t tensor, uint8_t *data, uint64_t n,
                         struct error *err)
{
    int r = 0;
    for (uint64_t at = 0; at < n && r == 0; at += PIECE)
        r = source_read(source, tensor, 0, at, data + at, n - at < PIECE ? n - at : PIECE, err);
    return r;
}

static int read_backwards(struct source *source, uint64_t tensor, const uint8_t *data, uint64_t n,
                          struct error *err)
{
    uint8_t piece[PIECE];
    for (uint64_t end = n; end > 0;) {
        uint64_t at = end > PIECE ? end - PIECE : 0;
        int r = source_read(source, tensor, 0, at, piece, end - at, err);
        if (r < 0)
            return r;
        if (memcmp(piece, data + at, end - at) != 0)
            return error_set(err, PARE_EINTERNAL, "two reads at %llu differ",
                             (unsigned long long)at);
        end = at;
    }
    return 0;
}

static int write_out(const char *out, uint64_t tensor, const void *data, size_t n,
                     struct error *err)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%llu.bin", out, (unsigned long long)tensor);
    FILE *f = fopen(path, "wb");
    if (!f)
        return error_set(err, PARE_EIO, "%s: cannot be written", path);
    size_t done = fwrite(data, 1, n, f);
    return fclose(f) == 0 && done == n ? 0 : error_set(err, PARE_EIO, "%s: not written", path);
}

static int dump(struct source *source, const struct model *model, uint64_t i, const char *out,
                struct error *err)
{
    const struct model_tensor *t = &model->tensors[i];
    uint64_t n = t->planes[0].length;
    char hex[HASH_HEX_SIZE];
    _cleanup_free_ uint8_t *data = malloc(n + 1);
    if (!data)
        return error_oom(err);
    int r = read_forwards(source, i, data, n, err);
    if (r == 0)
        r = read_backwards(source, i, data, n, err);
    if (r == 0)
        r = hash_of(data, n, hex, err);
    if (r == 0 && out)
        r = write_out(out, i, data, n, err);
    if (r < 0)
        return r;
    printf("%.*s\t%s\t", (int)t->name.len, t->name.data, t->encoding_name);
    for (uint32_t d = 0; d < t->n_dims; d++)
        printf("%s%llu", d ? "x" : "", (unsigned long long)t->dims[d]);
    printf("\t%s\t%s\n", t->origin ? t->origin : "-", hex);
    return 0;
}

static int run(const char *folder, const char *out, struct model *model, struct registry *registry,
               struct error *err)
{
    struct source *source = NULL;
    struct unpack *unpack = NULL;
    _cleanup_json_ json_t *config = NULL;
    int r = registry_load_dirs(registry, getenv("PARE_PLUGINS"), err);
    if (r == 0)
        r = add_files(model, folder, err);
    if (r == 0)
        r = source_open(registry, model, NULL, NULL, &source, err);
    if (r == 0)
        r = side_file_config(model, &config, err);
    if (r >= 0)
        r = unpack_open(registry, source, model, config, &unpack, err);
    if (r > 0)
        printf("not quantized\n");
    for (uint64_t i = 0; r == 0 && i < unpack_model(unpack)->n_tensors; i++)
        r = dump(unpack_source(unpack), unpack_model(unpack), i, out, err);
    unpack_close(unpack);
    source_close(source);
    return r;
}

int main(int argc, char **argv)
{
    struct error err = ERROR_INIT;
    struct model *model = NULL;
    struct registry *registry = NULL;
    if (argc < 2 || !getenv("PARE_PLUGINS"))
        return 2;
    int r = model_new(&model, &err);
    if (r == 0)
        r = registry_new(cpu_detect(), &registry, &err);
    if (r == 0)
        r = run(argv[1], argc > 2 ? argv[2] : NULL, model, registry, &err);
    if (r < 0)
        printf("error %s: %s\n", error_name(err.code), err.text);
    model_free(model);
    registry_free(registry);
    return r < 0;
}
