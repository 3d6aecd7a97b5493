/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* `pare convert`: its options, then each source in turn. Options of settings come from their table.
 * */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/commands/convert_private.h"
#include "settings/settings.h"
#include "supervise/job_target.h"

#include <string.h>

/* clang-format off */
enum {
    OPTION_TO,
    OPTION_OUT,
    OPTION_DRY_RUN,
    OPTION_SHARD_SIZE,
    OPTION_IMPORTANCE,
    OPTION_INCLUDE,
    OPTION_EXCLUDE,
    OPTION_NO_SIDECARS,
    OPTION_SPLIT_SIZE,
    OPTION_SPLIT_TENSORS,
    OPTION_KEEP_SPLIT,
    OPTION_AS_CONTAINER,
    OPTION_PRE,
    OPTION_TOKENIZER,
    OPTION_RESUME,
    OPTION_QUIET,
    OPTION_TENSOR, /* those from here on are overrides */
    OPTION_KEEP,
    OPTION_OUTPUT,
    OPTION_EMBEDDING,
    OPTION_PURE,
    OPTION_METADATA,
    OPTION_DROP,
    OPTION_OVERRIDES,
};
/* clang-format on */

static const struct cli_option options[] = {
    { "to", 't', "FORMAT:RECIPE", "a target; may be repeated", OPTION_TO },
    { "out", 'o', "DIR", "where outputs go (default: .)", OPTION_OUT },
    { "dry-run", 'n', NULL, "print the plan and write nothing", OPTION_DRY_RUN },
    { "importance", 0, "FILE", "importance matrix, as llama-imatrix writes it", OPTION_IMPORTANCE },
    { "include-importance", 0, "TEXT", "only entries with this in their name", OPTION_INCLUDE },
    { "exclude-importance", 0, "TEXT", "no entries with this in their name", OPTION_EXCLUDE },
    { "tensor", 0, "PATTERN=ENC", "encoding of tensors by name; /REGEX/=ENC", OPTION_TENSOR },
    { "keep", 0, "PATTERN", "leave tensors as they are", OPTION_KEEP },
    { "output-tensor", 0, "ENC", "encoding of the output matrix, or keep", OPTION_OUTPUT },
    { "token-embedding", 0, "ENC", "encoding of the embedding, or keep", OPTION_EMBEDDING },
    { "pure", 0, NULL, "no mixture: the recipe's main encoding for all", OPTION_PURE },
    { "metadata", 0, "KEY=TYPE:VALUE", "set an entry of the output's metadata", OPTION_METADATA },
    { "drop-metadata", 0, "KEY", "leave an entry out", OPTION_DROP },
    { "overrides", 0, "FILE", "more rules, see pare-recipe(5)", OPTION_OVERRIDES },
    { "no-sidecars", 0, NULL, "use nothing that lies beside the source", OPTION_NO_SIDECARS },
    { "split-max-size", 0, "BYTES", "split outputs at so many bytes", OPTION_SPLIT_SIZE },
    { "split-max-tensors", 0, "N", "split outputs at so many tensors", OPTION_SPLIT_TENSORS },
    { "keep-split", 0, NULL, "split outputs as the source is split", OPTION_KEEP_SPLIT },
    { "shard-size", 0, "BYTES", "split safetensors; K, M, G by 1024", OPTION_SHARD_SIZE },
    { "as-container", 0, NULL, "names and metadata as they are: no map", OPTION_AS_CONTAINER },
    { "pre", 0, "NAME", "llama.cpp's name of the pre-tokenizer", OPTION_PRE },
    { "tokenizer", 0, "WHAT", "none: a GGUF without a tokenizer", OPTION_TOKENIZER },
    { "resume", 0, NULL, "go on with an interrupted run of the same", OPTION_RESUME },
    { "quiet", 'q', NULL, "no progress and no summary", OPTION_QUIET },
    { NULL, 0, NULL, NULL, 0 },
};

int convert_add_target(struct convert_options *o, const char *text)
{
    struct error err = ERROR_INIT;
    struct job_target target;
    if (job_target_parse(text, ':', &target, &err) < 0)
        return cli_usage("--to: %s", err.text);
    if (job_target_check(&target, o->targets, o->n_targets, &err) < 0) {
        job_target_deinit(&target);
        return cli_usage("--to: %s", err.text);
    }
    o->targets[o->n_targets++] = target;
    return CLI_OK;
}

/* The option of a setting; each kind of value has its own message. */
static int set_setting(struct convert_options *o, const struct setting *setting, const char *value)
{
    struct error err = ERROR_INIT;
    long long n;
    if (setting->kind == SETTING_COUNT &&
        cli_number(setting->option, value, 0, (long long)setting->max, &n) < 0)
        return CLI_USAGE;
    if (setting->kind == SETTING_WORD && cli_choice(setting->option, setting->choices, value) < 0)
        return CLI_USAGE;
    if (setting->is_rule)
        return overrides_setting(&o->overrides, setting, value);
    if (setting->kind == SETTING_FLAG)
        value = strcmp(setting->fallback, "yes") ? "yes" : "no";
    if (!o->settings)
        o->settings = json_object();
    return setting_set(o->settings, setting, value, &err) < 0
               ? cli_usage("--%s: \"%.100s\": %s", setting->option, value, err.text)
               : CLI_OK;
}

/* Adds a text that entries' names must have, or must not have; as in llama-quantize, not both. */
static int add_part(struct convert_options *o, const char *key, const char *value)
{
    if (!o->importance_parts)
        o->importance_parts = json_object();
    if (json_object_size(o->importance_parts) && !json_object_get(o->importance_parts, key))
        return cli_usage("--include-importance and --exclude-importance do not go together");
    if (!json_object_get(o->importance_parts, key))
        (void)json_object_set_new(o->importance_parts, key, json_array());
    return !*value || json_array_append_new(json_object_get(o->importance_parts, key),
                                            json_string(value)) < 0
               ? cli_usage("--%s-importance needs a text in UTF-8", key)
               : CLI_OK;
}

/* An option for the writers of all targets. */
static int add_writing(struct convert_options *o, const char *name, const char *value)
{
    if (!o->writing)
        o->writing = json_object();
    return json_object_set_new(o->writing, name, json_string(value)) < 0
               ? cli_usage("%s: \"%.100s\" is not UTF-8", name, value)
               : CLI_OK;
}

static int set_shard_size(struct convert_options *o, const char *value)
{
    unsigned long long bytes;
    char text[32];
    if (cli_bytes("shard-size", value, &bytes) < 0)
        return CLI_USAGE;
    (void)snprintf(text, sizeof text, "%llu", bytes);
    return add_writing(o, "shard_size", text);
}

/* The suffixes are the writers': powers of 1000. */
static int set_split_size(struct convert_options *o, const char *value)
{
    size_t n = strspn(value, "0123456789"), rest = strlen(value) - n;
    if (!n || rest > 1 || (rest && !strchr("KMG", value[n])) || strspn(value, "0") == n)
        return cli_usage("--split-max-size needs a number of bytes such as 5000000000 or 4G, not "
                         "\"%.100s\"",
                         value);
    return add_writing(o, "split_max_size", value);
}

static int set_split_tensors(struct convert_options *o, const char *value)
{
    long long n;
    char text[32];
    if (cli_number("split-max-tensors", value, 1, INT32_MAX, &n) < 0)
        return CLI_USAGE;
    (void)snprintf(text, sizeof text, "%lld", n);
    return add_writing(o, "split_max_tensors", text);
}

/* Options about the map from one naming world to the other (pare-architecture(5)). */
static int set_mapping(struct convert_options *o, int id, const char *value)
{
    if (id == OPTION_AS_CONTAINER)
        return add_writing(o, "as_container", "yes");
    if (id == OPTION_PRE && (!*value || strlen(value) > 64))
        return cli_usage("--pre needs a name such as llama-bpe, not \"%.100s\"", value);
    if (id == OPTION_TOKENIZER && strcmp(value, "none") != 0)
        return cli_usage("--tokenizer: \"%.100s\" is not a value; the only one is none", value);
    return add_writing(o, id == OPTION_PRE ? "pre" : "tokenizer", value);
}

static int set_override(struct overrides *overrides, int id, const char *value)
{
    switch (id) {
    case OPTION_TENSOR:
        return overrides_tensor(overrides, value);
    case OPTION_KEEP:
        return overrides_keep(overrides, value);
    case OPTION_OUTPUT:
        return overrides_output(overrides, value);
    case OPTION_EMBEDDING:
        return overrides_embedding(overrides, value);
    case OPTION_PURE:
        return overrides_pure(overrides);
    case OPTION_METADATA:
        return overrides_metadata(overrides, value);
    case OPTION_DROP:
        return overrides_drop_metadata(overrides, value);
    default:
        return overrides_file(overrides, value);
    }
}

static int set(void *state, int id, const char *value)
{
    struct convert_options *o = state;
    if (id >= CLI_SETTINGS)
        return set_setting(o, setting_at((size_t)(id - CLI_SETTINGS)), value);
    switch (id) {
    case OPTION_TO:
        return convert_add_target(o, value);
    case OPTION_SHARD_SIZE:
        return set_shard_size(o, value);
    case OPTION_INCLUDE:
        return add_part(o, "include", value);
    case OPTION_EXCLUDE:
        return add_part(o, "exclude", value);
    case OPTION_SPLIT_SIZE:
        return set_split_size(o, value);
    case OPTION_SPLIT_TENSORS:
        return set_split_tensors(o, value);
    case OPTION_KEEP_SPLIT:
        return add_writing(o, "keep_split", "true");
    case OPTION_AS_CONTAINER:
    case OPTION_PRE:
    case OPTION_TOKENIZER:
        return set_mapping(o, id, value);
    case OPTION_OUT:
        o->out = value;
        break;
    case OPTION_IMPORTANCE:
        o->importance = value;
        break;
    case OPTION_DRY_RUN:
        o->dry_run = 1;
        break;
    case OPTION_NO_SIDECARS:
        o->no_sidecars = 1;
        break;
    case OPTION_RESUME:
        o->resume = 1;
        break;
    case OPTION_QUIET:
        o->quiet = 1;
        break;
    default:
        return set_override(&o->overrides, id, value);
    }
    return CLI_OK;
}

/* Defaults, and options that go to every target. */
static int complete(struct convert_options *o)
{
    o->out = o->out && *o->out ? o->out : ".";
    if (!o->n_targets)
        return cli_usage("convert: say what to make with --to FORMAT:RECIPE, such as "
                         "--to gguf:q4_k_m (`pare recipes` lists them)");
    for (size_t i = 0; i < o->n_targets; i++)
        o->targets[i].options = json_incref(o->writing);
    return CLI_OK;
}

static int plan_all(const struct cli *cli, const struct convert_options *o, int n, char **operands)
{
    int worst = CLI_OK;
    for (int i = 0; i < n; i++) {
        int status = convert_plan(cli, o, operands[i]);
        if (status != CLI_OK)
            worst = status;
    }
    return worst;
}

static int convert_all(const struct cli *cli, const struct convert_options *o, int n,
                       char **operands)
{
    struct convert_result *results = calloc((size_t)n, sizeof *results);
    if (!results)
        return cli_fail(CLI_FAILURE, "out of memory");
    int worst = CLI_OK, status = CLI_OK;
    size_t tried = 0;
    convert_catch_signals();
    for (int i = 0; i < n && status != CLI_INTERRUPTED; i++) {
        status = convert_one(cli, o, operands[i], &results[tried++]);
        if (status != CLI_OK)
            worst = status;
    }
    status = cli->json  ? convert_print_json(results, tried)
             : o->quiet ? CLI_OK
                        : convert_print_summary(results, tried);
    for (size_t i = 0; i < tried; i++)
        json_decref(results[i].outputs);
    free(results);
    return worst != CLI_OK ? worst : status;
}

static int run(const struct cli *cli, void *state, int n_operands, char **operands)
{
    struct convert_options *o = state;
    int status = complete(o);
    if (status == CLI_OK)
        status = o->dry_run ? plan_all(cli, o, n_operands, operands)
                            : convert_all(cli, o, n_operands, operands);
    for (size_t i = 0; i < o->n_targets; i++)
        job_target_deinit(&o->targets[i]);
    overrides_deinit(&o->overrides);
    json_decref(o->settings);
    json_decref(o->writing);
    json_decref(o->importance_parts);
    return status;
}

const struct cli_command cmd_convert = {
    .name = "convert",
    .synopsis = "SOURCE... --to FORMAT:RECIPE... [--out DIR] [OPTION...]",
    .summary = "Convert models and measure the error",
    .details =
        "A source is a model file, one shard of a model, or a folder. All targets are made in one\n"
        "read of it; each gets a manifest and a report beside it, and a row in the catalog.\n"
        "Existing files are never replaced: the new one is called NAME-2.\n"
        "Beside SOURCE.gguf, SOURCE.imatrix.gguf is its importance matrix and SOURCE.pare has\n"
        "rules for it. Patterns match whole names: '*.ffn_down.weight', 'blk.{0-3}.*'.\n",
    .options = options,
    .takes_settings = 1,
    .min_operands = 1,
    .max_operands = -1,
    .state_size = sizeof(struct convert_options),
    .set = set,
    .run = run,
};
