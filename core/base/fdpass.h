/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Packets with open descriptors between two processes, over a socket pair of packets. */
#ifndef BASE_FDPASS_H
#define BASE_FDPASS_H

#include "base/error.h"

#include <sys/types.h>

#define FDPASS_MAX 250 /* descriptors in one packet; the kernel takes 253 */

/* A pair of connected sockets, close-on-exec, both above the standard descriptors. [0] learns the
 * process that a packet comes from. */
int fdpass_pair(int ret_ends[2], struct error *err) __attribute__((warn_unused_result));

/* Sends n bytes (at least 1) and the descriptors, which stay the caller's; never blocks. */
int fdpass_send(int socket, const void *data, size_t n, const int *fds, size_t n_fds,
                struct error *err) __attribute__((warn_unused_result));

struct fdpass {
    size_t n; /* bytes of data */
    int fds[FDPASS_MAX];
    size_t n_fds; /* they are the caller's, close-on-exec */
    pid_t sender; /* as the kernel says; 0: it does not */
};

/* Waits for a packet of at most `size` bytes. 0: *ret_packet is set; 1: nobody will send any more.
 * PARE_EDATA: a packet that was cut short. */
int fdpass_receive(int socket, void *data, size_t size, struct fdpass *ret_packet,
                   struct error *err) __attribute__((warn_unused_result));

/* Closes the descriptors of a packet. */
void fdpass_close(struct fdpass *packet);

#endif
