/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Logging: see log.h. A line is built whole and written by one write(2). */
#include "base/log.h"

#include "base/visible.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_int max_level = LOG_LEVEL_INFO;

void log_set_level(int level)
{
    atomic_store(&max_level, level);
}

int log_level_by_name(const char *name)
{
    if (!strcmp(name, "error"))
        return LOG_LEVEL_ERROR;
    if (!strcmp(name, "warning"))
        return LOG_LEVEL_WARNING;
    if (!strcmp(name, "info"))
        return LOG_LEVEL_INFO;
    if (!strcmp(name, "debug"))
        return LOG_LEVEL_DEBUG;
    return -1;
}

static size_t put_prefix(char *line, size_t size, int level)
{
    if (getenv("JOURNAL_STREAM"))
        return (size_t)snprintf(line, size, "<%d>", level);
    struct timespec now;
    struct tm tm;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)localtime_r(&now.tv_sec, &tm);
    size_t n = strftime(line, size, "%Y-%m-%d %H:%M:%S", &tm);
    const char *word = level <= LOG_LEVEL_ERROR     ? "error: "
                       : level == LOG_LEVEL_WARNING ? "warning: "
                                                    : "";
    return n + (size_t)snprintf(line + n, size - n, ".%03ld %s", now.tv_nsec / 1000000, word);
}

void log_line(int level, const char *format, ...)
{
    if (level > atomic_load(&max_level))
        return;
    char line[2048];
    size_t n = put_prefix(line, sizeof line, level);
    va_list ap;
    va_start(ap, format);
    int m = vsnprintf(line + n, sizeof line - n - 1, format, ap);
    va_end(ap);
    if (m > 0) {
        visible_in_place(line + n);
        n += strlen(line + n);
    }
    line[n++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, n);
    (void)written;
}
