/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The progress of a conversion on standard error: see commands/convert_private.h. */
#include "base/json.h"
#include "base/timing.h"
#include "cli/commands/convert_private.h"
#include "cli/table.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TERMINAL_INTERVAL 0.1 /* seconds */
#define PLAIN_INTERVAL 10.0
#define NAME_WIDTH 28
#define LINE_SIZE 512

void progress_init(struct progress *progress, const char *name, int quiet)
{
    const char *term = getenv("TERM");
    *progress = (struct progress){ .name = name, .enabled = !quiet };
    progress->terminal = isatty(STDERR_FILENO) && !(term && !strcmp(term, "dumb"));
}

void progress_clear(struct progress *progress)
{
    if (progress->is_shown)
        fputs("\r\033[K", stderr);
    progress->is_shown = 0;
}

/* "43 %  120 MB/s  0:12 left" */
static void figures(const struct progress *p, double done, double total, char *text, size_t size)
{
    char rate_text[FIGURE_SIZE], left_text[FIGURE_SIZE];
    double seconds = timing_since(p->stage_from);
    text[0] = 0;
    double rate = seconds > 0.2 ? (done - p->done_at_start) / seconds : 0;
    int n = total > 0 ? snprintf(text, size, "%3.0f %%", 100 * done / total) : 0;
    if (rate > 0 && done < total)
        (void)snprintf(text + n, size - (size_t)n, "  %s/s  %s left",
                       figure_bytes(rate_text, (uint64_t)rate),
                       figure_seconds(left_text, (total - done) / rate));
    else if (rate > 0)
        (void)snprintf(text + n, size - (size_t)n, "  %s/s",
                       figure_bytes(rate_text, (uint64_t)rate));
}

/* The model's name, cut to NAME_WIDTH columns at most. */
static void short_name(const char *name, char text[NAME_WIDTH * 4 + 8])
{
    size_t n = 0, limit = NAME_WIDTH * 4;
    while (name[n] && n < limit && (unsigned char)name[n] >= 0x20)
        n++;
    memcpy(text, name, n);
    text[n] = 0;
    while (n > 0 && text_width(text) > NAME_WIDTH) {
        do
            n--;
        while (n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80);
        text[n] = 0;
    }
}

static void draw(struct progress *p, double done, double total)
{
    char text[128], bar[LINE_SIZE], name[NAME_WIDTH * 4 + 8];
    figures(p, done, total, text, sizeof text);
    short_name(p->name, name);
    size_t width = terminal_width(stderr);
    width = !width ? 80 : width < LINE_SIZE / 2 ? width : LINE_SIZE / 2;
    size_t used = text_width(name) + strlen(p->stage) + strlen(text) + 8;
    size_t room = width > used + 10 ? width - used : 0;
    if (room > 40)
        room = 40;
    size_t full = total > 0 ? (size_t)((double)room * done / total) : 0;
    memset(bar, '=', full < room ? full : room);
    memset(bar + full, ' ', room - full);
    bar[room] = 0;
    fputs("\r\033[K", stderr);
    if (room) {
        text_print(stderr, name);
        fprintf(stderr, "  %s [%s] %s", p->stage, bar, text);
    } else {
        fprintf(stderr, "%.*s", (int)(width - 1), text);
    }
    (void)fflush(stderr);
    p->is_shown = 1;
}

static void print(const struct progress *p, double done, double total)
{
    char text[128];
    figures(p, done, total, text, sizeof text);
    text_print(stderr, p->name);
    fprintf(stderr, ": %s %s\n", p->stage, text);
}

void progress_line(struct progress *p, const char *event, const json_t *line)
{
    if (!strcmp(event, "warning")) {
        progress_clear(p);
        cli_warn("%s: warning: %s", p->name, json_get_string(line, "text", "?"));
    }
    if (!p->enabled || strcmp(event, "progress") != 0)
        return;
    double total = json_get_real(line, "total", 0), done = json_get_real(line, "done", 0);
    done = done < 0 ? 0 : done > total ? total : done;
    const char *stage = json_get_string(line, "stage", "convert");
    int is_new = strncmp(p->stage, stage, sizeof p->stage - 1) != 0;
    if (is_new) {
        (void)snprintf(p->stage, sizeof p->stage, "%s", stage);
        for (char *c = p->stage; *c; c++)
            *c = *c >= 'a' && *c <= 'z' ? *c : '?';
        p->stage_from = timing_now();
        p->done_at_start = done;
    }
    double interval = p->terminal ? TERMINAL_INTERVAL : PLAIN_INTERVAL;
    if (!is_new && timing_since(p->drawn) < interval)
        return;
    p->drawn = timing_now();
    if (p->terminal)
        draw(p, done, total);
    else
        print(p, done, total);
}
