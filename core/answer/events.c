/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The table of answers: see answer/events.h. What the daemon reads has fixed shapes; whole answers
 * that only the command line prints are bounded by their size alone.
 */
#include "answer/events.h"

#include <assert.h>
#include <float.h>
#include <stdint.h>
#include <string.h>

#define WORD 256                   /* bytes of a name of a format, encoding, level and the like */
#define FILES 8192                 /* more than a model or an output may have */
#define MANY 4611686018427387904.0 /* 2^62: more than any count or size */
#define LONG_TIME 1e9              /* seconds */

#define COUNT_(n) .name = n, .kind = SHAPE_COUNT, .high = MANY
#define COUNT_TO(n, most) .name = n, .kind = SHAPE_COUNT, .high = most
#define NUMBER_(n, from, to) .name = n, .kind = SHAPE_NUMBER, .low = from, .high = to
#define SECONDS(n) NUMBER_(n, 0, LONG_TIME)
#define FLAG_(n) .name = n, .kind = SHAPE_FLAG
#define TEXT_(n, most) .name = n, .kind = SHAPE_TEXT, .limit = most
#define DIGEST_(n) .name = n, .kind = SHAPE_DIGEST
#define LIST_(n, most, of) .name = n, .kind = SHAPE_LIST, .limit = most, .members = of
#define OBJECT_(n, of) .name = n, .kind = SHAPE_OBJECT, .members = of
#define ANY_(n) .name = n, .kind = SHAPE_ANY
#define NEEDED .is_needed = 1

static const struct shape sandbox[] = {
    { FLAG_("no_new_privs") },
    { FLAG_("rlimits") },
    { COUNT_TO("landlock", 1000) },
    { FLAG_("seccomp") },
    { .name = "missing", .kind = SHAPE_TEXTS, .limit = 16 },
    { NULL },
};
static const struct shape start[] = {
    { TEXT_("version", WORD) },
    { TEXT_("cpu", WORD) },
    { COUNT_TO("threads", 65536) },
    { OBJECT_("sandbox", sandbox) },
    { NULL },
};
static const struct shape writer[] = {
    { TEXT_("name", WORD), NEEDED },
    { TEXT_("suffix", 32), NEEDED },
    { NULL },
};
static const struct shape writers[] = {
    { LIST_("writers", 8192, writer), NEEDED },
    { NULL },
};
static const struct shape layout[] = {
    { COUNT_("bytes"), NEEDED },
    { COUNT_("files"), NEEDED },
    { NULL },
};
static const struct shape census[] = {
    { TEXT_("encoding", WORD), NEEDED },
    { COUNT_("tensors") },
    { COUNT_("elements") },
    { COUNT_("bytes") },
    { NULL },
};
static const struct shape source[] = {
    { TEXT_("format", WORD) },
    { TEXT_("architecture", 4096) },
    { TEXT_("name", 4096) },
    { COUNT_("parameters") },
    { COUNT_("tensors") },
    { COUNT_("bytes") },
    { LIST_("census", 4096, census) },
    { TEXT_("license", SHAPE_TEXT_BYTES) },
    { COUNT_("metadata") },
    { NULL },
};
static const struct shape warning[] = {
    { TEXT_("text", SHAPE_TEXT_BYTES), NEEDED },
    { COUNT_("target") },
    { NULL },
};
static const struct shape progress[] = {
    { COUNT_("done"), NEEDED },
    { COUNT_("total"), NEEDED },
    { TEXT_("stage", 32), NEEDED },
    { COUNT_("step") },
    { NULL },
};
static const struct shape failed[] = {
    { COUNT_("target"), NEEDED },
    { TEXT_("code", WORD), NEEDED },
    { TEXT_("text", SHAPE_TEXT_BYTES), NEEDED },
    { NULL },
};
static const struct shape space[] = { { COUNT_("needs"), NEEDED }, { NULL } };
static const struct shape resumed[] = { { COUNT_("checkpoint"), NEEDED }, { NULL } };
static const struct shape checkpoint[] = { { COUNT_("number"), NEEDED }, { NULL } };
static const struct shape misfit[] = { { TEXT_("text", SHAPE_TEXT_BYTES), NEEDED }, { NULL } };
static const struct shape doubt[] = {
    { TEXT_("text", SHAPE_TEXT_BYTES), NEEDED },
    { TEXT_("kind", WORD), NEEDED },
    { SECONDS("age") },
    { NULL },
};
static const struct shape files[] = {
    { TEXT_("name", 8192), NEEDED },
    { COUNT_("bytes"), NEEDED },
    { DIGEST_("sha256") },
    { NULL },
};
#define FIGURES                                                                        \
    { NUMBER_("rmse", 0, DBL_MAX) }, { NUMBER_("sqnr_db", -1e4, 1e4) },                \
        { NUMBER_("relative_error", 0, DBL_MAX) }, { NUMBER_("max_abs", 0, DBL_MAX) }, \
        { NUMBER_("cosine", -1.000001, 1.000001) },                                    \
        { NUMBER_("weighted_relative_error", 0, DBL_MAX) },                            \
    {                                                                                  \
        NUMBER_("weighted_sqnr_db", -1e4, 1e4)                                         \
    }
static const struct shape accuracy[] = { FIGURES, { NULL } };
static const struct shape lattice[] = {
    { COUNT_("exact") },
    { COUNT_("rounded") },
    { NULL },
};
static const struct shape target[] = {
    { COUNT_("target"), NEEDED },
    { TEXT_("format", WORD) },
    { TEXT_("recipe", WORD) },
    { DIGEST_("recipe_sha256") },
    { TEXT_("stem", 4096) },
    { TEXT_("output", 4096), NEEDED },
    { FLAG_("folder") },
    { LIST_("files", FILES, files), NEEDED },
    { COUNT_("bytes") },
    { LIST_("census", 4096, census) },
    { NUMBER_("bits_per_weight", 0, 1e9) },
    { OBJECT_("lattice", lattice) },
    { OBJECT_("accuracy", accuracy) },
    { .name = "warnings", .kind = SHAPE_TEXTS, .limit = 8192 },
    { TEXT_("map", WORD) },
    { ANY_("options") },
    { TEXT_("search", WORD) },
    { NULL },
};
static const struct shape verified[] = {
    { COUNT_("tensors"), NEEDED },
    { COUNT_("sampled"), NEEDED },
    { SECONDS("seconds") },
    { NULL },
};
static const struct shape seconds[] = {
    { SECONDS("hash") },   { SECONDS("read") },    { SECONDS("decode") },
    { SECONDS("encode") }, { SECONDS("measure") }, { SECONDS("write") },
    { SECONDS("sync") },   { SECONDS("total") },   { NULL },
};
static const struct shape plugins[] = {
    { TEXT_("name", WORD), NEEDED },
    { TEXT_("version", WORD) },
    { DIGEST_("sha256") },
    { NULL },
};
static const struct shape importance[] = {
    { TEXT_("name", 4096) },
    { COUNT_("bytes") },
    { DIGEST_("sha256") },
    { COUNT_("entries") },
    { COUNT_("chunks") },
    { TEXT_("dataset", SHAPE_TEXT_BYTES) },
    { NULL },
};
static const struct shape done[] = {
    { LIST_("source_files", FILES, files) },
    { .name = "digest", .kind = SHAPE_MARK },
    { OBJECT_("seconds", seconds) },
    { COUNT_("peak_rss") },
    { LIST_("plugins", 1024, plugins) },
    { OBJECT_("importance", importance) },
    { NULL },
};
static const struct shape error[] = {
    { TEXT_("code", WORD) },
    { TEXT_("text", SHAPE_TEXT_BYTES) },
    { NULL },
};

#define ONCE .most = 1
#define ENDLESS .most = SIZE_MAX
#define SIGN .is_sign = 1
#define SMALL .bytes = 256 << 10, .cost = 1 << 20
#define LISTS .bytes = 16 << 20, .cost = 32 << 20 /* names of thousands of files, warnings */
#define WHOLE .bytes = 64 << 20, .cost = (size_t)2 << 30
#define OPEN .members = NULL

/* clang-format off */
static const struct answer_event events[] = {
    { "start", ANSWER_ALL, ONCE, SIGN, SMALL, .members = start },
    { "source", ANSWER_CONVERT | ANSWER_PROBE | ANSWER_PLAN, ONCE, SIGN, .bytes = 1 << 20,
      .cost = 4 << 20, .members = source },
    { "doubt", ANSWER_PROBE, ONCE, SMALL, .members = doubt },
    { "writers", ANSWER_CONVERT, ONCE, SIGN, .bytes = 1 << 20, .cost = 4 << 20,
      .members = writers },
    { "warning", ANSWER_ALL, .most = 2000, .of_target = 1, SMALL, .members = warning },
    { "progress", ANSWER_ALL, ENDLESS, .bytes = 4096, .cost = 8192, .members = progress },
    { "layout", ANSWER_CONVERT, ONCE, SIGN, SMALL, .members = layout },
    { "resumed", ANSWER_CONVERT, ONCE, SIGN, SMALL, .members = resumed },
    { "checkpoint", ANSWER_CONVERT, .most = 4 << 20, SMALL, .members = checkpoint },
    { "misfit", ANSWER_CONVERT, ONCE, SMALL, .members = misfit },
    { "target", ANSWER_CONVERT, ONCE, .of_target = 1, SIGN, LISTS, .members = target },
    { "failed", ANSWER_CONVERT | ANSWER_PLAN, ONCE, .of_target = 1, SIGN, SMALL,
      .members = failed },
    { "space", ANSWER_CONVERT, ONCE, SIGN, SMALL, .members = space },
    { "verified", ANSWER_VERIFY, ONCE, SIGN, SMALL, .members = verified },
    { "done", ANSWER_ALL, ONCE, SIGN, LISTS, .members = done },
    { "error", ANSWER_ALL, ONCE, SIGN, SMALL, .members = error },
    { "plan", ANSWER_PLAN, ONCE, .of_target = 1, SIGN, WHOLE, OPEN },
    { "model", ANSWER_INSPECT, ONCE, SIGN, WHOLE, OPEN },
    { "comparison", ANSWER_COMPARE, ONCE, SIGN, WHOLE, OPEN },
    { "plugins", ANSWER_PLUGINS, ONCE, SIGN, LISTS, OPEN },
    { "recipes", ANSWER_RECIPES, ONCE, SIGN, LISTS, OPEN },
    { "copy", ANSWER_BENCH, .most = 4096, SIGN, SMALL, OPEN },
    { "kernel", ANSWER_BENCH, .most = 1 << 20, SIGN, SMALL, OPEN },
    { "step", ANSWER_CHECK, ENDLESS, SIGN, SMALL, OPEN },
    { "inputs", ANSWER_CHECK, ONCE, SIGN, SMALL, OPEN },
    { "finding", ANSWER_CHECK, .most = 1 << 16, SIGN, SMALL, OPEN },
    { "encoding", ANSWER_CHECK, .most = 1 << 16, SIGN, SMALL, OPEN },
    { "service", ANSWER_CHECK, .most = 1 << 16, SIGN, SMALL, OPEN },
    { "check", ANSWER_CHECK, ONCE, SIGN, LISTS, OPEN },
};
/* clang-format on */

static_assert(sizeof events / sizeof *events <= ANSWER_EVENTS, "ANSWER_EVENTS is too small");

unsigned answer_kind(const char *name)
{
    static const char *const kinds[] = { "convert", "verify",  "probe",   "plan",  "inspect",
                                         "compare", "plugins", "recipes", "bench", "check" };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i], name))
            return 1u << i;
    return 0;
}

const struct answer_event *answer_event_find(const char *name, size_t n, size_t *ret_index)
{
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (strlen(events[i].name) == n && !memcmp(events[i].name, name, n)) {
            *ret_index = i;
            return &events[i];
        }
    return NULL;
}

int answer_stage(const char *name)
{
    static const char *const stages[] = { "importance", "lattice", "convert",
                                          "sync",       "verify",  "compare" };
    for (int i = 0; i < (int)(sizeof stages / sizeof *stages); i++)
        if (!strcmp(stages[i], name))
            return i;
    return -1;
}
