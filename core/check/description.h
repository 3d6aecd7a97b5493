/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What an encoding says of itself, beyond what it is refused for when it is loaded. */
#ifndef CHECK_DESCRIPTION_H
#define CHECK_DESCRIPTION_H

#include "check/trial.h"

/* Flags that contradict each other or that there are none of, names that are there twice, planes
 * that cannot be what they are said to be. */
void check_description(struct check *check, const struct pare_encoding *encoding);

#endif
