/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Loading a tokenizer: which kind it is, the files that all kinds have, and the order of what is
 * written. Keys, types and order are those of llama.cpp's converter (conversion/base.py and
 * gguf-py/gguf/vocab.py at de3ff81), so that both programs make the same GGUF.
 */
#include "tokenizer/tokenizer_private.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "model/metadata.h"
#include "model/side_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WARNINGS 40

void tokenizer_warn(const struct tokenizer *t, const char *format, ...)
{
    if (!t->request->warn || *t->warnings > MAX_WARNINGS)
        return;
    char text[512] = "there are more warnings about the tokenizer, which are left out";
    if (++*t->warnings > MAX_WARNINGS) {
        t->request->warn(t->request->context, text);
        return;
    }
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    t->request->warn(t->request->context, text);
}

/* ---- which kind ---- */

static int has_file(const struct tokenizer *t, const char *name)
{
    return side_file_find(t->request->source, name) != NULL;
}

static int refuse_missing(const struct tokenizer *t, struct error *err)
{
    if (has_file(t, "tekken.json"))
        return error_set(err, PARE_ENOTSUP,
                         "the only tokenizer here is tekken.json, which is not "
                         "supported: add the tokenizer.json of the same model");
    return error_set(err, PARE_EINCOMPLETE,
                     "there is no tokenizer: no tokenizer.model, tokenizer.json, vocab.json with "
                     "merges.txt, or vocab.txt. To write the model without one, say "
                     "`--tokenizer none`");
}

/* As tokenizer.json says, or in older folders, by the files that there are. */
static int load_by_files(struct tokenizer *t, struct error *err)
{
    const char *type = json_string_value(
        json_object_get(json_object_get(t->json, "model"), "type"));
    if (t->json && t->is_auto && tokenizer_has_fallback(t))
        return tokenizer_load_fallback(t, err);
    if ((type && !strcmp(type, "WordPiece")) || (!t->json && has_file(t, "vocab.txt")))
        return tokenizer_load_wordpiece(t, err);
    if (t->json || has_file(t, "vocab.json"))
        return tokenizer_load_bpe(t, err);
    return refuse_missing(t, err);
}

static int load_kind(struct tokenizer *t, struct error *err)
{
    const char *kind = t->request->kind ? t->request->kind : "auto";
    if (!strcmp(kind, "auto") || !strcmp(kind, "spm,bpe"))
        return has_file(t, "tokenizer.model") ? tokenizer_load_spm(t, err) : load_by_files(t, err);
    if (!strcmp(kind, "spm"))
        return has_file(t, "tokenizer.model") ? tokenizer_load_spm(t, err) : refuse_missing(t, err);
    if (!strcmp(kind, "bpe"))
        return t->json || has_file(t, "vocab.json") ? tokenizer_load_bpe(t, err)
                                                    : refuse_missing(t, err);
    if (!strcmp(kind, "wordpiece"))
        return t->json || has_file(t, "vocab.txt") ? tokenizer_load_wordpiece(t, err)
                                                   : refuse_missing(t, err);
    return error_set(err, PARE_ENOTSUP,
                     "a tokenizer of the kind `%s`: it is one of auto, spm, "
                     "bpe, \"spm,bpe\", wordpiece, none",
                     kind);
}

/* ---- the order of what is written ---- */

/* add_prefix_space of tokenizer_config.json, at which llama.cpp's converter looks only for the
 * families that "auto" is made after. */
static int put_prefix_space(struct tokenizer *t, struct error *err)
{
    const json_t *value = json_object_get(t->config, "add_prefix_space");
    if (!t->is_auto || t->request->add_space_prefix >= 0 || !value || json_is_null(value))
        return 0;
    return tokenizer_put_bool(t->target, "tokenizer.ggml.add_space_prefix",
                              tokenizer_json_true(value), err);
}

static int load_all(struct tokenizer *t, struct error *err)
{
    int r = tokenizer_files_read(t->request->source, &t->files, err);
    t->json = t->files.json;
    t->config = t->files.config;
    if (!r)
        r = tokenizer_check_json(t, err);
    if (!r)
        r = put_prefix_space(t, err);
    if (!r)
        r = load_kind(t, err);
    if (!r)
        r = tokenizer_emit_special(t, err);
    if (!r && t->request->add_space_prefix >= 0)
        r = tokenizer_put_bool(t->target, "tokenizer.ggml.add_space_prefix",
                               t->request->add_space_prefix, err);
    return r;
}

int tokenizer_load(const struct tokenizer_request *request, struct model *target, struct error *err)
{
    unsigned warnings = 0;
    struct tokenizer t = { .request = request,
                           .target = target,
                           .warnings = &warnings,
                           .is_auto = !request->kind || !strcmp(request->kind, "auto") };
    if (request->kind && !strcmp(request->kind, "none"))
        return tokenizer_put_string(target, "tokenizer.ggml.model", text_of("none"), err);
    int r = load_all(&t, err);
    vocab_deinit(&t.vocab);
    free(t.text);
    free(t.list);
    tokenizer_files_deinit(&t.files);
    return r;
}
