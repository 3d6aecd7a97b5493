/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Whether all that lies beside the weights of a folder has arrived: files that are cut or empty,
 * files that only stand for others, and files that others promise.
 */
#ifndef MODEL_ARRIVED_H
#define MODEL_ARRIVED_H

#include "model/model.h"

/* PARE_EINCOMPLETE when a file only stands for one that has not been fetched: a pointer of git-lfs,
 * git-annex or Xet. */
int arrived_check_pointers(const struct model *model, struct error *err)
    __attribute__((warn_unused_result));

/* PARE_EINCOMPLETE when a JSON file or a tokenizer's file of the model is empty or cut, with what
 * is wrong with it. Reads each once, in pieces. */
int arrived_check_side_files(const struct model *model, struct error *err)
    __attribute__((warn_unused_result));

struct arrived_promise {
    char text[ERROR_TEXT_MAX]; /* which file is promised by which */
    double age;                /* seconds since the promising one came */
};

/* A file that another one promises and that is not there: 1; 0: none. It may never come, so that
 * this is no error. */
int arrived_find_promise(const struct model *model, struct arrived_promise *ret_promise,
                         struct error *err) __attribute__((warn_unused_result));

#endif
