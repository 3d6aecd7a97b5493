/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The choice among the GGUF files of a folder. People keep a model and its projector (mmproj)
 * together, publishers several quantizations of one model with an imatrix. The files are put into
 * groups first, each a whole model or a split, all of them complete. Then the model is the most
 * precise of them: the one with the most bits per weight. What it takes to run beside it, its
 * projectors, are side files; the others are left out. The user is told all that. Models that
 * differ in more than their encodings are refused: nobody knows which is meant.
 */
#include "gguf/folder.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN_NAMES 8 /* in a message */

struct group {
    uint32_t first, n; /* its shards */
    enum gguf_kind kind;
    uint64_t identity, tensors, n_tensors;
    uint64_t elements, bytes, halves;
};

/* What is known of the folder. */
struct folder {
    const struct pare_host *host;
    struct pare_job *job;
    struct gguf_shard *shards;
    uint32_t n_shards;
    struct group *groups;
    uint32_t n_groups;
    const struct group *model; /* of the groups */
};

/* 1: a GGUF file, by name or first bytes; 0: something beside it. The only file of a job is always
 * the model. */
static int is_candidate(struct cursor *cursor, uint32_t file)
{
    static const char suffix[] = ".gguf";
    struct pare_file info = { .struct_size = sizeof(info) };
    char head[4];
    int r = cursor->host->file_info(cursor->job, file, &info);
    if (r < 0)
        return r;
    size_t n = strlen(info.name);
    if (n >= 5 && memcmp(info.name + n - 5, suffix, 5) == 0)
        return 1;
    if (cursor->host->file_count(cursor->job) == 1)
        return 1;
    if (info.size < sizeof(head))
        return 0;
    r = cursor->host->read(cursor->job, file, 0, head, sizeof(head));
    return r < 0 ? r : memcmp(head, "GGUF", sizeof(head)) == 0;
}

static int scan_files(struct folder *folder, struct cursor *cursor, char *key_buffer)
{
    uint32_t n_files = folder->host->file_count(folder->job);
    int r = 0;
    folder->shards = folder->host->alloc(folder->job, n_files > 0 ? n_files : 1,
                                         sizeof(folder->shards[0]));
    folder->groups = folder->host->alloc(folder->job, n_files > 0 ? n_files : 1,
                                         sizeof(folder->groups[0]));
    if (!folder->shards || !folder->groups)
        return PARE_ENOMEM;
    for (uint32_t i = 0; i < n_files && r >= 0; i++) {
        r = is_candidate(cursor, i);
        if (r > 0)
            r = gguf_shard_scan(cursor, i, key_buffer, &folder->shards[folder->n_shards++]);
    }
    if (r >= 0 && folder->n_shards == 0)
        return folder->host->fail(folder->job, PARE_EDATA, "there is no GGUF file");
    return r < 0 ? r : 0;
}

/* ---- groups ---- */

/* Bytes of a shard's name before -00001-of-00003.gguf; 0 for another name. */
static size_t prefix_length(const char *name)
{
    static const char form[] = "-00000-of-00000.gguf";
    size_t n = strlen(name), m = sizeof(form) - 1;
    if (n <= m)
        return 0;
    for (size_t i = 0; i < m; i++) {
        char c = name[n - m + i];
        if (form[i] == '0' ? c < '0' || c > '9' : c != form[i])
            return 0;
    }
    return n - m;
}

/* Whole models first, by name; then shards by what their names have in common. */
static int by_group(const void *a, const void *b)
{
    const struct gguf_shard *x = a, *y = b;
    int x_split = gguf_shard_count(x) > 1, y_split = gguf_shard_count(y) > 1;
    size_t nx = x_split ? prefix_length(x->name) : strlen(x->name);
    size_t ny = y_split ? prefix_length(y->name) : strlen(y->name);
    if (x_split != y_split)
        return x_split - y_split;
    int order = memcmp(x->name, y->name, nx < ny ? nx : ny);
    return order ? order : (nx > ny) - (nx < ny);
}

/* 1 when all shards can be of one split, whatever their names are. */
static int is_one_split(const struct folder *folder)
{
    uint64_t count = 0, n = 0;
    for (uint32_t i = 0; i < folder->n_shards; i++) {
        uint64_t other = gguf_shard_count(&folder->shards[i]);
        if (other == 1)
            continue;
        if (count && other != count)
            return 0;
        count = other;
        n++;
    }
    return n <= count;
}

static void add_shard(struct group *group, const struct gguf_shard *shard)
{
    group->n++;
    group->n_tensors += shard->n_tensors;
    group->tensors += shard->tensors;
    group->elements += shard->elements;
    group->bytes += shard->bytes;
    group->halves += shard->halves;
}

static void make_groups(struct folder *folder)
{
    int one_split = is_one_split(folder);
    qsort(folder->shards, folder->n_shards, sizeof(folder->shards[0]), by_group);
    for (uint32_t i = 0; i < folder->n_shards; i++) {
        const struct gguf_shard *shard = &folder->shards[i];
        const struct gguf_shard *last = i > 0 ? shard - 1 : NULL;
        int split = gguf_shard_count(shard) > 1;
        if (!split || !last || gguf_shard_count(last) == 1 ||
            (!one_split && by_group(last, shard) != 0))
            folder->groups[folder->n_groups++].first = i;
        add_shard(&folder->groups[folder->n_groups - 1], shard);
    }
}

/* The host looks whether the model's data is all there; what else is in the folder may have come
 * with it and be still arriving. */
static int check_ends(const struct folder *folder)
{
    char name[CURSOR_QUOTED];
    for (uint32_t i = 0; folder->n_groups > 1 && i < folder->n_shards; i++) {
        const struct gguf_shard *shard = &folder->shards[i];
        if (shard->end > shard->size)
            return folder->host->fail(folder->job, PARE_EINCOMPLETE,
                                      "%s: its data ends at byte %llu, but the file has only %llu "
                                      "bytes",
                                      cursor_quote(shard->name, strlen(shard->name), name),
                                      (unsigned long long)shard->end,
                                      (unsigned long long)shard->size);
    }
    return 0;
}

/* A split that is not complete keeps the whole folder waiting: it may be the model. */
static int check_groups(const struct cursor *cursor, const struct folder *folder)
{
    int r = check_ends(folder);
    for (uint32_t i = 0; i < folder->n_groups && r == 0; i++) {
        struct group *group = &folder->groups[i];
        r = gguf_shards_order(cursor, folder->shards + group->first, group->n);
        group->kind = folder->shards[group->first].facts.kind;
        group->identity = folder->shards[group->first].facts.identity;
        if (group->kind == GGUF_MODEL && group->n_tensors == 0 && folder->n_groups > 1)
            group->kind = GGUF_VOCABULARY;
    }
    return r;
}

/* ---- the choice ---- */

static const char *group_name(const struct folder *folder, const struct group *group)
{
    return folder->shards[group->first].name;
}

/* Whether a is worth more as a source than b: more bits for each weight; of as many, more weights
 * that are f16, which has three bits more of each than bf16. */
static int is_better(const struct group *a, const struct group *b)
{
    long double x = (long double)a->bytes * b->elements, y = (long double)b->bytes * a->elements;
    if (x != y)
        return x > y;
    return a->halves > b->halves;
}

static int is_same_model(const struct group *a, const struct group *b)
{
    return a->identity == b->identity && a->n_tensors == b->n_tensors && a->tensors == b->tensors;
}

/* Adds "`NAME`, `NAME` and 3 more" of the files of groups of a kind (-1: of every kind) but the
 * model. */
static uint32_t list_names(const struct folder *folder, int kind, char *ret_text, size_t size)
{
    char name[CURSOR_QUOTED];
    size_t n = 0;
    uint32_t found = 0;
    ret_text[0] = '\0';
    for (uint32_t i = 0; i < folder->n_groups; i++) {
        const struct group *group = &folder->groups[i];
        if (group == folder->model || (kind >= 0 && (int)group->kind != kind))
            continue;
        const char *own = group_name(folder, group);
        if (++found > SHOWN_NAMES || n >= size)
            continue;
        n += (size_t)snprintf(ret_text + n, size - n, "%s`%.60s`", found > 1 ? ", " : "",
                              cursor_quote(own, strlen(own), name));
    }
    if (found > SHOWN_NAMES && n < size)
        (void)snprintf(ret_text + n, size - n, " and %u more", found - SHOWN_NAMES);
    return found;
}

static int ends_with(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return n > m && memcmp(name + n - m, ending, m) == 0;
}

/* Weights that another plugin may read, which the host tells of. */
static int is_checkpoint(const char *name)
{
    return ends_with(name, ".safetensors");
}

/* By its name, weights that nobody reads here. */
static int is_foreign(const char *name)
{
    static const char *const endings[] = { ".bin", ".pt",  ".pth",     ".ckpt",  ".onnx",
                                           ".h5",  ".npz", ".msgpack", ".tflite" };
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
        if (ends_with(name, endings[i]))
            return 1;
    return 0;
}

static int is_gguf(const struct folder *folder, uint32_t file)
{
    for (uint32_t i = 0; i < folder->n_shards; i++)
        if (folder->shards[i].file == file)
            return 1;
    return 0;
}

/* The name of a file that is no GGUF, "" for one that is; NULL: failed. */
static const char *other_name(const struct folder *folder, uint32_t file)
{
    struct pare_file info = { .struct_size = sizeof(info) };
    if (is_gguf(folder, file))
        return "";
    return folder->host->file_info(folder->job, file, &info) < 0 ? NULL : info.name;
}

/* 1 when there are weights in another format. */
static int has_other_weights(const struct folder *folder)
{
    uint32_t n_files = folder->host->file_count(folder->job);
    for (uint32_t i = 0; i < n_files; i++) {
        const char *name = other_name(folder, i);
        if (name && (is_checkpoint(name) || is_foreign(name)))
            return 1;
    }
    return 0;
}

/* Leaves out what nobody reads, so that it is not carried to outputs. */
static int leave_out_foreign(const struct folder *folder)
{
    const char *first = NULL, *model = group_name(folder, folder->model);
    char own[CURSOR_QUOTED], other[CURSOR_QUOTED];
    uint32_t n_files = folder->host->file_count(folder->job), n = 0;
    int r = 0;
    for (uint32_t i = 0; i < n_files && r >= 0; i++) {
        const char *name = other_name(folder, i);
        if (!name || !is_foreign(name))
            continue;
        if (n++ == 0)
            first = name;
        r = folder->host->file_role(folder->job, i, PARE_FILE_IGNORED);
    }
    if (r == 0 && first)
        folder->host->log(folder->job, PARE_LOG_WARNING,
                          "`%.60s` is taken as the model; %u files of weights in other formats are "
                          "left out: `%.60s`",
                          cursor_quote(model, strlen(model), own), n,
                          cursor_quote(first, strlen(first), other));
    return r < 0 ? r : 0;
}

/* A projector or adapter beside a checkpoint is not what is to be converted. */
static int check_kind(const struct folder *folder)
{
    static const char *const what[] = { [GGUF_PROJECTOR] = "a projector",
                                        [GGUF_ADAPTER] = "an adapter",
                                        [GGUF_CONTROL_VECTOR] = "a control vector",
                                        [GGUF_IMATRIX] = "importance data",
                                        [GGUF_VOCABULARY] = "a vocabulary" };
    const char *own = group_name(folder, folder->model);
    char name[CURSOR_QUOTED];
    if (folder->model->kind == GGUF_MODEL || !has_other_weights(folder))
        return 0;
    return folder->host->fail(folder->job, PARE_ENOTSUP,
                              "`%s` is %s of a model that is in other files of the folder",
                              cursor_quote(own, strlen(own), name), what[folder->model->kind]);
}

static int refuse_models(struct folder *folder)
{
    char names[640];
    folder->model = NULL;
    (void)list_names(folder, -1, names, sizeof(names));
    return folder->host->fail(folder->job, PARE_EDATA,
                              "the folder has %u GGUF files that are models of their own, not "
                              "shards of one: convert them one at a time: %s",
                              folder->n_groups, names);
}

/* Where there is no language model, a projector can be the model; so can a file that is alone. */
static enum gguf_kind wanted_kind(const struct folder *folder)
{
    for (uint32_t i = 0; i < folder->n_groups; i++)
        if (folder->groups[i].kind == GGUF_MODEL)
            return GGUF_MODEL;
    return folder->n_groups == 1 ? folder->groups[0].kind : GGUF_PROJECTOR;
}

static int choose(struct folder *folder)
{
    const struct group *best = NULL;
    enum gguf_kind wanted = wanted_kind(folder);
    for (uint32_t i = 0; i < folder->n_groups; i++) {
        const struct group *group = &folder->groups[i];
        if (group->kind == wanted && (!best || is_better(group, best)))
            best = group;
    }
    for (uint32_t i = 0; best && i < folder->n_groups; i++)
        if (folder->groups[i].kind == wanted && !is_same_model(&folder->groups[i], best))
            best = NULL;
    folder->model = best;
    return best ? 0 : refuse_models(folder);
}

/* ---- what is told ---- */

/* The role of a group's files. */
static enum pare_file_role role_of(const struct folder *folder, const struct group *group)
{
    if (group == folder->model)
        return PARE_FILE_WEIGHTS;
    return group->kind == GGUF_PROJECTOR && folder->model->kind == GGUF_MODEL ? PARE_FILE_SIDE
                                                                              : PARE_FILE_IGNORED;
}

static int set_roles(const struct folder *folder)
{
    int r = 0;
    for (uint32_t i = 0; i < folder->n_groups; i++)
        for (uint32_t j = 0; j < folder->groups[i].n && r == 0; j++)
            r = folder->host->file_role(folder->job,
                                        folder->shards[folder->groups[i].first + j].file,
                                        role_of(folder, &folder->groups[i]));
    return r;
}

static void tell(const struct folder *folder)
{
    static const struct {
        enum gguf_kind kind;
        const char *what;
    } LEFT_OUT[] = {
        { GGUF_MODEL, "the same model" },
        { GGUF_ADAPTER, "an adapter" },
        { GGUF_IMATRIX, "importance data" },
        { GGUF_VOCABULARY, "a vocabulary" },
        { GGUF_CONTROL_VECTOR, "a control vector" },
        { GGUF_PROJECTOR, "the same model" },
    };
    const struct pare_host *host = folder->host;
    const char *name = group_name(folder, folder->model);
    char names[640], own[CURSOR_QUOTED];
    cursor_quote(name, strlen(name), own);
    if (folder->model->kind == GGUF_MODEL &&
        list_names(folder, GGUF_PROJECTOR, names, sizeof(names)))
        host->log(folder->job, PARE_LOG_WARNING,
                  "`%.60s` is taken as the model; its projector is carried along as it is: %s", own,
                  names);
    for (size_t i = 0; i < sizeof(LEFT_OUT) / sizeof(LEFT_OUT[0]); i++) {
        int carried = LEFT_OUT[i].kind == GGUF_PROJECTOR && folder->model->kind == GGUF_MODEL;
        uint32_t n = carried ? 0 : list_names(folder, (int)LEFT_OUT[i].kind, names, sizeof(names));
        if (n > 0)
            host->log(folder->job, PARE_LOG_WARNING,
                      "`%.60s` is taken as the model%s; left out (%s): %s", own,
                      LEFT_OUT[i].kind == folder->model->kind
                          ? ", since no other file of it is more precise"
                          : "",
                      LEFT_OUT[i].what, names);
    }
}

static int choose_model(struct folder *folder, struct cursor *cursor, char *key_buffer)
{
    int r = scan_files(folder, cursor, key_buffer);
    if (r < 0)
        return r;
    make_groups(folder);
    r = check_groups(cursor, folder);
    if (r == 0)
        r = choose(folder);
    if (r == 0)
        r = check_kind(folder);
    if (r == 0)
        r = set_roles(folder);
    if (r == 0)
        tell(folder);
    return r == 0 ? leave_out_foreign(folder) : r;
}

int gguf_folder_scan(struct cursor *cursor, char *key_buffer, struct gguf_shard **ret_shards,
                     uint32_t *ret_n_shards)
{
    struct folder folder = { .host = cursor->host, .job = cursor->job };
    int r = choose_model(&folder, cursor, key_buffer);
    if (r == 0) {
        *ret_n_shards = folder.model->n;
        memmove(folder.shards, folder.shards + folder.model->first,
                folder.model->n * sizeof(folder.shards[0]));
        *ret_shards = folder.shards;
        folder.shards = NULL;
    }
    if (folder.shards)
        cursor->host->release(cursor->job, folder.shards);
    if (folder.groups)
        cursor->host->release(cursor->job, folder.groups);
    return r;
}
