/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Reading a table: see llama_imatrix.h. All numbers are i32 of this machine, texts have their
 * length before them: the number of entries; name, number of values and values (floats) of each;
 * the file's name; the data set's, or a length of -1; the number of chunks. The structures are
 * those of llama.h in de3ff81.
 */
#include "llama_imatrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct imatrix_data {
    const char *name;
    const float *data;
    size_t size;
};

struct kv_override {
    int32_t tag; /* 0 integer, 3 text */
    char key[128];
    union {
        int64_t integer;
        char text[128];
    } value;
};

static struct kv_override notes[5]; /* the last has no key */
static size_t n_notes;

static int32_t number(FILE *f)
{
    int32_t value = -1;
    return fread(&value, sizeof value, 1, f) == 1 ? value : -1;
}

/* n bytes and a NUL, or NULL. */
static char *bytes(FILE *f, int32_t n)
{
    char *text = n < 0 ? NULL : calloc((size_t)n + 1, 1);
    if (text && fread(text, 1, (size_t)n, f) != (size_t)n) {
        free(text);
        return NULL;
    }
    return text;
}

static void note(const char *key, const char *text, int64_t integer)
{
    struct kv_override *o = &notes[n_notes++];
    (void)snprintf(o->key, sizeof o->key, "quantize.imatrix.%s", key);
    o->tag = text ? 3 : 0;
    if (text)
        (void)snprintf(o->value.text, sizeof o->value.text, "%s", text);
    else
        o->value.integer = integer;
}

/* The list ends with an entry without a name. */
static struct imatrix_data *read_entries(FILE *f, int32_t n)
{
    struct imatrix_data *list = n < 1 ? NULL : calloc((size_t)n + 1, sizeof *list);
    for (int32_t i = 0; list && i < n; i++) {
        list[i].name = bytes(f, number(f));
        int32_t size = number(f);
        list[i].size = size < 0 ? 0 : (size_t)size;
        list[i].data = size < 0 ? NULL : (const float *)(const void *)bytes(f, 4 * size);
        if (!list[i].name || !list[i].data)
            return NULL;
    }
    return list;
}

int imatrix_load(const char *path, struct peer_params *params)
{
    FILE *f = fopen(path, "rb");
    int32_t n = f ? number(f) : 0;
    const struct imatrix_data *entries = f ? read_entries(f, n) : NULL;
    if (!entries) {
        (void)fprintf(stderr, "llama_quantize: %s is no table of importance\n", path);
        return 2;
    }
    const char *file = bytes(f, number(f)), *dataset = bytes(f, number(f));
    int32_t chunks = number(f);
    const struct kv_override *list = notes;
    (void)fclose(f);
    note("file", file, 0);
    if (dataset)
        note("dataset", dataset, 0);
    note("entries_count", NULL, n);
    if (chunks > 0)
        note("chunks_count", NULL, chunks);
    /* Four words and six bools come first, then pointers. */
    memcpy((char *)params + 24, &entries, sizeof entries);
    memcpy((char *)params + 24 + sizeof entries, &list, sizeof list);
    return 0;
}
