/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What an output says of its making: see making.h. */
#include "target/making.h"

#include "base/cleanup.h"
#include "config.h"
#include "model/metadata.h"

#include <stdlib.h>
#include <string.h>

struct files { /* those of the source that are read */
    struct pare_str *names;
    uint32_t *numbers;
    size_t n;
};

static void files_deinit(struct files *files)
{
    free(files->names);
    free(files->numbers);
}

static int list_files(const struct model *source, struct files *ret_files, struct error *err)
{
    struct files *f = ret_files;
    f->names = calloc(source->n_files + 1u, sizeof *f->names);
    f->numbers = calloc(source->n_files + 1u, sizeof *f->numbers);
    if (!f->names || !f->numbers)
        return error_oom(err);
    for (uint32_t i = 0; i < source->n_files; i++) {
        const char *name = source->files[i].name;
        if (source->files[i].role == PARE_FILE_IGNORED)
            continue;
        f->names[f->n] = (struct pare_str){ name, strlen(name) };
        f->numbers[f->n++] = i;
    }
    return 0;
}

static int put(struct model *target, const char *key, const struct pare_value *value,
               struct error *err)
{
    return meta_put(target, (struct pare_str){ key, strlen(key) }, value, err);
}

static int put_texts(const struct making *making, struct model *target, struct error *err)
{
    const struct {
        const char *key, *text;
    } all[] = {
        { "pare.version", PARE_VERSION },
        { "pare.recipe", making->recipe },
        { "pare.recipe.sha256", making->recipe_digest },
        { "pare.map", making->map },
        { "pare.source.name", making->name },
    };
    int r = 0;
    for (size_t i = 0; !r && i < sizeof all / sizeof *all; i++) {
        struct pare_str text = { all[i].text, strlen(all[i].text) };
        struct pare_value value = {
            .struct_size = sizeof value, .type = PARE_STRING, .count = 1, .data = &text
        };
        r = put(target, all[i].key, &value, err);
    }
    return r;
}

int making_add(const struct making *making, struct model *target, struct error *err)
{
    CLEANUP(files_deinit) struct files files = { 0 };
    int r = list_files(making->source, &files, err);
    struct pare_value names = { .struct_size = sizeof names,
                                .type = PARE_STRING,
                                .is_array = 1,
                                .count = files.n,
                                .data = files.names };
    struct pare_value digests = { .struct_size = sizeof digests,
                                  .type = PARE_DIGEST,
                                  .is_array = 1,
                                  .count = files.n,
                                  .data = files.numbers };
    if (!r)
        r = put_texts(making, target, err);
    if (!r)
        r = put(target, "pare.source.files", &names, err);
    if (!r && !making->without_digests)
        r = put(target, "pare.source.sha256", &digests, err);
    return r;
}
