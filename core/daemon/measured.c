/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What the daemon measures of itself, for `pare status`: the longest turn of its loop and what it
 * was doing then, its memory, and how fast jobs come in and are converted. All of it counts from
 * the last reset, so that a person or a benchmark can measure what comes next.
 */
#include "base/cleanup.h"
#include "daemon/daemon_private.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>

/* A line of /proc/self/status, such as "\nVmHWM:", in bytes; null when it is not there. */
static json_t *memory_line(const char *status, const char *key)
{
    const char *line = strstr(status, key);
    return line ? json_integer(strtoll(line + strlen(key), NULL, 10) * 1024) : json_null();
}

static json_t *memory_json(void)
{
    char status[4096];
    _cleanup_close_ int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, status, sizeof status - 1);
    status[n > 0 ? n : 0] = 0;
    return json_pack("{s:o, s:o}", "now", memory_line(status, "\nVmRSS:"), "peak",
                     memory_line(status, "\nVmHWM:"));
}

static double seconds(uint64_t nanoseconds)
{
    return (double)nanoseconds / 1e9;
}

static json_t *loop_json(const struct loop_stats *stats)
{
    _cleanup_json_ json_t *handlers = json_array();
    for (size_t i = 0; i < stats->n_figures; i++) {
        const struct loop_figure *f = &stats->figures[i];
        json_t *handler = json_pack("{s:s, s:I, s:f, s:f}", "name", f->name, "calls",
                                    (json_int_t)f->calls, "seconds", seconds(f->total), "longest",
                                    seconds(f->longest));
        if (json_array_append_new(handlers, handler) < 0)
            return NULL;
    }
    return json_pack("{s:I, s:f, s:s?, s:O}", "turns", (json_int_t)stats->turns, "longest",
                     seconds(stats->longest), "where", stats->where, "handlers", handlers);
}

static json_t *tally_json(const struct tally *tally)
{
    double rate = tally_rate(tally);
    return json_pack("{s:I, s:o}", "count", (json_int_t)tally->count, "per_second",
                     isnan(rate) ? json_null() : json_real(rate));
}

json_t *measured_json(const struct daemon *daemon)
{
    const struct jobs_tallies *tallies = jobs_tallies(daemon->jobs);
    return json_pack("{s:f, s:o, s:o, s:o, s:o}", "seconds", timing_since(daemon->measured_from),
                     "loop", loop_json(loop_stats(daemon->loop)), "memory", memory_json(), "queued",
                     tally_json(&tallies->queued), "converted", tally_json(&tallies->converted));
}

/* The kernel's own peak is reset by writing 5 to clear_refs (proc(5)); where that is not allowed,
 * the peak stays that of the whole life. */
static void reset_peak(void)
{
    _cleanup_close_ int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : write(fd, "5", 1);
    (void)n;
}

void measured_reset(struct daemon *daemon)
{
    daemon->measured_from = timing_now();
    loop_stats_reset(daemon->loop);
    jobs_tallies_reset(daemon->jobs);
    reset_peak();
}
