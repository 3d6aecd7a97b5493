/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Rows as table, JSON or CSV: see query_view.h. */
#include "cli/views/query_view.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/visible.h"
#include "cli/table.h"

#include <string.h>

#define TABLE_COLUMNS 24 /* more go below each other */

void query_view_deinit(struct query_view *view)
{
    json_decref(view->names);
    json_decref(view->rows);
    view->names = view->rows = NULL;
}

static int is_number(const json_t *value)
{
    return json_is_number(value);
}

/* A value as text of its own; "" for null. NULL when out of memory. */
static char *value_text(const json_t *value, int digits)
{
    char *text = NULL;
    if (json_is_string(value))
        return strdup(json_string_value(value));
    if (json_is_real(value))
        return asprintf(&text, "%.*g", digits, json_real_value(value)) < 0 ? NULL : text;
    return json_is_null(value) ? strdup("") : json_dumps(value, JSON_ENCODE_ANY);
}

/* ---- CSV: RFC 4180, lines end with LF ---- */

/* Lines and tabs inside a text stay, since they do no harm and programs read this; of other control
 * characters what is seen is what they are. */
static int print_csv_text(const char *text)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    for (size_t n; *text; text += n) {
        n = strcspn(text, "\"\n\t");
        visible_add(&sb, text, n);
        if (text[n]) {
            strbuf_add(&sb, text + n, 1);
            strbuf_puts(&sb, text[n] == '"' ? "\"" : "");
            n++;
        }
    }
    const char *cell = sb.data ? sb.data : "";
    const char *quote = strpbrk(cell, ",\"\n") ? "\"" : "";
    printf("%s%s%s", quote, cell, quote);
    return sb.failed ? -1 : 0;
}

static int print_csv(size_t n, const char *const *names, json_t *const *values)
{
    for (size_t i = 0; i < n; i++) {
        _cleanup_free_ char *text = values ? value_text(values[i], 15) : strdup(names[i]);
        fputs(i ? "," : "", stdout);
        if (!text || print_csv_text(text) < 0)
            return -1;
    }
    putchar('\n');
    return 0;
}

/* ---- JSON: an array of objects, one per line ---- */

static int print_json_row(struct query_view *view, size_t n, const char *const *names,
                          json_t *const *values)
{
    if (!values) {
        putchar('[');
        return 0;
    }
    _cleanup_json_ json_t *row = json_object();
    for (size_t i = 0; i < n; i++)
        if (json_object_set(row, names[i], values[i]) < 0)
            return -1;
    _cleanup_free_ char *text = json_to_visible(row, 0);
    if (!text)
        return -1;
    fputs(view->n_rows++ ? ",\n " : "\n ", stdout);
    fputs(text, stdout);
    return 0;
}

/* ---- tables ---- */

/* A column's name as the table shows it: names come from the query, or from the file. */
static json_t *harmless(const char *name)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    visible_add(&sb, name, strlen(name));
    return json_string(sb.data && !sb.failed ? sb.data : "");
}

static int keep_row(struct query_view *view, size_t n, const char *const *names,
                    json_t *const *values)
{
    _cleanup_json_ json_t *row = json_array();
    for (size_t i = 0; i < n; i++)
        if ((values ? json_array_append(row, values[i])
                    : json_array_append_new(row, harmless(names[i]))) < 0)
            return -1;
    if (!values) {
        view->names = TAKE(row);
        view->rows = json_array();
        return view->rows ? 0 : -1;
    }
    view->n_rows++;
    return json_array_append(view->rows, row);
}

int query_view_row(void *context, size_t n, const char *const *names, json_t *const *values)
{
    struct query_view *view = context;
    if (view->format == QUERY_CSV)
        return print_csv(n, names, values);
    if (view->format == QUERY_JSON)
        return print_json_row(view, n, names, values);
    return keep_row(view, n, names, values);
}

static int print_below(const struct query_view *view)
{
    size_t r, c;
    json_t *row, *value;
    json_array_foreach(view->rows, r, row) {
        fputs(r ? "\n" : "", stdout);
        json_array_foreach(row, c, value) {
            _cleanup_free_ char *text = value_text(value, 6);
            if (!text)
                return -1;
            printf("%-20s ", json_string_value(json_array_get(view->names, c)));
            text_print(stdout, text);
            putchar('\n');
        }
    }
    return 0;
}

static int print_table(const struct query_view *view)
{
    char spec[TABLE_COLUMNS + 1] = "";
    const char *headings[TABLE_COLUMNS];
    size_t n = json_array_size(view->names), r, c;
    json_t *row, *value;
    for (size_t i = 0; i < n; i++) {
        headings[i] = json_string_value(json_array_get(view->names, i));
        spec[i] = is_number(json_array_get(json_array_get(view->rows, 0), i)) ? 'r' : 'l';
    }
    struct table *table = table_new(spec, headings);
    json_array_foreach(view->rows, r, row) {
        json_array_foreach(row, c, value) {
            _cleanup_free_ char *text = value_text(value, 6);
            table_cell(table, json_is_null(value) ? NULL : text);
        }
    }
    int result = table_print(table, stdout);
    table_free(table);
    return result;
}

int query_view_end(struct query_view *view)
{
    if (view->format == QUERY_JSON)
        fputs(view->n_rows ? "\n]\n" : "]\n", stdout);
    if (view->format != QUERY_TABLE)
        return 0;
    return json_array_size(view->names) > TABLE_COLUMNS ? print_below(view) : print_table(view);
}
