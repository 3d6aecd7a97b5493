/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What has arrived of a folder: see arrived.h. The two tables are all that is known of files that
 * belong together; a promise counts only when the first file is there.
 */
#include "model/arrived.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json_whole.h"
#include "base/memory.h"
#include "model/side_files.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define POINTER_MAX 1024 /* bytes of a file that stands for another */
#define PIECE (64u << 10)
#define MODULES_MAX (1u << 20)
#define JSON_MAX (512u << 20) /* larger ones are not looked at */

static const struct {
    const char *begins, *tool, *fetch;
} pointers[] = {
    { "version https://git-lfs.github.com/spec/", "Git LFS", "`git lfs pull'" },
    { "version https://hawser.github.com/spec/", "Git LFS", "`git lfs pull'" },
    { "# xet version", "Xet", "`git xet checkout'" },
    { "/annex/objects/", "git-annex", "`git annex get'" },
    { "../.git/annex/objects/", "git-annex", "`git annex get'" },
};

static const struct {
    const char *file, *promise;
    const char *unless; /* with this file, the promised one is not needed; or NULL */
} promises[] = {
    { "tokenizer.json", "tokenizer_config.json", NULL },
    { "tokenizer.model", "tokenizer_config.json", "params.json" },
    { "vocab.json", "merges.txt", "tokenizer.json" },
    { "merges.txt", "vocab.json", "tokenizer.json" },
    { "vocab.txt", "tokenizer_config.json", "tokenizer.json" },
    { "tokenizer_config.json", "config.json", NULL },
    { "generation_config.json", "config.json", NULL },
};

/* Files that are never empty. */
static const char *const needed[] = { "merges.txt", "vocab.txt", "tokenizer.model", "spiece.model",
                                      "sentencepiece.bpe.model" };

static int ends_with(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return n > m && !strcmp(name + n - m, ending);
}

int arrived_check_pointers(const struct model *model, struct error *err)
{
    for (uint32_t i = 0; i < model->n_files; i++) {
        const struct model_file *file = &model->files[i];
        char text[POINTER_MAX] = "";
        if (file->size >= POINTER_MAX || !file->size || file->text)
            continue;
        int r = file_pread(file->fd, text, (size_t)file->size, 0, err);
        if (r < 0)
            return error_prefix(err, "%s", file->name);
        for (size_t j = 0; j < sizeof pointers / sizeof *pointers; j++)
            if (!strncmp(text, pointers[j].begins, strlen(pointers[j].begins)))
                return error_set(err, PARE_EINCOMPLETE,
                                 "%s: a %s pointer, whose file was not fetched: %s does that",
                                 file->name, pointers[j].tool, pointers[j].fetch);
    }
    return 0;
}

static int lacks(const char *name, const char *what, struct error *err)
{
    return error_set(err, PARE_EINCOMPLETE, "%s: %s: cut short or still arriving", name, what);
}

static int check_json(const struct model_file *file, struct error *err)
{
    struct json_whole whole = { 0 };
    _cleanup_free_ char *piece = malloc(PIECE);
    if (!piece)
        return error_oom(err);
    for (uint64_t at = 0; at < file->size;) {
        size_t n = file->size - at < PIECE ? (size_t)(file->size - at) : PIECE;
        int r = file_pread(file->fd, piece, n, at, err);
        if (r < 0)
            return error_prefix(err, "%s", file->name);
        json_whole_feed(&whole, piece, n);
        at += n;
    }
    const char *what = json_whole_lacks(&whole);
    return what ? lacks(file->name, what, err) : 0;
}

int arrived_check_side_files(const struct model *model, struct error *err)
{
    int r = arrived_check_pointers(model, err);
    for (uint32_t i = 0; r == 0 && i < model->n_files; i++) {
        const struct model_file *file = &model->files[i];
        if (ends_with(file->name, ".json") && file->size <= JSON_MAX && !file->text)
            r = check_json(file, err);
        for (size_t j = 0; r == 0 && !file->size && j < sizeof needed / sizeof *needed; j++)
            if (!strcmp(file->name, needed[j]))
                r = lacks(file->name, "it is empty", err);
    }
    return r;
}

__attribute__((format(printf, 3, 4))) static int promise(const struct model_file *by,
                                                         struct arrived_promise *ret_promise,
                                                         const char *format, ...)
{
    struct stat st;
    struct timespec now;
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(ret_promise->text, sizeof ret_promise->text, format, ap);
    va_end(ap);
    ret_promise->age = 0;
    if (!by->text && fstat(by->fd, &st) == 0 && clock_gettime(CLOCK_REALTIME, &now) == 0)
        ret_promise->age = (double)(now.tv_sec - st.st_ctim.tv_sec) +
                           1e-9 * (double)(now.tv_nsec - st.st_ctim.tv_nsec);
    if (ret_promise->age < 0) /* the clock was set back */
        ret_promise->age = 0;
    return 1;
}

/* modules.json of sentence encoders names a folder for each module. */
static int find_module(const struct model *model, struct arrived_promise *ret_promise,
                       struct error *err)
{
    _cleanup_free_ char *bytes = NULL;
    size_t n = 0, i;
    json_t *module;
    int r = side_file_text(model, "modules.json", MODULES_MAX, &bytes, &n, err);
    if (r == 1 || r == PARE_ELIMIT)
        return 0;
    if (r < 0)
        return r;
    _cleanup_json_ json_t *list = memory_parse_json(bytes, n, 0, NULL);
    json_array_foreach(list, i, module) {
        const char *path = json_get_string(module, "path", "");
        char name[256];
        (void)snprintf(name, sizeof name, "%s/config.json", path);
        if (*path && !ends_with(json_get_string(module, "type", ""), ".Normalize") &&
            !side_file_find(model, name))
            return promise(side_file_find(model, "modules.json"), ret_promise,
                           "modules.json promises %s, which is not there", name);
    }
    return 0;
}

int arrived_find_promise(const struct model *model, struct arrived_promise *ret_promise,
                         struct error *err)
{
    for (size_t i = 0; i < sizeof promises / sizeof *promises; i++) {
        const struct model_file *by = side_file_find(model, promises[i].file);
        if (by && !side_file_find(model, promises[i].promise) &&
            !(promises[i].unless && side_file_find(model, promises[i].unless)))
            return promise(by, ret_promise, "%s is there and %s is not", promises[i].file,
                           promises[i].promise);
    }
    return find_module(model, ret_promise, err);
}
