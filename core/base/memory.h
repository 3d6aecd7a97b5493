/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Allocations that fail where nobody can be told: within Jansson a field is then just missing, and
 * a text is cut. They are noted here, so that the worker refuses to call such a job done.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

/* Makes Jansson note its failures too. Call it before any JSON is made. */
void memory_watch_json(void);
/* Notes a failure. Any thread. */
void memory_note_failure(void);
/* 1 once a failure was noted. */
int memory_failed(void);

#endif
