/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * core/tokenizer: small tokenizers loaded and written again, and hostile ones. tests/interop
 * compares whole ones with llama.cpp.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/json_numbers.h"
#include "base/strbuf.h"
#include "model/metadata.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_table.h"
#include "tokenizer/tokenizer_unload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

static struct model *folder, *target;
static struct error err;
static struct tokenizer_request request;

static int begin(void **state)
{
    (void)state;
    err = (struct error)ERROR_INIT;
    if (model_new(&folder, &err) < 0 || model_new(&target, &err) < 0)
        return -1;
    request = (struct tokenizer_request){ .source = folder,
                                          .add_space_prefix = -1,
                                          .looks_special = 1,
                                          .dirs = getenv("PARE_ARCHITECTURES") };
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < folder->n_files; i++)
        close(folder->files[i].fd);
    model_free(folder);
    model_free(target);
    return 0;
}

static void add_bytes(const char *name, const void *data, size_t n)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, n), (ssize_t)n);
    assert_int_equal(model_add_file(folder, name, fd, n, &err), 0);
}

static void add(const char *name, const char *text)
{
    add_bytes(name, text, strlen(text));
}

static void load(void)
{
    int r = tokenizer_load(&request, target, &err);
    if (r)
        fail_msg("%s", err.text);
}

static void refuse(int code, const char *text)
{
    assert_int_equal(tokenizer_load(&request, target, &err), code);
    if (!strstr(err.text, text))
        fail_msg("`%s` is not in `%s`", text, err.text);
}

static const char *token(uint64_t i)
{
    const struct pare_value *value = meta_find(target, "tokenizer.ggml.tokens");
    assert_non_null(value);
    assert_true(i < value->count);
    return ((const struct pare_str *)value->data)[i].data;
}

static int type(uint64_t i)
{
    const struct pare_value *value = meta_find(target, "tokenizer.ggml.token_type");
    assert_non_null(value);
    return ((const int32_t *)value->data)[i];
}

#define GPT2 "\"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false}"
#define ADDED(id, text, special) \
    "{\"id\": " #id ", \"content\": \"" text "\", \"special\": " special "}"

static const char small_bpe[] = "{\"added_tokens\": [" ADDED(3, "<s>", "true") ", " ADDED(
    4, "\xe2\x96\x81x",
    "false") "], " GPT2 ", \"decoder\": {\"type\": \"ByteLevel\"}, \"model\": {\"type\": \"BPE\", "
             "\"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2}, \"merges\": [\"a b\"]}}";

static void test_bpe(void **state)
{
    (void)state;
    add("tokenizer.json", small_bpe);
    add("tokenizer_config.json",
        "{\"bos_token\": \"<s>\", \"add_bos_token\": true, "
        "\"model_max_length\": 1000000000000000019884624838656, \"chat_template\": \"{{ x }}\"}");
    request.vocab_size = 6;
    load();
    assert_string_equal(token(2), "ab");
    assert_string_equal(token(4), " x");
    assert_string_equal(token(5), "[PAD5]");
    assert_int_equal(type(0), 1);
    assert_int_equal(type(3), 3);
    assert_int_equal(type(4), 4);
    assert_int_equal(type(5), 5);
    assert_int_equal(meta_int(target, "tokenizer.ggml.bos_token_id", -1), 3);
    _cleanup_free_ char *pre = meta_string(target, "tokenizer.ggml.pre");
    assert_string_equal(pre, "gpt-2");
    _cleanup_free_ char *chat = meta_string(target, "tokenizer.chat_template");
    assert_string_equal(chat, "{{ x }}");
}

static void test_pairs(void **state)
{
    (void)state;
    add("tokenizer.json", "{" GPT2 ", \"model\": {\"type\": \"BPE\", \"vocab\": {\"a \": 0, "
                          "\"b\": 1, \"a b\": 2}, \"merges\": [[\"a \", \"b\"]]}}");
    load();
    const struct pare_value *merges = meta_find(target, "tokenizer.ggml.merges");
    assert_string_equal(((const struct pare_str *)merges->data)->data, "a\xc4\xa0 b");
}

static void test_unknown_pre(void **state)
{
    (void)state;
    add("tokenizer.json",
        "{\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": "
        "\"odd+\"}, \"behavior\": \"Isolated\"}, \"model\": {\"type\": \"BPE\", \"vocab\": "
        "{\"a\": 0}, \"merges\": []}}");
    refuse(PARE_ENOTSUP, "odd+");
    assert_non_null(strstr(err.text, "--pre NAME"));
    request.pre = "gpt-2";
    load();
}

static void test_table(void **state)
{
    (void)state;
    static const char digits[] = "8e7b2ca0e2e3a14264ef3aa309a9b5c1ffca87247e2c64604ca6e09b0d9102f2";
    static const struct {
        const char *name;
        int clean, adds_bos;
    } known[] = { { "gpt-2", -1, 0 }, { "smollm", 0, 0 }, { "llama-bpe", -1, 1 } };
    struct tokenizer_entry entry = { 0 };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_int_equal(tokenizer_table_by_name(request.dirs, known[i].name, &entry, &err), 0);
        assert_string_equal(entry.name, known[i].name);
        assert_non_null(strstr(entry.lines, "ByteLevel"));
        assert_int_equal(entry.clean, known[i].clean);
        assert_int_equal(entry.adds_bos, known[i].adds_bos);
        tokenizer_entry_deinit(&entry);
    }
    for (int clean = 0; clean < 2; clean++) {
        assert_int_equal(tokenizer_table_by_digest(request.dirs, digits, clean, &entry, &err), 0);
        assert_string_equal(entry.name, clean ? "starcoder" : "smollm");
        tokenizer_entry_deinit(&entry);
    }
    assert_int_equal(tokenizer_table_by_name(request.dirs, "nothing", &entry, &err), 1);
    assert_int_equal(tokenizer_table_by_digest(request.dirs, "8e7b", 1, &entry, &err), 1);
    assert_int_equal(tokenizer_table_by_name("/nowhere", "gpt-2", &entry, &err), 1);
}

static void test_wordpiece(void **state)
{
    (void)state;
    /* clang-format off */
    add("tokenizer.json",
        "{\"added_tokens\": [" ADDED(0, "[CLS]", "true") "], "
        "\"normalizer\": {\"type\": \"BertNormalizer\", \"clean_text\": true, "
        "\"handle_chinese_chars\": true, \"strip_accents\": null, \"lowercase\": true}, "
        "\"pre_tokenizer\": {\"type\": \"BertPreTokenizer\"}, \"model\": {\"type\": "
        "\"WordPiece\", \"vocab\": {\"[CLS]\": 0, \"a\": 1, \"##b\": 2}}}");
    /* clang-format on */
    load();
    assert_string_equal(token(0), "[CLS]");
    assert_string_equal(token(1), "\xe2\x96\x81"
                                  "a");
    assert_string_equal(token(2), "b");
    assert_non_null(meta_find(target, "tokenizer.ggml.normalizer.lowercase"));
}

static void test_fallback(void **state)
{
    (void)state;
    add("tokenizer.json",
        "{\"decoder\": {\"type\": \"Sequence\"}, \"normalizer\": {\"type\": "
        "\"Prepend\"}, \"model\": {\"type\": \"BPE\", \"byte_fallback\": true, \"vocab\": "
        "{\"<0x0A>\": 0, \"a\": 1, \"b\": 2, \"ab\": 3, \"ba\": 4}, "
        "\"merges\": [\"b a\", \"a b\"]}}");
    load();
    assert_int_equal(type(0), 6);
    const float *scores = meta_find(target, "tokenizer.ggml.scores")->data;
    assert_true(scores[4] > scores[3]);
}

/* Pieces <unk>, a and ab; then those of the piece that is broken. */
/* clang-format off */
static const unsigned char spm[] = {
    0x0a, 0x09, 0x0a, 5, '<', 'u', 'n', 'k', '>', 0x18, 2,
    0x0a, 0x03, 0x0a, 1, 'a',
    0x0a, 0x09, 0x0a, 2, 'a', 'b', 0x15, 0, 0, 0x80, 0x3f,
    0x12, 0x02, 0x18, 2,
};
/* clang-format on */

static void test_spm(void **state)
{
    (void)state;
    add_bytes("tokenizer.model", spm, sizeof spm);
    request.vocab_size = 4;
    load();
    assert_int_equal(type(0), 2);
    assert_string_equal(token(2), "ab");
    assert_string_equal(token(3), "[PAD3]");
    const float *scores = meta_find(target, "tokenizer.ggml.scores")->data;
    assert_true(scores[2] == 1.0f && scores[3] == -10000.0f);
}

static void test_spm_cut(void **state)
{
    (void)state;
    add_bytes("tokenizer.model", spm, 20);
    refuse(PARE_EDATA, "tokenizer.model");
}

/* A SentencePiece model whose last piece is these bytes. */
static void hostile_spm(const char *piece, size_t n, const char *text)
{
    unsigned char data[64] = { 0x0a, 0x03, 0x0a, 1, 'a', 0x0a };
    end(NULL);
    begin(NULL);
    data[6] = (unsigned char)n;
    memcpy(data + 7, piece, n);
    add_bytes("tokenizer.model", data, 7 + n);
    refuse(PARE_EDATA, text);
    assert_non_null(strstr(err.text, "tokenizer.model"));
}

static void test_spm_hostile(void **state)
{
    (void)state;
    hostile_spm("\x0a\1b\x15\0\0\xc0\x7f", 8, "score of piece 1 is nan");
    hostile_spm("\x0a\1b\x15\0\0\x80\xff", 8, "score of piece 1 is -inf");
    hostile_spm("\x0a\1b\x10\5", 5, "field 2 of piece 1 has the wire type 0");
    hostile_spm("\x0d\1b\x10\5", 5, "field 1 of piece 1 has the wire type 5");
    hostile_spm("\x0a\2b\xc3", 4, "piece 1 is not UTF-8");
    hostile_spm("\x18\1", 2, "piece 1 is empty");
    hostile_spm("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 11, "bytes where 0 are left");
    hostile_spm("\x0b", 1, "wire type 3");
    hostile_spm("\x0a\1a", 3, "stands twice");
    for (size_t n = 0; n < sizeof spm; n++) { /* cut anywhere: at the end of a piece it is fine */
        end(NULL);
        begin(NULL);
        add_bytes("tokenizer.model", spm, n);
        int r = tokenizer_load(&request, target, &err);
        assert_true(r == 0 || strstr(err.text, "tokenizer.model"));
    }
}

/* Names of tokenizer_config.json, where nothing else gives the ids; llama.cpp assumes some of
 * them. */
static void test_names(void **state)
{
    (void)state;
    add_bytes("tokenizer.model", spm, sizeof spm);
    add("tokenizer_config.json", "{\"bos_token\": \"ab\", \"eos_token\": {\"content\": \"a\"}, "
                                 "\"unk_token\": \"<unk>\", \"pad_token\": \"none\"}");
    load();
    assert_int_equal(meta_int(target, "tokenizer.ggml.bos_token_id", -1), 2);
    assert_int_equal(meta_int(target, "tokenizer.ggml.eos_token_id", -1), 1);
    assert_null(meta_find(target, "tokenizer.ggml.unknown_token_id"));
    assert_null(meta_find(target, "tokenizer.ggml.padding_token_id"));
}

static void test_missing(void **state)
{
    (void)state;
    refuse(PARE_EINCOMPLETE, "--tokenizer none");
    request.kind = "none";
    load();
    _cleanup_free_ char *model = meta_string(target, "tokenizer.ggml.model");
    assert_string_equal(model, "none");
}

static void hostile(const char *vocab, const char *merges, int code, const char *text)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    end(NULL);
    begin(NULL);
    strbuf_puts(&sb, "{" GPT2 ", \"model\": {\"type\": \"BPE\", \"vocab\": ");
    strbuf_puts(&sb, vocab);
    strbuf_puts(&sb, ", \"merges\": ");
    strbuf_puts(&sb, merges);
    strbuf_puts(&sb, "}}");
    add("tokenizer.json", sb.data);
    refuse(code, text);
}

static void test_hostile(void **state)
{
    (void)state;
    hostile("{\"a\": 0, \"a\": 1}", "[]", PARE_EDATA, "stands twice");
    hostile("{\"a\": 0, \"b\": 0}", "[]", PARE_EDATA, "has the id 0");
    hostile("{\"a\": -1}", "[]", PARE_EDATA, "id");
    hostile("{\"a\": 1.5}", "[]", PARE_EDATA, "id");
    hostile("{\"a\": 99999999999}", "[]", PARE_ELIMIT, "TOKENIZER_MAX_TOKENS");
    hostile("[]", "[]", PARE_EDATA, "vocabulary");
    hostile("{}", "[]", PARE_EDATA, "tokenizer.json: the vocabulary has no tokens");
    hostile("{\"a\": 0}", "[\"a a\"]", PARE_EDATA, "`aa` is no token");
    hostile("{\"a\": 0}", "[\"aa\"]", PARE_EDATA, "merge 0");
    hostile("{\"a\": 0}", "[7]", PARE_EDATA, "merge 0");
    hostile("{\"a\": 0, \"b\": 1}", "[[\"a\", \"\"]]", PARE_EDATA, "merge 0");
}

/* small_bpe with another file, or another tokenizer.json alone. */
static void hostile_file(const char *name, const char *text, int code, const char *expected)
{
    end(NULL);
    begin(NULL);
    add(name, text);
    if (strcmp(name, "tokenizer.json") != 0)
        add("tokenizer.json", small_bpe);
    refuse(code, expected);
}

/* 10 MB of zeros between two texts. */
static void make_long(struct strbuf *sb, const char *before, const char *behind)
{
    sb->len = 0;
    strbuf_puts(sb, before);
    for (int i = 0; i < 10 << 10; i++)
        strbuf_printf(sb, "%01024d", 0);
    strbuf_puts(sb, behind);
}

static void test_long(void **state)
{
    (void)state;
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT, deep = STRBUF_INIT;
    make_long(&sb, "{\"", "\": 0}");
    hostile(sb.data, "[]", PARE_ELIMIT, "TOKENIZER_MAX_TOKEN");
    make_long(&sb, "{\"chat_template\": \"", "\"}");
    hostile_file("tokenizer_config.json", sb.data, PARE_ELIMIT, "TOKENIZER_MAX_TEMPLATE");
    make_long(&sb, "{\"pre_tokenizer\": {\"type\": \"", "\"}}");
    hostile_file("tokenizer.json", sb.data, PARE_ENOTSUP, "fingerprint");
    for (int i = 0; i < 100000; i++)
        strbuf_puts(&deep, "[");
    hostile("{\"a\": 0}", deep.data, PARE_ELIMIT, "JSON_CHECK_DEPTH");
    hostile_file("tokenizer_config.json", deep.data, PARE_ELIMIT, "JSON_CHECK_DEPTH");
}

static void test_types(void **state)
{
    static const char *const json[][2] = {
        { "{\"added_tokens\": {}}", "tokenizer.json: `added_tokens` is an object" },
        { "{\"model\": 7}", "`model` is a number, where an object is needed" },
        { "{\"model\": {\"merges\": \"a b\"}}", "`model.merges` is a text" },
        { "{\"model\": {\"ignore_merges\": 1}}", "where true or false is needed" },
        { "{\"model\": {\"vocab\": \"a\"}}", "`model.vocab` is a text" },
        { "{\"normalizer\": []}", "`normalizer` is a list" },
        { "{\"pre_tokenizer\": {\"pretokenizers\": true}}", "is a truth, where a list" },
    };
    static const char *const config[][2] = {
        { "{\"bos_token\": 3}", "tokenizer_config.json: `bos_token` is a number" },
        { "{\"add_bos_token\": \"yes\"}", "`add_bos_token` is a text" },
        { "{\"added_tokens_decoder\": []}", "where an object is needed" },
        { "{\"added_tokens_decoder\": {\"x\": {\"content\": \"a\"}}}", "`x` is no id" },
        { "{\"added_tokens_decoder\": {\"-1\": {\"content\": \"a\"}}}", "`-1` is no id" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof json / sizeof *json; i++)
        hostile_file("tokenizer.json", json[i][0], PARE_EDATA, json[i][1]);
    for (size_t i = 0; i < sizeof config / sizeof *config; i++)
        hostile_file("tokenizer_config.json", config[i][0], PARE_EDATA, config[i][1]);
}

static void hostile_added(const char *added, int code, const char *expected)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_puts(&sb, "{\"added_tokens\": [");
    strbuf_puts(&sb, added);
    strbuf_puts(&sb, "], " GPT2 ", \"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, "
                     "\"merges\": []}}");
    hostile_file("tokenizer.json", sb.data, code, expected);
}

static void test_added(void **state)
{
    (void)state;
    hostile_added(ADDED(4000000000, "x", "true"), PARE_ELIMIT, "id 4000000000");
    hostile_added(ADDED(0, "x", "true"), PARE_EDATA, "`x` has the id 0, which is that of `a`");
    hostile_added(ADDED(1, "a", "true"), PARE_EDATA, "stands twice");
    hostile_added(ADDED(1, "x", "true") ", " ADDED(1, "y", "true"), PARE_EDATA, "`y` has the id 1");
    hostile_added(ADDED(-1, "x", "true"), PARE_EDATA, "no number from 0 on");
    hostile_added("7", PARE_EDATA, "added_tokens");
    hostile_added("{\"id\": 1, \"content\": \"\xff\"}", PARE_EDATA, "not JSON");
}

/* Special tokens of config.json. */
static void test_special_ids(void **state)
{
    (void)state;
    request.config = json_pack("{s:i, s:i, s:I}", "bos_token_id", -1, "eos_token_id", 1,
                               "pad_token_id", (json_int_t)4000000000);
    add("tokenizer.json", small_bpe);
    load();
    assert_null(meta_find(target, "tokenizer.ggml.bos_token_id"));
    assert_int_equal(meta_int(target, "tokenizer.ggml.eos_token_id", -1), 1);
    assert_null(meta_find(target, "tokenizer.ggml.padding_token_id"));
    (void)json_object_set_new((json_t *)request.config, "pad_token_id", json_integer(-7));
    refuse(PARE_EDATA, "pad has the id -7");
    json_decref((json_t *)request.config);
}

static void keep_warning(void *context, const char *text)
{
    (void)snprintf(context, 512, "%s", text);
}

/* What is no token's id is told, and never taken for none; several ends are none. A number that
 * nobody asks for stops nothing. */
static void test_wrong_ids(void **state)
{
    static const char *const wrong[][2] = { { "1e400", "is 1e400, and is ignored" },
                                            { "NaN", "is NaN, and is ignored" },
                                            { "1.5", "is no whole number, and is ignored" },
                                            { "\"1\"", "is no whole number, and is ignored" },
                                            { "true", "is no whole number, and is ignored" },
                                            { "[1, 2]", "" },
                                            { "null", "" },
                                            { "1.0", "" } };
    char warning[512];
    request.warn = keep_warning;
    request.context = warning;
    (void)state;
    add("tokenizer.json", small_bpe);
    add("tokenizer_config.json", "{\"model_max_length\": Infinity}");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char config[100];
        int n = snprintf(config, sizeof config, "{\"eos_token_id\": %s}", wrong[i][0]);
        char *text = strndup(config, (size_t)n);
        size_t len = (size_t)n;
        json_t *json = NULL;
        *warning = 0;
        assert_int_equal(json_numbers_mark(&text, &len, &err), 0);
        assert_int_equal(json_parse_object(text, len, &json, &err), 0);
        free(text);
        request.config = json;
        model_free(target);
        assert_int_equal(model_new(&target, &err), 0);
        load();
        json_decref(json);
        if (!strstr(warning, wrong[i][1]) || !*wrong[i][1] != !*warning)
            fail_msg("%s: %s", wrong[i][0], warning);
    }
}

static void count_warning(void *context, const char *text)
{
    ++*(int *)context;
    assert_true(strlen(text) < 512);
}

/* Merges and byte tokens that llama.cpp would need; and no flood of warnings. */
static void test_warnings(void **state)
{
    int warnings = 0;
    request.warn = count_warning;
    request.context = &warnings;
    test_fallback(state);
    assert_int_equal(warnings, 0);
    end(NULL);
    begin(NULL);
    request.warn = count_warning;
    request.context = &warnings;
    add("tokenizer.json",
        "{\"decoder\": {\"type\": \"Sequence\"}, \"model\": {\"type\": \"BPE\", "
        "\"byte_fallback\": true, \"vocab\": {\"a\": 1, \"b\": 2, \"ab\": 3, \"aba\": 4, "
        "\"ba\": 0}, \"merges\": [\"b a\", \"a b\", \"a ba\"]}}");
    load();
    assert_int_equal(warnings, 2);
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    end(NULL);
    begin(NULL);
    request.warn = count_warning;
    request.context = &warnings;
    strbuf_puts(&sb, "{\"t\": 100");
    for (int i = 0; i < 100; i++)
        strbuf_printf(&sb, ", \"t%d\": %d", i, 1000 + i);
    strbuf_puts(&sb, "}");
    add_bytes("tokenizer.model", spm, sizeof spm);
    add("added_tokens.json", sb.data);
    request.vocab_size = 3;
    warnings = 0;
    load();
    assert_int_equal(warnings, 41);
}

/* Loading what unloading writes gives the same again. */
static void test_round_trip(void **state)
{
    (void)state;
    _cleanup_json_ json_t *files = NULL;
    struct model *first = NULL;
    const char *name;
    json_t *text;
    test_bpe(state);
    assert_int_equal(tokenizer_unload(target, request.dirs, &files, &err), 0);
    first = target;
    target = NULL;
    for (uint32_t i = 0; i < folder->n_files; i++)
        close(folder->files[i].fd);
    model_free(folder);
    begin(NULL);
    json_object_foreach(files, name, text)
        add(name, json_string_value(text));
    request.vocab_size = 6;
    load();
    assert_int_equal(first->n_meta, target->n_meta);
    for (uint64_t i = 0; i < first->n_meta; i++) {
        const struct pare_value *a = &first->meta[i].value, *b = &target->meta[i].value;
        assert_string_equal(first->meta[i].key.data, target->meta[i].key.data);
        assert_int_equal(a->count, b->count);
        for (uint64_t k = 0; a->type == PARE_STRING && k < a->count; k++)
            assert_string_equal(((const struct pare_str *)a->data)[k].data,
                                ((const struct pare_str *)b->data)[k].data);
    }
    model_free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bpe, begin, end),
        cmocka_unit_test_setup_teardown(test_pairs, begin, end),
        cmocka_unit_test_setup_teardown(test_unknown_pre, begin, end),
        cmocka_unit_test_setup_teardown(test_table, begin, end),
        cmocka_unit_test_setup_teardown(test_wordpiece, begin, end),
        cmocka_unit_test_setup_teardown(test_fallback, begin, end),
        cmocka_unit_test_setup_teardown(test_spm, begin, end),
        cmocka_unit_test_setup_teardown(test_spm_cut, begin, end),
        cmocka_unit_test_setup_teardown(test_spm_hostile, begin, end),
        cmocka_unit_test_setup_teardown(test_names, begin, end),
        cmocka_unit_test_setup_teardown(test_missing, begin, end),
        cmocka_unit_test_setup_teardown(test_hostile, begin, end),
        cmocka_unit_test_setup_teardown(test_long, begin, end),
        cmocka_unit_test_setup_teardown(test_types, begin, end),
        cmocka_unit_test_setup_teardown(test_added, begin, end),
        cmocka_unit_test_setup_teardown(test_special_ids, begin, end),
        cmocka_unit_test_setup_teardown(test_wrong_ids, begin, end),
        cmocka_unit_test_setup_teardown(test_warnings, begin, end),
        cmocka_unit_test_setup_teardown(test_round_trip, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
