/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The files of recipes and architecture maps: statements, one on a line. A backslash at the end of
 * a line continues it, and '#' begins a comment. Files are looked up in a list of directories, of
 * which the first that has the file wins.
 */
#ifndef LANG_STATEMENT_H
#define LANG_STATEMENT_H

#include "base/error.h"

#include <stddef.h>

/* The path of a file in the first of the colon-separated directories that has it (free it). NULL
 * when none has it, and without memory, which is noted (base/memory.h). */
char *dirs_find(const char *dirs, const char *file);

/* The names, without the suffix, of all such files in the directories, sorted, each once; appended
 * to a list as in base/strlist.h. */
int dirs_list(const char *dirs, const char *suffix, char ***list, size_t *n, struct error *err)
    __attribute__((warn_unused_result));

/* 1 for a name of letters, digits, '_', '-' and '.' that does not begin with '.' and has at most
 * 100 bytes. */
int statement_name_is_plain(struct pare_str name);

/* The length of the statement at p: up to a newline without a backslash before it. Newlines that
 * are continued become spaces, with their backslashes; *ret_lines counts the lines. */
size_t statement_length(char *p, const char *end, unsigned *ret_lines);

/* The statement without its comment and without white space at both ends. */
struct pare_str statement_trim(struct pare_str text);

#endif
