/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Stamps: see stamp.h. In place of a digest stands a text of the same length: a nonce, which no
 * file can contain by intent, and the number of the source's file.
 */
#include "convert/stamp.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "config.h"
#include "model/metadata.h"
#include "plugin/layout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define DIGEST_LEN (HASH_HEX_SIZE - 1)
#define NONCE_LEN 32

struct texts { /* one per file of the source that is read */
    struct pare_str *names, *digests;
    char (*memory)[HASH_HEX_SIZE];
    size_t n;
};

static void texts_deinit(struct texts *texts)
{
    free(texts->names);
    free(texts->digests);
    free(texts->memory);
}

static int make_nonce(char ret_nonce[NONCE_LEN + 1], struct error *err)
{
    unsigned char bytes[NONCE_LEN / 2];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return error_errno(err, errno, "no random numbers");
    for (size_t i = 0; i < sizeof bytes; i++)
        (void)snprintf(ret_nonce + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

static int make_texts(const struct stamp *stamp, const struct model *source,
                      struct texts *ret_texts, struct error *err)
{
    struct texts *t = ret_texts;
    t->names = calloc(source->n_files + 1u, sizeof *t->names);
    t->digests = calloc(source->n_files + 1u, sizeof *t->digests);
    t->memory = calloc(source->n_files + 1u, sizeof *t->memory);
    if (!t->names || !t->digests || !t->memory)
        return error_oom(err);
    for (uint32_t i = 0; i < source->n_files; i++) {
        const char *name = source->files[i].name;
        if (source->files[i].role == PARE_FILE_IGNORED)
            continue;
        (void)snprintf(t->memory[t->n], HASH_HEX_SIZE, "%s%032x", stamp->nonce, i);
        t->names[t->n] = (struct pare_str){ name, strlen(name) };
        t->digests[t->n] = (struct pare_str){ t->memory[t->n], DIGEST_LEN };
        t->n++;
    }
    return 0;
}

static int put(struct model *target, const char *key, const struct pare_str *texts, size_t n,
               int is_array, struct error *err)
{
    struct pare_value value = { .struct_size = sizeof value,
                                .type = PARE_STRING,
                                .is_array = is_array,
                                .count = n,
                                .data = texts };
    return meta_put(target, (struct pare_str){ key, strlen(key) }, &value, err);
}

static int put_facts(const struct stamp_facts *facts, struct model *target, struct error *err)
{
    const struct {
        const char *key, *text;
    } all[] = {
        { "pare.version", PARE_VERSION },
        { "pare.recipe", facts->recipe },
        { "pare.recipe.sha256", facts->recipe_digest },
        { "pare.map", facts->map },
        { "pare.source.name", facts->name },
    };
    int r = 0;
    for (size_t i = 0; !r && i < sizeof all / sizeof *all; i++) {
        struct pare_str text = { all[i].text, strlen(all[i].text) };
        r = put(target, all[i].key, &text, 1, 0, err);
    }
    return r;
}

int stamp_add(struct stamp *stamp, const struct stamp_facts *facts, struct model *target,
              struct error *err)
{
    CLEANUP(texts_deinit) struct texts texts = { 0 };
    int r = make_nonce(stamp->nonce, err);
    if (!r)
        r = make_texts(stamp, facts->source, &texts, err);
    if (!r)
        r = put_facts(facts, target, err);
    if (!r)
        r = put(target, "pare.source.files", texts.names, texts.n, 1, err);
    if (!r && !facts->without_digests) {
        r = put(target, "pare.source.sha256", texts.digests, texts.n, 1, err);
        stamp->wanted = r ? 0 : texts.n;
    }
    return r;
}

/* The places in one literal. A place more than there are files is counted, but not kept. */
static void look_into(struct stamp *stamp, const struct layout_piece *piece, uint64_t index)
{
    const char *start = piece->data, *p = start, *end = start + piece->length;
    char nonce[NONCE_LEN];
    memcpy(nonce, stamp->nonce, NONCE_LEN);
    while ((p = memmem(p, (size_t)(end - p), nonce, NONCE_LEN)) != NULL) {
        char number[DIGEST_LEN - NONCE_LEN + 1] = "";
        if ((size_t)(end - p) < DIGEST_LEN)
            break;
        memcpy(number, p + NONCE_LEN, DIGEST_LEN - NONCE_LEN);
        if (stamp->n < stamp->wanted)
            stamp->places[stamp->n] = (struct stamp_place){ (uint32_t)strtoul(number, NULL, 16),
                                                            index, (uint64_t)(p - start) };
        stamp->n++;
        p += DIGEST_LEN;
    }
}

int stamp_find(struct stamp *stamp, const struct layout *layout, struct error *err)
{
    if (!stamp->wanted)
        return 0;
    stamp->places = calloc(stamp->wanted, sizeof *stamp->places);
    if (!stamp->places)
        return error_oom(err);
    for (uint64_t i = 0; i < layout->n_pieces; i++)
        if (layout->pieces[i].kind == LAYOUT_LITERAL)
            look_into(stamp, &layout->pieces[i], i);
    if (stamp->n == stamp->wanted)
        return 0;
    size_t found = stamp->n;
    stamp->n = 0;
    return error_set(err, PARE_EPLUGIN, "the writer has written %zu of %zu texts of metadata",
                     found, stamp->wanted);
}

int stamp_write(const struct stamp *stamp, const struct layout *layout, const int *fds,
                char (*sha256)[HASH_HEX_SIZE], struct error *err)
{
    int r = 0;
    for (size_t i = 0; !r && i < stamp->n; i++) {
        const struct stamp_place *place = &stamp->places[i];
        const struct layout_piece *piece = &layout->pieces[place->piece];
        r = file_pwrite(fds[piece->file], sha256[place->source], DIGEST_LEN,
                        piece->offset + place->at, err);
    }
    return r;
}

void stamp_deinit(struct stamp *stamp)
{
    free(stamp->places);
    *stamp = (struct stamp){ 0 };
}
