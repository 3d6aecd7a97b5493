/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Mutations that know a format: see mutate.h. A GGUF is walked once for the places of its numbers
 * and entries; one of them is changed. The walk trusts nothing, since its input is a mutant itself.
 */
#include "mutate.h"

#include <stdio.h>
#include <string.h>

#define MAX_PLACES 512

struct place {
    size_t at, size;
};

struct gguf_map {
    struct place numbers[MAX_PLACES], texts[MAX_PLACES], entries[MAX_PLACES], infos[MAX_PLACES];
    size_t n_numbers, n_texts, n_entries, n_infos;
    size_t end; /* of the header */
};

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void put(struct place *places, size_t *n, size_t at, size_t size)
{
    if (*n < MAX_PLACES)
        places[(*n)++] = (struct place){ at, size };
}

static int get(const uint8_t *data, size_t size, size_t *at, size_t n, uint64_t *ret)
{
    uint64_t value = 0;
    if (*at > size || size - *at < n)
        return -1;
    memcpy(&value, data + *at, n);
    *at += n;
    *ret = value;
    return 0;
}

static int number(struct gguf_map *map, const uint8_t *data, size_t size, size_t *at, size_t n,
                  uint64_t *ret)
{
    put(map->numbers, &map->n_numbers, *at, n);
    return get(data, size, at, n, ret);
}

static int text(struct gguf_map *map, const uint8_t *data, size_t size, size_t *at)
{
    uint64_t len;
    if (number(map, data, size, at, 8, &len) < 0 || len > size - *at)
        return -1;
    put(map->texts, &map->n_texts, *at, (size_t)len);
    *at += (size_t)len;
    return 0;
}

/* A value of type t; arrays are gone through once. */
static int value(struct gguf_map *map, const uint8_t *data, size_t size, size_t *at, uint64_t t,
                 int depth)
{
    static const uint8_t sizes[] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };
    uint64_t v, of, n;
    if (t == 8)
        return text(map, data, size, at);
    if (t == 9) {
        if (depth || number(map, data, size, at, 4, &of) < 0 ||
            number(map, data, size, at, 8, &n) < 0 || of > 12)
            return -1;
        if (of != 8 && of != 9) {
            if (n > (size - *at) / sizes[of])
                return -1;
            *at += (size_t)n * sizes[of];
            return 0;
        }
        for (uint64_t i = 0; i < n; i++)
            if (value(map, data, size, at, of, 1) < 0)
                return -1;
        return 0;
    }
    return t > 12 ? -1 : number(map, data, size, at, sizes[t], &v);
}

static int tensor_info(struct gguf_map *map, const uint8_t *data, size_t size, size_t *at)
{
    uint64_t dims, v;
    if (text(map, data, size, at) < 0 || number(map, data, size, at, 4, &dims) < 0 || dims > 8)
        return -1;
    for (uint64_t i = 0; i < dims; i++)
        if (number(map, data, size, at, 8, &v) < 0)
            return -1;
    return number(map, data, size, at, 4, &v) < 0 ? -1 : number(map, data, size, at, 8, &v);
}

static int walk(struct gguf_map *map, const uint8_t *data, size_t size)
{
    uint64_t version, n_tensors, n_entries, type;
    size_t at = 4;
    memset(map, 0, sizeof *map);
    if (size < 24 || memcmp(data, "GGUF", 4) != 0 ||
        number(map, data, size, &at, 4, &version) < 0 ||
        number(map, data, size, &at, 8, &n_tensors) < 0 ||
        number(map, data, size, &at, 8, &n_entries) < 0)
        return -1;
    for (uint64_t i = 0; i < n_entries; i++) {
        size_t start = at;
        if (text(map, data, size, &at) < 0 || number(map, data, size, &at, 4, &type) < 0 ||
            value(map, data, size, &at, type, 0) < 0)
            return 0; /* what was found so far can be changed */
        put(map->entries, &map->n_entries, start, at - start);
    }
    for (uint64_t i = 0; i < n_tensors; i++) {
        size_t start = at;
        if (tensor_info(map, data, size, &at) < 0)
            return 0;
        put(map->infos, &map->n_infos, start, at - start);
    }
    map->end = at;
    return 0;
}

static void set_number(uint8_t *data, struct place place, uint64_t *random)
{
    static const uint64_t edges[] = { 0,          1,          2,          3,          4,
                                      8,          31,         32,         255,        256,
                                      0x7fff,     0xffff,     0x7fffffff, 0x80000000, 0xffffffff,
                                      1ull << 32, 1ull << 62, ~0ull >> 1, 1ull << 63, ~0ull };
    uint64_t v = 0;
    memcpy(&v, data + place.at, place.size);
    switch (next(random) % 5) {
    case 0:
        v = edges[next(random) % (sizeof edges / sizeof *edges)];
        break;
    case 1:
        v += next(random) % 9 - 4;
        break;
    case 2:
        v ^= 1ull << next(random) % (8 * place.size);
        break;
    case 3:
        v = next(random) % 45; /* a type, a number of dims, ... */
        break;
    default:
        v *= 1 + next(random) % 64;
    }
    memcpy(data + place.at, &v, place.size);
}

static size_t insert(uint8_t *data, size_t size, size_t max, size_t at, const uint8_t *what,
                     size_t n)
{
    uint8_t copy[4096];
    if (n > sizeof copy || max - size < n)
        return size;
    memcpy(copy, what, n);
    memmove(data + at + n, data + at, size - at);
    memcpy(data + at, copy, n);
    return size + n;
}

static size_t cut(uint8_t *data, size_t size, struct place place)
{
    memmove(data + place.at, data + place.at + place.size, size - place.at - place.size);
    return size - place.size;
}

static void add_to_count(uint8_t *data, size_t at, uint64_t by, uint64_t *random)
{
    uint64_t v;
    memcpy(&v, data + at, 8);
    v += next(random) % 8 ? by : 0; /* now and then the count is wrong */
    memcpy(data + at, &v, 8);
}

/* Doubles or drops an entry of the metadata or a tensor's description. */
static size_t change_list(uint8_t *data, size_t size, size_t max, const struct place *places,
                          size_t n, size_t count_at, uint64_t *random)
{
    struct place place = places[next(random) % n];
    if (next(random) % 2) {
        size_t to = places[next(random) % n].at;
        size_t grown = insert(data, size, max, to, data + place.at, place.size);
        if (grown != size)
            add_to_count(data, count_at, 1, random);
        return grown;
    }
    add_to_count(data, count_at, ~0ull, random);
    return cut(data, size, place);
}

/* Changes a text's bytes, and its length with them. */
static size_t change_text(uint8_t *data, size_t size, size_t max, struct place place,
                          uint64_t *random, mutate_bytes_fn *bytes)
{
    uint8_t changed[512] = { 0 };
    size_t n = place.size < 256 ? place.size : 256;
    memcpy(changed, data + place.at, n);
    n = bytes(changed, n, n + next(random) % 16 + 1);
    if (size - place.size + n > max || place.size > 256)
        return size;
    size = cut(data, size, place);
    size = insert(data, size, max, place.at, changed, n);
    uint64_t len = n;
    memcpy(data + place.at - 8, &len, 8);
    return size;
}

size_t mutate_gguf(uint8_t *data, size_t size, size_t max, unsigned seed, mutate_bytes_fn *bytes)
{
    static struct gguf_map map;
    uint64_t random = seed * 0x9e3779b97f4a7c15ull + 1;
    if (walk(&map, data, size) < 0 || !map.n_numbers)
        return bytes(data, size, max);
    switch (next(&random) % 8) {
    case 0:
    case 1:
    case 2: {
        struct place place = map.numbers[next(&random) % map.n_numbers];
        if (place.at + place.size <= size)
            set_number(data, place, &random);
        return size;
    }
    case 3:
        if (map.n_texts)
            return change_text(data, size, max, map.texts[next(&random) % map.n_texts], &random,
                               bytes);
        return size;
    case 4:
        return map.n_entries ? change_list(data, size, max, map.entries, map.n_entries, 16, &random)
                             : size;
    case 5:
        return map.n_infos ? change_list(data, size, max, map.infos, map.n_infos, 8, &random)
                           : size;
    case 6: { /* the data's end */
        size_t to = map.end + next(&random) % (size - map.end + 65);
        if (to > max)
            to = max;
        if (to > size)
            memset(data + size, 0, to - size);
        return to;
    }
    default:
        return bytes(data, size, max);
    }
}

/* ---- safetensors ---- */

static const char *const words[] = {
    "\"F32\"",
    "\"F16\"",
    "\"BF16\"",
    "\"I64\"",
    "\"U8\"",
    "\"BOOL\"",
    "\"F8_E4M3\"",
    "\"F4\"",
    "\"dtype\"",
    "\"shape\"",
    "[]",
    "[0]",
    "[1,1]",
    "\"data_offsets\"",
    "\"__metadata__\"",
    "{}",
    "null",
    "true",
    "-1",
    "1e400",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "18446744073709551616",
    "9223372036854775807",
    ",",
    ":",
    "\"",
};

/* The place of a token: a number, or a text with its quotes. */
static struct place token_at(const uint8_t *json, size_t n, size_t from)
{
    size_t i = from;
    while (i < n && json[i] != '"' && (json[i] < '0' || json[i] > '9'))
        i++;
    size_t start = i;
    if (i < n && json[i] == '"')
        for (i++; i < n && json[i] != '"'; i++)
            i += json[i] == '\\' && i + 1 < n;
    else
        while (i < n && json[i] >= '0' && json[i] <= '9')
            i++;
    if (i < n && json[start] == '"')
        i++;
    return (struct place){ start, i - start };
}

static size_t replace(uint8_t *data, size_t size, size_t max, struct place place, const char *with)
{
    size_t n = strlen(with);
    if (size - place.size + n > max)
        return size;
    size = cut(data, size, place);
    return insert(data, size, max, place.at, (const uint8_t *)with, n);
}

static size_t change_token(uint8_t *json, size_t n, size_t max, uint64_t *random)
{
    struct place place = token_at(json, n, next(random) % (n + 1));
    char number_text[32];
    if (place.size && json[place.at] != '"' && next(random) % 4) {
        uint64_t v = 0;
        for (size_t i = 0; i < place.size && i < 18; i++)
            v = 10 * v + (uint64_t)(json[place.at + i] - '0');
        v = next(random) % 2 ? v + next(random) % 9 - 4 : v * (next(random) % 5);
        snprintf(number_text, sizeof number_text, "%llu", (unsigned long long)v);
        return replace(json, n, max, place, number_text);
    }
    return replace(json, n, max, place, words[next(random) % (sizeof words / sizeof *words)]);
}

/* An entry once more: from a quote to the brace that follows it. */
static size_t double_entry(uint8_t *json, size_t n, size_t max, uint64_t *random)
{
    struct place place = token_at(json, n, next(random) % (n + 1));
    uint8_t *brace = place.at < n ? memchr(json + place.at, '}', n - place.at) : NULL;
    if (!brace || max <= n)
        return n;
    size_t len = (size_t)(brace - json) + 1 - place.at;
    size_t grown = insert(json, n, max - 1, place.at, json + place.at, len);
    return grown == n ? n : insert(json, grown, max, place.at + len, (const uint8_t *)",", 1);
}

size_t mutate_json(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    uint64_t random = seed * 0x9e3779b97f4a7c15ull + 1;
    return next(&random) % 4 ? change_token(data, size, max, &random)
                             : double_entry(data, size, max, &random);
}

size_t mutate_safetensors(uint8_t *data, size_t size, size_t max, unsigned seed,
                          mutate_bytes_fn *bytes)
{
    uint64_t random = seed * 0x9e3779b97f4a7c15ull + 1, header;
    static uint8_t json[1 << 16], rest[1 << 17];
    if (size < 8 || max < 8)
        return bytes(data, size, max);
    memcpy(&header, data, 8);
    if (header > size - 8 || header > sizeof json / 2 || size - 8 - header > sizeof rest ||
        next(&random) % 16 == 0)
        return bytes(data, size, max);
    size_t n = (size_t)header, n_rest = size - 8 - n;
    memcpy(json, data + 8, n);
    memcpy(rest, data + 8 + n, n_rest);
    switch (next(&random) % 4) {
    case 0:
        n = bytes(json, n, n + 64);
        break;
    case 1:
        n = double_entry(json, n, sizeof json, &random);
        break;
    default:
        n = change_token(json, n, sizeof json, &random);
    }
    if (next(&random) % 8 == 0)
        n_rest = next(&random) % (n_rest + 1);
    if (8 + n + n_rest > max)
        return size;
    header = n + (next(&random) % 16 ? 0 : next(&random) % 9 - 4);
    memcpy(data, &header, 8);
    memcpy(data + 8, json, n);
    memcpy(data + 8 + n, rest, n_rest);
    return 8 + n + n_rest;
}
