/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Descriptions of encodings: see encoding.h. The rules are those of pare/plugin.h. */
#include "safetensors/planes/encoding.h"

#include "safetensors/json-check.h"
#include "safetensors/json.h"

#include <string.h>

#define MAX_BLOCK 65536u
#define MAX_TILE 65536u
#define MAX_BITS (8u << 24)
#define MAX_ROW_BYTES (MAX_BITS / 8)

static const char *const PER[] = { "block", "row", "column", "tile", "tensor" };

struct reading {
    const struct st_context *context;
    struct pare_str file;
    struct st_encoding *encoding;
    struct st_json json;
};

static int refuse(const struct reading *reading, const char *what)
{
    return ST_FAIL(reading->context, PARE_EDATA,
                   "`%s`: the description of encoding `%s` in `" ST_METADATA "`: %s",
                   st_show(reading->file).text, reading->encoding->name, what);
}

/* Names as those of plugins. */
static int copy_name(struct pare_str name, char ret_name[ST_ENCODING_NAME])
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    if (name.len == 0 || name.len >= ST_ENCODING_NAME || name.data[0] < 'a' || name.data[0] > 'z')
        return 0;
    for (size_t i = 0; i < name.len; i++)
        if (!name.data[i] || !strchr(allowed, name.data[i]))
            return 0;
    memcpy(ret_name, name.data, name.len);
    ret_name[name.len] = '\0';
    return 1;
}

/* A number from `least` to `most`. */
static int read_number(struct reading *reading, uint32_t least, uint32_t most, const char *what,
                       uint32_t *ret_number)
{
    uint64_t number;
    if (*ret_number)
        return refuse(reading, "a key is there twice");
    if (!st_json_u64(&reading->json, &number) || number < least || number > most)
        return refuse(reading, what);
    *ret_number = (uint32_t)number;
    return 0;
}

static int read_text(struct reading *reading, struct pare_str *ret_text)
{
    if (st_json_peek(&reading->json) != '"')
        return refuse(reading, "name and per of a plane must be strings");
    *ret_text = st_json_string(&reading->json);
    return 0;
}

static int read_per(struct reading *reading, struct st_plane *plane)
{
    struct pare_str text = { NULL, 0 };
    int r = plane->per == ST_NONE ? read_text(reading, &text)
                                  : refuse(reading, "a key is there twice");
    if (r < 0)
        return r;
    for (uint32_t i = 0; i < sizeof PER / sizeof PER[0]; i++)
        if (st_is(text, PER[i])) {
            plane->per = i;
            return 0;
        }
    return refuse(reading, "per must be block, row, column, tile or tensor");
}

static int read_tile(struct reading *reading, struct st_plane *plane)
{
    static const char rule[] = "tile must be two whole numbers from 1 to 65536";
    uint32_t *const sides[] = { &plane->tile_rows, &plane->tile_columns };
    uint32_t n = 0;
    if (st_json_peek(&reading->json) != '[')
        return refuse(reading, rule);
    st_json_enter(&reading->json);
    for (; st_json_more(&reading->json); n++) {
        int r = n < 2 ? read_number(reading, 1, MAX_TILE, rule, sides[n]) : refuse(reading, rule);
        if (r < 0)
            return r;
    }
    return n == 2 ? 0 : refuse(reading, rule);
}

static int read_plane_member(struct reading *reading, struct pare_str key, struct st_plane *plane)
{
    struct pare_str text = { NULL, 0 };
    if (st_is(key, "per"))
        return read_per(reading, plane);
    if (st_is(key, "tile"))
        return read_tile(reading, plane);
    if (st_is(key, "bits"))
        return read_number(reading, 1, MAX_BITS, "bits must be a number from 1 to 134217728",
                           &plane->bits);
    if (st_is(key, "row_bytes"))
        return read_number(reading, 1, MAX_ROW_BYTES,
                           "row_bytes must be a number from 1 to 16777216", &plane->row_bytes);
    if (!st_is(key, "name"))
        return refuse(reading, "a plane has a key that is not known");
    int r = plane->name[0] == '\0' ? read_text(reading, &text)
                                   : refuse(reading, "a key is there twice");
    if (r == 0 && !copy_name(text, plane->name))
        r = refuse(reading, "a plane's name is not 1 to 31 of a-z, 0-9, '_', '-'");
    return r;
}

static int check_plane(const struct reading *reading, const struct st_plane *plane)
{
    const struct st_encoding *encoding = reading->encoding;
    if (plane->name[0] == '\0' || plane->per == ST_NONE || plane->bits == 0)
        return refuse(reading, "a plane needs name, per and bits");
    if (plane->row_bytes && plane->per != PARE_PER_BLOCK)
        return refuse(reading, "row_bytes go with planes per block only");
    if ((plane->tile_rows > 0) != (plane->per == PARE_PER_TILE))
        return refuse(reading, "planes per tile have a tile, and others none");
    for (uint32_t i = 0; i < encoding->n_planes; i++)
        if (!strcmp(encoding->planes[i].name, plane->name))
            return refuse(reading, "two planes have one name");
    return 0;
}

static int read_plane(struct reading *reading)
{
    struct st_encoding *encoding = reading->encoding;
    struct st_plane plane = { .per = ST_NONE };
    if (encoding->n_planes == PARE_MAX_PLANES)
        return refuse(reading, "it has over 8 planes");
    if (st_json_peek(&reading->json) != '{')
        return refuse(reading, "a plane must be an object");
    st_json_enter(&reading->json);
    while (st_json_more(&reading->json)) {
        const struct pare_str key = st_json_key(&reading->json);
        int r = read_plane_member(reading, key, &plane);
        if (r < 0)
            return r;
    }
    int r = check_plane(reading, &plane);
    if (r == 0)
        encoding->planes[encoding->n_planes++] = plane;
    return r;
}

static int read_planes(struct reading *reading)
{
    if (reading->encoding->n_planes)
        return refuse(reading, "a key is there twice");
    if (st_json_peek(&reading->json) != '[')
        return refuse(reading, "planes must be a list");
    st_json_enter(&reading->json);
    while (st_json_more(&reading->json)) {
        int r = read_plane(reading);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_members(struct reading *reading)
{
    struct st_encoding *encoding = reading->encoding;
    st_json_enter(&reading->json);
    while (st_json_more(&reading->json)) {
        const struct pare_str key = st_json_key(&reading->json);
        int r = st_is(key, "block_len") ? read_number(reading, 1, MAX_BLOCK,
                                                      "block_len must be a number from 1 to 65536",
                                                      &encoding->block_len)
                : st_is(key, "planes")  ? read_planes(reading)
                                        : refuse(reading, "it has a key that is not known");
        if (r < 0)
            return r;
    }
    return encoding->block_len && encoding->n_planes
               ? 0
               : refuse(reading, "it needs block_len and planes");
}

int st_encoding_read(const struct st_context *context, struct pare_str file, struct pare_str name,
                     struct pare_str text, struct st_encoding *ret_encoding)
{
    struct st_encoding encoding = { .text = text };
    char *start = (char *)(uintptr_t)text.data; /* the header's own text */
    struct reading reading = { context, file, &encoding, { start, start + text.len } };
    struct st_json_fault fault;
    uint64_t len;
    if (!copy_name(name, encoding.name))
        return ST_FAIL(context, PARE_EDATA,
                       "`%s`: `" ST_METADATA
                       "` describes an encoding `%s`, which is no name of one",
                       st_show(file).text, st_show(name).text);
    if (!st_json_check(text, 0, &len, &fault) || len != text.len || text.data[0] != '{')
        return refuse(&reading, "it must be a JSON object");
    int r = read_members(&reading);
    if (r == 0)
        *ret_encoding = encoding;
    return r;
}

void st_encoding_of(const struct pare_encoding *said, struct st_encoding *ret_encoding)
{
    struct st_encoding encoding = { .block_len = said->block_len };
    strncpy(encoding.name, said->name, sizeof encoding.name - 1);
    for (; said->planes[encoding.n_planes]; encoding.n_planes++) {
        const struct pare_plane *from = said->planes[encoding.n_planes];
        struct st_plane *to = &encoding.planes[encoding.n_planes];
        *to = (struct st_plane){ .per = from->per,
                                 .bits = from->bits,
                                 .row_bytes = from->row_bytes,
                                 .tile_rows = from->tile_rows,
                                 .tile_columns = from->tile_columns };
        strncpy(to->name, from->name, sizeof to->name - 1);
    }
    *ret_encoding = encoding;
}

int st_encoding_equal(const struct st_encoding *a, const struct st_encoding *b)
{
    if (a->block_len != b->block_len || a->n_planes != b->n_planes)
        return 0;
    for (uint32_t i = 0; i < a->n_planes; i++) {
        const struct st_plane *x = &a->planes[i], *y = &b->planes[i];
        if (strcmp(x->name, y->name) != 0 || x->per != y->per || x->bits != y->bits ||
            x->row_bytes != y->row_bytes || x->tile_rows != y->tile_rows ||
            x->tile_columns != y->tile_columns)
            return 0;
    }
    return 1;
}

static void put_number(struct st_text *text, const char *before, uint32_t number)
{
    st_puts(text, before);
    st_put_u64(text, number);
}

static void put_plane(struct st_text *text, const struct st_plane *plane)
{
    st_puts(text, "{\"name\":");
    st_put_json(text, st_str(plane->name));
    st_puts(text, ",\"per\":");
    st_put_json(text, st_str(PER[plane->per]));
    put_number(text, ",\"bits\":", plane->bits);
    if (plane->row_bytes)
        put_number(text, ",\"row_bytes\":", plane->row_bytes);
    if (plane->tile_rows) {
        put_number(text, ",\"tile\":[", plane->tile_rows);
        put_number(text, ",", plane->tile_columns);
        st_puts(text, "]");
    }
    st_puts(text, "}");
}

void st_encoding_put(struct st_text *text, const struct st_encoding *encoding)
{
    put_number(text, "{\"block_len\":", encoding->block_len);
    st_puts(text, ",\"planes\":[");
    for (uint32_t i = 0; i < encoding->n_planes; i++) {
        if (i > 0)
            st_puts(text, ",");
        put_plane(text, &encoding->planes[i]);
    }
    st_puts(text, "]}");
}

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

int st_encoding_plane(const struct st_encoding *encoding, uint32_t plane, const uint64_t *dims,
                      uint32_t n_dims, struct st_plane_shape *ret_shape)
{
    const struct st_plane *p = &encoding->planes[plane];
    const uint64_t row_len = n_dims ? dims[n_dims - 1] : 1;
    uint64_t rows = row_len ? 1 : 0, units = 1, bytes; /* without elements there are no rows */
    for (uint32_t i = 0; i + 1 < n_dims; i++)
        if (__builtin_mul_overflow(rows, dims[i], &rows))
            return 0;
    if (row_len % encoding->block_len != 0)
        return 0;
    if (p->per == PARE_PER_BLOCK)
        units = row_len / encoding->block_len;
    else if (p->per == PARE_PER_TILE)
        units = divide_up(row_len, p->tile_columns);
    else if (p->per == PARE_PER_COLUMN)
        units = row_len;
    const int has_rows = p->per != PARE_PER_COLUMN && p->per != PARE_PER_TENSOR;
    if (p->per == PARE_PER_TILE)
        rows = divide_up(rows, p->tile_rows);
    if (__builtin_mul_overflow(units, p->bits, &bytes) || __builtin_add_overflow(bytes, 7, &bytes))
        return 0;
    bytes = bytes / 8 + p->row_bytes;
    *ret_shape = (struct st_plane_shape){ .dims = { bytes }, .n_dims = 1, .bytes = bytes };
    if (!has_rows)
        return 1;
    *ret_shape = (struct st_plane_shape){ .dims = { rows, bytes }, .n_dims = 2 };
    return !__builtin_mul_overflow(rows, bytes, &ret_shape->bytes);
}
