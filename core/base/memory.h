/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Failed allocations that no return value reports: when Jansson runs out of memory, a field is
 * missing or a text is cut, and nothing else happens. They are noted here, so that the worker
 * does not report such a job as done.
 *
 * And the budget of reading: while a model's headers and side files are read, a worker may have 64
 * MiB and two bytes for each byte of them (docs/protocol.md), whatever it makes of them. Each read
 * tells its bytes here; pare-worker charges every allocation (core/worker/counted.c). Past the
 * budget an allocation fails, and the job with PARE_ELIMIT and a text that names the file.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Makes Jansson note its failures too. Call it before any JSON is made. */
void memory_watch_json(void);
/* As json_loadb, which is not safe to call when memory runs out. Use this in the worker. */
json_t *memory_parse_json(const char *text, size_t n, size_t flags, json_error_t *ret_problem);
/* Notes a failure. Any thread. */
void memory_note_failure(void);
/* 1 once a failure was noted. */
int memory_failed(void);

/* Counts n bytes of memory that are taken, or given back. taking: 0, or -1 when they are past the
 * budget: then they are not counted, and the failure is noted. Any thread. */
int memory_take(size_t n);
void memory_give(size_t n);
/* Counts n bytes that are taken already, whatever the budget. */
void memory_count(size_t n);

/* The budget holds between these two, which nest. What is taken elsewhere (plans, buffers of the
 * pipeline) has bounds of its own and is not held against it. */
void memory_reading_begin(void);
void memory_reading_end(void);
/* Bytes of an open file were read: they allow for twice as many of memory, but not again when they
 * are read again. */
void memory_reading_file(const char *name, int fd, uint64_t offset, uint64_t n);
/* The next allocation on this thread may be as large as what is then read into it: it is counted,
 * but not refused. 0: no more. */
void memory_reading_ahead(uint64_t n);
/* Bytes that were read so far. */
uint64_t memory_reading_bytes(void);
/* Allows for more, whatever it is for. */
void memory_reading_allow(uint64_t n);
/* 1 when something was refused: then the text says so. Nothing is refused from then on. */
int memory_reading_refused(char *ret_text, size_t size);

#endif
