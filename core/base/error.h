/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * An error carries a status and a text from where it happens to the edge that reports it. The
 * caller owns the struct, usually on its stack; functions fill it and return its code, so that
 * `return error_set(err, PARE_EDATA, ...)` says everything at once. No allocation: it works when
 * memory is gone.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <pare/plugin.h>
#include <stdarg.h>

#define ERROR_TEXT_MAX 1000

/* The statuses that only the host knows, besides enum pare_status. */
enum error_status {
    PARE_ENOSPC = -7,      /* no space, or over quota, where the output goes */
    PARE_EPLUGIN = -9,     /* a plugin broke a rule of its header */
    PARE_ENONFINITE = -11, /* NaN or infinity among the weights */
    PARE_ECRASH = -13,     /* the worker process died */
    PARE_ETIMEOUT = -14,   /* the worker process gave no sign of life */
    PARE_EEXIST = -15,     /* the output's name is taken */
    PARE_EVERIFY = -16,    /* the written output is not what was meant */
    PARE_ECHANGED = -17,   /* a source file was changed while it was read */
    PARE_EPLACE = -18      /* nothing can be written where the output goes */
};

struct error {
    int code; /* enum pare_status or error_status, 0 when unset */
    char text[ERROR_TEXT_MAX];
};

#define ERROR_INIT \
    {              \
        0, ""      \
    }

/* Fills err (may be NULL) and returns code. Control characters in the text are escaped. */
int error_set(struct error *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4), warn_unused_result));
int error_setv(struct error *err, int code, const char *format, va_list ap)
    __attribute__((format(printf, 3, 0), warn_unused_result));

/* As error_set, for a failed system call: maps errno_value to PARE_ENOSPC, PARE_ENOMEM, PARE_EEXIST
 * or PARE_EIO and appends its description. errno_value may be positive or negative. */
int error_errno(struct error *err, int errno_value, const char *format, ...)
    __attribute__((format(printf, 3, 4), warn_unused_result));

/* As error_errno, for what was to be written: PARE_EPLACE in place of PARE_EIO, but
 * for want of descriptors. */
int error_place(struct error *err, int errno_value, const char *format, ...)
    __attribute__((format(printf, 3, 4), warn_unused_result));

/* Puts "prefix: " in front of the text; returns err->code. */
int error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* For out of memory: PARE_ENOMEM with a fixed text. */
int error_oom(struct error *err) __attribute__((warn_unused_result));

/* The status's name as used in catalog and JSON: "data", "incomplete", "unsupported", "limit",
 * "io", "memory", "space", "cancelled", "plugin", "usage", "nonfinite", "internal", "crash",
 * "timeout", "exists", "verify", "changed", "place", "ok". Unknown codes are "internal". */
const char *error_name(int code);

/* 1 for the failures that a plugin may report: enum pare_status. */
int error_is_of_plugins(int code);

/* The status for such a name, or PARE_EINTERNAL. */
int error_code(const char *name);

/* 1 when trying again later may help: disk full, out of memory, i/o, crash, time-out, a source
 * that was changed, or a place that cannot be written. */
int error_is_transient(int code);

/* 1 when trying again does not help, and nobody has ended it either. */
int error_is_lasting(int code);

#endif
