/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * `pare rebuild`: a catalog from the manifests beside the outputs. A manifest counts when its
 * output is there with the right sizes. What the catalog knows already stays as it is.
 */
#include "base/file.h"
#include "base/json.h"
#include "base/paths.h"
#include "base/strbuf.h"
#include "cli/catalog_reader.h"
#include "cli/control_client.h"
#include "results/manifest_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define ENDING ".pare.json"
#define MAX_DEPTH 32

enum { OPTION_OUT };

struct rebuild {
    const char *out;
    struct catalog *catalog;
    size_t imported, known;
    json_t *skipped; /* of {"path", "reason"} */
};

static const struct cli_option options[] = {
    { "out", 'o', "DIR", "the output directory, with its subdirectories", OPTION_OUT },
    { NULL, 0, NULL, NULL, 0 },
};

static int set(void *state, int id, const char *value)
{
    (void)id;
    ((struct rebuild *)state)->out = value;
    return CLI_OK;
}

/* Opens DIR/NAME/FILE of a folder, DIR/FILE of a file, without following links. */
static int check_file(int dirfd, const char *folder, const json_t *file, struct error *err)
{
    _cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
    const char *name = json_get_string(file, "name", NULL);
    if (!name || !(folder ? file_name_is_inside(name) : file_name_is_plain(name)))
        return error_set(err, PARE_EDATA, "the manifest lists a file without a plain name");
    strbuf_printf(&path, "%s%s%s", folder ? folder : "", folder ? "/" : "", name);
    if (path.failed)
        return error_oom(err);
    struct stat st;
    if (fstatat(dirfd, path.data, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return error_errno(err, errno, "%s", path.data);
    if (!S_ISREG(st.st_mode))
        return error_set(err, PARE_EDATA, "%s: not a regular file", path.data);
    int64_t bytes = json_get_int(file, "bytes", -1);
    if (st.st_size != bytes)
        return error_set(err, PARE_EDATA, "%s: %lld bytes, the manifest says %lld", path.data,
                         (long long)st.st_size, (long long)bytes);
    return 0;
}

static int check_output(int dirfd, const json_t *manifest, struct error *err)
{
    const json_t *output = json_object_get(manifest, "output");
    const json_t *files = json_object_get(output, "files");
    const char *name = json_get_string(output, "name", NULL);
    int is_folder = json_get_bool(output, "folder", 0), r = 0;
    if (!name || !file_name_is_plain(name) || json_array_size(files) == 0)
        return error_set(err, PARE_EDATA, "not a manifest: it names no output");
    for (size_t i = 0; r == 0 && i < json_array_size(files); i++)
        r = check_file(dirfd, is_folder ? name : NULL, json_array_get(files, i), err);
    return r;
}

/* 0: imported; 1: known already. */
static int import(struct rebuild *rebuild, int dirfd, const char *dir, const char *name,
                  struct error *err)
{
    struct manifest_file *manifest = NULL;
    int r = manifest_file_open(dirfd, name, &manifest, err);
    if (r == 0)
        r = check_output(dirfd, manifest_file_head(manifest), err);
    if (r == 0)
        r = catalog_import_manifest(rebuild->catalog, manifest_file_head(manifest),
                                    manifest_file_rows(manifest), dir, err);
    manifest_file_close(manifest);
    return r;
}

/* Notes one that was left out; -1 when out of memory. */
static int skip(struct rebuild *rebuild, const char *dir, const char *name, const struct error *why)
{
    _cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
    strbuf_printf(&path, "%s/%s", dir, name);
    cli_warn("%s: left out: %s", path.failed ? name : path.data, why->text);
    json_t *entry = json_object();
    if (path.failed || json_object_set_new(entry, "path", json_text(path.data, path.len)) < 0 ||
        json_object_set_new(entry, "reason", json_text(why->text, strlen(why->text))) < 0)
        return -1;
    return json_array_append_new(rebuild->skipped, entry);
}

static int one_manifest(struct rebuild *rebuild, int dirfd, const char *dir, const char *name,
                        struct error *err)
{
    struct error why = ERROR_INIT;
    int r = import(rebuild, dirfd, dir, name, &why);
    if (r == PARE_ENOSPC || r == PARE_ENOMEM || r == PARE_EINTERNAL) {
        *err = why;
        return r;
    }
    if (r < 0)
        return skip(rebuild, dir, name, &why) < 0 ? error_oom(err) : 0;
    rebuild->imported += r == 0;
    rebuild->known += r == 1;
    return 0;
}

static int scan(struct rebuild *rebuild, int dirfd, const char *dir, int depth, struct error *err);

static int scan_subfolder(struct rebuild *rebuild, int dirfd, const char *dir, const char *name,
                          int depth, struct error *err)
{
    _cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
    strbuf_printf(&path, "%s/%s", dir, name);
    if (path.failed)
        return error_oom(err);
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return 0; /* no folder, a link, or not ours to read */
    return depth < MAX_DEPTH ? scan(rebuild, fd, path.data, depth + 1, err) : (close(fd), 0);
}

/* Takes dirfd. Hidden entries, such as the staging directory, are passed over. */
static int scan(struct rebuild *rebuild, int dirfd, const char *dir, int depth, struct error *err)
{
    _cleanup_closedir_ DIR *stream = fdopendir(dirfd);
    if (!stream) {
        (void)close(dirfd);
        return error_errno(err, errno, "%s", dir);
    }
    struct dirent *entry;
    int r = 0;
    while (r == 0 && (entry = readdir(stream))) {
        size_t n = strlen(entry->d_name), m = strlen(ENDING);
        if (entry->d_name[0] == '.')
            continue;
        if (n > m && !strcmp(entry->d_name + n - m, ENDING))
            r = one_manifest(rebuild, dirfd, dir, entry->d_name, err);
        else if (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN)
            r = scan_subfolder(rebuild, dirfd, dir, entry->d_name, depth, err);
    }
    return r;
}

static int open_catalog(const struct cli *cli, struct rebuild *rebuild)
{
    struct error err = ERROR_INIT;
    _cleanup_free_ char *path = cli_catalog_path(cli), *moved = NULL;
    _cleanup_free_ char *socket = path ? paths_socket(path) : NULL;
    if (!socket)
        return cli_fail(CLI_FAILURE, "out of memory");
    if (control_answers(socket))
        return cli_fail(CLI_FAILURE,
                        "%s belongs to a running pared: stop it first, or name "
                        "another --catalog",
                        path);
    int r = catalog_open_or_replace(path, &moved, &rebuild->catalog, &err);
    if (moved)
        cli_warn("the catalog was damaged; the old one is %s", moved);
    return r < 0 ? cli_error(&err, NULL) : CLI_OK;
}

static int report(const struct cli *cli, const struct rebuild *rebuild)
{
    size_t n_skipped = json_array_size(rebuild->skipped);
    int status = CLI_OK;
    if (cli->json) {
        _cleanup_json_ json_t *json = json_pack("{s:I, s:I, s:O}", "imported",
                                                (json_int_t)rebuild->imported, "known",
                                                (json_int_t)rebuild->known, "skipped",
                                                rebuild->skipped);
        status = json ? cli_print_json(json) : cli_fail(CLI_FAILURE, "out of memory");
    } else {
        printf("%zu imported, %zu known already, %zu left out\n", rebuild->imported, rebuild->known,
               n_skipped);
    }
    return status == CLI_OK && n_skipped ? CLI_FAILURE : status;
}

static int run_scan(const struct cli *cli, struct rebuild *rebuild)
{
    struct error err = ERROR_INIT;
    _cleanup_free_ char *out = realpath(rebuild->out, NULL);
    int fd = out ? open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0)
        return cli_fail(errno == ENOENT ? CLI_NOT_FOUND : CLI_FAILURE, "%s: %s", rebuild->out,
                        strerror(errno));
    int status = open_catalog(cli, rebuild);
    if (status != CLI_OK) {
        (void)close(fd);
        return status;
    }
    int r = scan(rebuild, fd, out, 0, &err);
    return r < 0 ? cli_error(&err, NULL) : report(cli, rebuild);
}

static int run(const struct cli *cli, void *state, int n_operands, char **operands)
{
    (void)n_operands, (void)operands;
    struct rebuild *rebuild = state;
    if (!rebuild->out)
        return cli_usage("rebuild: --out DIR is missing: the directory with the outputs");
    rebuild->skipped = json_array();
    int status = run_scan(cli, rebuild);
    catalog_close(rebuild->catalog);
    json_decref(rebuild->skipped);
    return status;
}

const struct cli_command cmd_rebuild = {
    .name = "rebuild",
    .synopsis = "--out DIR [--catalog FILE] [--json]",
    .summary = "Make the catalog again from the manifests beside the outputs",
    .details = "Reads every *.pare.json under DIR whose output is there with the right sizes.\n"
               "What the catalog knows already is not changed. A damaged catalog is moved away\n"
               "first. Ends with status 1 when a manifest was left out.\n",
    .options = options,
    .state_size = sizeof(struct rebuild),
    .set = set,
    .run = run,
};
