/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Usage: reader_manifest PLUGIN MANIFEST [WRITER_PLUGIN]
 * Reads each model of a manifest in this process and compares status and message. A line of the
 * manifest is, between tabs: id, path (a file, or a folder of files), status ("OK", "EDATA", ...),
 * text that the message must contain, and optionally "write": it is also written again, by the
 * first or else the second plugin, or "rewrite": which must give the same bytes.
 * tests/formats/manifest.py makes manifests. Where a status comes from the core's own checks, the
 * test host makes them (see plugin_host.h).
 */
#include "plugin_host.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_FILES 64

static const char *const STATUS[] = { "OK",     "EDATA", "EINCOMPLETE", "ENOTSUP",
                                      "ELIMIT", "EIO",   "ENOMEM" };

struct files {
    struct plugin_host_file list[MAX_FILES];
    size_t n;
};

static void file_add(struct files *files, const char *path)
{
    struct plugin_host_file *file = &files->list[files->n++];
    const char *slash = strrchr(path, '/');
    void *data = NULL;
    plugin_host_slurp(path, &data, &file->size);
    file->data = data;
    file->name = strdup(slash ? slash + 1 : path);
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void files_open(struct files *files, const char *path)
{
    struct stat st;
    files->n = 0;
    if (stat(path, &st) < 0) {
        perror(path);
        exit(2);
    }
    if (!S_ISDIR(st.st_mode)) {
        file_add(files, path);
        return;
    }
    struct dirent **entries = NULL;
    int n = scandir(path, &entries, visible, alphasort);
    for (int i = 0; i < n; i++) {
        char name[PATH_MAX];
        snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
        if (files->n < MAX_FILES)
            file_add(files, name);
        free(entries[i]);
    }
    free(entries);
}

static void files_close(struct files *files)
{
    for (size_t i = 0; i < files->n; i++) {
        free((void *)files->list[i].data);
        free((char *)files->list[i].name);
    }
}

static int is_same(const struct files *files, const struct plugin_host_result *result)
{
    return result->output_size == files->list[0].size &&
           memcmp(result->output, files->list[0].data, result->output_size) == 0;
}

/* 1 when the line's expectation is met. */
static int line_check(const struct pare_plugin *plugin, char *line)
{
    static const char none[] = "";
    const char *field[5] = { none, none, none, none, none };
    for (int i = 0; i < 5 && line; i++)
        field[i] = strsep(&line, "\t");
    struct files files;
    struct plugin_host_result result;
    int rewrite = strcmp(field[4], "rewrite") == 0;
    int write = rewrite || strcmp(field[4], "write") == 0;
    files_open(&files, field[1]);
    int status = write ? plugin_host_rewrite(plugin, files.list, files.n, &result)
                       : plugin_host_read_model(plugin, files.list, files.n, &result);
    size_t code = (size_t)-status;
    const char *name = code < sizeof(STATUS) / sizeof(STATUS[0]) ? STATUS[code] : "?";
    int ok = strcmp(name, field[2]) == 0 && (status == 0 || strstr(result.message, field[3]));
    const char *note = "";
    if (ok && rewrite && !is_same(&files, &result)) {
        ok = 0;
        note = " (written again, the bytes differ)";
    }
    printf("%s %s: %s %s%s\n", ok ? "ok" : "not ok", field[0], name, result.message, note);
    if (!ok)
        printf("# expected %s `%s`\n", field[2], field[3]);
    free(result.output);
    files_close(&files);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: reader_manifest PLUGIN MANIFEST [WRITER_PLUGIN]\n");
        return 2;
    }
    struct pare_plugin plugin = *plugin_host_load(argv[1]);
    if (argc > 3)
        plugin.writers = plugin_host_load(argv[3])->writers;
    FILE *f = fopen(argv[2], "r");
    char *line = NULL;
    size_t capacity = 0;
    int passed = 0;
    int failed = 0;
    if (!f) {
        perror(argv[2]);
        return 2;
    }
    while (getline(&line, &capacity, f) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (line_check(&plugin, line))
            passed++;
        else
            failed++;
    }
    free(line);
    fclose(f);
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
