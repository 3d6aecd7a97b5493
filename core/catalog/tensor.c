/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The tensors of a conversion: put in one by one, for there may be millions. One prepared statement
 * with bound values serves all of them.
 */
#include "catalog/tensor.h"

#include "base/json.h"
#include "base/timing.h"

#include <math.h>
#include <string.h>

#define LOOK_AT_CLOCK 64 /* rows between two looks */
#define CLEAR_AT_ONCE 5000

#define PUT_TENSOR                                                                          \
    "INSERT INTO tensor (conversion_id, position, name, shape, from_encoding, to_encoding," \
    " elements, bytes_in, bytes_out, rmse, sqnr_db, relative_error, max_abs, cosine,"       \
    " weighted_relative_error, weighted_sqnr_db, seconds, nonfinite, importance, lattice)"  \
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

static int bind_text(sqlite3_stmt *statement, int i, struct pare_str text)
{
    if (!text.data)
        return sqlite3_bind_null(statement, i);
    for (size_t k = 0; k < text.len; k++)
        if (text.data[k] < ' ' || text.data[k] > '~') {
            _cleanup_json_ json_t *json = json_text(text.data, text.len);
            return json ? sqlite3_bind_text64(statement, i, json_string_value(json),
                                              json_string_length(json), SQLITE_TRANSIENT,
                                              SQLITE_UTF8)
                        : SQLITE_NOMEM;
        }
    return sqlite3_bind_text64(statement, i, text.data, text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static int bind_shape(sqlite3_stmt *statement, int i, const struct tensor_row *row)
{
    _cleanup_strbuf_ struct strbuf shape = STRBUF_INIT;
    tensor_row_add_shape(&shape, row);
    return shape.failed ? SQLITE_NOMEM
                        : sqlite3_bind_text64(statement, i, shape.data, shape.len, SQLITE_TRANSIENT,
                                              SQLITE_UTF8);
}

static int bind_row(sqlite3_stmt *s, int64_t position, const struct tensor_row *row)
{
    const int64_t counts[] = { (int64_t)row->elements, (int64_t)row->bytes_in,
                               (int64_t)row->bytes };
    int result = sqlite3_bind_int64(s, 2, position);
    result |= bind_text(s, 3, row->name);
    result |= bind_shape(s, 4, row);
    result |= bind_text(s, 5, row->from);
    result |= bind_text(s, 6, row->to);
    for (int i = 0; i < 3; i++)
        result |= sqlite3_bind_int64(s, 7 + i, counts[i]);
    for (int i = 0; i <= ROW_SECONDS; i++)
        result |= sqlite3_bind_double(s, 10 + i, row->figures[i]); /* NAN is NULL */
    result |= sqlite3_bind_int64(s, 18, (int64_t)row->nonfinite);
    result |= sqlite3_bind_int(s, 19, row->importance);
    const char *lattice = tensor_row_lattice_name(row->lattice);
    return result | sqlite3_bind_text(s, 20, lattice, -1, SQLITE_STATIC);
}

static int put_row(struct catalog *catalog, sqlite3_stmt *statement, int64_t position,
                   const struct tensor_row *row, struct error *err)
{
    int result = bind_row(statement, position, row);
    if (result != SQLITE_OK)
        return db_fail_code(catalog, result, "catalog", err);
    int r = db_step(catalog, statement, err);
    (void)sqlite3_reset(statement);
    return r;
}

int tensor_put(struct catalog *catalog, int64_t conversion, int64_t *position,
               struct tensor_rows *rows, double seconds, struct error *err)
{
    _cleanup_statement_ sqlite3_stmt *statement = NULL;
    struct tensor_row row;
    const uint64_t start = timing_now();
    int r = db_prepare(catalog, err, &statement, PUT_TENSOR, "i", conversion);
    for (unsigned n = 1; r == 0; n++) {
        if (seconds > 0 && n % LOOK_AT_CLOCK == 0 && timing_since(start) > seconds)
            return 0;
        r = rows->next(rows, &row, err);
        if (r == 0)
            return 1;
        if (r > 0)
            r = put_row(catalog, statement, (*position)++, &row, err);
    }
    return r;
}

int tensor_clear(struct catalog *catalog, int64_t conversion, int all, struct error *err)
{
    int r = db_run(catalog, err,
                   "DELETE FROM tensor WHERE conversion_id = ?1 AND position < ?2"
                   " + (SELECT min(position) FROM tensor WHERE conversion_id = ?1)",
                   "ii", conversion, all ? INT32_MAX : (int64_t)CLEAR_AT_ONCE);
    return r < 0 ? r : db_changes(catalog) == 0;
}
