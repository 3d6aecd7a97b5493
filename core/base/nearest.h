/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The known word that somebody most likely meant by an unknown one. Words are near when few edits
 * lead from one to the other (a letter more, less or changed, or two neighbours swapped; capitals
 * do not count): one edit up to four letters, two up to seven, three beyond. A changed digit is no
 * slip: q6_k and q4_0 are not near q4_k, but q4k is. Where several words are equally near, the one
 * that was offered first is taken.
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "base/error.h"

#include <stddef.h>

/* A search among words that do not lie in one array: start, offer each word, then suggest. */
struct nearest {
    struct pare_str text;
    struct pare_str word; /* the nearest so far; data is NULL when none is near */
    unsigned distance;
};

/* Begins a search for the word that is nearest to the text, which must live as long. */
void nearest_start(struct nearest *nearest, struct pare_str text);

/* Takes the word, if it is nearer than all before. It must live as long as the search. */
void nearest_offer(struct nearest *nearest, struct pare_str word);

/* nearest_offer for a string. */
void nearest_offer_name(struct nearest *nearest, const char *word);

/* Appends "; did you mean 'x'?" to an error (may be NULL) that is set, unless no word is near.
 * Returns the code, so that a failure can be reported and completed in one return statement. */
int nearest_suggest(const struct nearest *nearest, struct error *err, int code)
    __attribute__((warn_unused_result));

/* The word of an array of n that is nearest to the text, or NULL when none is near. */
const char *nearest_word(const char *text, const char *const *words, size_t n);

#endif
