/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * pared as a whole: it owns the directories, the catalog, the intake, the jobs and the control
 * socket, and connects them on one loop.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "config/config.h"

/* Reads the configuration anew, for SIGHUP. */
typedef int daemon_reload_fn(void *context, struct config *ret_config, struct error *err);

enum { DAEMON_STOPPED = 0, DAEMON_LOCKED = 1, DAEMON_RESTART = 2 };

/* Runs until a signal ends it. `config` is finished; what is in it may change by reloads.
 * DAEMON_STOPPED: asked to stop, all is clean; DAEMON_LOCKED: another daemon has a lock (err says
 * which); DAEMON_RESTART: a directory or the catalog was replaced, call again; < 0: cannot start.
 */
int daemon_run(struct config *config, daemon_reload_fn *reload, void *context, struct error *err)
    __attribute__((warn_unused_result));

/* The process that checks a large catalog (pared --check-catalog); its exit status. */
int catalog_check_main(const char *path);

#endif
