/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The options of a target. Which ones a writer has is known by what it asks for while it makes a
 * layout; the others must be of those that core or any writer has.
 */
#ifndef PLUGIN_OPTIONS_H
#define PLUGIN_OPTIONS_H

#include "base/error.h"

#include <jansson.h>

/* PARE_EUSAGE when an option is known neither to core nor to the writer, which asked for the keys
 * of the object `asked`. The error names it and the nearest one that is known. options may be
 * NULL. writer: its name. */
int options_check(const json_t *options, const json_t *asked, const char *writer, struct error *err)
    __attribute__((warn_unused_result));

#endif
