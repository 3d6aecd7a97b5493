/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What catalog_show gives, as text for people. */
#ifndef CLI_VIEWS_SHOW_VIEW_H
#define CLI_VIEWS_SHOW_VIEW_H

#include <jansson.h>

/* One conversion in full with its tensors, or a job with a line for each of its conversions. 0, or
 * -1 when out of memory. */
int show_view_print(const json_t *shown);

#endif
