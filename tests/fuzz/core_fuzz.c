/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Fuzz targets for what the core reads itself. The property of all: whatever the bytes, it ends
 * without a crash, a leak or an endless loop, and says why it refuses.
 *
 *   folder    a checkpoint (archive.h) is planned as `pare convert --dry-run` plans it: index,
 *             config.json with its map, tokenizers, model card, packed weights
 *   rules     the text of a sidecar, on a small checkpoint
 *   ticket    job.json of a claim
 *   answer    lines of a worker: the first byte chooses the request
 *   card      the front matter of a model card
 *
 * Built with PARE_FUZZ (meson -Dfuzz=true, clang) the environment chooses: FUZZ_TARGET, and of a
 * folder FUZZ_FILES, a part of the names of the files that are changed. Otherwise it replays files
 * or folders of them:  core_fuzz TARGET PLUGINS ETC PATH...
 */
#include "answer/check.h"
#include "archive.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "intake/ticket.h"
#include "mutate.h"
#include "plugin/cpu.h"
#include "plugin/registry.h"
#include "provenance/front_matter.h"
#include "source/sidecar.h"
#include "worker/convert.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

static struct registry *registry;
static char *recipes, *architectures;

static void fail(const char *what, const struct error *err)
{
    fprintf(stderr, "%s: %s\n", what, err ? err->text : "");
    abort();
}

static void forget(void *context, json_t *line)
{
    (void)context;
    json_decref(line);
}

static void plan(struct model *model, const json_t *overrides)
{
    struct error err = ERROR_INIT;
    _cleanup_json_ json_t *request =
        json_pack("{s:s, s:[{s:s, s:s, s:s, s:{}}, {s:s, s:s, s:s, s:{}}], s:O*}", "kind", "plan",
                  "targets", "format", "gguf", "recipe", "q4_k_m", "stem", "m", "options", "format",
                  "safetensors", "recipe", "bf16", "stem", "m", "options", "overrides", overrides);
    struct job_context job = { .registry = registry,
                               .recipes = recipes,
                               .architectures = architectures,
                               .request = request,
                               .threads = 1,
                               .warnings = json_array(),
                               .emit = forget };
    if (job_plan(&job, model, &err) < 0 && !*err.text)
        fail("refused without a reason", NULL);
    json_decref(job.warnings);
}

static void with_folder(const struct archive_file *files, size_t n, const json_t *overrides)
{
    struct error err = ERROR_INIT;
    struct model *model = NULL;
    int fds[ARCHIVE_FILES], r = model_new(&model, &err);
    size_t opened = 0;
    for (size_t i = 0; i < n && r == 0; i++, opened++) {
        fds[i] = memfd_create("file", MFD_CLOEXEC);
        if (fds[i] < 0 || write(fds[i], files[i].data, files[i].size) != (ssize_t)files[i].size ||
            ftruncate(fds[i], (off_t)(files[i].size + files[i].zeros)) < 0)
            fail("memfd", NULL);
        if (model_add_file(model, files[i].name, fds[i], files[i].size + files[i].zeros, &err) < 0)
            r = -1;
    }
    if (r == 0)
        plan(model, overrides);
    model_free(model);
    while (opened)
        (void)close(fds[--opened]);
}

static void fuzz_folder(const uint8_t *data, size_t size)
{
    struct archive_file files[ARCHIVE_FILES];
    size_t n = archive_parse(data, size, files);
    if (n)
        with_folder(files, n, NULL);
}

static void fuzz_rules(const uint8_t *data, size_t size)
{
    static const char header[] =
        "{\"blk.0.ffn_down.weight\":"
        "{\"dtype\":\"F16\",\"shape\":[4,256],\"data_offsets\":[0,2048]},"
        "\"output_norm.weight\":"
        "{\"dtype\":\"F32\",\"shape\":[256],\"data_offsets\":[2048,3072]}}";
    uint8_t bytes[8 + sizeof header - 1] = { sizeof header - 1 };
    struct archive_file file = { "m.safetensors", bytes, sizeof bytes, 3072 };
    struct error err = ERROR_INIT;
    _cleanup_json_ json_t *overrides = json_array();
    memcpy(bytes + 8, header, sizeof header - 1);
    if (sidecar_add_rules(overrides, "m.pare", (const char *)data, size, &err) == 0)
        with_folder(&file, 1, overrides);
}

static void fuzz_ticket(const uint8_t *data, size_t size)
{
    struct error err = ERROR_INIT;
    struct ticket ticket, again;
    _cleanup_json_ json_t *json = NULL;
    if (json_parse_object((const char *)data, size, &json, &err) < 0 ||
        ticket_from_json(json, &ticket, &err) < 0)
        return;
    _cleanup_json_ json_t *written = ticket_json(&ticket);
    if (written) {
        if (ticket_from_json(written, &again, &err) < 0)
            fail("cannot read a ticket that was written", &err);
        ticket_deinit(&again);
    }
    ticket_deinit(&ticket);
}

static void fuzz_answer(const uint8_t *data, size_t size)
{
    static const char *const kinds[] = { "convert", "verify",  "probe", "plan",    "inspect",
                                         "compare", "plugins", "bench", "recipes", "check" };
    struct error err = ERROR_INIT;
    struct answer_check check;
    if (!size)
        return;
    _cleanup_json_ json_t *request = json_pack("{s:s, s:[{}, {}]}", "kind", kinds[*data % 10],
                                               "targets");
    if (answer_check_init(&check, request, &err) < 0)
        fail("answer_check_init", &err);
    const char *at = (const char *)data + 1, *end = (const char *)data + size;
    for (int r = 0; r >= 0 && at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((stop ? stop : end) - at);
        const struct answer_event *event = NULL;
        json_t *line = NULL;
        r = answer_check_line(&check, at, len, &event, &line, &err);
        if (r >= 0 && (!event || !json_is_object(line)))
            fail("a line without an event", NULL);
        json_decref(line);
        at += len + 1;
    }
    answer_check_deinit(&check);
}

static void fuzz_card(const uint8_t *data, size_t size)
{
    static const char *const wanted[] = { "license", "tags", "base_model", "datasets", NULL };
    struct error err = ERROR_INIT;
    json_t *object = NULL;
    if (front_matter_parse((const char *)data, size, wanted, &object, &err) == 0)
        json_decref(object);
}

static const struct target {
    const char *name;
    void (*run)(const uint8_t *data, size_t size);
} targets[] = {
    { "folder", fuzz_folder }, { "rules", fuzz_rules }, { "ticket", fuzz_ticket },
    { "answer", fuzz_answer }, { "card", fuzz_card },
};

static const struct target *find_target(const char *name)
{
    for (size_t i = 0; name && i < sizeof targets / sizeof *targets; i++)
        if (!strcmp(targets[i].name, name))
            return &targets[i];
    fprintf(stderr, "core_fuzz: there is no target %s\n", name ? name : "(FUZZ_TARGET is not set)");
    exit(2);
}

static void load(const char *plugins, const char *etc)
{
    struct error err = ERROR_INIT;
    if (asprintf(&recipes, "%s/recipes", etc) < 0 ||
        asprintf(&architectures, "%s/architectures", etc) < 0)
        abort();
    if (registry_new(cpu_detect(), &registry, &err) < 0 ||
        registry_load_dirs(registry, plugins, &err) < 0)
        fail("plugins", &err);
}

#ifdef PARE_FUZZ

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct target *target;
    if (!target) {
        target = find_target(getenv("FUZZ_TARGET"));
        load(getenv("PARE_PLUGINS"), PARE_FUZZ);
    }
    target->run(data, size);
    return 0;
}

/* Of a folder one file is changed, JSON by its tokens. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    static uint8_t changed[1 << 20], whole[1 << 20];
    struct archive_file files[ARCHIVE_FILES];
    const char *target = getenv("FUZZ_TARGET"), *part = getenv("FUZZ_FILES");
    size_t n = target && !strcmp(target, "folder") ? archive_parse(data, size, files) : 0;
    size_t wanted = 0, which[ARCHIVE_FILES];
    for (size_t i = 0; i < n; i++)
        if (!part || strstr(files[i].name, part))
            which[wanted++] = i;
    if (!wanted)
        return n ? size : LLVMFuzzerMutate(data, size, max);
    struct archive_file *file = &files[which[seed % wanted]];
    size_t room = file->size + 4096 < sizeof changed ? file->size + 4096 : sizeof changed;
    if (file->size > sizeof changed)
        return size;
    memcpy(changed, file->data, file->size);
    if (strstr(file->name, ".safetensors"))
        file->size = mutate_safetensors(changed, file->size, room, seed, LLVMFuzzerMutate);
    else if (strstr(file->name, ".json") && seed % 4)
        file->size = mutate_json(changed, file->size, room, seed);
    else
        file->size = LLVMFuzzerMutate(changed, file->size, room);
    file->data = changed;
    size_t len = archive_write(files, n, whole, max < sizeof whole ? max : sizeof whole);
    memcpy(data, whole, len);
    return len ? len : size;
}

#else

static unsigned replay(const struct target *target, const char *path);

static unsigned replay_dir(const struct target *target, const char *path)
{
    unsigned n = 0;
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char file[PATH_MAX];
        (void)snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        n += entry->d_name[0] == '.' ? 0 : replay(target, file);
    }
    closedir(dir);
    return n;
}

static unsigned replay(const struct target *target, const char *path)
{
    struct stat st;
    FILE *file = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "rb") : NULL;
    if (!file)
        return replay_dir(target, path);
    uint8_t *data = malloc((size_t)st.st_size + 1);
    if (!data || fread(data, 1, (size_t)st.st_size, file) != (size_t)st.st_size)
        fail(path, NULL);
    target->run(data, (size_t)st.st_size);
    (void)fclose(file);
    free(data);
    return 1;
}

int main(int argc, char **argv)
{
    unsigned n = 0;
    if (argc < 5) {
        fprintf(stderr, "usage: core_fuzz TARGET PLUGINS ETC PATH...\n");
        return 2;
    }
    const struct target *target = find_target(argv[1]);
    load(argv[2], argv[3]);
    for (int i = 4; i < argc; i++)
        n += replay(target, argv[i]);
    registry_free(registry);
    free(recipes);
    free(architectures);
    printf("%u inputs replayed\n", n);
    return n == 0;
}

#endif
