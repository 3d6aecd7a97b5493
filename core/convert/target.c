/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Targets: see target.h. */
#include "convert/target.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "plugin/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define COPY_BYTES (1u << 20)
#define WRITE_BACK_BYTES (64u << 20)

static void take_warning(void *context, int level, const char *text)
{
    struct target *target = context;
    if (level == PARE_LOG_WARNING && json_array_size(target->warnings) < 1000)
        (void)json_array_append_new(target->warnings, json_text(text, strlen(text)));
}

static int index_layout(struct target *target, uint64_t n_source, struct error *err)
{
    uint64_t n = target->plan->target->n_tensors;
    target->places = calloc(n + 1, PARE_MAX_PLANES * sizeof *target->places);
    target->by_source = malloc((n_source + 1) * sizeof *target->by_source);
    target->fds = malloc(target->layout.n_files * sizeof *target->fds);
    for (uint32_t i = 0; target->fds && i < target->layout.n_files; i++)
        target->fds[i] = -1;
    if (!target->places || !target->by_source || !target->fds)
        return error_oom(err);
    for (uint64_t i = 0; i < n_source; i++)
        target->by_source[i] = UINT64_MAX;
    for (uint64_t i = 0; i < n; i++)
        target->by_source[target->plan->choices[i].source] = i;
    for (uint64_t i = 0; i < target->layout.n_pieces; i++) {
        const struct layout_piece *p = &target->layout.pieces[i];
        if (p->kind == LAYOUT_TENSOR)
            target->places[p->tensor * PARE_MAX_PLANES + p->plane] =
                (struct target_place){ p->file, p->offset };
    }
    return 0;
}

static int find_writer(struct target *target, const char *format, const struct registry *registry,
                       struct error *err)
{
    target->writer = registry_writer(registry, format);
    if (target->writer)
        return 0;
    return error_set(err, PARE_EUSAGE, "no plugin writes the format `%s`", format);
}

/* The request's options, and "name": what writers call files in a folder. New reference. */
static json_t *make_options(const json_t *request, const char *stem)
{
    const json_t *given = json_object_get(request, "options");
    json_t *options = json_is_object(given) ? json_deep_copy(given) : json_object();
    if (options && json_object_set_new(options, "name", json_text(stem, strlen(stem))) < 0) {
        json_decref(options);
        return NULL;
    }
    return options;
}

/* Whether the target is split as its source is, which llama-quantize does in the source's order,
 * and decides in it, too. What the writer makes of other texts is its own matter. */
static int keeps_split(const json_t *options)
{
    const char *text = json_get_string(options, "keep_split", "no");
    return strcmp(text, "no") != 0 && strcmp(text, "false") != 0 && strcmp(text, "0") != 0;
}

static int load_recipe(struct target *target, const char *name, const struct target_setup *setup,
                       struct error *err)
{
    size_t i;
    json_t *override;
    int r = recipe_load(setup->routes->job->recipes, name, &target->recipe, err);
    json_array_foreach((json_t *)setup->overrides, i, override) {
        const char *text = json_get_string(override, "text", "");
        if (r == 0)
            r = recipe_override(target->recipe, json_get_string(override, "name", "overrides"),
                                text, strlen(text), err);
    }
    if (r < 0)
        return r;
    _cleanup_json_ json_t *options = recipe_options(target->recipe); /* the target's own win */
    return json_object_update_missing(target->options, options) < 0 ? error_oom(err) : 0;
}

static int find_route(struct target *target, const struct target_setup *setup, struct error *err)
{
    struct route_request request = { target->writer->name, recipe_name(target->recipe),
                                     target->options };
    int r = routes_find(setup->routes, &request, &target->route, err);
    return r < 0 || json_array_extend(target->warnings, target->route->warnings) == 0
               ? r
               : error_oom(err);
}

/* PyTorch's name of the type that most weights of a folder have: the first matrix tells. */
static const char *torch_type(const struct model *model)
{
    static const char *const names[][2] = { { "f32", "float32" },
                                            { "f16", "float16" },
                                            { "bf16", "bfloat16" } };
    for (uint64_t i = 0; i < model->n_tensors; i++)
        for (size_t n = 0; n < 3 && model->tensors[i].n_dims > 1; n++)
            if (!strcmp(model->tensors[i].encoding_name, names[n][0]))
                return names[n][1];
    return NULL;
}

/* The text of a config.json that tells the target's type; it lives as long as the model. */
static int config_text(struct model *model, const json_t *config, const char **ret_text,
                       struct error *err)
{
    const char *type = torch_type(model);
    _cleanup_json_ json_t *copy = json_copy((json_t *)config);
    void *kept = NULL;
    if (json_object_get(copy, "dtype")) /* the newer name */
        (void)json_object_del(copy, "torch_dtype");
    if (type)
        (void)json_object_set_new(copy, json_object_get(copy, "dtype") ? "dtype" : "torch_dtype",
                                  json_string(type));
    _cleanup_free_ char *text = json_dumps(copy, JSON_INDENT(2) | JSON_REAL_PRECISION(15) |
                                                     JSON_ENSURE_ASCII);
    int r = text ? model_alloc(model, strlen(text) + 1, 1, &kept, err) : error_oom(err);
    if (r == 0)
        *ret_text = strcpy(kept, text);
    return r;
}

/* Files that the route brings along go before the source's of the same name. */
static int add_files(struct target *target, struct error *err)
{
    struct model *model = target->plan->target;
    const char *name;
    json_t *file;
    int r = 0;
    if (target->route->files && model->n_files == 1)
        model->files[0].role = PARE_FILE_WEIGHTS; /* it is the model, not a file beside one */
    json_object_foreach(target->route->files, name, file) {
        const char *bytes = json_string_value(file);
        size_t len = json_string_length(file);
        for (uint32_t i = 0; i < model->n_files; i++)
            if (!strcmp(model->files[i].name, name) && model->files[i].role == PARE_FILE_SIDE)
                model->files[i].role = PARE_FILE_IGNORED;
        if (!bytes && (r = config_text(model, file, &bytes, err)) == 0)
            len = strlen(bytes);
        if (r == 0)
            r = model_add_text(model, name, bytes, len, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* A GGUF that comes from another world tells how and of what it was made. */
static int add_stamp(struct target *target, const struct target_setup *setup, struct error *err)
{
    const json_t *source = json_object_get(setup->routes->job->request, "source");
    struct stamp_facts facts = { .recipe = recipe_name(target->recipe),
                                 .recipe_digest = recipe_digest(target->recipe),
                                 .map = route_map(target->route),
                                 .name = json_get_string(source, "name", ""),
                                 .source = setup->routes->model,
                                 .without_digests = job_without_digests(setup->routes->job) };
    if (!*facts.map || strcmp(target->writer->name, "gguf") != 0)
        return 0;
    return stamp_add(&target->stamp, &facts, target->plan->target, err);
}

static struct layout_request layout_request_of(const struct target *target,
                                               const struct host_hooks *hooks)
{
    return (struct layout_request){ .registry = target->registry,
                                    .writer = target->writer,
                                    .target = target->plan->target,
                                    .source = target->source,
                                    .origins = target->origins,
                                    .options = target->options,
                                    .hooks = hooks };
}

/* Which tensor of the source each of the target's is made of, where no view lies between. */
static int find_origins(struct target *target, struct error *err)
{
    uint64_t n = target->plan->target->n_tensors;
    if (target->route->model != target->source)
        return 0;
    target->origins = calloc(n + 1, sizeof *target->origins);
    if (!target->origins)
        return error_oom(err);
    for (uint64_t i = 0; i < n; i++)
        target->origins[i] = target->plan->choices[i].source;
    return 0;
}

static int plan_and_lay_out(struct target *target, const struct target_setup *setup,
                            struct error *err)
{
    const struct model *source = target->route->model;
    struct plan_options options = setup->plan;
    options.source_order = keeps_split(target->options);
    options.lattice.source = setup->recover ? target->route->source : NULL;
    int r = plan_make(target->recipe, setup->routes->job->registry, source, target->writer,
                      &options, &target->plan, err);
    if (r == 0)
        r = add_files(target, err);
    if (r == 0)
        r = add_stamp(target, setup, err);
    if (r == 0)
        r = find_origins(target, err);
    if (r < 0)
        return r;
    (void)json_array_extend(target->warnings, target->plan->warnings);
    struct host_hooks hooks = { .log = take_warning, .context = target };
    struct layout_request request = layout_request_of(target, &hooks);
    r = layout_make(&request, &target->layout, err);
    if (r == 0)
        r = stamp_find(&target->stamp, &target->layout, err);
    return r < 0 ? r : index_layout(target, source->n_tensors, err);
}

int target_prepare(struct target *target, size_t index, const json_t *request,
                   const struct target_setup *setup, struct error *err)
{
    const char *format = json_get_string(request, "format", "");
    const char *recipe = json_get_string(request, "recipe", "");
    *target = (struct target){ .index = index,
                               .dirfd = -1,
                               .registry = setup->routes->job->registry,
                               .source = setup->routes->model };
    target->stem = strdup(json_get_string(request, "stem", "output"));
    target->warnings = json_array();
    if (target->stem)
        target->options = make_options(request, target->stem);
    if (!target->stem || !target->options || !target->warnings)
        return error_oom(err);
    if (!file_name_is_plain(target->stem))
        return error_set(err, PARE_EUSAGE, "the output's name `%s` is no file name", target->stem);
    int r = find_writer(target, format, setup->routes->job->registry, err);
    if (r == 0)
        r = load_recipe(target, recipe, setup, err);
    if (r == 0)
        r = find_route(target, setup, err);
    if (r == 0)
        r = plan_and_lay_out(target, setup, err);
    if (r < 0)
        return error_prefix(err, "%s:%s", format, recipe);
    return 0;
}

static void close_files(struct target *target)
{
    for (uint32_t i = 0; target->fds && i < target->layout.n_files; i++) {
        if (target->fds[i] >= 0)
            (void)close(target->fds[i]);
        target->fds[i] = -1;
    }
    if (target->dirfd >= 0)
        (void)close(target->dirfd);
    target->dirfd = -1;
}

void target_deinit(struct target *target)
{
    digest_free(target->digest);
    close_files(target);
    layout_deinit(&target->layout);
    stamp_deinit(&target->stamp);
    plan_free(target->plan);
    recipe_free(target->recipe);
    json_decref(target->options);
    json_decref(target->warnings);
    free(target->stem);
    free(target->places);
    free(target->by_source);
    free(target->origins);
    free(target->fds);
}

int target_is_folder(const struct target *target)
{
    return target->layout.n_files != 1 || *target->layout.files[0].name;
}

char *target_output_name(const struct target *target)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_puts(&sb, target->stem);
    if (!target_is_folder(target))
        strbuf_puts(&sb, target->writer->suffix);
    return strbuf_finish(&sb);
}

uint64_t target_bytes(const struct target *target)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < target->layout.n_files; i++)
        bytes += target->layout.files[i].size;
    return bytes;
}

double target_bits_per_weight(const struct target *target)
{
    uint64_t n = model_parameters(target->plan->target);
    return n ? 8.0 * (double)model_bytes(target->plan->target) / (double)n : 0;
}

json_t *target_files(const struct target *target)
{
    json_t *files = json_array();
    _cleanup_free_ char *single = target_output_name(target);
    for (uint32_t i = 0; i < target->layout.n_files; i++) {
        const struct layout_file *f = &target->layout.files[i];
        const char *sha256 = target->digest ? digest_of_file(target->digest, i) : NULL;
        (void)json_array_append_new(files, json_pack("{s:s, s:I, s:s?}", "name",
                                                     *f->name ? f->name : single, "bytes",
                                                     (json_int_t)f->size, "sha256", sha256));
    }
    return files;
}

/* Bytes of a source file, as they are. */
static int copy_piece(const struct model_file *from, const struct layout_piece *p, int to,
                      struct error *err)
{
    if (from->text)
        return file_pwrite(to, from->text + p->source_offset, p->length, p->offset, err);
    _cleanup_free_ unsigned char *buffer = malloc(COPY_BYTES);
    if (!buffer)
        return error_oom(err);
    for (uint64_t done = 0; done < p->length;) {
        size_t part = p->length - done < COPY_BYTES ? (size_t)(p->length - done) : COPY_BYTES;
        int r = file_pread(from->fd, buffer, part, p->source_offset + done, err);
        if (r == 0)
            r = file_pwrite(to, buffer, part, p->offset + done, err);
        if (r < 0)
            return r;
        done += part;
    }
    return 0;
}

static int create_file(struct target *target, uint32_t i, const char *name, struct error *err)
{
    const struct layout_file *f = &target->layout.files[i];
    const char *slash = strchr(name, '/');
    _cleanup_free_ char *folder = slash ? strndup(name, (size_t)(slash - name)) : NULL;
    if (slash && !folder)
        return error_oom(err);
    if (folder && mkdirat(target->dirfd, folder, 0755) < 0 && errno != EEXIST)
        return error_errno(err, errno, "cannot create the folder %s", folder);
    int fd = openat(target->dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return error_errno(err, errno, "cannot create %s", name);
    target->fds[i] = fd;
    int e = f->size && fallocate(fd, 0, 0, (off_t)f->size) < 0 ? errno : 0;
    if (e == EOPNOTSUPP || e == ENOSYS)
        e = ftruncate(fd, (off_t)f->size) < 0 ? errno : 0;
    if (e)
        return error_errno(err, e, "%s: cannot reserve %llu bytes", name,
                           (unsigned long long)f->size);
    return 0;
}

static int write_fixed_pieces(struct target *target, struct error *err)
{
    for (uint64_t i = 0; i < target->layout.n_pieces; i++) {
        const struct layout_piece *p = &target->layout.pieces[i];
        int r = 0;
        if (p->kind == LAYOUT_LITERAL)
            r = file_pwrite(target->fds[p->file], p->data, p->length, p->offset, err);
        else if (p->kind == LAYOUT_COPY)
            r = copy_piece(&target->plan->target->files[p->source_file], p, target->fds[p->file],
                           err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int start_digest(struct target *target, struct error *err)
{
    struct digest_files files = { .layout = &target->layout,
                                  .model = target->plan->target,
                                  .fds = target->fds,
                                  .late_literals = target->stamp.n || target->writer->finish };
    return digest_start(&files, &target->digest, err);
}

int target_open(struct target *target, int staging, int with_digest, struct error *err)
{
    char dir[24];
    (void)snprintf(dir, sizeof dir, "%zu", target->index);
    if (mkdirat(staging, dir, 0755) < 0)
        return error_errno(err, errno, "cannot create the staging directory %s", dir);
    int r = file_open_dir(staging, dir, &target->dirfd, err);
    if (r < 0)
        return r;
    _cleanup_free_ char *single = target_output_name(target);
    if (!single)
        return error_oom(err);
    if (target_is_folder(target)) {
        /* the folder itself lies in the target's directory, ready to be renamed whole */
        int folder = -1;
        if (mkdirat(target->dirfd, single, 0755) < 0)
            return error_errno(err, errno, "cannot create the folder %s", single);
        r = file_open_dir(target->dirfd, single, &folder, err);
        if (r < 0)
            return r;
        (void)close(target->dirfd);
        target->dirfd = folder;
    }
    for (uint32_t i = 0; r == 0 && i < target->layout.n_files; i++) {
        const char *name = target->layout.files[i].name;
        r = create_file(target, i, *name ? name : single, err);
    }
    if (r == 0)
        r = write_fixed_pieces(target, err);
    return r == 0 && with_digest ? start_digest(target, err) : r;
}

static int write_patches(struct target *target, char (*sha256)[HASH_HEX_SIZE], struct error *err)
{
    struct layout patches = { 0 };
    struct host_hooks hooks = { .log = take_warning, .context = target };
    struct layout_request request = layout_request_of(target, &hooks);
    request.sha256 = sha256;
    request.fds = target->fds;
    int r = layout_finish(&request, &target->layout, &patches, err);
    for (uint64_t i = 0; r == 0 && i < patches.n_pieces; i++) {
        const struct layout_piece *p = &patches.pieces[i];
        r = file_pwrite(target->fds[p->file], p->data, p->length, p->offset, err);
    }
    layout_deinit(&patches);
    return r;
}

/* Writes a file's pages back piece by piece, so that the final sync is short, and shows signs of
 * life between the pieces. A failure here shows again in the sync. */
static void write_back(int fd, uint64_t size, void (*beat)(void *context), void *context)
{
    const unsigned flags = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                           SYNC_FILE_RANGE_WAIT_AFTER;
    for (uint64_t at = 0; at < size; at += WRITE_BACK_BYTES) {
        (void)sync_file_range(fd, (off_t)at, WRITE_BACK_BYTES, flags);
        beat(context);
    }
}

int target_seal(struct target *target, char (*sha256)[HASH_HEX_SIZE], struct error *err)
{
    int r = sha256 ? stamp_write(&target->stamp, &target->layout, target->fds, sha256, err) : 0;
    if (r == 0 && target->writer->finish)
        r = write_patches(target, sha256, err);
    if (r == 0 && target->digest)
        digest_seal(target->digest);
    return r;
}

int target_finish(struct target *target, void (*beat)(void *context), void *context,
                  struct error *err)
{
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < target->layout.n_files; i++) {
        write_back(target->fds[i], target->layout.files[i].size, beat, context);
        r = file_sync(target->fds[i], "the output", err);
    }
    if (r == 0)
        r = file_sync(target->dirfd, "the output's directory", err);
    if (r == 0 && target->digest)
        r = digest_wait(target->digest, beat, context, &target->digest_seconds, err);
    if (r == 0) /* else the digest may still be reading: target_deinit ends it first */
        close_files(target);
    return r;
}
