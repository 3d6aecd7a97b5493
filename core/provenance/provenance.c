/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Provenance: see provenance.h. All sources are gathered first, as JSON objects (the model card,
 * config.json, generation_config.json), because the keys are then written in llama.cpp's order,
 * which is not that of the sources.
 */
#include "provenance/provenance.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/json_numbers.h"
#include "base/strbuf.h"
#include "model/metadata.h"
#include "model/side_files.h"
#include "provenance/front_matter.h"
#include "provenance/model_id.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_GENERATION (1u << 20) /* bytes of a generation_config.json */
#define MAX_ANCESTORS 1000        /* base models, or data sets */
#define HUB "https://huggingface.co/"

struct filler {
    const struct provenance_request *request;
    struct model *target;
    json_t *card, *config, *generation; /* objects, never NULL */
    struct model_sizes sizes;
    struct error *err;
};

static void warn(const struct filler *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void warn(const struct filler *f, const char *format, ...)
{
    char text[ERROR_TEXT_MAX + 100];
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (f->request->warn)
        f->request->warn(f->request->context, text);
}

/* ---- writing ---- */

/* Empty texts are left out, as upstream does. */
static int put_text(struct filler *f, const char *key, const char *text)
{
    struct pare_str data = { text, text ? strlen(text) : 0 };
    struct pare_value value = {
        .struct_size = sizeof value, .type = PARE_STRING, .count = 1, .data = &data
    };
    if (!data.len)
        return 0;
    return meta_set(f->target, (struct pare_str){ key, strlen(key) }, &value, f->err);
}

static int put_number(struct filler *f, const char *key, uint32_t type, const void *data)
{
    struct pare_value value = {
        .struct_size = sizeof value, .type = type, .count = 1, .data = data
    };
    return meta_set(f->target, (struct pare_str){ key, strlen(key) }, &value, f->err);
}

/* A list of texts; other values in it, and an empty list, are left out. */
static int put_texts(struct filler *f, const char *key, const json_t *list)
{
    size_t n = 0, i;
    json_t *text;
    _cleanup_free_ struct pare_str *texts = calloc(json_array_size(list) + 1, sizeof *texts);
    if (!texts)
        return error_oom(f->err);
    json_array_foreach((json_t *)list, i, text)
        if (json_is_string(text))
            texts[n++] = (struct pare_str){ json_string_value(text), json_string_length(text) };
    struct pare_value value = {
        .struct_size = sizeof value, .type = PARE_STRING, .is_array = 1, .count = n, .data = texts
    };
    return n ? meta_set(f->target, (struct pare_str){ key, strlen(key) }, &value, f->err) : 0;
}

/* ---- generation_config.json ---- */

struct sampling {
    const char *key, *names[2];
    uint32_t type;
};

/* A wrong value is left out, as if it were not there; but it is told. */
static int refuse_sampling(const struct filler *f, const char *name, const json_t *value)
{
    _cleanup_free_ char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    if (!text)
        return error_oom(f->err);
    json_numbers_unmark(text);
    warn(f, "generation_config.json: `%s' is %.60s, which it cannot be, and is left out", name,
         text);
    return 0;
}

/* The value under the first name that has one, or NULL. */
static const json_t *find_sampling(const struct filler *f, const struct sampling *s,
                                   const char **ret_name)
{
    for (size_t i = 0; i < 2 && s->names[i]; i++) {
        const json_t *value = json_object_get(f->generation, s->names[i]);
        *ret_name = s->names[i];
        if (value && !json_is_null(value))
            return value;
    }
    return NULL;
}

static int put_sampling(struct filler *f, const struct sampling *s)
{
    const char *name;
    const json_t *value = find_sampling(f, s, &name);
    double number = json_number_value(value);
    float real;
    if (!value)
        return 0;
    if (s->type == PARE_STRING && json_is_string(value) && !json_number_literal(value))
        return put_text(f, s->key, json_string_value(value));
    if (s->type == PARE_F32 && json_is_number(value) && !json_number_to_float(number, &real))
        return put_number(f, s->key, PARE_F32, &real);
    if (s->type == PARE_I32 && json_is_number(value) && number == rint(number) &&
        fabs(number) <= INT32_MAX) {
        int32_t integer = (int32_t)number;
        return put_number(f, s->key, PARE_I32, &integer);
    }
    return refuse_sampling(f, name, value);
}

static int fill_sampling(struct filler *f)
{
    static const struct sampling all[] = {
        { "general.sampling.sequence", { "sequence" }, PARE_STRING },
        { "general.sampling.top_k", { "top_k" }, PARE_I32 },
        { "general.sampling.top_p", { "top_p" }, PARE_F32 },
        { "general.sampling.min_p", { "min_p" }, PARE_F32 },
        { "general.sampling.xtc_probability", { "xtc_probability" }, PARE_F32 },
        { "general.sampling.xtc_threshold", { "xtc_threshold" }, PARE_F32 },
        { "general.sampling.temp", { "temperature" }, PARE_F32 },
        { "general.sampling.penalty_last_n", { "penalty_last_n" }, PARE_I32 },
        { "general.sampling.penalty_repeat", { "penalty_repeat", "repetition_penalty" }, PARE_F32 },
        { "general.sampling.mirostat", { "mirostat" }, PARE_I32 },
        { "general.sampling.mirostat_tau", { "mirostat_tau" }, PARE_F32 },
        { "general.sampling.mirostat_eta", { "mirostat_eta" }, PARE_F32 },
    };
    int r = 0;
    for (size_t i = 0; !r && i < sizeof all / sizeof *all; i++)
        r = put_sampling(f, &all[i]);
    return r;
}

/* ---- names ---- */

/* The first of the card's keys that has a text, or NULL. */
static const char *from_card(const struct filler *f, const char *const *keys)
{
    for (; *keys; keys++) {
        const char *text = json_get_string(f->card, *keys, NULL);
        if (text)
            return text;
    }
    return NULL;
}

/* What the card, the configuration and the folder's name say about the model. */
struct naming {
    struct model_id configured, folder;
    char title[MODEL_ID_MAX + 1];
};

static void find_names(const struct filler *f, struct naming *ret)
{
    const char *path = json_get_string(f->config, "_name_or_path", "");
    const char *slash = strchr(path, '/');
    /* a path on somebody's computer says nothing */
    model_id_parse(slash && strchr(slash + 1, '/') ? "" : path, f->sizes.all, &ret->configured);
    model_id_parse(f->request->name, f->sizes.all, &ret->folder);
    model_id_title(*ret->configured.name ? ret->configured.name : ret->folder.name, ret->title);
}

/* The card's text, else the first that is not empty. */
static const char *choose(const char *card, const char *configured, const char *folder)
{
    return card ? card : *configured ? configured : folder;
}

static int fill_names(struct filler *f)
{
    struct naming n;
    char organization[MODEL_ID_MAX + 1], label[64];
    find_names(f, &n);
    model_id_title(choose(NULL, n.configured.organization, n.folder.organization), organization);
    model_id_size_label(&f->sizes, label);
#define CARD(...) from_card(f, (const char *const[]){ __VA_ARGS__, NULL })
    const struct {
        const char *key, *card, *configured, *folder;
    } all[] = {
        { "general.name", CARD("name", "model_name"), n.title, f->request->name },
        { "general.author", CARD("author", "model_author", "model_creator"), "", "" },
        { "general.version", CARD("version", "model_version"), n.configured.version,
          n.folder.version },
        { "general.organization", CARD("organization", "model_organization"), organization, "" },
        { "general.finetune", CARD("finetune", "model_finetune"), n.configured.finetune,
          n.folder.finetune },
        { "general.basename", CARD("basename", "model_basename", "model_type"),
          n.configured.basename, n.folder.basename },
        { "general.description", CARD("description", "model_description"), "", "" },
        { "general.size_label", CARD("size_label", "model_size_label"), n.configured.size_label,
          *n.folder.size_label || !f->sizes.all ? n.folder.size_label : label },
    };
#undef CARD
    int r = 0;
    for (size_t i = 0; !r && i < sizeof all / sizeof *all; i++)
        r = put_text(f, all[i].key, choose(all[i].card, all[i].configured, all[i].folder));
    return r;
}

/* ---- licence and source ---- */

/* The card's licence, or several with commas between them; NULL: none (free it). */
static int find_license(const struct filler *f, char **ret_license)
{
    const json_t *license = json_object_get(f->card, "license");
    _cleanup_strbuf_ struct strbuf all = STRBUF_INIT;
    size_t i;
    json_t *one;
    if (json_is_string(license))
        strbuf_puts(&all, json_string_value(license));
    json_array_foreach((json_t *)license, i, one)
        if (json_is_string(one))
            strbuf_printf(&all, "%s%s", all.len ? "," : "", json_string_value(one));
    if (all.failed)
        return error_oom(f->err);
    *ret_license = all.len ? strbuf_finish(&all) : NULL;
    return 0;
}

static int put_license(struct filler *f)
{
    _cleanup_free_ char *license = NULL;
    int r = find_license(f, &license);
    return r ? r : put_text(f, "general.license", license);
}

static int fill_source(struct filler *f)
{
    static const struct {
        const char *key, *names[3];
    } all[] = {
        { "general.license.name", { "license_name" } },
        { "general.license.link", { "license_link" } },
        { "general.source.url", { "url", "model_url" } },
        { "general.source.doi", { "doi", "model_doi" } },
        { "general.source.uuid", { "uuid", "model_uuid" } },
        { "general.source.repo_url", { "repo_url", "model_repo_url" } },
    };
    int r = put_license(f);
    for (size_t i = 0; !r && i < sizeof all / sizeof *all; i++)
        r = put_text(f, all[i].key, from_card(f, all[i].names));
    return r;
}

/* ---- base models and data sets ---- */

struct ancestors {
    const char *names[4]; /* keys of the card */
    const char *prefix;   /* "general.base_model" */
};

static int put_member(struct filler *f, const char *prefix, size_t i, const char *member,
                      const char *text)
{
    char key[80];
    (void)snprintf(key, sizeof key, "%s.%zu.%s", prefix, i, member);
    return put_text(f, key, text);
}

/* One that is described member by member. */
static int put_described(struct filler *f, const char *prefix, size_t i, const json_t *entry)
{
    static const char *const members[] = { "name",         "author",      "version",
                                           "organization", "description", "url",
                                           "doi",          "uuid",        "repo_url" };
    int r = 0;
    for (size_t m = 0; !r && m < sizeof members / sizeof *members; m++)
        r = put_member(f, prefix, i, members[m], json_get_string(entry, members[m], ""));
    return r;
}

/* The rest of a page's address behind the hub's, when it is ORGANIZATION/NAME, or NULL. */
static const char *on_hub(const char *address)
{
    const char *rest = strstr(address, &HUB[strlen("https")]);
    size_t before = rest ? (size_t)(rest - address) : 0;
    if (!rest || (strncmp(address, "https", before) != 0 && strncmp(address, "http", before) != 0))
        return NULL;
    rest += strlen(HUB) - strlen("https");
    const char *slash = strchr(rest, '/');
    return slash && slash > rest && slash[1] && !strchr(slash + 1, '/') ? rest : NULL;
}

/* One that is only named, as ORGANIZATION/NAME or by the address of its page. */
static int put_named(struct filler *f, const char *prefix, size_t i, const char *text)
{
    struct model_id id;
    char name[MODEL_ID_MAX + 1], organization[MODEL_ID_MAX + 1];
    _cleanup_strbuf_ struct strbuf address = STRBUF_INIT;
    int is_address = !strncmp(text, "http://", 7) || !strncmp(text, "https://", 8) ||
                     !strncmp(text, "ssh://", 6);
    const char *named = is_address ? on_hub(text) : text;
    model_id_parse(named ? named : "", f->sizes.all, &id);
    model_id_title(id.name, name);
    model_id_title(id.organization, organization);
    if (is_address)
        strbuf_puts(&address, text);
    else if (*id.organization && *id.name)
        strbuf_printf(&address, HUB "%s/%s", id.organization, id.name);
    int r = address.failed ? error_oom(f->err) : put_member(f, prefix, i, "name", name);
    if (!r)
        r = put_member(f, prefix, i, "version", id.version);
    if (!r)
        r = put_member(f, prefix, i, "organization", organization);
    return r ? r : put_member(f, prefix, i, "repo_url", address.data);
}

static int put_ancestor(struct filler *f, const char *prefix, size_t i, const json_t *entry)
{
    return json_is_string(entry) ? put_named(f, prefix, i, json_string_value(entry))
                                 : put_described(f, prefix, i, entry);
}

static int fill_ancestors(struct filler *f, const struct ancestors *a)
{
    const json_t *value = NULL;
    char key[80];
    int r = 0;
    for (size_t i = 0; !value && a->names[i]; i++)
        value = json_object_get(f->card, a->names[i]);
    if (!json_is_string(value) && !json_is_array(value))
        return 0;
    size_t n = json_is_string(value) ? 1 : json_array_size(value);
    if (n > MAX_ANCESTORS) {
        warn(f, "README.md: of %zu entries of `%s' only %d were taken", n, a->names[0],
             MAX_ANCESTORS);
        n = MAX_ANCESTORS;
    }
    uint32_t count = (uint32_t)n;
    (void)snprintf(key, sizeof key, "%s.count", a->prefix);
    r = put_number(f, key, PARE_U32, &count);
    for (size_t i = 0; !r && i < n; i++)
        r = put_ancestor(f, a->prefix, i, json_is_string(value) ? value : json_array_get(value, i));
    return r;
}

static int fill_all_ancestors(struct filler *f)
{
    static const struct ancestors base = { { "base_model", "base_models", "base_model_sources" },
                                           "general.base_model" };
    static const struct ancestors data = { { "datasets", "dataset", "dataset_sources" },
                                           "general.dataset" };
    int r = fill_ancestors(f, &base);
    return r ? r : fill_ancestors(f, &data);
}

/* ---- tags ---- */

/* The texts of two keys of the card, each one text or a list of them. */
static int put_lists(struct filler *f, const char *key, const char *first, const char *second)
{
    const char *const names[] = { first, second };
    _cleanup_json_ json_t *all = json_array();
    if (!all)
        return error_oom(f->err);
    for (size_t i = 0; i < 2; i++) {
        json_t *value = json_object_get(f->card, names[i]);
        if ((json_is_string(value) && json_array_append(all, value) < 0) ||
            (json_is_array(value) && json_array_extend(all, value) < 0))
            return error_oom(f->err);
    }
    return put_texts(f, key, all);
}

static int fill_tags(struct filler *f)
{
    int r = put_lists(f, "general.tags", "tags", "pipeline_tag");
    return r ? r : put_lists(f, "general.languages", "languages", "language");
}

/* ---- gathering ---- */

/* clang-format off */
static const char *const card_keys[] = {
    "name", "author", "version", "organization", "description", "finetune", "basename",
    "size_label", "url", "doi", "uuid", "repo_url", "model_name", "model_author", "model_version",
    "model_organization", "model_description", "model_finetune", "model_basename",
    "model_size_label", "model_url", "model_doi", "model_uuid", "model_repo_url", "model_creator",
    "model_type", "base_model", "base_models", "base_model_sources", "datasets", "dataset",
    "dataset_sources", "license", "license_name", "license_link", "tags", "pipeline_tag",
    "languages", "language", NULL,
};
/* clang-format on */

/* A card that is not YAML is skipped with a warning. */
static int read_card(struct filler *f)
{
    const struct model_file *file = side_file_find(f->request->source, "README.md");
    size_t n = file && file->size < FRONT_MATTER_MAX_BYTES ? (size_t)file->size
                                                           : FRONT_MATTER_MAX_BYTES;
    _cleanup_free_ char *text = NULL;
    struct error problem = ERROR_INIT;
    json_t *card = NULL;
    if (!file)
        return 0;
    text = malloc(n + 1);
    if (!text)
        return error_oom(f->err);
    int r = side_file_bytes(file, text, n, f->err);
    if (r)
        return error_prefix(f->err, "README.md");
    r = front_matter_parse(text, n, card_keys, &card, &problem);
    if (r == PARE_ENOMEM)
        return error_oom(f->err);
    if (r < 0)
        warn(f,
             "README.md: its front matter cannot be read (%s): name, licence and base models "
             "are not taken from it",
             problem.text);
    if (r == 0) {
        json_decref(f->card);
        f->card = card;
    }
    return 0;
}

/* An optional file of JSON; one that cannot be read is skipped with a warning. */
static int read_optional(struct filler *f, const char *name, size_t limit, json_t **object)
{
    struct error problem = ERROR_INIT;
    json_t *found = NULL;
    int r = side_file_json(f->request->source, name, limit, &found, &problem);
    if (r == PARE_ENOMEM || r == PARE_EIO) {
        *f->err = problem;
        return r;
    }
    if (r < 0)
        warn(f, "%s: nothing was taken from it", problem.text);
    if (r == 0) {
        json_decref(*object);
        *object = found;
    }
    return 0;
}

/* Adds a tensor's weights; what does not fit stays at its highest. */
static void add(uint64_t *sum, uint64_t n)
{
    if (checked_add(*sum, n, sum) || *sum > INT64_MAX)
        *sum = INT64_MAX;
}

static void count_weights(const struct model *model, struct model_sizes *ret_sizes)
{
    struct model_sizes sizes = { 0 };
    uint64_t n_stacks = 0, n_all = 0;
    for (uint64_t i = 0; i < model->n_tensors; i++) {
        const struct model_tensor *t = &model->tensors[i];
        int is_bias = memmem(t->name.data, t->name.len, ".bias", 5) != NULL;
        uint64_t n = 0;
        if (t->n_dims >= 3 && memmem(t->name.data, t->name.len, "_exps.", 6))
            n = t->dims[t->n_dims - (is_bias ? 2 : 3)];
        add(&sizes.all, t->elements);
        add(n ? &sizes.expert : &sizes.shared, n ? t->elements / n : t->elements);
        add(&n_all, n);
        n_stacks += n != 0;
    }
    sizes.n_experts = n_stacks ? n_all / n_stacks : 0;
    *ret_sizes = sizes;
}

static int gather(struct filler *f)
{
    f->card = json_object();
    f->config = json_object();
    f->generation = json_object();
    if (!f->card || !f->config || !f->generation)
        return error_oom(f->err);
    count_weights(f->request->tensors, &f->sizes);
    int r = read_card(f);
    if (!r)
        r = read_optional(f, "config.json", SIDE_FILE_MAX_CONFIG, &f->config);
    return r ? r : read_optional(f, "generation_config.json", MAX_GENERATION, &f->generation);
}

int provenance_fill(const struct provenance_request *request, struct model *target,
                    struct error *err)
{
    struct filler f = { .request = request, .target = target, .err = err };
    int r = gather(&f);
    if (!r)
        r = put_text(&f, "general.type", "model");
    if (!r)
        r = fill_sampling(&f);
    if (!r)
        r = fill_names(&f);
    if (!r)
        r = fill_source(&f);
    if (!r)
        r = fill_all_ancestors(&f);
    if (!r)
        r = fill_tags(&f);
    json_decref(f.card);
    json_decref(f.config);
    json_decref(f.generation);
    return r;
}

int provenance_license(const struct model *source, char **ret_license, struct error *err)
{
    struct provenance_request request = { .source = source };
    struct filler f = { .request = &request, .card = json_object(), .err = err };
    int r = f.card ? read_card(&f) : error_oom(err);
    if (!r)
        r = find_license(&f, ret_license);
    json_decref(f.card);
    return r;
}
