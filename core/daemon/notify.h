/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Messages to the service manager (sd_notify(3)): its protocol is one datagram of NAME=value lines
 * to the socket in NOTIFY_SOCKET. Without that variable all of this does nothing.
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

/* Sends e.g. "READY=1\nSTATUS=Watching", formatted. */
void notify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Seconds within which the service manager wants WATCHDOG=1 again and again; 0: it does not. */
double notify_watchdog_seconds(void);

#endif
