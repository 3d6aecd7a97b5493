/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Candidates: see candidate.h. */
#include "intake/candidate.h"

#include "base/cleanup.h"
#include "base/strlist.h"
#include "intake/observe.h"
#include "intake/probe.h"
#include "source/parts.h"
#include "source/unfinished.h"

#include <stdio.h>
#include <string.h>

#define MAX_TRIES 3

/* A verdict against a model is believed only after it was quiet for so many times the settle time:
 * what a slow sender has put there so far may look like anything. */
#define DOUBT_FILE 1
#define DOUBT_FOLDER 5
#define DOUBT_MISSING 15 /* a file without which a target cannot be made */
#define DOUBT_PROMISE 4  /* a file that another one promises, since that has come */

/* The end of a mark that lies beside or below a model makes no event. It is looked for often, until
 * all has been quiet for so long; then with each scan. */
#define MARKS_SECONDS 60.0

int candidate_new(const char *key, int kind, struct candidate **ret_candidate, struct error *err)
{
    struct candidate *candidate = calloc(1, sizeof *candidate);
    if (!candidate || !(candidate->key = strdup(key))) {
        free(candidate);
        return error_oom(err);
    }
    candidate->kind = kind;
    candidate->state = CANDIDATE_SETTLING;
    candidate->verdict = CANDIDATE_NO_VERDICT;
    candidate->since = timing_now();
    candidate->wd = -1;
    *ret_candidate = candidate;
    return 0;
}

void candidate_clear_files(struct candidate *candidate)
{
    strlist_clear(&candidate->files, &candidate->n_files);
    candidate->n_shards = 0;
}

void candidate_clear_sidecars(struct candidate *candidate)
{
    strlist_clear(&candidate->sidecars, &candidate->n_sidecars);
}

void candidate_free(struct candidate *candidate)
{
    if (!candidate)
        return;
    candidate_clear_files(candidate);
    candidate_clear_sidecars(candidate);
    free(candidate->key);
    free(candidate->model);
    free(candidate->text);
    free(candidate);
}

int candidate_add_file(struct candidate *candidate, const char *name, struct error *err)
{
    return strlist_add(&candidate->files, &candidate->n_files, name, err);
}

int candidate_add_sidecar(struct candidate *candidate, const char *name, struct error *err)
{
    return strlist_add(&candidate->sidecars, &candidate->n_sidecars, name, err);
}

/* A sidecar that is not complete yet keeps its model waiting. */
static void observe_sidecar(int dirfd, const char *name, int beside, struct observation *seen)
{
    struct observation own = { 0 };
    observe_mark(dirfd, name, beside, &own);
    observe_file(dirfd, name, &own);
    seen->signature += own.signature;
    seen->bytes += own.bytes;
    seen->no_leases |= own.no_leases;
    seen->writers += own.writers;
    seen->marked |= own.marked;
    const char *reason = *own.reason ? own.reason : !own.bytes ? "empty so far" : NULL;
    if (reason && !*seen->reason)
        (void)snprintf(seen->reason, sizeof seen->reason, "%.60s: %.90s", name, reason);
}

static void observe(const struct candidate *candidate, int dirfd, const char *ignore,
                    struct observation *ret_seen)
{
    struct observation now = { 0 };
    for (size_t i = 0; i < candidate->n_files; i++) {
        observe_mark(dirfd, candidate->files[i], candidate->look_beside, &now);
        if (candidate->kind == TICKET_FILE && !*now.reason)
            now.is_part = parts_find(dirfd, candidate->files[i], now.reason);
        if (candidate->kind == TICKET_FOLDER)
            observe_folder(dirfd, candidate->files[i], ignore, &now);
        else
            observe_file(dirfd, candidate->files[i], &now);
    }
    if (candidate->kind == TICKET_SHARDS && candidate->n_shards < candidate->shards)
        (void)snprintf(now.reason, sizeof now.reason, "%u of %u shards have arrived",
                       candidate->n_shards, candidate->shards);
    if (!*now.reason && !now.bytes)
        (void)snprintf(now.reason, sizeof now.reason, "empty so far");
    for (size_t i = 0; i < candidate->n_sidecars; i++)
        observe_sidecar(dirfd, candidate->sidecars[i], candidate->look_beside, &now);
    *ret_seen = now;
}

/* It cannot be taken now. `soon`: a writer or time alone may change that, so it is examined again
 * before long. */
static void wait_for(struct candidate *candidate, int soon, const char *reason)
{
    candidate->state = soon ? CANDIDATE_SETTLING : CANDIDATE_WAITING;
    (void)snprintf(candidate->reason, sizeof candidate->reason, "%.*s",
                   (int)sizeof candidate->reason - 1, reason);
}

/* 1: a writer or time alone may change that it cannot be taken. */
static int may_change_soon(const struct candidate *candidate, const struct observation *now,
                           double quiet)
{
    int part = candidate->kind == TICKET_SHARDS && candidate->n_shards < candidate->shards;
    if (now->writers)
        return 1;
    if (now->marked)
        return quiet < MARKS_SECONDS && !unfinished_name(candidate->files[0]);
    return now->bytes > 0 && !part && !now->is_part;
}

/* 1 when what a probe doubted has been waited for long enough: so it is taken as it is. */
static int is_doubt_over(const struct candidate *candidate, double quiet, double settle)
{
    switch (candidate->verdict) {
    case PROBE_REFUSED:
        return quiet >= settle * DOUBT_FOLDER;
    case PROBE_MISSING:
        return quiet >= settle * DOUBT_MISSING;
    case PROBE_PROMISE:
        return timing_since(candidate->promised) >= settle * DOUBT_PROMISE;
    default:
        return candidate->verdict == 0;
    }
}

static void judge(struct candidate *candidate, double quiet, double settle)
{
    int doubt = candidate->kind == TICKET_FOLDER ? DOUBT_FOLDER : DOUBT_FILE;
    const char *text = candidate->text ? candidate->text : "";
    if (is_doubt_over(candidate, quiet, settle))
        candidate->state = CANDIDATE_COMPLETE;
    else if (candidate->verdict == PARE_EINCOMPLETE)
        wait_for(candidate, 0, text);
    else if (candidate->verdict > 0 || quiet < settle * doubt)
        wait_for(candidate, 1, text);
    else
        candidate->state = CANDIDATE_BROKEN;
}

static int is_waiting(const struct candidate *candidate)
{
    return candidate->state == CANDIDATE_WAITING || candidate->state == CANDIDATE_SETTLING;
}

/* Decides the state by what was seen. */
static void decide(struct candidate *candidate, const struct observation *seen, double settle)
{
    struct observation now = *seen;
    candidate->bytes = now.bytes;
    if (now.signature != candidate->signature) {
        candidate->signature = now.signature;
        candidate->since = timing_now();
        candidate->verdict = CANDIDATE_NO_VERDICT;
        candidate->tries = 0;
        candidate->not_before = 0;
        candidate->warned = 0;
        candidate->is_given_up = 0;
    }
    double quiet = timing_since(candidate->since);
    candidate->is_held = now.marked || now.writers;
    candidate->has_writer = now.writers > 0;
    if (*now.reason)
        wait_for(candidate, may_change_soon(candidate, &now, quiet), now.reason);
    else if ((candidate->kind == TICKET_FOLDER || now.no_leases) && quiet < settle)
        wait_for(candidate, 1, "it has just changed");
    else if (candidate->verdict != CANDIDATE_NO_VERDICT)
        judge(candidate, quiet, settle);
    else if (timing_now() >= candidate->not_before)
        candidate->state = CANDIDATE_READY;
    if (candidate->is_given_up && is_waiting(candidate) && !candidate->is_held)
        candidate->state = CANDIDATE_BROKEN;
}

void candidate_examine(struct candidate *candidate, int dirfd, const struct config *config)
{
    struct observation now;
    observe(candidate, dirfd, config->ignore, &now);
    decide(candidate, &now, config->settle);
}

int candidate_is_stuck(const struct candidate *candidate, double seconds)
{
    return is_waiting(candidate) && !candidate->has_writer &&
           timing_since(candidate->since) >= seconds;
}

void candidate_give_up(struct candidate *candidate)
{
    char text[ERROR_TEXT_MAX];
    if (candidate->is_held || candidate->is_given_up)
        return;
    (void)snprintf(text, sizeof text, "it has not changed for %.0f s (stuck_after): %s",
                   timing_since(candidate->since), candidate->reason);
    char *copy = strdup(text);
    if (!copy)
        return;
    free(candidate->text);
    candidate->text = copy;
    candidate->verdict = PARE_EINCOMPLETE;
    candidate->is_given_up = 1;
    candidate->state = CANDIDATE_BROKEN;
}

/* A probe that died or ran out of something is repeated, but not for ever. */
static int is_final(struct candidate *candidate, int code)
{
    if (code >= 0 || !error_is_transient(code))
        return 1;
    return ++candidate->tries >= MAX_TRIES;
}

/* What was promised before this process began was promised at its beginning. */
static uint64_t when(double age)
{
    uint64_t now = timing_now();
    return age * 1e9 < (double)now ? now - (uint64_t)(age * 1e9) : 0;
}

void candidate_probed(struct candidate *candidate, int dirfd, const struct config *config,
                      const struct probe_end *end)
{
    uint64_t before = candidate->signature;
    wait_for(candidate, 1, end->text);
    struct observation now;
    observe(candidate, dirfd, config->ignore, &now);
    if (now.signature == before && is_final(candidate, end->code)) {
        candidate->verdict = end->code;
        candidate->promised = when(end->age);
        free(candidate->text);
        candidate->text = strdup(end->text);
    } else if (now.signature == before) {
        candidate_put_off(candidate, end->text, 1 << candidate->tries);
    }
    decide(candidate, &now, config->settle);
}

void candidate_put_off(struct candidate *candidate, const char *reason, double seconds)
{
    wait_for(candidate, 1, reason);
    candidate->not_before = timing_now() + (uint64_t)(seconds * 1e9);
}
