/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Folders as inputs: see archive.h. */
#include "archive.h"

#include <stdio.h>
#include <string.h>

size_t archive_parse(const uint8_t *data, size_t size, struct archive_file files[ARCHIVE_FILES])
{
    size_t n = 0, at = 0;
    while (n < ARCHIVE_FILES && at < size) {
        char line[200];
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t len = end ? (size_t)(end - data) - at : sizeof line;
        struct archive_file *file = &files[n];
        if (len >= sizeof line)
            break;
        memcpy(line, data + at, len);
        line[len] = 0;
        if (sscanf(line, "=== %127s %zu %zu", file->name, &file->size, &file->zeros) != 3 ||
            file->size > size - at - len - 1 || file->zeros > ARCHIVE_ZEROS)
            break;
        file->data = data + at + len + 1;
        at += len + 1 + file->size;
        at += at < size && data[at] == '\n';
        n++;
    }
    return n;
}

size_t archive_write(const struct archive_file *files, size_t n, uint8_t *out, size_t max)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        char line[200];
        int len = snprintf(line, sizeof line, "=== %s %zu %zu\n", files[i].name, files[i].size,
                           files[i].zeros);
        if (at + (size_t)len + files[i].size + 1 > max)
            return 0;
        memcpy(out + at, line, (size_t)len);
        memcpy(out + at + len, files[i].data, files[i].size);
        at += (size_t)len + files[i].size;
        out[at++] = '\n';
    }
    return at;
}
