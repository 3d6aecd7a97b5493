/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Packets with descriptors: see fdpass.h (unix(7), SCM_RIGHTS and SCM_CREDENTIALS). */
#include "base/fdpass.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

union control {
    char bytes[CMSG_SPACE(FDPASS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
    struct cmsghdr header; /* for its alignment */
};

int fdpass_pair(int ret_ends[2], struct error *err)
{
    int ends[2], yes = 1, r = 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_errno(err, errno, "cannot make a pair of sockets");
    for (int i = 0; i < 2; i++)
        if (ends[i] <= STDERR_FILENO) {
            int low = ends[i];
            ends[i] = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
            (void)close(low);
            if (ends[i] < 0)
                r = error_errno(err, errno, "cannot make a pair of sockets");
        }
    if (r == 0 && setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) < 0)
        r = error_errno(err, errno, "cannot ask for a sender's process");
    if (r < 0) {
        cleanup_close(&ends[0]);
        cleanup_close(&ends[1]);
        return r;
    }
    memcpy(ret_ends, ends, sizeof ends);
    return 0;
}

int fdpass_send(int socket, const void *data, size_t n, const int *fds, size_t n_fds,
                struct error *err)
{
    union control control;
    struct iovec bytes = { (void *)data, n };
    struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };
    if (n_fds > FDPASS_MAX)
        return error_set(err, PARE_ELIMIT, "%zu descriptors, %d can be passed on", n_fds,
                         FDPASS_MAX);
    if (n_fds) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(n_fds * sizeof *fds);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(n_fds * sizeof *fds);
        memcpy(CMSG_DATA(header), fds, n_fds * sizeof *fds);
    }
    ssize_t sent;
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? error_errno(err, errno, "cannot pass descriptors on") : 0;
}

static void take_control(struct msghdr *message, struct fdpass *packet)
{
    for (struct cmsghdr *h = CMSG_FIRSTHDR(message); h; h = CMSG_NXTHDR(message, h)) {
        size_t n = h->cmsg_len - CMSG_LEN(0);
        if (h->cmsg_level != SOL_SOCKET)
            continue;
        if (h->cmsg_type == SCM_RIGHTS && n <= sizeof packet->fds) {
            memcpy(packet->fds, CMSG_DATA(h), n);
            packet->n_fds = n / sizeof *packet->fds;
        } else if (h->cmsg_type == SCM_CREDENTIALS && n == sizeof(struct ucred)) {
            struct ucred who;
            memcpy(&who, CMSG_DATA(h), sizeof who);
            packet->sender = who.pid;
        }
    }
}

int fdpass_receive(int socket, void *data, size_t size, struct fdpass *ret_packet,
                   struct error *err)
{
    union control control;
    struct iovec bytes = { data, size };
    struct msghdr message = { .msg_iov = &bytes,
                              .msg_iovlen = 1,
                              .msg_control = control.bytes,
                              .msg_controllen = sizeof control.bytes };
    ssize_t got;
    do
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno != ECONNRESET)
        return error_errno(err, errno, "cannot receive descriptors");
    if (got <= 0)
        return 1;
    struct fdpass packet = { .n = (size_t)got };
    take_control(&message, &packet);
    if (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) {
        fdpass_close(&packet);
        return error_set(err, PARE_EDATA, "a packet was cut short");
    }
    *ret_packet = packet;
    return 0;
}

void fdpass_close(struct fdpass *packet)
{
    for (size_t i = 0; i < packet->n_fds; i++)
        cleanup_close(&packet->fds[i]);
    packet->n_fds = 0;
}
