/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Usage: llama_plan [--pure] [--keep-output] [--output=GGML] [--embedding=GGML]
 *                   [--tensor=REGEX=GGML]... MODEL.gguf TYPE...
 *
 * What llama-quantize --dry-run says, for all types (recipes of ours), each without and with an
 * importance matrix: a line "== TYPE 0" or "== TYPE 1", then its log; "== refused" at the end when
 * it fails. The model needs no weights. GGML: the number of one of ggml's types. Without arguments
 * it only says whether the library can be used (status 0), or that it is skipped (77).
 */
#include "llama_peer.h"
#include "llama_types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where parameters are, in bytes from the first. */
enum {
    OUTPUT = 8,
    EMBEDDING = 12,
    QUANTIZE_OUTPUT = 17,
    PURE = 19,
    DRY_RUN = 21,
    IMPORTANCE = 24,
    TENSORS = 40
};

#define MAX_TENSORS 16

struct tensor_override {
    const char *pattern;
    int32_t type;
};

struct imatrix_data {
    const char *name;
    const float *data;
    size_t size;
};

static const float one = 1;
static struct tensor_override tensors[MAX_TENSORS + 1];
static size_t n_tensors;
static const struct imatrix_data nearly_nothing[] = { { "none", &one, 1 }, { NULL, NULL, 0 } };

static void print(int level, const char *text, void *unused)
{
    (void)level, (void)unused;
    (void)fputs(text, stdout);
}

static void set(struct peer_params *params, size_t at, const void *value, size_t n)
{
    memcpy((char *)params + at, value, n);
}

/* Puts one option into the parameters; 0 when it is not an option. */
static int take_option(char *option, struct peer_params *params)
{
    char *sign = strrchr(option, '=');
    int32_t type = sign ? atoi(sign + 1) : 0;
    const struct tensor_override *all = tensors;
    if (!strcmp(option, "--pure")) {
        set(params, PURE, &(char){ 1 }, 1);
    } else if (!strcmp(option, "--keep-output")) {
        set(params, QUANTIZE_OUTPUT, &(char){ 0 }, 1);
    } else if (!strncmp(option, "--output=", 9)) {
        set(params, OUTPUT, &type, sizeof type);
    } else if (!strncmp(option, "--embedding=", 12)) {
        set(params, EMBEDDING, &type, sizeof type);
    } else if (!strncmp(option, "--tensor=", 9) && sign > option + 9 && n_tensors < MAX_TENSORS) {
        *sign = 0;
        tensors[n_tensors++] = (struct tensor_override){ option + 9, type };
        set(params, TENSORS, &all, sizeof all);
    } else {
        return 0;
    }
    return 1;
}

static int plan(const struct peer *peer, struct peer_params params, const char *model,
                const char *recipe, int importance)
{
    const struct imatrix_data *data = nearly_nothing;
    params.words[1] = llama_type(recipe);
    if (params.words[1] < 0)
        return 2;
    set(&params, DRY_RUN, &(char){ 1 }, 1);
    if (importance)
        set(&params, IMPORTANCE, &data, sizeof data);
    (void)printf("== %s %d\n", recipe, importance);
    if (peer->quantize(model, "", &params))
        (void)puts("== refused");
    return 0;
}

int main(int argc, char **argv)
{
    struct peer peer;
    int r = peer_open(&peer);
    if (r)
        return r;
    peer.set_log(print, NULL);
    struct peer_params params = peer.quantize_defaults();
    int model = 1;
    while (model < argc && take_option(argv[model], &params))
        model++;
    for (int i = model + 1; i < argc && !r; i++)
        for (int importance = 0; importance < 2 && !r; importance++)
            r = plan(&peer, params, argv[model], argv[i], importance);
    return r;
}
