/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What the two halves of the test plugin share: encodings.c has the kernels, container.c the format
 * that holds them. */
#ifndef PARE_TESTS_PLANES_H
#define PARE_TESTS_PLANES_H

#include <pare/plugin.h>

/* Encodings whose planes are of every kind, ended by NULL. */
extern const struct pare_encoding *const planes_encodings[];

#endif
