/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Tensors in planes: see planes.h. */
#include "safetensors/planes/planes.h"

#include "safetensors/dtype.h"
#include "safetensors/json-check.h"
#include "safetensors/names.h"

#include <string.h>

/* While the tensors of one file are found. */
struct finding {
    const struct st_context *context;
    struct st_planes *planes;
    struct st_header *header;
    struct st_json json;
    struct st_names names; /* of the header's tensors */
    struct pare_str name;  /* of the tensor that is read */
};

static int refuse(const struct finding *finding, const char *what)
{
    return ST_FAIL(finding->context, PARE_EDATA, "`%s`: tensor `%s`, in planes: %s",
                   st_show(finding->header->name).text, st_show(finding->name).text, what);
}

static int refuse_all(const struct finding *finding, const char *what)
{
    return ST_FAIL(finding->context, PARE_EDATA,
                   "`%s`: `" ST_TENSORS_KEY "` of `" ST_METADATA "` %s",
                   st_show(finding->header->name).text, what);
}

static struct st_encoding *find_encoding(const struct st_planes *planes, struct pare_str name)
{
    for (uint32_t i = 0; i < planes->n_encodings; i++)
        if (st_is(name, planes->encodings[i].name))
            return &planes->encodings[i];
    return NULL;
}

static int take_encoding(const struct st_context *context, struct pare_str file,
                         struct st_planes *planes, struct pare_str name, struct pare_str text)
{
    if (!planes->encodings)
        planes->encodings = context->host->alloc(context->job, ST_MAX_ENCODINGS,
                                                 sizeof planes->encodings[0]);
    if (!planes->encodings)
        return PARE_ENOMEM;
    if (planes->n_encodings == ST_MAX_ENCODINGS)
        return ST_FAIL(context, PARE_ELIMIT,
                       "`%s`: `" ST_METADATA "` describes more encodings than the limit of %u",
                       st_show(file).text, ST_MAX_ENCODINGS);
    int r = st_encoding_read(context, file, name, text, &planes->encodings[planes->n_encodings]);
    if (r == 0)
        planes->n_encodings++;
    return r;
}

int st_planes_take(const struct st_context *context, struct pare_str file, struct st_planes *planes,
                   struct pare_str key, struct pare_str text)
{
    const size_t n = sizeof ST_ENCODING_KEY - 1;
    if (st_is(key, ST_TENSORS_KEY)) {
        planes->tensors = text;
        return 1;
    }
    if (!st_starts(key, ST_ENCODING_KEY))
        return 0;
    int r = take_encoding(context, file, planes, (struct pare_str){ key.data + n, key.len - n },
                          text);
    return r < 0 ? r : 1;
}

/* Fills names with the file's own tensors. */
static int index_names(struct finding *finding)
{
    struct st_header *header = finding->header;
    int r = st_names_init(finding->context, &finding->names, header->n_tensors);
    for (uint64_t i = 0; r == 0 && i < header->n_tensors; i++)
        (void)st_names_add(&finding->names, st_header_tensor_name(header, i), (uint32_t)i);
    return r;
}

static int find_plane(struct finding *finding, const struct st_plane *plane, uint32_t *ret_tensor)
{
    char name[PARE_MAX_NAME];
    const size_t n = strlen(plane->name), len = finding->name.len + 1 + n;
    if (len > sizeof name)
        return refuse(finding, "the names of its planes are too long");
    memcpy(name, finding->name.data, finding->name.len);
    name[finding->name.len] = '.';
    memcpy(name + len - n, plane->name, n);
    const struct st_name *found = st_names_find(&finding->names, (struct pare_str){ name, len });
    if (!found)
        return ST_FAIL(finding->context, PARE_EDATA,
                       "`%s`: tensor `%s`, in planes: there is no `%s`",
                       st_show(finding->header->name).text, st_show(finding->name).text,
                       st_show((struct pare_str){ name, len }).text);
    *ret_tensor = found->value;
    return 0;
}

static int check_plane(struct finding *finding, const struct st_plane *plane,
                       const struct st_plane_shape *shape, const struct st_tensor *tensor)
{
    uint32_t u8;
    if (!st_dtype_find(st_str("U8"), &u8) || tensor->dtype != u8)
        return refuse(finding, "its planes must be of U8");
    if (shape->bytes == tensor->end - tensor->begin)
        return 0;
    return ST_FAIL(finding->context, PARE_EDATA,
                   "`%s`: tensor `%s`, in planes: plane `%s` has %llu bytes, its shape needs %llu",
                   st_show(finding->header->name).text, st_show(finding->name).text, plane->name,
                   (unsigned long long)(tensor->end - tensor->begin),
                   (unsigned long long)shape->bytes);
}

/* Finds the planes of a tensor whose encoding and shape are known. */
static int find_planes(struct finding *finding, struct st_whole *whole)
{
    const struct st_encoding *encoding = &finding->planes->encodings[whole->encoding];
    struct st_json json = { whole->shape, finding->json.end };
    uint64_t dims[PARE_MAX_DIMS];
    uint32_t n_dims = 0;
    (void)st_shape_read(&json, dims, &n_dims); /* it was right the first time */
    for (uint32_t i = 0; i < encoding->n_planes; i++) {
        struct st_plane_shape shape;
        if (!st_encoding_plane(encoding, i, dims, n_dims, &shape))
            return refuse(finding, "its shape does not divide into the encoding's blocks, or its "
                                   "size overflows");
        int r = find_plane(finding, &encoding->planes[i], &whole->planes[i]);
        if (r < 0)
            return r;
        struct st_tensor *tensor = &finding->header->tensors[whole->planes[i]];
        r = check_plane(finding, &encoding->planes[i], &shape, tensor);
        if (r < 0)
            return r;
        tensor->whole = (uint32_t)finding->planes->n_wholes + 1;
    }
    return 0;
}

static int read_encoding(struct finding *finding, struct st_whole *whole)
{
    if (st_json_peek(&finding->json) != '"')
        return refuse(finding, "encoding must be a string");
    const struct pare_str name = st_json_string(&finding->json);
    const struct st_encoding *encoding = find_encoding(finding->planes, name);
    if (!encoding)
        return ST_FAIL(finding->context, PARE_EDATA,
                       "`%s`: tensor `%s`, in planes: `" ST_METADATA
                       "` does not describe its encoding `%s`",
                       st_show(finding->header->name).text, st_show(finding->name).text,
                       st_show(name).text);
    whole->encoding = (uint16_t)(encoding - finding->planes->encodings);
    return 0;
}

static int read_shape(struct finding *finding, struct st_whole *whole)
{
    uint64_t dims[PARE_MAX_DIMS];
    uint32_t n_dims;
    (void)st_json_peek(&finding->json);
    whole->shape = finding->json.p;
    if (st_shape_read(&finding->json, dims, &n_dims) != ST_SHAPE_GOOD)
        return refuse(finding, "shape must be a list of up to 8 whole numbers below 2^64");
    return 0;
}

/* Reads what is said of a tensor; the cursor is at its value. */
static int read_whole(struct finding *finding, struct st_whole *whole)
{
    int has_encoding = 0;
    if (st_json_peek(&finding->json) != '{')
        return refuse(finding, "it must be an object");
    st_json_enter(&finding->json);
    while (st_json_more(&finding->json)) {
        const struct pare_str key = st_json_key(&finding->json);
        const int encoding = st_is(key, "encoding");
        int r = 0;
        if (!encoding && !st_is(key, "shape"))
            r = refuse(finding, "it has a key that is not known");
        else if (encoding ? has_encoding : whole->shape != NULL)
            r = refuse(finding, "a key is there twice");
        else
            r = encoding ? read_encoding(finding, whole) : read_shape(finding, whole);
        if (r < 0)
            return r;
        has_encoding |= encoding;
    }
    return has_encoding && whole->shape ? 0 : refuse(finding, "encoding or shape is missing");
}

static int check_name(struct finding *finding, struct st_names *seen)
{
    if (st_names_add(seen, finding->name, 0))
        return refuse(finding, "it is described twice");
    if (finding->name.len == 0 || finding->name.len > PARE_MAX_NAME || st_has_nul(finding->name))
        return refuse(finding, "its name is empty, too long or holds a NUL character");
    if (st_names_find(&finding->names, finding->name))
        return refuse(finding, "there is a tensor of that name besides");
    return 0;
}

static int read_all(struct finding *finding, struct st_names *seen)
{
    struct st_planes *planes = finding->planes;
    st_json_enter(&finding->json);
    while (st_json_more(&finding->json)) {
        struct st_whole *whole = &planes->wholes[planes->n_wholes];
        finding->name = st_json_key(&finding->json);
        whole->name = finding->name.data;
        int r = check_name(finding, seen);
        whole->name_len = (uint16_t)finding->name.len;
        if (r == 0)
            r = read_whole(finding, whole);
        if (r == 0)
            r = find_planes(finding, whole);
        if (r < 0)
            return r;
        planes->n_wholes++;
    }
    return 0;
}

static int find_all(struct finding *finding)
{
    const struct st_context *context = finding->context;
    struct st_planes *planes = finding->planes;
    struct st_names seen = { .slots = NULL };
    struct st_json_fault fault;
    uint64_t len;
    if (!st_json_check(planes->tensors, 0, &len, &fault) || len != planes->tensors.len ||
        planes->tensors.data[0] != '{')
        return refuse_all(finding, "must be a JSON object");
    const uint64_t n = st_json_count(&finding->json);
    if (n > finding->header->n_tensors)
        return refuse_all(finding, "describes more tensors than the file has");
    planes->wholes = context->host->alloc(context->job, n + 1, sizeof planes->wholes[0]);
    if (!planes->wholes)
        return PARE_ENOMEM;
    int r = index_names(finding);
    if (r == 0)
        r = st_names_init(context, &seen, n);
    if (r == 0)
        r = read_all(finding, &seen);
    st_names_deinit(context, &seen);
    st_names_deinit(context, &finding->names);
    return r;
}

/* A plugin that provides the encoding must mean the same by it. */
static int compare_encoding(const struct st_context *context, const struct st_header *header,
                            const struct st_encoding *encoding)
{
    const struct pare_encoding *said = context->host->encoding(context->job, encoding->name);
    struct st_encoding provided;
    if (!said)
        return 0;
    st_encoding_of(said, &provided);
    if (st_encoding_equal(&provided, encoding))
        return 1;
    return ST_FAIL(context, PARE_EDATA,
                   "`%s`: the planes of encoding `%s` are others than those of the plugin that "
                   "provides it: another plugin of that name wrote the file",
                   st_show(header->name).text, encoding->name);
}

/* A copy of the model needs the description where no plugin has it. */
static int hand_on(const struct st_context *context, const struct st_header *header,
                   const struct st_encoding *encoding)
{
    char key[sizeof ST_ENCODING_KEY + ST_ENCODING_NAME] = ST_ENCODING_KEY;
    struct st_text text = { .data = NULL };
    struct pare_value old = { .struct_size = sizeof old };
    strcat(key, encoding->name);
    st_encoding_put(&text, encoding);
    text.data = context->host->alloc(context->job, text.len, 1);
    if (!text.data)
        return PARE_ENOMEM;
    text.len = 0;
    st_encoding_put(&text, encoding);
    const struct pare_str said = { text.data, text.len };
    const struct pare_value value = {
        .struct_size = sizeof value, .type = PARE_STRING, .count = 1, .data = &said
    };
    int r = context->host->meta_get(context->job, st_str(key), &old);
    if (r == 0)
        r = context->host->meta_set(context->job, st_str(key), &value);
    else if (r == 1 && !st_equal(*(const struct pare_str *)old.data, said))
        r = ST_FAIL(context, PARE_EDATA,
                    "`%s`: encoding `%s` is described otherwise than in another shard",
                    st_show(header->name).text, encoding->name);
    context->host->release(context->job, text.data);
    return r < 0 ? r : 0;
}

int st_planes_find(const struct st_context *context, struct st_planes *planes,
                   struct st_header *header)
{
    char *start = (char *)(uintptr_t)planes->tensors.data; /* the header's own text */
    struct finding finding = { .context = context, .planes = planes, .header = header };
    int r = 0;
    if (!start)
        return 0;
    for (uint32_t i = 0; r == 0 && i < planes->n_encodings; i++) {
        r = compare_encoding(context, header, &planes->encodings[i]);
        r = r == 0 ? hand_on(context, header, &planes->encodings[i]) : r < 0 ? r : 0;
    }
    finding.json = (struct st_json){ start, start + planes->tensors.len };
    return r == 0 ? find_all(&finding) : r;
}

void st_planes_close(const struct st_context *context, struct st_planes *planes)
{
    if (planes->encodings)
        context->host->release(context->job, planes->encodings);
    if (planes->wholes)
        context->host->release(context->job, planes->wholes);
    *planes = (struct st_planes){ .n_wholes = 0 };
}

void st_planes_tensor(const struct st_planes *planes, const struct st_header *header, uint64_t i,
                      struct pare_tensor *ret_tensor)
{
    const struct st_whole *whole = &planes->wholes[i];
    const struct st_encoding *encoding = &planes->encodings[whole->encoding];
    struct st_json json = { whole->shape, header->text + header->text_len };
    ret_tensor->name = (struct pare_str){ whole->name, whole->name_len };
    ret_tensor->encoding = encoding->name;
    ret_tensor->n_planes = encoding->n_planes;
    for (uint32_t p = 0; p < encoding->n_planes; p++) {
        const struct st_tensor *tensor = &header->tensors[whole->planes[p]];
        ret_tensor->planes[p] = (struct pare_extent){ .file = header->file,
                                                      .offset = header->data_start + tensor->begin,
                                                      .length = tensor->end - tensor->begin };
    }
    (void)st_shape_read(&json, ret_tensor->dims, &ret_tensor->n_dims);
}
