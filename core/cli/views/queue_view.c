/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The queue as text: see queue_view.h. */
#include "cli/views/queue_view.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "cli/table.h"

#include <math.h>
#include <string.h>

#define FIELD_SIZE 1200

static const char *stage_text(const json_t *job)
{
    const char *state = json_get_string(job, "state", "?");
    return strcmp(state, "running") ? state : json_get_string(job, "stage", state);
}

/* "43 %  52 MB/s  0:12 left", or the error of the last attempt. */
static void progress_text(const json_t *job, char text[FIELD_SIZE])
{
    double done = json_get_real(job, "done", NAN), total = json_get_real(job, "total", NAN);
    int converts = !strcmp(json_get_string(job, "stage", ""), "convert");
    double rate = converts ? json_get_real(job, "rate", NAN) : NAN;
    const char *problem = json_get_string(json_object_get(job, "error"), "text", NULL);
    int n = 0;
    text[0] = 0;
    if (total > 0 && done >= 0 && done <= total)
        n = snprintf(text, FIELD_SIZE, "%.0f %%", 100 * done / total);
    char figure[FIGURE_SIZE];
    if (n > 0 && rate > 0 && done < total) {
        n += snprintf(text + n, FIELD_SIZE - (size_t)n, "  %s/s",
                      figure_bytes(figure, (uint64_t)rate));
        (void)snprintf(text + n, FIELD_SIZE - (size_t)n, "  %s left",
                       figure_seconds(figure, (total - done) / rate));
    } else if (!n && problem) {
        (void)snprintf(text, FIELD_SIZE, "%s", problem);
    }
}

static void targets_text(const json_t *job, char text[FIELD_SIZE])
{
    size_t i, n = 0;
    json_t *target;
    text[0] = 0;
    json_array_foreach(json_object_get(job, "targets"), i, target) {
        int w = snprintf(text + n, FIELD_SIZE - n, "%s%s:%s%s", i ? " " : "",
                         json_get_string(target, "format", "?"),
                         json_get_string(target, "recipe", "?"),
                         strcmp(json_get_string(target, "state", ""), "done") ? "" : "*");
        if (w < 0 || (n += (size_t)w) >= FIELD_SIZE)
            return;
    }
}

static int print_jobs(const json_t *jobs, FILE *out)
{
    static const char *const headings[] = { "ID", "MODEL", "STATE", "TARGETS", "PROGRESS" };
    struct table *table = table_new("rllll", headings);
    size_t i;
    json_t *job;
    char text[FIELD_SIZE];
    json_array_foreach(jobs, i, job) {
        table_cellf(table, "%lld", (long long)json_get_int(job, "id", 0));
        table_cell(table, json_get_string(job, "name", NULL));
        table_cell(table, stage_text(job));
        targets_text(job, text);
        table_cell(table, text);
        progress_text(job, text);
        table_cell(table, text);
    }
    int r = table_print(table, out);
    table_free(table);
    return r;
}

static void print_arrival(const json_t *item, int is_ignored, FILE *out)
{
    char figure[FIGURE_SIZE];
    text_print(out, json_get_string(item, "name", "?"));
    if (!is_ignored)
        fprintf(out, "  %s", figure_bytes(figure, (uint64_t)json_get_int(item, "bytes", 0)));
    fputs("  ", out);
    if (!strcmp(json_get_string(item, "state", ""), "stuck"))
        fprintf(out, "stuck for %s: ", figure_seconds(figure, json_get_real(item, "since", 0)));
    text_print(out, json_get_string(item, "reason", ""));
    fputc('\n', out);
}

/* What is not taken, under a heading: what waits, or what never will be. */
static void print_arriving(const json_t *arriving, int ignored, FILE *out)
{
    const char *before = ignored ? "\nIgnored:\n  " : "\nArriving:\n  ";
    size_t i;
    json_t *item;
    json_array_foreach(arriving, i, item) {
        if ((strcmp(json_get_string(item, "state", ""), "ignored") == 0) != ignored)
            continue;
        fputs(before, out);
        print_arrival(item, ignored, out);
        before = "  ";
    }
}

/* "longest turn 12 ms (job: publish), 14 MB at most, 200.0 queued/s, 20.0 converted/s" */
static void print_measured(const json_t *measured, FILE *out)
{
    const json_t *loop = json_object_get(measured, "loop");
    char figure[FIGURE_SIZE];
    if (!loop)
        return;
    fprintf(out, "loop     longest turn %.1f ms (", 1e3 * json_get_real(loop, "longest", 0));
    text_print(out, json_get_string(loop, "where", "none"));
    int64_t peak = json_get_int(json_object_get(measured, "memory"), "peak", -1);
    fprintf(out, "), at most %s", peak < 0 ? "?" : figure_bytes(figure, (uint64_t)peak));
    static const char *const kinds[] = { "queued", "converted" };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        double rate = json_get_real(json_object_get(measured, kinds[i]), "per_second", NAN);
        if (!isnan(rate))
            fprintf(out, ", %.3g %s/s", rate, kinds[i]);
    }
    fputc('\n', out);
}

static void print_head(const json_t *status, FILE *out)
{
    const json_t *counts = json_object_get(status, "counts");
    const json_t *workers = json_object_get(status, "workers");
    char uptime[FIGURE_SIZE];
    fprintf(out, "pared ");
    text_print(out, json_get_string(status, "version", "?"));
    fprintf(out, " (pid %lld), up %s%s\n", (long long)json_get_int(status, "pid", 0),
            figure_seconds(uptime, json_get_real(status, "uptime", 0)),
            json_get_bool(status, "paused", 0) ? ", PAUSED" : "");
    const char *held = json_get_string(status, "held", NULL);
    if (held) {
        fputs("HELD     ", out);
        text_print(out, held);
        fputc('\n', out);
    }
    static const char *const places[] = { "drop", "out", "catalog" };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *place = json_get_string(status, places[i], NULL);
        if (!place)
            continue;
        fprintf(out, "%-8s ", places[i]);
        text_print(out, place);
        fputc('\n', out);
    }
    fprintf(out, "workers  %lld of %lld\n", (long long)json_get_int(workers, "running", 0),
            (long long)json_get_int(workers, "max", 0));
    fputs("jobs    ", out);
    const char *state;
    json_t *count;
    const char *separator = " ";
    json_object_foreach((json_t *)counts, state, count) {
        if (!json_integer_value(count))
            continue;
        fprintf(out, "%s%lld ", separator, (long long)json_integer_value(count));
        text_print(out, state);
        separator = ", ";
    }
    fputs(*separator == ' ' ? " none\n" : "\n", out);
    print_measured(json_object_get(status, "measured"), out);
}

static void print_more(const json_t *status, const char *list, const char *total, FILE *out)
{
    int64_t shown = (int64_t)json_array_size(json_object_get(status, list));
    int64_t more = json_get_int(status, total, 0) - shown;
    if (more > 0)
        fprintf(out, "  ... and %lld more (--all)\n", (long long)more);
}

int queue_view_print(const json_t *status, FILE *out)
{
    print_head(status, out);
    const json_t *jobs = json_object_get(status, "jobs");
    int r = 0;
    if (json_array_size(jobs)) {
        fputc('\n', out);
        r = print_jobs(jobs, out);
        print_more(status, "jobs", "jobs_total", out);
    }
    print_arriving(json_object_get(status, "arriving"), 0, out);
    print_arriving(json_object_get(status, "arriving"), 1, out);
    print_more(status, "arriving", "arriving_total", out);
    return r;
}

void queue_view_print_job(const json_t *job, FILE *out)
{
    char text[FIELD_SIZE];
    progress_text(job, text);
    fprintf(out, "job %lld ", (long long)json_get_int(job, "id", 0));
    text_print(out, json_get_string(job, "name", "?"));
    fputs(": ", out);
    text_print(out, stage_text(job));
    fputs(*text ? ", " : "", out);
    text_print(out, text);
    fputc('\n', out);
}
