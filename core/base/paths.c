/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Paths: see paths.h. */
#include "base/paths.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "config.h"

#include <limits.h>
#include <string.h>

/* The prefix of the installed tree that this program was started from, or NULL when it does not lie
 * in a bin, sbin or libexec. */
static char *running_prefix(void)
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0)
        return NULL;
    exe[n] = 0;
    static const char *const places[] = { "/bin/", "/sbin/", "/libexec/" };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char *slash = strrchr(exe, '/');
        size_t len = strlen(places[i]);
        if (slash && (size_t)(slash - exe) + 1 >= len &&
            !strncmp(slash + 1 - len, places[i], len)) {
            slash[1 - (ptrdiff_t)len] = 0;
            return strdup(exe);
        }
    }
    return NULL;
}

/* prefix/relative if that exists under the running prefix, else under the build's prefix. */
static char *installed(const char *relative)
{
    if (*relative == '/')
        return strdup(relative);
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    _cleanup_free_ char *prefix = running_prefix();
    if (prefix) {
        strbuf_printf(&sb, "%s/%s", prefix, relative);
        if (sb.data && access(sb.data, F_OK) == 0)
            return strbuf_finish(&sb);
        strbuf_deinit(&sb);
    }
    strbuf_printf(&sb, "%s/%s", PARE_PREFIX, relative);
    return strbuf_finish(&sb);
}

static char *from_environment(const char *variable, const char *relative)
{
    const char *value = getenv(variable);
    return value && *value ? strdup(value) : installed(relative);
}

char *paths_plugins(void)
{
    return from_environment("PARE_PLUGINS", PARE_PLUGIN_DIR);
}

char *paths_recipes(void)
{
    return from_environment("PARE_RECIPES", PARE_RECIPE_DIR);
}

char *paths_architectures(void)
{
    return from_environment("PARE_ARCHITECTURES", PARE_ARCHITECTURE_DIR);
}

char *paths_worker(void)
{
    return from_environment("PARE_WORKER", PARE_LIBEXEC_DIR "/pare-worker");
}

char *paths_config(void)
{
    return installed(PARE_SYSCONF_DIR "/pare/pared.conf");
}

char *paths_user_catalog(void)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (state && *state == '/')
        strbuf_printf(&sb, "%s/pare/catalog.db", state);
    else
        strbuf_printf(&sb, "%s/.local/state/pare/catalog.db", home ? home : "");
    return strbuf_finish(&sb);
}

char *paths_socket(const char *catalog)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    const char *slash = strrchr(catalog, '/');
    strbuf_add(&sb, catalog, slash ? (size_t)(slash - catalog) + 1 : 0);
    strbuf_puts(&sb, "pared.sock");
    return strbuf_finish(&sb);
}
