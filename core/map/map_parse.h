/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * One statement of an architecture map while it is parsed: its words, and the errors about them.
 * Private to map_parse.c, map_parse_tensor.c and map_rules.c. Functions return 0 or a failure that
 * is in line->err already.
 */
#ifndef MAP_MAP_PARSE_H
#define MAP_MAP_PARSE_H

#include "base/statement.h"
#include "map/map_rules.h"

struct map_line {
    struct map_rules *rules;
    const char *dirs;
    const char *p, *end; /* what is left of it */
    const char *place;   /* "FILE:LINE" */
    int included;        /* 1: errors have a place already */
    struct error *err;
};

struct map_term {
    struct pare_str text; /* without quotation marks */
    int quoted;
};

/* The next word, or text in quotation marks: 1, or 0 at the end of the line. */
int map_take(struct map_line *line, struct map_term *ret);
int map_term_is(const struct map_term *term, const char *text);
/* "expected WHAT, not 'got'"; got NULL: the end of the line. */
int map_expected(struct map_line *line, const char *what, const struct map_term *got)
    __attribute__((warn_unused_result));
int map_expect(struct map_line *line, const char *text) __attribute__((warn_unused_result));
int map_expect_end(struct map_line *line) __attribute__((warn_unused_result));
int map_take_word(struct map_line *line, const char *what, struct pare_str *ret)
    __attribute__((warn_unused_result));
int map_take_copy(struct map_line *line, const char *what, const char **ret)
    __attribute__((warn_unused_result));
int map_take_value(struct map_line *line, const struct map_expr **ret)
    __attribute__((warn_unused_result));
/* "[if CONDITION]" and the end of the line. */
int map_take_condition(struct map_line *line, const struct map_expr **ret)
    __attribute__((warn_unused_result));
/* Zeroed memory of the map; NULL with the error set. */
void *map_new(struct map_line *line, size_t size);

/* Parses a file of the map, by its name in the directories. */
int map_read_file(struct map_rules *rules, const char *dirs, const char *file, struct error *err)
    __attribute__((warn_unused_result));

/* Statements about tensors, from behind their first word on. */
int map_parse_rename(struct map_line *line) __attribute__((warn_unused_result));
int map_parse_restore(struct map_line *line) __attribute__((warn_unused_result));
int map_parse_tensor(struct map_line *line) __attribute__((warn_unused_result));
int map_parse_drop(struct map_line *line) __attribute__((warn_unused_result));
int map_parse_f32(struct map_line *line) __attribute__((warn_unused_result));
int map_parse_values(struct map_line *line) __attribute__((warn_unused_result));

#endif
