/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What checkpoints say of a target beside its weights (docs/formats/journal.md): how far the digest
 * of its files is, and what was said of it and asked for since it was prepared.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "journal/records.h"
#include "target/target_private.h"

#include <errno.h>
#include <string.h>

enum text_kind { TEXT_WARNING = 0, TEXT_ASKED = 1 };

void target_put_digest(struct target *target, struct strbuf *block)
{
    struct digest_state state;
    if (!target->digest)
        return;
    digest_state(target->digest, &state);
    for (; target->kept_files < state.file; target->kept_files++) {
        size_t place = record_begin(block, RECORD_OUTPUT);
        record_put32(block, (uint32_t)target->index);
        record_put32(block, target->kept_files);
        strbuf_add(block, digest_of_file(target->digest, target->kept_files), HASH_HEX_SIZE - 1);
        record_end(block, place);
    }
    size_t place = record_begin(block, RECORD_DIGEST);
    record_put32(block, (uint32_t)target->index);
    record_put32(block, state.file);
    record_put64(block, state.at);
    strbuf_add(block, state.hash, sizeof state.hash);
    record_end(block, place);
}

uint64_t target_digested(struct target *target)
{
    struct digest_state state;
    if (!target->digest)
        return 0;
    digest_state(target->digest, &state);
    uint64_t bytes = state.at;
    for (uint32_t i = 0; i < state.file; i++)
        bytes += target->layout.files[i].size;
    return bytes;
}

static void put_text(const struct target *target, enum text_kind kind, const char *text, size_t n,
                     struct strbuf *block)
{
    size_t place = record_begin(block, RECORD_TEXT);
    record_put32(block, (uint32_t)target->index);
    record_put32(block, kind);
    strbuf_add(block, text, n);
    record_end(block, place);
}

void target_put_state(struct target *target, struct strbuf *block)
{
    const char *name;
    json_t *value;
    target_put_digest(target, block);
    for (; target->kept_warnings < json_array_size(target->warnings); target->kept_warnings++) {
        value = json_array_get(target->warnings, target->kept_warnings);
        put_text(target, TEXT_WARNING, json_string_value(value), json_string_length(value), block);
    }
    if (target->kept_asked == json_object_size(target->asked))
        return;
    target->kept_asked = json_object_size(target->asked);
    json_object_foreach(target->asked, name, value)
        put_text(target, TEXT_ASKED, name, strlen(name), block);
}

static int damaged(struct error *err)
{
    return error_set(err, PARE_EDATA, "the journal does not fit the targets");
}

static int get_digest(struct target *target, struct record *record, struct error *err)
{
    struct digest_state state = { .file = record_get32(record) };
    state.at = record_get64(record);
    const unsigned char *hash = record_get(record, HASH_STATE_SIZE);
    if (!record_is_whole(record))
        return damaged(err);
    memcpy(state.hash, hash, HASH_STATE_SIZE);
    for (uint32_t i = 0; i < state.file; i++)
        if (i >= target->layout.n_files || !target->done || !*target->done[i])
            return damaged(err);
    target->from = state;
    target->kept_files = state.file;
    return 0;
}

static int get_output(struct target *target, struct record *record, struct error *err)
{
    uint32_t file = record_get32(record);
    const unsigned char *hex = record_get(record, HASH_HEX_SIZE - 1);
    if (!record_is_whole(record) || file >= target->layout.n_files)
        return damaged(err);
    if (!target->done && !(target->done = calloc(target->layout.n_files, sizeof *target->done)))
        return error_oom(err);
    memcpy(target->done[file], hex, HASH_HEX_SIZE - 1);
    return 0;
}

static int get_text(struct target *target, struct record *record, struct error *err)
{
    uint32_t kind = record_get32(record);
    const char *text = (const char *)record->at;
    if (record->bad || kind > TEXT_ASKED)
        return damaged(err);
    int bad = kind == TEXT_ASKED
                  ? json_object_setn_new(target->asked, text, record->left, json_null())
                  : json_array_append_new(target->warnings, json_text(text, record->left));
    return bad < 0 ? error_oom(err) : 0;
}

static int get_record(struct target *target, struct record *record, struct error *err)
{
    switch (record->type) {
    case RECORD_DIGEST:
        return get_digest(target, record, err);
    case RECORD_OUTPUT:
        return get_output(target, record, err);
    default:
        return get_text(target, record, err);
    }
}

/* The target of this index, or NULL: some of those that were asked for may not be made. */
static struct target *find_target(struct target *targets, size_t n, uint32_t index)
{
    for (size_t i = 0; i < n; i++)
        if (targets[i].index == index)
            return &targets[i];
    return NULL;
}

int target_get_state(struct target *targets, size_t n_targets, const unsigned char *block,
                     uint64_t n, struct error *err)
{
    struct record record;
    int r = 0, more;
    while (r == 0 && (more = record_next(&block, &n, &record)) != 0) {
        if (more < 0)
            return damaged(err);
        if (record.type != RECORD_DIGEST && record.type != RECORD_OUTPUT &&
            record.type != RECORD_TEXT)
            continue;
        uint32_t index = record_get32(&record);
        if (record.type == RECORD_TEXT && index == RECORD_ALL_TARGETS)
            continue;
        struct target *target = find_target(targets, n_targets, index);
        r = target ? get_record(target, &record, err) : damaged(err);
    }
    return r;
}

void target_begin_state(struct target *target)
{
    target->kept_warnings = json_array_size(target->warnings);
    target->kept_asked = json_object_size(target->asked);
}

int target_sync(const struct target *target, struct error *err)
{
    for (uint32_t i = 0; i < target->layout.n_files; i++)
        if (target->fds[i] >= 0 && fdatasync(target->fds[i]) < 0)
            return error_errno(err, errno, "%s: cannot sync the output", target->stem);
    return 0;
}
