/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* core/map/tokenizer: small tokenizers, there and back, and hostile ones. */
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "map/tokenizer.h"

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
    request = (struct tokenizer_request){ .source = folder, .add_space_prefix = -1,
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
#define ADDED(id, text, special)                                        \
    "{\"id\": " #id ", \"content\": \"" text "\", \"special\": " special "}"

static const char small_bpe[] =
    "{\"added_tokens\": [" ADDED(3, "<s>", "true") ", " ADDED(4, "\xe2\x96\x81x", "false") "], "
    GPT2 ", \"decoder\": {\"type\": \"ByteLevel\"}, \"model\": {\"type\": \"BPE\", "
    "\"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2}, \"merges\": [\"a b\"]}}";

static void test_bpe(void **state)
{
    (void)state;
    add("tokenizer.json", small_bpe);
    add("tokenizer_config.json", "{\"bos_token\": \"<s>\", \"add_bos_token\": true, "
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
    add("tokenizer.json", "{\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": "
        "\"odd+\"}, \"behavior\": \"Isolated\"}, \"model\": {\"type\": \"BPE\", \"vocab\": "
        "{\"a\": 0}, \"merges\": []}}");
    refuse(PARE_ENOTSUP, "odd+");
    assert_non_null(strstr(err.text, "--pre NAME"));
    request.pre = "gpt-2";
    load();
}

static void test_wordpiece(void **state)
{
    (void)state;
    add("tokenizer.json", "{\"added_tokens\": [" ADDED(0, "[CLS]", "true") "], "
        "\"normalizer\": {\"type\": \"BertNormalizer\", \"clean_text\": true, "
        "\"handle_chinese_chars\": true, \"strip_accents\": null, \"lowercase\": true}, "
        "\"pre_tokenizer\": {\"type\": \"BertPreTokenizer\"}, \"model\": {\"type\": "
        "\"WordPiece\", \"vocab\": {\"[CLS]\": 0, \"a\": 1, \"##b\": 2}}}");
    load();
    assert_string_equal(token(0), "[CLS]");
    assert_string_equal(token(1), "\xe2\x96\x81" "a");
    assert_string_equal(token(2), "b");
    assert_non_null(meta_find(target, "tokenizer.ggml.normalizer.lowercase"));
}

static void test_fallback(void **state)
{
    (void)state;
    add("tokenizer.json", "{\"decoder\": {\"type\": \"Sequence\"}, \"normalizer\": {\"type\": "
        "\"Prepend\"}, \"model\": {\"type\": \"BPE\", \"byte_fallback\": true, \"vocab\": "
        "{\"<0x0A>\": 0, \"a\": 1, \"b\": 2, \"ab\": 3, \"ba\": 4}, "
        "\"merges\": [\"b a\", \"a b\"]}}");
    load();
    assert_int_equal(type(0), 6);
    const float *scores = meta_find(target, "tokenizer.ggml.scores")->data;
    assert_true(scores[4] > scores[3]);
}

/* Pieces <unk>, a and ab; then those of the piece that is broken. */
static const unsigned char spm[] = {
    0x0a, 0x09, 0x0a, 5, '<', 'u', 'n', 'k', '>', 0x18, 2,
    0x0a, 0x03, 0x0a, 1, 'a',
    0x0a, 0x09, 0x0a, 2, 'a', 'b', 0x15, 0, 0, 0x80, 0x3f,
    0x12, 0x02, 0x18, 2,
};

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
    hostile("{\"a\": 0, \"a\": 1}", "[]", PARE_EDATA, "duplicate");
    hostile("{\"a\": 0, \"b\": 0}", "[]", PARE_EDATA, "has the id 0");
    hostile("{\"a\": -1}", "[]", PARE_EDATA, "id");
    hostile("{\"a\": 1.5}", "[]", PARE_EDATA, "id");
    hostile("{\"a\": 99999999999}", "[]", PARE_ELIMIT, "TOKENIZER_MAX_TOKENS");
    hostile("[]", "[]", PARE_EDATA, "vocabulary");
    hostile("{}", "[]", PARE_EDATA, "no tokens");
    hostile("{\"a\": 0}", "[\"a a\"]", PARE_EDATA, "`aa` is no token");
    hostile("{\"a\": 0}", "[\"aa\"]", PARE_EDATA, "merge 0");
    hostile("{\"a\": 0}", "[7]", PARE_EDATA, "merge 0");
    hostile("{\"a\": 0, \"b\": 1}", "[[\"a\", \"\"]]", PARE_EDATA, "merge 0");
}

static void test_long(void **state)
{
    (void)state;
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT, deep = STRBUF_INIT;
    strbuf_puts(&sb, "{\"");
    for (int i = 0; i < 10 << 10; i++)
        strbuf_printf(&sb, "%01024d", 0);
    strbuf_puts(&sb, "\": 0}");
    hostile(sb.data, "[]", PARE_ELIMIT, "TOKENIZER_MAX_TOKEN");
    for (int i = 0; i < 100000; i++)
        strbuf_puts(&deep, "[");
    hostile("{\"a\": 0}", deep.data, PARE_EDATA, "depth");
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
    json_object_foreach (files, name, text)
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
        cmocka_unit_test_setup_teardown(test_wordpiece, begin, end),
        cmocka_unit_test_setup_teardown(test_fallback, begin, end),
        cmocka_unit_test_setup_teardown(test_spm, begin, end),
        cmocka_unit_test_setup_teardown(test_spm_cut, begin, end),
        cmocka_unit_test_setup_teardown(test_missing, begin, end),
        cmocka_unit_test_setup_teardown(test_hostile, begin, end),
        cmocka_unit_test_setup_teardown(test_long, begin, end),
        cmocka_unit_test_setup_teardown(test_round_trip, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
