/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Watches on directories (inotify). An event says only that something may have changed in a
 * directory; what it was is for a scan to find out. The mask has no IN_MODIFY: a busy writer would
 * overflow the kernel's queue with it.
 */
#ifndef INTAKE_WATCH_H
#define INTAKE_WATCH_H

#include "base/loop.h"

struct watch;

#define WATCH_ALL (-1) /* instead of a watch: events were lost, any directory may have changed */

struct watch_callbacks {
    /* Something happened in the directory of this watch, or WATCH_ALL. */
    void (*changed)(void *context, int wd);
    /* The watched directory itself was moved or removed; the watch is gone. */
    void (*lost)(void *context, int wd);
    void *context;
};

int watch_new(struct loop *loop, const struct watch_callbacks *callbacks, struct watch **ret_watch,
              struct error *err) __attribute__((warn_unused_result));
void watch_free(struct watch *watch);

/* Watches a directory; *ret_wd names the watch. The same directory gives the same number. */
int watch_add(struct watch *watch, const char *path, int *ret_wd, struct error *err)
    __attribute__((warn_unused_result));
/* The same, of entries that appear, go or change their mode: of a directory in which something lies
 * that must stay where it is. */
int watch_add_entries(struct watch *watch, const char *path, int *ret_wd, struct error *err)
    __attribute__((warn_unused_result));
void watch_remove(struct watch *watch, int wd);

#endif
