/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Building manifests: see manifest.h. Fields are described by tables of name and type. */
#include "supervise/manifest.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/timing.h"
#include "config.h"
#include "settings/settings.h"

#include <string.h>

/* Types of fields, also in lists of tables: s text, i integer, n number, b boolean, S any array of
 * texts or integers. */
struct field {
    const char *name;
    char type;
};

static const struct field source_fields[] = { { "name", 's' },         { "format", 's' },
                                              { "architecture", 's' }, { "license", 's' },
                                              { "parameters", 'i' },   { "tensors", 'i' },
                                              { "bytes", 'i' },        { NULL, 0 } };
static const struct field file_fields[] = {
    { "name", 's' }, { "bytes", 'i' }, { "sha256", 's' }, { NULL, 0 }
};
static const struct field census_fields[] = {
    { "encoding", 's' }, { "tensors", 'i' }, { "elements", 'i' }, { "bytes", 'i' }, { NULL, 0 }
};
static const struct field plugin_fields[] = {
    { "name", 's' }, { "version", 's' }, { "sha256", 's' }, { NULL, 0 }
};
static const struct field importance_fields[] = { { "name", 's' },   { "bytes", 'i' },
                                                  { "sha256", 's' }, { "entries", 'i' },
                                                  { "chunks", 'i' }, { "dataset", 's' },
                                                  { NULL, 0 } };
static const struct field accuracy_fields[] = { { "rmse", 'n' },
                                                { "sqnr_db", 'n' },
                                                { "relative_error", 'n' },
                                                { "max_abs", 'n' },
                                                { "cosine", 'n' },
                                                { "weighted_relative_error", 'n' },
                                                { "weighted_sqnr_db", 'n' },
                                                { NULL, 0 } };
static const struct field second_fields[] = { { "hash", 'n' },    { "read", 'n' },
                                              { "decode", 'n' },  { "encode", 'n' },
                                              { "measure", 'n' }, { "write", 'n' },
                                              { "sync", 'n' },    { NULL, 0 } };
static const struct field lattice_fields[] = { { "exact", 'i' }, { "rounded", 'i' }, { NULL, 0 } };
static const struct field sandbox_fields[] = { { "no_new_privs", 'b' }, { "rlimits", 'b' },
                                               { "landlock", 'i' },     { "seccomp", 'b' },
                                               { "missing", 'S' },      { NULL, 0 } };

static int has_type(const json_t *value, char type)
{
    size_t i;
    json_t *element;
    switch (type) {
    case 's':
        return json_is_string(value);
    case 'i':
        return json_is_integer(value);
    case 'n':
        return json_is_number(value);
    case 'b':
        return json_is_boolean(value);
    default:
        json_array_foreach((json_t *)value, i, element)
            if (!json_is_string(element) && !json_is_integer(element))
                return 0;
        return json_is_array(value);
    }
}

/* An object of the fields, in their order. NULL when out of memory. */
static json_t *pick(const json_t *from, const struct field *fields)
{
    _cleanup_json_ json_t *object = json_object();
    for (const struct field *f = fields; f->name; f++) {
        json_t *value = json_object_get(from, f->name);
        value = has_type(value, f->type) ? json_incref(value) : json_null();
        if (json_object_set_new_nocheck(object, f->name, value) < 0)
            return NULL;
    }
    return TAKE(object);
}

static json_t *pick_all(const json_t *from, const struct field *fields)
{
    _cleanup_json_ json_t *array = json_array();
    size_t i;
    json_t *element;
    json_array_foreach((json_t *)from, i, element)
        if (json_array_append_new(array, pick(element, fields)) < 0)
            return NULL;
    return TAKE(array);
}

static json_t *texts(const json_t *from)
{
    _cleanup_json_ json_t *array = json_array();
    size_t i;
    json_t *element;
    json_array_foreach((json_t *)from, i, element)
        if (json_is_string(element) && json_array_append(array, element) < 0)
            return NULL;
    return TAKE(array);
}

static json_t *optional_text(const json_t *from, const char *key)
{
    const char *text = json_get_string(from, key, NULL);
    return text ? json_string(text) : json_null();
}

/* Sets a member; a NULL value (out of memory) makes it fail. */
static int put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value);
}

static json_t *make_source(const struct manifest_facts *f)
{
    _cleanup_json_ json_t *source = pick(f->source, source_fields);
    if (!source || put(source, "path", json_text(f->origin, strlen(f->origin))) < 0 ||
        put(source, "digest", optional_text(f->done, "digest")) < 0 ||
        put(source, "files", pick_all(json_object_get(f->done, "source_files"), file_fields)) < 0 ||
        put(source, "census", pick_all(json_object_get(f->source, "census"), census_fields)) < 0)
        return NULL;
    return TAKE(source);
}

static json_t *make_target(const struct manifest_facts *f)
{
    json_t *digest = optional_text(f->target, "recipe_sha256");
    json_t *options = f->options ? json_deep_copy(f->options) : json_object();
    json_t *overrides = f->overrides ? json_deep_copy(f->overrides) : json_array();
    const char *map = json_get_string(f->target, "map", "");
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:s?, s:s}", "format", f->format, "recipe",
                     f->recipe, "recipe_sha256", digest, "options", options, "overrides", overrides,
                     "map", *map ? map : NULL, "search",
                     json_get_string(f->target, "search", "reference"));
}

/* Null when there was none. */
static json_t *make_importance(const struct manifest_facts *f)
{
    const json_t *said = json_object_get(f->done, "importance");
    return json_is_object(said) ? pick(said, importance_fields) : json_null();
}

static json_t *make_output(const struct manifest_facts *f)
{
    json_t *census = pick_all(json_object_get(f->target, "census"), census_fields);
    double bits = json_get_real(f->target, "bits_per_weight", 0);
    return json_pack("{s:s, s:b, s:I, s:O, s:o, s:f}", "name", "", "folder",
                     json_get_bool(f->target, "folder", 0), "bytes", (json_int_t)f->bytes, "files",
                     f->files, "census", census, "bits_per_weight", bits);
}

static json_t *make_accuracy(const struct manifest_facts *f)
{
    _cleanup_json_ json_t *all = pick(json_object_get(f->target, "accuracy"), accuracy_fields);
    return all && put(all, "measured", json_string(settings_text(f->settings, "measure"))) == 0
               ? TAKE(all)
               : NULL;
}

static json_t *make_seconds(const struct manifest_facts *f)
{
    const json_t *said = json_object_get(f->done, "seconds");
    _cleanup_json_ json_t *seconds = pick(said, second_fields);
    if (!seconds || put(seconds, "verify", json_real(f->verify_seconds)) < 0 ||
        put(seconds, "total", json_real(json_get_real(said, "total", 0))) < 0)
        return NULL;
    return TAKE(seconds);
}

static json_t *make_resources(const struct manifest_facts *f)
{
    json_t *sandbox = pick(json_object_get(f->start, "sandbox"), sandbox_fields);
    return json_pack("{s:I, s:I, s:o, s:o}", "peak_rss",
                     (json_int_t)json_get_int(f->done, "peak_rss", 0), "threads",
                     (json_int_t)json_get_int(f->start, "threads", 0), "cpu",
                     optional_text(f->start, "cpu"), "sandbox", sandbox);
}

int manifest_new(const struct manifest_facts *f, json_t **ret_head, struct error *err)
{
    char stamp[TIMING_STAMP_SIZE];
    timing_stamp(stamp);
    _cleanup_json_ json_t *m = json_pack("{s:i, s:s, s:s?, s:s, s:{s:s, s:s}}", "pare_manifest", 1,
                                         "job", f->uid, "submitted", f->submitted, "created", stamp,
                                         "program", "name", "pare", "version", PARE_VERSION);
    if (!m || put(m, "source", make_source(f)) < 0 || put(m, "target", make_target(f)) < 0 ||
        put(m, "settings", settings_record(f->settings)) < 0 ||
        put(m, "importance", make_importance(f)) < 0 ||
        put(m, "plugins", pick_all(json_object_get(f->done, "plugins"), plugin_fields)) < 0 ||
        put(m, "output", make_output(f)) < 0 || put(m, "accuracy", make_accuracy(f)) < 0 ||
        put(m, "lattice", pick(json_object_get(f->target, "lattice"), lattice_fields)) < 0 ||
        put(m, "seconds", make_seconds(f)) < 0 || put(m, "resources", make_resources(f)) < 0 ||
        put(m, "warnings", texts(json_object_get(f->target, "warnings"))) < 0)
        return error_oom(err);
    *ret_head = TAKE(m);
    return 0;
}
