/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Names of models: see model_id.h. A name is cut at its dashes; each part gets marks (a part may be
 * version and basename at once), and the basename is what stands before the first part that is
 * neither. A part is at most one byte longer than the name: "7b1" becomes "7.1B".
 */
#include "provenance/model_id.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum mark { BASENAME = 1, SIZE_LABEL = 2, FINETUNE = 4, VERSION = 8, TYPE = 16 };

#define MAX_PARTS (MODEL_ID_MAX / 2 + 1)
#define PART_BYTES (MODEL_ID_MAX + 2)

struct part {
    char text[PART_BYTES];
    unsigned marks;
};

static int is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

/* Bytes beyond ASCII count as letters. */
static int is_letter(char c)
{
    return is_lower(c) || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static int is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static char upper(char c)
{
    return is_lower(c) ? (char)(c - 'a' + 'A') : c;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static const char *skip_digits(const char *p)
{
    while (text_is_digit(*p))
        p++;
    return p;
}

static int is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (!strcasecmp(text, *words))
            return 1;
    return 0;
}

/* "v0.1", "iter3", "2407", "1.5" in either case. */
static int is_version(const char *p)
{
    if (lower(*p) == 'v')
        p++;
    else if (!strncasecmp(p, "iter", 4))
        p += 4;
    if (!text_is_digit(*p))
        return 0;
    p = skip_digits(p);
    while (*p == '.' && text_is_digit(p[1]))
        p = skip_digits(p + 1);
    return !*p;
}

/* "Q4_K_M", "iq4_x", "q8_0", "f16", "bf16", "fp32" in either case. */
static int is_encoding(const char *p)
{
    static const char *const floats[] = { "f16",  "f32",   "fp16",  "fp32", "bf16",
                                          "bf32", "bfp16", "bfp32", NULL };
    if (is_one_of(p, floats))
        return 1;
    p += lower(*p) == 'i';
    if (lower(*p) != 'q' || !text_is_digit(p[1]))
        return 0;
    for (p += 2; *p == '_' && (is_letter(p[1]) || text_is_digit(p[1]) || p[1] == '_');)
        p += 2;
    return !*p;
}

/* "7B", "0.5B", "1_6B", "8x7B", "A14B", "7b1". */
static int is_count(const char *p)
{
    const char *end = skip_digits(p);
    if (lower(*p) == 'a')
        p++;
    else if (end > p && lower(*end) == 'x')
        p = end + 1;
    if (!text_is_digit(*p))
        return 0;
    p = skip_digits(p);
    if ((*p == '.' || *p == '_') && text_is_digit(p[1]))
        p = skip_digits(p + 1);
    if (!*p || !strchr("kmbt", lower(*p)))
        return 0;
    p++;
    p += text_is_digit(*p);
    return !*p;
}

static int is_size(const char *text)
{
    static const char *const words[] = { "small", "mini", "medium", "large", "xl", "xxl", NULL };
    return is_count(text) || is_one_of(text, words);
}

/* "1_6b" and "7b1" as "1.6B" and "7.1B". */
static void normalize_size(char *text)
{
    for (char *p = text; *p; p++)
        *p = *p == '_' ? '.' : *p;
    size_t n = strlen(text);
    if (text_is_digit(text[n - 1])) {
        char unit = text[n - 2], digit = text[n - 1];
        text[n - 2] = '.';
        text[n - 1] = digit;
        text[n++] = unit;
        text[n] = 0;
    }
    if (n > 1 && text_is_digit(text[n - 2]))
        text[n - 1] = upper(text[n - 1]);
}

/* 1 when a size is so far from the model's that it must be something else: a context's length. */
static int is_far_from(const char *text, uint64_t weights)
{
    static const char units[] = "KMBT";
    char number[PART_BYTES];
    size_t n = strlen(text);
    const char *unit = strchr(units, text[n - 1]);
    memcpy(number, text, n);
    number[n - 1] = 0;
    if (!unit || !weights || number[strspn(number, "0123456789.")])
        return 0;
    double value = strtod(number, NULL);
    value *= pow(1000, (double)(unit - units + 1));
    uint64_t limit = weights / 8 * 7 + weights % 8 * 7 / 8;
    return fabs(value - (double)weights) > (double)limit;
}

static void mark_size(struct part *part, uint64_t weights)
{
    normalize_size(part->text);
    size_t n = strlen(part->text);
    part->marks = SIZE_LABEL;
    if (is_far_from(part->text, weights)) {
        part->marks = FINETUNE;
        part->text[n - 1] = lower(part->text[n - 1]);
    }
}

static void mark(struct part *part, int is_first, uint64_t weights)
{
    static const char *const tunings[] = { "chat", "instruct", "vision", "lora", NULL };
    if (is_version(part->text)) {
        part->marks = VERSION;
    } else if (is_encoding(part->text)) {
        part->marks = TYPE;
        for (char *p = part->text; *p; p++)
            *p = upper(*p);
    } else if (!is_first && is_size(part->text)) {
        mark_size(part, weights);
    } else if (!is_first && is_one_of(part->text, tunings)) {
        part->marks = FINETUNE;
    }
}

static int has_digit(const char *text)
{
    return text[strcspn(text, "0123456789")] != 0;
}

static int is_word(const char *text)
{
    for (; *text; text++)
        if (!is_letter(*text))
            return 0;
    return 1;
}

/* Words such as "mini" do not count as sizes where there is a number. */
static void drop_words(struct part *parts, size_t n)
{
    int counted = 0;
    for (size_t i = 0; i < n; i++)
        counted |= (parts[i].marks & SIZE_LABEL) && has_digit(parts[i].text);
    for (size_t i = 0; i < n && counted; i++)
        if (is_word(parts[i].text))
            parts[i].marks &= ~(unsigned)SIZE_LABEL;
}

/* The basename is what stands first; versions at its end do not belong to it. */
static void mark_basename(struct part *parts, size_t n)
{
    int at_start = 1;
    for (size_t i = 0; i < n; i++) {
        struct part *p = &parts[i];
        at_start = at_start && ((!p->marks && is_letter(p->text[0])) || (p->marks & VERSION));
        if (at_start)
            p->marks |= BASENAME;
        else if (!p->marks)
            p->marks = FINETUNE;
    }
    for (size_t i = n; i > 0; i--) {
        unsigned *marks = &parts[i - 1].marks;
        if (!(*marks & BASENAME) || *marks == BASENAME)
            break;
        *marks &= ~(unsigned)BASENAME;
    }
}

/* 1 when an earlier size label is the same. */
static int is_repeated(const struct part *parts, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if ((parts[j].marks & SIZE_LABEL) && !strcmp(parts[j].text, parts[i].text))
            return 1;
    return 0;
}

/* The parts that have `wanted` and not `unwanted`, with dashes between them. */
static void join(const struct part *parts, size_t n, unsigned wanted, unsigned unwanted,
                 char ret_text[2 * MODEL_ID_MAX])
{
    size_t len = 0;
    ret_text[0] = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(parts[i].marks & wanted) || (parts[i].marks & unwanted) ||
            (wanted == SIZE_LABEL && is_repeated(parts, i)))
            continue;
        len += (size_t)snprintf(ret_text + len, 2 * MODEL_ID_MAX - len, "%s%s", len ? "-" : "",
                                parts[i].text);
    }
}

static size_t cut(const char *name, struct part *parts)
{
    size_t n = 0;
    for (const char *p = name; *p; p += *p == '-') {
        size_t len = strcspn(p, "-");
        if (len) {
            memcpy(parts[n].text, p, len);
            parts[n].text[len] = 0;
            parts[n++].marks = 0;
        }
        p += len;
    }
    return n;
}

void model_id_parse(const char *text, uint64_t weights, struct model_id *ret_id)
{
    struct part parts[MAX_PARTS];
    struct model_id *id = ret_id;
    const char *slash = strchr(text, '/');
    *id = (struct model_id){ 0 };
    if (strlen(text) > MODEL_ID_MAX)
        return;
    if (strchr(text, ' ') || !slash) /* with a space: a sentence, not a name */
        (void)snprintf(id->name, sizeof id->name, "%s", text);
    else
        (void)snprintf(id->name, sizeof id->name, "%s", slash + 1);
    if (strchr(text, ' '))
        return;
    if (slash && text[0] != '.')
        (void)snprintf(id->organization, sizeof id->organization, "%.*s", (int)(slash - text),
                       text);
    size_t n = cut(id->name, parts);
    for (size_t i = 0; i < n; i++)
        mark(&parts[i], i == 0, weights);
    drop_words(parts, n);
    mark_basename(parts, n);
    join(parts, n, SIZE_LABEL, 0, id->size_label);
    join(parts, n, FINETUNE, 0, id->finetune);
    join(parts, n, VERSION, BASENAME, id->version);
    if (*id->size_label || *id->finetune || *id->version)
        join(parts, n, BASENAME, 0, id->basename);
}

/* "v1", "v0.1", or what begins with a digit. */
static int is_number(const char *word, size_t n)
{
    if (text_is_digit(word[0]))
        return 1;
    if (n < 2 || word[0] != 'v' || word[n - 1] == '.')
        return 0;
    for (size_t i = 1; i < n; i++)
        if (!text_is_digit(word[i]) && (word[i] != '.' || !text_is_digit(word[i - 1])))
            return 0;
    return 1;
}

/* 1 when there are small letters and no capitals. */
static int is_small(const char *word, size_t n)
{
    int small = 0;
    for (size_t i = 0; i < n; i++) {
        if (lower(word[i]) != word[i])
            return 0;
        small |= is_lower(word[i]);
    }
    return small;
}

void model_id_title(const char *name, char ret_title[MODEL_ID_MAX + 1])
{
    size_t len = 0;
    const char *end = name + strnlen(name, MODEL_ID_MAX);
    for (const char *p = name; p < end;) {
        size_t n = 0;
        while (p + n < end && p[n] != '-' && !is_space(p[n]))
            n++;
        int raise = n && is_small(p, n) && !is_number(p, n);
        if (n && len)
            ret_title[len++] = ' ';
        for (size_t i = 0; i < n; i++)
            ret_title[len++] = raise && (!i || !is_letter(p[i - 1])) ? upper(p[i]) : p[i];
        p += n + (p + n < end);
    }
    ret_title[len] = 0;
}

/* At least two digits. */
static void print_count(uint64_t count, char ret_text[40])
{
    static const struct {
        double above, scale;
        char unit;
    } units[] = { { 1e12, 1e-12, 'T' }, { 1e9, 1e-9, 'B' }, { 1e6, 1e-6, 'M' }, { -1, 1e-3, 'K' } };
    size_t i = 0;
    while ((double)count <= units[i].above)
        i++;
    double scaled = (double)count * units[i].scale, whole = rint(scaled);
    int decimals = whole < 1 ? 2 : whole < 10 ? 1 : 0;
    (void)snprintf(ret_text, 40, "%.*f%c", decimals, scaled, units[i].unit);
}

void model_id_size_label(const struct model_sizes *sizes, char ret_label[64])
{
    char count[40];
    print_count(sizes->n_experts ? sizes->shared + sizes->expert : sizes->all, count);
    if (sizes->n_experts)
        (void)snprintf(ret_label, 64, "%llux%s", (unsigned long long)sizes->n_experts, count);
    else
        (void)snprintf(ret_label, 64, "%s", count);
}
