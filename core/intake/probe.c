/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Probes: see probe.h. The worker's answer is its exit: what it says of the model on the way is of
 * no use yet. */
#include "intake/probe.h"

#include "base/cleanup.h"
#include "settings/settings.h"
#include "source/sidecar.h"

#include <string.h>

struct probe {
    struct loop *loop;
    struct loop_source *source;
    struct loop_timer timer;
    struct worker_process *process;
    struct source_set set;
    struct sidecars sidecars;
    double silence;
    probe_done_fn *done;
    void *context;
};

DEFINE_CLEANUP(struct probe *, probe_free);

static void ignore_line(void *context, const char *event, const json_t *line)
{
    (void)context;
    (void)event;
    (void)line;
}

static void end(struct probe *probe, int code, const struct error *err)
{
    probe->done(probe->context, code, err->text, probe->set.name);
    probe_free(probe);
}

static void read_lines(void *context, uint32_t events)
{
    struct probe *probe = context;
    struct error err = ERROR_INIT;
    (void)events;
    int r = worker_process_read(probe->process, ignore_line, NULL, &err);
    if (r == 0)
        return;
    if (r > 0)
        r = worker_process_result(probe->process, &err);
    end(probe, r, &err);
}

static void check_silence(void *context)
{
    struct probe *probe = context;
    if (worker_process_silence(probe->process) > probe->silence)
        worker_process_time_out(probe->process, probe->silence);
    loop_timer_set(probe->loop, &probe->timer, 1);
    read_lines(probe, 0);
}

static json_t *request_json(const struct config *config, const struct probe *probe)
{
    const struct source_set *importance = &probe->sidecars.importance;
    return json_pack("{s:s, s:o, s:s, s:s, s:s, s:i, s:s, s:I, s:s, s:o*}", "kind", "probe",
                     "source", source_set_json(&probe->set), "plugins", config->plugins, "recipes",
                     config->recipes, "architectures", config->architectures, "threads", 1, "cpu",
                     settings_text(config->settings, "cpu"), "memory_limit",
                     (json_int_t)settings_count(config->settings, "memory_limit"), "sandbox",
                     settings_text(config->settings, "sandbox"), "importance",
                     importance->n ? source_set_importance_json(importance, NULL, NULL) : NULL);
}

static int open_files(struct probe *probe, const struct probe_request *request, struct error *err)
{
    int r = source_set_open(request->dirfd, request->path, 0, &probe->set, err);
    if (r == 0 && request->has_sidecars)
        r = sidecars_open(request->dirfd, &probe->set, SIDECARS_ALL, &probe->sidecars, err);
    return r;
}

static int start_worker(struct probe *probe, const struct probe_request *request, struct error *err)
{
    const struct config *config = request->config;
    const struct source_set *model = &probe->set, *importance = &probe->sidecars.importance;
    _cleanup_json_ json_t *json = request_json(config, probe);
    _cleanup_free_ int *fds = calloc(model->n + importance->n + 1, sizeof *fds);
    if (!json || !fds)
        return error_oom(err);
    memcpy(fds, model->fds, model->n * sizeof *fds);
    if (importance->n)
        memcpy(fds + model->n, importance->fds, importance->n * sizeof *fds);
    return worker_process_start_by(request->nursery, config->worker, json, fds,
                                   model->n + importance->n, &probe->process, err);
}

int probe_start(struct loop *loop, const struct probe_request *request, struct probe **ret_probe,
                struct error *err)
{
    CLEANUP(probe_free_cleanup) struct probe *probe = calloc(1, sizeof *probe);
    if (!probe)
        return error_oom(err);
    probe->loop = loop;
    probe->silence = request->config->heartbeat;
    probe->done = request->done;
    probe->context = request->context;
    probe->timer =
        (struct loop_timer){ .name = "intake: probe", .callback = check_silence, .context = probe };
    int r = open_files(probe, request, err);
    if (r == 0)
        r = start_worker(probe, request, err);
    if (r < 0)
        return r;
    r = loop_add(loop, "intake: probe", worker_process_fd(probe->process), EPOLLIN, read_lines,
                 probe, &probe->source, err);
    if (r < 0)
        return r;
    loop_timer_set(loop, &probe->timer, 1);
    *ret_probe = TAKE(probe);
    return 0;
}

void probe_free(struct probe *probe)
{
    if (!probe)
        return;
    loop_timer_clear(probe->loop, &probe->timer);
    loop_remove(probe->loop, probe->source);
    worker_process_free(probe->process);
    sidecars_deinit(&probe->sidecars);
    source_set_deinit(&probe->set);
    free(probe);
}
