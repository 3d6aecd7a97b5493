/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * An example to copy: a small writer, for an archive that any program can open. It writes a tar
 * (POSIX.1-1988, "ustar") with the weights of every tensor as a file of raw bytes:
 *
 *     FOLDER/index.tsv             a line for each tensor: name, encoding, shape
 *     FOLDER/tensors/NAME          its bytes; of an encoding with several planes
 *     FOLDER/tensors/NAME/PLANE    those of each plane
 *     FOLDER/SHA256SUMS            what `sha256sum -c` checks, in FOLDER
 *
 * A writer never sees a weight. It says where everything goes: its own bytes (here tar's headers,
 * the index and the digests) are literals, and planes of tensors are named by number; the host
 * moves them there. Only when all is written can digests be known: `finish` asks for them and puts
 * them into the place that `layout` has kept for them. Build it alone, with the one header:
 *
 *     cc -shared -fPIC -O2 -fvisibility=hidden -o tar.so tar.c
 *
 * Put tar.so into the plugin directory, and `pare convert --to tar:RECIPE` writes archives. See
 * pare-plugin(3).
 */
#include <pare/plugin.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 512u
#define MAX_PATH 100u                   /* bytes, in a header */
#define MAX_FOLDER 155u                 /* likewise */
#define MAX_SIZE UINT64_C(077777777777) /* 11 octal digits */
#define DIGITS (PARE_DIGEST_SIZE - 1)
#define SHAPE_SIZE (PARE_MAX_DIMS * 21 + 1)

/* A file of the archive that has a line in SHA256SUMS. */
struct part {
    uint64_t offset, length; /* of its bytes in the output */
    uint64_t digest;         /* where in the output the digits of its digest stand */
};

/* What layout leaves to finish. Its memory is the job's. */
struct tar {
    uint32_t file;
    uint64_t n_parts;
    struct part *parts;
};

/* What layout works with. */
struct build {
    const struct pare_host *host;
    struct pare_job *job;
    struct tar *tar;
    const char *folder;
    uint64_t end;     /* of what is laid out */
    char *sums;       /* SHA256SUMS, with zeros for digits */
    size_t sums_size; /* bytes of it so far */
};

/* Can the format hold this encoding? Any whose planes are known: the bytes are written as they are,
 * and the index names the encoding. */
static int tar_holds(const struct pare_encoding *encoding)
{
    return encoding->planes ? PARE_HOLDS : PARE_HOLDS_NOT;
}

/* A name from a file is untrusted, and here it becomes a path on somebody's disk. */
static int is_plain_name(const char *name, size_t length)
{
    if (length == 0 || name[0] == '.')
        return 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c <= 0x20 || c >= 0x7f || c == '/' || c == '\\')
            return 0;
    }
    return 1;
}

/* The option `folder`, or what the target is called. */
static int choose_folder(struct build *build)
{
    const char *folder = build->host->option(build->job, "folder");
    if (!folder)
        folder = build->host->option(build->job, "name");
    if (!folder || !is_plain_name(folder, strlen(folder)) || strlen(folder) > MAX_FOLDER)
        return build->host->fail(build->job, PARE_EUSAGE,
                                 "the archive's folder must have a plain name of up to %u letters, "
                                 "digits and signs: give one with the option `folder`",
                                 MAX_FOLDER);
    build->folder = folder;
    return 0;
}

/* Places the header of a file of `size` bytes. */
static int add_header(struct build *build, const char *path, uint64_t size)
{
    char header[BLOCK] = { 0 };
    unsigned sum = 0;
    if (size > MAX_SIZE)
        return build->host->fail(build->job, PARE_ELIMIT,
                                 "%s: it has %llu bytes, and a file in a tar archive up to %llu",
                                 path, (unsigned long long)size, (unsigned long long)MAX_SIZE);
    memcpy(header, path, strlen(path)); /* at most MAX_PATH: make_path has seen to it */
    memcpy(header + 100, "0000644\0000000000\0000000000", 23); /* mode, owner, group */
    (void)snprintf(header + 124, 12, "%011llo", (unsigned long long)size);
    memcpy(header + 136, "00000000000", 11); /* no date: the same input gives the same bytes */
    memset(header + 148, ' ', 8);            /* the checksum counts itself as blanks */
    header[156] = '0';                       /* a plain file */
    memcpy(header + 257, "ustar\00000", 8);
    memcpy(header + 345, build->folder, strlen(build->folder));
    for (unsigned i = 0; i < BLOCK; i++)
        sum += (unsigned char)header[i];
    (void)snprintf(header + 148, 7, "%06o", sum);
    const int r = build->host->out_literal(build->job, build->tar->file, build->end, header, BLOCK);
    build->end += BLOCK;
    return r;
}

/* Moves behind a file's bytes. Files begin at blocks; what lies between is zero of itself. */
static void pass(struct build *build, uint64_t size)
{
    build->end += (size + BLOCK - 1) / BLOCK * BLOCK;
}

/* A part begins here: a line for SHA256SUMS. The text is long enough: see start. */
static void add_part(struct build *build, const char *path, uint64_t length)
{
    struct part *part = &build->tar->parts[build->tar->n_parts++];
    part->offset = build->end;
    part->length = length;
    part->digest = build->sums_size; /* in the text, for now */
    build->sums_size += (size_t)sprintf(build->sums + build->sums_size, "%0*d  %s\n", DIGITS, 0,
                                        path);
}

/* Reads what there is to write. Set struct_size in what the host fills. */
static int get_tensor(const struct build *build, uint64_t i, struct pare_tensor *ret_tensor)
{
    ret_tensor->struct_size = sizeof *ret_tensor;
    return build->host->tensor_at(build->job, i, ret_tensor);
}

/* Takes the memory and makes the only file: its name is "". */
static int start(struct build *build)
{
    uint64_t n_parts = 1; /* the index */
    for (uint64_t i = 0; i < build->host->tensor_count(build->job); i++) {
        struct pare_tensor tensor;
        const int r = get_tensor(build, i, &tensor);
        if (r < 0)
            return r;
        n_parts += tensor.n_planes;
    }
    build->tar = build->host->alloc(build->job, 1, sizeof *build->tar);
    build->sums = build->host->alloc(build->job, n_parts, DIGITS + 2 + MAX_PATH + 2);
    if (!build->tar || !build->sums)
        return PARE_ENOMEM; /* alloc has reported it */
    build->tar->parts = build->host->alloc(build->job, n_parts, sizeof *build->tar->parts);
    if (!build->tar->parts)
        return PARE_ENOMEM;
    return build->host->out_file(build->job, "", &build->tar->file);
}

/* "4x256"; a scalar has the shape "1". ret_text has SHAPE_SIZE bytes. */
static void shape_text(const struct pare_tensor *tensor, char *ret_text)
{
    int n = tensor->n_dims ? 0 : sprintf(ret_text, "1");
    for (uint32_t i = 0; i < tensor->n_dims; i++)
        n += sprintf(ret_text + n, "%s%llu", i ? "x" : "", (unsigned long long)tensor->dims[i]);
}

/* A line for each tensor. */
static int add_index(struct build *build)
{
    const uint64_t n_tensors = build->host->tensor_count(build->job);
    const uint64_t most = MAX_PATH + 1 + 32 + 1 + SHAPE_SIZE; /* bytes of a line */
    char *text = build->host->alloc(build->job, n_tensors + 1, most);
    size_t size = 0;
    if (!text)
        return PARE_ENOMEM;
    for (uint64_t i = 0; i < n_tensors; i++) {
        struct pare_tensor tensor;
        char shape[SHAPE_SIZE];
        const int r = get_tensor(build, i, &tensor);
        if (r < 0)
            return r;
        if (tensor.name.len > MAX_PATH || !is_plain_name(tensor.name.data, tensor.name.len))
            return build->host->fail(build->job, PARE_ENOTSUP,
                                     "tensor %llu has a name that cannot be a file's: over %u "
                                     "bytes, or with other signs than printable ones",
                                     (unsigned long long)i, MAX_PATH);
        shape_text(&tensor, shape);
        size += (size_t)sprintf(text + size, "%.*s\t%.31s\t%s\n", (int)tensor.name.len,
                                tensor.name.data, tensor.encoding, shape);
    }
    int r = add_header(build, "index.tsv", size);
    add_part(build, "index.tsv", size);
    if (r == 0)
        r = build->host->out_literal(build->job, build->tar->file, build->end, text, size);
    pass(build, size);
    build->host->release(build->job, text);
    return r;
}

/* The file of a plane. ret_path has MAX_PATH + 1 bytes. */
static int make_path(const struct build *build, const struct pare_tensor *tensor, uint32_t plane,
                     char *ret_path)
{
    const struct pare_encoding *encoding = build->host->encoding(build->job, tensor->encoding);
    const int several = encoding && tensor->n_planes > 1;
    const int n = snprintf(ret_path, MAX_PATH + 1, "tensors/%.*s%s%s", (int)tensor->name.len,
                           tensor->name.data, several ? "/" : "",
                           several ? encoding->planes[plane]->name : "");
    if (n > (int)MAX_PATH)
        return build->host->fail(build->job, PARE_ELIMIT,
                                 "%s...: a path in the archive has over %u bytes", ret_path,
                                 MAX_PATH);
    return 0;
}

static int add_tensor(struct build *build, uint64_t i)
{
    struct pare_tensor tensor;
    char path[MAX_PATH + 1];
    int r = get_tensor(build, i, &tensor);
    for (uint32_t plane = 0; r == 0 && plane < tensor.n_planes; plane++) {
        const uint64_t length = tensor.planes[plane].length;
        r = make_path(build, &tensor, plane, path);
        if (r == 0)
            r = add_header(build, path, length);
        if (r < 0)
            return r;
        add_part(build, path, length);
        r = build->host->out_tensor(build->job, i, plane, build->tar->file, build->end);
        pass(build, length);
    }
    return r;
}

/* The digests' file comes last, its digits still zeros. */
static int add_sums(struct build *build)
{
    int r = add_header(build, "SHA256SUMS", build->sums_size);
    if (r == 0)
        r = build->host->out_literal(build->job, build->tar->file, build->end, build->sums,
                                     build->sums_size);
    for (uint64_t i = 0; i < build->tar->n_parts; i++)
        build->tar->parts[i].digest += build->end;
    pass(build, build->sums_size);
    build->host->release(build->job, build->sums);
    return r;
}

/* Called once for a target. All lengths are known by now. */
static int tar_layout(const struct pare_host *host, struct pare_job *job, void **ret_state)
{
    struct build build = { .host = host, .job = job };
    int r = choose_folder(&build);
    if (r == 0)
        r = start(&build);
    if (r == 0)
        r = add_index(&build);
    for (uint64_t i = 0; r == 0 && i < host->tensor_count(job); i++)
        r = add_tensor(&build, i);
    if (r == 0)
        r = add_sums(&build);
    if (r == 0) /* an archive ends with two blocks of zeros */
        r = host->out_size(job, build.tar->file, build.end + 2 * BLOCK);
    if (r == 0)
        *ret_state = build.tar;
    return r; /* where it is below 0, all memory goes with the job */
}

/* Called when all is written. Only literals can still be changed. */
static int tar_finish(const struct pare_host *host, struct pare_job *job, void *state)
{
    const struct tar *tar = state;
    char digits[PARE_DIGEST_SIZE];
    for (uint64_t i = 0; i < tar->n_parts; i++) {
        const struct part *part = &tar->parts[i];
        if (host->cancelled(job))
            return PARE_ECANCELLED;
        int r = host->out_digest(job, PARE_SHA256, tar->file, part->offset, part->length, digits);
        if (r == 0)
            r = host->out_literal(job, tar->file, part->digest, digits, DIGITS);
        if (r < 0)
            return r;
    }
    return 0;
}

/* There is nothing to close: the state's memory goes with the job. */
static void tar_close(void *state)
{
    (void)state;
}

static const struct pare_writer writer = { .struct_size = sizeof writer,
                                           .name = "tar",
                                           .summary = "raw tensors in a tar archive (an example)",
                                           .suffix = ".tar",
                                           .holds = tar_holds,
                                           .layout = tar_layout,
                                           .finish = tar_finish,
                                           .close = tar_close };

static const struct pare_writer *const writers[] = { &writer, NULL }; /* lists end with NULL */

static const struct pare_plugin plugin = {
    .struct_size = sizeof plugin,
    .name = "example-writer",
    .version = "1",
    .summary = "writes tar archives: an example for authors of plugins",
    .writers = writers
};

PARE_PLUGIN(plugin)
