/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Where Pare's own files are. The installed tree is found from the running program's place (the
 * prefix above its bin or sbin), so that it can be moved; else the prefix of the build counts.
 * PARE_PLUGINS, PARE_RECIPES, PARE_ARCHITECTURES (colon-separated lists) and PARE_WORKER in the
 * environment go first: they are how the build tree is run.
 */
#ifndef BASE_PATHS_H
#define BASE_PATHS_H

/* Each gives a path (free it), or NULL when out of memory. */
char *paths_plugins(void);       /* colon-separated directories */
char *paths_recipes(void);       /* colon-separated directories */
char *paths_architectures(void); /* colon-separated directories */
char *paths_worker(void);
char *paths_config(void); /* …/etc/pare/pared.conf */
/* The user's own catalog: $XDG_STATE_HOME/pare/catalog.db, or ~/.local/state/pare/catalog.db. */
char *paths_user_catalog(void);
/* The control socket that goes with a catalog: pared.sock beside it. */
char *paths_socket(const char *catalog);

#endif
