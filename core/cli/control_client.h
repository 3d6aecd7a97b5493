/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The client's side of the control socket (docs/control.md). */
#ifndef CLI_CONTROL_CLIENT_H
#define CLI_CONTROL_CLIENT_H

#include "cli/cli.h"

struct control;

/* Where the daemon's socket is, by the rule of docs/control.md (free it); NULL: out of memory. */
char *control_socket_path(const struct cli *cli);
/* 1 when a daemon answers at the socket. */
int control_answers(const char *path);

/* Connects; on failure says so and returns CLI_NO_DAEMON. */
int control_open(const struct cli *cli, struct control **ret_control)
    __attribute__((warn_unused_result));
void control_close(struct control *control);
/* Sends one request, takes the reference. CLI_OK, or an exit status after cli_fail. */
int control_send(struct control *control, json_t *request) __attribute__((warn_unused_result));
/* The same with open descriptors, which show the daemon files that may be read (`submit`). */
int control_send_files(struct control *control, json_t *request, const int *fds, size_t n)
    __attribute__((warn_unused_result));
/* Waits for one line. CLI_OK, or an exit status after cli_fail. */
int control_receive(struct control *control, json_t **ret_line) __attribute__((warn_unused_result));
/* Connects, sends, waits for the reply and closes. A refusal is reported and is CLI_NOT_FOUND for
 * `notfound`, CLI_USAGE for `usage`, else CLI_FAILURE. */
int control_call(const struct cli *cli, json_t *request, json_t **ret_reply)
    __attribute__((warn_unused_result));
int control_call_files(const struct cli *cli, json_t *request, const int *fds, size_t n,
                       json_t **ret_reply) __attribute__((warn_unused_result));

#endif
