/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The control socket (docs/control.md): lines of JSON from clients, a reply to each, and events to
 * those who watch. Who may connect is a matter of the socket's permissions: owner and group.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include "base/loop.h"
#include "daemon/shown.h"

#include <jansson.h>

struct control;

struct control_callbacks {
    /* The reply to a request (new reference). shown: the files that came with it as descriptors.
     * *ret_watch set to 1: the client gets events from now on, first the one in *ret_first (new
     * reference) if that is set. */
    json_t *(*request)(void *context, const json_t *request, const struct shown *shown,
                       int *ret_watch, json_t **ret_first);
    void *context;
};

/* Listens at the path; a socket that was left there is replaced. */
int control_new(struct loop *loop, const char *path, const struct control_callbacks *callbacks,
                struct control **ret_control, struct error *err)
    __attribute__((warn_unused_result));
/* Closes all connections and removes the socket. */
void control_free(struct control *control);

/* 1 when somebody watches; else no events need to be made. */
int control_watched(const struct control *control);
/* Sends an event to all watchers. */
void control_broadcast(struct control *control, const json_t *event);

#endif
