/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The second half of a job (job_run.h): each target is verified by a worker of its own, published
 * when the caller allows it, and recorded by the caller in as many steps as that takes.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/timing.h"
#include "settings/settings.h"
#include "supervise/job_run_private.h"
#include "supervise/manifest.h"
#include "supervise/publish.h"

#include <string.h>

static int check_sources(const struct job_run *run, struct error *err)
{
    int r = source_set_check(run->source, err);
    return r == 0 && run->importance ? source_set_check(run->importance, err) : r;
}

int job_end_result(struct job_run *run, struct error *ret_why, struct error *err)
{
    int r = worker_process_result(run->process, ret_why);
    worker_process_free(TAKE(run->process));
    int changed = check_sources(run, err);
    return changed < 0 ? changed : r < 0;
}

static json_t *verify_request(const struct source_set *source, const struct run_target *t,
                              int rows_fd)
{
    return json_pack("{s:s, s:o, s:o, s:O, s:i}", "kind", "verify", "source",
                     source_set_json(source), "other", source_set_json(&t->staged.files), "expect",
                     t->line, "rows", rows_fd);
}

/* It gets the output's files and the rows. */
static int start_verifier_on(struct job_run *run, const struct source_set *source,
                             const struct run_target *t, struct error *err)
{
    size_t n = t->staged.files.n;
    _cleanup_free_ int *fds = calloc(n + 1, sizeof *fds);
    _cleanup_close_ int rows_fd = -1;
    if (!fds)
        return error_oom(err);
    int r = file_open_regular(t->dirfd, STAGED_ROWS, 1, &rows_fd, err);
    if (r < 0)
        return r;
    memcpy(fds, t->staged.files.fds, n * sizeof *fds);
    fds[n] = rows_fd;
    return job_run_start_worker(run, source, verify_request(source, t, rows_fd), fds, n + 1, err);
}

/* The verifier reads the source through descriptors of its own, of which nothing is shared with
 * those that the convert worker had. */
static int start_verifier(struct job_run *run, const struct run_target *t, struct error *err)
{
    struct source_set fresh = *run->source;
    int r = source_set_reopen(run->source, &fresh.fds, err);
    if (r < 0)
        return r;
    r = start_verifier_on(run, &fresh, t, err);
    for (size_t i = 0; i < fresh.n; i++)
        (void)close(fresh.fds[i]);
    free(fresh.fds);
    return r;
}

/* Notes why the current target failed and goes on to the next. A cancelled job ends here. */
static int skip_target(struct job_run *run, const struct error *why, struct error *err)
{
    if (why->code == PARE_ECANCELLED)
        return error_set(err, why->code, "%s", why->text);
    job_run_fail(run, &run->targets[run->current++], why);
    return 0;
}

int job_end_begin(struct job_run *run, struct error *err)
{
    run->stage = STAGE_VERIFY;
    while (run->current < run->n_targets) {
        const struct run_target *t = &run->targets[run->current];
        struct error why = ERROR_INIT;
        if (t->failed) {
            run->current++;
            continue;
        }
        run->verify_from = timing_now();
        if (start_verifier(run, t, &why) == 0)
            return 0;
        int r = skip_target(run, &why, err);
        if (r < 0)
            return r;
    }
    run->stage = STAGE_END;
    return run->problem.code ? error_set(err, run->problem.code, "%s", run->problem.text) : 1;
}

static int make_head(const struct job_run *run, const struct run_target *t, json_t **ret_head,
                     struct error *err)
{
    if (!t->verified)
        return error_set(err, PARE_EVERIFY, "the verifying worker did not say \"verified\"");
    _cleanup_json_ json_t *files = NULL;
    int without = !strcmp(settings_text(run->settings, "digest"), "none");
    int r = staged_digests(&t->staged, t->line, without, &files, err);
    if (r < 0)
        return r;
    /* clang-format off */
    struct manifest_facts facts = {
        .uid = run->uid, .origin = run->origin, .submitted = run->submitted,
        .format = t->format, .recipe = t->recipe,
        .settings = run->settings,
        .options = t->options, .overrides = json_object_get(run->converting, "overrides"),
        .start = run->start, .source = run->described,
        .target = t->line, .done = run->done, .files = files,
        .bytes = t->staged.files.bytes, .verify_seconds = timing_since(run->verify_from),
    };
    /* clang-format on */
    return manifest_new(&facts, ret_head, err);
}

/* What is left of the current target is closed, and the next one begins. why: its failure, or
 * NULL. */
static int next_target(struct job_run *run, const struct error *why, struct error *err)
{
    struct run_target *t = &run->targets[run->current];
    staged_deinit(&t->staged);
    publisher_free(TAKE(t->publisher));
    int r = why ? skip_target(run, why, err) : 0;
    run->current += !why;
    return r < 0 ? r : job_end_begin(run, err);
}

/* Takes the next step of publishing the current target. 0: it goes on. */
static int publish_current(struct job_run *run, struct error *err)
{
    struct run_target *t = &run->targets[run->current];
    struct error why = ERROR_INIT;
    int r = publisher_step(t->publisher, &why);
    t->is_published = r > 0;
    if (r > 0)
        run->stage = STAGE_RECORD;
    if (r >= 0)
        return 0;
    if (publish_is_unfinished(t->dirfd))
        run->keep_staging = 1;
    return next_target(run, &why, err);
}

static int record_current(struct job_run *run, struct error *err)
{
    const struct run_target *t = &run->targets[run->current];
    const struct job_callbacks *to = &run->callbacks;
    int more = to->published
                   ? to->published(to->context, t->index, t->head, publisher_rows(t->publisher))
                   : 0;
    return more ? 0 : next_target(run, NULL, err);
}

static int start_publishing(struct job_run *run, struct run_target *t, struct error *err)
{
    int r = make_head(run, t, &t->head, err);
    if (r < 0)
        return r;
    struct publisher_request request = { .out_dirfd = run->out_dirfd,
                                         .dirfd = t->dirfd,
                                         .stem = t->stem,
                                         .suffix = t->staged.suffix,
                                         .head = t->head,
                                         .tensors = json_get_int(t->verified, "tensors", -1),
                                         .sampled = json_get_int(t->verified, "sampled", -1) };
    return publisher_start(&request, &t->publisher, err);
}

/* Publishes the verified target, or waits for that without a worker, and goes on to the next. */
static int publish_or_wait(struct job_run *run, struct error *err)
{
    struct error why = ERROR_INIT;
    run->stage = STAGE_WAIT;
    if (run->callbacks.may_publish && !run->callbacks.may_publish(run->callbacks.context))
        return 0;
    int r = check_sources(run, err);
    if (r < 0)
        return r;
    struct run_target *t = &run->targets[run->current];
    r = start_publishing(run, t, &why);
    if (r < 0)
        return next_target(run, &why, err);
    run->stage = STAGE_PUBLISH;
    return publish_current(run, err);
}

int job_end_verified(struct job_run *run, struct error *err)
{
    struct error why = ERROR_INIT;
    int r = job_end_result(run, &why, err);
    if (r <= 0)
        return r < 0 ? r : publish_or_wait(run, err);
    staged_deinit(&run->targets[run->current].staged);
    r = skip_target(run, &why, err);
    return r < 0 ? r : job_end_begin(run, err);
}

int job_end_step(struct job_run *run, struct error *err)
{
    if (run->stage == STAGE_RECORD)
        return record_current(run, err);
    if (run->cancelled)
        return error_set(err, PARE_ECANCELLED, "cancelled");
    return run->stage == STAGE_WAIT ? publish_or_wait(run, err) : publish_current(run, err);
}
