/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Patterns of tensor names: see name_pattern.h. */
#include "lang/name_pattern.h"

#include "base/strbuf.h"
#include "base/text.h"
#include "lang/digits.h"

#include <string.h>

static int bad(struct pare_str text, const char *what, struct error *err)
{
    return error_set(err, PARE_EDATA, "%s in the pattern '%.*s'", what,
                     (int)(text.len > 100 ? 100 : text.len), text.data);
}

static int is_name(struct pare_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((text.data[i] < 'a' || text.data[i] > 'z') && text.data[i] != '_')
            return 0;
    return text.len > 0;
}

/* Splits "a|b|c?" into the texts of a choice. */
static int parse_texts(struct pare_str text, struct pare_str whole, struct name_part *part,
                       struct error *err)
{
    const char *p = text.data, *end = text.data + text.len;
    for (;;) {
        const char *bar = memchr(p, '|', (size_t)(end - p));
        struct pare_str one = { p, (size_t)((bar ? bar : end) - p) };
        if (part->n_texts == NAME_MAX_TEXTS)
            return bad(whole, "a choice of too many texts", err);
        if (one.len && one.data[one.len - 1] == '?') {
            part->optional |= 1u << part->n_texts;
            one.len--;
        }
        if (!one.len)
            return bad(whole, "an empty text", err);
        part->texts[part->n_texts++] = one;
        if (!bar)
            return 0;
        p = bar + 1;
    }
}

/* "{1}" or "{1:x|y}", which belong to a choice of the other pattern. */
static int parse_reference(struct pare_str inner, struct pare_str whole,
                           const struct name_pattern *source, struct name_part *part,
                           struct error *err)
{
    unsigned choice = (unsigned)(*inner.data - '1'), n = 0;
    part->kind = NAME_CHOICE;
    part->choice = choice;
    if (!source || choice >= source->n_choices)
        return bad(whole, "a reference to a choice that does not exist", err);
    for (unsigned i = 0; i < source->n_parts; i++)
        if (source->parts[i].kind == NAME_CHOICE && source->parts[i].choice == choice)
            n = source->parts[i].n_texts;
    if (inner.len == 1)
        return 0;
    if (inner.data[1] != ':')
        return bad(whole, "a wrong reference", err);
    int r = parse_texts((struct pare_str){ inner.data + 2, inner.len - 2 }, whole, part, err);
    if (!r && part->n_texts != n)
        r = bad(whole, "not as many texts as in the choice", err);
    return r;
}

static int parse_braces(struct pare_str inner, struct pare_str whole,
                        const struct name_pattern *source, struct name_pattern *pattern,
                        struct name_part *part, struct error *err)
{
    if (is_name(inner)) {
        part->kind = NAME_INDEX;
        part->text = inner;
        return 0;
    }
    if (inner.len && text_is_digit(*inner.data) && (inner.len == 1 || inner.data[1] == ':'))
        return parse_reference(inner, whole, source, part, err);
    if (source)
        return bad(whole, "a choice of its own", err);
    part->kind = NAME_CHOICE;
    part->choice = pattern->n_choices++;
    if (pattern->n_choices > NAME_MAX_CHOICES)
        return bad(whole, "too many choices", err);
    return parse_texts(inner, whole, part, err);
}

static int check_numbers(const struct name_pattern *pattern, struct error *err)
{
    unsigned n = 0;
    for (unsigned i = 0; i < pattern->n_parts; i++) {
        const struct name_part *part = &pattern->parts[i];
        n += part->kind == NAME_INDEX;
        if (i && part->kind == NAME_INDEX && part[-1].kind == NAME_INDEX)
            return bad(pattern->text, "a number right behind a number", err);
    }
    return n > NAME_MAX_NUMBERS ? bad(pattern->text, "too many numbers", err) : 0;
}

/* Parses the part at *at and moves *at behind it. */
static int parse_part(struct pare_str text, size_t *at, const struct name_pattern *source,
                      struct name_pattern *pattern, struct name_part *part, struct error *err)
{
    const char *p = text.data + *at, *end = text.data + text.len;
    if (*p == '*') {
        part->kind = NAME_ANY;
        ++*at;
        return 0;
    }
    if (*p == '{') {
        const char *close = memchr(p, '}', (size_t)(end - p));
        if (!close)
            return bad(text, "'{' without '}'", err);
        *at += (size_t)(close - p) + 1;
        return parse_braces((struct pare_str){ p + 1, (size_t)(close - p) - 1 }, text, source,
                            pattern, part, err);
    }
    size_t n = 0;
    while (p + n < end && p[n] != '{' && p[n] != '*')
        n++;
    part->kind = NAME_PLAIN;
    part->text = (struct pare_str){ p, n };
    *at += n;
    return 0;
}

int name_pattern_parse(struct arena *memory, struct pare_str text,
                       const struct name_pattern *source, struct name_pattern *ret_pattern,
                       struct error *err)
{
    struct name_part parts[NAME_MAX_PARTS];
    struct name_pattern pattern = { .text = text };
    int r = text.len ? 0 : error_set(err, PARE_EDATA, "the pattern is empty");
    memset(parts, 0, sizeof parts);
    for (size_t at = 0; !r && at < text.len; pattern.n_parts++) {
        if (pattern.n_parts == NAME_MAX_PARTS)
            return bad(text, "too many parts", err);
        r = parse_part(text, &at, source, &pattern, &parts[pattern.n_parts], err);
    }
    if (r)
        return r;
    pattern.parts = arena_alloc(memory, pattern.n_parts * sizeof *parts);
    if (!pattern.parts)
        return error_oom(err);
    memcpy(pattern.parts, parts, pattern.n_parts * sizeof *parts);
    r = check_numbers(&pattern, err);
    if (!r)
        *ret_pattern = pattern;
    return r;
}

int name_pattern_number(const struct name_match *match, struct pare_str name, uint64_t *ret_number)
{
    for (unsigned i = 0; i < match->n_numbers; i++)
        if (text_equals(match->names[i], name)) {
            *ret_number = match->numbers[i];
            return 1;
        }
    return 0;
}

int name_pattern_has_number(const struct name_pattern *pattern, struct pare_str name)
{
    for (unsigned i = 0; i < pattern->n_parts; i++)
        if (pattern->parts[i].kind == NAME_INDEX && text_equals(pattern->parts[i].text, name))
            return 1;
    return 0;
}

/* ---- matching ---- */

struct matching {
    const struct name_pattern *pattern, *source;
    struct pare_str name;
    struct name_match match;
    unsigned star; /* the last '*' that was reached; those before it never need another length */
};

static int match_from(struct matching *m, unsigned part, size_t at);

static int begins_with(struct pare_str name, size_t at, struct pare_str text)
{
    return text.len <= name.len - at && !memcmp(name.data + at, text.data, text.len);
}

/* A number takes all digits at its place, so it can match in one way only. */
static int match_number(struct matching *m, unsigned part, size_t at)
{
    size_t n = 0;
    uint64_t number = 0;
    const char *p = m->name.data + at;
    while (at + n < m->name.len && text_is_digit(p[n]) && n <= DIGITS_MAX)
        number = number * 10 + (uint64_t)(p[n++] - '0');
    if (!n || n > DIGITS_MAX || (n > 1 && *p == '0'))
        return 0;
    uint64_t before;
    struct name_match *match = &m->match;
    if (name_pattern_number(match, m->pattern->parts[part].text, &before))
        return before == number && match_from(m, part + 1, at + n);
    match->names[match->n_numbers] = m->pattern->parts[part].text;
    match->numbers[match->n_numbers++] = number;
    if (match_from(m, part + 1, at + n))
        return 1;
    match->n_numbers--;
    return 0;
}

/* The part that holds a choice's texts: the other pattern's for "{1}". */
static const struct name_part *texts_of(const struct name_part *part,
                                        const struct name_pattern *source)
{
    for (unsigned i = 0; !part->n_texts && source && i < source->n_parts; i++)
        if (source->parts[i].kind == NAME_CHOICE && source->parts[i].choice == part->choice)
            return &source->parts[i];
    return part;
}

static int match_choice(struct matching *m, unsigned part, size_t at)
{
    unsigned choice = m->pattern->parts[part].choice;
    const struct name_part *texts = texts_of(&m->pattern->parts[part], m->source);
    for (unsigned i = 0; i < texts->n_texts; i++) {
        m->match.choices[choice] = i;
        if (begins_with(m->name, at, texts->texts[i]) &&
            match_from(m, part + 1, at + texts->texts[i].len))
            return 1;
    }
    return 0;
}

/* Matches parts in a loop up to the next number, choice or '*', which continue by recursion; so
 * the depth is at most the number of parts. */
static int match_from(struct matching *m, unsigned part, size_t at)
{
    for (; part < m->pattern->n_parts; part++) {
        const struct name_part *p = &m->pattern->parts[part];
        if (p->kind == NAME_INDEX)
            return match_number(m, part, at);
        if (p->kind == NAME_CHOICE)
            return match_choice(m, part, at);
        if (p->kind == NAME_ANY) {
            if (part + 1 == m->pattern->n_parts)
                return 1;
            m->star = part;
            for (; at <= m->name.len && m->star == part; at++)
                if (match_from(m, part + 1, at))
                    return 1;
            return 0;
        }
        if (!begins_with(m->name, at, p->text))
            return 0;
        at += p->text.len;
    }
    return at == m->name.len;
}

int name_pattern_matches(const struct name_pattern *pattern, const struct name_pattern *source,
                         struct pare_str name, struct name_match *ret_match)
{
    struct matching m = { .pattern = pattern, .source = source, .name = name };
    if (!match_from(&m, 0, 0))
        return 0;
    *ret_match = m.match;
    return 1;
}

int name_pattern_expand(const struct name_pattern *pattern, const struct name_pattern *source,
                        const struct name_match *match, char **ret_name, struct error *err)
{
    _cleanup_strbuf_ struct strbuf name = STRBUF_INIT;
    for (unsigned i = 0; i < pattern->n_parts; i++) {
        const struct name_part *part = &pattern->parts[i];
        const struct name_part *texts = texts_of(part, source);
        uint64_t number = 0;
        switch (part->kind) {
        case NAME_PLAIN:
            strbuf_add(&name, part->text.data, part->text.len);
            break;
        case NAME_INDEX:
            if (!name_pattern_number(match, part->text, &number))
                return bad(pattern->text, "a number that the other pattern lacks", err);
            strbuf_printf(&name, "%llu", (unsigned long long)number);
            break;
        case NAME_CHOICE:
            strbuf_add(&name, texts->texts[match->choices[part->choice]].data,
                       texts->texts[match->choices[part->choice]].len);
            break;
        default:
            return bad(pattern->text, "'*', from which no name can be made,", err);
        }
    }
    char *text = strbuf_finish(&name);
    if (!text)
        return error_oom(err);
    *ret_name = text;
    return 0;
}
