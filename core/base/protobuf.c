/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Protobuf's wire format: see protobuf.h. Every length is compared with what is left. */
#include "base/protobuf.h"

#include <string.h>

#define MAX_VARINT 10 /* bytes of 7 bits that 64 bits need */

static int read_varint(struct protobuf *message, uint64_t *ret_value, struct error *err)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < MAX_VARINT; i++) {
        if (i >= message->len)
            return error_set(err, PARE_EDATA, "the message ends inside a number");
        uint8_t byte = message->data[i];
        if (i == MAX_VARINT - 1 && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (!(byte & 0x80)) {
            message->data += i + 1;
            message->len -= i + 1;
            *ret_value = value;
            return 0;
        }
    }
    return error_set(err, PARE_EDATA, "a number of more than 64 bits");
}

static int read_fixed(struct protobuf *message, size_t bytes, uint64_t *ret_value,
                      struct error *err)
{
    if (message->len < bytes)
        return error_set(err, PARE_EDATA, "the message ends inside a number");
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)message->data[i] << (8 * i);
    message->data += bytes;
    message->len -= bytes;
    *ret_value = value;
    return 0;
}

static int read_bytes(struct protobuf *message, struct protobuf_field *field, struct error *err)
{
    uint64_t len = 0;
    int r = read_varint(message, &len, err);
    if (r < 0)
        return r;
    if (len > message->len)
        return error_set(err, PARE_EDATA, "field %u of %llu bytes where %zu are left",
                         field->number, (unsigned long long)len, message->len);
    field->data = message->data;
    field->len = (size_t)len;
    message->data += len;
    message->len -= (size_t)len;
    return 0;
}

int protobuf_next(struct protobuf *message, struct protobuf_field *ret_field, struct error *err)
{
    if (!message->len)
        return 0;
    uint64_t tag = 0;
    int r = read_varint(message, &tag, err);
    if (r < 0)
        return r;
    if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
        return error_set(err, PARE_EDATA, "a field of number %llu", (unsigned long long)tag >> 3);
    struct protobuf_field field = { .number = (uint32_t)(tag >> 3), .wire = tag & 7 };
    switch (field.wire) {
    case PROTOBUF_VARINT:
        r = read_varint(message, &field.value, err);
        break;
    case PROTOBUF_FIXED64:
        r = read_fixed(message, 8, &field.value, err);
        break;
    case PROTOBUF_FIXED32:
        r = read_fixed(message, 4, &field.value, err);
        break;
    case PROTOBUF_BYTES:
        r = read_bytes(message, &field, err);
        break;
    default:
        return error_set(err, PARE_EDATA, "field %u has the wire type %u", field.number,
                         field.wire);
    }
    if (r < 0)
        return r;
    *ret_field = field;
    return 1;
}

float protobuf_float(const struct protobuf_field *field)
{
    uint32_t bits = (uint32_t)field->value;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void put_varint(struct strbuf *sb, uint64_t value)
{
    uint8_t bytes[MAX_VARINT];
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[n++] = (uint8_t)(value | 0x80);
    bytes[n++] = (uint8_t)value;
    strbuf_add(sb, bytes, n);
}

void protobuf_put_varint(struct strbuf *sb, uint32_t number, uint64_t value)
{
    put_varint(sb, (uint64_t)number << 3 | PROTOBUF_VARINT);
    put_varint(sb, value);
}

void protobuf_put_float(struct strbuf *sb, uint32_t number, float value)
{
    put_varint(sb, (uint64_t)number << 3 | PROTOBUF_FIXED32);
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint8_t bytes[4] = { (uint8_t)bits, (uint8_t)(bits >> 8), (uint8_t)(bits >> 16),
                         (uint8_t)(bits >> 24) };
    strbuf_add(sb, bytes, sizeof bytes);
}

void protobuf_put_bytes(struct strbuf *sb, uint32_t number, const void *data, size_t len)
{
    put_varint(sb, (uint64_t)number << 3 | PROTOBUF_BYTES);
    put_varint(sb, len);
    strbuf_add(sb, data, len);
}
