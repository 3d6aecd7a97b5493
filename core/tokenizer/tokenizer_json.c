/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* JSON for tokenizers: see tokenizer_json.h. */
#include "tokenizer/tokenizer_json.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "model/side_files.h"

#include <math.h>

#define MAX_FILE (256u << 20)

struct pare_str tokenizer_json_str(const json_t *value)
{
    return (struct pare_str){ json_string_value(value), json_string_length(value) };
}

int tokenizer_json_int(const json_t *value, int64_t *ret)
{
    if (json_is_integer(value)) {
        *ret = json_integer_value(value);
        return 1;
    }
    double real = json_is_real(value) ? json_real_value(value) : 0.5;
    if (real != floor(real) || fabs(real) > 9007199254740992.0)
        return 0;
    *ret = (int64_t)real;
    return 1;
}

int tokenizer_json_true(const json_t *value)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_OBJECT:
        return json_object_size(value) > 0;
    case JSON_ARRAY:
        return json_array_size(value) > 0;
    case JSON_STRING:
        return json_string_length(value) > 0;
    case JSON_INTEGER:
    case JSON_REAL:
        return json_number_value(value) != 0;
    case JSON_TRUE:
        return 1;
    default:
        return 0;
    }
}

int tokenizer_json_read(const struct model *source, const char *name, json_t **ret_json,
                        struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    int r = side_file_text(source, name, MAX_FILE, &text, &len, err);
    if (r)
        return r;
    json_error_t problem;
    json_t *json = memory_parse_json(
        text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &problem);
    if (!json && json_error_code(&problem) == json_error_out_of_memory)
        return error_oom(err);
    if (!json)
        return side_file_judge(name, text, len,
                               error_set(err, PARE_EDATA, "%s: not JSON: %s (line %d, column %d)",
                                         name, problem.text, problem.line, problem.column),
                               err);
    if (!json_is_object(json)) {
        json_decref(json);
        return error_set(err, PARE_EDATA, "%s: the JSON is not an object", name);
    }
    *ret_json = json;
    return 0;
}
