/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The way in: everything from a name that appears in the drop directory to a claimed source. Events
 * only say where to look; scans decide, and one runs every minute in any case. What is not complete
 * waits where it is.
 */
#ifndef INTAKE_INTAKE_H
#define INTAKE_INTAKE_H

#include "base/loop.h"
#include "intake/abilities.h"
#include "intake/folders.h"
#include "intake/ticket.h"

struct intake;

struct intake_taken {
    struct ticket ticket;
    int broken;           /* it cannot be converted */
    struct error verdict; /* then: why */
};

struct intake_callbacks {
    /* Sources are claimed under these tickets, which are now the receiver's. */
    void (*taken)(void *context, struct intake_taken *list, size_t n);
    /* The list that intake_json gives is another one. */
    void (*changed)(void *context);
    /* Something that people should know: goes to the log and the catalog. */
    void (*note)(void *context, int level, const char *kind, const char *text);
    /* There is another directory at the drop directory's path. */
    void (*replaced)(void *context);
    void *context;
};

/* The config must have worker, plugins and recipes set; nursery may be NULL. All arguments but the
 * callbacks stay the caller's and must outlive the intake; config and abilities may change between
 * callbacks. */
int intake_new(struct loop *loop, const struct config *config, const struct folders *folders,
               const struct abilities *abilities, struct nursery *nursery,
               const struct intake_callbacks *callbacks, struct intake **ret_intake,
               struct error *err) __attribute__((warn_unused_result));
void intake_free(struct intake *intake);

/* Looks at everything again, soon. */
void intake_rescan(struct intake *intake);

/* What is there and not taken: the `arriving` of docs/control.md, at most `limit` of it after
 * `from` others. New reference. */
json_t *intake_json(const struct intake *intake, size_t from, size_t limit);
size_t intake_count(const struct intake *intake);
/* How many of these may become models: all but the ignored ones. */
size_t intake_waiting(const struct intake *intake);

#endif
