/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Failed allocations that no return value reports: when Jansson runs out of memory, a field is
 * missing or a text is cut, and nothing else happens. They are noted here, so that the worker
 * does not report such a job as done.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <jansson.h>
#include <stddef.h>

/* Makes Jansson note its failures too. Call it before any JSON is made. */
void memory_watch_json(void);
/* As json_loadb, which is not safe to call when memory runs out. Use this in the worker. */
json_t *memory_parse_json(const char *text, size_t n, size_t flags, json_error_t *ret_problem);
/* Notes a failure. Any thread. */
void memory_note_failure(void);
/* 1 once a failure was noted. */
int memory_failed(void);

#endif
