/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Taking what has arrived: a candidate that is ready is probed, and one that a probe found
 * complete or broken is claimed.
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "intake/claim.h"
#include "intake/intake_private.h"
#include "source/source_name.h"

#include <string.h>

#define CLAIMS_AT_ONCE 32   /* then the loop turns */
#define GATHER_SECONDS 0.02 /* in which claims come together, while there is more to probe */
#define PUT_OFF_SECONDS 10.0

static char *origin_of(const struct intake *intake, const struct drop_folder *folder,
                       const char *file)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_printf(&sb, "%s/%s%s%s", intake->folders->drop_path, folder->name,
                  *folder->name ? "/" : "", file);
    return strbuf_finish(&sb);
}

/* The model's name as a probe found it, else that of its file. */
static char *name_of(const struct candidate *candidate)
{
    if (candidate->model || candidate->kind == TICKET_FOLDER)
        return strdup(candidate->model ? candidate->model : candidate->key);
    return source_name_of_file(candidate->files[0]);
}

static int make_ticket(const struct intake *intake, const struct drop_folder *folder,
                       const struct candidate *candidate, struct ticket *ret_ticket,
                       struct error *err)
{
    _cleanup_free_ char *origin = origin_of(intake, folder, candidate->files[0]);
    _cleanup_free_ char *name = name_of(candidate);
    if (!origin || !name)
        return error_oom(err);
    struct ticket ticket;
    int r = ticket_init(&ticket, candidate->kind, name, folder->name, origin, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < candidate->n_files && r == 0; i++)
        r = ticket_add_file(&ticket, candidate->files[i], err);
    for (size_t i = 0; i < candidate->n_sidecars && r == 0; i++)
        r = ticket_add_sidecar(&ticket, candidate->sidecars[i], err);
    if (r == 0 && *folder->name)
        r = ticket_add_targets(&ticket, &folder->target, 1, err);
    else if (r == 0)
        r = ticket_add_targets(&ticket, intake->config->targets, intake->config->n_targets, err);
    if (r < 0) {
        ticket_deinit(&ticket);
        return r;
    }
    *ret_ticket = ticket;
    return 0;
}

/* Reported once for each state of a candidate, since it is tried again and again. */
static void note_once(struct intake *intake, struct candidate *candidate, const char *what,
                      const struct error *err)
{
    if (!candidate->warned)
        intake_note(intake, LOG_LEVEL_ERROR, what, "cannot %s %s: %s", what, candidate->key,
                    err->text);
    candidate->warned = 1;
}

struct batch { /* claims that are made together */
    struct drop_folder *folders[CLAIMS_AT_ONCE];
    struct candidate *candidates[CLAIMS_AT_ONCE];
    struct intake_taken taken[CLAIMS_AT_ONCE];
    struct claim_try tries[CLAIMS_AT_ONCE];
    size_t n;
};

static void put_off(struct intake *intake, struct drop_folder *folder, struct candidate *candidate,
                    const struct error *err)
{
    note_once(intake, candidate, "take", err);
    candidate_put_off(candidate, err->text, PUT_OFF_SECONDS);
    folder->dirty = 1;
}

/* Puts a candidate into the batch if it is still as a probe saw it. */
static void add_to_batch(struct intake *intake, struct batch *batch, struct drop_folder *folder,
                         struct candidate *candidate)
{
    struct error err = ERROR_INIT;
    struct intake_taken *taken = &batch->taken[batch->n];
    candidate_examine(candidate, folder->fd, intake->config);
    if (candidate->state != CANDIDATE_COMPLETE && candidate->state != CANDIDATE_BROKEN)
        return;
    if (make_ticket(intake, folder, candidate, &taken->ticket, &err) < 0) {
        put_off(intake, folder, candidate, &err);
        return;
    }
    taken->broken = candidate->state == CANDIDATE_BROKEN;
    taken->verdict = (struct error)ERROR_INIT;
    if (taken->broken)
        (void)!error_set(&taken->verdict, candidate->verdict, "%s",
                         candidate->text ? candidate->text : "no reason is known");
    batch->tries[batch->n] = (struct claim_try){ .ticket = &taken->ticket };
    batch->folders[batch->n] = folder;
    batch->candidates[batch->n++] = candidate;
}

static void fill_batch(struct intake *intake, struct batch *batch)
{
    for (size_t i = 0; i < intake->n_dirs; i++) {
        struct drop_folder *folder = intake->dirs[i];
        for (size_t j = 0; j < folder->n_candidates && batch->n < CLAIMS_AT_ONCE; j++)
            if (folder->candidates[j]->state == CANDIDATE_COMPLETE ||
                folder->candidates[j]->state == CANDIDATE_BROKEN)
                add_to_batch(intake, batch, folder, folder->candidates[j]);
    }
}

static void remove_candidate(struct intake *intake, struct drop_folder *folder,
                             struct candidate *candidate)
{
    size_t i = 0;
    while (folder->candidates[i] != candidate)
        i++;
    memmove(&folder->candidates[i], &folder->candidates[i + 1],
            (folder->n_candidates - i - 1) * sizeof *folder->candidates);
    folder->n_candidates--;
    intake_forget(intake, candidate);
}

/* Hands the taken ones over, and closes the gaps that the others leave. */
static void hand_over(struct intake *intake, struct batch *batch)
{
    size_t n = 0;
    for (size_t i = 0; i < batch->n; i++) {
        const struct claim_try *try = &batch->tries[i];
        if (try->result == 0) {
            remove_candidate(intake, batch->folders[i], batch->candidates[i]);
            batch->taken[n++] = batch->taken[i];
            continue;
        }
        ticket_deinit(&batch->taken[i].ticket);
        batch->folders[i]->dirty = 1;
        if (try->result < 0)
            put_off(intake, batch->folders[i], batch->candidates[i], &try->err);
    }
    if (n)
        intake->callbacks.taken(intake->callbacks.context, batch->taken, n);
}

static void claim_complete(struct intake *intake)
{
    _cleanup_free_ struct batch *batch = calloc(1, sizeof *batch);
    if (batch) {
        fill_batch(intake, batch);
        claim_take(intake->folders, batch->tries, batch->n);
        hand_over(intake, batch);
    }
    if (!batch || batch->n == CLAIMS_AT_ONCE)
        loop_timer_sooner(intake->loop, &intake->scan_timer, batch ? 0 : PUT_OFF_SECONDS);
}

static void free_slot(struct probing *slot)
{
    free(slot->path);
    slot->path = NULL;
    slot->probe = NULL;
    slot->candidate = NULL;
    slot->folder = NULL;
}

static void probe_done(void *context, const struct probe_end *end);

static void start_probe(struct intake *intake, struct probing *slot, struct drop_folder *folder,
                        struct candidate *candidate)
{
    struct error err = ERROR_INIT;
    candidate_examine(candidate, folder->fd, intake->config);
    if (candidate->state != CANDIDATE_READY)
        return;
    slot->intake = intake;
    slot->folder = folder;
    slot->candidate = candidate;
    struct probe_request request = { .config = intake->config,
                                     .nursery = intake->nursery,
                                     .dirfd = folder->fd,
                                     .path = candidate->files[0],
                                     .has_sidecars = candidate->n_sidecars > 0 ||
                                                     candidate->kind == TICKET_FOLDER,
                                     .done = probe_done,
                                     .context = slot };
    if (candidate->kind == TICKET_FOLDER) {
        request.targets = *folder->name ? &folder->target : intake->config->targets;
        request.n_targets = *folder->name ? 1 : intake->config->n_targets;
    }
    candidate->state = CANDIDATE_PROBING;
    int r = probe_start(intake->loop, &request, &slot->probe, &err);
    if (r == 0)
        return;
    free_slot(slot);
    if (r == PARE_EDATA || r == PARE_ELIMIT || r == PARE_EINCOMPLETE) {
        struct probe_end end = { .code = r, .text = err.text };
        candidate_probed(candidate, folder->fd, intake->config, &end);
        return;
    }
    note_once(intake, candidate, "check", &err);
    candidate_put_off(candidate, err.text, PUT_OFF_SECONDS);
}

static struct probing *free_probe(struct intake *intake)
{
    for (size_t i = 0; i < MAX_PROBES; i++)
        if (!intake->probes[i].probe)
            return &intake->probes[i];
    return NULL;
}

static void start_probes(struct intake *intake)
{
    for (size_t i = 0; i < intake->n_dirs; i++)
        for (size_t j = 0; j < intake->dirs[i]->n_candidates; j++) {
            struct probing *slot = free_probe(intake);
            if (!slot)
                return;
            if (intake->dirs[i]->candidates[j]->state == CANDIDATE_READY)
                start_probe(intake, slot, intake->dirs[i], intake->dirs[i]->candidates[j]);
        }
}

static int is_probing(const struct intake *intake)
{
    for (size_t i = 0; i < MAX_PROBES; i++)
        if (intake->probes[i].probe)
            return 1;
    return 0;
}

static void probe_done(void *context, const struct probe_end *end)
{
    struct probing *slot = context;
    struct intake *intake = slot->intake;
    struct candidate *candidate = slot->candidate;
    struct drop_folder *folder = slot->folder;
    free_slot(slot);
    if (candidate) {
        char *model = end->name ? strdup(end->name) : NULL;
        free(candidate->model);
        candidate->model = model;
        candidate_probed(candidate, folder->fd, intake->config, end);
        log_debug("%s: %s%s", candidate->key, end->code == 0 ? "complete" : "", end->text);
        intake_list_changed(intake);
    }
    start_probes(intake);
    loop_timer_sooner(intake->loop, &intake->scan_timer, is_probing(intake) ? GATHER_SECONDS : 0);
}

void take_candidates(struct intake *intake)
{
    claim_complete(intake);
    start_probes(intake);
}

void take_forget(struct intake *intake, const struct candidate *candidate)
{
    for (size_t i = 0; i < MAX_PROBES; i++)
        if (intake->probes[i].candidate == candidate)
            intake->probes[i].candidate = NULL;
}

void take_stop(struct intake *intake)
{
    for (size_t i = 0; i < MAX_PROBES; i++) {
        probe_free(intake->probes[i].probe);
        free_slot(&intake->probes[i]);
    }
}
