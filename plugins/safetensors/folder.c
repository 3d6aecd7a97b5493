/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Chooses among the safetensors files right in the folder, by name alone. A folder that can be
 * understood in two ways is refused with advice instead of guessing. Then every file gets its role:
 * the same weights in other formats, hidden files and leftovers are ignored, all else is a side
 * file.
 */
#include "safetensors/folder.h"

#include "safetensors/series.h"
#include "safetensors/text.h"

#include <string.h>

/* What the names of the files say. */
struct survey {
    const struct st_context *context;
    struct st_folder *folder;
    struct st_candidate *candidates; /* files *.safetensors right in the folder */
    uint32_t n_candidates;
    uint32_t n_indexes;
    struct pare_str index_name;
    struct pare_str below; /* a safetensors file in a subfolder, or empty */
};

static int file_name(const struct st_context *context, uint32_t file, struct pare_str *ret_name)
{
    struct pare_file info = { .struct_size = sizeof info };
    const int r = context->host->file_info(context->job, file, &info);
    if (r == 0)
        *ret_name = st_str(info.name);
    return r < 0 ? r : 0;
}

static int in_subfolder(struct pare_str name)
{
    return memchr(name.data, '/', name.len) != NULL;
}

static void note_index(struct survey *survey, uint32_t file, struct pare_str name)
{
    const int usual = st_is(name, "model" ST_INDEX_SUFFIX);
    if (survey->n_indexes > 0 && st_is(survey->index_name, "model" ST_INDEX_SUFFIX))
        return; /* the usual name wins over variants beside it */
    survey->n_indexes = usual ? 1 : survey->n_indexes + 1;
    survey->index_name = name;
    survey->folder->index_file = file;
}

static int look_at_files(struct survey *survey)
{
    for (uint32_t i = 0; i < survey->folder->n_files; i++) {
        struct pare_str name;
        const int r = file_name(survey->context, i, &name);
        if (r < 0)
            return r;
        if (st_ends(name, ST_INDEX_SUFFIX) && !in_subfolder(name))
            note_index(survey, i, name);
        else if (st_ends(name, ST_SUFFIX) && in_subfolder(name))
            survey->below = name;
        else if (st_ends(name, ST_SUFFIX) && name.data[0] != '.')
            survey->candidates[survey->n_candidates++] = st_candidate_of(i, name);
    }
    if (survey->n_indexes > 1)
        return ST_FAIL(survey->context, PARE_EDATA,
                       "the folder has %u indexes, such as `%s`: keep "
                       "one",
                       survey->n_indexes, st_show(survey->index_name).text);
    return 0;
}

static int no_candidates(const struct survey *survey)
{
    const struct pare_str below = survey->below;
    if (below.len == 0)
        return ST_FAIL(survey->context, PARE_EDATA, "the folder has no safetensors file");
    size_t n = below.len;
    while (below.data[n - 1] != '/')
        n--;
    return ST_FAIL(survey->context, PARE_EDATA,
                   "the folder itself has no safetensors file: hand "
                   "over its subfolder `%s`",
                   st_show((struct pare_str){ below.data, n }).text);
}

/* Finds the files of the shards that the index names, and refuses the folder when other files could
 * be meant, too. */
static int use_index(struct survey *survey, struct st_names *names)
{
    const struct st_index *index = &survey->folder->index;
    const struct st_context *context = survey->context;
    uint32_t n_here = 0, missing = ST_NONE;
    for (uint32_t i = 0; i < survey->n_candidates; i++)
        st_names_add(names, survey->candidates[i].name, survey->candidates[i].file);
    for (uint32_t i = 0; i < index->n_shards; i++) {
        struct st_name *found = st_names_find(names, index->shards[i]);
        if (!found && missing == ST_NONE)
            missing = i;
        if (!found)
            continue;
        survey->folder->shards[n_here++] = found->value;
        found->value = ST_NONE;
    }
    struct st_name *whole = st_names_find(names, st_str("model" ST_SUFFIX));
    if (whole && whole->value != ST_NONE)
        return ST_FAIL(context, PARE_EDATA,
                       "the folder has both `model" ST_SUFFIX "` and `%s`, "
                       "which does not name it: remove one of them",
                       st_show(index->name).text);
    if (missing != ST_NONE)
        return ST_FAIL(context, PARE_EINCOMPLETE,
                       "waiting for shard `%s`, which `%s` names: "
                       "%u of %u are here%s",
                       st_show(index->shards[missing]).text, st_show(index->name).text, n_here,
                       index->n_shards,
                       survey->folder->n_files == 1 ? " (hand over the folder)" : "");
    survey->folder->n_shards = n_here;
    return 0;
}

static int choose_by_index(struct survey *survey)
{
    struct st_folder *folder = survey->folder;
    const struct st_context *context = survey->context;
    struct st_names names = { .slots = NULL };
    int r = st_index_open(context, folder->index_file, &folder->index);
    if (r < 0)
        return r;
    folder->shards = context->host->alloc(context->job, folder->index.n_shards,
                                          sizeof folder->shards[0]);
    if (!folder->shards)
        return PARE_ENOMEM;
    r = st_names_init(context, &names, survey->n_candidates);
    if (r == 0)
        r = use_index(survey, &names);
    st_names_deinit(context, &names);
    return r;
}

/* Without an index: one file, model.safetensors, or a complete series. */
static int choose_by_name(struct survey *survey)
{
    struct st_folder *folder = survey->folder;
    const struct st_context *context = survey->context;
    if (folder->n_files == 1 && survey->n_candidates == 0) { /* a file of any name */
        survey->candidates[0].file = 0;
        survey->n_candidates = 1;
    }
    if (survey->n_candidates == 0)
        return no_candidates(survey);
    folder->shards = context->host->alloc(context->job, survey->n_candidates,
                                          sizeof folder->shards[0]);
    if (!folder->shards)
        return PARE_ENOMEM;
    return st_series_choose(context, survey->candidates, survey->n_candidates, folder->shards,
                            &folder->n_shards);
}

int st_folder_open(const struct st_context *context, struct st_folder *ret_folder)
{
    struct st_folder folder = { .n_files = context->host->file_count(context->job),
                                .index_file = ST_NONE };
    struct survey survey = { .context = context, .folder = &folder };
    survey.candidates = context->host->alloc(context->job, (uint64_t)folder.n_files + 1,
                                             sizeof survey.candidates[0]);
    if (!survey.candidates)
        return PARE_ENOMEM;
    int r = look_at_files(&survey);
    if (r == 0)
        r = folder.index_file != ST_NONE ? choose_by_index(&survey) : choose_by_name(&survey);
    context->host->release(context->job, survey.candidates);
    if (r == 0)
        *ret_folder = folder;
    else
        st_folder_close(context, &folder);
    return r;
}

void st_folder_close(const struct st_context *context, struct st_folder *folder)
{
    st_index_close(context, &folder->index);
    if (folder->shards)
        context->host->release(context->job, folder->shards);
    folder->shards = NULL;
}

/* A projector for images or sound: what runs GGUF files wants it beside a model, and knows it by
 * its name. */
static int is_projector(struct pare_str name)
{
    return st_ends(name, ".gguf") && memmem(name.data, name.len, "mmproj", 6);
}

/* The name is that of weights in some format, hidden, or a leftover. */
static int ignored(struct pare_str name)
{
    /* clang-format off */
    static const char *const suffixes[] = {
        ST_SUFFIX, ST_INDEX_SUFFIX, ".bin", ".bin.index.json", ".pt", ".pth", ".ckpt", ".pkl",
        ".pickle", ".gguf", ".ggml", ".onnx", ".onnx_data", ".onnx.data", ".h5", ".hdf5", ".keras",
        ".msgpack", ".msgpack.index.json", ".h5.index.json", ".npz", ".ot", ".tflite",
        ".incomplete",
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
        if (st_ends(name, suffixes[i]))
            return !is_projector(name);
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] == '.' && (i == 0 || name.data[i - 1] == '/'))
            return 1;
    return st_starts(name, "original/");
}

/* Whether an ignored file right in the folder may be the model in another format. A GGUF is told of
 * where it is read; trainers leave their own state. */
static int is_other_model(struct pare_str name)
{
    static const char *const no_models[] = { ".gguf", ".json", ".incomplete", ".pkl", ".pickle" };
    static const char *const state[] = { "optimizer", "scheduler", "rng_state",
                                         "scaler",    "training_", "." };
    for (size_t i = 0; i < sizeof no_models / sizeof no_models[0]; i++)
        if (st_ends(name, no_models[i]))
            return 0;
    for (size_t i = 0; i < sizeof state / sizeof state[0]; i++)
        if (st_starts(name, state[i]))
            return 0;
    return !in_subfolder(name);
}

struct tally {
    uint64_t n_ignored, n_strays, n_others;
    struct pare_str ignored, stray, other;
};

static int set_role(const struct st_context *context, uint32_t file, struct tally *tally)
{
    struct pare_str name;
    int r = file_name(context, file, &name);
    if (r < 0 || !ignored(name))
        return r;
    const int stray = st_ends(name, ST_SUFFIX) && !in_subfolder(name) &&
                      !st_starts(name, "consolidated");
    if (stray && tally->n_strays++ == 0)
        tally->stray = name;
    const int other = !stray && is_other_model(name);
    if (other && tally->n_others++ == 0)
        tally->other = name;
    if (!stray && !other && tally->n_ignored++ == 0)
        tally->ignored = name;
    r = context->host->file_role(context->job, file, PARE_FILE_IGNORED);
    return r < 0 ? r : 0;
}

static int mark_model(const struct st_context *context, const struct st_folder *folder)
{
    int r = 0;
    for (uint32_t i = 0; r >= 0 && i < folder->n_shards; i++)
        r = context->host->file_role(context->job, folder->shards[i], PARE_FILE_WEIGHTS);
    if (r >= 0 && folder->index_file != ST_NONE)
        r = context->host->file_role(context->job, folder->index_file, PARE_FILE_INDEX);
    return r < 0 ? r : 0;
}

int st_folder_set_roles(const struct st_context *context, const struct st_folder *folder)
{
    struct tally tally = { .n_ignored = 0 };
    int *chosen = context->host->alloc(context->job, folder->n_files, sizeof *chosen);
    if (!chosen)
        return PARE_ENOMEM;
    for (uint32_t i = 0; i < folder->n_shards; i++)
        chosen[folder->shards[i]] = 1;
    int r = mark_model(context, folder);
    for (uint32_t i = 0; r == 0 && i < folder->n_files; i++)
        if (!chosen[i] && i != folder->index_file)
            r = set_role(context, i, &tally);
    context->host->release(context->job, chosen);
    if (tally.n_strays > 0)
        ST_LOG(context, PARE_LOG_WARNING,
               "%llu safetensors files of the folder are not "
               "part of the model and were ignored: `%s`",
               (unsigned long long)tally.n_strays, st_show(tally.stray).text);
    if (tally.n_others > 0)
        ST_LOG(context, PARE_LOG_WARNING,
               "the safetensors weights are taken; %llu files of weights in other formats are left "
               "out: `%s`",
               (unsigned long long)tally.n_others, st_show(tally.other).text);
    if (tally.n_ignored > 0)
        ST_LOG(context, PARE_LOG_INFO,
               "%llu files that a converted model does not need "
               "were ignored: `%s`",
               (unsigned long long)tally.n_ignored, st_show(tally.ignored).text);
    return r;
}
