/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* core/plugin/calibration: what an encoding is told, what it may fail at, and that what it began is
 * ended once. */
#include "plugin/calibration.h"

#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 4u
#define ROW 3u

static enum { NOTHING, BEGIN, SILENT, ODD, GATHER, SETTLE } fails;
static int begun, ended;
static struct pare_calibration told;
static struct pare_input input;
static char step[16];

struct state {
    const struct pare_host *host;
    struct pare_job *job;
    float sum;
};

static int begin(const struct pare_host *host, struct pare_job *job,
                 const struct pare_tensor *tensor, const struct pare_calibration *known,
                 void **ret_state)
{
    const char *option = host->option(job, "step");
    assert_true(tensor->n_dims == 2 && tensor->dims[0] == ROWS && tensor->dims[1] == ROW);
    assert_string_equal(tensor->encoding, "summed");
    assert_true(tensor->planes[1].length == 4);
    told = *known;
    if (known->inputs)
        input = *known->inputs[0];
    (void)strncpy(step, option ? option : "none", sizeof step - 1);
    if (fails == BEGIN)
        return (host->fail)(job, PARE_ENOTSUP, "it will not");
    if (fails == SILENT || fails == ODD)
        return fails == SILENT ? PARE_EIO : 12;
    struct state *s = host->alloc(job, 1, sizeof *s);
    assert_non_null(s);
    s->host = host;
    s->job = job;
    host->log(job, PARE_LOG_WARNING, "begun %s", "it");
    assert_int_equal(host->cancelled(job), 1);
    *ret_state = s;
    begun++;
    return 0;
}

static int gather(void *state, const float *x, uint64_t first_row, uint64_t rows, uint64_t row_len)
{
    struct state *s = state;
    if (fails == GATHER)
        return (s->host->fail)(s->job, PARE_EDATA, "row %d is odd", (int)first_row);
    for (uint64_t i = 0; i < rows * row_len; i++)
        s->sum += x[i];
    return 0;
}

static int settle(void *state, void *const *planes)
{
    struct state *s = state;
    assert_null(planes[0]);
    if (fails == SETTLE)
        return (s->host->fail)(s->job, PARE_EDATA, "it is odd");
    memcpy(planes[1], &s->sum, 4);
    return 0;
}

static void end(void *state)
{
    struct state *s = state;
    s->host->release(s->job, s);
    ended++;
}

static const struct encoding summed = {
    .name = "summed",
    .block_len = 1,
    .n_planes = 2,
    .planes = { { .bits = 8 }, { .per = PARE_PER_TENSOR, .bits = 32 } },
    .said = { .begin = begin, .gather = gather, .settle = settle, .end = end },
};
static const struct encoding plain = { .name = "plain", .block_len = 1 };

static struct pare_extent planes[] = { { .length = 12 }, { .length = 4 } };
static const struct model_tensor tensor = { .name = { "t", 1 },
                                            .encoding_name = (char *)"summed",
                                            .encoding = &summed,
                                            .n_dims = 2,
                                            .n_planes = 2,
                                            .dims = { ROWS, ROW },
                                            .elements = ROWS * ROW,
                                            .row_len = ROW,
                                            .rows = ROWS,
                                            .planes = planes };

static void take_log(void *context, int level, const char *text)
{
    (void)level;
    (void)strncpy(context, text, 63);
}

static int yes(void *context)
{
    (void)context;
    return 1;
}

static json_t *options;
static char logged[64];
static const struct host_hooks hooks = { take_log, yes, logged };

static int start(const float *importance, uint64_t matrices, struct calibration **ret,
                 struct error *err)
{
    const struct calibration_request request = { .tensor = &tensor,
                                                 .options = options,
                                                 .hooks = &hooks,
                                                 .search = PARE_SEARCH_BEST,
                                                 .importance = importance,
                                                 .matrices = matrices };
    begun = ended = 0;
    *ret = NULL;
    return calibration_begin(&request, ret, err);
}

static void what_is_gathered_is_settled(void **state)
{
    (void)state;
    static const float x[ROWS * ROW] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    struct pare_calibration call = { 0 };
    struct error err = ERROR_INIT;
    struct calibration *c;
    float sum;
    assert_true(calibration_is_needed(&summed) && !calibration_is_needed(&plain));
    assert_int_equal(start(NULL, 0, &c, &err), 0);
    assert_true(told.search == PARE_SEARCH_BEST && !told.importance && !told.inputs);
    assert_string_equal(step, "0.5");
    assert_string_equal(logged, "begun it");
    assert_true(calibration_gathers(c));
    assert_int_equal(calibration_gather(c, x, 0, 1, ROW, &err), 0);
    assert_int_equal(calibration_gather(c, x + ROW, 1, 3, ROW, &err), 0);
    assert_int_equal(calibration_settle(c, &err), 0);
    assert_null(calibration_plane(c, 0));
    memcpy(&sum, calibration_plane(c, 1), 4);
    assert_true(sum == 78);
    calibration_apply(c, 2 * ROW + 1, &call);
    assert_true(call.first_row == 2 && call.first_column == 1 && call.inputs == told.inputs);
    assert_true(((const struct state *)call.state)->sum == 78);
    calibration_free(c);
    assert_true(begun == 1 && ended == 1);
    calibration_free(NULL);
}

static void importance_is_told(void **state)
{
    (void)state;
    static const float weights[2 * ROW] = { 1, 2, 3, 4, 5, 6 };
    struct error err = ERROR_INIT;
    struct calibration *c;
    assert_int_equal(start(weights, 1, &c, &err), 0);
    assert_true(told.importance == weights && input.data == weights);
    assert_true(input.kind == PARE_INPUT_IMPORTANCE && input.n_dims == 1 && input.dims[0] == ROW);
    calibration_free(c);
    assert_int_equal(start(weights, 2, &c, &err), 0); /* no row stands for all */
    assert_true(!told.importance && input.n_dims == 2);
    assert_true(input.dims[0] == 2 && input.dims[1] == ROW && input.data == weights);
    calibration_free(c);
}

static void what_fails_is_told_and_ended(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *text;
        int ends;
    } cases[] = {
        [BEGIN] = { PARE_ENOTSUP, "tensor `t`: it will not", 0 },
        [SILENT] = { PARE_EIO, "tensor `t`: summed: begin failed without saying why", 0 },
        [ODD] = { PARE_EPLUGIN, "tensor `t`: summed: begin returned 12, which is no status", 0 },
        [GATHER] = { PARE_EDATA, "tensor `t`: row 3 is odd", 1 },
        [SETTLE] = { PARE_EDATA, "tensor `t`: it is odd", 1 },
    };
    for (fails = BEGIN; fails <= SETTLE; fails++) {
        const float x[ROW] = { 0 };
        struct error err = ERROR_INIT;
        struct calibration *c = NULL;
        int r = start(NULL, 0, &c, &err);
        if (r == 0)
            r = calibration_gather(c, x, 3, 1, ROW, &err);
        if (r == 0)
            r = calibration_settle(c, &err);
        assert_int_equal(r, cases[fails].code);
        assert_string_equal(err.text, cases[fails].text);
        calibration_free(c);
        assert_int_equal(ended, cases[fails].ends);
    }
    fails = NOTHING;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_gathered_is_settled),
        cmocka_unit_test(importance_is_told),
        cmocka_unit_test(what_fails_is_told_and_ended),
    };
    options = json_pack("{s:s}", "step", "0.5");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(options);
    return failed;
}
