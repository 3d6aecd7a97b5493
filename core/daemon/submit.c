/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Submitting a model by its path. The daemon may be able to read what the client may not, so the
 * client shows each file as an open descriptor; what the daemon finds at the path must be among
 * these, now and when the job starts (source/identity.h). Whatever else goes wrong with the path
 * gives one and the same answer: a client learns nothing of places that are closed to it.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "daemon/daemon_private.h"
#include "source/identity.h"
#include "supervise/job_target.h"

#include <fcntl.h>
#include <string.h>

#define MAX_PRIORITY 1000

static int add_targets(struct daemon *daemon, const json_t *list, struct ticket *ticket,
                       struct error *err)
{
    size_t i;
    json_t *item;
    if (!json_array_size(list))
        return ticket_add_targets(ticket, daemon->config->targets, daemon->config->n_targets, err);
    json_array_foreach(list, i, item) {
        struct job_target target = { 0 };
        const char *text = json_string_value(item);
        int r = job_target_parse(text ? text : "", ':', &target, err);
        if (r == 0)
            r = abilities_check(&daemon->abilities, &target, err);
        if (r == 0)
            r = ticket_add_targets(ticket, &target, 1, err);
        job_target_deinit(&target);
        if (r < 0)
            return r;
    }
    return 0;
}

static int all_shown(const struct shown *shown, const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!shown_has(shown, fds[i]))
            return 0;
    return 1;
}

/* Opens what lies at the path; < 0 when it is not, file for file, what the client has shown. */
static int open_shown(const char *path, const struct shown *shown, struct source_set *set,
                      struct sidecars *sidecars, struct error *err)
{
    struct error hidden = ERROR_INIT;
    int r = source_set_open(AT_FDCWD, path, 1, set, &hidden);
    if (r == 0)
        r = sidecars_open(AT_FDCWD, set, SIDECARS_ALL, sidecars, &hidden);
    if (r == PARE_ENOMEM)
        return error_oom(err);
    if (r == 0 && all_shown(shown, set->fds, set->n) &&
        all_shown(shown, sidecars->fds, sidecars->n))
        return 0;
    return error_set(err, PARE_EUSAGE,
                     "%s: pared cannot open there the files that came with the request; its user "
                     "(uid %u) must be able to read them, and they must not change meanwhile",
                     path, (unsigned)geteuid());
}

static int fill_ticket(struct daemon *daemon, const json_t *request, const char *path,
                       const struct source_set *set, const struct sidecars *sidecars,
                       struct ticket *ticket, struct error *err)
{
    int r = ticket_init(ticket, TICKET_IN_PLACE, set->name, "", path, err);
    if (r < 0)
        return r;
    ticket->priority = json_get_int(request, "priority", 0);
    r = identity_of(set, sidecars, ticket->identity, err);
    if (r == 0)
        r = add_targets(daemon, json_object_get(request, "targets"), ticket, err);
    if (r < 0)
        ticket_deinit(ticket);
    return r;
}

static int check_request(const json_t *request, const char *path, const struct shown *shown,
                         struct error *err)
{
    int64_t priority = json_get_int(request, "priority", 0);
    if (*path != '/')
        return error_set(err, PARE_EUSAGE, "an absolute path is wanted, not `%s'", path);
    if (priority > MAX_PRIORITY || priority < -MAX_PRIORITY)
        return error_set(err, PARE_EUSAGE, "a priority from %d to %d is wanted, not %lld",
                         -MAX_PRIORITY, MAX_PRIORITY, (long long)priority);
    if (!shown->n)
        return error_set(err, PARE_EUSAGE,
                         "the model's files must come with the request, as open descriptors "
                         "(docs/control.md)");
    return 0;
}

int submit_request(struct daemon *daemon, const json_t *request, const struct shown *shown,
                   int64_t *ret_id, struct error *err)
{
    const char *path = json_get_string(request, "path", "");
    struct source_set set = { 0 };
    struct sidecars sidecars = { 0 };
    struct ticket ticket;
    int r = check_request(request, path, shown, err);
    if (r == 0)
        r = open_shown(path, shown, &set, &sidecars, err);
    if (r == 0)
        r = fill_ticket(daemon, request, path, &set, &sidecars, &ticket, err);
    if (r == 0) {
        r = jobs_submit(daemon->jobs, &ticket, ret_id, err);
        ticket_deinit(&ticket);
    }
    sidecars_deinit(&sidecars);
    source_set_deinit(&set);
    return r;
}
