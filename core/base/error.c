/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Errors: see error.h. Text from files ends up here, so control bytes are made harmless. */
#include "base/error.h"

#include "base/visible.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int code;
    const char *name;
} names[] = {
    { PARE_OK, "ok" },
    { PARE_EDATA, "data" },
    { PARE_EINCOMPLETE, "incomplete" },
    { PARE_ENOTSUP, "unsupported" },
    { PARE_ELIMIT, "limit" },
    { PARE_EIO, "io" },
    { PARE_ENOMEM, "memory" },
    { PARE_ENOSPC, "space" },
    { PARE_ECANCELLED, "cancelled" },
    { PARE_EPLUGIN, "plugin" },
    { PARE_EUSAGE, "usage" },
    { PARE_ENONFINITE, "nonfinite" },
    { PARE_EINTERNAL, "internal" },
    { PARE_ECRASH, "crash" },
    { PARE_ETIMEOUT, "timeout" },
    { PARE_EEXIST, "exists" },
    { PARE_EVERIFY, "verify" },
    { PARE_ECHANGED, "changed" },
    { PARE_EPLACE, "place" },
};

#define N_NAMES (sizeof names / sizeof *names)

int error_setv(struct error *err, int code, const char *format, va_list ap)
{
    if (err) {
        err->code = code;
        (void)vsnprintf(err->text, sizeof err->text, format, ap);
        visible_in_place(err->text);
    }
    return code;
}

int error_set(struct error *err, int code, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    code = error_setv(err, code, format, ap);
    va_end(ap);
    return code;
}

static int code_of_errno(int value)
{
    switch (value) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return PARE_ENOSPC;
    case ENOMEM:
        return PARE_ENOMEM;
    case EEXIST:
        return PARE_EEXIST;
    default:
        return PARE_EIO;
    }
}

int error_errno(struct error *err, int errno_value, const char *format, ...)
{
    int value = errno_value < 0 ? -errno_value : errno_value;
    int code = code_of_errno(value);
    va_list ap;
    va_start(ap, format);
    code = error_setv(err, code, format, ap);
    va_end(ap);
    if (err) {
        size_t len = strlen(err->text);
        (void)snprintf(err->text + len, sizeof err->text - len, ": %s", strerror(value));
    }
    return code;
}

int error_place(struct error *err, int errno_value, const char *format, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    int code = error_errno(err, errno_value, "%s", text);
    int value = errno_value < 0 ? -errno_value : errno_value;
    if (code == PARE_EIO && value != EMFILE && value != ENFILE)
        code = PARE_EPLACE;
    if (err)
        err->code = code;
    return code;
}

int error_prefix(struct error *err, const char *format, ...)
{
    char old[ERROR_TEXT_MAX];
    memcpy(old, err->text, sizeof old);
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(err->text, sizeof err->text, format, ap);
    va_end(ap);
    size_t len = strlen(err->text);
    (void)snprintf(err->text + len, sizeof err->text - len, ": %s", old);
    visible_in_place(err->text);
    return err->code;
}

int error_oom(struct error *err)
{
    return error_set(err, PARE_ENOMEM, "out of memory");
}

const char *error_name(int code)
{
    for (size_t i = 0; i < N_NAMES; i++)
        if (names[i].code == code)
            return names[i].name;
    return "internal";
}

int error_is_of_plugins(int code)
{
    return code < 0 && code >= PARE_EINTERNAL && code != PARE_ENOSPC && code != PARE_EPLUGIN &&
           code != PARE_ENONFINITE;
}

int error_code(const char *name)
{
    for (size_t i = 0; i < N_NAMES; i++)
        if (name && !strcmp(names[i].name, name))
            return names[i].code;
    return PARE_EINTERNAL;
}

int error_is_transient(int code)
{
    return code == PARE_ENOSPC || code == PARE_ENOMEM || code == PARE_EIO || code == PARE_ECRASH ||
           code == PARE_ETIMEOUT || code == PARE_ECHANGED || code == PARE_EPLACE;
}

int error_is_lasting(int code)
{
    return code < 0 && code != PARE_ECANCELLED && !error_is_transient(code);
}
