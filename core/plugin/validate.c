/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Checking what plugins say: see validate.h. Every rule has its own message. */
#include "plugin/validate.h"

#include <string.h>

/* Copies min(said's size, our size) bytes into a zeroed struct. Sizes below `least` (the fields
 * that version 1 had from its first day) or absurdly large are refused. */
static int copy_sized(const void *said, size_t least, size_t ours, const char *what, void *ret_copy,
                      struct error *err)
{
    size_t theirs;
    if (!said)
        return error_set(err, PARE_EPLUGIN, "%s is NULL", what);
    memcpy(&theirs, said, sizeof theirs);
    if (theirs < least || theirs > 65536)
        return error_set(err, PARE_EPLUGIN,
                         "%s has struct_size %zu, at least %zu is needed: build it against this "
                         "Pare's plugin.h",
                         what, theirs, least);
    memset(ret_copy, 0, ours);
    memcpy(ret_copy, said, theirs < ours ? theirs : ours);
    memcpy(ret_copy, &ours, sizeof ours);
    return 0;
}

int validate_name(const char *name)
{
    if (!name || name[0] < 'a' || name[0] > 'z')
        return 0;
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return name[n] == 0 && n <= 31;
}

int validate_plugin(const struct pare_plugin *said, struct pare_plugin *ret_copy, struct error *err)
{
    struct pare_plugin p;
    int r = copy_sized(said, PARE_PLUGIN_SIZE_1, sizeof p, "the plugin's description", &p, err);
    if (r < 0)
        return r;
    if (!validate_name(p.name))
        return error_set(err, PARE_EPLUGIN, "its name is not 1 to 31 of a-z, 0-9, '_', '-'");
    if (!p.version || !*p.version || strlen(p.version) > 63)
        return error_set(err, PARE_EPLUGIN, "it has no version of 1 to 63 bytes");
    if (!p.summary || strlen(p.summary) > 500)
        return error_set(err, PARE_EPLUGIN, "it has no summary of up to 500 bytes");
    if (!(p.readers && *p.readers) && !(p.writers && *p.writers) &&
        !(p.encodings && *p.encodings) && !(p.evaluators && *p.evaluators) &&
        !(p.matrices && *p.matrices))
        return error_set(err, PARE_EPLUGIN,
                         "it provides no reader, writer, encoding, evaluator or matrix service");
    *ret_copy = p;
    return 0;
}

int validate_reader(const struct pare_reader *said, struct pare_reader *ret_copy, struct error *err)
{
    struct pare_reader p;
    int r = copy_sized(said, PARE_READER_SIZE_1, sizeof p, "a reader", &p, err);
    if (r < 0)
        return r;
    if (!validate_name(p.name))
        return error_set(err, PARE_EPLUGIN, "a reader's name is not 1 to 31 of a-z, 0-9, '_', '-'");
    if (!p.summary || !p.probe || !p.open || !p.next || !p.close)
        return error_set(err, PARE_EPLUGIN,
                         "reader %s lacks one of summary, probe, open, next, close", p.name);
    *ret_copy = p;
    return 0;
}

int validate_writer(const struct pare_writer *said, struct pare_writer *ret_copy, struct error *err)
{
    struct pare_writer p;
    int r = copy_sized(said, PARE_WRITER_SIZE_1, sizeof p, "a writer", &p, err);
    if (r < 0)
        return r;
    if (!validate_name(p.name))
        return error_set(err, PARE_EPLUGIN, "a writer's name is not 1 to 31 of a-z, 0-9, '_', '-'");
    if (!p.summary || !p.layout || !p.holds)
        return error_set(err, PARE_EPLUGIN, "writer %s lacks one of summary, holds, layout",
                         p.name);
    if (!p.suffix || p.suffix[0] != '.' || strlen(p.suffix) > 31 || strchr(p.suffix, '/'))
        return error_set(err, PARE_EPLUGIN, "writer %s has no suffix such as \".gguf\"", p.name);
    *ret_copy = p;
    return 0;
}

int validate_kernel(const struct pare_kernel *said, struct pare_kernel *ret_copy, struct error *err)
{
    struct pare_kernel k;
    int r = copy_sized(said, PARE_KERNEL_SIZE_1, sizeof k, "a kernel", &k, err);
    if (r < 0)
        return r;
    if (!validate_name(k.name))
        return error_set(err, PARE_EPLUGIN, "a kernel's name is not 1 to 31 of a-z, 0-9, '_', '-'");
    *ret_copy = k;
    return 0;
}

#define MAX_UNIT_BITS (8u << 24) /* 16 MiB */
#define MAX_TILE 65536u

static int check_unit(const char *encoding, const struct pare_plane *plane, struct error *err)
{
    if (plane->per > PARE_PER_TENSOR)
        return error_set(err, PARE_EPLUGIN, "encoding %s: plane %s is per %u, which is nothing",
                         encoding, plane->name, plane->per);
    if (!plane->bits)
        return error_set(err, PARE_EPLUGIN, "encoding %s: plane %s holds no bytes", encoding,
                         plane->name);
    if (plane->bits > MAX_UNIT_BITS || plane->row_bytes > MAX_UNIT_BITS / 8)
        return error_set(err, PARE_EPLUGIN, "encoding %s: plane %s has over 16 MiB a unit",
                         encoding, plane->name);
    if (plane->row_bytes && plane->per != PARE_PER_BLOCK)
        return error_set(err, PARE_EPLUGIN,
                         "encoding %s: plane %s has row_bytes, which go with blocks only", encoding,
                         plane->name);
    int tiled = plane->per == PARE_PER_TILE;
    if (tiled != (plane->tile_rows > 0) || tiled != (plane->tile_columns > 0) ||
        plane->tile_rows > MAX_TILE || plane->tile_columns > MAX_TILE)
        return error_set(err, PARE_EPLUGIN,
                         "encoding %s: plane %s: tiles have 1 to %u rows and columns, and other "
                         "planes none",
                         encoding, plane->name, MAX_TILE);
    return 0;
}

/* Tiles of several planes must fit each other, so that rows can be cut where all of them end. */
static int check_tiles(const struct encoding *e, const char *name, struct error *err)
{
    uint64_t most = encoding_tile_rows(e);
    for (uint32_t i = 0; i < e->n_planes; i++)
        if (e->planes[i].per == PARE_PER_TILE && most % e->planes[i].tile_rows)
            return error_set(err, PARE_EPLUGIN,
                             "encoding %s: plane %s has tiles of %u rows, which do not divide %llu",
                             name, e->planes[i].name, e->planes[i].tile_rows,
                             (unsigned long long)most);
    return 0;
}

/* Names tell planes apart, where a file has them as tensors of their own. */
static int check_plane_name(const struct encoding *e, const char *encoding, struct error *err)
{
    const char *name = e->planes[e->n_planes].name;
    if (!validate_name(name))
        return error_set(err, PARE_EPLUGIN, "encoding %s: plane %u has no proper name", encoding,
                         e->n_planes);
    for (uint32_t i = 0; i < e->n_planes; i++)
        if (!strcmp(e->planes[i].name, name))
            return error_set(err, PARE_EPLUGIN, "encoding %s has two planes called %s", encoding,
                             name);
    return 0;
}

static int validate_planes(const struct pare_encoding *said, struct encoding *e, struct error *err)
{
    if (!said->planes || !said->planes[0])
        return error_set(err, PARE_EPLUGIN, "encoding %s has no planes", said->name);
    uint32_t n = 0;
    while (n <= PARE_MAX_PLANES && said->planes[n])
        n++;
    if (n > PARE_MAX_PLANES)
        return error_set(err, PARE_EPLUGIN, "encoding %s has over %d planes", said->name,
                         PARE_MAX_PLANES);
    for (; e->n_planes < n; e->n_planes++) {
        struct pare_plane *plane = &e->planes[e->n_planes];
        int r = copy_sized(said->planes[e->n_planes], PARE_PLANE_SIZE_1, sizeof *plane, "a plane",
                           plane, err);
        if (r < 0)
            return error_prefix(err, "encoding %s", said->name);
        r = check_plane_name(e, said->name, err);
        if (r == 0)
            r = check_unit(said->name, plane, err);
        if (r < 0)
            return r;
    }
    return check_tiles(e, said->name, err);
}

/* Seeing all weights first: what belongs to that comes together. */
static int check_calibration(const struct pare_encoding *p, const struct encoding *e,
                             struct error *err)
{
    if (!p->begin != !p->end || (p->gather && !p->begin) || (p->settle && !p->begin))
        return error_set(err, PARE_EPLUGIN,
                         "encoding %s: begin and end come together, gather and settle with them",
                         p->name);
    if (encoding_has_shared_planes(e) != (p->settle != NULL))
        return error_set(err, PARE_EPLUGIN,
                         "encoding %s: planes per column or per tensor need settle, others none",
                         p->name);
    return 0;
}

static int choose_kernel(const struct pare_encoding *said, uint32_t mask, struct encoding *e,
                         struct error *err)
{
    if (!said->kernels || !said->kernels[0])
        return error_set(err, PARE_EPLUGIN, "encoding %s has no kernels", said->name);
    for (size_t i = 0; said->kernels[i]; i++) {
        struct pare_kernel k;
        int r = validate_kernel(said->kernels[i], &k, err);
        if (r < 0)
            return error_prefix(err, "encoding %s", said->name);
        if (i == 0 && k.cpu)
            return error_set(err, PARE_EPLUGIN,
                             "encoding %s: kernel 0 must be plain C, it asks for CPU bits",
                             said->name);
        if (!k.decode || (!k.encode && !(said->flags & PARE_ENCODING_INTEGER)))
            return error_set(err, PARE_EPLUGIN, "encoding %s: kernel %s lacks encode or decode",
                             said->name, k.name);
        if ((k.cpu & mask) == k.cpu)
            e->kernel = k;
    }
    e->kernels = said->kernels;
    return 0;
}

int validate_encoding(const struct pare_encoding *said, uint32_t mask,
                      struct encoding *ret_encoding, struct error *err)
{
    struct pare_encoding p;
    int r = copy_sized(said, PARE_ENCODING_SIZE_1, sizeof p, "an encoding", &p, err);
    if (r < 0)
        return r;
    if (!validate_name(p.name))
        return error_set(err, PARE_EPLUGIN,
                         "an encoding's name is not 1 to 31 of a-z, 0-9, '_', '-'");
    uint32_t kind = p.flags &
                    (PARE_ENCODING_FLOAT | PARE_ENCODING_INTEGER | PARE_ENCODING_QUANTIZED);
    if (!kind || (kind & (kind - 1)))
        return error_set(err, PARE_EPLUGIN,
                         "encoding %s must be one of float, integer and quantized", p.name);
    if (!p.summary || p.block_len < 1 || p.block_len > 65536)
        return error_set(err, PARE_EPLUGIN,
                         "encoding %s has no summary, or a block length outside 1 to 65536",
                         p.name);
    struct encoding e = { .name = p.name,
                          .summary = p.summary,
                          .flags = p.flags,
                          .block_len = p.block_len,
                          .recover = p.recover,
                          .said = p };
    r = validate_planes(&p, &e, err);
    if (r == 0)
        r = check_calibration(&p, &e, err);
    if (r == 0)
        r = choose_kernel(&p, mask, &e, err);
    if (r < 0)
        return r;
    *ret_encoding = e;
    return 0;
}

int validate_evaluator(const struct pare_evaluator *said, struct pare_evaluator *ret_copy,
                       struct error *err)
{
    struct pare_evaluator p;
    int r = copy_sized(said, PARE_EVALUATOR_SIZE_1, sizeof p, "an evaluator", &p, err);
    if (r < 0)
        return r;
    if (!validate_name(p.name))
        return error_set(err, PARE_EPLUGIN,
                         "an evaluator's name is not 1 to 31 of a-z, 0-9, '_', '-'");
    if (!p.summary || !p.formats || !p.formats[0] || !p.open || !p.input || !p.output || !p.run ||
        !p.close)
        return error_set(err, PARE_EPLUGIN,
                         "evaluator %s lacks one of summary, formats, open, input, output, run, "
                         "close",
                         p.name);
    *ret_copy = p;
    return 0;
}

int validate_matrix(const struct pare_matrix *said, struct pare_matrix *ret_copy, struct error *err)
{
    struct pare_matrix p;
    int r = copy_sized(said, PARE_MATRIX_SIZE_1, sizeof p, "a matrix service", &p, err);
    if (r < 0)
        return r;
    if (!validate_name(p.name))
        return error_set(err, PARE_EPLUGIN,
                         "a matrix service's name is not 1 to 31 of a-z, 0-9, '_', '-'");
    if (!p.summary || !p.multiply)
        return error_set(err, PARE_EPLUGIN, "matrix service %s lacks one of summary, multiply",
                         p.name);
    *ret_copy = p;
    return 0;
}

void validate_adopt(struct encoding *encoding)
{
    for (uint32_t i = 0; i < encoding->n_planes; i++)
        encoding->plane_list[i] = &encoding->planes[i];
    encoding->said.planes = encoding->plane_list;
}
