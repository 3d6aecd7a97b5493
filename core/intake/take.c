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
#include "supervise/source_name.h"

#include <string.h>

#define CLAIMS_PER_TURN 8 /* each syncs the disk some times: let the loop turn in between */
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

/* 0: taken, its place in the list is free; else it stays. */
static int claim(struct intake *intake, struct drop_folder *folder, struct candidate *candidate)
{
    struct error err = ERROR_INIT;
    struct ticket ticket;
    candidate_examine(candidate, folder->fd, intake->config->settle);
    if (candidate->state != CANDIDATE_COMPLETE && candidate->state != CANDIDATE_BROKEN)
        return 1;
    int broken = candidate->state == CANDIDATE_BROKEN;
    int r = make_ticket(intake, folder, candidate, &ticket, &err);
    if (r == 0) {
        r = claim_take(intake->folders, &ticket, &err);
        if (r != 0)
            ticket_deinit(&ticket);
    }
    if (r == 0) {
        struct error verdict = ERROR_INIT;
        (void)!error_set(&verdict, candidate->verdict, "%s",
                         candidate->text ? candidate->text : "no reason is known");
        intake->callbacks.taken(intake->callbacks.context, &ticket, broken ? &verdict : NULL);
        return 0;
    }
    if (r < 0) {
        note_once(intake, candidate, "take", &err);
        candidate_put_off(candidate, err.text, PUT_OFF_SECONDS);
    }
    folder->dirty = 1;
    return r < 0 ? r : 1;
}

static void claim_complete(struct intake *intake)
{
    int left = CLAIMS_PER_TURN;
    for (size_t i = 0; i < intake->n_dirs; i++) {
        struct drop_folder *folder = intake->dirs[i];
        for (size_t j = 0; j < folder->n_candidates && left > 0;) {
            struct candidate *candidate = folder->candidates[j];
            int known = candidate->state == CANDIDATE_COMPLETE ||
                        candidate->state == CANDIDATE_BROKEN;
            left -= known;
            if (!known || claim(intake, folder, candidate) != 0) {
                j++;
                continue;
            }
            memmove(&folder->candidates[j], &folder->candidates[j + 1],
                    (folder->n_candidates - j - 1) * sizeof *folder->candidates);
            folder->n_candidates--;
            intake_forget(intake, candidate);
        }
    }
    if (left <= 0)
        loop_timer_sooner(intake->loop, &intake->scan_timer, 0);
}

static void free_slot(struct probing *slot)
{
    free(slot->path);
    slot->path = NULL;
    slot->probe = NULL;
    slot->candidate = NULL;
    slot->folder = NULL;
}

static void probe_done(void *context, int code, const char *text, const char *name)
{
    struct probing *slot = context;
    struct intake *intake = slot->intake;
    struct candidate *candidate = slot->candidate;
    struct drop_folder *folder = slot->folder;
    free_slot(slot);
    if (candidate) {
        char *model = name ? strdup(name) : NULL;
        free(candidate->model);
        candidate->model = model;
        candidate_probed(candidate, folder->fd, intake->config->settle, code, text);
        log_debug("%s: %s%s", candidate->key, code == 0 ? "complete" : "", text);
        intake_list_changed(intake);
    }
    loop_timer_sooner(intake->loop, &intake->scan_timer, 0);
}

static void start_probe(struct intake *intake, struct probing *slot, struct drop_folder *folder,
                        struct candidate *candidate)
{
    struct error err = ERROR_INIT;
    double settle = intake->config->settle;
    candidate_examine(candidate, folder->fd, settle);
    if (candidate->state != CANDIDATE_READY)
        return;
    slot->intake = intake;
    slot->folder = folder;
    slot->candidate = candidate;
    struct probe_request request = { .config = intake->config,
                                     .dirfd = folder->fd,
                                     .path = candidate->files[0],
                                     .has_sidecars = candidate->n_sidecars > 0 ||
                                                     candidate->kind == TICKET_FOLDER,
                                     .done = probe_done,
                                     .context = slot };
    candidate->state = CANDIDATE_PROBING;
    int r = probe_start(intake->loop, &request, &slot->probe, &err);
    if (r == 0)
        return;
    free_slot(slot);
    if (r == PARE_EDATA || r == PARE_ELIMIT || r == PARE_EINCOMPLETE) {
        candidate_probed(candidate, folder->fd, settle, r, err.text);
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

void take_candidates(struct intake *intake)
{
    claim_complete(intake);
    for (size_t i = 0; i < intake->n_dirs; i++)
        for (size_t j = 0; j < intake->dirs[i]->n_candidates; j++) {
            struct probing *slot = free_probe(intake);
            if (!slot)
                return;
            if (intake->dirs[i]->candidates[j]->state == CANDIDATE_READY)
                start_probe(intake, slot, intake->dirs[i], intake->dirs[i]->candidates[j]);
        }
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
