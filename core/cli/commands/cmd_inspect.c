/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* `pare inspect`: what is in a model, without reading its weights. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "cli/operand.h"
#include "cli/table.h"
#include "cli/views/census_view.h"

#include <math.h>
#include <string.h>

enum { OPTION_TENSORS };

#define SHOWN_VALUE 70 /* bytes of a metadata value */

struct inspect {
    int tensors;
};

static const struct cli_option options[] = {
    { "tensors", 't', NULL, "list every tensor", OPTION_TENSORS },
    { NULL, 0, NULL, NULL, 0 },
};

static int set(void *state, int id, const char *value)
{
    struct inspect *inspect = state;
    (void)id, (void)value;
    inspect->tensors = 1;
    return CLI_OK;
}

static void print_field(const char *label, const char *text)
{
    printf("%-14s ", label);
    text_print(stdout, text);
    putchar('\n');
}

/* Some values in one line: "bos <s>, eos </s>, pad 0". */
static void print_special(const json_t *tokenizer)
{
    const json_t *special = json_object_get(tokenizer, "special");
    size_t i;
    json_t *token;
    if (!json_array_size(special))
        return;
    printf("%-14s ", "special tokens");
    json_array_foreach((json_t *)special, i, token) {
        const char *text = json_get_string(token, "text", NULL);
        fputs(i ? ", " : "", stdout);
        text_print(stdout, json_get_string(token, "name", "?"));
        printf(" %lld ", (long long)json_get_int(token, "id", -1));
        text_print(stdout, text ? text : "(no such token)");
    }
    putchar('\n');
}

static void print_tokenizer(const json_t *tokenizer)
{
    if (!json_is_object(tokenizer))
        return;
    printf("%-14s ", "tokenizer");
    text_print(stdout, json_get_string(tokenizer, "model", "?"));
    const char *pre = json_get_string(tokenizer, "pre", NULL);
    if (pre) {
        fputs(" (", stdout);
        text_print(stdout, pre);
        putchar(')');
    }
    printf(", %lld tokens, %s chat template\n", (long long)json_get_int(tokenizer, "tokens", 0),
           json_get_bool(tokenizer, "chat_template", 0) ? "with" : "no");
    print_special(tokenizer);
}

static void print_importance(const json_t *importance)
{
    const json_t *datasets = json_object_get(importance, "datasets");
    long long chunks = (long long)json_get_int(importance, "chunks", 0);
    long long size = (long long)json_get_int(importance, "chunk_size", 0);
    print_field("content", "an importance matrix");
    printf("%-14s %lld\n", "entries", (long long)json_get_int(importance, "entries", 0));
    if (chunks > 0 && size > 0)
        printf("%-14s %lld of %lld tokens\n", "chunks", chunks, size);
    else if (chunks > 0)
        printf("%-14s %lld\n", "chunks", chunks);
    size_t i;
    json_t *text;
    json_array_foreach((json_t *)datasets, i, text)
        print_field(i ? "" : "made from", json_string_value(text) ? json_string_value(text) : "?");
}

/* How the model would become a GGUF. */
static void print_map(const json_t *map)
{
    const char *name = json_get_string(map, "name", NULL);
    const char *problem = json_get_string(map, "problem", NULL);
    if (name)
        print_field("map to GGUF", name);
    else if (problem)
        print_field("map to GGUF", problem);
}

static void print_head(const json_t *model, const char *operand)
{
    char text[FIGURE_SIZE];
    const json_t *importance = json_object_get(model, "importance");
    print_field("model", operand);
    print_field("format", json_get_string(model, "format", "?"));
    if (json_is_object(importance)) {
        print_importance(importance);
        return;
    }
    print_field("architecture", json_get_string(model, "architecture", "unknown"));
    printf("%-14s %s\n", "parameters",
           figure_count(text, (uint64_t)json_get_int(model, "parameters", 0)));
    printf("%-14s %lld\n", "tensors", (long long)json_get_int(model, "tensor_count", 0));
    printf("%-14s %s", "weights", figure_bytes(text, (uint64_t)json_get_int(model, "bytes", 0)));
    printf(", %s bits each\n", figure_real(text, json_get_real(model, "bits_per_weight", NAN), 3));
    if (json_get_string(model, "license", NULL))
        print_field("licence", json_get_string(model, "license", NULL));
    print_map(json_object_get(model, "map"));
    print_tokenizer(json_object_get(model, "tokenizer"));
}

static int print_census(const json_t *model)
{
    if (json_is_object(json_object_get(model, "importance")))
        return 0;
    putchar('\n');
    return census_view_print(json_object_get(model, "census"));
}

static int print_files(const json_t *model)
{
    static const char *const headings[] = { "FILE", "ROLE", "BYTES" };
    const json_t *files = json_object_get(model, "files");
    if (json_array_size(files) < 2)
        return 0;
    struct table *table = table_new("llr", headings);
    size_t i;
    json_t *file;
    json_array_foreach((json_t *)files, i, file) {
        table_cell(table, json_get_string(file, "name", NULL));
        table_cell(table, json_get_string(file, "role", NULL));
        table_cellf(table, "%lld", (long long)json_get_int(file, "bytes", 0));
    }
    putchar('\n');
    int r = table_print(table, stdout);
    table_free(table);
    return r;
}

/* A value in at most SHOWN_VALUE bytes: text as it is, arrays by their first elements. */
static void add_value(struct table *table, const json_t *entry)
{
    int is_array = json_get_bool(entry, "array", 0);
    const json_t *value = json_object_get(entry, is_array ? "first" : "value");
    _cleanup_free_ char *text = json_is_string(value)
                                    ? strdup(json_string_value(value))
                                    : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(7));
    size_t n = text ? strlen(text) : 0;
    const char *more = "";
    if (n > SHOWN_VALUE) {
        for (n = SHOWN_VALUE; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;)
            n--;
        more = "...";
    }
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_add(&sb, text ? text : "", n);
    strbuf_puts(&sb, more);
    table_cell(table, sb.data);
}

static int print_metadata(const json_t *model)
{
    static const char *const headings[] = { "METADATA", "TYPE", "VALUE" };
    const json_t *metadata = json_object_get(model, "metadata");
    if (!json_array_size(metadata))
        return 0;
    struct table *table = table_new("llc", headings);
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)metadata, i, entry) {
        table_cell(table, json_get_string(entry, "key", NULL));
        const char *type = json_get_string(entry, "type", "?");
        if (json_get_bool(entry, "array", 0))
            table_cellf(table, "%s[%lld]", type, (long long)json_get_int(entry, "count", 0));
        else
            table_cell(table, type);
        add_value(table, entry);
    }
    putchar('\n');
    int r = table_print(table, stdout);
    table_free(table);
    return r;
}

/* Whether the reader tells what one of the tensors is for. */
static int tells_facts(const json_t *tensors)
{
    size_t i;
    json_t *tensor;
    json_array_foreach((json_t *)tensors, i, tensor) {
        if (json_object_get(tensor, "purpose") || json_object_get(tensor, "op") ||
            json_object_get(tensor, "channel"))
            return 1;
    }
    return 0;
}

static void add_facts(struct table *table, const json_t *tensor)
{
    table_cell(table, json_get_string(tensor, "purpose", NULL));
    table_cell(table, json_get_string(tensor, "op", NULL));
    if (json_object_get(tensor, "channel"))
        table_cellf(table, "%lld", (long long)json_get_int(tensor, "channel", 0));
    else
        table_cell(table, NULL);
}

static int print_tensors(const json_t *model)
{
    static const char *const headings[] = { "TENSOR", "SHAPE",   "ENCODING", "BYTES",
                                            "OFFSET", "PURPOSE", "OP",       "CHANNEL" };
    const json_t *tensors = json_object_get(model, "tensors");
    if (!json_array_size(tensors))
        return 0;
    int facts = tells_facts(tensors);
    struct table *table = table_new(facts ? "lllrrllr" : "lllrr", headings);
    size_t i;
    json_t *tensor;
    char text[96];
    json_array_foreach((json_t *)tensors, i, tensor) {
        table_cell(table, json_get_string(tensor, "name", NULL));
        table_cell(table, shape_text(json_object_get(tensor, "shape"), text));
        table_cell(table, json_get_string(tensor, "encoding", NULL));
        table_cellf(table, "%lld", (long long)json_get_int(tensor, "bytes", 0));
        table_cellf(table, "%lld", (long long)json_get_int(tensor, "offset", 0));
        if (facts)
            add_facts(table, tensor);
    }
    putchar('\n');
    int r = table_print(table, stdout);
    table_free(table);
    return r;
}

static int print_model(const json_t *model, const char *operand)
{
    print_head(model, operand);
    int r = print_census(model);
    if (r == 0)
        r = print_files(model);
    if (r == 0)
        r = print_metadata(model);
    if (r == 0)
        r = print_tensors(model);
    return r < 0 ? cli_fail(CLI_FAILURE, "out of memory") : CLI_OK;
}

static int run(const struct cli *cli, void *state, int n_operands, char **operands)
{
    const struct inspect *inspect = state;
    struct source_set source = { 0 };
    struct error err = ERROR_INIT;
    (void)n_operands;
    int status = operand_open(operands[0], &source, &err);
    if (status != CLI_OK)
        return status;
    _cleanup_json_ json_t *model = NULL;
    struct worker_question question = {
        .kind = "inspect",
        .event = "model",
        .source = &source,
        .more = json_pack("{s:b}", "tensors", inspect->tensors),
        .what = operands[0],
        .n_answers = 1,
    };
    status = worker_ask(cli, &question, &model);
    source_set_deinit(&source);
    if (status != CLI_OK)
        return status;
    return cli->json ? worker_print_answer(model) : print_model(model, operands[0]);
}

const struct cli_command cmd_inspect = {
    .name = "inspect",
    .synopsis = "FILE [--tensors] [--json]",
    .summary = "Show what is in a model",
    .details = "FILE is a model file, one shard of a model, or a folder. No weight is read.\n",
    .options = options,
    .min_operands = 1,
    .max_operands = 1,
    .state_size = sizeof(struct inspect),
    .set = set,
    .run = run,
};
