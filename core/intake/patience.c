/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What waits and does not grow: it stays where it is and is told as stuck, with its age; and when
 * the configuration says how long that may last (stuck_after), it is put away as failed after that,
 * unless a downloader's mark or an open writer says that somebody is at it.
 */
#include "base/log.h"
#include "intake/intake_private.h"

#include <math.h>

#define STUCK_SETTLES 5     /* of the settle time, after which quiet is told as stuck */
#define WARN_SECONDS 600.0  /* before the log has it too */
#define LEAST_INTERVAL 0.5  /* seconds between looks */
#define LOOKS_PER_LIMIT 4.0 /* of what stuck_after allows */

int patience_is_stuck(const struct intake *intake, const struct candidate *candidate)
{
    return candidate_is_stuck(candidate, STUCK_SETTLES * intake->config->settle);
}

void patience_warn(struct intake *intake)
{
    for (size_t i = 0; i < intake->n_dirs; i++)
        for (size_t j = 0; j < intake->dirs[i]->n_candidates; j++) {
            struct candidate *candidate = intake->dirs[i]->candidates[j];
            if (candidate->warned || !candidate_is_stuck(candidate, WARN_SECONDS))
                continue;
            candidate->warned = 1;
            intake_note(intake, LOG_LEVEL_WARNING, "waiting",
                        "%s has not changed for ten minutes and is still waited for: %s",
                        candidate->key, candidate->reason);
        }
}

void patience_end(struct intake *intake)
{
    double limit = intake->config->stuck_after;
    for (size_t i = 0; limit > 0 && i < intake->n_dirs; i++)
        for (size_t j = 0; j < intake->dirs[i]->n_candidates; j++)
            if (candidate_is_stuck(intake->dirs[i]->candidates[j], limit))
                candidate_give_up(intake->dirs[i]->candidates[j]);
}

double patience_interval(const struct intake *intake)
{
    double limit = intake->config->stuck_after;
    if (limit <= 0)
        return INFINITY;
    return limit < LEAST_INTERVAL * LOOKS_PER_LIMIT ? LEAST_INTERVAL : limit / LOOKS_PER_LIMIT;
}
