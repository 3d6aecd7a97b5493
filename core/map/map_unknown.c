/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The errors for a checkpoint that no map is for, or that has tensors its map does not know. They
 * show the names as patterns (numbers become {n}), which is what a new map would have to say.
 */
#include "map/map_private.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <string.h>

#define MAX_PATTERNS 16
#define MAX_NAME 80
#define MAX_TEXT 560
#define MAX_LOOKED_AT 100000

static const char advice[] =
    "a map is a text file: see pare-architecture(5); --as-container keeps all names as they are";

/* The name with each number between dots as {n}, and cut when it is long. */
static void generalise(const char *name, char *ret)
{
    size_t n = 0;
    for (const char *p = name; *p && n < MAX_NAME - 8;) {
        size_t digits = strspn(p, "0123456789");
        int alone = (p == name || p[-1] == '.') && digits && (!p[digits] || p[digits] == '.');
        if (alone) {
            memcpy(ret + n, "{n}", 3);
            n += 3;
            p += digits;
        } else {
            ret[n++] = *p++;
        }
    }
    ret[n] = 0;
}

struct seen {
    char patterns[MAX_PATTERNS][MAX_NAME];
    unsigned n;
    int more;
};

static void add_pattern(struct seen *seen, const char *name)
{
    char pattern[MAX_NAME];
    generalise(name, pattern);
    for (unsigned i = 0; i < seen->n; i++)
        if (!strcmp(seen->patterns[i], pattern))
            return;
    if (seen->n == MAX_PATTERNS)
        seen->more = 1;
    else
        memcpy(seen->patterns[seen->n++], pattern, MAX_NAME);
}

static void print_patterns(const struct seen *seen, struct strbuf *sb)
{
    unsigned i = 0;
    for (; i < seen->n && sb->len + strlen(seen->patterns[i]) < MAX_TEXT; i++)
        strbuf_printf(sb, "%s%s", i ? ", " : "", seen->patterns[i]);
    strbuf_puts(sb, i < seen->n || seen->more ? ", ..." : "");
}

int map_unknown_architecture(const struct model *model, const json_t *config, struct error *err)
{
    struct seen seen = { .n = 0 };
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    for (uint64_t i = 0; i < model->n_tensors && i < MAX_LOOKED_AT; i++) {
        struct pare_str name = model->tensors[i].name;
        char text[MAX_NAME * 2];
        size_t n = name.len < sizeof text - 1 ? name.len : sizeof text - 1;
        memcpy(text, name.data, n);
        text[n] = 0;
        add_pattern(&seen, text);
    }
    print_patterns(&seen, &sb);
    const char *list = sb.data ? sb.data : "", *name = map_config_architecture(config);
    if (!config)
        return error_set(err, PARE_ENOTSUP,
                         "there is no config.json that tells the architecture "
                         "of these tensors: %s; how tensors are told is in pare-architecture(5); "
                         "--as-container writes them under the names that they have",
                         list);
    return error_set(err, PARE_ENOTSUP,
                     "no map knows the architecture `%.100s'; its tensors are "
                     "%s; %s",
                     name ? name : "(config.json names none)", list, advice);
}

int map_unknown_tensors(const struct map_work *work, const unsigned char *known)
{
    struct seen seen = { .n = 0 };
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    for (uint64_t i = 0; i < work->model->n_tensors; i++)
        if (!known[i])
            add_pattern(&seen, work->names[i]);
    print_patterns(&seen, &sb);
    return error_set(work->err, PARE_ENOTSUP,
                     "the map %s%s does not know all tensors of this "
                     "`%.100s': not %s%s%s",
                     work->rules->name, MAP_SUFFIX,
                     map_config_architecture(work->values) ? map_config_architecture(work->values)
                                                           : work->rules->architecture,
                     sb.data ? sb.data : "", work->reverse ? "" : "; ",
                     work->reverse ? "" : advice);
}
