/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The rules, in this order: Mistral's consolidated*.safetensors hold the same weights under other
 * names and count only when there is nothing else; model.safetensors is the model; all others
 * together must be one series, STEM-00001-of-0000n, that is complete; else there must be just one
 * file.
 */
#include "safetensors/series.h"

#include "safetensors/text.h"

#include <stdio.h>
#include <string.h>

/* Takes the digits at the end off *name; 0 when there are none or more than nine. */
static int cut_number(struct pare_str *name, uint64_t *ret_number, uint32_t *ret_width)
{
    uint32_t width = 0;
    uint64_t number = 0, unit = 1;
    while (width < name->len && width < 10) {
        const char c = name->data[name->len - 1 - width];
        if (c < '0' || c > '9')
            break;
        number += unit * (uint64_t)(c - '0');
        unit *= 10;
        width++;
    }
    if (width == 0 || width > 9)
        return 0;
    name->len -= width;
    *ret_number = number;
    *ret_width = width;
    return 1;
}

static int cut_text(struct pare_str *name, const char *text)
{
    if (!st_ends(*name, text))
        return 0;
    name->len -= strlen(text);
    return 1;
}

struct st_candidate st_candidate_of(uint32_t file, struct pare_str name)
{
    struct st_candidate candidate = { .file = file, .name = name, .stem = name };
    uint64_t total;
    uint32_t width;
    if (cut_text(&candidate.stem, ST_SUFFIX) && cut_number(&candidate.stem, &total, &width) &&
        cut_text(&candidate.stem, "-of-") &&
        cut_number(&candidate.stem, &candidate.number, &candidate.width) &&
        cut_text(&candidate.stem, "-"))
        candidate.total = total;
    return candidate;
}

static int same_series(const struct st_candidate *a, const struct st_candidate *b)
{
    return a->total != 0 && a->total == b->total && st_equal(a->stem, b->stem);
}

static int is_whole(const struct st_candidate *candidate)
{
    return st_is(candidate->name, "model" ST_SUFFIX);
}

/* Removes consolidated*.safetensors when there are others; gives how many are left. */
static uint32_t drop_consolidated(struct st_candidate *candidates, uint32_t n)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++)
        if (!st_starts(candidates[i].name, "consolidated"))
            candidates[kept++] = candidates[i];
    return kept == 0 ? n : kept;
}

static int missing_shard(const struct st_context *context, const struct st_candidate *like,
                         uint64_t number, uint32_t n_here)
{
    char digits[48];
    snprintf(digits, sizeof digits, "-%0*llu-of-%0*llu", (int)like->width,
             (unsigned long long)number, (int)like->width, (unsigned long long)like->total);
    return ST_FAIL(context, PARE_EINCOMPLETE,
                   "waiting for shard `%s%s" ST_SUFFIX "`: %u of %llu are here%s",
                   st_show(like->stem).text, digits, n_here, (unsigned long long)like->total,
                   n_here == 1 ? " (hand over the folder that has them all)" : "");
}

/* All candidates are of one series: each number from 1 to total must be there once. */
static int choose_series(const struct st_context *context, const struct st_candidate *candidates,
                         uint32_t n, uint32_t *ret_files)
{
    const struct st_candidate *first = &candidates[0];
    if (first->total > ST_MAX_SHARDS)
        return ST_FAIL(context, PARE_ELIMIT,
                       "`%s`: %llu shards are more than the limit of "
                       "%u",
                       st_show(first->name).text, (unsigned long long)first->total, ST_MAX_SHARDS);
    uint32_t *place = context->host->alloc(context->job, first->total, sizeof *place);
    if (!place)
        return PARE_ENOMEM;
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < n; i++) {
        const uint64_t number = candidates[i].number;
        if (number == 0 || number > first->total || place[number - 1] != 0)
            r = ST_FAIL(context, PARE_EDATA, "`%s`: there is no such shard, or it is there twice",
                        st_show(candidates[i].name).text);
        else
            place[number - 1] = i + 1;
    }
    for (uint64_t i = 0; r == 0 && i < first->total; i++) {
        if (place[i] == 0)
            r = missing_shard(context, first, i + 1, n);
        else
            ret_files[i] = candidates[place[i] - 1].file;
    }
    context->host->release(context->job, place);
    return r;
}

static int too_many(const struct st_context *context, const struct st_candidate *candidates,
                    uint32_t n)
{
    return ST_FAIL(context, PARE_EDATA,
                   "the folder has %u safetensors files that are not one "
                   "model, such as `%s` and `%s`: put each model in a folder of its own, or add "
                   "an index",
                   n, st_show(candidates[0].name).text, st_show(candidates[1].name).text);
}

int st_series_choose(const struct st_context *context, struct st_candidate *candidates, uint32_t n,
                     uint32_t *ret_files, uint32_t *ret_n)
{
    n = drop_consolidated(candidates, n);
    uint32_t whole = n, in_series = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (is_whole(&candidates[i]))
            whole = i;
        in_series += same_series(&candidates[i], &candidates[0]);
    }
    for (uint32_t i = 0; whole < n && i < n; i++)
        if (candidates[i].total != 0 && st_is(candidates[i].stem, "model"))
            return ST_FAIL(context, PARE_EDATA,
                           "the folder has both `model" ST_SUFFIX "` and "
                           "`%s`: remove one of them",
                           st_show(candidates[i].name).text);
    if (whole < n || (n == 1 && in_series == 0)) {
        ret_files[0] = candidates[whole < n ? whole : 0].file;
        *ret_n = 1;
        return 0;
    }
    if (in_series < n)
        return too_many(context, candidates, n);
    const int r = choose_series(context, candidates, n, ret_files);
    if (r == 0)
        *ret_n = n;
    return r;
}
