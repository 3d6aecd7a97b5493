/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Watches: see watch.h. */
#include "intake/watch.h"

#include "base/cleanup.h"

#include <errno.h>
#include <limits.h>
#include <sys/inotify.h>

#define MASK (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF)
#define ENTRIES_MASK                                                                    \
    (IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | \
     IN_MOVE_SELF)
#define READS_PER_TURN 16

struct watch {
    int fd;
    struct loop *loop;
    struct loop_source *source;
    struct watch_callbacks callbacks;
};

static void handle(struct watch *watch, const struct inotify_event *event)
{
    const struct watch_callbacks *to = &watch->callbacks;
    if (event->mask & IN_Q_OVERFLOW)
        to->changed(to->context, WATCH_ALL);
    else if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED))
        to->lost(to->context, event->wd);
    else
        to->changed(to->context, event->wd);
}

static void drain(void *context, uint32_t events)
{
    struct watch *watch = context;
    (void)events;
    _Alignas(struct inotify_event) char buffer[64 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
    for (int i = 0; i < READS_PER_TURN; i++) {
        ssize_t n = read(watch->fd, buffer, sizeof buffer);
        if (n <= 0)
            return;
        for (char *p = buffer; p < buffer + n;) {
            const struct inotify_event *event = (const struct inotify_event *)(void *)p;
            p += sizeof *event + event->len;
            handle(watch, event);
        }
    }
}

int watch_new(struct loop *loop, const struct watch_callbacks *callbacks, struct watch **ret_watch,
              struct error *err)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return error_oom(err);
    watch->loop = loop;
    watch->callbacks = *callbacks;
    watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    int r = watch->fd < 0 ? error_errno(err, errno, "cannot use inotify")
                          : loop_add(loop, "intake: events", watch->fd, EPOLLIN, drain, watch,
                                     &watch->source, err);
    if (r < 0) {
        watch_free(watch);
        return r;
    }
    *ret_watch = watch;
    return 0;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    loop_remove(watch->loop, watch->source);
    if (watch->fd >= 0)
        (void)close(watch->fd);
    free(watch);
}

static int add(struct watch *watch, const char *path, uint32_t mask, int *ret_wd, struct error *err)
{
    int wd = inotify_add_watch(watch->fd, path, mask | IN_ONLYDIR | IN_EXCL_UNLINK);
    if (wd < 0)
        return error_errno(err, errno, "cannot watch %s%s", path,
                           errno == ENOSPC ? " (raise fs.inotify.max_user_watches)" : "");
    *ret_wd = wd;
    return 0;
}

int watch_add(struct watch *watch, const char *path, int *ret_wd, struct error *err)
{
    return add(watch, path, MASK, ret_wd, err);
}

int watch_add_entries(struct watch *watch, const char *path, int *ret_wd, struct error *err)
{
    return add(watch, path, ENTRIES_MASK, ret_wd, err);
}

void watch_remove(struct watch *watch, int wd)
{
    if (wd >= 0)
        (void)inotify_rm_watch(watch->fd, wd);
}
