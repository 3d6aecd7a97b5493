/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The daemon's life: see daemon.h. It starts with locks, catalog and abilities, restores what a
 * crash may have left, opens intake and socket, and only then says READY. Signals come by signalfd
 * like everything else. It stops in the opposite order; jobs that run go back into the queue.
 */
#include "daemon/daemon.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "daemon/daemon_private.h"
#include "daemon/notify.h"
#include "settings/settings.h"

#include <config.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

#define PLUGIN_SECONDS 20.0
#define RELOAD_SECONDS 5.0
#define STATUS_SECONDS 1.0

static void update_status(void *context)
{
    struct daemon *daemon = context;
    _cleanup_json_ json_t *counts = NULL;
    struct error err = ERROR_INIT;
    catalog_watch_damage(daemon);
    if (catalog_counts(daemon->catalog, &counts, &err) < 0)
        return;
    const char *held = places_held(daemon->places);
    notify_send("STATUS=%zu running, %lld queued, %zu arriving%s%s%s", jobs_running(daemon->jobs),
                (long long)(json_get_int(counts, "queued", 0) + json_get_int(counts, "retry", 0)),
                intake_waiting(daemon->intake), jobs_paused(daemon->jobs) ? ", paused" : "",
                held ? ", held: " : "", held ? held : "");
}

static void status_soon(struct daemon *daemon)
{
    loop_timer_sooner(daemon->loop, &daemon->status_timer, STATUS_SECONDS);
}

/* The watchdog is fed only while all is well: that this runs shows that the loop turns, and the
 * catalog is asked. */
static void feed_watchdog(void *context)
{
    struct daemon *daemon = context;
    _cleanup_json_ json_t *counts = NULL;
    struct error err = ERROR_INIT;
    if (catalog_counts(daemon->catalog, &counts, &err) == 0)
        notify_send("WATCHDOG=1");
    else
        log_error("the catalog does not answer: %s", err.text);
    loop_timer_set(daemon->loop, &daemon->watchdog_timer, daemon->watchdog_seconds / 3);
}

/* ---- what the parts tell ---- */

static void on_job(void *context, int64_t id, int progress)
{
    struct daemon *daemon = context;
    struct error err = ERROR_INIT;
    if (!progress)
        status_soon(daemon);
    if (!daemon->control || !control_watched(daemon->control))
        return;
    json_t *job = command_job(daemon, id, &err);
    if (!job)
        return;
    _cleanup_json_ json_t *event = json_pack("{s:s, s:o}", "event", "job", "job", job);
    control_broadcast(daemon->control, event);
}

static const char *suffix_of(void *context, const char *format)
{
    const struct daemon *daemon = context;
    return abilities_suffix(&daemon->abilities, format);
}

static void on_taken(void *context, struct intake_taken *list, size_t n)
{
    struct daemon *daemon = context;
    jobs_accept(daemon->jobs, list, n);
}

static void on_arriving(void *context)
{
    struct daemon *daemon = context;
    status_soon(daemon);
    if (!daemon->control || !control_watched(daemon->control))
        return;
    _cleanup_json_ json_t *event = command_arriving(daemon, &first_page);
    if (!event || json_object_set_new(event, "event", json_string("arriving")) < 0)
        return;
    control_broadcast(daemon->control, event);
}

static void on_note(void *context, int level, const char *kind, const char *text)
{
    struct daemon *daemon = context;
    struct error err = ERROR_INIT;
    const char *name = level <= LOG_LEVEL_ERROR     ? "error"
                       : level == LOG_LEVEL_WARNING ? "warning"
                                                    : "info";
    log_line(level, "%s", text);
    if (catalog_event(daemon->catalog, 0, name, kind, text, &err) < 0)
        log_error("%s", err.text);
}

static void start_again(void *context, const char *text)
{
    struct daemon *daemon = context;
    if (daemon->result == DAEMON_RESTART)
        return;
    on_note(daemon, LOG_LEVEL_WARNING, "replaced", text);
    daemon->result = DAEMON_RESTART;
    loop_quit(daemon->loop);
}

static void on_replaced(void *context)
{
    start_again(context,
                "another directory is at the drop directory's path: starting again with that");
}

static void on_held(void *context, const char *reason)
{
    struct daemon *daemon = context;
    if (reason)
        on_note(daemon, LOG_LEVEL_ERROR, "held", reason);
    else
        on_note(daemon, LOG_LEVEL_INFO, "held", "all places are as they should be: jobs go on");
    if (!daemon->jobs || !daemon->control)
        return;
    status_soon(daemon);
    command_tell_status(daemon);
    if (!reason)
        jobs_kick(daemon->jobs);
}

static void on_drop_away(void *context)
{
    struct daemon *daemon = context;
    if (daemon->intake)
        intake_rescan(daemon->intake);
}

/* Has the plugins loaded once for all jobs (supervise/nursery.h). */
static void prepare_nursery(struct daemon *daemon)
{
    const struct config *config = daemon->config;
    _cleanup_json_ json_t *like = json_pack("{s:s, s:s, s:s}", "plugins", config->plugins,
                                            "recipes", config->recipes, "architectures",
                                            config->architectures);
    if (like && settings_put(config->settings, like) == 0)
        nursery_prepare(daemon->nursery, config->worker, like);
}

/* ---- signals ---- */

static void reload(struct daemon *daemon)
{
    struct config fresh;
    struct abilities abilities;
    struct error err = ERROR_INIT;
    notify_send("RELOADING=1");
    int r = daemon->reload(daemon->reload_context, &fresh, &err);
    if (r < 0) {
        on_note(daemon, LOG_LEVEL_ERROR, "reload", err.text);
        log_error("the configuration stays as it was");
    } else {
        const char *key = config_keep_fixed(daemon->config, &fresh);
        if (key)
            log_warning("a change of `%s' needs a restart", key);
        config_deinit(daemon->config);
        *daemon->config = fresh;
        log_set_level(daemon->config->log_level);
        log_info("the configuration was read again");
    }
    if (abilities_init(&abilities, daemon->config, RELOAD_SECONDS, &err) == 0) {
        abilities_deinit(&daemon->abilities);
        daemon->abilities = abilities;
    } else {
        log_error("%s", err.text);
    }
    nursery_renew(daemon->nursery);
    prepare_nursery(daemon);
    intake_rescan(daemon->intake);
    jobs_kick(daemon->jobs);
    notify_send("READY=1");
}

static void on_signal(void *context, uint32_t events)
{
    struct daemon *daemon = context;
    struct signalfd_siginfo info;
    (void)events;
    if (read(daemon->signal_fd, &info, sizeof info) != sizeof info)
        return;
    if (info.ssi_signo == SIGHUP) {
        reload(daemon);
        return;
    }
    log_info("stopping (%s)", strsignal((int)info.ssi_signo));
    loop_quit(daemon->loop);
}

/* Breaking one of our short leases sends SIGIO, and writing to a client that has gone SIGPIPE:
 * neither may end the daemon. */
static int take_signals(struct daemon *daemon, struct error *err)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGIO, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return error_errno(err, errno, "cannot block signals");
    daemon->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (daemon->signal_fd < 0)
        return error_errno(err, errno, "cannot take signals");
    return loop_add(daemon->loop, "signals", daemon->signal_fd, EPOLLIN, on_signal, daemon,
                    &daemon->signal_source, err);
}

/* ---- start and stop ---- */

/* 1 when nobody closed the catalog: its log lies beside it. */
static int was_left_open(const char *catalog)
{
    _cleanup_strbuf_ struct strbuf log = STRBUF_INIT;
    _cleanup_strbuf_ struct strbuf index = STRBUF_INIT;
    strbuf_printf(&log, "%s-wal", catalog);
    strbuf_printf(&index, "%s-shm", catalog);
    return log.failed || index.failed || access(log.data, F_OK) == 0 ||
           access(index.data, F_OK) == 0;
}

static int open_catalog(struct daemon *daemon, int *ret_is_new, int *ret_left_open,
                        struct error *err)
{
    _cleanup_free_ char *moved = NULL;
    *ret_left_open = was_left_open(daemon->config->catalog);
    int r = catalog_open_or_replace(daemon->config->catalog, &moved, &daemon->catalog, err);
    if (r < 0)
        return r;
    *ret_is_new = r == 1;
    if (moved) {
        log_error("the catalog was damaged: the old one is kept as %s", moved);
        on_note(daemon, LOG_LEVEL_ERROR, "catalog", "the catalog was damaged and made anew");
    }
    return 0;
}

static int check_targets(struct daemon *daemon, struct error *err)
{
    int r = abilities_init(&daemon->abilities, daemon->config, PLUGIN_SECONDS, err);
    for (size_t i = 0; r == 0 && i < daemon->config->n_targets; i++)
        r = abilities_check(&daemon->abilities, &daemon->config->targets[i], err);
    return r;
}

static int open_nursery(struct daemon *daemon, struct error *err)
{
    int r = nursery_new(daemon->folders.out_fd, &daemon->nursery, err);
    if (r == 0)
        prepare_nursery(daemon);
    return r;
}

static void note_plugins(struct daemon *daemon)
{
    size_t i;
    json_t *plugin;
    struct error err = ERROR_INIT;
    json_array_foreach(daemon->abilities.plugins, i, plugin)
        if (catalog_plugin_seen(daemon->catalog, json_get_string(plugin, "name", ""),
                                json_get_string(plugin, "version", ""),
                                json_get_string(plugin, "sha256", ""), plugin, &err) < 0)
            log_error("%s", err.text);
}

/* The claims go in before the manifests, since they know all targets of their jobs. */
static int restore(struct daemon *daemon, int is_new, int left_open, struct error *err)
{
    struct jobs_callbacks callbacks = { on_job, suffix_of, daemon };
    struct places_callbacks of_places = { on_held, start_again, on_drop_away, daemon };
    int r = places_new(daemon->loop, &daemon->folders, daemon->config->catalog, &of_places,
                       &daemon->places, err);
    if (r == 0)
        r = jobs_new(daemon->loop, daemon->config, &daemon->folders, daemon->catalog,
                     daemon->places, daemon->nursery, &callbacks, &daemon->jobs, err);
    if (r == 0 && (is_new || left_open))
        r = jobs_restore_claims(daemon->jobs, err);
    if (r == 0 && is_new)
        r = rebuild_catalog(daemon->catalog, &daemon->folders, err);
    else if (r == 0 && left_open)
        r = rebuild_missing(daemon->catalog, &daemon->folders, err);
    return r < 0 ? r : jobs_restore(daemon->jobs, err);
}

static int open_ways_in(struct daemon *daemon, struct error *err)
{
    struct intake_callbacks intake = { on_taken, on_arriving, on_note, on_replaced, daemon };
    struct control_callbacks control = { command_handle, daemon };
    int r = intake_new(daemon->loop, daemon->config, &daemon->folders, &daemon->abilities,
                       daemon->nursery, &intake, &daemon->intake, err);
    return r < 0
               ? r
               : control_new(daemon->loop, daemon->config->socket, &control, &daemon->control, err);
}

static int start(struct daemon *daemon, struct error *err)
{
    int is_new = 0, left_open = 0;
    int r = loop_new(&daemon->loop, err);
    if (r == 0)
        r = take_signals(daemon, err);
    if (r == 0)
        r = folders_open(daemon->config, &daemon->folders, err);
    if (r == 0)
        r = check_targets(daemon, err);
    if (r == 0)
        r = open_nursery(daemon, err);
    if (r == 0)
        r = open_catalog(daemon, &is_new, &left_open, err);
    if (r == 0)
        r = restore(daemon, is_new, left_open, err);
    if (r == 0)
        r = open_ways_in(daemon, err);
    if (r != 0)
        return r;
    note_plugins(daemon);
    daemon->status_timer = (struct loop_timer){ .name = "service status",
                                                .callback = update_status,
                                                .context = daemon };
    daemon->watchdog_timer =
        (struct loop_timer){ .name = "watchdog", .callback = feed_watchdog, .context = daemon };
    daemon->watchdog_seconds = notify_watchdog_seconds();
    if (daemon->watchdog_seconds > 0)
        loop_timer_set(daemon->loop, &daemon->watchdog_timer, 0);
    catalog_check_start(daemon);
    jobs_kick(daemon->jobs);
    return 0;
}

static void stop(struct daemon *daemon)
{
    if (daemon->loop)
        catalog_check_stop(daemon);
    control_free(daemon->control);
    daemon->control = NULL;
    intake_free(daemon->intake);
    if (daemon->loop) {
        loop_timer_clear(daemon->loop, &daemon->watchdog_timer);
        loop_timer_clear(daemon->loop, &daemon->status_timer);
    }
    jobs_free(daemon->jobs);
    places_free(daemon->places);
    nursery_free(daemon->nursery);
    catalog_close(daemon->catalog);
    abilities_deinit(&daemon->abilities);
    folders_close(&daemon->folders);
    if (daemon->signal_source)
        loop_remove(daemon->loop, daemon->signal_source);
    if (daemon->signal_fd >= 0)
        (void)close(daemon->signal_fd);
    loop_free(daemon->loop);
}

int daemon_run(struct config *config, daemon_reload_fn *reload_config, void *context,
               struct error *err)
{
    struct daemon daemon = { .config = config,
                             .reload = reload_config,
                             .reload_context = context,
                             .signal_fd = -1,
                             .start = timing_now(),
                             .measured_from = timing_now() };
    folders_init(&daemon.folders);
    int r = start(&daemon, err);
    if (r == 0) {
        log_info("pared " PARE_VERSION " takes models from %s and writes to %s", config->drop,
                 config->out);
        notify_send("READY=1\nSTATUS=Waiting for models in %s\nMAINPID=%d", config->drop,
                    (int)getpid());
        r = loop_run(daemon.loop, err);
        if (daemon.result != DAEMON_RESTART)
            notify_send("STOPPING=1");
    }
    stop(&daemon);
    return r == 0 ? daemon.result : r;
}
