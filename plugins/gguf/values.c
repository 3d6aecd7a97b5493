/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Metadata: key, type, value. Each entry is scanned first, which checks every length against what
 * is left of the file and that every bool is 0 or 1. Only then is memory taken, for a size that is
 * known to be true, and the value loaded and handed to the host. Strings are bytes: nothing is
 * interpreted.
 */
#include "gguf/values.h"

#include "gguf/types.h"

#include <string.h>

static const char VALUE[] = "a metadata value";

static int entry_fail(const struct cursor *cursor, const struct gguf_entry *entry, int code,
                      const char *what, uint64_t number)
{
    char key[CURSOR_QUOTED];
    return cursor_fail(cursor, code, "key `%s`: %s %llu",
                       cursor_quote(entry->key.data, entry->key.len, key), what,
                       (unsigned long long)number);
}

static int key_next(struct cursor *cursor, uint64_t index, char *key_buffer,
                    struct pare_str *ret_key)
{
    uint64_t length = 0;
    int r = cursor_length(cursor, 8, 1, PARE_MAX_NAME, "a key's length", &length);
    if (r < 0)
        return r;
    if (r > 0 && length == 0)
        return cursor_fail(cursor, PARE_EDATA, "metadata key %llu is empty",
                           (unsigned long long)index);
    if (r > 0)
        return cursor_fail(cursor, PARE_EDATA, "metadata key %llu has %llu bytes, more than %d",
                           (unsigned long long)index, (unsigned long long)length, PARE_MAX_NAME);
    r = cursor_bytes(cursor, key_buffer, (size_t)length, "a key");
    if (r < 0)
        return r;
    if (memchr(key_buffer, 0, (size_t)length))
        return cursor_fail(cursor, PARE_EDATA, "metadata key %llu contains a NUL byte",
                           (unsigned long long)index);
    ret_key->data = key_buffer;
    ret_key->len = (size_t)length;
    return 0;
}

static int array_next(struct cursor *cursor, struct gguf_entry *entry)
{
    int r = cursor_u32(cursor, "an array's type", &entry->type);
    if (r < 0)
        return r;
    if (entry->type == GGUF_ARRAY)
        return entry_fail(cursor, entry, PARE_ENOTSUP,
                          "is an array of arrays, which no reader supports; type", entry->type);
    r = cursor_u64(cursor, "an array's length", &entry->count);
    if (r < 0)
        return r;
    if (entry->count > GGUF_MAX_ARRAY)
        return entry_fail(cursor, entry, PARE_EDATA,
                          "an array longer than 2^30 elements:", entry->count);
    if (entry->type == PARE_STRING && entry->count > GGUF_MAX_STRINGS)
        return entry_fail(cursor, entry, PARE_ELIMIT,
                          "an array of more than 2^22 strings:", entry->count);
    entry->is_array = 1;
    return 0;
}

int gguf_entry_next(struct cursor *cursor, uint64_t index, char *key_buffer,
                    struct gguf_entry *ret_entry)
{
    struct gguf_entry entry = { .count = 1 };
    int r = key_next(cursor, index, key_buffer, &entry.key);
    if (r < 0)
        return r;
    r = cursor_u32(cursor, "a value's type", &entry.type);
    if (r < 0)
        return r;
    if (entry.type == GGUF_ARRAY) {
        r = array_next(cursor, &entry);
        if (r < 0)
            return r;
    }
    if (entry.type != PARE_STRING && gguf_element_size(entry.type) == 0)
        return entry_fail(cursor, &entry, PARE_EDATA, "unknown value type", entry.type);
    entry.at = cursor->pos;
    *ret_entry = entry;
    return 0;
}

static int string_length(struct cursor *cursor, const struct gguf_entry *entry,
                         uint64_t *ret_length)
{
    uint64_t length = 0;
    int r = cursor_length(cursor, 8, 0, GGUF_MAX_STRING, "a string's length", &length);
    if (r < 0)
        return r;
    if (r > 0)
        return entry_fail(cursor, entry, PARE_EDATA, "a string longer than 2^30 bytes:", length);
    *ret_length = length;
    return 0;
}

static int strings_scan(struct cursor *cursor, struct gguf_entry *entry)
{
    entry->text_bytes = 0;
    int r = cursor_need(cursor, entry->count * 8, VALUE);
    for (uint64_t i = 0; r == 0 && i < entry->count; i++) {
        uint64_t length = 0;
        r = string_length(cursor, entry, &length);
        if (r == 0)
            r = cursor_skip(cursor, length, "a string");
        entry->text_bytes += length;
    }
    return r;
}

static int bools_scan(struct cursor *cursor, const struct gguf_entry *entry)
{
    uint8_t part[4096];
    for (uint64_t i = 0; i < entry->count;) {
        uint64_t n = entry->count - i < sizeof(part) ? entry->count - i : sizeof(part);
        int r = cursor_bytes(cursor, part, (size_t)n, VALUE);
        if (r < 0)
            return r;
        for (uint64_t j = 0; j < n; j++)
            if (part[j] > 1)
                return entry_fail(cursor, entry, PARE_EDATA, "a bool is neither 0 nor 1 but",
                                  part[j]);
        i += n;
    }
    return 0;
}

static int scalar_scan(struct cursor *cursor, struct gguf_entry *entry, uint32_t size)
{
    uint8_t bytes[8];
    int r = cursor_bytes(cursor, bytes, size, VALUE);
    if (r < 0)
        return r;
    entry->scalar = cursor_number(bytes, size);
    if (entry->type == PARE_BOOL && entry->scalar > 1)
        return entry_fail(cursor, entry, PARE_EDATA, "a bool is neither 0 nor 1 but",
                          entry->scalar);
    return 0;
}

int gguf_value_scan(struct cursor *cursor, struct gguf_entry *entry)
{
    uint32_t size = gguf_element_size(entry->type);
    if (entry->type == PARE_STRING)
        return strings_scan(cursor, entry);
    if (!entry->is_array)
        return scalar_scan(cursor, entry, size);
    int r = cursor_need(cursor, entry->count * size, VALUE);
    if (r < 0)
        return r;
    if (entry->type == PARE_BOOL)
        return bools_scan(cursor, entry);
    return cursor_skip(cursor, entry->count * size, VALUE);
}

/* Lays the strings out in memory: their descriptions first, then their bytes. The file is read for
 * the second time and may have changed, so the room is checked again. */
static int strings_load(struct cursor *cursor, const struct gguf_entry *entry, void *memory)
{
    struct pare_str *strings = memory;
    char *text = (char *)(strings + entry->count);
    uint64_t room = entry->text_bytes;
    for (uint64_t i = 0; i < entry->count; i++) {
        uint64_t length = 0;
        int r = string_length(cursor, entry, &length);
        if (r < 0)
            return r;
        if (length > room)
            return entry_fail(cursor, entry, PARE_EDATA, "changed while it was read: a string of",
                              length);
        r = cursor_bytes(cursor, text, (size_t)length, "a string");
        if (r < 0)
            return r;
        strings[i].data = text;
        strings[i].len = (size_t)length;
        text += length;
        room -= length;
    }
    return 0;
}

static int elements_load(struct cursor *cursor, const struct gguf_entry *entry, void *memory)
{
    uint32_t size = gguf_element_size(entry->type);
    int r = cursor_bytes(cursor, memory, (size_t)(entry->count * size), VALUE);
    if (r < 0)
        return r;
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    uint8_t element[8];
    for (uint64_t i = 0; i < entry->count; i++) {
        cursor_copy(element, (uint8_t *)memory + i * size, 1, size);
        memcpy((uint8_t *)memory + i * size, element, size);
    }
#endif
    return 0;
}

int gguf_value_load(struct cursor *cursor, const struct gguf_entry *entry)
{
    const struct pare_host *host = cursor->host;
    int text = entry->type == PARE_STRING;
    uint64_t bytes = text ? entry->count * sizeof(struct pare_str) + entry->text_bytes
                          : entry->count * gguf_element_size(entry->type);
    void *memory = host->alloc(cursor->job, 1, bytes > 0 ? bytes : 1);
    if (!memory)
        return PARE_ENOMEM;
    cursor_seek(cursor, entry->at);
    int r = text ? strings_load(cursor, entry, memory) : elements_load(cursor, entry, memory);
    if (r == 0) {
        struct pare_value value = {
            .struct_size = sizeof(value),
            .type = entry->type,
            .is_array = entry->is_array,
            .count = entry->count,
            .data = memory,
        };
        r = host->meta_set(cursor->job, entry->key, &value);
    }
    host->release(cursor->job, memory);
    return r;
}
