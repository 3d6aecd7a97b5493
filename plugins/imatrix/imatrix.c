/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A reader of legacy importance matrices, the .dat files of llama-imatrix before it wrote GGUF
 * (docs/formats/imatrix.md). Such a file is read as a model with two tensors per entry, named as in
 * the GGUF form: NAME.in_sum2, the values, and NAME.counts, how many were summed. The format has no
 * magic number, so the probe follows the lengths of the first entries. open walks all entries and
 * checks that lengths and trailer make up the file to its last byte; next walks them again, so that
 * memory does not grow with their number. Every byte is untrusted.
 */
#include "common/cursor.h"

#define MAX_ENTRIES 524288u    /* as many as a GGUF file has room for */
#define MAX_DATASET (1u << 20) /* bytes */
#define SUFFIX_SIZE 8u         /* of the longer one */
#define MAX_ENTRY_NAME (PARE_MAX_NAME - SUFFIX_SIZE)
#define MIN_ENTRY 17u /* length, a name of one byte, two counts, one value */

struct reader_state {
    struct cursor cursor;
    uint64_t n_entries;
    char *name; /* of the current entry, with room for a suffix */
    size_t name_len;
    uint64_t n_given;      /* tensors that imatrix_next has handed out */
    uint64_t counts, sums; /* where the current entry has them */
    uint64_t n_values;
};

/* ---- probe ---- */

/* Whether an entry may begin here: a possible length, and a name without control characters. */
static int is_entry(const uint8_t *head, size_t left, uint64_t file_left)
{
    uint32_t length = (uint32_t)cursor_number(head, 4);
    if (length < 1 || length > MAX_ENTRY_NAME || length + UINT64_C(16) > file_left)
        return 0;
    for (size_t i = 4; i < left && i < 4 + (size_t)length; i++)
        if (head[i] <= ' ' || head[i] == 0x7f)
            return 0;
    return 1;
}

/* Follows the entries that begin within the head. */
static int is_plausible(const struct pare_probe *file)
{
    uint64_t n = file->head_len < 4 ? 0 : cursor_number(file->head, 4), at = 4;
    if (n < 1 || n > MAX_ENTRIES || file->file_size < 4 + n * MIN_ENTRY)
        return 0;
    for (uint64_t i = 0; i < n && at + 4 <= file->head_len; i++) {
        if (!is_entry(file->head + at, file->head_len - at, file->file_size - at))
            return 0;
        uint64_t values = at + 4 + cursor_number(file->head + at, 4) + 4;
        if (values + 4 > file->head_len)
            return 1;
        uint64_t n_values = cursor_number(file->head + values, 4);
        at = values + 4 + 4 * n_values;
        if (n_values < 1 || n_values > INT32_MAX || at > file->file_size)
            return 0;
    }
    return 1;
}

static int ends_with(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);
    return n >= m && memcmp(name + n - m, suffix, m) == 0;
}

static int imatrix_probe(const struct pare_probe *file)
{
    if (file->in_folder)
        return 0;
    if (is_plausible(file))
        return 60;
    /* cut short, or something else under this name: let open explain it */
    return ends_with(file->name, ".imatrix") || ends_with(file->name, "imatrix.dat") ? 10 : 0;
}

/* ---- reading ---- */

static int read_name(struct reader_state *s, uint64_t index)
{
    uint64_t length = 0;
    int r = cursor_length(&s->cursor, 4, 1, MAX_ENTRY_NAME, "the length of a name", &length);
    if (r < 0)
        return r;
    if (r > 0)
        return cursor_fail(&s->cursor, PARE_EDATA,
                           "entry %llu has a name of %d bytes, not 1 to %u: no importance matrix",
                           (unsigned long long)index, (int32_t)length, MAX_ENTRY_NAME);
    r = cursor_bytes(&s->cursor, s->name, length, "a name");
    if (r < 0)
        return r;
    if (memchr(s->name, 0, length))
        return cursor_fail(&s->cursor, PARE_EDATA, "the name of entry %llu contains a NUL byte",
                           (unsigned long long)index);
    s->name_len = length;
    return 0;
}

/* Reads an entry except its values, and moves past them. */
static int read_entry(struct reader_state *s, uint64_t index)
{
    uint32_t n_calls = 0;
    uint32_t n_values = 0;
    int r = read_name(s, index);
    s->counts = s->cursor.pos;
    if (r == 0)
        r = cursor_u32(&s->cursor, "the counts of an entry", &n_calls);
    if (r == 0)
        r = cursor_u32(&s->cursor, "the counts of an entry", &n_values);
    if (r < 0)
        return r;
    if (n_values < 1 || n_values > INT32_MAX)
        return cursor_fail(&s->cursor, PARE_EDATA, "entry %llu has %d values",
                           (unsigned long long)index, (int32_t)n_values);
    s->sums = s->cursor.pos;
    s->n_values = n_values;
    if (4 * s->n_values > s->cursor.size - s->cursor.pos)
        return cursor_fail(&s->cursor, PARE_EINCOMPLETE,
                           "the file ends at byte %llu, inside the %llu values of entry %llu at "
                           "byte %llu: it is cut short or still arriving",
                           (unsigned long long)s->cursor.size, (unsigned long long)s->n_values,
                           (unsigned long long)index, (unsigned long long)s->cursor.pos);
    cursor_seek(&s->cursor, s->cursor.pos + 4 * s->n_values);
    return 0;
}

static int read_count(struct reader_state *s)
{
    uint32_t n = 0;
    int r = cursor_u32(&s->cursor, "the number of entries", &n);
    if (r < 0)
        return r;
    if (n < 1 || n > INT32_MAX)
        return cursor_fail(&s->cursor, PARE_EDATA, "it has %d entries: no importance matrix",
                           (int32_t)n);
    if (n > MAX_ENTRIES)
        return cursor_fail(&s->cursor, PARE_ELIMIT, "it has %u entries, more than the limit of %u",
                           n, MAX_ENTRIES);
    s->n_entries = n;
    return 0;
}

/* ---- metadata ---- */

static int set(const struct reader_state *s, const char *key, uint32_t type, int is_array,
               const void *data)
{
    struct pare_value value = {
        .struct_size = sizeof(value), .type = type, .is_array = is_array, .count = 1, .data = data
    };
    return s->cursor.host->meta_set(s->cursor.job, (struct pare_str){ key, strlen(key) }, &value);
}

static int read_dataset(struct reader_state *s)
{
    uint64_t length = 0;
    int r = cursor_length(&s->cursor, 4, 0, MAX_DATASET, "the length of the data set's name",
                          &length);
    if (r > 0)
        return cursor_fail(&s->cursor, PARE_EDATA,
                           "the data set's name has %d bytes, not 0 to %u: there is something "
                           "after the entries that does not belong to an importance matrix",
                           (int32_t)length, MAX_DATASET);
    if (r < 0 || length == 0)
        return r;
    char *text = s->cursor.host->alloc(s->cursor.job, length, 1);
    if (!text)
        return PARE_ENOMEM;
    r = cursor_bytes(&s->cursor, text, length, "the data set's name");
    const struct pare_str dataset = { text, strnlen(text, length) };
    if (r == 0)
        r = set(s, "imatrix.datasets", PARE_STRING, 1, &dataset);
    s->cursor.host->release(s->cursor.job, text);
    return r;
}

/* What may come after the entries: how many chunks were summed, and of which data set. */
static int read_trailer(struct reader_state *s)
{
    uint32_t chunks = 0;
    int r = 0;
    if (s->cursor.pos < s->cursor.size) {
        r = cursor_u32(&s->cursor, "the number of chunks", &chunks);
        if (r == 0 && chunks > 0 && chunks <= INT32_MAX)
            r = set(s, "imatrix.chunk_count", PARE_U32, 0, &chunks);
        if (r == 0 && s->cursor.pos < s->cursor.size)
            r = read_dataset(s);
    }
    if (r == 0 && s->cursor.pos < s->cursor.size)
        r = cursor_fail(&s->cursor, PARE_EDATA,
                        "%llu bytes follow after the data set's name, where "
                        "the file should end",
                        (unsigned long long)(s->cursor.size - s->cursor.pos));
    return r;
}

/* ---- callbacks ---- */

static void imatrix_close(void *opened)
{
    struct reader_state *s = opened;
    const struct pare_host *host = s->cursor.host;
    struct pare_job *job = s->cursor.job;
    cursor_close(&s->cursor);
    host->release(job, s->name);
    host->release(job, s);
}

static int check_all(struct reader_state *s)
{
    static const uint8_t yes = 1;
    int r = read_count(s);
    for (uint64_t i = 0; r == 0 && i < s->n_entries; i++) {
        if (s->cursor.host->cancelled(s->cursor.job))
            return PARE_ECANCELLED;
        r = read_entry(s, i);
    }
    if (r == 0)
        r = set(s, "imatrix.legacy", PARE_BOOL, 0, &yes);
    if (r == 0)
        r = read_trailer(s);
    cursor_seek(&s->cursor, 4);
    return r;
}

static int imatrix_open(const struct pare_host *host, struct pare_job *job, void **ret_state)
{
    if (host->file_count(job) != 1)
        return host->fail(job, PARE_ENOTSUP, "imatrix: an importance matrix is one file");
    struct reader_state *s = host->alloc(job, 1, sizeof(*s));
    if (!s)
        return PARE_ENOMEM;
    s->cursor.host = host;
    s->cursor.job = job;
    s->name = host->alloc(job, 1, PARE_MAX_NAME);
    int r = s->name ? cursor_open(&s->cursor, 0, "imatrix") : PARE_ENOMEM;
    if (r == 0)
        r = check_all(s);
    if (r == 0)
        r = host->file_role(job, 0, PARE_FILE_WEIGHTS);
    if (r < 0) {
        imatrix_close(s);
        return r;
    }
    *ret_state = s;
    return 0;
}

static void describe(struct reader_state *s, const char *suffix, const char *encoding,
                     uint64_t elements, uint64_t offset, struct pare_tensor *ret_tensor)
{
    size_t n = strlen(suffix);
    memcpy(s->name + s->name_len, suffix, n);
    *ret_tensor = (struct pare_tensor){
        .struct_size = sizeof(*ret_tensor),
        .name = { s->name, s->name_len + n },
        .encoding = encoding,
        .n_dims = 1,
        .n_planes = 1,
        .dims = { elements },
        .planes = { { .file = 0, .offset = offset, .length = 4 * elements } },
    };
}

static int imatrix_next(void *opened, struct pare_tensor *ret_tensor)
{
    struct reader_state *s = opened;
    if (s->n_given == 2 * s->n_entries)
        return 0;
    if (s->n_given++ % 2) {
        describe(s, ".counts", "i32", 1, s->counts, ret_tensor);
        return 1;
    }
    int r = read_entry(s, s->n_given / 2);
    if (r < 0)
        return r;
    describe(s, ".in_sum2", "f32", s->n_values, s->sums, ret_tensor);
    return 1;
}

static const struct pare_reader READER = {
    .struct_size = sizeof(READER),
    .name = "imatrix",
    .summary = "importance matrices of llama-imatrix in their legacy form (.dat)",
    .probe = imatrix_probe,
    .open = imatrix_open,
    .next = imatrix_next,
    .close = imatrix_close,
};

static const struct pare_reader *const READERS[] = { &READER, NULL };

static const struct pare_plugin PLUGIN = {
    .struct_size = sizeof(PLUGIN),
    .name = "imatrix",
    .version = "1",
    .summary = "legacy importance matrices",
    .readers = READERS,
};

PARE_PLUGIN(PLUGIN)
