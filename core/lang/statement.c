/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Data files of statements: see statement.h. */
#include "lang/statement.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/strlist.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int statement_name_is_plain(struct pare_str name)
{
    if (!name.len || name.len > 100 || *name.data == '.')
        return 0;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            !strchr("_-.", c))
            return 0;
    }
    return 1;
}

/* The next of the colon-separated directories as a new string, or NULL after the last (or
 * without memory, which is noted). */
static char *next_dir(const char **dirs)
{
    while (**dirs == ':')
        ++*dirs;
    size_t n = strcspn(*dirs, ":");
    const char *start = *dirs;
    *dirs += n;
    char *dir = n ? strndup(start, n) : NULL;
    if (n && !dir)
        memory_note_failure();
    return dir;
}

char *dirs_find(const char *dirs, const char *file)
{
    char *dir, *path = NULL;
    while (!path && (dir = next_dir(&dirs))) {
        if (asprintf(&path, "%s/%s", dir, file) < 0) {
            memory_note_failure();
            path = NULL;
        }
        free(dir);
        if (path && access(path, F_OK) != 0) {
            free(path);
            path = NULL;
        }
    }
    return path;
}

/* Adds the names of a directory; one that does not exist has none. */
static int scan(const char *path, const char *suffix, char ***list, size_t *n, struct error *err)
{
    _cleanup_closedir_ DIR *dir = opendir(path);
    struct dirent *entry;
    if (!dir && errno == ENOMEM)
        return error_oom(err);
    while (dir && (entry = readdir(dir))) {
        size_t len = strlen(entry->d_name), cut = strlen(suffix);
        if (len <= cut || strcmp(entry->d_name + len - cut, suffix) ||
            !statement_name_is_plain((struct pare_str){ entry->d_name, len - cut }))
            continue;
        entry->d_name[len - cut] = 0;
        int r = strlist_add(list, n, entry->d_name, err);
        if (r)
            return r;
    }
    return 0;
}

int dirs_list(const char *dirs, const char *suffix, char ***list, size_t *n, struct error *err)
{
    char *dir;
    int r = 0;
    while (!r && (dir = next_dir(&dirs))) {
        r = scan(dir, suffix, list, n, err);
        free(dir);
    }
    if (r || !*n)
        return r;
    qsort(*list, *n, sizeof **list, text_compare);
    size_t kept = 1;
    for (size_t i = 1; i < *n; i++)
        if (strcmp((*list)[i], (*list)[kept - 1]))
            (*list)[kept++] = (*list)[i];
        else
            free((*list)[i]);
    *n = kept;
    return 0;
}

size_t statement_length(char *p, const char *end, unsigned *ret_lines)
{
    size_t n = 0;
    for (*ret_lines = 1; p + n < end && p[n] != '\n'; n++)
        if (p[n] == '\\' && p + n + 1 < end && p[n + 1] == '\n') {
            p[n] = p[n + 1] = ' ';
            ++*ret_lines;
        }
    return n;
}

struct pare_str statement_trim(struct pare_str text)
{
    int quoted = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"')
            quoted = !quoted;
        if (text.data[i] == '#' && !quoted)
            text.len = i;
    }
    while (text.len && strchr(" \t\r", text.data[text.len - 1]))
        text.len--;
    while (text.len && strchr(" \t", *text.data)) {
        text.data++;
        text.len--;
    }
    return text;
}
