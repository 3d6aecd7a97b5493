/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The word that was most likely meant: see nearest.h. */
#include "base/nearest.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define MAX_LEN 40 /* of words that are compared; longer ones are never near */
#define NONE 4u    /* a distance beyond what counts as near */

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* What a letter more or less costs, and what another letter costs: digits are not mixed up. */
static unsigned cost_of(char c)
{
    return text_is_digit(c) ? 2 : 1;
}

static unsigned cost_of_change(char x, char y)
{
    return x == y ? 0 : text_is_digit(x) || text_is_digit(y) ? NONE : 1;
}

/* The edits from a to b, by the usual table of the distances of their beginnings, of which three
 * rows are enough (optimal string alignment, Boytsov 2011, section 2.2). */
static unsigned distance_of(struct pare_str a, struct pare_str b)
{
    unsigned rows[3][MAX_LEN + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];
    above[0] = 0;
    for (unsigned j = 1; j <= b.len; j++)
        above[j] = above[j - 1] + cost_of(b.data[j - 1]);
    memcpy(before, above, sizeof rows[0]);
    for (unsigned i = 1; i <= a.len; i++) {
        row[0] = above[0] + cost_of(a.data[i - 1]);
        for (unsigned j = 1; j <= b.len; j++) {
            char x = lower(a.data[i - 1]), y = lower(b.data[j - 1]);
            row[j] = least(above[j] + cost_of(x), row[j - 1] + cost_of(y));
            row[j] = least(row[j], above[j - 1] + cost_of_change(x, y));
            if (i > 1 && j > 1 && x == lower(b.data[j - 2]) && y == lower(a.data[i - 2]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        unsigned *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b.len];
}

void nearest_start(struct nearest *nearest, struct pare_str text)
{
    *nearest = (struct nearest){ .text = text, .distance = NONE };
}

void nearest_offer(struct nearest *nearest, struct pare_str word)
{
    size_t longer = word.len > nearest->text.len ? word.len : nearest->text.len;
    size_t shorter = word.len + nearest->text.len - longer;
    unsigned limit = longer <= 4 ? 1 : longer <= 7 ? 2 : 3;
    if (longer > MAX_LEN || longer - shorter > limit)
        return;
    unsigned distance = distance_of(nearest->text, word);
    if (distance > limit || distance >= shorter || distance >= nearest->distance)
        return;
    nearest->distance = distance;
    nearest->word = word;
}

void nearest_offer_name(struct nearest *nearest, const char *word)
{
    nearest_offer(nearest, (struct pare_str){ word, strlen(word) });
}

int nearest_suggest(const struct nearest *nearest, struct error *err, int code)
{
    size_t len = err ? strlen(err->text) : 0;
    if (err && nearest->word.data)
        (void)snprintf(err->text + len, sizeof err->text - len, "; did you mean '%.*s'?",
                       (int)nearest->word.len, nearest->word.data);
    return code;
}

const char *nearest_word(const char *text, const char *const *words, size_t n)
{
    struct nearest nearest;
    nearest_start(&nearest, (struct pare_str){ text, strlen(text) });
    for (size_t i = 0; i < n; i++)
        nearest_offer_name(&nearest, words[i]);
    return nearest.word.data;
}
