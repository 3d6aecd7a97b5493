/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Which scheme a checkpoint was quantized with: config.json says so in `quantization_config` (or,
 * for MLX, in `quantization`); older programs wrote a file of their own. An unknown scheme is an
 * error, because its codes would be taken for weights.
 */
#include "unpack/unpack_private.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "model/side_files.h"

#include <string.h>

#define MAX_SIDE_BYTES (4u << 20)

static const struct {
    const char *method;
    const struct unpack_scheme *scheme;
} methods[] = {
    { "awq", &unpack_scheme_awq },
    { "bitsandbytes", &unpack_scheme_bnb },
    { "bitsandbytes_4bit", &unpack_scheme_bnb },
    { "bitsandbytes_8bit", &unpack_scheme_bnb },
    { "compressed-tensors", &unpack_scheme_ct },
    { "fbgemm_fp8", &unpack_scheme_fbgemm },
    { "fp8", &unpack_scheme_fp8 },
    { "gptq", &unpack_scheme_gptq },
    { "mlx", &unpack_scheme_mlx },
    { "modelopt", &unpack_scheme_modelopt },
    { "mxfp4", &unpack_scheme_mxfp4 },
};

/* Files in which older programs wrote what config.json holds today. */
static const struct {
    const char *file, *key, *method; /* key: what it must have */
} side_files[] = {
    { "hf_quant_config.json", "quantization", "modelopt" },
    { "quantize_config.json", "bits", "gptq" },
    { "quant_config.json", "w_bit", "awq" },
};

static int is_mlx(const json_t *object)
{
    return json_is_integer(json_object_get(object, "bits")) &&
           json_is_integer(json_object_get(object, "group_size"));
}

/* The method that an object names, or shows by its keys; NULL when it does neither. */
static const char *method_of(const json_t *object)
{
    const char *method = json_get_string(object, "quant_method", NULL);
    if (method)
        return method;
    if (json_object_get(object, "config_groups"))
        return "compressed-tensors";
    if (json_object_get(object, "load_in_4bit") || json_object_get(object, "load_in_8bit"))
        return "bitsandbytes";
    if (json_object_get(object, "quant_algo"))
        return "modelopt";
    return is_mlx(object) ? "mlx" : NULL;
}

/* config[key] when it is an object; *ret stays when there is none. */
static int find_object(const json_t *config, const char *key, const json_t **ret, struct error *err)
{
    const json_t *value = json_object_get(config, key);
    if (*ret || !value || json_is_null(value))
        return 0;
    if (!json_is_object(value))
        return error_set(err, PARE_EDATA, "config.json: `%s' is not an object", key);
    *ret = value;
    return 0;
}

/* 1: config.json says nothing. */
static int look_in_config(struct unpack *unpack, const json_t *config, struct error *err)
{
    const json_t *mlx = json_object_get(config, "quantization");
    if (is_mlx(mlx)) {
        unpack->config.json = mlx;
        unpack->config.method = "mlx";
        return 0;
    }
    const json_t *found = NULL;
    int r = find_object(config, "quantization_config", &found, err);
    if (r == 0)
        r = find_object(json_object_get(config, "text_config"), "quantization_config", &found, err);
    if (r == 0)
        r = find_object(config, "compression_config", &found, err);
    if (r < 0 || !found)
        return r < 0 ? r : 1;
    unpack->config.json = found;
    unpack->config.method = method_of(found);
    if (!unpack->config.method)
        return error_set(err, PARE_ENOTSUP,
                         "config.json: quantization_config has no quant_method, "
                         "so that it is not known how the weights are stored");
    return 0;
}

static int look_in_files(struct unpack *unpack, struct error *err)
{
    for (size_t i = 0; i < sizeof side_files / sizeof side_files[0]; i++) {
        int r = side_file_json(unpack->model, side_files[i].file, MAX_SIDE_BYTES, &unpack->side,
                               err);
        if (r < 0)
            return r;
        if (r == 0 && json_object_get(unpack->side, side_files[i].key)) {
            const json_t *inner = json_object_get(unpack->side, "quantization");
            unpack->config.json = json_is_object(inner) ? inner : unpack->side;
            unpack->config.method = side_files[i].method;
            return 0;
        }
        json_decref(unpack->side);
        unpack->side = NULL;
    }
    return 1;
}

/* AutoRound writes the layouts of others. */
static int auto_round(struct unpack *unpack, struct error *err)
{
    const char *format = json_get_string(unpack->config.json, "packing_format", "");
    if (!strcmp(format, "auto_round:auto_gptq"))
        unpack->config.method = "gptq";
    else if (!strcmp(format, "auto_round:auto_awq"))
        unpack->config.method = "awq";
    else
        return error_set(err, PARE_ENOTSUP,
                         "the checkpoint is quantized by auto-round with the "
                         "packing_format `%.60s`, which cannot be read",
                         format);
    return 0;
}

static int find_scheme(struct unpack *unpack, struct error *err)
{
    int r = !strcmp(unpack->config.method, "auto-round") ? auto_round(unpack, err) : 0;
    if (r < 0)
        return r;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (!strcmp(unpack->config.method, methods[i].method)) {
            unpack->scheme = methods[i].scheme;
            return unpack->scheme->configure(unpack, err);
        }
    return error_set(err, PARE_ENOTSUP,
                     "the checkpoint is quantized by `%.60s`, which cannot be "
                     "read: use one that is not quantized, or quantized by awq, bitsandbytes, "
                     "compressed-tensors, fp8, gptq, mlx, modelopt or mxfp4",
                     unpack->config.method);
}

int unpack_choose(struct unpack *unpack, const json_t *config, struct error *err)
{
    if (!unpack->model->format || strcmp(unpack->model->format, "safetensors") != 0)
        return 1;
    int r = json_is_object(config) ? look_in_config(unpack, config, err) : 1;
    if (r > 0)
        r = look_in_files(unpack, err);
    return r != 0 ? r : find_scheme(unpack, err);
}

/* One key tells the type of the weights, a text that is replaced. Of two, the newer is kept. */
static int keep_type(json_t *config)
{
    const char *key = json_object_get(config, "dtype") ? "dtype" : "torch_dtype";
    if (!strcmp(key, "dtype"))
        (void)json_object_del(config, "torch_dtype");
    if (json_is_string(json_object_get(config, key)))
        return 0;
    return json_object_set_new(config, key, json_string("float32"));
}

int unpack_files(const struct unpack *unpack, json_t **ret_files, struct error *err)
{
    static const char *const names[] = { "quantization_config", "quantization",
                                         "compression_config" };
    _cleanup_json_ json_t *config = NULL;
    int r = side_file_json(unpack->model, "config.json", SIDE_FILE_MAX_CONFIG, &config, err);
    if (r > 0)
        *ret_files = NULL;
    if (r != 0)
        return r < 0 ? r : 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)json_object_del(config, names[i]);
    json_t *files = keep_type(config) == 0 ? json_pack("{s:O}", "config.json", config) : NULL;
    if (!files)
        return error_oom(err);
    *ret_files = files;
    return 0;
}
