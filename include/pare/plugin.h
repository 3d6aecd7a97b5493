/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Pare plugin ABI, version 1: the only header that a plugin includes.
 *
 * A plugin is a shared library with one exported symbol, made by PARE_PLUGIN(). It describes
 * readers (a file header becomes a list of tensors), writers (a list of tensors becomes a layout),
 * encodings (how the weights of a tensor are stored, with kernels to encode and decode them),
 * evaluators (they run models) and matrix services (they multiply). It links to nothing of Pare's,
 * opens no files and prints nothing: all it needs comes through struct pare_host. Every struct
 * begins with its own size and only ever grows at its end: the host copies the smaller of the two
 * sizes into a zeroed struct of its own, so that older and newer plugins both load; below the
 * PARE_..._SIZE_1 of a struct it is refused. A struct that the host fills (ret_...) says with its
 * size how far: set it before the call. Lists are arrays of pointers that end with NULL. All
 * strings are UTF-8. See pare-plugin(3) for the life cycle and for each callback.
 */
#ifndef PARE_PLUGIN_H
#define PARE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PARE_EXPORT __attribute__((visibility("default")))
#define PARE_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define PARE_EXPORT
#define PARE_PRINTF(text, first)
#endif
#ifdef __cplusplus
#define PARE_EXTERN_C extern "C"
#else
#define PARE_EXTERN_C extern
#endif

#define PARE_ABI_VERSION 1u
#define PARE_MAX_DIMS 8
#define PARE_MAX_PLANES 8
#define PARE_MAX_NAME 65535 /* bytes in a tensor name or metadata key */
#define PARE_DIGEST_SIZE 65 /* a SHA-256 as 64 hexadecimal digits and a NUL */

/* 0 is success; positive values are outcomes that the callback documents; these are failures. Other
 * negative numbers are the host's own. */
enum pare_status {
    PARE_OK = 0,
    PARE_EDATA = -1,       /* the input breaks a rule of its format */
    PARE_EINCOMPLETE = -2, /* the input ends before what it declares: it may still be arriving */
    PARE_ENOTSUP = -3,     /* valid, but not something that this plugin can do */
    PARE_ELIMIT = -4,      /* a named limit was exceeded */
    PARE_EIO = -5,         /* reading failed */
    PARE_ENOMEM = -6,      /* memory, or the job's share of it, is used up */
    PARE_ECANCELLED = -8,  /* the job was cancelled */
    PARE_EUSAGE = -10,     /* the request makes no sense: an unknown option or value */
    PARE_EINTERNAL = -12   /* a defect of the plugin's own */
};

/* Instruction sets that a kernel may need; a kernel is used when all its bits are present. */
enum pare_cpu {
    PARE_CPU_AVX2 = 1 << 0, /* with FMA and BMI2 */
    PARE_CPU_F16C = 1 << 1,
    PARE_CPU_AVX512 = 1 << 2, /* F, BW, DQ, VL and CD */
    PARE_CPU_AVX512VBMI = 1 << 3,
    PARE_CPU_NEON = 1 << 4
};

/* Types of metadata values and arrays. Elements lie in host byte order, packed; a bool is one byte,
 * 0 or 1. A PARE_DIGEST is a uint32_t, the number of a source file whose SHA-256 is meant: a text
 * of 64 hexadecimal digits that is known only at the end (host->source_digest). */
/* clang-format off */
enum pare_type {
    PARE_U8 = 0, PARE_I8 = 1, PARE_U16 = 2, PARE_I16 = 3, PARE_U32 = 4, PARE_I32 = 5,
    PARE_F32 = 6, PARE_BOOL = 7, PARE_STRING = 8, PARE_U64 = 10, PARE_I64 = 11, PARE_F64 = 12,
    PARE_DIGEST = 13
};
/* clang-format on */

struct pare_job; /* opaque: one open model, or one target that is written */

struct pare_str { /* bytes, not NUL-terminated */
    const char *data;
    size_t len;
};

struct pare_value {
    size_t struct_size;
    uint32_t type;     /* enum pare_type */
    uint32_t is_array; /* 0: one element, 1: `count` elements */
    uint64_t count;
    const void *data; /* elements; for PARE_STRING an array of struct pare_str */
};

struct pare_extent { /* bytes [offset, offset + length) of a file */
    uint32_t file;
    uint32_t reserved;
    uint64_t offset;
    uint64_t length;
};

enum pare_tensor_flags {
    PARE_TENSOR_COMPUTED = 1 << 0 /* the reader's `read` gives its planes; their extents have the
                                     right lengths, and begin where their bytes are made of */
};

/* dims are in C order: dims[0] outermost, dims[n_dims - 1] the row, whose elements are contiguous.
 * n_dims 0 is a scalar. One extent per plane of the encoding. */
struct pare_tensor {
    size_t struct_size;
    struct pare_str name;
    const char *encoding;
    uint32_t n_dims;
    uint32_t n_planes;
    uint64_t dims[PARE_MAX_DIMS];
    struct pare_extent planes[PARE_MAX_PLANES];
    uint32_t flags;   /* enum pare_tensor_flags */
    uint32_t channel; /* 1 + the axis of its output channels; 0: not known */
    const char *role; /* what it is for, as the format tells ("weight", "bias"); or NULL */
    const char *op;   /* the operator that consumes it ("MatMul"); or NULL */
};

enum pare_file_role {
    PARE_FILE_SIDE = 0,
    PARE_FILE_WEIGHTS = 1,
    PARE_FILE_INDEX = 2,
    PARE_FILE_IGNORED = 3
};

struct pare_file {
    size_t struct_size;
    const char *name; /* relative to the model's folder; untrusted: never a path to open */
    uint64_t size;    /* bytes */
    uint32_t role;    /* enum pare_file_role; side files are carried to outputs */
    uint32_t reserved;
};

/* How a writer wants a tensor before it is encoded: first its axes change places (axes[i] is the
 * source's axis that becomes axis i), then it gets other dims of as many elements. */
struct pare_view {
    size_t struct_size;
    uint32_t n_axes; /* 0: they stay */
    uint32_t n_dims; /* 0: as the axes say */
    uint32_t axes[PARE_MAX_DIMS];
    uint64_t dims[PARE_MAX_DIMS];
};

enum pare_digest { PARE_SHA256 = 0, PARE_CRC32 = 1 }; /* CRC32: zip's, 8 hexadecimal digits */
enum pare_log_level { PARE_LOG_WARNING = 0, PARE_LOG_INFO = 1, PARE_LOG_DEBUG = 2 };

struct pare_encoding;
struct pare_matrix;

/* Services. Functions that return int give 0, a documented positive value, or enum pare_status;
 * what they give below 0 has already been reported: pass it up. */
struct pare_host {
    size_t struct_size;
    uint32_t abi_version;
    uint32_t cpu; /* enum pare_cpu bits that may be used */

    /* Reports a failure and returns `code`; the text reaches log and catalog unchanged. */
    int (*fail)(struct pare_job *, int code, const char *format, ...) PARE_PRINTF(3, 4);
    /* A warning becomes part of the conversion's record. */
    void (*log)(struct pare_job *, int level, const char *format, ...) PARE_PRINTF(3, 4);
    /* Zeroed memory, charged to the job and freed with it at the latest; NULL: already reported. */
    void *(*alloc)(struct pare_job *, uint64_t count, uint64_t size);
    void (*release)(struct pare_job *, void *memory);
    int (*cancelled)(struct pare_job *); /* 1: stop and return PARE_ECANCELLED */
    /* A target's option, or NULL; "name" is what the target is called, for its files' names. */
    const char *(*option)(struct pare_job *, const char *key);
    /* The machine's matrix service, or NULL where none is installed. */
    const struct pare_matrix *(*matrix)(struct pare_job *);

    /* Source files: 0 .. file_count - 1. read gives all n bytes or fails with PARE_EINCOMPLETE; it
     * may be called as long as the model is open, on the thread of the callback that calls it: so a
     * library that wants a file gets callbacks that call this. */
    uint32_t (*file_count)(struct pare_job *);
    int (*file_info)(struct pare_job *, uint32_t file, struct pare_file *ret_file);
    int (*file_role)(struct pare_job *, uint32_t file, uint32_t role);
    int (*read)(struct pare_job *, uint32_t file, uint64_t offset, void *buffer, size_t n);

    /* Metadata, in order. meta_set copies and refuses a key that exists (PARE_EDATA).
     * meta_get and meta_at give 1 when there is such an entry, else 0. */
    int (*meta_set)(struct pare_job *, struct pare_str key, const struct pare_value *value);
    int (*meta_get)(struct pare_job *, struct pare_str key, struct pare_value *ret_value);
    int (*meta_at)(struct pare_job *, uint64_t i, struct pare_str *ret_key,
                   struct pare_value *ret_value);

    /* For writers: what to write. Lengths of planes are set, offsets are not; planes[0].file is the
     * source's file that the tensor comes from. source_tensor gives 1 and the one tensor of the
     * source that tensor i is made of, as its reader told it; 0: it is made of several, or none. */
    uint64_t (*tensor_count)(struct pare_job *);
    int (*tensor_at)(struct pare_job *, uint64_t i, struct pare_tensor *ret_tensor);
    const char *(*source_format)(struct pare_job *); /* the reader's name: "onnx" */
    int (*source_tensor)(struct pare_job *, uint64_t i, struct pare_tensor *ret_tensor);
    const struct pare_encoding *(*encoding)(struct pare_job *, const char *name); /* or NULL */
    int (*view)(struct pare_job *, uint64_t i, const struct pare_view *view);     /* in `arrange` */
    /* For writers: the layout. A name is "" for the target's only file, or a plain file name
     * inside the target's folder. Bytes that nothing covers are zero. out_copy: n bytes of a source
     * file, as they are; out_side: all of it. */
    int (*out_file)(struct pare_job *, const char *name, uint32_t *ret_file);
    int (*out_literal)(struct pare_job *, uint32_t file, uint64_t offset, const void *data,
                       uint64_t n);
    int (*out_tensor)(struct pare_job *, uint64_t tensor, uint32_t plane, uint32_t file,
                      uint64_t offset);
    int (*out_copy)(struct pare_job *, uint32_t file, uint64_t offset, uint32_t source_file,
                    uint64_t source_offset, uint64_t n);
    int (*out_side)(struct pare_job *, uint32_t source_file, uint32_t file);
    int (*out_size)(struct pare_job *, uint32_t file, uint64_t size);
    /* For writers, in `finish`: the SHA-256 of a source file (0: nobody took digests; 1: it is in
     * ret_hex), and a digest (enum pare_digest) of bytes that were written. */
    int (*source_digest)(struct pare_job *, uint32_t file, char ret_hex[PARE_DIGEST_SIZE]);
    int (*out_digest)(struct pare_job *, uint32_t kind, uint32_t file, uint64_t offset, uint64_t n,
                      char ret_hex[PARE_DIGEST_SIZE]);
};

/* What a reader sees of a source when asked whether it is one of its own. */
struct pare_probe {
    size_t struct_size;
    const char *name;    /* of the file */
    const uint8_t *head; /* the first bytes */
    size_t head_len;     /* up to 4096 */
    uint64_t file_size;
    uint32_t in_folder; /* 1: one file of several in a model's folder */
};

enum pare_reader_flags { PARE_READER_PARALLEL = 1 << 0 /* `read` may run on several threads */ };

struct pare_reader {
    size_t struct_size;
    const char *name; /* the format: "gguf" */
    const char *summary;
    /* 0 (not mine) .. 100 (certain). Pure: no state, no host. */
    int (*probe)(const struct pare_probe *probe);
    /* Parses the header, sets metadata and file roles. *ret_state is the reader's own. */
    int (*open)(const struct pare_host *, struct pare_job *, void **ret_state);
    /* 1: *ret_tensor is the next tensor (valid until the next call); 0: there are no more. */
    int (*next)(void *state, struct pare_tensor *ret_tensor);
    void (*close)(void *state);
    /* For tensors that are COMPUTED, else NULL: n bytes from `offset` of a plane. One call at a
     * time, unless the reader is PARALLEL; any thread. It may call fail, log, alloc, release,
     * cancelled, file_count, file_info and read. */
    int (*read)(void *state, uint64_t tensor, uint32_t plane, uint64_t offset, void *buffer,
                size_t n);
    uint32_t flags; /* enum pare_reader_flags */
    uint32_t reserved;
};

/* How a writer holds an encoding: not at all; as its format defines; or, for what the format does
 * not know, as a tensor NAME.PLANE for each plane and a description, which Pare alone reads. */
enum pare_holding { PARE_HOLDS_NOT = 0, PARE_HOLDS = 1, PARE_HOLDS_PLANES = 2 };

struct pare_writer {
    size_t struct_size;
    const char *name; /* the format: "gguf" */
    const char *summary;
    const char *suffix; /* ".gguf" */
    /* enum pare_holding. Pure. */
    int (*holds)(const struct pare_encoding *encoding);
    /* Optional, before encodings are chosen: may ask for views of tensors with host->view. */
    int (*arrange)(const struct pare_host *, struct pare_job *);
    /* Lays the target out with host->out_*; no tensor data is needed or seen. *ret_state is the
     * writer's own, for finish; it may stay NULL. */
    int (*layout)(const struct pare_host *, struct pare_job *, void **ret_state);
    /* Optional, once all data is written: may patch literals with host->out_literal. */
    int (*finish)(const struct pare_host *, struct pare_job *, void *state);
    /* Needed where layout makes a state. Memory from alloc would go with the job anyway. */
    void (*close)(void *state);
};

/* How hard to look for a block's scales: as the encoding's definition does, or longer, so that no
 * block has a larger importance-weighted squared error. Both are deterministic. */
enum pare_search { PARE_SEARCH_REFERENCE = 0, PARE_SEARCH_BEST = 1 };

/* What is known of the inputs that meet a tensor of n columns; m: the matrices that it stacks. */
enum pare_input_kind {
    PARE_INPUT_IMPORTANCE = 0, /* [n] or [m, n]: mean squares, >= 0 */
    PARE_INPUT_GRAM = 1,       /* [n, n]: sums of x times x transposed; symmetric */
    PARE_INPUT_RANGE = 2,      /* [2] or [2, n]: the smallest values, then the largest */
    PARE_INPUT_SAMPLES = 3     /* [samples, n] */
};

struct pare_input {
    size_t struct_size;
    uint32_t kind; /* enum pare_input_kind */
    uint32_t n_dims;
    uint64_t dims[2];
    const float *data;
};

struct pare_calibration { /* what a call is told besides the weights */
    size_t struct_size;
    const float *importance; /* one weight per element of a row of the call, >= 0; or NULL */
    uint32_t search;         /* enum pare_search, where the encoding has the flag BEST */
    uint32_t reserved;
    const struct pare_input *const *inputs; /* of the whole tensor; or NULL */
    const void *state;                      /* encode: what begin and gather made; or NULL */
    uint64_t first_row, first_column;       /* with a state: where in the tensor x begins */
};

/* What a plane has one unit for. Rows are those of the tensor as a matrix: all dims but the last.
 * Planes per COLUMN and per TENSOR are whole in every call of a kernel; the others begin with the
 * call's first row, where with tiles a row of tiles begins: tile_rows of planes that have tiles
 * divide the largest of them. */
enum pare_per {
    PARE_PER_BLOCK = 0, /* block_len elements of a row */
    PARE_PER_ROW = 1,
    PARE_PER_COLUMN = 2,
    PARE_PER_TILE = 3, /* tile_rows rows times tile_columns columns; smaller at the edges */
    PARE_PER_TENSOR = 4
};

/* Units lie row by row; those of a row (of blocks, of tiles) are packed, low bits first, and each
 * row begins at a byte. */
struct pare_plane {
    size_t struct_size;
    const char *name;   /* "data"; or "codes", "scales", "zeros" */
    uint32_t per;       /* enum pare_per */
    uint32_t bits;      /* of a unit */
    uint32_t row_bytes; /* PARE_PER_BLOCK: bytes in front of each row's blocks */
    uint32_t tile_rows, tile_columns;
    uint32_t reserved;
};

/* Kernels are pure: no allocation, no state, no failure, any thread. x is rows * row_len floats,
 * row_len a multiple of the block length; planes hold the same rows, unaligned. Every kernel of an
 * encoding gives the same bytes (encode) and the same floats (decode) as kernel 0. Planes per
 * COLUMN and per TENSOR are read by encode, not written. */
struct pare_kernel {
    size_t struct_size;
    const char *name; /* "c", "avx2", ... */
    uint32_t cpu;     /* enum pare_cpu bits that it needs */
    void (*encode)(const float *x, uint64_t rows, uint64_t row_len,
                   const struct pare_calibration *calibration, void *const *planes);
    void (*decode)(const void *const *planes, uint64_t rows, uint64_t row_len, float *x);
};

enum pare_encoding_flags {
    PARE_ENCODING_FLOAT = 1 << 0,      /* each element is a float of its own: a cast */
    PARE_ENCODING_INTEGER = 1 << 1,    /* integers or bools: copied, never requantized */
    PARE_ENCODING_QUANTIZED = 1 << 2,  /* blocks share scales: requantizing costs accuracy */
    PARE_ENCODING_WHOLE_ROWS = 1 << 3, /* a row must be encoded in one call */
    PARE_ENCODING_IMPORTANCE = 1 << 4, /* uses importance when there is some */
    PARE_ENCODING_NEEDS_IMPORTANCE = 1 << 5,
    PARE_ENCODING_BEST = 1 << 6 /* honours PARE_SEARCH_BEST */
};

/* The floats that weights were stored as: what a decoded one is rounded to. */
enum pare_grain { PARE_GRAIN_F32 = 0, PARE_GRAIN_F16 = 1, PARE_GRAIN_BF16 = 2 };

struct pare_encoding {
    size_t struct_size;
    const char *name; /* lower case: "q4_k" */
    const char *summary;
    uint32_t flags;     /* enum pare_encoding_flags, one of the first three */
    uint32_t block_len; /* elements of a row that are stored together; 1 for plain types */
    const struct pare_plane *const *planes;   /* 1 .. PARE_MAX_PLANES */
    const struct pare_kernel *const *kernels; /* [0] defines the encoding, in plain C */
    /* Optional, to see all of a tensor before it is encoded. begin makes a state; gather, where
     * it is not NULL, gets all weights, in order, some whole rows at a time; settle, needed for
     * planes per COLUMN or per TENSOR, fills these (others are NULL). One thread at a time; encode
     * then finds the state in its calibration. end frees it. */
    int (*begin)(const struct pare_host *, struct pare_job *, const struct pare_tensor *,
                 const struct pare_calibration *, void **ret_state);
    int (*gather)(void *state, const float *x, uint64_t first_row, uint64_t rows, uint64_t row_len);
    int (*settle)(void *state, void *const *planes);
    void (*end)(void *state);
    /* Optional, pure as a kernel: x are floats of the grain (enum pare_grain). 1: what the planes
     * decode to is x bit for bit when rounded to the grain, but for the signs of zeros; F32: as it
     * is. 0: no codes are known that give x; the planes' bytes are undefined. Never called where
     * there are planes per COLUMN or per TENSOR. */
    int (*recover)(const float *x, uint64_t rows, uint64_t row_len, uint32_t grain,
                   void *const *planes);
};

struct pare_array { /* a tensor in memory; elements in C order */
    size_t struct_size;
    const char *name;
    uint32_t type; /* enum pare_type, a number or bool */
    uint32_t n_dims;
    uint64_t dims[PARE_MAX_DIMS]; /* in a description 0: any */
    const void *data;             /* in a description NULL */
};

struct pare_evaluator { /* runs models of some formats; it has no files either */
    size_t struct_size;
    const char *name;
    const char *summary;
    const char *const *formats; /* that it runs, as readers are called */
    /* A model of n bytes, which stay until close. */
    int (*open)(const struct pare_host *, struct pare_job *, const char *format, const void *model,
                uint64_t n, void **ret_state);
    /* 1: *ret_array describes input (output) i; 0: there are no more. */
    int (*input)(void *state, uint32_t i, struct pare_array *ret_array);
    int (*output)(void *state, uint32_t i, struct pare_array *ret_array);
    /* Runs on one sample. Outputs, and the inner tensors named in `watched` (or NULL), go to
     * `take`, valid during its call; what it returns below 0 ends the run and is returned. */
    int (*run)(void *state, const struct pare_array *const *inputs, const char *const *watched,
               int (*take)(void *context, const struct pare_array *array), void *context);
    /* Optional. 1: the smallest and largest value that tensor `name` had in all runs that watched
     * it; 0: none did. */
    int (*range)(void *state, const char *name, float *ret_smallest, float *ret_largest);
    void (*close)(void *state);
};

enum pare_matrix_flags {
    PARE_MATRIX_A_TRANSPOSED = 1 << 0, /* a is [k, m] */
    PARE_MATRIX_B_TRANSPOSED = 1 << 1, /* b is [n, k] */
    PARE_MATRIX_ADD = 1 << 2           /* to what c holds */
};

struct pare_matrix { /* a BLAS, say */
    size_t struct_size;
    const char *name;
    const char *summary;
    uint32_t rank; /* of several, the one of the highest rank is used */
    uint32_t cpu;  /* enum pare_cpu bits that it needs */
    /* c [m, n] = a [m, k] times b [k, n]; ld...: elements from one row to the next as it lies. c
     * overlaps neither a nor b. Pure as a kernel, but sums may be taken in any order
     * that depends on sizes and flags alone. */
    void (*multiply)(uint32_t flags, uint64_t m, uint64_t n, uint64_t k, const float *a,
                     uint64_t lda, const float *b, uint64_t ldb, float *c, uint64_t ldc);
};

struct pare_plugin {
    size_t struct_size;
    const char *name;    /* lower case: "gguf" */
    const char *version; /* changes whenever any output byte may change */
    const char *summary;
    const struct pare_reader *const *readers; /* each list may be NULL */
    const struct pare_writer *const *writers;
    const struct pare_encoding *const *encodings;
    const struct pare_evaluator *const *evaluators;
    const struct pare_matrix *const *matrices;
};

/* The sizes that structs have at least: up to the last field of the first version. */
#define PARE_SIZE_UP_TO(type, field) (offsetof(type, field) + sizeof(((type *)0)->field))
#define PARE_VALUE_SIZE_1 PARE_SIZE_UP_TO(struct pare_value, data)
#define PARE_TENSOR_SIZE_1 PARE_SIZE_UP_TO(struct pare_tensor, op)
#define PARE_FILE_SIZE_1 PARE_SIZE_UP_TO(struct pare_file, reserved)
#define PARE_VIEW_SIZE_1 PARE_SIZE_UP_TO(struct pare_view, dims)
#define PARE_READER_SIZE_1 PARE_SIZE_UP_TO(struct pare_reader, reserved)
#define PARE_WRITER_SIZE_1 PARE_SIZE_UP_TO(struct pare_writer, close)
#define PARE_PLANE_SIZE_1 PARE_SIZE_UP_TO(struct pare_plane, reserved)
#define PARE_KERNEL_SIZE_1 PARE_SIZE_UP_TO(struct pare_kernel, decode)
#define PARE_ENCODING_SIZE_1 PARE_SIZE_UP_TO(struct pare_encoding, recover)
#define PARE_ARRAY_SIZE_1 PARE_SIZE_UP_TO(struct pare_array, data)
#define PARE_EVALUATOR_SIZE_1 PARE_SIZE_UP_TO(struct pare_evaluator, close)
#define PARE_MATRIX_SIZE_1 PARE_SIZE_UP_TO(struct pare_matrix, multiply)
#define PARE_PLUGIN_SIZE_1 PARE_SIZE_UP_TO(struct pare_plugin, matrices)

typedef const struct pare_plugin *pare_plugin_entry_fn(void);

/* At file scope, once: the plugin's only exported symbol. */
#define PARE_PLUGIN(plugin)                                                        \
    PARE_EXTERN_C PARE_EXPORT const struct pare_plugin *pare_plugin_entry_1(void); \
    const struct pare_plugin *pare_plugin_entry_1(void)                            \
    {                                                                              \
        return &(plugin);                                                          \
    }

#ifdef __cplusplus
}
#endif
#endif
