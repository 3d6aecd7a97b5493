/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The daemon's configuration: pared.conf(5) and the command line's options, which are the same
 * keys. Every key has a default, so that an empty file is a whole configuration. Keys that are
 * settings of jobs come from the table of settings (settings/settings.h).
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "supervise/job_run.h"

struct config {
    char *drop, *out, *catalog;
    char *archive, *failed, *socket; /* these six may be NULL before config_finish */
    char *plugins, *recipes, *architectures, *worker;
    struct job_target *targets;
    size_t n_targets;
    char *after;  /* "archive" or "delete" */
    char *ignore; /* patterns of names that are no models, with spaces between (litter.h) */
    uint64_t jobs, retries;
    uint64_t min_free;                         /* bytes */
    double settle, rescan, heartbeat, backoff; /* seconds */
    double stuck_after;                        /* seconds; 0: never */
    json_t *settings;                          /* of every job (settings/settings.h) */
    int log_level;
};

/* The defaults of pared.conf(5). */
int config_init(struct config *config, struct error *err) __attribute__((warn_unused_result));
void config_deinit(struct config *config);

/* Sets one key from its text. PARE_EUSAGE names the key and says what it takes. For `targets` the
 * list replaces the one that was there. */
int config_set(struct config *config, const char *key, const char *value, struct error *err)
    __attribute__((warn_unused_result));
/* Adds one FORMAT:RECIPE to the targets. */
int config_add_target(struct config *config, const char *text, struct error *err)
    __attribute__((warn_unused_result));

/* Reads a file; its keys replace what is set. PARE_EUSAGE with file, line and reason; PARE_EIO when
 * it cannot be read. */
int config_load(struct config *config, const char *path, struct error *err)
    __attribute__((warn_unused_result));

/* Checks the keys together: there is at least one target, and directories differ. Relative paths
 * are made absolute, and paths that were not given get their defaults: done and failed in the drop
 * directory, the socket beside the catalog, plugins, recipes and worker as installed. */
int config_finish(struct config *config, struct error *err) __attribute__((warn_unused_result));

/* All keys with their values as text, in the manual's order. New reference. */
json_t *config_json(const struct config *config);

/* For a reload: keys that only a restart can change are moved from `running` to `fresh`. Returns
 * the first of them that would have changed, or NULL. */
const char *config_keep_fixed(struct config *running, struct config *fresh);

#endif
