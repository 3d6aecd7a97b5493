/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Protobuf's wire format (protobuf.dev, "Encoding"): a cursor over the fields of one message, and
 * appending fields to a buffer. Nothing is copied and nothing recurses: a message inside a message
 * is read by a cursor of its own, so the depth is what the caller's code has. Groups, which have
 * been deprecated since 2008, are refused.
 */
#ifndef BASE_PROTOBUF_H
#define BASE_PROTOBUF_H

#include "base/error.h"
#include "base/strbuf.h"

enum protobuf_wire {
    PROTOBUF_VARINT = 0,
    PROTOBUF_FIXED64 = 1,
    PROTOBUF_BYTES = 2,
    PROTOBUF_FIXED32 = 5
};

struct protobuf { /* what is left of a message; borrowed */
    const uint8_t *data;
    size_t len;
};

struct protobuf_field {
    uint32_t number;
    uint32_t wire;       /* enum protobuf_wire */
    uint64_t value;      /* of all but PROTOBUF_BYTES */
    const uint8_t *data; /* PROTOBUF_BYTES: text, bytes or a message */
    size_t len;
};

/* 1: *ret_field is the next field; 0: the message ends. PARE_EDATA: the bytes are not a message.
 * The error says what is wrong; the caller adds where. */
int protobuf_next(struct protobuf *message, struct protobuf_field *ret_field, struct error *err)
    __attribute__((warn_unused_result));
/* The value of a PROTOBUF_FIXED32 field as a float. */
float protobuf_float(const struct protobuf_field *field);

/* Append a field. */
void protobuf_put_varint(struct strbuf *sb, uint32_t number, uint64_t value);
void protobuf_put_float(struct strbuf *sb, uint32_t number, float value);
void protobuf_put_bytes(struct strbuf *sb, uint32_t number, const void *data, size_t len);

#endif
