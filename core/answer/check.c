/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Accounting of a worker's answer: see answer/check.h. */
#include "answer/check.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/timing.h"

#include <string.h>

#define SHORT_LINE (64u << 10) /* of a line whose event cannot be told from its beginning */
#define HELD (96u << 20)       /* memory of all lines of one worker but those that are not kept */
#define BEATS 300.0 /* lines of progress at any time, and per second: the worker makes five */
#define BEATS_PER_SECOND 50.0

int answer_check_init(struct answer_check *check, const json_t *request, struct error *err)
{
    size_t n = json_array_size(json_object_get(request, "targets"));
    *check = (struct answer_check){ .kind = answer_kind(json_get_string(request, "kind", "")),
                                    .n_targets = n,
                                    .start = timing_now(),
                                    .stage = -1,
                                    .done = -1 };
    check->seen = calloc(n / 8 + 1, 1);
    return check->seen ? 0 : error_oom(err);
}

void answer_check_deinit(struct answer_check *check)
{
    free(check->seen);
    check->seen = NULL;
}

/* The event of a line that begins as the worker's lines do; NULL when it does not. */
static const struct answer_event *begun_event(const char *line, size_t len)
{
    char head[64];
    size_t n = 0, index;
    for (size_t i = 0; i < len && i < 64 && n + 1 < sizeof head; i++)
        if (line[i] != ' ')
            head[n++] = line[i];
    head[n] = 0;
    static const char start[] = "{\"event\":\"";
    if (strncmp(head, start, sizeof start - 1) != 0)
        return NULL;
    const char *name = head + sizeof start - 1;
    const char *end = strchr(name, '"');
    return end ? answer_event_find(name, (size_t)(end - name), &index) : NULL;
}

static int answers(const struct answer_check *check, const struct answer_event *event)
{
    return event && (event->kinds & check->kind || event->kinds == ANSWER_ALL);
}

size_t answer_check_length(const struct answer_check *check, const char *line, size_t len)
{
    const struct answer_event *event = begun_event(line, len);
    return answers(check, event) ? event->bytes : SHORT_LINE;
}

static int refuse(const struct answer_event *event, const char *what, struct error *err)
{
    return error_set(err, PARE_ECRASH, "the worker wrote %s (`%s`)", what, event->name);
}

static int refuse_name(const char *name, size_t n, struct error *err)
{
    return error_set(err, PARE_ECRASH, "the worker wrote a line that answers nothing (`%.*s`)",
                     (int)(n < 40 ? n : 40), name);
}

/* Before it is parsed: is it short enough, and does it not grow too much? */
static int check_text(const struct answer_check *check, const char *text, size_t len, size_t cost,
                      struct error *err)
{
    const struct answer_event *event = begun_event(text, len);
    if (event && !answers(check, event))
        return refuse_name(event->name, strlen(event->name), err);
    if (len > (event ? event->bytes : SHORT_LINE))
        return error_set(err, PARE_ECRASH, "the worker wrote a line that is too long");
    if (cost > (event ? event->cost : 16 * SHORT_LINE))
        return error_set(err, PARE_ECRASH, "the worker wrote a line that takes too much memory");
    return 0;
}

/* Each line of a target belongs to one that there is; those that come once, once for each. */
static int check_target(struct answer_check *check, const struct answer_event *event,
                        const json_t *line, struct error *err)
{
    const json_t *index = json_object_get(line, "target");
    if (!event->of_target || !index || json_is_null(index))
        return 0;
    if (!json_is_integer(index) || json_integer_value(index) < 0 ||
        (uint64_t)json_integer_value(index) >= check->n_targets)
        return refuse(event, "of a target that there is not", err);
    size_t i = (size_t)json_integer_value(index);
    if (event->most != 1)
        return 0;
    if (check->seen[i / 8] & 1u << i % 8)
        return refuse(event, "twice of a target", err);
    check->seen[i / 8] |= (unsigned char)(1u << i % 8);
    return 0;
}

/* How many there may be by now. */
static double most(const struct answer_check *check, const struct answer_event *event)
{
    if (!strcmp(event->name, "progress"))
        return BEATS + BEATS_PER_SECOND * timing_since(check->start);
    return (double)event->most * (double)(event->of_target ? check->n_targets + 1 : 1);
}

static int check_number(struct answer_check *check, const struct answer_event *event, size_t index,
                        size_t cost, struct error *err)
{
    if ((double)++check->counts[index] > most(check, event))
        return refuse(event, "too many lines of a kind", err);
    if (event->most == SIZE_MAX || !strcmp(event->name, "warning"))
        return 0; /* nobody keeps these */
    check->held += cost;
    if (check->held > (event->cost > HELD ? event->cost : HELD))
        return refuse(event, "too much", err);
    return 0;
}

/* 1 when the line shows that the job goes on. */
static int shows_progress(struct answer_check *check, const json_t *line)
{
    int stage = answer_stage(json_get_string(line, "stage", ""));
    int64_t done = json_get_int(line, "done", 0), step = json_get_int(line, "step", 0);
    if (stage < check->stage ||
        (stage == check->stage && done <= check->done && step <= check->step))
        return 0;
    check->stage = stage;
    check->done = done;
    check->step = step;
    return 1;
}

static int check_progress(const json_t *line, struct error *err)
{
    if (answer_stage(json_get_string(line, "stage", "")) < 0)
        return error_set(err, PARE_ECRASH, "`stage` is none that there is");
    return 0;
}

/* The event must be one that answers the request, and the line of its shape. */
static int check_line(struct answer_check *check, const struct answer_event *event, json_t *line,
                      struct error *err)
{
    if (!event || !(event->kinds & check->kind || event->kinds == ANSWER_ALL))
        return error_set(err, PARE_ECRASH, "the worker wrote a line that answers nothing (`%.40s`)",
                         json_get_string(line, "event", ""));
    struct error why = ERROR_INIT;
    _cleanup_json_ json_t *name = json_incref(json_object_get(line, "event"));
    int r = event->members ? shape_check(event->members, line, &why) : 0;
    if (r == 0 && !strcmp(event->name, "progress"))
        r = check_progress(line, &why);
    if (r < 0)
        return error_set(err, r, "the worker wrote a line that is not right: %s: %s", event->name,
                         why.text);
    return json_object_set(line, "event", name) < 0 ? error_oom(err) : 0;
}

int answer_check_line(struct answer_check *check, const char *text, size_t len,
                      const struct answer_event **ret_event, json_t **ret_line, struct error *err)
{
    _cleanup_json_ json_t *line = NULL;
    size_t index = 0, cost = shape_cost(text, len);
    int r = check_text(check, text, len, cost, err);
    if (r < 0)
        return r;
    r = json_parse_object(text, len, &line, err);
    if (r < 0)
        return r == PARE_ENOMEM ? r
                                : error_set(err, PARE_ECRASH,
                                            "the worker wrote a line that is not a JSON object");
    const char *name = json_get_string(line, "event", NULL);
    if (!name)
        return error_set(err, PARE_ECRASH, "the worker wrote a line without \"event\"");
    const struct answer_event *event = answer_event_find(name, strlen(name), &index);
    r = check_line(check, event, line, err);
    if (r == 0)
        r = check_target(check, event, line, err);
    if (r == 0)
        r = check_number(check, event, index, cost, err);
    if (r < 0)
        return r;
    int is_sign = strcmp(event->name, "progress") ? event->is_sign : shows_progress(check, line);
    *ret_event = event;
    *ret_line = TAKE(line);
    return is_sign;
}
