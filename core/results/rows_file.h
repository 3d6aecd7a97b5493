/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A file of rows (results/tensor_row.h): how a converting worker hands its figures over. It is
 * written in one go and read in another; docs/protocol.md has the format, byte by byte. Whoever
 * reads it trusts nothing: not the worker, which has read a hostile model.
 */
#ifndef RESULTS_ROWS_FILE_H
#define RESULTS_ROWS_FILE_H

#include "results/tensor_row.h"

/* ---- writing ---- */

struct rows_writer;

/* The descriptor, of an empty file, stays the caller's. */
int rows_writer_new(int fd, struct rows_writer **ret_writer, struct error *err)
    __attribute__((warn_unused_result));
void rows_writer_free(struct rows_writer *writer);
int rows_writer_add(struct rows_writer *writer, const struct tensor_row *row, struct error *err)
    __attribute__((warn_unused_result));
/* At most so many bytes a row takes. */
uint64_t rows_writer_most(const struct tensor_row *row);
/* Writes what is left, and the header. */
int rows_writer_finish(struct rows_writer *writer, struct error *err)
    __attribute__((warn_unused_result));

/* ---- reading ---- */

struct rows_file;

/* The descriptor stays the caller's. PARE_EVERIFY: it is no such file, or not a whole one. */
int rows_file_open(int fd, struct rows_file **ret_file, struct error *err)
    __attribute__((warn_unused_result));
void rows_file_close(struct rows_file *file);
uint64_t rows_file_count(const struct rows_file *file);
/* The rows from where the last reading ended; next gives PARE_EVERIFY for any that is ill-formed,
 * and at the end when there are more bytes than rows. */
struct tensor_rows *rows_file_rows(struct rows_file *file);
/* From the first row again. */
void rows_file_rewind(struct rows_file *file);

#endif
