/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The report for people that lies beside an output: Markdown, made from its manifest alone. */
#ifndef RESULTS_REPORT_H
#define RESULTS_REPORT_H

#include "results/report_tensors.h"

#include <jansson.h>

/* head: of the manifest; tensors: its rows. New string; NULL when out of memory. */
char *report_text(const json_t *head, const struct report_tensors *tensors);

#endif
