/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The name that llama.cpp has for a pre-tokenizer. GGUF holds no regular expressions: llama.cpp has
 * them built in, under names. Its converter finds the name by encoding a text and looking the ids
 * up; here the structure of tokenizer.json is looked up in etc/architectures/pretokenizers.table,
 * which explains itself. A wrong name gives a model that loads and reads badly, so there is no
 * default.
 */
#include "tokenizer/tokenizer_private.h"

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/strbuf.h"
#include "tokenizer/tokenizer_structure.h"
#include "tokenizer/tokenizer_table.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN 560 /* bytes of the structure that an error shows */

static int refuse(const char *file, const char *structure, const char *digest, struct error *err)
{
    static const char nothing[] = "nothing, text is not cut";
    size_t n = strlen(structure);
    _cleanup_strbuf_ struct strbuf shown = STRBUF_INIT;
    for (size_t i = 0; i + 1 < n && i < SHOWN; i++)
        strbuf_add(&shown, structure[i] == '\n' ? " | " : structure + i,
                   structure[i] == '\n' ? 3 : 1);
    while (n > SHOWN && shown.len && (uint8_t)shown.data[shown.len - 1] >= 0x80)
        shown.len--; /* no half characters */
    return error_set(err, PARE_ENOTSUP,
                     "%s: the pre-tokenizer is not known; its fingerprint is %s. If llama.cpp has "
                     "a name for it, say it with `--pre NAME`, with `option pre NAME` in "
                     "MODEL.pare or `pre NAME` in the map, or add it to %s. What was found: %.*s%s",
                     file, digest, TOKENIZER_TABLE, n ? (int)shown.len : (int)strlen(nothing),
                     n ? shown.data : nothing, n > SHOWN ? "..." : "");
}

/* Lines for a folder without tokenizer.json: the class that transformers would take. */
static char *class_structure(const struct tokenizer *t)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    const char *class = json_string_value(json_object_get(t->config, "tokenizer_class"));
    const char *type = json_string_value(json_object_get(t->request->config, "model_type"));
    if (class)
        strbuf_printf(&sb, "class %s\n", class);
    else
        strbuf_printf(&sb, "model_type %s\n", type ? type : "");
    return strbuf_finish(&sb);
}

int tokenizer_pre_name(const struct tokenizer *t, char **ret_name, struct error *err)
{
    if (t->request->pre && *t->request->pre) {
        char *name = strdup(t->request->pre);
        return name ? (*ret_name = name, 0) : error_oom(err);
    }
    _cleanup_free_ char *structure = t->json ? tokenizer_structure(t->json) : class_structure(t);
    if (!structure)
        return error_oom(err);
    char digest[HASH_HEX_SIZE];
    int r = hash_of(structure, strlen(structure), digest, err);
    if (r < 0)
        return r;
    const json_t *clean = json_object_get(t->config, "clean_up_tokenization_spaces");
    struct tokenizer_entry entry = { 0 };
    r = tokenizer_table_by_digest(t->request->dirs, digest, !clean || tokenizer_json_true(clean),
                                  &entry, err);
    if (r == 1)
        return refuse(t->json ? "tokenizer.json" : "tokenizer_config.json", structure, digest, err);
    if (!r)
        *ret_name = TAKE(entry.name);
    tokenizer_entry_deinit(&entry);
    return r;
}
