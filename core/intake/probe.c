/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Probes: see probe.h. The worker's answer is its exit; of what it says of the model on the way
 * only a doubt counts. */
#include "intake/probe.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "settings/settings.h"
#include "source/sidecar.h"

#include <stdio.h>
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
    int doubt; /* PROBE_REFUSED and so on, with its text; 0: none */
    char text[ERROR_TEXT_MAX];
    struct probe_end end;
};

DEFINE_CLEANUP(struct probe *, probe_free);

static void take_doubt(void *context, const char *event, const json_t *line)
{
    struct probe *probe = context;
    if (strcmp(event, "doubt") != 0)
        return;
    const char *kind = json_get_string(line, "kind", "");
    probe->doubt = !strcmp(kind, "promise")   ? PROBE_PROMISE
                   : !strcmp(kind, "missing") ? PROBE_MISSING
                                              : PROBE_REFUSED;
    probe->end.age = json_get_real(line, "age", 0);
    (void)snprintf(probe->text, sizeof probe->text, "%s", json_get_string(line, "text", ""));
}

static void end(struct probe *probe, int code, const struct error *err)
{
    int in_doubt = code == 0 && probe->doubt;
    probe->end.code = in_doubt ? probe->doubt : code;
    probe->end.text = in_doubt ? probe->text : err->text;
    probe->end.name = probe->set.name;
    probe->done(probe->context, &probe->end);
    probe_free(probe);
}

static void read_lines(void *context, uint32_t events)
{
    struct probe *probe = context;
    struct error err = ERROR_INIT;
    (void)events;
    int r = worker_process_read(probe->process, take_doubt, probe, &err);
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

static json_t *targets_json(const struct job_target *targets, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:O*}", "format", targets[i].format,
                                                    "recipe", targets[i].recipe, "options",
                                                    targets[i].options));
    return list;
}

/* What the job's request will say of these, so that its refusals are known beforehand. */
static int add_targets(json_t *json, const struct probe_request *request, const struct probe *probe)
{
    const json_t *settings = request->config->settings;
    _cleanup_json_ json_t *overrides = json_array();
    const json_t *rules = probe->sidecars.rules;
    if (!request->n_targets)
        return 0;
    if (!overrides || (rules && json_array_extend(overrides, (json_t *)rules) < 0) ||
        settings_add_rules(settings, "pared.conf", overrides) < 0)
        return -1;
    return json_object_set_new(json, "targets",
                               targets_json(request->targets, request->n_targets)) |
           json_object_set(json, "overrides", overrides);
}

static json_t *request_json(const struct probe_request *request, const struct probe *probe)
{
    const struct source_set *importance = &probe->sidecars.importance;
    const struct config *config = request->config;
    _cleanup_json_ json_t *json =
        json_pack("{s:s, s:o, s:s, s:s, s:s, s:o*}", "kind", "probe", "source",
                  source_set_json(&probe->set), "plugins", config->plugins, "recipes",
                  config->recipes, "architectures", config->architectures, "importance",
                  importance->n ? source_set_importance_json(importance, NULL, NULL) : NULL);
    if (!json || settings_put(config->settings, json) < 0 ||
        json_object_set_new(json, "threads", json_integer(1)) < 0 ||
        add_targets(json, request, probe) < 0)
        return NULL;
    return TAKE(json);
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
    _cleanup_json_ json_t *json = request_json(request, probe);
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
