/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The event loop: see loop.h. Timers hang in one list sorted by time and share one timerfd. A
 * removed source is only marked, and freed once the events of this turn are handled, since later
 * ones among them may still point to it.
 */
#include "base/loop.h"

#include "base/cleanup.h"
#include "base/timing.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>

#define EVENTS_PER_TURN 64

struct loop_source {
    const char *name;
    int fd;
    loop_source_fn *callback; /* NULL: removed */
    void *context;
    struct loop_source *next_removed;
};

struct loop {
    int epoll_fd, timer_fd;
    struct loop_timer *timers;
    struct loop_source *timer_source;
    struct loop_source *removed;
    int quit;
    struct loop_stats stats;
    const char *doing;                 /* of the callback that runs */
    const char *slowest;               /* of this turn's callbacks, */
    uint64_t turn_start, slowest_time; /* which took so long; start 0: this turn does not count */
};

/* ---- measuring ---- */

static struct loop_figure *figure_of(struct loop_stats *stats, const char *name)
{
    for (size_t i = 0; i < stats->n_figures; i++)
        if (stats->figures[i].name == name || !strcmp(stats->figures[i].name, name))
            return &stats->figures[i];
    if (stats->n_figures == LOOP_STATS_NAMES)
        return &stats->figures[LOOP_STATS_NAMES - 1];
    struct loop_figure *figure = &stats->figures[stats->n_figures++];
    *figure = (struct loop_figure){ .name = name };
    return figure;
}

/* A callback has ended that began at `start`. Timers nest in the source that fires them, which
 * then has nothing to add (doing is NULL). */
static void count_call(struct loop *loop, uint64_t start)
{
    if (!loop->doing || !loop->turn_start)
        return;
    uint64_t taken = timing_now() - start;
    struct loop_figure *figure = figure_of(&loop->stats, loop->doing);
    figure->calls++;
    figure->total += taken;
    if (taken > figure->longest)
        figure->longest = taken;
    if (taken >= loop->slowest_time) {
        loop->slowest = loop->doing;
        loop->slowest_time = taken;
    }
    loop->doing = NULL;
}

static void begin_turn(struct loop *loop)
{
    loop->turn_start = timing_now();
    loop->slowest = NULL;
    loop->slowest_time = 0;
}

static void end_turn(struct loop *loop)
{
    if (!loop->turn_start)
        return;
    uint64_t taken = timing_now() - loop->turn_start;
    loop->stats.turns++;
    if (taken <= loop->stats.longest)
        return;
    loop->stats.longest = taken;
    loop->stats.where = loop->slowest ? loop->slowest : "loop";
}

void loop_doing(struct loop *loop, const char *what)
{
    loop->doing = what;
}

const struct loop_stats *loop_stats(const struct loop *loop)
{
    return &loop->stats;
}

void loop_stats_reset(struct loop *loop)
{
    loop->stats = (struct loop_stats){ 0 };
    loop->turn_start = 0;
}

/* ---- timers ---- */

/* Sets the timerfd to the time of the first timer. */
static void arm(struct loop *loop)
{
    struct itimerspec spec = { 0 };
    if (loop->timers) {
        spec.it_value.tv_sec = (time_t)(loop->timers->due / 1000000000u);
        spec.it_value.tv_nsec = (long)(loop->timers->due % 1000000000u);
    }
    (void)timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void fire_timers(void *context, uint32_t events)
{
    struct loop *loop = context;
    (void)events;
    uint64_t expirations;
    ssize_t n = read(loop->timer_fd, &expirations, sizeof expirations);
    (void)n;
    uint64_t now = timing_boot();
    while (loop->timers && loop->timers->due <= now) {
        struct loop_timer *timer = loop->timers;
        loop->timers = timer->next;
        timer->next = NULL;
        timer->due = 0;
        uint64_t start = timing_now();
        loop->doing = timer->name;
        timer->callback(timer->context);
        count_call(loop, start);
    }
    arm(loop);
}

int loop_new(struct loop **ret_loop, struct error *err)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return error_oom(err);
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    int r = 0;
    if (loop->epoll_fd < 0 || loop->timer_fd < 0)
        r = error_errno(err, errno, "cannot create the event loop");
    else
        r = loop_add(loop, NULL, loop->timer_fd, EPOLLIN, fire_timers, loop, &loop->timer_source,
                     err);
    if (r < 0) {
        loop_free(loop);
        return r;
    }
    *ret_loop = loop;
    return 0;
}

static void free_removed(struct loop *loop)
{
    while (loop->removed) {
        struct loop_source *source = loop->removed;
        loop->removed = source->next_removed;
        free(source);
    }
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    loop_remove(loop, loop->timer_source);
    free_removed(loop);
    if (loop->timer_fd >= 0)
        (void)close(loop->timer_fd);
    if (loop->epoll_fd >= 0)
        (void)close(loop->epoll_fd);
    free(loop);
}

int loop_add(struct loop *loop, const char *name, int fd, uint32_t events, loop_source_fn *callback,
             void *context, struct loop_source **ret_source, struct error *err)
{
    struct loop_source *source = calloc(1, sizeof *source);
    if (!source)
        return error_oom(err);
    *source = (struct loop_source){ name, fd, callback, context, NULL };
    struct epoll_event event = { .events = events, .data.ptr = source };
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        free(source);
        return error_errno(err, errno, "cannot watch a descriptor");
    }
    *ret_source = source;
    return 0;
}

void loop_modify(struct loop *loop, struct loop_source *source, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = source };
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &event);
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
    if (!source)
        return;
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
    source->callback = NULL;
    source->next_removed = loop->removed;
    loop->removed = source;
}

static void unlink_timer(struct loop *loop, struct loop_timer *timer)
{
    struct loop_timer **place = &loop->timers;
    while (*place && *place != timer)
        place = &(*place)->next;
    if (*place)
        *place = timer->next;
    timer->next = NULL;
    timer->due = 0;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, double seconds)
{
    unlink_timer(loop, timer);
    timer->due = timing_boot() + (uint64_t)((seconds > 0 ? seconds : 0) * 1e9) + 1;
    struct loop_timer **place = &loop->timers;
    while (*place && (*place)->due <= timer->due)
        place = &(*place)->next;
    timer->next = *place;
    *place = timer;
    arm(loop);
}

void loop_timer_sooner(struct loop *loop, struct loop_timer *timer, double seconds)
{
    if (!timer->due || timer->due > timing_boot() + (uint64_t)(seconds * 1e9))
        loop_timer_set(loop, timer, seconds);
}

void loop_timer_clear(struct loop *loop, struct loop_timer *timer)
{
    unlink_timer(loop, timer);
    arm(loop);
}

static void call_source(struct loop *loop, struct loop_source *source, uint32_t events)
{
    if (!source->callback)
        return;
    uint64_t start = timing_now();
    loop->doing = source->name;
    source->callback(source->context, events);
    count_call(loop, start);
}

int loop_run(struct loop *loop, struct error *err)
{
    while (!loop->quit) {
        struct epoll_event events[EVENTS_PER_TURN];
        int n = epoll_wait(loop->epoll_fd, events, EVENTS_PER_TURN, -1);
        if (n < 0 && errno != EINTR)
            return error_errno(err, errno, "cannot wait for events");
        begin_turn(loop);
        for (int i = 0; i < n && !loop->quit; i++)
            call_source(loop, events[i].data.ptr, events[i].events);
        free_removed(loop);
        end_turn(loop);
    }
    return 0;
}

void loop_quit(struct loop *loop)
{
    loop->quit = 1;
}
