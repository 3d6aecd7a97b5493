/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Names of sidecars: see sidecar_name.h. */
#include "source/sidecar_name.h"

#include "source/source_name.h"

#include <string.h>

static const struct {
    const char *ending;
    enum sidecar_kind kind;
} endings[] = {
    { ".pare", SIDECAR_RULES },
    { ".imatrix", SIDECAR_IMPORTANCE },
    { ".imatrix.gguf", SIDECAR_IMPORTANCE },
    { ".imatrix.dat", SIDECAR_IMPORTANCE },
    { "-imatrix.gguf", SIDECAR_IMPORTANCE },
    { "-imatrix.dat", SIDECAR_IMPORTANCE },
};

enum sidecar_kind sidecar_beside(const char *name, size_t *ret_stem)
{
    size_t len = strlen(name);
    if (*name == '.')
        return SIDECAR_NONE;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i].ending);
        if (len <= n || strcmp(name + len - n, endings[i].ending) != 0)
            continue;
        if (ret_stem)
            *ret_stem = len - n;
        return endings[i].kind;
    }
    return SIDECAR_NONE;
}

enum sidecar_kind sidecar_inside(const char *name)
{
    if (!strcmp(name, "imatrix.gguf") || !strcmp(name, "imatrix.dat"))
        return SIDECAR_IMPORTANCE;
    return sidecar_beside(name, NULL);
}

int sidecar_belongs(const char *name, const char *model, int is_folder)
{
    size_t stem, len = is_folder ? strlen(model) : source_name_length(model);
    return sidecar_beside(name, &stem) != SIDECAR_NONE && stem == len &&
           !strncmp(name, model, stem);
}
