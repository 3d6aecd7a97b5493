/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What every subcommand uses: messages, numbers and JSON. See cli.h. */
#include "cli/cli.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/paths.h"
#include "base/values.h"
#include "cli/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 1, 0))) static void say(const char *format, va_list ap)
{
    char text[2 * ERROR_TEXT_MAX];
    (void)vsnprintf(text, sizeof text, format, ap);
    fputs("pare: ", stderr);
    text_print(stderr, text);
    fputc('\n', stderr);
}

int cli_fail(int status, const char *format, ...)
{
    (void)fflush(stdout);
    va_list ap;
    va_start(ap, format);
    say(format, ap);
    va_end(ap);
    return status;
}

int cli_error(const struct error *err, const char *what)
{
    int status = err->code == PARE_EUSAGE ? CLI_USAGE : CLI_FAILURE;
    if (!what)
        return cli_fail(status, "%s", err->text);
    const char *slash = strrchr(what, '/'), *name = slash ? slash + 1 : what, *text = err->text;
    size_t n = strlen(name);
    if (n && !strncmp(text, name, n) && !strncmp(text + n, ": ", 2))
        text += n + 2; /* the file's name is in the text already */
    return cli_fail(status, "%s: %s", what, text);
}

void cli_warn(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    say(format, ap);
    va_end(ap);
}

int cli_usage(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    say(format, ap);
    va_end(ap);
    fputs("Try \"pare --help\" or \"pare COMMAND --help\".\n", stderr);
    return CLI_USAGE;
}

int cli_unknown(const struct nearest *nearest, const char *format, ...)
{
    struct error err = ERROR_INIT;
    va_list ap;
    va_start(ap, format);
    int code = error_setv(&err, PARE_EUSAGE, format, ap);
    va_end(ap);
    code = nearest_suggest(nearest, &err, code);
    return code < 0 ? cli_usage("%s", err.text) : CLI_OK;
}

char *cli_catalog_path(const struct cli *cli)
{
    return cli->catalog ? strdup(cli->catalog) : paths_user_catalog();
}

int cli_output_failed(int errno_value)
{
    if (errno_value == EPIPE) /* the reader has seen enough: `pare list | head` */
        return CLI_FAILURE;
    return cli_fail(CLI_FAILURE, "cannot write to standard output: %s", strerror(errno_value));
}

int cli_print_json(const json_t *json)
{
    int pretty = isatty(STDOUT_FILENO);
    _cleanup_free_ char *text = json_to_visible(json, pretty);
    if (!text)
        return cli_fail(CLI_FAILURE, "out of memory");
    if (fputs(text, stdout) == EOF || (!pretty && putchar('\n') == EOF) || fflush(stdout) != 0)
        return cli_output_failed(errno);
    return CLI_OK;
}

int cli_number(const char *option, const char *text, long long min, long long max,
               long long *ret_number)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < min || value > max) {
        (void)cli_usage("--%s needs a whole number from %lld to %lld, not \"%s\"", option, min, max,
                        text);
        return -1;
    }
    *ret_number = value;
    return 0;
}

int cli_real(const char *option, const char *text, double max, double *ret_number)
{
    double value = 0;
    if (value_real(text, &value) || !(value > 0 && value <= max)) {
        (void)cli_usage("--%s needs a number over 0, and %g at most, not \"%s\"", option, max,
                        text);
        return -1;
    }
    *ret_number = value;
    return 0;
}

int cli_choice(const char *option, const char *choices, const char *text)
{
    struct error err = ERROR_INIT;
    if (value_is_choice(choices, text))
        return 0;
    int r = error_set(&err, PARE_EUSAGE, "--%s: \"%s\" is none of its values, see --help", option,
                      text);
    r = value_suggest(choices, text, &err, r);
    (void)cli_usage("%s", err.text);
    return r < 0 ? -1 : 0;
}

int cli_bytes(const char *option, const char *text, unsigned long long *ret_bytes)
{
    uint64_t value;
    if (value_size(text, &value)) {
        (void)cli_usage("--%s needs a number of bytes such as 5000000000 or 4G, not \"%s\"", option,
                        text);
        return -1;
    }
    *ret_bytes = value;
    return 0;
}
