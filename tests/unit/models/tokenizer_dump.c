/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * For tests: loads the tokenizer of a folder and prints its metadata as JSON, [[key, type, value],
 * ...] in order, floats as their bits. Arguments: the folder, the folder of pretokenizers.table,
 * then KEY=VALUE for the request: kind, pre, vocab_size, prefix, looks_special, spm_added_tokens.
 * Exits with 1 and the error's text where the tokenizer is refused. Warnings go to standard error.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "model/side_files.h"
#include "tokenizer/tokenizer.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void print_warning(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "warning: %s\n", text);
}

static int add_files(struct model *model, const char *folder, const char *prefix, struct error *err)
{
    _cleanup_closedir_ DIR *dir = opendir(folder);
    struct dirent *entry;
    if (!dir)
        return error_set(err, PARE_EIO, "%s: no such folder", folder);
    while ((entry = readdir(dir))) {
        char name[600];
        struct stat st;
        int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
        snprintf(name, sizeof name, "%s%s", prefix, entry->d_name);
        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
            close(fd);
            continue;
        }
        int r = model_add_file(model, name, fd, (uint64_t)st.st_size, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static json_t *element(uint32_t type, const void *data, uint64_t i)
{
    switch (type) {
    case PARE_STRING: {
        const struct pare_str *text = (const struct pare_str *)data + i;
        return json_text(text->data, text->len);
    }
    case PARE_U32:
    case PARE_F32:
        return json_integer(((const uint32_t *)data)[i]);
    case PARE_I32:
        return json_integer(((const int32_t *)data)[i]);
    case PARE_BOOL:
        return json_boolean(((const uint8_t *)data)[i]);
    default:
        return json_null();
    }
}

static json_t *entry_of(const struct model_meta *meta)
{
    static const char *const types[] = { [PARE_U32] = "u32",
                                         [PARE_I32] = "i32",
                                         [PARE_F32] = "f32",
                                         [PARE_BOOL] = "bool",
                                         [PARE_STRING] = "string" };
    const struct pare_value *value = &meta->value;
    json_t *json;
    if (value->is_array) {
        json = json_array();
        for (uint64_t i = 0; i < value->count; i++)
            json_array_append_new(json, element(value->type, value->data, i));
    } else {
        json = element(value->type, value->data, 0);
    }
    return json_pack("[o, s, o]", json_text(meta->key.data, meta->key.len), types[value->type],
                     json);
}

static void set_option(struct tokenizer_request *request, const char *option)
{
    const char *value = strchr(option, '=');
    if (!value++)
        return;
    if (!strncmp(option, "kind=", 5))
        request->kind = value;
    else if (!strncmp(option, "pre=", 4))
        request->pre = value;
    else if (!strncmp(option, "vocab_size=", 11))
        request->vocab_size = strtoull(value, NULL, 10);
    else if (!strncmp(option, "prefix=", 7))
        request->add_space_prefix = atoi(value);
    else if (!strncmp(option, "looks_special=", 14))
        request->looks_special = atoi(value);
    else if (!strncmp(option, "spm_added_tokens=", 17))
        request->spm_added_tokens = atoi(value);
}

static int dump(int argc, char **argv, struct model *model, struct model *target, struct error *err)
{
    _cleanup_json_ json_t *config = NULL;
    int r = add_files(model, argv[1], "", err);
    if (r < 0)
        return r;
    r = side_file_config(model, &config, err);
    if (r < 0)
        return r;
    struct tokenizer_request request = { .source = model,
                                         .config = config,
                                         .dirs = argv[2],
                                         .add_space_prefix = -1,
                                         .looks_special = 1,
                                         .warn = print_warning,
                                         .vocab_size = (uint64_t)json_get_int(config, "vocab_size",
                                                                              0) };
    for (int i = 3; i < argc; i++)
        set_option(&request, argv[i]);
    r = tokenizer_load(&request, target, err);
    if (r < 0)
        return r;
    _cleanup_json_ json_t *all = json_array();
    for (uint64_t i = 0; i < target->n_meta; i++)
        json_array_append_new(all, entry_of(&target->meta[i]));
    _cleanup_free_ char *text = json_to_text(all);
    puts(text ? text : "null");
    return 0;
}

int main(int argc, char **argv)
{
    struct error err = ERROR_INIT;
    struct model *model = NULL, *target = NULL;
    if (argc < 3 || model_new(&model, &err) < 0 || model_new(&target, &err) < 0)
        return 2;
    int r = dump(argc, argv, model, target, &err);
    if (r < 0)
        fprintf(stderr, "%s: %s\n", error_name(r), err.text);
    model_free(model);
    model_free(target);
    return r < 0;
}
