/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Whether the places that the daemon works in are still what they were when it opened them: its
 * directories lie at their paths, and outputs can be written. A fault of a place is not one of a
 * model: while there is one, jobs are held, and they go on by themselves when it is cured.
 */
#ifndef DAEMON_PLACES_H
#define DAEMON_PLACES_H

#include "base/loop.h"
#include "intake/folders.h"

struct places;

struct places_callbacks {
    /* From now on jobs are held, for this reason; NULL: no longer. */
    void (*held)(void *context, const char *reason);
    /* Something else lies at a path: the daemon must start again. The text says where. */
    void (*replaced)(void *context, const char *text);
    /* The drop directory is not at its path, or something may lie over what is in it: intake must
     * look. */
    void (*drop_away)(void *context);
    void *context;
};

/* The arguments stay the caller's. The catalog's file is there. */
int places_new(struct loop *loop, const struct folders *folders, const char *catalog,
               const struct places_callbacks *callbacks, struct places **ret_places,
               struct error *err) __attribute__((warn_unused_result));
void places_free(struct places *places);

/* Why jobs are held, or NULL. */
const char *places_held(const struct places *places);

/* Looks now. 1: jobs are held. */
int places_look(struct places *places);

/* Something could not be written: tries whether anything can be. 1: jobs are held. */
int places_suspect(struct places *places);

/* 1 when the output `name` lies at its path, and not in a directory that was moved away. */
int places_has_output(const struct places *places, const char *name);

#endif
