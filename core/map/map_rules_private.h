/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * One statement of an architecture map while it is parsed: its words, and the errors about them.
 * Private to map_parse.c, map_parse_tensor.c and map_rules.c. Functions return 0 or a failure
 * whose error is set already.
 */
#ifndef MAP_MAP_RULES_PRIVATE_H
#define MAP_MAP_RULES_PRIVATE_H

#include "lang/statement.h"
#include "lang/words.h"
#include "map/map_rules.h"

struct map_line {
    struct words words; /* what is left of it; its err gets all errors */
    struct map_rules *rules;
    const char *dirs;
    const char *place; /* "FILE:LINE" */
    int included;      /* 1: errors have a place already */
};

/* Takes a word, or a text in quotation marks. what: what it should be, for the error when the line
 * ends before it. map_take_copy copies it, with a NUL. */
int map_take_word(struct map_line *line, const char *what, struct pare_str *ret)
    __attribute__((warn_unused_result));
int map_take_copy(struct map_line *line, const char *what, const char **ret)
    __attribute__((warn_unused_result));
/* Takes an expression, up to what cannot belong to it. */
int map_take_value(struct map_line *line, const struct expr **ret)
    __attribute__((warn_unused_result));
/* "[if CONDITION]" and the end of the line. */
int map_take_condition(struct map_line *line, const struct expr **ret)
    __attribute__((warn_unused_result));
/* Zeroed memory of the map; NULL with the error set. */
void *map_new(struct map_line *line, size_t size);

/* Parses a file of the map, by its name in the directories. */
int map_read_file(struct map_rules *rules, const char *dirs, const char *file, struct error *err)
    __attribute__((warn_unused_result));

/* The statements about tensors. Their first word has been taken. */
int map_parse_rename(struct map_line *line) __attribute__((warn_unused_result));
int map_parse_restore(struct map_line *line) __attribute__((warn_unused_result));
int map_parse_tensor(struct map_line *line) __attribute__((warn_unused_result));
int map_parse_drop(struct map_line *line) __attribute__((warn_unused_result));
int map_parse_f32(struct map_line *line) __attribute__((warn_unused_result));
int map_parse_shape(struct map_line *line) __attribute__((warn_unused_result));
int map_parse_values(struct map_line *line) __attribute__((warn_unused_result));

#endif
