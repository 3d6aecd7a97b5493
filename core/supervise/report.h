/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The report for people that lies beside an output: Markdown, made from its manifest alone. */
#ifndef SUPERVISE_REPORT_H
#define SUPERVISE_REPORT_H

#include <jansson.h>

/* New string; NULL when out of memory. */
char *report_text(const json_t *manifest);

#endif
