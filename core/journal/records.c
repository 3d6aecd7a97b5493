/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Records of a journal: see records.h. Any thread, with a block of its own. */
#include "journal/records.h"

#include "base/le.h"

#include <string.h>

#define HEAD_BYTES 12u /* type and length */

size_t record_begin(struct strbuf *block, enum record_type type)
{
    size_t place = block->len;
    record_put32(block, type);
    record_put64(block, 0);
    return place;
}

void record_end(struct strbuf *block, size_t place)
{
    if (!block->failed)
        le_put64((unsigned char *)block->data + place + 4, block->len - place - HEAD_BYTES);
}

void record_put32(struct strbuf *block, uint32_t v)
{
    unsigned char bytes[4];
    le_put32(bytes, v);
    strbuf_add(block, bytes, sizeof bytes);
}

void record_put64(struct strbuf *block, uint64_t v)
{
    unsigned char bytes[8];
    le_put64(bytes, v);
    strbuf_add(block, bytes, sizeof bytes);
}

void record_put_real(struct strbuf *block, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    record_put64(block, bits);
}

int record_next(const unsigned char **at, uint64_t *left, struct record *ret_record)
{
    if (!*left)
        return 0;
    if (*left < HEAD_BYTES)
        return -1;
    uint64_t length = le_get64(*at + 4);
    if (length > *left - HEAD_BYTES)
        return -1;
    *ret_record = (struct record){ .type = le_get32(*at), .at = *at + HEAD_BYTES, .left = length };
    *at += HEAD_BYTES + length;
    *left -= HEAD_BYTES + length;
    return 1;
}

const unsigned char *record_get(struct record *record, uint64_t n)
{
    if (n > record->left) {
        record->bad = 1;
        return NULL;
    }
    const unsigned char *bytes = record->at;
    record->at += n;
    record->left -= n;
    return bytes;
}

uint32_t record_get32(struct record *record)
{
    const unsigned char *bytes = record_get(record, 4);
    return bytes ? le_get32(bytes) : 0;
}

uint64_t record_get64(struct record *record)
{
    const unsigned char *bytes = record_get(record, 8);
    return bytes ? le_get64(bytes) : 0;
}

double record_get_real(struct record *record)
{
    uint64_t bits = record_get64(record);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

int record_is_whole(const struct record *record)
{
    return !record->bad && !record->left;
}
