/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The settings of a job. One table (settings.c) says all about each: its default, what values it
 * takes, whether pared.conf has a key for it, which option of `pare convert` sets it and with what
 * help, and where it is recorded. Configuration, command line, the worker's request and its check,
 * manifest and catalog take a setting from there, so that a new one is a line of the table, its use
 * and its manual.
 *
 * Chosen values are a JSON object with a member for each setting, as a request has them
 * (docs/protocol.md): texts, integers, booleans. What is not in it has its default.
 */
#ifndef SETTINGS_SETTINGS_H
#define SETTINGS_SETTINGS_H

#include "base/error.h"

#include <jansson.h>
#include <stdint.h>

enum setting_kind {
    SETTING_WORD,  /* one of its choices */
    SETTING_TEXT,  /* any text that is not empty */
    SETTING_COUNT, /* a whole number up to `max` */
    SETTING_SIZE,  /* bytes */
    SETTING_FLAG,  /* yes or no */
};

struct setting {
    const char *name; /* in requests, in records, and as a key of pared.conf */
    enum setting_kind kind;
    const char *fallback; /* its default, as people write it */
    const char *choices;  /* of a word: "|full|sample|none|" */
    uint64_t max;         /* of a count; 0: any */
    int is_key;           /* pared.conf has it */
    int is_rule;          /* not a member of requests: any value but the default is a statement
                           * "NAME VALUE" before the recipes (pare-recipe(5)) */
    const char *record;   /* its own place in manifests; NULL: a member of `settings` there; "":
                           * none, since it changes nothing that is made */

    const char *option;   /* of `pare convert`, or NULL; of a flag it turns the default round */
    const char *argument; /* the option's value in its help; NULL of a flag */
    const char *help;
    const char *after; /* the option that it follows in the help; NULL: it comes last */
};

/* The i-th setting, or NULL after the last. */
const struct setting *setting_at(size_t i);
/* The one of this name, or NULL. */
const struct setting *setting_find(const char *name);

/* Sets a value from its text in an object of values. PARE_EUSAGE says what is wanted, without
 * naming the setting: "one of |refuse|keep| is wanted". */
int setting_set(json_t *values, const struct setting *setting, const char *text, struct error *err)
    __attribute__((warn_unused_result));

/* A setting's value, or its default when `values` (may be NULL) has none. New reference. */
json_t *setting_json(const json_t *values, const struct setting *setting);

/* The value of a setting, which must be of that kind (words and texts, counts and sizes, flags), or
 * its default when `values` (may be NULL) has none. */
const char *settings_text(const json_t *values, const char *name);
uint64_t settings_count(const json_t *values, const char *name);
int settings_flag(const json_t *values, const char *name);

/* Every member of a request that is a setting must have a value that its setting takes.
 * PARE_EUSAGE names the member. */
int settings_check(const json_t *request, struct error *err) __attribute__((warn_unused_result));

/* Puts all settings but rules into a worker's request, defaults too. -1 when out of memory. */
int settings_put(const json_t *values, json_t *request) __attribute__((warn_unused_result));

/* Appends {"name": label, "text": "NAME VALUE"} to an array of overrides (docs/protocol.md) for
 * each setting that is a rule. -1 when out of memory. */
int settings_add_rules(const json_t *values, const char *label, json_t *overrides)
    __attribute__((warn_unused_result));

/* What a record has as its `settings`: those that have no place of their own. New reference; NULL
 * when out of memory. */
json_t *settings_record(const json_t *values);

#endif
