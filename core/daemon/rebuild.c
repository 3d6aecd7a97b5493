/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A new catalog filled from the manifests in the output directory, which say all that the old one
 * said of the outputs. One that was not closed may have lost its last changes with its log: it is
 * sound, but of an earlier time, and is filled with what it lacks.
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "daemon/daemon_private.h"
#include "results/manifest_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define ENDING ".pare.json"

static int import(struct catalog *catalog, const struct folders *folders, const char *name,
                  struct error *err)
{
    struct manifest_file *manifest = NULL;
    int r = manifest_file_open(folders->out_fd, name, &manifest, err);
    if (r == 0)
        r = catalog_import_manifest(catalog, manifest_file_head(manifest),
                                    manifest_file_rows(manifest), folders->out_path, err);
    manifest_file_close(manifest);
    return r;
}

/* Whether a manifest is about an output that the catalog has. */
static int is_known(struct catalog *catalog, const struct folders *folders, const char *name)
{
    struct error ignored = ERROR_INIT;
    _cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
    strbuf_printf(&path, "%s/%.*s", folders->out_path, (int)(strlen(name) - strlen(ENDING)), name);
    return !path.failed && catalog_output_is_known(catalog, path.data, &ignored) == 1;
}

/* Imports all manifests, or those of outputs that the catalog does not have. 0: all that could be
 * read were; 1: some may be read another time. */
static int import_all(struct catalog *catalog, const struct folders *folders, int only_unknown,
                      struct error *err)
{
    int fd = openat(folders->out_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir)
        return error_errno(err, errno, "cannot read %s", folders->out_path);
    struct dirent *entry;
    size_t imported = 0;
    int complete = 1;
    while ((entry = readdir(dir))) {
        struct error problem = ERROR_INIT;
        size_t len = strlen(entry->d_name), m = strlen(ENDING);
        if (len <= m || strcmp(entry->d_name + len - m, ENDING) != 0)
            continue;
        if (only_unknown && is_known(catalog, folders, entry->d_name))
            continue;
        int r = import(catalog, folders, entry->d_name, &problem);
        if (r < 0)
            log_warning("%s/%s: %s", folders->out_path, entry->d_name, problem.text);
        imported += r == 0;
        complete &= r >= 0 || !error_is_transient(r);
    }
    if (imported)
        log_info("the catalog has %zu conversions from the manifests in %s", imported,
                 folders->out_path);
    return !complete;
}

int rebuild_catalog(struct catalog *catalog, const struct folders *folders, struct error *err)
{
    int r = import_all(catalog, folders, 0, err);
    return r == 0 ? catalog_rebuilt(catalog, err) : r < 0 ? r : 0; /* 1: again at the next start */
}

int rebuild_missing(struct catalog *catalog, const struct folders *folders, struct error *err)
{
    int r = import_all(catalog, folders, 1, err);
    return r < 0 ? r : catalog_jobs_are_made(catalog, err);
}
