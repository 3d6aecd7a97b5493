/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What the files of unpack share. A scheme looks at each tensor of the base and, where one holds
 * the codes of a matrix, claims it: finds the parts beside it (scales, zeros, order of columns),
 * checks their types and shapes, and appends a struct unpack_item with a function that decodes
 * rows of it. unpack.c makes the view of the items and reads them tile by tile.
 *
 * Decoders are given whole rows within one tile, run on the caller's thread, and allocate no more
 * than a small multiple of the tile. Numbers are decoded as docs/formats/packed.md defines them.
 */
#ifndef UNPACK_UNPACK_PRIVATE_H
#define UNPACK_UNPACK_PRIVATE_H

#include "base/text.h"
#include "unpack/unpack.h"

#include <pthread.h>

#define UNPACK_NONE UINT64_MAX
#define UNPACK_MAX_ROW (1u << 20)     /* elements of a row */
#define UNPACK_TILE_BYTES (1u << 20)  /* aim, for codes that lie row by row */
#define UNPACK_TALL_BYTES (16u << 20) /* aim, for codes that lie column by column */
#define UNPACK_MAX_BLOCKS 8           /* block shapes that a config may name */

enum unpack_type {
    UNPACK_OTHER,
    UNPACK_U8,
    UNPACK_I8,
    UNPACK_I32,
    UNPACK_U32,
    UNPACK_I64,
    UNPACK_F32,
    UNPACK_F16,
    UNPACK_BF16,
    UNPACK_E4M3,
    UNPACK_E5M2,
    UNPACK_E8M0
};

/* A set of types, for checks. */
#define UNPACK_IS(type) (1u << (type))
#define UNPACK_FLOATS (UNPACK_IS(UNPACK_F32) | UNPACK_IS(UNPACK_F16) | UNPACK_IS(UNPACK_BF16))
#define UNPACK_WORDS (UNPACK_IS(UNPACK_I32) | UNPACK_IS(UNPACK_U32))

/* A tensor of the base that a matrix is made of, seen as rows and columns: the last dimension, and
 * all before it. */
struct unpack_part {
    uint64_t tensor; /* UNPACK_NONE: there is none */
    enum unpack_type type;
    const struct encoding *encoding; /* a plugin's, for floats; else NULL */
    uint32_t n_dims;
    uint64_t rows, columns;
};

/* Which scale belongs to an element: rows of `lead_rows` weights, each matrix of the stack with
 * `per_lead` rows of scales; `rows` x `columns` weights share one. */
struct unpack_grid {
    uint64_t lead_rows, per_lead;
    uint64_t rows, columns;
    uint64_t width; /* scales in a row of scales */
};

struct unpack_item;

/* Decodes n rows from `row` into ret_data, n * item->row_bytes bytes, aligned for floats. */
typedef int unpack_decode_fn(const struct unpack_item *item, struct source *base, uint64_t row,
                             uint64_t n, void *ret_data, struct error *err);

/* A matrix that the view has in place of its parts. */
struct unpack_item {
    struct unpack *unpack;
    char *name; /* owned; name_len bytes */
    size_t name_len;
    uint32_t n_dims;
    uint64_t dims[PARE_MAX_DIMS];
    uint64_t rows, row_len;
    const struct encoding *encoding;
    uint64_t row_bytes;
    uint64_t tile_rows;
    char origin[64]; /* "": none but what the encoding says */
    unpack_decode_fn *decode;

    struct unpack_part codes, scales, zeros, order;
    struct unpack_part outer; /* scales of scales, or a scale of the whole tensor */
    struct unpack_part code_map, scale_map;
    struct unpack_grid grid;
    uint32_t bits;
    uint64_t group;       /* columns, or elements, that share a scale */
    uint64_t outer_group; /* scales that share an outer scale */
    float offset;
    int zero_plus_one; /* GPTQ version 1 */
    int outer_divides; /* the outer scale is a divisor */
};

/* What a config says, as far as schemes need it. */
struct unpack_config {
    const char *method; /* "gptq" */
    const json_t *json; /* quantization_config or the like; borrowed */
    uint32_t bits_seen; /* bit n: a width of n bits is mentioned */
    int64_t group_size;
    uint64_t blocks[UNPACK_MAX_BLOCKS][2];
    uint32_t n_blocks;
    int zero_plus_one;
    int layers_differ; /* width and groups may be others than what it says */
};

struct unpack_scheme {
    const char *method;
    /* Reads what it needs of unpack->config.json; PARE_ENOTSUP for a variant that is not known. */
    int (*configure)(struct unpack *unpack, struct error *err);
    /* 1: the tensor is the codes of a matrix, and an item was appended; 0: it is not. */
    int (*claim)(struct unpack *unpack, uint64_t tensor, struct error *err);
};

struct unpack {
    const struct registry *registry;
    const struct model *model;
    struct source *base;
    const struct unpack_scheme *scheme;
    struct unpack_config config;
    json_t *side; /* a config of its own file; owned */
    const struct encoding *f32;
    struct unpack_item **items;
    uint64_t n_items, items_capacity;
    uint64_t *roles; /* per tensor of the base: see enum unpack_role, or an item */
    struct view *view;
    struct source *source;

    pthread_mutex_t lock; /* of what follows: the tile that was decoded last */
    const struct unpack_item *tile_item;
    uint64_t tile_row, tile_count;
    void *tile;
    uint64_t tile_size;
};

enum unpack_role { UNPACK_PASS = 0, UNPACK_DROP = 1, UNPACK_ITEM = 2 /* + its number */ };

extern const struct unpack_scheme unpack_scheme_awq, unpack_scheme_bnb, unpack_scheme_ct,
    unpack_scheme_fbgemm, unpack_scheme_fp8, unpack_scheme_gptq, unpack_scheme_mlx,
    unpack_scheme_modelopt, unpack_scheme_mxfp4;

/* unpack_config.c: 0: *ret_scheme is set and unpack->config filled; 1: nothing is quantized. */
int unpack_choose(struct unpack *unpack, const json_t *config, struct error *err)
    __attribute__((warn_unused_result));

/* unpack_parts.c: finding and checking tensors. `shown` is a tensor's name for messages. */
struct text_shown unpack_show(const struct unpack *unpack, uint64_t tensor);
/* 1 when the tensor's name ends so. */
int unpack_ends(const struct unpack *unpack, uint64_t tensor, const char *suffix);
enum unpack_type unpack_type_of(const struct unpack *unpack, uint64_t tensor);
uint64_t unpack_type_bytes(enum unpack_type type);
const char *unpack_type_name(enum unpack_type type);
/* The tensor seen as a part, if its type is one of `types` and its bytes are those of its shape. */
int unpack_part_of(const struct unpack *unpack, uint64_t tensor, uint32_t types,
                   struct unpack_part *ret_part, struct error *err)
    __attribute__((warn_unused_result));
/* The part that has `tensor`'s name with `suffix` in place of `old`; its tensor is UNPACK_NONE when
 * there is none and `needed` is 0. It is marked as used. */
int unpack_beside(struct unpack *unpack, uint64_t tensor, const char *old, const char *suffix,
                  uint32_t types, int needed, struct unpack_part *ret_part, struct error *err)
    __attribute__((warn_unused_result));
/* 1 when there is such a tensor. */
int unpack_has_beside(const struct unpack *unpack, uint64_t tensor, const char *old,
                      const char *suffix);
/* PARE_EDATA unless the part has these numbers of rows and columns. `of` is the reason for the
 * message: "a scale for each output". */
int unpack_expect(const struct unpack *unpack, const struct unpack_part *part, uint64_t rows,
                  uint64_t columns, const char *of, struct error *err)
    __attribute__((warn_unused_result));
/* Finds how a part of scales lies over a stack of [out, in] matrices of `rows` rows together, or
 * PARE_EDATA. Block shapes of the config are tried. */
int unpack_grid_fit(const struct unpack *unpack, const struct unpack_part *scales, uint64_t rows,
                    uint64_t out, uint64_t in, struct unpack_grid *ret_grid, struct error *err)
    __attribute__((warn_unused_result));

/* The whole number that a config has under `name`; *ret stays when there is none. PARE_EDATA: it is
 * something else. */
int unpack_config_int(const json_t *json, const char *name, int64_t *ret, struct error *err)
    __attribute__((warn_unused_result));

/* unpack_item.c: begins an item that has `tensor`'s name with `suffix` in place of `old`. */
int unpack_item_new(struct unpack *unpack, uint64_t tensor, const char *old, const char *suffix,
                    struct unpack_item **ret_item, struct error *err)
    __attribute__((warn_unused_result));
void unpack_item_free(struct unpack_item *item);
/* The dims of the codes with another last one. */
void unpack_item_dims(struct unpack_item *item, const struct model_tensor *codes, uint64_t row_len);
/* Completes the item: encoding and decoder, tile size, limits. The unpack owns it from now on; it
 * is freed when this fails, too. tile_bytes: UNPACK_TILE_BYTES or UNPACK_TALL_BYTES. Gives 1. */
int unpack_item_add(struct unpack *unpack, struct unpack_item *item,
                    const struct encoding *encoding, unpack_decode_fn *decode, uint64_t tile_bytes,
                    struct error *err) __attribute__((warn_unused_result));
/* A view_read_fn: context is the item. */
int unpack_item_read(void *context, struct source *base, uint64_t offset, void *buffer, size_t n,
                     struct error *err) __attribute__((warn_unused_result));

/* unpack_values.c: reading parts. */
/* The floats that n elements of the part stand for: exact, as all its types are narrow; E8M0 is
 * 2^(x - 127), and 255 a NaN. */
void unpack_to_floats(const struct unpack_part *part, const uint8_t *data, uint64_t n,
                      float *ret_x);
/* Code `i` of a stream of `bits` (1 to 8) wide ones, lowest bits first. Reads up to one byte beyond
 * the code's own. */
static inline uint32_t unpack_code(const uint8_t *stream, uint64_t i, uint32_t bits)
{
    uint64_t at = i * bits;
    const uint8_t *from = stream + (at >> 3);
    uint32_t two = from[0] | (uint32_t)from[1] << 8;
    return two >> (at & 7) & ((1u << bits) - 1);
}
/* n elements from `first` of a part, as floats. */
int unpack_read_floats(struct source *base, const struct unpack_part *part, uint64_t first,
                       uint64_t n, float *ret_x, struct error *err)
    __attribute__((warn_unused_result));
/* Bytes of a rectangle of a part, row by row, packed. */
int unpack_read_block(struct source *base, const struct unpack_part *part, uint64_t row,
                      uint64_t n_rows, uint64_t column, uint64_t n_columns, void *ret_data,
                      struct error *err) __attribute__((warn_unused_result));
/* The same as floats. */
int unpack_read_block_floats(struct source *base, const struct unpack_part *part, uint64_t row,
                             uint64_t n_rows, uint64_t column, uint64_t n_columns, float *ret_x,
                             struct error *err) __attribute__((warn_unused_result));
/* The group of each column: an order part of `columns` numbers below `groups`. even: each group
 * must have as many columns, and a -1 anywhere means that columns are in order. 1: in order. */
int unpack_read_order(const struct unpack_item *item, struct source *base, uint64_t groups,
                      int even, uint32_t *ret_groups, struct error *err)
    __attribute__((warn_unused_result));
/* The row of scales that a row of weights uses: item->grid.width floats. Nothing is read when
 * *last is that row already (start with UNPACK_NONE). */
int unpack_read_grid_row(const struct unpack_item *item, struct source *base,
                         const struct unpack_part *part, uint64_t row, uint64_t *last,
                         float *ret_scales, struct error *err) __attribute__((warn_unused_result));
/* Zeroed memory for count x size bytes, or NULL with the error set. */
void *unpack_alloc(uint64_t count, uint64_t size, struct error *err);

/* Claims that schemes share. Each takes the tensor of the codes. */
/* unpack_fp8.c: one code a weight, f8 or i8, with a grid of scales in `suffix` behind the name. */
int unpack_claim_plain(struct unpack *unpack, uint64_t tensor, const char *suffix,
                       const char *zeros, const char *what, struct error *err)
    __attribute__((warn_unused_result));
/* unpack_words.c: words of codes, `X.qweight`, with a row of zeros and of scales for each group.
 * measure: sets bits and dims from the codes, and the order of columns where there is one. */
typedef int unpack_measure_fn(struct unpack *unpack, uint64_t tensor, struct unpack_item *item,
                              struct error *err);
int unpack_claim_words(struct unpack *unpack, uint64_t tensor, unpack_measure_fn *measure,
                       unpack_decode_fn *decode, struct error *err)
    __attribute__((warn_unused_result));
/* unpack_mxfp4.c: codes (two in a byte, or eight in a word) and E8M0 scales of 32: repacked. */
int unpack_claim_mxfp4(struct unpack *unpack, uint64_t tensor, const char *old, const char *suffix,
                       const char *scales, struct error *err) __attribute__((warn_unused_result));
/* unpack_nvfp4.c: the same with E4M3 scales of 16, and one float for all (outer may be NULL). */
int unpack_claim_nvfp4(struct unpack *unpack, uint64_t tensor, const char *old, const char *scales,
                       const char *outer, int outer_divides, struct error *err)
    __attribute__((warn_unused_result));

#endif
