/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Checking and copying of what a plugin says about itself. Copies take the smaller of the
 * plugin's struct size and ours, so fields that the plugin does not know are zero.
 */
#ifndef PLUGIN_VALIDATE_H
#define PLUGIN_VALIDATE_H

#include "model/model.h"

/* 1 for 1 to 31 letters a-z, digits, '_' and '-', the first a letter. */
int validate_name(const char *name);

/* Each copies *said into *ret_copy, or fails with PARE_EPLUGIN and the rule that is broken. */
int validate_plugin(const struct pare_plugin *said, struct pare_plugin *ret_copy, struct error *err)
    __attribute__((warn_unused_result));
int validate_reader(const struct pare_reader *said, struct pare_reader *ret_copy, struct error *err)
    __attribute__((warn_unused_result));
int validate_writer(const struct pare_writer *said, struct pare_writer *ret_copy, struct error *err)
    __attribute__((warn_unused_result));
/* Fills all of *ret_encoding but `plugin`; chooses the last kernel whose cpu bits are in mask. */
int validate_encoding(const struct pare_encoding *said, uint32_t mask,
                      struct encoding *ret_encoding, struct error *err)
    __attribute__((warn_unused_result));
/* Once a validated encoding lies where it stays: lets its `said` name its own planes. */
void validate_adopt(struct encoding *encoding);
int validate_evaluator(const struct pare_evaluator *said, struct pare_evaluator *ret_copy,
                       struct error *err) __attribute__((warn_unused_result));
int validate_matrix(const struct pare_matrix *said, struct pare_matrix *ret_copy, struct error *err)
    __attribute__((warn_unused_result));
/* A full-size copy of one kernel; 0, or PARE_EPLUGIN. */
int validate_kernel(const struct pare_kernel *said, struct pare_kernel *ret_copy, struct error *err)
    __attribute__((warn_unused_result));

#endif
