/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Targets: see target.h. */
#include "target/target.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json_numbers.h"
#include "base/strbuf.h"
#include "target/making.h"
#include "target/target_private.h"
#include "plugin/layout.h"

#include <string.h>

void target_take_warning(void *context, int level, const char *text)
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
    if (!target->writer)
        return error_set(err, PARE_EUSAGE, "no plugin writes the format `%s`", format);
    if (!registry_reader(registry, format))
        (void)json_array_append_new(target->warnings,
                                    json_sprintf("no plugin reads %s: the written files are not "
                                                 "read back, only their sizes are checked",
                                                 format));
    return 0;
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
                                     target->options, 0 };
    struct host_hooks hooks = { .log = target_take_warning, .context = target };
    struct layout_request wanted = { .writer = target->writer,
                                     .options = target->options,
                                     .asked = target->asked,
                                     .hooks = &hooks };
    int r = routes_find(setup->routes, &request, &target->route, err);
    if (r == 0)
        r = routes_arrange(setup->routes, &wanted, &target->route, err);
    return r < 0 || json_array_extend(target->warnings, target->route->warnings) == 0
               ? r
               : error_oom(err);
}

/* The text of a file that the route gives as JSON; it lives as long as the model. */
static int text_of_json(struct model *model, const json_t *file, const char **ret_text,
                        struct error *err)
{
    void *kept = NULL;
    _cleanup_free_ char *text = json_dumps(file, JSON_INDENT(2) | JSON_REAL_PRECISION(15) |
                                                     JSON_ENSURE_ASCII);
    if (text)
        json_numbers_unmark(text);
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
        if (!bytes && (r = text_of_json(model, file, &bytes, err)) == 0)
            len = strlen(bytes);
        if (r == 0)
            r = model_add_text(model, name, bytes, len, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* A model that a map gives the metadata of another world says there how it was made. Where the map
 * describes the model in files, these are left as their readers know them. */
static int add_making(struct target *target, const struct target_setup *setup, struct error *err)
{
    const json_t *source = json_object_get(setup->routes->job->request, "source");
    struct making making = { .recipe = recipe_name(target->recipe),
                             .recipe_digest = recipe_digest(target->recipe),
                             .map = route_map(target->route),
                             .name = json_get_string(source, "name", ""),
                             .source = setup->routes->model,
                             .without_digests = job_without_digests(setup->routes->job) };
    if (!*making.map || target->route->files)
        return 0;
    return making_add(&making, target->plan->target, err);
}

static int find_origins(struct target *target, const struct routes *routes, struct error *err)
{
    _cleanup_free_ uint64_t *of_route = NULL;
    uint64_t n = target->plan->target->n_tensors;
    int r = routes_origins(routes, target->route, &of_route, err);
    if (r < 0)
        return r;
    target->origins = calloc(n + 1, sizeof *target->origins);
    if (!target->origins)
        return error_oom(err);
    for (uint64_t i = 0; i < n; i++)
        target->origins[i] = of_route[target->plan->choices[i].source];
    return 0;
}

struct layout_request target_layout_request(const struct target *target,
                                            const struct host_hooks *hooks)
{
    return (struct layout_request){ .registry = target->registry,
                                    .writer = target->writer,
                                    .target = target->plan->target,
                                    .source = target->source,
                                    .origins = target->origins,
                                    .options = target->options,
                                    .asked = target->asked,
                                    .hooks = hooks };
}

static int plan_and_lay_out(struct target *target, const struct target_setup *setup,
                            struct error *err)
{
    const struct model *source = target->route->model;
    struct plan_options options = setup->plan;
    options.lattice.source = setup->recover ? target->route->source : NULL;
    /* llama-quantize splits as the source is split in the source's order, and decides in it, too */
    int r = job_flag(target->options, "keep_split", &options.source_order, err);
    if (r == 0)
        r = plan_make(target->recipe, setup->routes->job->registry, source, target->writer,
                      &options, &target->plan, err);
    if (r == 0)
        r = add_files(target, err);
    if (r == 0)
        r = add_making(target, setup, err);
    if (r == 0)
        r = find_origins(target, setup->routes, err);
    if (r < 0)
        return r;
    (void)json_array_extend(target->warnings, target->plan->warnings);
    struct host_hooks hooks = { .log = target_take_warning, .context = target };
    struct layout_request request = target_layout_request(target, &hooks);
    r = layout_make(&request, &target->layout, err);
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
    target->asked = json_object();
    if (target->stem)
        target->options = make_options(request, target->stem);
    if (!target->stem || !target->options || !target->warnings || !target->asked)
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

void target_deinit(struct target *target)
{
    digest_free(target->digest);
    target_close_files(target);
    layout_deinit(&target->layout);
    plan_free(target->plan);
    recipe_free(target->recipe);
    json_decref(target->options);
    json_decref(target->asked);
    json_decref(target->warnings);
    free(target->stem);
    free(target->places);
    free(target->by_source);
    free(target->origins);
    free(target->fds);
    free(target->done);
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
