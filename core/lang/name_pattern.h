/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Patterns of tensor names: plain text, with
 *   {n}          a number without leading zeros, known by its name
 *   {a|b|c?}     one of several texts; one with '?' need not be there; the k-th of these in a
 *                pattern is {k} in the name that is made of it, or {k:x|y|z}, which has other texts
 *                in the same order
 *   *            any bytes (only where nothing is made of the name)
 * A pattern works in both directions: it matches names, and names are made from what was matched.
 */
#ifndef LANG_NAME_PATTERN_H
#define LANG_NAME_PATTERN_H

#include "base/arena.h"
#include "base/error.h"

#define NAME_MAX_PARTS 24
#define NAME_MAX_NUMBERS 3
#define NAME_MAX_CHOICES 4
#define NAME_MAX_TEXTS 12 /* of one choice */

enum name_part_kind { NAME_PLAIN, NAME_INDEX, NAME_CHOICE, NAME_ANY };

struct name_part {
    enum name_part_kind kind;
    struct pare_str text; /* plain; or the name of the number */
    unsigned choice;      /* which choice it is, from 0 */
    unsigned n_texts;     /* 0 in "{1}": those of the other pattern */
    struct pare_str texts[NAME_MAX_TEXTS];
    unsigned optional; /* bits: texts with '?' */
};

struct name_pattern {
    struct name_part *parts;
    unsigned n_parts, n_choices;
    struct pare_str text; /* as written */
};

/* What a name has in place of the numbers and choices of a pattern. */
struct name_match {
    struct pare_str names[NAME_MAX_NUMBERS];
    uint64_t numbers[NAME_MAX_NUMBERS];
    unsigned n_numbers;
    unsigned choices[NAME_MAX_CHOICES]; /* number of the text */
};

/* `source`: the pattern whose choices {1} refers to, or NULL. The pattern's texts point into the
 * argument. PARE_EDATA: not a pattern, or one beyond the limits. */
int name_pattern_parse(struct arena *memory, struct pare_str text,
                       const struct name_pattern *source, struct name_pattern *ret_pattern,
                       struct error *err) __attribute__((warn_unused_result));

/* 1 and the match, when the whole name is as the pattern says; else 0. `source` as above. A pattern
 * with '*' gives no match. Time is in proportion to the pattern and the name, times the texts of
 * its choices. */
int name_pattern_matches(const struct name_pattern *pattern, const struct name_pattern *source,
                         struct pare_str name, struct name_match *ret_match);

/* The name (free it) that a match makes of a pattern. PARE_EDATA: one with a '*'. */
int name_pattern_expand(const struct name_pattern *pattern, const struct name_pattern *source,
                        const struct name_match *match, char **ret_name, struct error *err)
    __attribute__((warn_unused_result));

/* The number of that name in a match: 1, or 0 when there is none. */
int name_pattern_number(const struct name_match *match, struct pare_str name, uint64_t *ret_number);
/* 1 when the pattern has a number of that name. */
int name_pattern_has_number(const struct name_pattern *pattern, struct pare_str name);

#endif
