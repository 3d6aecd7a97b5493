/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* How much of a model is in which encoding, as text for people. */
#ifndef CLI_VIEWS_CENSUS_VIEW_H
#define CLI_VIEWS_CENSUS_VIEW_H

#include <jansson.h>

/* Prints a worker's `census` with a line for all of it. 0, or -1 when out of memory. */
int census_view_print(const json_t *census);

#endif
