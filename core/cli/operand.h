/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Models named on the command line, and one-shot workers that look at them. */
#ifndef CLI_OPERAND_H
#define CLI_OPERAND_H

#include "cli/cli.h"
#include "source/source_set.h"

/* The absolute path of an operand (free it; NULL with errno): links are followed, also when the
 * operand is one itself, but for one of a Hugging Face cache, whose name says more than its blob's.
 */
char *operand_path(const char *operand);
/* Opens an operand; a symbolic link that the user names is followed. CLI_OK, or an exit status
 * after the message, which is in err too. */
int operand_open(const char *operand, struct source_set *ret_set, struct error *err)
    __attribute__((warn_unused_result));

/* Opens a file that is not a model, such as an importance matrix; as operand_open. */
int operand_open_file(const char *operand, struct source_set *ret_set, struct error *err)
    __attribute__((warn_unused_result));

struct worker_question {
    const char *kind;                        /* of the request */
    const char *event;                       /* the line that answers */
    const struct source_set *source, *other; /* or NULL */
    const struct source_set *importance;     /* or NULL; none when its n is 0 */
    const char *importance_name;             /* or NULL: as its file */
    const json_t *importance_parts;          /* its "include" and "exclude", or NULL */
    json_t *more;                            /* other members of the request, or NULL; taken */
    const char *what;                        /* for messages, or NULL */
    size_t n_answers;                        /* room for that many lines */
    /* Gets every line as it comes, or NULL. */
    void (*each)(void *context, const char *event, const json_t *line);
    void *context;
    double silence;        /* seconds without a line after which it is stopped; 0: the default */
    struct error *failure; /* gets what the worker failed with, instead of printing it; or NULL */
};

/* Runs a worker to its end. ret_answers gets up to n_answers lines with that event (new
 * references), the others NULL; warnings are printed. CLI_OK when the first is there. */
int worker_ask(const struct cli *cli, const struct worker_question *question, json_t **ret_answers)
    __attribute__((warn_unused_result));

/* Prints a worker's line as JSON, without its "event". */
int worker_print_answer(json_t *answer);

/* "2048x256" from a JSON array of integers, into a buffer of 96 bytes, which it returns. */
const char *shape_text(const json_t *shape, char buffer[96]);

#endif
