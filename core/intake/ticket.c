/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Tickets: see ticket.h. */
#include "intake/ticket.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strlist.h"
#include "supervise/job_target.h"

#include <stdio.h>
#include <string.h>

static const char *const kinds[] = { "file", "folder", "shards", "in-place" };

int ticket_init(struct ticket *ticket, int kind, const char *name, const char *folder,
                const char *origin, struct error *err)
{
    memset(ticket, 0, sizeof *ticket);
    job_uid(ticket->uid);
    timing_stamp(ticket->submitted);
    ticket->kind = kind;
    ticket->name = strdup(name);
    ticket->folder = strdup(folder);
    ticket->origin = strdup(origin);
    if (ticket->name && ticket->folder && ticket->origin)
        return 0;
    ticket_deinit(ticket);
    return error_oom(err);
}

int ticket_add_file(struct ticket *ticket, const char *file, struct error *err)
{
    return strlist_add(&ticket->files, &ticket->n_files, file, err);
}

int ticket_add_sidecar(struct ticket *ticket, const char *file, struct error *err)
{
    return strlist_add(&ticket->sidecars, &ticket->n_sidecars, file, err);
}

static int add_target(struct ticket *ticket, const char *format, const char *recipe,
                      const json_t *options, struct error *err)
{
    struct job_target target = { .format = strdup(format), .recipe = strdup(recipe) };
    if (json_is_object(options))
        target.options = json_deep_copy(options);
    int r = target.format && target.recipe
                ? job_target_check(&target, ticket->targets, ticket->n_targets, err)
                : error_oom(err);
    struct job_target *targets = r < 0 ? NULL
                                       : reallocarray(ticket->targets, ticket->n_targets + 1,
                                                      sizeof *targets);
    if (!targets) {
        job_target_deinit(&target);
        return r < 0 ? r : error_oom(err);
    }
    ticket->targets = targets;
    targets[ticket->n_targets++] = target;
    return 0;
}

int ticket_add_targets(struct ticket *ticket, const struct job_target *targets, size_t n,
                       struct error *err)
{
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++)
        r = add_target(ticket, targets[i].format, targets[i].recipe, targets[i].options, err);
    return r;
}

void ticket_deinit(struct ticket *ticket)
{
    free(ticket->name);
    free(ticket->folder);
    free(ticket->origin);
    free(ticket->rests);
    free(ticket->reason);
    strlist_clear(&ticket->files, &ticket->n_files);
    strlist_clear(&ticket->sidecars, &ticket->n_sidecars);
    for (size_t i = 0; i < ticket->n_targets; i++)
        job_target_deinit(&ticket->targets[i]);
    free(ticket->targets);
    memset(ticket, 0, sizeof *ticket);
}

static json_t *names_json(char *const *names, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(list, json_string(names[i]));
    return list;
}

json_t *ticket_json(const struct ticket *ticket)
{
    json_t *targets = json_array();
    for (size_t i = 0; i < ticket->n_targets; i++) {
        const struct job_target *target = &ticket->targets[i];
        (void)json_array_append_new(targets, json_pack("{s:s, s:s, s:O?}", "format", target->format,
                                                       "recipe", target->recipe, "options",
                                                       target->options));
    }
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s*, s:s*, s:s, s:I, s:o, s:o, s:o}",
                     "pare_job", 1, "uid", ticket->uid, "kind", kinds[ticket->kind], "name",
                     ticket->name, "folder", ticket->folder, "origin", ticket->origin, "rests",
                     ticket->rests, "reason", ticket->reason, "submitted", ticket->submitted,
                     "priority", (json_int_t)ticket->priority, "files",
                     names_json(ticket->files, ticket->n_files), "sidecars",
                     names_json(ticket->sidecars, ticket->n_sidecars), "targets", targets);
}

static int read_names(const json_t *json, const char *key, char ***names, size_t *n,
                      struct error *err)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(json, key), i, item) {
        const char *file = json_string_value(item);
        if (!file || !file_name_is_plain(file))
            return error_set(err, PARE_EDATA, "a name in `%s' is not a file name", key);
        int r = strlist_add(names, n, file, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_lists(const json_t *json, struct ticket *ticket, struct error *err)
{
    size_t i;
    json_t *item;
    int named = read_names(json, "files", &ticket->files, &ticket->n_files, err);
    if (named == 0)
        named = read_names(json, "sidecars", &ticket->sidecars, &ticket->n_sidecars, err);
    if (named < 0)
        return named;
    json_array_foreach(json_object_get(json, "targets"), i, item) {
        const char *format = json_get_string(item, "format", NULL);
        const char *recipe = json_get_string(item, "recipe", NULL);
        if (!format || !recipe)
            return error_set(err, PARE_EDATA, "a target has no format or no recipe");
        int r = add_target(ticket, format, recipe, json_object_get(item, "options"), err);
        if (r < 0)
            return r;
    }
    if (!ticket->n_targets || (!ticket->n_files && ticket->kind != TICKET_IN_PLACE))
        return error_set(err, PARE_EDATA, "it has no files or no targets");
    return 0;
}

static int kind_by_name(const char *name)
{
    for (int i = 0; i < (int)(sizeof kinds / sizeof *kinds); i++)
        if (!strcmp(kinds[i], name))
            return i;
    return -1;
}

int ticket_from_json(const json_t *json, struct ticket *ret_ticket, struct error *err)
{
    const char *uid = json_get_string(json, "uid", "");
    const char *folder = json_get_string(json, "folder", "");
    const char *origin = json_get_string(json, "origin", NULL);
    const char *name = json_get_string(json, "name", NULL);
    int kind = kind_by_name(json_get_string(json, "kind", ""));
    if (!file_name_is_plain(uid) || strlen(uid) >= sizeof ret_ticket->uid || kind < 0 || !origin ||
        !name || (*folder && !file_name_is_plain(folder)))
        return error_set(err, PARE_EDATA, "uid, kind, name, folder or origin is missing or wrong");
    struct ticket ticket;
    int r = ticket_init(&ticket, kind, name, folder, origin, err);
    if (r < 0)
        return r;
    (void)snprintf(ticket.uid, sizeof ticket.uid, "%s", uid);
    (void)snprintf(ticket.submitted, sizeof ticket.submitted, "%s",
                   json_get_string(json, "submitted", ticket.submitted));
    ticket.priority = json_get_int(json, "priority", 0);
    r = read_lists(json, &ticket, err);
    const char *rests = json_get_string(json, "rests", NULL);
    const char *reason = json_get_string(json, "reason", NULL);
    if (r == 0 && rests && !(ticket.rests = strdup(rests)))
        r = error_oom(err);
    if (r == 0 && reason && !(ticket.reason = strdup(reason)))
        r = error_oom(err);
    if (r < 0) {
        ticket_deinit(&ticket);
        return r;
    }
    *ret_ticket = ticket;
    return 0;
}
