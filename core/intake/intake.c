/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * When to look: see intake.h. An event makes a folder dirty, and a timer of some milliseconds
 * gathers what comes together into one scan. A second timer looks again at what is being written
 * or has not been quiet for long enough, and a third at everything, since events can be lost, do
 * not come from other machines, and do not exist for writes into mapped memory.
 */
#include "intake/intake.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "intake/intake_private.h"

#include <stdio.h>
#include <string.h>

#define GATHER_SECONDS 0.02
#define RECHECK_SECONDS 0.25
#define RECHECK_MANY 500 /* candidates, above which that is done less often */
#define POLL_SECONDS 1.0 /* between rescans without working watches */

void intake_note(const struct intake *intake, int level, const char *kind, const char *format, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    intake->callbacks.note(intake->callbacks.context, level, kind, text);
}

void intake_list_changed(struct intake *intake)
{
    loop_timer_sooner(intake->loop, &intake->changed_timer, 0.5);
}

void intake_forget(struct intake *intake, struct candidate *candidate)
{
    take_forget(intake, candidate);
    if (intake->watch)
        watch_remove(intake->watch, candidate->wd);
    candidate_free(candidate);
    intake_list_changed(intake);
}

void intake_examine(struct intake *intake, struct drop_folder *folder, struct candidate *candidate)
{
    char before[sizeof candidate->reason];
    int state = candidate->state;
    memcpy(before, candidate->reason, sizeof before);
    candidate_examine(candidate, folder->fd, intake->config);
    if (state != candidate->state || strcmp(before, candidate->reason) != 0)
        intake_list_changed(intake);
}

int intake_watch(struct intake *intake, const char *relative)
{
    _cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
    struct error err = ERROR_INIT;
    int wd = -1;
    strbuf_printf(&path, "%s%s%s", intake->folders->drop_path, *relative ? "/" : "", relative);
    if (intake->watch && path.data && watch_add(intake->watch, path.data, &wd, &err) == 0)
        return wd;
    if (!intake->polling)
        intake_note(intake, LOG_LEVEL_ERROR, "watch",
                    "no events from now on, looking every second instead: %s", err.text);
    intake->polling = 1;
    loop_timer_sooner(intake->loop, &intake->rescan_timer, POLL_SECONDS);
    return -1;
}

/* Drops the target folders that the last scan of the drop directory did not see. */
static void forget_folders(struct intake *intake)
{
    size_t kept = 1;
    for (size_t i = 1; i < intake->n_dirs; i++) {
        struct drop_folder *folder = intake->dirs[i];
        if (folder->seen) {
            intake->dirs[kept++] = folder;
            continue;
        }
        for (size_t j = 0; j < folder->n_candidates; j++)
            intake_forget(intake, folder->candidates[j]);
        folder->n_candidates = 0;
        if (intake->watch)
            watch_remove(intake->watch, folder->wd);
        drop_folder_free(folder);
    }
    intake->n_dirs = kept;
}

static void recheck_if_needed(struct intake *intake)
{
    size_t settling = 0;
    for (size_t i = 0; i < intake->n_dirs; i++)
        for (size_t j = 0; j < intake->dirs[i]->n_candidates; j++)
            settling += intake->dirs[i]->candidates[j]->state == CANDIDATE_SETTLING;
    if (settling)
        loop_timer_sooner(intake->loop, &intake->recheck_timer,
                          settling > RECHECK_MANY ? 4 * RECHECK_SECONDS : RECHECK_SECONDS);
}

/* 1 when the drop directory is where it should be. */
static int check_place(struct intake *intake)
{
    int place = folders_check(intake->folders->drop_fd, intake->folders->drop_path);
    if (place == 1)
        intake->callbacks.replaced(intake->callbacks.context);
    if (place == 2 && !intake->gone)
        intake_note(intake, LOG_LEVEL_ERROR, "drop-gone",
                    "%s is gone (moved, removed or not mounted): waiting for it to come back",
                    intake->folders->drop_path);
    if (place == 0 && intake->gone)
        intake_note(intake, LOG_LEVEL_INFO, "drop-back", "%s is back", intake->folders->drop_path);
    intake->gone = place == 2;
    return place == 0;
}

/* A scan takes no more than a fifth of the time, however many entries there are. */
static double gather_seconds(const struct intake *intake)
{
    double seconds = 4 * intake->scan_seconds;
    return seconds < GATHER_SECONDS ? GATHER_SECONDS : seconds;
}

/* Tells of a folder that cannot be scanned, once, and in the list of what has arrived. */
static void note_problem(struct intake *intake, struct drop_folder *folder, const char *problem)
{
    if (!strcmp(folder->problem, problem))
        return;
    (void)snprintf(folder->problem, sizeof folder->problem, "%s", problem);
    if (*problem)
        intake_note(intake, LOG_LEVEL_ERROR, "scan", "%s", problem);
    intake->dirs[0]->dirty = 1;
    loop_timer_sooner(intake->loop, &intake->scan_timer, GATHER_SECONDS);
}

static void scan_dirty(void *context)
{
    struct intake *intake = context;
    if (!check_place(intake)) {
        loop_timer_sooner(intake->loop, &intake->rescan_timer, POLL_SECONDS);
        return;
    }
    uint64_t start = timing_now();
    int scanned = 0;
    for (size_t i = 0; i < intake->n_dirs; i++) {
        struct drop_folder *folder = intake->dirs[i];
        struct error err = ERROR_INIT;
        if (!folder->dirty)
            continue;
        folder->dirty = 0;
        scanned = 1;
        int r = scan_folder(intake, folder, &err);
        note_problem(intake, folder, r < 0 ? err.text : "");
        if (r == 0 && i == 0)
            forget_folders(intake);
    }
    if (scanned)
        intake->scan_seconds = timing_since(start);
    patience_end(intake);
    take_candidates(intake);
    recheck_if_needed(intake);
}

static void recheck(void *context)
{
    struct intake *intake = context;
    for (size_t i = 0; i < intake->n_dirs; i++)
        for (size_t j = 0; j < intake->dirs[i]->n_candidates; j++)
            if (intake->dirs[i]->candidates[j]->state == CANDIDATE_SETTLING)
                intake_examine(intake, intake->dirs[i], intake->dirs[i]->candidates[j]);
    take_candidates(intake);
    recheck_if_needed(intake);
}

/* A rescan in about the configured time, a quarter more or less: many daemons on one server should
 * not all do it at once. */
static void arm_rescan(struct intake *intake)
{
    double jitter = 0.75 + 0.5 * (double)(timing_now() % 1000) / 1000;
    int poll = intake->polling || intake->gone;
    double seconds = intake->config->rescan * jitter;
    if (poll && seconds > POLL_SECONDS)
        seconds = POLL_SECONDS;
    if (seconds > patience_interval(intake))
        seconds = patience_interval(intake);
    loop_timer_set(intake->loop, &intake->rescan_timer, seconds);
}

static void rescan(void *context)
{
    struct intake *intake = context;
    intake_rescan(intake);
    patience_warn(intake);
    arm_rescan(intake);
}

static void tell_changed(void *context)
{
    struct intake *intake = context;
    intake->callbacks.changed(intake->callbacks.context);
}

void intake_rescan(struct intake *intake)
{
    for (size_t i = 0; i < intake->n_dirs; i++)
        intake->dirs[i]->dirty = 1;
    loop_timer_sooner(intake->loop, &intake->scan_timer, 0);
}

static void on_changed(void *context, int wd)
{
    struct intake *intake = context;
    if (wd == WATCH_ALL) {
        intake_note(intake, LOG_LEVEL_WARNING, "overflow",
                    "the kernel lost events of the drop directory: looking at all of it");
        intake_rescan(intake);
        return;
    }
    for (size_t i = 0; i < intake->n_dirs; i++) {
        struct drop_folder *folder = intake->dirs[i];
        int hit = folder->wd == wd;
        for (size_t j = 0; !hit && j < folder->n_candidates; j++)
            hit = folder->candidates[j]->wd == wd;
        if (!hit)
            continue;
        folder->dirty = 1;
        loop_timer_sooner(intake->loop, &intake->scan_timer, gather_seconds(intake));
        return;
    }
}

static void on_lost(void *context, int wd)
{
    struct intake *intake = context;
    watch_remove(intake->watch, wd);
    for (size_t i = 0; i < intake->n_dirs; i++) {
        struct drop_folder *folder = intake->dirs[i];
        if (folder->wd == wd) {
            folder->wd = -1;
            intake_rescan(intake);
        }
        for (size_t j = 0; j < folder->n_candidates; j++)
            if (folder->candidates[j]->wd == wd) {
                folder->candidates[j]->wd = -1;
                folder->dirty = 1;
                loop_timer_sooner(intake->loop, &intake->scan_timer, gather_seconds(intake));
            }
    }
}

static int open_drop(struct intake *intake, struct error *err)
{
    struct watch_callbacks callbacks = { on_changed, on_lost, intake };
    int r = watch_new(intake->loop, &callbacks, &intake->watch, err);
    if (r < 0)
        log_error("%s", err->text);
    intake->dirs = calloc(1, sizeof *intake->dirs);
    if (!intake->dirs)
        return error_oom(err);
    r = drop_folder_new(intake->folders, "", &intake->dirs[0], err);
    if (r < 0)
        return r;
    intake->n_dirs = 1;
    intake->dirs[0]->wd = intake_watch(intake, "");
    return 0;
}

int intake_new(struct loop *loop, const struct config *config, const struct folders *folders,
               const struct abilities *abilities, struct nursery *nursery,
               const struct intake_callbacks *callbacks, struct intake **ret_intake,
               struct error *err)
{
    struct intake *intake = calloc(1, sizeof *intake);
    if (!intake)
        return error_oom(err);
    intake->loop = loop;
    intake->config = config;
    intake->folders = folders;
    intake->abilities = abilities;
    intake->nursery = nursery;
    intake->callbacks = *callbacks;
    intake->scan_timer =
        (struct loop_timer){ .name = "intake: scan", .callback = scan_dirty, .context = intake };
    intake->recheck_timer =
        (struct loop_timer){ .name = "intake: recheck", .callback = recheck, .context = intake };
    intake->rescan_timer =
        (struct loop_timer){ .name = "intake: rescan", .callback = rescan, .context = intake };
    intake->changed_timer =
        (struct loop_timer){ .name = "intake: tell", .callback = tell_changed, .context = intake };
    int r = open_drop(intake, err);
    if (r < 0) {
        intake_free(intake);
        return r;
    }
    arm_rescan(intake);
    intake_rescan(intake);
    *ret_intake = intake;
    return 0;
}

void intake_free(struct intake *intake)
{
    if (!intake)
        return;
    take_stop(intake);
    loop_timer_clear(intake->loop, &intake->scan_timer);
    loop_timer_clear(intake->loop, &intake->recheck_timer);
    loop_timer_clear(intake->loop, &intake->rescan_timer);
    loop_timer_clear(intake->loop, &intake->changed_timer);
    for (size_t i = 0; i < intake->n_dirs; i++)
        drop_folder_free(intake->dirs[i]);
    free(intake->dirs);
    watch_free(intake->watch);
    free(intake);
}

static const char *reason_of(const struct candidate *candidate)
{
    switch (candidate->state) {
    case CANDIDATE_READY:
        return "waiting to be checked";
    case CANDIDATE_PROBING:
        return "being checked";
    case CANDIDATE_COMPLETE:
    case CANDIDATE_BROKEN:
        return "about to be taken";
    default:
        return candidate->reason;
    }
}

static const char *state_of(const struct intake *intake, const struct candidate *candidate)
{
    switch (candidate->state) {
    case CANDIDATE_IGNORED:
        return "ignored";
    case CANDIDATE_READY:
    case CANDIDATE_PROBING:
        return "checking";
    case CANDIDATE_COMPLETE:
    case CANDIDATE_BROKEN:
        return "taking";
    default:
        return patience_is_stuck(intake, candidate) ? "stuck" : "waiting";
    }
}

static json_t *candidate_json(const struct intake *intake, const struct drop_folder *folder,
                              const struct candidate *candidate)
{
    _cleanup_strbuf_ struct strbuf name = STRBUF_INIT;
    const char *reason = reason_of(candidate);
    strbuf_printf(&name, "%s%s%s", folder->name, *folder->name ? "/" : "", candidate->key);
    return json_pack("{s:o, s:s, s:I, s:f, s:o}", "name",
                     json_text(name.data ? name.data : "", name.len), "state",
                     state_of(intake, candidate), "bytes", (json_int_t)candidate->bytes, "since",
                     timing_since(candidate->since), "reason", json_text(reason, strlen(reason)));
}

json_t *intake_json(const struct intake *intake, size_t from, size_t limit)
{
    json_t *list = json_array();
    for (size_t i = 0; i < intake->n_dirs; i++) {
        const struct drop_folder *dir = intake->dirs[i];
        size_t j = from < dir->n_candidates ? from : dir->n_candidates;
        from -= j;
        for (; j < dir->n_candidates && json_array_size(list) < limit; j++)
            (void)json_array_append_new(list, candidate_json(intake, dir, dir->candidates[j]));
    }
    return list;
}

size_t intake_count(const struct intake *intake)
{
    size_t n = 0;
    for (size_t i = 0; i < intake->n_dirs; i++)
        n += intake->dirs[i]->n_candidates;
    return n;
}

size_t intake_waiting(const struct intake *intake)
{
    size_t n = 0;
    for (size_t i = 0; i < intake->n_dirs; i++)
        for (size_t j = 0; j < intake->dirs[i]->n_candidates; j++)
            n += intake->dirs[i]->candidates[j]->state != CANDIDATE_IGNORED;
    return n;
}
