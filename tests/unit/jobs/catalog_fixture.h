/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the catalog share: a directory for each test, with the catalog's path in it,
 * and SQLite beside our own code to look at the rows.
 */
#ifndef UNIT_CATALOG_FIXTURE_H
#define UNIT_CATALOG_FIXTURE_H

#include "catalog/catalog_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

extern char dir[64], db_path[128];
extern struct error err;

/* Setup and teardown of each test. */
int make_dir(void **state);
int remove_dir(void **state);

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

/* Fails the test with the error's text when the call does not give 0. */
#define OK(call)                                              \
    do {                                                      \
        int result_ = (call);                                 \
        if (result_ != 0)                                     \
            fail_msg("%s: %d: %s", #call, result_, err.text); \
    } while (0)

/* Opens the catalog for writing. */
struct catalog *open_catalog(void);
/* Runs any statement on the file by a handle of its own. */
void plain_sql(const char *sql);
/* The first value of a query. */
int64_t number(struct catalog *catalog, const char *sql);
void assert_text(struct catalog *catalog, const char *sql, const char *expected);
/* A job of two targets, gguf:q4_k_m and gguf:q8_0. */
int64_t add_job(struct catalog *catalog, const char *uid, int priority);

#endif
