/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Manifests as files: see manifest_file.h. Opening one walks through all of its bytes once, with no
 * more understanding than texts and brackets need, and leaves out the value of the member
 * `tensors` of the outermost object; what is left goes to the real parser. The tensors are cut out
 * by the same walk, and go to the real parser one by one.
 */
#include "results/manifest_file.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define HEAD_MAX (16u << 20)
#define TENSOR_MAX (1u << 20)
#define BUFFER (1u << 18)
#define TENSORS "\"tensors\""

struct manifest_file {
    struct tensor_rows rows;
    int fd;
    json_t *head;
    uint64_t tensors_at; /* behind the list's bracket */
    json_t *tensor;      /* the one that was given last */
    int begun;
    /* The walk. */
    uint64_t offset; /* of the byte behind the buffer */
    size_t at, n;
    char buffer[BUFFER];
};

/* ---- bytes ---- */

static void seek(struct manifest_file *file, uint64_t offset)
{
    file->offset = offset;
    file->at = file->n = 0;
}

static uint64_t position(const struct manifest_file *file)
{
    return file->offset - (file->n - file->at);
}

/* 1: there is a byte; 0: the end. */
static int more(struct manifest_file *file, struct error *err)
{
    if (file->at < file->n)
        return 1;
    ssize_t n;
    do
        n = pread(file->fd, file->buffer, BUFFER, (off_t)file->offset);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_errno(err, errno, "cannot read the manifest");
    file->at = 0;
    file->n = (size_t)n;
    file->offset += (uint64_t)n;
    return n > 0;
}

/* ---- the walk ---- */

struct walk {
    unsigned depth; /* of brackets; 1: in the outermost object */
    int in_text, escaped;
};

/* What a byte does to depth and texts. */
static void step(struct walk *walk, char c)
{
    if (walk->escaped)
        walk->escaped = 0;
    else if (walk->in_text && c == '\\')
        walk->escaped = 1;
    else if (c == '"')
        walk->in_text = !walk->in_text;
    else if (!walk->in_text && (c == '{' || c == '['))
        walk->depth++;
    else if (!walk->in_text && (c == '}' || c == ']') && walk->depth)
        walk->depth--;
}

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Walks to the end of what is open at a depth over `depth`, which is not kept. */
static int skip(struct manifest_file *file, struct walk *walk, unsigned depth, struct error *err)
{
    while (walk->depth > depth) {
        int r = more(file, err);
        if (r <= 0)
            return r < 0 ? r : error_set(err, PARE_EDATA, "the manifest ends within its tensors");
        step(walk, file->buffer[file->at++]);
    }
    return 0;
}

/* 1 when what was kept ends with the key of the list: `"tensors" :`, with spaces anywhere. */
static int ends_with_key(const struct strbuf *kept)
{
    size_t n = kept->len;
    while (n && is_space(kept->data[n - 1]))
        n--;
    if (!n || kept->data[--n] != ':')
        return 0;
    while (n && is_space(kept->data[n - 1]))
        n--;
    size_t m = sizeof TENSORS - 1;
    if (n < m || memcmp(kept->data + n - m, TENSORS, m) != 0)
        return 0;
    for (n -= m; n && is_space(kept->data[n - 1]); n--)
        ;
    return n && (kept->data[n - 1] == ',' || kept->data[n - 1] == '{');
}

/* Collects the file without its list of tensors, for which there is a null. */
static int collect_head(struct manifest_file *file, struct strbuf *kept, struct error *err)
{
    struct walk walk = { 0 };
    int r;
    while ((r = more(file, err)) > 0) {
        const char c = file->buffer[file->at++];
        int opens = c == '[' && !walk.in_text && walk.depth == 1 && ends_with_key(kept);
        step(&walk, c);
        if (opens && file->tensors_at)
            return error_set(err, PARE_EDATA, "the manifest has two lists of tensors");
        if (opens) {
            file->tensors_at = position(file);
            r = skip(file, &walk, 1, err);
            strbuf_puts(kept, "null");
        } else {
            strbuf_add(kept, &c, 1);
        }
        if (r > 0 && kept->len > HEAD_MAX)
            r = error_set(err, PARE_ELIMIT, "the manifest has over %u bytes beside its tensors",
                          HEAD_MAX);
        if (r < 0)
            return r;
    }
    return r < 0 ? r : kept->failed ? error_oom(err) : 0;
}

static int read_head(struct manifest_file *file, struct error *err)
{
    _cleanup_strbuf_ struct strbuf kept = STRBUF_INIT;
    int r = collect_head(file, &kept, err);
    if (r == 0)
        r = json_parse_object(kept.data ? kept.data : "", kept.len, &file->head, err);
    if (r == 0 && !file->tensors_at)
        r = error_set(err, PARE_EDATA, "the manifest has no list of tensors");
    if (r == 0)
        (void)json_object_del(file->head, "tensors");
    return r;
}

/* ---- tensors ---- */

/* Walks over spaces, and a comma when one may come. 1: there is a tensor; 0: the list ends. */
static int find_tensor(struct manifest_file *file, struct error *err)
{
    int comma = 0, r;
    while ((r = more(file, err)) > 0) {
        const char c = file->buffer[file->at];
        if (c == '{' && comma == file->begun)
            return 1;
        if (c == ']' && !comma)
            return 0;
        if (!is_space(c) && (c != ',' || comma++ || !file->begun))
            break;
        file->at++;
    }
    return r < 0 ? r : error_set(err, PARE_EDATA, "the manifest's list of tensors is damaged");
}

static int collect_tensor(struct manifest_file *file, struct strbuf *text, struct error *err)
{
    struct walk walk = { 0 };
    do {
        int r = more(file, err);
        if (r == 0)
            r = error_set(err, PARE_EDATA, "the manifest ends within its tensors");
        if (r > 0 && text->len == TENSOR_MAX)
            r = error_set(err, PARE_ELIMIT, "a tensor of the manifest has over %u bytes",
                          TENSOR_MAX);
        if (r < 0)
            return r;
        step(&walk, file->buffer[file->at]);
        strbuf_add(text, &file->buffer[file->at++], 1);
    } while (walk.depth);
    return text->failed ? error_oom(err) : 0;
}

static int next(struct tensor_rows *rows, struct tensor_row *ret_row, struct error *err)
{
    struct manifest_file *file = (struct manifest_file *)rows; /* its first member */
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    int r = find_tensor(file, err);
    if (r <= 0)
        return r;
    file->begun = 1;
    r = collect_tensor(file, &text, err);
    json_decref(file->tensor);
    file->tensor = NULL;
    if (r == 0)
        r = json_parse_object(text.data, text.len, &file->tensor, err);
    if (r == 0)
        r = tensor_row_from_json(file->tensor, ret_row, err);
    return r < 0 ? r : 1;
}

struct tensor_rows *manifest_file_rows(struct manifest_file *file)
{
    file->begun = 0;
    seek(file, file->tensors_at);
    return &file->rows;
}

/* ---- opening ---- */

int manifest_file_open(int dirfd, const char *name, struct manifest_file **ret_file,
                       struct error *err)
{
    struct manifest_file *file = malloc(sizeof *file);
    if (!file)
        return error_oom(err);
    *file = (struct manifest_file){ .rows = { next }, .fd = -1 };
    int r = file_open_regular(dirfd, name, 0, &file->fd, err);
    if (r == 0)
        r = read_head(file, err);
    if (r < 0) {
        manifest_file_close(file);
        return r;
    }
    *ret_file = file;
    return 0;
}

void manifest_file_close(struct manifest_file *file)
{
    if (!file)
        return;
    json_decref(file->head);
    json_decref(file->tensor);
    cleanup_close(&file->fd);
    free(file);
}

json_t *manifest_file_head(const struct manifest_file *file)
{
    return file->head;
}

/* ---- writing ---- */

static int flush(int fd, struct strbuf *sb, size_t over, struct error *err)
{
    if (sb->failed)
        return error_oom(err);
    if (sb->len <= over)
        return 0;
    int r = file_write(fd, sb->data, sb->len, err);
    sb->len = 0;
    return r;
}

/* The head's text up to its last brace, and the beginning of the list. */
static int begin_text(const json_t *head, struct strbuf *sb, struct error *err)
{
    _cleanup_free_ char *text = json_to_pretty(head);
    size_t n = text ? strlen(text) : 0;
    if (n < 3 || json_object_size(head) == 0)
        return text ? error_set(err, PARE_EINTERNAL, "an empty manifest") : error_oom(err);
    strbuf_add(sb, text, n - 3); /* "\n}\n" */
    strbuf_puts(sb, ",\n  \"tensors\": [");
    return 0;
}

int manifest_file_write(int fd, const json_t *head, struct tensor_rows *rows, manifest_row_fn *seen,
                        void *context, struct error *err)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    struct tensor_row row;
    uint64_t n = 0;
    int r = begin_text(head, &sb, err);
    if (r < 0)
        return r;
    while ((r = rows->next(rows, &row, err)) > 0) {
        strbuf_puts(&sb, n++ ? ",\n    " : "\n    ");
        tensor_row_add_json(&sb, &row);
        if (seen)
            seen(context, &row);
        r = flush(fd, &sb, BUFFER, err);
        if (r < 0)
            return r;
    }
    strbuf_puts(&sb, n ? "\n  ]\n}\n" : "]\n}\n");
    return r < 0 ? r : flush(fd, &sb, 0, err);
}
