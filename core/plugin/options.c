/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The options of a target: see options.h. */
#include "plugin/options.h"

#include "base/nearest.h"
#include "base/text.h"

#include <string.h>

/* Those of routes and maps, and those by which any writer divides its output: a file of overrides
 * beside a model is read for targets of several formats. */
static const char *const common[] = { "as_container",   "keep_split",
                                      "name",           "pre",
                                      "shard_size",     "tokenizer",
                                      "split_max_size", "split_max_tensors" };

#define N_COMMON (sizeof common / sizeof *common)

static int is_common(const char *name)
{
    size_t i = 0;
    while (i < N_COMMON && strcmp(name, common[i]) != 0)
        i++;
    return i < N_COMMON;
}

static int unknown(const char *name, const json_t *asked, const char *writer, struct error *err)
{
    struct nearest nearest;
    const char *known;
    json_t *value;
    nearest_start(&nearest, text_of(name));
    for (size_t i = 0; i < N_COMMON; i++)
        nearest_offer_name(&nearest, common[i]);
    json_object_foreach((json_t *)asked, known, value)
        nearest_offer_name(&nearest, known);
    return nearest_suggest(&nearest, err,
                           error_set(err, PARE_EUSAGE, "%s has no option `%s'", writer,
                                     text_show(text_of(name)).text));
}

int options_check(const json_t *options, const json_t *asked, const char *writer, struct error *err)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)options, name, value)
        if (!is_common(name) && !json_object_get(asked, name))
            return unknown(name, asked, writer, err);
    return 0;
}
