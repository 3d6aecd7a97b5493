/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Publishing one target without blocking: manifest and report of few tensors are written at once,
 * those of many by a forked child (side_task.h), and then all is renamed.
 */
#ifndef SUPERVISE_PUBLISHER_H
#define SUPERVISE_PUBLISHER_H

#include "results/tensor_row.h"

struct publisher;

struct publisher_request {
    int out_dirfd, dirfd;      /* of the output directory, and of the target's in staging */
    const char *stem, *suffix; /* outlive the publisher */
    json_t *head;              /* of the manifest; its output gets the name */
    int64_t tensors, sampled;  /* that the verifying worker counted, and weights of them */
};

/* Opens the rows, `rows` in dirfd. PARE_EVERIFY when they are not what rows must be. */
int publisher_start(const struct publisher_request *request, struct publisher **ret_publisher,
                    struct error *err) __attribute__((warn_unused_result));
/* Takes NULL. */
void publisher_free(struct publisher *publisher);
/* 0: it goes on when publisher_fd is readable; 1: the output is published. */
int publisher_step(struct publisher *publisher, struct error *err)
    __attribute__((warn_unused_result));
int publisher_fd(const struct publisher *publisher);
/* The rows, from the first one at the first call after the end. */
struct tensor_rows *publisher_rows(struct publisher *publisher);

#endif
