/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Targets as people write them, names of outputs and uids: see job_target.h. */
#include "supervise/job_target.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "source/source_name.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define UID_LETTERS 6

/* A lower-case copy of n bytes when each is alphanumeric or among `others`; NULL if not. */
static char *word(const char *text, size_t n, const char *others)
{
    if (n == 0 || n > 63 || text[0] == '.')
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr(others, text[i]))
            return NULL;
    char *copy = strndup(text, n);
    for (char *p = copy; p && *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

int job_target_parse(const char *text, char sep, struct job_target *ret_target, struct error *err)
{
    const char *at = strchr(text, sep);
    struct job_target target = { 0 };
    if (at) {
        target.format = word(text, (size_t)(at - text), "_");
        target.recipe = word(at + 1, strlen(at + 1), "._-");
    }
    if (!target.format || !target.recipe) {
        job_target_deinit(&target);
        return error_set(err, PARE_EUSAGE,
                         "\"%.100s\" is not a target: write FORMAT%cRECIPE, such as gguf%cq4_k_m",
                         text, sep, sep);
    }
    *ret_target = target;
    return 0;
}

void job_target_deinit(struct job_target *target)
{
    free(target->format);
    free(target->recipe);
    free(target->suffix);
    json_decref(target->options);
    *target = (struct job_target){ 0 };
}

int job_target_check(const struct job_target *next, const struct job_target *list, size_t n,
                     struct error *err)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(list[i].format, next->format) && !strcmp(list[i].recipe, next->recipe))
            return error_set(err, PARE_EUSAGE, "the target %s:%s is given twice", next->format,
                             next->recipe);
    if (n >= JOB_TARGETS_MAX)
        return error_set(err, PARE_EUSAGE, "more than %d targets", JOB_TARGETS_MAX);
    return 0;
}

char *job_output_stem(const char *name, const char *recipe)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    _cleanup_free_ char *clean = source_name_clean(name, strlen(name));
    if (!clean)
        return NULL;
    strbuf_printf(&sb, "%s-", clean);
    for (const char *p = recipe; *p && p - recipe < 40; p++) {
        char c = (char)toupper((unsigned char)*p);
        strbuf_add(&sb, &c, 1);
    }
    return strbuf_finish(&sb);
}

void job_uid(char ret_uid[40])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    time_t now = time(NULL);
    struct tm tm;
    unsigned char random[UID_LETTERS];
    (void)gmtime_r(&now, &tm);
    size_t n = strftime(ret_uid, 40 - UID_LETTERS - 2, "%Y%m%dT%H%M%S", &tm);
    ret_uid[n++] = '-';
    while (getrandom(random, sizeof random, 0) < 0 && errno == EINTR)
        ;
    for (size_t i = 0; i < UID_LETTERS; i++)
        ret_uid[n++] = letters[random[i] % (sizeof letters - 1)];
    ret_uid[n] = 0;
}
