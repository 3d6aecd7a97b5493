/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The directories that the daemon works in, open and locked: the drop directory with its hidden
 * `.pare/claimed`, where done and failed sources go, and the output directory with its hidden
 * `.pare`. Everything else reaches them by these descriptors.
 */
#ifndef INTAKE_FOLDERS_H
#define INTAKE_FOLDERS_H

#include "config/config.h"

#define FOLDERS_HIDDEN ".pare"
#define FOLDERS_CLAIMED "claimed"                 /* in the hidden one of the drop directory */
#define FOLDERS_STAGING FOLDERS_HIDDEN "/staging" /* in out; there while it is needed (job_run.h) */

struct folders {
    char *drop_path, *claimed_path, *archive_path, *failed_path, *out_path;
    int drop_fd, claimed_fd, archive_fd, failed_fd, out_fd;
    int locks[4]; /* of drop, out, catalog and socket */
};

/* Nothing open: folders_close does nothing with it. */
void folders_init(struct folders *folders);

/* `config` is finished. Makes what is missing, opens and locks all of it. 1: another daemon has one
 * of the locks, err says which and its pid. PARE_EUSAGE when sources could not be renamed from the
 * drop directory to where they go afterwards (other file systems). */
int folders_open(const struct config *config, struct folders *ret_folders, struct error *err)
    __attribute__((warn_unused_result));
void folders_close(struct folders *folders);

/* 1 for a name in the drop directory that is not a model: done, failed, .pare, or wherever else
 * the configuration put its own directories. */
int folders_reserved(const struct folders *folders, const char *name);

/* What lies at a directory's path now: 0 the directory that is open; 1 another one; 2 nothing
 * (moved away, removed, or not mounted: a directory that was the root of a file system is not
 * replaced by the empty one below it). */
int folders_check(int fd, const char *path);

/* Bytes that may still be written where the outputs go; UINT64_MAX when unknown. */
uint64_t folders_free_bytes(const struct folders *folders);

#endif
