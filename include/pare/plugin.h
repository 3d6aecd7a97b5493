/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Pare plugin ABI, version 1: the only header that a plugin includes.
 *
 * A plugin is a shared library with one exported symbol, made by PARE_PLUGIN(). It describes
 * readers (a file header becomes a list of tensors), writers (a list of tensors becomes a layout)
 * and encodings (how the weights of a tensor are stored, with kernels to encode and decode them).
 * It links to nothing of Pare's, opens no files and prints nothing: all it needs comes through
 * struct pare_host. Every struct begins with its own size and only ever grows at its end: the host
 * copies the smaller of the two sizes into a zeroed struct of its own, so that older and newer
 * plugins both load. A struct that the host fills (ret_...) says with its size how far: set it
 * before the call. Lists are arrays of pointers that end with NULL. All strings are UTF-8.
 * See pare-plugin(3) for the life cycle and for each callback.
 */
#ifndef PARE_PLUGIN_H
#define PARE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PARE_ABI_VERSION 1u
#define PARE_MAX_DIMS 8
#define PARE_MAX_PLANES 4
#define PARE_MAX_NAME 65535 /* bytes in a tensor name or metadata key */

/* 0 is success; positive values are outcomes that the callback documents; these are failures. */
enum pare_status {
    PARE_OK = 0,
    PARE_EDATA = -1,       /* the input breaks a rule of its format */
    PARE_EINCOMPLETE = -2, /* the input ends before what it declares: it may still be arriving */
    PARE_ENOTSUP = -3,     /* valid, but not something that this plugin can do */
    PARE_ELIMIT = -4,      /* a named limit was exceeded */
    PARE_EIO = -5,         /* reading or writing failed */
    PARE_ENOMEM = -6,      /* memory, or the job's share of it, is used up */
    PARE_ENOSPC = -7,      /* no space, or over quota, where the output goes */
    PARE_ECANCELLED = -8,  /* the job was cancelled */
    PARE_EPLUGIN = -9,     /* a plugin broke a rule of this header */
    PARE_EUSAGE = -10,     /* the request makes no sense: unknown recipe, impossible target */
    PARE_ENONFINITE = -11, /* NaN or infinity among the weights */
    PARE_EINTERNAL = -12,  /* a defect of Pare's own */
    PARE_ECRASH = -13,     /* the worker process died */
    PARE_ETIMEOUT = -14,   /* the worker process gave no sign of life */
    PARE_EEXIST = -15,     /* the output's name is taken */
    PARE_EVERIFY = -16     /* the written output is not what was meant */
};

/* Instruction sets that a kernel may need; a kernel is used when all its bits are present. */
enum pare_cpu {
    PARE_CPU_AVX2 = 1 << 0, /* with FMA and BMI2 */
    PARE_CPU_F16C = 1 << 1,
    PARE_CPU_AVX512 = 1 << 2, /* F, BW, DQ, VL and CD */
    PARE_CPU_AVX512VBMI = 1 << 3,
    PARE_CPU_NEON = 1 << 4
};

/* Types of metadata values. Elements lie in host byte order, packed; a bool is one byte, 0 or 1. */
enum pare_type {
    PARE_U8 = 0,
    PARE_I8 = 1,
    PARE_U16 = 2,
    PARE_I16 = 3,
    PARE_U32 = 4,
    PARE_I32 = 5,
    PARE_F32 = 6,
    PARE_BOOL = 7,
    PARE_STRING = 8,
    PARE_U64 = 10,
    PARE_I64 = 11,
    PARE_F64 = 12
};

struct pare_job; /* opaque: one open model */

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
};

/* What a source file is to the model; side files are carried to outputs. */
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
    uint32_t role;    /* enum pare_file_role */
};

enum pare_log_level { PARE_LOG_WARNING = 0, PARE_LOG_INFO = 1, PARE_LOG_DEBUG = 2 };

/* Services. Functions that return int give 0, a documented positive value, or enum pare_status;
 * what they give below 0 has already been reported: pass it up. */
struct pare_host {
    size_t struct_size;
    uint32_t abi_version;
    uint32_t cpu; /* enum pare_cpu bits that may be used */

    /* Reports a failure and returns `code`; the text reaches log and catalog unchanged. */
    int (*fail)(struct pare_job *, int code, const char *format, ...);
    /* A warning becomes part of the conversion's record. */
    void (*log)(struct pare_job *, int level, const char *format, ...);
    /* Zeroed memory, charged to the job and freed with it at the latest; NULL: already reported. */
    void *(*alloc)(struct pare_job *, uint64_t count, uint64_t size);
    void (*release)(struct pare_job *, void *memory);
    int (*cancelled)(struct pare_job *); /* 1: stop and return PARE_ECANCELLED */
    /* A target's option, or NULL; "name" is what the target is called, for its files' names. */
    const char *(*option)(struct pare_job *, const char *key);

    /* Source files: 0 .. file_count - 1. read gives all n bytes or fails with PARE_EINCOMPLETE. */
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
     * source's file that the tensor comes from. */
    uint64_t (*tensor_count)(struct pare_job *);
    int (*tensor_at)(struct pare_job *, uint64_t i, struct pare_tensor *ret_tensor);
    /* For writers: the layout. A name is "" for the target's only file, or a plain file name
     * inside the target's folder. Bytes that nothing covers are zero. */
    int (*out_file)(struct pare_job *, const char *name, uint32_t *ret_file);
    int (*out_literal)(struct pare_job *, uint32_t file, uint64_t offset, const void *data,
                       uint64_t n);
    int (*out_tensor)(struct pare_job *, uint64_t tensor, uint32_t plane, uint32_t file,
                      uint64_t offset);
    int (*out_side)(struct pare_job *, uint32_t source_file, uint32_t file);
    int (*out_size)(struct pare_job *, uint32_t file, uint64_t size);
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
    /* Optional, for planes that are not plain bytes of a file: n bytes from `offset` of a plane. */
    int (*read)(void *state, uint64_t tensor, uint32_t plane, uint64_t offset, void *buffer,
                size_t n);
};

struct pare_writer {
    size_t struct_size;
    const char *name; /* the format: "gguf" */
    const char *summary;
    const char *suffix;           /* ".gguf" */
    const char *const *encodings; /* names of those that it can hold */
    /* Lays the target out with host->out_*; no tensor data is needed or seen. */
    int (*layout)(const struct pare_host *, struct pare_job *);
    /* Optional, once all data is written: may patch literals with host->out_literal. */
    int (*finish)(const struct pare_host *, struct pare_job *);
};

/* How hard to look for a block's scales; both are deterministic. */
enum pare_search {
    PARE_SEARCH_REFERENCE = 0, /* as the encoding's definition does */
    PARE_SEARCH_BEST = 1       /* longer: no block has a larger importance-weighted squared error */
};

struct pare_calibration { /* what is known about the inputs that meet a tensor */
    size_t struct_size;
    const float *importance; /* one weight per element of a row, >= 0; or NULL */
    const void *hessian;     /* reserved: NULL in version 1 */
    uint32_t search;         /* enum pare_search, where the encoding has the flag BEST */
};

struct pare_plane { /* bytes = blocks * bytes_per_block + rows * bytes_per_row */
    size_t struct_size;
    const char *name; /* "data"; or "codes", "scales", "zeros" */
    uint32_t bytes_per_block;
    uint32_t bytes_per_row;
};

/* Kernels are pure: no allocation, no state, no failure, any thread. x is rows * row_len floats,
 * row_len a multiple of the block length; planes hold the same rows, unaligned. Every kernel of an
 * encoding gives the same bytes (encode) and the same floats (decode) as kernel 0. */
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
    /* Reserved for schemes that need a pass over the tensor first: NULL in version 1. */
    int (*begin)(const struct pare_host *, struct pare_job *, const struct pare_tensor *,
                 const struct pare_calibration *, void **ret_state);
    void (*end)(void *state);
    /* Optional, pure as a kernel: x are floats of the grain (enum pare_grain). 1: what the planes
     * decode to is x bit for bit when rounded to the grain, but for the signs of zeros; F32: as it
     * is. 0: no codes are known that give x; the planes' bytes are undefined. */
    int (*recover)(const float *x, uint64_t rows, uint64_t row_len, uint32_t grain,
                   void *const *planes);
};

struct pare_plugin {
    size_t struct_size;
    const char *name;    /* lower case: "gguf" */
    const char *version; /* changes whenever any output byte may change */
    const char *summary;
    const struct pare_reader *const *readers; /* each list may be NULL */
    const struct pare_writer *const *writers;
    const struct pare_encoding *const *encodings;
};

typedef const struct pare_plugin *pare_plugin_entry_fn(void);

#if defined(__GNUC__)
#define PARE_EXPORT __attribute__((visibility("default")))
#else
#define PARE_EXPORT
#endif
#ifdef __cplusplus
#define PARE_EXTERN_C extern "C"
#else
#define PARE_EXTERN_C extern
#endif

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
