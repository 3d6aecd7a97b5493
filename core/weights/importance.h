/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Importance matrices: for the columns of a model's matrices, how much their inputs weigh, as
 * llama-imatrix collects it (docs/formats/imatrix.md). A file has an entry per tensor: sums of
 * squared inputs, and how often was summed. Only the table of entries is in memory; values are
 * read where they are needed, for a matrix for a model of many experts can have a gigabyte. After
 * importance_open and importance_check an importance is constant and any thread may use it.
 */
#ifndef WEIGHTS_IMPORTANCE_H
#define WEIGHTS_IMPORTANCE_H

#include "base/hash.h"
#include "plugin/source.h"

struct importance;

/* What there is for one tensor: values of `matrices` matrices (experts), `row_len` each. A legacy
 * file does not tell how many matrices there are: it has all its values in one. */
struct importance_entry {
    struct pare_str name; /* the tensor's */
    uint64_t row_len, matrices;
    uint64_t sums, counts; /* tensors of the file */
};

/* Reads the table of an importance matrix: the one file of `model`, which must outlive it. label:
 * what the user calls it (copied). hooks: as source_open's. Values are not looked at. PARE_EDATA
 * with file, entry and rule when it is none: an entry lacks its sums or counts, has the wrong type
 * or sizes that do not fit each other, there are no entries, or metadata are missing. */
int importance_open(const struct registry *registry, struct model *model, const char *label,
                    const struct host_hooks *hooks, struct importance **ret_importance,
                    struct error *err) __attribute__((warn_unused_result));
/* Takes NULL. */
void importance_free(struct importance *importance);

/* Leaves out the entries whose name has a text of `exclude` in it, and where `include` has any,
 * those whose name has none of its; arrays of texts, or NULL. PARE_EUSAGE when none is left. */
int importance_restrict(struct importance *importance, const json_t *include, const json_t *exclude,
                        struct error *err) __attribute__((warn_unused_result));

/* Digests the file and looks at every value: PARE_EDATA for one that is negative or not finite.
 * beat is called at least for every 4 MiB. */
int importance_check(struct importance *importance, void (*beat)(void *context), void *context,
                     struct error *err) __attribute__((warn_unused_result));

/* The entry for a tensor's name: 1, *ret_entry is it; 0: none. */
int importance_find(const struct importance *importance, struct pare_str name,
                    const struct importance_entry **ret_entry);
/* 1 when the entry has a value for each column of each matrix of the tensor. */
int importance_fits(const struct importance_entry *entry, const struct model_tensor *tensor);
/* The entry for a tensor that fits it, or NULL; importance may be NULL. */
const struct importance_entry *importance_for(const struct importance *importance,
                                              const struct model_tensor *tensor);

/* n values from number `first` of an entry, its matrices one after another: the mean of the squared
 * inputs, and 1 for matrices that no input has met. They are finite and at least 0. */
int importance_read(const struct importance *importance, const struct importance_entry *entry,
                    uint64_t first, size_t n, float *ret_values, struct error *err)
    __attribute__((warn_unused_result));

/* As the user calls it. */
const char *importance_name(const struct importance *importance);
/* The text that it was made from, the first of several, or NULL. */
const char *importance_dataset(const struct importance *importance);
uint64_t importance_entries(const struct importance *importance);
/* Pieces of text that it was made from; 0 or less: not known. */
int64_t importance_chunks(const struct importance *importance);
/* {"name","bytes","sha256","entries","chunks","dataset"}; chunks and dataset are null when not
 * known, sha256 before importance_check. New reference. */
json_t *importance_json(const struct importance *importance);

#endif
