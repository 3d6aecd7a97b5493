/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What the files of `pare convert` share: options, one job, its progress, the dry run. */
#ifndef CLI_COMMANDS_CONVERT_PRIVATE_H
#define CLI_COMMANDS_CONVERT_PRIVATE_H

#include "base/hash.h"
#include "cli/cli.h"
#include "cli/commands/overrides.h"
#include "supervise/job_run.h"

struct convert_options {
    struct job_target targets[JOB_TARGETS_MAX];
    size_t n_targets;
    const char *out;
    json_t *settings;         /* values as settings/settings.h has them, or NULL */
    const char *importance;   /* file of an importance matrix, or NULL */
    json_t *importance_parts; /* {"include":[text],"exclude":[text]}, or NULL */
    struct overrides overrides;
    json_t *writing; /* options of every target: object of texts, or NULL */
    int no_sidecars;
    int resume; /* go on with an interrupted run of the same conversion */
    int dry_run, quiet;
    int no_record; /* nothing goes into the catalog */
};

struct convert_result { /* of one source */
    const char *operand;
    struct error error;
    json_t *outputs; /* [{"path","manifest"}] */
};

/* What a source is converted with, beside the targets. */
struct convert_inputs {
    struct source_set importance; /* one file; none when its n is 0 */
    const char *importance_name;  /* what outputs call it, or NULL: as its file */
    json_t *overrides;            /* [{"name","text"}] (docs/protocol.md), or NULL */
};

/* Takes a --to. CLI_OK, or an exit status after the message. */
int convert_add_target(struct convert_options *options, const char *text)
    __attribute__((warn_unused_result));

/* What the options say, and the source's sidecars where no option stands in their place. CLI_OK,
 * or an exit status after the message, which is in err too. */
int convert_inputs_open(const struct convert_options *options, const struct source_set *source,
                        struct convert_inputs *ret_inputs, struct error *err)
    __attribute__((warn_unused_result));
void convert_inputs_deinit(struct convert_inputs *inputs);

/* Converts one source. CLI_OK, or an exit status after the message; the result is filled either
 * way (free its outputs). */
int convert_one(const struct cli *cli, const struct convert_options *options, const char *operand,
                struct convert_result *result) __attribute__((warn_unused_result));
/* Catches Ctrl-C and its like, which cancel the job that runs. */
void convert_catch_signals(void);

/* The mark of a job (supervise/staging.h): of the same source and targets it is the same. */
int convert_mark(const struct job_spec *spec, char ret_mark[HASH_HEX_SIZE], struct error *err)
    __attribute__((warn_unused_result));
/* Looks whether an interrupted run of the job left something. 1: it did, and that is wanted: uid
 * becomes that run's; 0: it is not, or there is none. */
int convert_find_left(const struct job_spec *spec, int wanted, char uid[40], struct error *err)
    __attribute__((warn_unused_result));

/* Prints what would be done, asked of a worker. */
int convert_plan(const struct cli *cli, const struct convert_options *options, const char *operand)
    __attribute__((warn_unused_result));

/* The table at the end. */
int convert_print_summary(const struct convert_result *results, size_t n)
    __attribute__((warn_unused_result));
int convert_print_json(const struct convert_result *results, size_t n)
    __attribute__((warn_unused_result));

/* ---- progress ---- */

struct progress {
    const char *name; /* of the model */
    int enabled, terminal;
    char stage[16];
    uint64_t stage_from, drawn; /* timing_now */
    double done_at_start;
    int is_shown; /* a line is on the terminal */
};

void progress_init(struct progress *progress, const char *name, int quiet);
/* A line of the worker: draws at most ten times a second on a terminal, else prints a line when a
 * stage begins and every ten seconds. */
void progress_line(struct progress *progress, const char *event, const json_t *line);
/* Removes the line from the terminal, before other text. */
void progress_clear(struct progress *progress);

#endif
