/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Stands in for a library that reads files of its own format (HDF5, say): it is not Pare's, knows
 * nothing of plugins and wants a file. It gets one in three callbacks, as such libraries do. A
 * handle has a position and is for one thread at a time.
 */
#ifndef KINDS_LIBRARY_H
#define KINDS_LIBRARY_H

#include <stdint.h>
#include <string.h>

struct library_driver {
    void *(*open)(void *context);                             /* NULL: it cannot be opened */
    int (*read)(void *file, uint64_t at, void *to, size_t n); /* 0, or -1 */
    void (*close)(void *file);
};

struct library {
    const struct library_driver *driver;
    void *file;
    uint64_t position;
};

/* What the library's files hold: 4 bytes of magic, a number, and as many of these. */
struct library_record {
    char name[16], role[12], op[12];
    uint32_t is_text; /* 1: hexadecimal digits, two to a byte */
    uint32_t rows, columns;
    uint64_t offset;
};

static inline int library_open(struct library *library, const struct library_driver *driver,
                               void *context)
{
    library->driver = driver;
    library->position = 0;
    library->file = driver->open(context);
    return library->file ? 0 : -1;
}

static inline void library_seek(struct library *library, uint64_t position)
{
    library->position = position;
}

static inline int library_read(struct library *library, void *to, size_t n)
{
    int r = library->driver->read(library->file, library->position, to, n);
    library->position += n;
    return r;
}

/* The i-th record; 0 or -1. */
static inline int library_record(struct library *library, uint32_t i,
                                 struct library_record *ret_record)
{
    library_seek(library, 8 + (uint64_t)i * sizeof *ret_record);
    return library_read(library, ret_record, sizeof *ret_record);
}

static inline void library_close(struct library *library)
{
    library->driver->close(library->file);
    library->file = NULL;
}

#endif
