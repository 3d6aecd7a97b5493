/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Locals that clean up after themselves: `_cleanup_free_ char *s = NULL;`. Ownership is handed
 * over by `*ret = s; s = NULL;`, or TAKE(s), TAKE_FD(fd). Other modules define their own with
 * DEFINE_CLEANUP(type, function).
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

#define DEFINE_CLEANUP(type, function)             \
    static inline void function##_cleanup(type *p) \
    {                                              \
        if (*p)                                    \
            function(*p);                          \
    }                                              \
    struct function##_cleanup_needs_semicolon

#define TAKE(p)                     \
    __extension__({                 \
        __typeof__(p) taken_ = (p); \
        (p) = NULL;                 \
        taken_;                     \
    })

#define TAKE_FD(fd)        \
    __extension__({        \
        int taken_ = (fd); \
        (fd) = -1;         \
        taken_;            \
    })

static inline void cleanup_free(void *p)
{
    free(*(void **)p);
}

static inline void cleanup_close(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static inline void cleanup_closedir(DIR **dir)
{
    if (*dir)
        (void)closedir(*dir);
}

static inline void cleanup_json(json_t **json)
{
    json_decref(*json);
}

#define _cleanup_free_ CLEANUP(cleanup_free)
#define _cleanup_close_ CLEANUP(cleanup_close)
#define _cleanup_closedir_ CLEANUP(cleanup_closedir)
#define _cleanup_json_ CLEANUP(cleanup_json)

#endif
