/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Options of `pare convert` that choose encodings and metadata, made into statements of the recipe
 * language (pare-recipe(5), OVERRIDES). Of several statements about a tensor the first counts, so
 * they are put in an order that does not depend on the command line's: what is left alone, output
 * and embedding, patterns as given, files.
 */
#ifndef CLI_COMMANDS_OVERRIDES_H
#define CLI_COMMANDS_OVERRIDES_H

#include "settings/settings.h"

#include <jansson.h>

enum override_rank {
    OVERRIDE_KEEP,
    OVERRIDE_ENDS, /* output and token embedding */
    OVERRIDE_PATTERN,
    OVERRIDE_PER_LAYER, /* embeddings per layer, which patterns may name */
    OVERRIDE_TIED,      /* the embedding in the place of an output; not with OVERRIDE_PURE */
    OVERRIDE_PURE,
    OVERRIDE_METADATA,
    OVERRIDE_SETTING, /* --search, --fallback */
    OVERRIDE_FILE,
    OVERRIDE_RANKS
};

/* Zeroed at first. */
struct overrides {
    json_t *ranks[OVERRIDE_RANKS]; /* each [{"name","text"}], or NULL */
};

void overrides_deinit(struct overrides *overrides);

/* Each takes the value of an option: --tensor, --keep, --output-tensor, --token-embedding, --pure,
 * --metadata, --drop-metadata, --overrides. CLI_OK, or an exit status after the message. */
int overrides_tensor(struct overrides *overrides, const char *value);
int overrides_keep(struct overrides *overrides, const char *value);
int overrides_output(struct overrides *overrides, const char *value);
int overrides_embedding(struct overrides *overrides, const char *value);
int overrides_pure(struct overrides *overrides);
int overrides_metadata(struct overrides *overrides, const char *value);
int overrides_drop_metadata(struct overrides *overrides, const char *value);
int overrides_file(struct overrides *overrides, const char *path);

/* The option of a setting that is a rule, with one of its choices; the last one given counts. */
int overrides_setting(struct overrides *overrides, const struct setting *setting,
                      const char *value);

/* All of them in their order, as a new array. NULL when out of memory. */
json_t *overrides_list(const struct overrides *overrides);

#endif
