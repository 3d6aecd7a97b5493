/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What the event loop measures of its callbacks, and rates of events. */
#include "base/loop.h"
#include "base/timing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void take_time(void *context)
{
    (void)context;
    uint64_t start = timing_now();
    while (timing_since(start) < 0.02)
        ;
}

static void take_more_under_another_name(void *context)
{
    loop_doing(context, "publishing");
    take_time(context);
    take_time(context);
}

static void end_loop(void *context)
{
    loop_quit(context);
}

static const struct loop_figure *figure(const struct loop *loop, const char *name)
{
    const struct loop_stats *stats = loop_stats(loop);
    for (size_t i = 0; i < stats->n_figures; i++)
        if (!strcmp(stats->figures[i].name, name))
            return &stats->figures[i];
    return NULL;
}

static void the_loop_tells_its_longest_turn(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct loop *loop = NULL;
    assert_int_equal(loop_new(&loop, &err), 0);
    struct loop_timer first = { .name = "first", .callback = take_time, .context = loop };
    struct loop_timer second = { .name = "second",
                                 .callback = take_more_under_another_name,
                                 .context = loop };
    struct loop_timer last = { .name = "last", .callback = end_loop, .context = loop };
    loop_timer_set(loop, &first, 0);
    loop_timer_set(loop, &second, 0.1);
    loop_timer_set(loop, &last, 0.2);
    assert_int_equal(loop_run(loop, &err), 0);
    const struct loop_stats *stats = loop_stats(loop);
    assert_string_equal(stats->where, "publishing");
    assert_true(stats->longest >= 40000000 && stats->turns >= 3);
    assert_true(figure(loop, "first")->longest >= 20000000);
    assert_int_equal(figure(loop, "first")->calls, 1);
    assert_null(figure(loop, "second"));
    loop_stats_reset(loop);
    assert_int_equal(stats->longest, 0);
    assert_null(stats->where);
    loop_free(loop);
}

static void tallies_tell_rates(void **state)
{
    (void)state;
    struct tally tally = { 0 };
    assert_true(tally_rate(&tally) != tally_rate(&tally)); /* NAN */
    tally = (struct tally){ .count = 11, .first = 1000000000, .last = 3000000000 };
    assert_true(tally_rate(&tally) == 5.0);
    tally_add(&tally);
    assert_int_equal(tally.count, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loop_tells_its_longest_turn),
        cmocka_unit_test(tallies_tell_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
