/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The requests of the control socket; docs/control.md has the fields of each. A request never waits
 * for a worker. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/nearest.h"
#include "daemon/daemon_private.h"
#include "supervise/job_target.h"

#include <config.h>
#include <fcntl.h>
#include <string.h>

#define PAGE_LENGTH 100 /* entries of a list in one reply, if the request does not say how many */
#define PAGE_MAX 500
#define PAGE_BYTES (256u << 10) /* of one list: a reply must stay well below what control.c keeps */

const struct page first_page = { .limit = PAGE_LENGTH };

static json_t *refusal(const char *code, const char *text)
{
    return json_pack("{s:b, s:s, s:s}", "ok", 0, "code", code, "error", text);
}

json_t *command_job(struct daemon *daemon, int64_t id, struct error *err)
{
    json_t *job = NULL;
    if (catalog_job_get(daemon->catalog, id, &job, err) != 0)
        return NULL;
    jobs_overlay(daemon->jobs, job);
    return job;
}

/* What is beyond a number of bytes is left out, but for the first entry. */
static void trim(json_t *list)
{
    size_t bytes = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        bytes += json_dumpb(json_array_get(list, i), NULL, 0, JSON_COMPACT);
        while (i && bytes > PAGE_BYTES && json_array_size(list) > i)
            (void)json_array_remove(list, json_array_size(list) - 1);
    }
}

static json_t *queue_json(struct daemon *daemon, const struct page *page, struct error *err)
{
    json_t *queue = NULL, *job;
    size_t i;
    if (catalog_queue(daemon->catalog, page->jobs_from, page->limit, &queue, err) < 0)
        return NULL;
    json_array_foreach(queue, i, job)
        jobs_overlay(daemon->jobs, job);
    trim(queue);
    return queue;
}

static int64_t count(const json_t *counts, const char *key)
{
    return json_get_int(counts, key, 0);
}

json_t *command_arriving(struct daemon *daemon, const struct page *page)
{
    json_t *arriving = intake_json(daemon->intake, page->arriving_from, page->limit);
    trim(arriving);
    return json_pack("{s:o, s:I}", "arriving", arriving, "arriving_total",
                     (json_int_t)intake_count(daemon->intake));
}

json_t *command_status(struct daemon *daemon, const struct page *page, struct error *err)
{
    _cleanup_json_ json_t *counts = NULL;
    const struct config *config = daemon->config;
    if (catalog_counts(daemon->catalog, &counts, err) < 0)
        return NULL;
    _cleanup_json_ json_t *queue = queue_json(daemon, page, err);
    _cleanup_json_ json_t *arriving = command_arriving(daemon, page);
    if (!queue || !arriving)
        return NULL;
    (void)json_object_set_new(counts, "waiting",
                              json_integer((json_int_t)intake_waiting(daemon->intake)));
    json_t *status = json_pack(
        "{s:s, s:i, s:f, s:b, s:s?, s:s, s:s, s:s, s:{s:i, s:i}, s:O, s:o, s:O, s:I}", "version",
        PARE_VERSION, "pid", (int)getpid(), "uptime", timing_since(daemon->start), "paused",
        jobs_paused(daemon->jobs), "held", places_held(daemon->places), "drop", config->drop, "out",
        config->out, "catalog", config->catalog, "workers", "running",
        (int)jobs_running(daemon->jobs), "max", (int)config->jobs, "counts", counts, "measured",
        measured_json(daemon), "jobs", queue, "jobs_total",
        (json_int_t)(count(counts, "queued") + count(counts, "running") + count(counts, "retry")));
    if (status)
        (void)json_object_update(status, arriving);
    return status;
}

/* 0 or more of a request's member. */
static size_t get_size(const json_t *request, const char *key, size_t fallback)
{
    int64_t value = json_get_int(request, key, (int64_t)fallback);
    return value < 0 ? 0 : (size_t)value;
}

static json_t *do_status(struct daemon *daemon, const json_t *request, const struct shown *shown)
{
    (void)shown;
    struct error err = ERROR_INIT;
    struct page page = { get_size(request, "jobs_from", 0), get_size(request, "arriving_from", 0),
                         get_size(request, "limit", PAGE_LENGTH) };
    if (page.limit > PAGE_MAX)
        page.limit = PAGE_MAX;
    json_t *status = command_status(daemon, &page, &err);
    if (!status)
        return refusal(error_name(err.code), err.text);
    (void)json_object_set_new(status, "ok", json_true());
    if (json_get_bool(request, "reset", 0))
        measured_reset(daemon);
    return status;
}

static json_t *reply_job(struct daemon *daemon, int64_t id)
{
    struct error err = ERROR_INIT;
    _cleanup_json_ json_t *job = command_job(daemon, id, &err);
    return json_pack("{s:b, s:I, s:s}", "ok", 1, "id", (json_int_t)id, "uid",
                     json_get_string(job, "uid", ""));
}

/* A failure, or CATALOG_NOT_FOUND, as a reply. */
static json_t *reply_error(int r, const struct error *err, const char *job)
{
    if (r == CATALOG_NOT_FOUND && !*err->text) {
        struct error text = ERROR_INIT;
        (void)!error_set(&text, PARE_EUSAGE, "there is no job %s", job);
        return refusal("notfound", text.text);
    }
    return refusal(r == CATALOG_NOT_FOUND ? "notfound" : error_name(r), err->text);
}

static json_t *on_job(struct daemon *daemon, const json_t *request,
                      int (*act)(struct jobs *, int64_t, struct error *))
{
    struct error err = ERROR_INIT;
    const json_t *named = json_object_get(request, "job");
    char number[32];
    const char *text = json_get_string(request, "job", "");
    if (json_is_integer(named)) {
        (void)snprintf(number, sizeof number, "%lld", (long long)json_integer_value(named));
        text = number;
    }
    int64_t id = 0;
    int r = catalog_job_find(daemon->catalog, text, &id, &err);
    if (r == 0)
        r = act(daemon->jobs, id, &err);
    return r == 0 ? reply_job(daemon, id) : reply_error(r, &err, text);
}

static json_t *do_cancel(struct daemon *daemon, const json_t *request, const struct shown *shown)
{
    (void)shown;
    return on_job(daemon, request, jobs_cancel);
}

static json_t *do_retry(struct daemon *daemon, const json_t *request, const struct shown *shown)
{
    (void)shown;
    return on_job(daemon, request, jobs_retry);
}

static json_t *do_submit(struct daemon *daemon, const json_t *request, const struct shown *shown)
{
    struct error err = ERROR_INIT;
    int64_t id = 0;
    int r = submit_request(daemon, request, shown, &id, &err);
    return r < 0 ? refusal(error_name(r), err.text) : reply_job(daemon, id);
}

void command_tell_status(struct daemon *daemon)
{
    struct error err = ERROR_INIT;
    if (!control_watched(daemon->control))
        return;
    _cleanup_json_ json_t *status = command_status(daemon, &first_page, &err);
    if (!status || json_object_set_new(status, "event", json_string("status")) < 0)
        return;
    control_broadcast(daemon->control, status);
}

static json_t *set_paused(struct daemon *daemon, int paused)
{
    struct error err = ERROR_INIT;
    int r = jobs_pause(daemon->jobs, paused, &err);
    log_info(paused ? "paused: running jobs go on, no other starts" : "resumed");
    command_tell_status(daemon);
    if (r < 0)
        return refusal(error_name(r), err.text);
    return json_pack("{s:b, s:b}", "ok", 1, "paused", paused);
}

static json_t *do_pause(struct daemon *daemon, const json_t *request, const struct shown *shown)
{
    (void)shown;
    (void)request;
    return set_paused(daemon, 1);
}

static json_t *do_resume(struct daemon *daemon, const json_t *request, const struct shown *shown)
{
    (void)shown;
    (void)request;
    return set_paused(daemon, 0);
}

static const struct {
    const char *name, *doing; /* doing: for loop_doing */
    json_t *(*run)(struct daemon *, const json_t *, const struct shown *);
} commands[] = {
    { "status", "control: status", do_status }, { "submit", "control: submit", do_submit },
    { "cancel", "control: cancel", do_cancel }, { "retry", "control: retry", do_retry },
    { "pause", "control: pause", do_pause },    { "resume", "control: resume", do_resume },
};

json_t *command_handle(void *context, const json_t *request, const struct shown *shown,
                       int *ret_watch, json_t **ret_first)
{
    struct daemon *daemon = context;
    struct error err = ERROR_INIT;
    const char *name = json_get_string(request, "command", "");
    struct nearest nearest;
    nearest_start(&nearest, (struct pare_str){ name, strlen(name) });
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (!strcmp(commands[i].name, name)) {
            loop_doing(daemon->loop, commands[i].doing);
            return commands[i].run(daemon, request, shown);
        }
        nearest_offer_name(&nearest, commands[i].name);
    }
    if (strcmp(name, "watch") != 0) {
        nearest_offer_name(&nearest, "watch");
        int r = error_set(&err, PARE_EUSAGE, "there is no command `%s'", name);
        (void)!nearest_suggest(&nearest, &err, r);
        return refusal("usage", err.text);
    }
    json_t *status = command_status(daemon, &first_page, &err);
    if (!status)
        return refusal(error_name(err.code), err.text);
    (void)json_object_set_new(status, "event", json_string("status"));
    *ret_first = status;
    *ret_watch = 1;
    return json_pack("{s:b}", "ok", 1);
}
