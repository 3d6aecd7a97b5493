/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Reads and checks the header of one file, in this order: its length, its text (UTF-8, JSON,
 * padding), its entries one by one, duplicate names, then all data ranges together: in order of
 * their offsets they must cover the data part exactly, to the file's last byte. Only a file that
 * is right so far but too short is PARE_EINCOMPLETE.
 */
#include "safetensors/header.h"

#include "common/cursor.h"
#include "safetensors/dtype.h"
#include "safetensors/json-check.h"
#include "safetensors/names.h"
#include "safetensors/sort.h"
#include "safetensors/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct parse {
    const struct st_context *context;
    struct st_header *header;
    struct pare_str tensor; /* the entry that is being read */
};

/* What one tensor's entry says. */
struct entry {
    int has_dtype, has_shape, has_offsets;
    uint32_t dtype;
    char *shape;
    uint64_t dims[PARE_MAX_DIMS];
    uint32_t n_dims;
    uint64_t begin, end;
};

/* Reports what is wrong with the file as a whole. */
static int __attribute__((format(printf, 3, 4)))
file_fault(const struct parse *parse, int code, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return ST_FAIL(parse->context, code, "`%s`: %s", st_show(parse->header->name).text, text);
}

/* Reports what is wrong with the tensor whose entry is being read. */
static int __attribute__((format(printf, 3, 4)))
tensor_fault(const struct parse *parse, int code, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return ST_FAIL(parse->context, code, "`%s`, tensor `%s`: %s", st_show(parse->header->name).text,
                   st_show(parse->tensor).text, text);
}

int st_header_plausible(const uint8_t *head, size_t head_len)
{
    if (head_len < 9 || head[8] != '{')
        return 0;
    const uint64_t n = cursor_number(head, 8);
    return n >= 2 && n <= ST_MAX_HEADER;
}

/* What else often arrives under the name of a model, recognized by its first bytes; NULL: nothing
 * known. */
static const char *known_impostor(const uint8_t *head)
{
    if (memcmp(head, "version ", 8) == 0)
        return "this is a Git LFS pointer, not the weights: run `git lfs pull` where it came from";
    if (memcmp(head, "<!DOCTYP", 8) == 0 || memcmp(head, "<!doctyp", 8) == 0 ||
        memcmp(head, "<html", 5) == 0)
        return "this is a web page, not a model: the download got an error page";
    if (memcmp(head, "PK\3\4", 4) == 0)
        return "this is a zip archive (PyTorch?), not safetensors";
    if (memcmp(head, "GGUF", 4) == 0)
        return "this is a GGUF file: give it the suffix .gguf";
    return NULL;
}

/* Reads the header's length and checks it against the limit and the file. The cursor, at the file's
 * first byte, moves to the text. */
static int read_length(const struct parse *parse, struct cursor *cursor, uint64_t *ret_n)
{
    uint8_t head[9];
    const size_t head_len = cursor->size < sizeof head ? 8 : sizeof head;
    if (cursor->size < 8)
        return file_fault(parse, PARE_EINCOMPLETE,
                          "%llu bytes are too few for a safetensors file, which begins with the "
                          "8-byte length of its header",
                          (unsigned long long)cursor->size);
    const int r = cursor_bytes(cursor, head, head_len, "the header's length");
    if (r < 0)
        return r;
    cursor_seek(cursor, 8);
    const uint64_t n = cursor_number(head, 8);
    const char *impostor = known_impostor(head);
    if (impostor)
        return file_fault(parse, PARE_EDATA, "%s", impostor);
    if (n > ST_MAX_HEADER)
        return file_fault(parse, PARE_EDATA,
                          "not a safetensors file: the header would be %llu bytes long, and the "
                          "format's limit is %u",
                          (unsigned long long)n, ST_MAX_HEADER);
    if (n < 2)
        return file_fault(parse, PARE_EDATA, "a header of %llu bytes cannot hold JSON",
                          (unsigned long long)n);
    if (head_len == sizeof head && head[8] != '{')
        return file_fault(parse, PARE_EDATA, "the header must begin with `{`, not with byte 0x%02x",
                          head[8]);
    if (n > cursor->size - 8)
        return file_fault(parse, PARE_EINCOMPLETE,
                          "the header needs %llu bytes, and the file has %llu so far",
                          (unsigned long long)(n + 8), (unsigned long long)cursor->size);
    *ret_n = n;
    return 0;
}

static int read_text(const struct parse *parse)
{
    struct st_header *header = parse->header;
    const struct st_context *context = parse->context;
    struct cursor cursor = { .host = context->host, .job = context->job };
    int r = cursor_open(&cursor, header->file, NULL);
    if (r == 0)
        r = read_length(parse, &cursor, &header->text_len);
    if (r == 0) {
        header->data_start = header->text_len + 8;
        header->text = context->host->alloc(context->job, header->text_len, 1);
        r = header->text ? cursor_bytes(&cursor, header->text, header->text_len, "the header")
                         : PARE_ENOMEM;
    }
    cursor_close(&cursor);
    return r;
}

/* Proves that the header's text is UTF-8 and JSON with nothing but spaces after it. */
static int check_text(const struct parse *parse)
{
    const struct st_header *header = parse->header;
    const struct pare_str text = { header->text, header->text_len };
    struct st_json_fault fault;
    uint64_t at;
    if (!st_utf8_valid(text, &at))
        return file_fault(parse, PARE_EDATA, "the header is not UTF-8 at byte %llu",
                          (unsigned long long)(at + 8));
    if (!st_json_check(text, 0, &at, &fault))
        return file_fault(parse, fault.code, "the header is not JSON: %s, at byte %llu", fault.what,
                          (unsigned long long)(fault.at + 8));
    for (; at < text.len; at++)
        if (text.data[at] != ' ')
            return file_fault(parse, PARE_EDATA,
                              "only spaces may follow the header's JSON, and "
                              "byte %llu is 0x%02x",
                              (unsigned long long)(at + 8), (uint8_t)text.data[at]);
    return 0;
}

enum st_shape st_shape_read(struct st_json *json, uint64_t *ret_dims, uint32_t *ret_n_dims)
{
    uint32_t n = 0;
    if (st_json_peek(json) != '[')
        return ST_SHAPE_ODD;
    st_json_enter(json);
    while (st_json_more(json)) {
        if (n == PARE_MAX_DIMS)
            return ST_SHAPE_LONG;
        if (!st_json_u64(json, &ret_dims[n]))
            return ST_SHAPE_ODD;
        n++;
    }
    *ret_n_dims = n;
    return ST_SHAPE_GOOD;
}

static int entry_dtype(const struct parse *parse, struct st_json *json, struct entry *entry)
{
    if (st_json_peek(json) != '"')
        return tensor_fault(parse, PARE_EDATA, "dtype must be a string");
    const struct pare_str name = st_json_string(json);
    if (!st_dtype_find(name, &entry->dtype))
        return tensor_fault(parse, PARE_ENOTSUP, "dtype `%s` is not known", st_show(name).text);
    return 0;
}

static int entry_shape(const struct parse *parse, struct st_json *json, struct entry *entry)
{
    struct st_json start = *json;
    st_json_peek(&start);
    entry->shape = start.p;
    const enum st_shape shape = st_shape_read(json, entry->dims, &entry->n_dims);
    if (shape == ST_SHAPE_ODD)
        return tensor_fault(parse, PARE_EDATA,
                            "shape must be a list of whole numbers below 2^64, "
                            "and it is %s",
                            st_show(st_json_skip(&start)).text);
    if (shape == ST_SHAPE_LONG)
        return tensor_fault(parse, PARE_ELIMIT,
                            "the shape has more dimensions than the limit "
                            "of %d",
                            PARE_MAX_DIMS);
    return 0;
}

static int entry_offsets(const struct parse *parse, struct st_json *json, struct entry *entry)
{
    struct st_json start = *json;
    uint64_t pair[PARE_MAX_DIMS];
    uint32_t n = 0;
    if (st_shape_read(json, pair, &n) != ST_SHAPE_GOOD || n != 2)
        return tensor_fault(parse, PARE_EDATA,
                            "data_offsets must be two whole numbers below 2^64, "
                            "and they are %s",
                            st_show(st_json_skip(&start)).text);
    if (pair[1] < pair[0])
        return tensor_fault(parse, PARE_EDATA,
                            "data_offsets end at %llu, before they begin "
                            "at %llu",
                            (unsigned long long)pair[1], (unsigned long long)pair[0]);
    entry->begin = pair[0];
    entry->end = pair[1];
    return 0;
}

/* Reads one member of an entry; the cursor is at its value. */
static int entry_member(const struct parse *parse, struct st_json *json, struct pare_str key,
                        struct entry *entry)
{
    int *seen = st_is(key, "dtype")          ? &entry->has_dtype
                : st_is(key, "shape")        ? &entry->has_shape
                : st_is(key, "data_offsets") ? &entry->has_offsets
                                             : NULL;
    if (!seen)
        return tensor_fault(parse, PARE_ENOTSUP, "key `%s` is not one of the format's",
                            st_show(key).text);
    if (*seen)
        return tensor_fault(parse, PARE_EDATA, "key `%s` is there twice", st_show(key).text);
    *seen = 1;
    if (seen == &entry->has_dtype)
        return entry_dtype(parse, json, entry);
    if (seen == &entry->has_shape)
        return entry_shape(parse, json, entry);
    return entry_offsets(parse, json, entry);
}

/* The extent must have the size that type and shape ask for. */
static int check_size(const struct parse *parse, const struct entry *entry)
{
    uint64_t bytes;
    if (!entry->has_dtype || !entry->has_shape || !entry->has_offsets)
        return tensor_fault(parse, PARE_EDATA, "%s is missing",
                            !entry->has_dtype   ? "dtype"
                            : !entry->has_shape ? "shape"
                                                : "data_offsets");
    if (!st_dtype_bytes(entry->dtype, entry->dims, entry->n_dims, &bytes))
        return tensor_fault(parse, PARE_EDATA, "the shape's product overflows 64 bits");
    if (bytes == UINT64_MAX)
        return tensor_fault(parse, PARE_EDATA, "its %s elements do not fill whole bytes",
                            st_dtype_at(entry->dtype)->name);
    if (bytes != entry->end - entry->begin)
        return tensor_fault(parse, PARE_EDATA,
                            "%s and shape need %llu bytes, and "
                            "data_offsets [%llu, %llu] hold %llu",
                            st_dtype_at(entry->dtype)->name, (unsigned long long)bytes,
                            (unsigned long long)entry->begin, (unsigned long long)entry->end,
                            (unsigned long long)(entry->end - entry->begin));
    return 0;
}

static int check_name(const struct parse *parse)
{
    if (st_has_nul(parse->tensor))
        return tensor_fault(parse, PARE_EDATA, "a name with a NUL character");
    if (parse->tensor.len > PARE_MAX_NAME)
        return tensor_fault(parse, PARE_ELIMIT, "the name is %zu bytes long, and the limit is %d",
                            parse->tensor.len, PARE_MAX_NAME);
    return 0;
}

/* Reads the entry of one tensor; the cursor is at its value. */
static int read_entry(struct parse *parse, struct st_json *json, struct pare_str name)
{
    struct st_header *header = parse->header;
    struct entry entry = { .dtype = 0 };
    parse->tensor = name;
    int r = check_name(parse);
    if (r < 0)
        return r;
    if (st_json_peek(json) != '{')
        return tensor_fault(parse, PARE_EDATA, "its entry must be an object");
    st_json_enter(json);
    while (st_json_more(json)) {
        const struct pare_str key = st_json_key(json);
        r = entry_member(parse, json, key, &entry);
        if (r < 0)
            return r;
    }
    r = check_size(parse, &entry);
    if (r < 0)
        return r;
    header->tensors[header->n_tensors++] = (struct st_tensor){ .name = name.data,
                                                               .shape = entry.shape,
                                                               .begin = entry.begin,
                                                               .end = entry.end,
                                                               .name_len = (uint16_t)name.len,
                                                               .dtype = (uint8_t)entry.dtype };
    return 0;
}

/* Reads all entries into the table, which has room for them. */
static int read_entries(struct parse *parse, struct st_names *names)
{
    struct st_header *header = parse->header;
    struct st_json json = { header->text, header->text + header->text_len };
    st_json_enter(&json);
    while (st_json_more(&json)) {
        const struct pare_str name = st_json_key(&json);
        if (st_names_add(names, name, 0))
            return file_fault(parse, PARE_EDATA, "`%s` is there twice in the header",
                              st_show(name).text);
        if (st_is(name, ST_METADATA)) {
            header->metadata = json;
            st_json_skip(&json);
            continue;
        }
        const int r = read_entry(parse, &json, name);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_table(struct parse *parse, uint64_t max_tensors)
{
    struct st_header *header = parse->header;
    const struct st_context *context = parse->context;
    struct st_names names = { .slots = NULL };
    const struct st_json json = { header->text, header->text + header->text_len };
    const uint64_t n = st_json_count(&json);
    if (n > max_tensors + 1) /* one may be `__metadata__` */
        return file_fault(parse, PARE_ELIMIT,
                          "with %llu entries in this header, the model "
                          "exceeds the limit of %u tensors",
                          (unsigned long long)n, ST_MAX_TENSORS);
    header->tensors = context->host->alloc(context->job, n + 1, sizeof header->tensors[0]);
    if (!header->tensors)
        return PARE_ENOMEM;
    int r = st_names_init(context, &names, n);
    if (r == 0)
        r = read_entries(parse, &names);
    st_names_deinit(context, &names);
    return r;
}

/* By offset; an empty tensor goes before the one that begins in the same place. */
static int by_offset(const void *a, const void *b)
{
    const struct st_tensor *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return (x->shape > y->shape) - (x->shape < y->shape);
}

/* In order of their offsets, the tensors must cover the data part exactly. */
static int check_cover(struct parse *parse)
{
    struct st_header *header = parse->header;
    uint64_t covered = 0, needed;
    st_sort(header->tensors, header->n_tensors, sizeof header->tensors[0], by_offset);
    for (uint64_t i = 0; i < header->n_tensors; i++) {
        const struct st_tensor *tensor = &header->tensors[i];
        parse->tensor = st_header_tensor_name(header, i);
        if (tensor->begin < covered)
            return tensor_fault(parse, PARE_EDATA,
                                "its data at %llu overlaps that of `%s`, "
                                "which ends at %llu",
                                (unsigned long long)tensor->begin,
                                st_show(st_header_tensor_name(header, i - 1)).text,
                                (unsigned long long)covered);
        if (tensor->begin > covered)
            return tensor_fault(parse, PARE_EDATA,
                                "there are %llu bytes that belong to no "
                                "tensor before its data at %llu",
                                (unsigned long long)(tensor->begin - covered),
                                (unsigned long long)tensor->begin);
        covered = tensor->end;
    }
    if (__builtin_add_overflow(covered, header->data_start, &needed) || needed > INT64_MAX)
        return file_fault(parse, PARE_EDATA, "its tensors would end beyond the largest file");
    if (needed > header->file_size)
        return file_fault(parse, PARE_EINCOMPLETE,
                          "its tensors need %llu bytes, and the "
                          "file has %llu so far",
                          (unsigned long long)needed, (unsigned long long)header->file_size);
    if (needed < header->file_size)
        return file_fault(parse, PARE_EDATA,
                          "%llu bytes that belong to no tensor follow "
                          "the last tensor's data, at byte %llu",
                          (unsigned long long)(header->file_size - needed),
                          (unsigned long long)needed);
    return 0;
}

int st_header_open(const struct st_context *context, uint32_t file, uint64_t max_tensors,
                   struct st_header *ret_header)
{
    struct st_header header = { .file = file };
    struct parse parse = { .context = context, .header = &header };
    struct pare_file info = { .struct_size = sizeof info };
    int r = context->host->file_info(context->job, file, &info);
    if (r < 0)
        return r;
    header.name = st_str(info.name);
    header.file_size = info.size;
    r = read_text(&parse);
    if (r == 0)
        r = check_text(&parse);
    if (r == 0)
        r = read_table(&parse, max_tensors);
    if (r == 0)
        r = check_cover(&parse);
    if (r == 0)
        *ret_header = header;
    else
        st_header_close(context, &header);
    return r;
}

void st_header_close(const struct st_context *context, struct st_header *header)
{
    if (header->tensors)
        context->host->release(context->job, header->tensors);
    if (header->text)
        context->host->release(context->job, header->text);
    header->tensors = NULL;
    header->text = NULL;
}

struct pare_str st_header_tensor_name(const struct st_header *header, uint64_t i)
{
    return (struct pare_str){ header->tensors[i].name, header->tensors[i].name_len };
}

void st_header_tensor_dims(const struct st_header *header, uint64_t i, uint64_t *ret_dims,
                           uint32_t *ret_n_dims)
{
    struct st_json json = { header->tensors[i].shape, header->text + header->text_len };
    st_shape_read(&json, ret_dims, ret_n_dims);
}
