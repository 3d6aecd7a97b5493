/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Targets of a job that fail by themselves: what can be made of the others is made. A worker that
 * finds out beforehand goes on without such a target; one that finds out on the way ends, and the
 * others are converted anew.
 */
#include "base/json.h"
#include "supervise/job_run_private.h"

/* A worker may not give reasons that only its parent can know, or those to try again. */
void job_run_take_failed(struct run_target *t, const json_t *line)
{
    int code = error_code(json_get_string(line, "code", ""));
    t->said.code = error_set(&t->said, error_is_lasting(code) ? code : PARE_EINTERNAL, "%s",
                             json_get_string(line, "text", "(no text)"));
}

void job_run_fail(struct job_run *run, struct run_target *t, const struct error *why)
{
    t->failed = 1;
    if (!run->problem.code ||
        (error_is_transient(why->code) && error_is_lasting(run->problem.code)))
        run->problem.code = error_set(&run->problem, why->code, "%s:%s: %s", t->format, t->recipe,
                                      why->text);
    if (run->callbacks.failed)
        run->callbacks.failed(run->callbacks.context, t->index, why);
}

size_t job_run_fail_said(struct job_run *run)
{
    size_t left = 0;
    for (size_t i = 0; i < run->n_targets; i++)
        left += !run->targets[i].said.code;
    for (size_t i = 0; left && i < run->n_targets; i++)
        if (run->targets[i].said.code)
            job_run_fail(run, &run->targets[i], &run->targets[i].said);
    return left;
}

int job_run_failed_in_part(const struct job_run *run, const struct error *why)
{
    size_t n = 0;
    for (size_t i = 0; i < run->n_targets; i++)
        n += run->targets[i].said.code != 0;
    return n && n < run->n_targets && error_is_lasting(why->code);
}
