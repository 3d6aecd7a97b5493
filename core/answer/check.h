/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What a worker may write, watched line by line. A worker that has read a hostile model is hostile
 * itself, so its parent bounds what its answer costs: only events that answer the kind of request
 * (answer/events.h), each so often, so long and in its shape; the memory of a line is reckoned
 * before it is parsed, since text can be far smaller than what is made of it; and `progress` counts
 * as a sign of life only when it shows some: `done` or `step` has grown, or the job came to a later
 * stage.
 */
#ifndef ANSWER_CHECK_H
#define ANSWER_CHECK_H

#include "answer/events.h"

struct answer_check {
    unsigned kind;
    size_t n_targets;
    size_t counts[ANSWER_EVENTS];
    unsigned char *seen; /* bit i: the event that may come once came for target i */
    uint64_t held;       /* reckoned memory of the lines that a parent may keep */
    uint64_t start;      /* timing_now */
    int stage;           /* of the last sign of life; -1: none */
    int64_t done, step;
};

/* request: as the worker gets it; an unknown kind is held to what all kinds may say. */
int answer_check_init(struct answer_check *check, const json_t *request, struct error *err)
    __attribute__((warn_unused_result));
void answer_check_deinit(struct answer_check *check);

/* How long the line may be that begins so; it may be unfinished. */
size_t answer_check_length(const struct answer_check *check, const char *line, size_t len);

/* Takes a whole line, without its end. 0: a line; 1: a line that is a sign of life; PARE_ECRASH:
 * it is none that may be written, or one too many, or ill-formed; PARE_ENOMEM. *ret_line: the line
 * with only members of its event (new reference), *ret_event its event. */
int answer_check_line(struct answer_check *check, const char *text, size_t len,
                      const struct answer_event **ret_event, json_t **ret_line, struct error *err)
    __attribute__((warn_unused_result));

#endif
