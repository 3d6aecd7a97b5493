/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * bitsandbytes. NF4 and FP4: `X.weight` holds two codes in a byte, the first in the high nibble,
 * of the matrix seen as one long row, of which blocks share a scale (`absmax`); the values of the
 * 16 codes come along (`quant_map`), and a JSON object in a tensor of bytes gives shape and block
 * size. Nested ("double") quantization stores the scales as codes too:
 *
 *   x = quant_map[code] * absmax
 *   absmax = nested_quant_map[code] * nested_absmax + nested_offset
 *
 * LLM.int8: `X.weight` i8 and the largest magnitude of each row, `X.SCB`:
 *
 *   x = code * SCB * (1 / 127 as f32)
 *
 * All in f32, each operation rounded. Source: bitsandbytes, functional.py (QuantState), _ops.py and
 * backends/default/ops.py.
 */
#include "unpack/unpack_private.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/json_numbers.h"
#include "plugin/source.h"

#include <stdio.h>
#include <string.h>

#define WEIGHT ".weight"
#define MAX_STATE_BYTES 65536
#define PER_127 7.874015718698502e-3f
#define ANY (~UNPACK_IS(UNPACK_OTHER))

static int load_scales(const struct unpack_item *item, struct source *base, uint64_t first,
                       uint64_t n, float *ret_scales, struct error *err)
{
    const struct unpack_part *absmax = &item->scales;
    if (item->outer.tensor == UNPACK_NONE)
        return unpack_read_floats(base, absmax, first, n, ret_scales, err);
    float map[256];
    uint64_t outer_first = first / item->outer_group;
    uint64_t outer_n = (first + n - 1) / item->outer_group - outer_first + 1;
    _cleanup_free_ uint8_t *codes = unpack_alloc(n, 1, err);
    _cleanup_free_ float *outer = unpack_alloc(outer_n, sizeof *outer, err);
    if (!codes || !outer)
        return PARE_ENOMEM;
    int r = source_read(base, absmax->tensor, 0, first, codes, n, err);
    if (r == 0)
        r = unpack_read_floats(base, &item->scale_map, 0, 256, map, err);
    if (r == 0)
        r = unpack_read_floats(base, &item->outer, outer_first, outer_n, outer, err);
    for (uint64_t i = 0; i < n && r == 0; i++)
        ret_scales[i] = map[codes[i]] * outer[(first + i) / item->outer_group - outer_first] +
                        item->offset;
    return r;
}

static int decode_4bit(const struct unpack_item *item, struct source *base, uint64_t row,
                       uint64_t n, void *ret_data, struct error *err)
{
    uint64_t first = row * item->row_len, count = n * item->row_len;
    uint64_t byte = first / 2, bytes = (first + count - 1) / 2 - byte + 1;
    uint64_t block = first / item->group, blocks = (first + count - 1) / item->group - block + 1;
    float map[16], *x = ret_data;
    _cleanup_free_ uint8_t *codes = unpack_alloc(bytes, 1, err);
    _cleanup_free_ float *scales = unpack_alloc(blocks, sizeof *scales, err);
    if (!codes || !scales)
        return PARE_ENOMEM;
    int r = source_read(base, item->codes.tensor, 0, byte, codes, bytes, err);
    if (r == 0)
        r = unpack_read_floats(base, &item->code_map, 0, 16, map, err);
    if (r == 0)
        r = load_scales(item, base, block, blocks, scales, err);
    for (uint64_t i = first; i < first + count && r == 0; i++)
        *x++ = map[codes[i / 2 - byte] >> (i % 2 ? 0 : 4) & 15] * scales[i / item->group - block];
    return r;
}

static int decode_int8(const struct unpack_item *item, struct source *base, uint64_t row,
                       uint64_t n, void *ret_data, struct error *err)
{
    float *x = ret_data;
    _cleanup_free_ float *scales = unpack_alloc(n, sizeof *scales, err);
    if (!scales)
        return PARE_ENOMEM;
    int r = unpack_read_floats(base, &item->codes, row * item->row_len, n * item->row_len, x, err);
    if (r == 0)
        r = unpack_read_floats(base, &item->scales, row, n, scales, err);
    for (uint64_t i = 0; i < n * item->row_len && r == 0; i++)
        x[i] = x[i] * scales[i / item->row_len] * PER_127;
    return r;
}

/* The object that describes a matrix. */
static int read_state(struct unpack *unpack, uint64_t tensor, json_t **ret_state, struct error *err)
{
    static const char *const suffixes[] = { ".quant_state.bitsandbytes__nf4",
                                            ".quant_state.bitsandbytes__fp4" };
    struct unpack_part part = { .tensor = UNPACK_NONE };
    int r = 0;
    for (size_t i = 0; i < 2 && r == 0 && part.tensor == UNPACK_NONE; i++)
        r = unpack_beside(unpack, tensor, "", suffixes[i], UNPACK_IS(UNPACK_U8), 0, &part, err);
    if (r < 0)
        return r;
    if (part.tensor == UNPACK_NONE)
        return error_set(err, PARE_EDATA,
                         "tensor `%s` has scales, but no `%s` or `...fp4` beside "
                         "it",
                         unpack_show(unpack, tensor).text, suffixes[0]);
    uint64_t n = part.rows * part.columns;
    struct text_shown shown = unpack_show(unpack, part.tensor);
    if (n > MAX_STATE_BYTES)
        return error_set(err, PARE_ELIMIT, "tensor `%s` has %llu bytes, the limit is %u",
                         shown.text, (unsigned long long)n, MAX_STATE_BYTES);
    _cleanup_free_ char *text = unpack_alloc(n + 1, 1, err);
    if (!text)
        return PARE_ENOMEM;
    r = source_read(unpack->base, part.tensor, 0, 0, text, n, err);
    if (r == 0)
        r = json_parse_object(text, n, ret_state, err);
    return r < 0 ? error_prefix(err, "tensor `%s`", shown.text) : 0;
}

static int set_shape(struct unpack_item *item, const json_t *shape, uint64_t *ret_elements,
                     struct error *err)
{
    uint64_t elements = 1;
    size_t n = json_array_size(shape);
    int bad = n < 1 || n > PARE_MAX_DIMS;
    for (size_t i = 0; i < n && !bad; i++) {
        json_int_t dim = json_integer_value(json_array_get(shape, i));
        item->dims[i] = (uint64_t)dim;
        bad = dim < 1 || checked_mul(elements, (uint64_t)dim, &elements) || elements > INT64_MAX;
    }
    if (bad)
        return error_set(err, PARE_EDATA, "tensor `%s`: its quant_state has no proper shape",
                         unpack_show(item->unpack, item->codes.tensor).text);
    item->n_dims = (uint32_t)n;
    *ret_elements = elements;
    return 0;
}

static uint64_t ceil_div(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

static int expect_count(const struct unpack *unpack, const struct unpack_part *part, uint64_t n,
                        const char *of, struct error *err)
{
    if (part->rows * part->columns == n)
        return 0;
    return error_set(err, PARE_EDATA, "tensor `%s` has %llu elements, not %llu (%s)",
                     unpack_show(unpack, part->tensor).text,
                     (unsigned long long)(part->rows * part->columns), (unsigned long long)n, of);
}

static int fill_nested(struct unpack *unpack, uint64_t tensor, const json_t *state,
                       struct unpack_item *item, uint64_t blocks, struct error *err)
{
    int64_t size = 0;
    const json_t *offset = json_object_get(state, "nested_offset");
    int r = unpack_config_int(state, "nested_blocksize", &size, err);
    if (r < 0)
        return r;
    if (!json_is_number(offset) || json_number_to_float(json_number_value(offset), &item->offset))
        return error_set(err, PARE_EDATA,
                         "tensor `%s`: its scales are quantized, but its quant_state has no "
                         "nested_offset that f32 can hold",
                         unpack_show(unpack, tensor).text);
    if (size < 1)
        return error_set(err, PARE_EDATA,
                         "tensor `%s`: its scales are quantized, but its "
                         "quant_state has no nested_blocksize",
                         unpack_show(unpack, tensor).text);
    item->outer_group = (uint64_t)size;
    r = unpack_beside(unpack, tensor, "", ".nested_absmax", UNPACK_IS(UNPACK_F32), 1, &item->outer,
                      err);
    if (r == 0)
        r = unpack_beside(unpack, tensor, "", ".nested_quant_map", UNPACK_IS(UNPACK_F32), 1,
                          &item->scale_map, err);
    if (r == 0)
        r = expect_count(unpack, &item->scale_map, 256, "values of codes", err);
    return r < 0 ? r
                 : expect_count(unpack, &item->outer, ceil_div(blocks, item->outer_group),
                                "one for a block of scales", err);
}

static int fill_4bit(struct unpack *unpack, uint64_t tensor, const json_t *state,
                     struct unpack_item *item, struct error *err)
{
    uint64_t elements = 0;
    int64_t size = 0;
    int r = unpack_config_int(state, "blocksize", &size, err);
    if (r == 0)
        r = unpack_part_of(unpack, tensor, ANY, &item->codes, err);
    if (r == 0)
        r = set_shape(item, json_object_get(state, "shape"), &elements, err);
    if (r == 0)
        r = unpack_beside(unpack, tensor, "", ".absmax",
                          UNPACK_IS(UNPACK_F32) | UNPACK_IS(UNPACK_U8), 1, &item->scales, err);
    if (r == 0)
        r = unpack_beside(unpack, tensor, "", ".quant_map", UNPACK_IS(UNPACK_F32), 1,
                          &item->code_map, err);
    if (r == 0)
        r = expect_count(unpack, &item->code_map, 16, "values of codes", err);
    if (r < 0)
        return r;
    uint64_t bytes = unpack->model->tensors[tensor].bytes;
    if (size < 1 || bytes != ceil_div(ceil_div(elements, 2), unpack_type_bytes(item->codes.type)) *
                                 unpack_type_bytes(item->codes.type))
        return error_set(err, PARE_EDATA,
                         "tensor `%s`: %llu bytes and blocks of %lld do not fit "
                         "the %llu weights of its quant_state",
                         unpack_show(unpack, tensor).text, (unsigned long long)bytes,
                         (long long)size, (unsigned long long)elements);
    item->group = (uint64_t)size;
    uint64_t blocks = ceil_div(elements, item->group);
    r = expect_count(unpack, &item->scales, blocks, "one for a block of weights", err);
    if (r == 0 && item->scales.type == UNPACK_U8)
        r = fill_nested(unpack, tensor, state, item, blocks, err);
    (void)snprintf(item->origin, sizeof item->origin, "bitsandbytes %s b%lld",
                   !strcmp(json_get_string(state, "quant_type", ""), "fp4") ? "fp4" : "nf4",
                   (long long)size);
    return r;
}

static int fill_int8(struct unpack *unpack, uint64_t tensor, struct unpack_item *item,
                     struct error *err)
{
    const struct model_tensor *t = &unpack->model->tensors[tensor];
    struct unpack_part format;
    uint8_t layout = 0;
    int r = unpack_part_of(unpack, tensor, UNPACK_IS(UNPACK_I8), &item->codes, err);
    if (r == 0)
        r = unpack_beside(unpack, tensor, WEIGHT, ".SCB", UNPACK_IS(UNPACK_F32), 1, &item->scales,
                          err);
    if (r == 0)
        r = unpack_beside(unpack, tensor, WEIGHT, ".weight_format", UNPACK_IS(UNPACK_U8), 0,
                          &format, err);
    if (r == 0 && format.tensor != UNPACK_NONE)
        r = source_read(unpack->base, format.tensor, 0, 0, &layout, 1, err);
    if (r < 0)
        return r;
    if (layout != 0)
        return error_set(err, PARE_ENOTSUP,
                         "tensor `%s` is stored in layout %u of some GPU, not "
                         "by rows",
                         unpack_show(unpack, tensor).text, layout);
    if (t->n_dims < 2)
        return error_set(err, PARE_EDATA, "tensor `%s` is quantized, but is not a matrix",
                         unpack_show(unpack, tensor).text);
    unpack_item_dims(item, t, t->row_len);
    (void)snprintf(item->origin, sizeof item->origin, "bitsandbytes int8 rows");
    return expect_count(unpack, &item->scales, t->rows, "one for a row", err);
}

static int fill(struct unpack *unpack, uint64_t tensor, struct unpack_item *item, int int8,
                struct error *err)
{
    if (int8)
        return fill_int8(unpack, tensor, item, err);
    _cleanup_json_ json_t *state = NULL;
    int r = read_state(unpack, tensor, &state, err);
    return r < 0 ? r : fill_4bit(unpack, tensor, state, item, err);
}

static int configure(struct unpack *unpack, struct error *err)
{
    (void)unpack;
    (void)err;
    return 0;
}

static int claim(struct unpack *unpack, uint64_t tensor, struct error *err)
{
    struct unpack_item *item;
    int int8 = unpack_ends(unpack, tensor, WEIGHT) &&
               unpack_has_beside(unpack, tensor, WEIGHT, ".SCB");
    if (!int8 && !unpack_has_beside(unpack, tensor, "", ".absmax"))
        return 0;
    int r = unpack_item_new(unpack, tensor, "", "", &item, err);
    if (r < 0)
        return r;
    r = fill(unpack, tensor, item, int8, err);
    if (r < 0) {
        unpack_item_free(item);
        return r;
    }
    return unpack_item_add(unpack, item, unpack->f32, int8 ? decode_int8 : decode_4bit,
                           UNPACK_TILE_BYTES, err);
}

const struct unpack_scheme unpack_scheme_bnb = { "bitsandbytes", configure, claim };
