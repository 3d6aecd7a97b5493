/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Words of a statement: see words.h. */
#include "lang/words.h"

#include "base/text.h"

#include <stdio.h>

int words_take(struct words *words, struct word *ret)
{
    while (words->p < words->end && (*words->p == ' ' || *words->p == '\t'))
        words->p++;
    if (words->p == words->end)
        return 0;
    ret->quoted = *words->p == '"';
    const char *start = words->p + ret->quoted, *p = start;
    while (p < words->end && (ret->quoted ? *p != '"' : *p != ' ' && *p != '\t'))
        p++;
    ret->text = (struct pare_str){ start, (size_t)(p - start) };
    words->p = p + (ret->quoted && p < words->end);
    return 1;
}

int word_is(const struct word *word, const char *text)
{
    return !word->quoted && text_is(word->text, text);
}

int words_expected(struct words *words, const char *what, const struct word *got)
{
    if (!got)
        return error_set(words->err, PARE_EDATA, "expected %s, not the end of the line", what);
    return error_set(words->err, PARE_EDATA, "expected %s, not '%.*s'", what, text_clip(got->text),
                     got->text.data);
}

int words_unknown(struct words *words, const char *what, const struct word *got,
                  const char *const *first, size_t stride, size_t n)
{
    struct nearest nearest;
    nearest_start(&nearest, got->text);
    for (size_t i = 0; i < n; i++)
        nearest_offer_name(&nearest, *(const char *const *)((const char *)first + i * stride));
    return nearest_suggest(&nearest, words->err, words_expected(words, what, got));
}

int words_expect(struct words *words, const char *text)
{
    struct word word;
    char what[40];
    (void)snprintf(what, sizeof what, "'%s'", text);
    if (!words_take(words, &word))
        return words_expected(words, what, NULL);
    return word_is(&word, text) ? 0 : words_expected(words, what, &word);
}

int words_expect_end(struct words *words)
{
    struct word word;
    return words_take(words, &word) ? words_expected(words, "the end of the line", &word) : 0;
}
