/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Usage: llama_plan MODEL.gguf TYPE...
 *
 * What llama-quantize --dry-run says, for all types (recipes of ours), each without and with an
 * importance matrix: a line "== TYPE 0" or "== TYPE 1", then its log; "== refused" at the end when
 * it fails. The model needs no weights. Without arguments it only says whether the library can be
 * used (status 0), or that it is skipped (77).
 */
#include "llama_peer.h"
#include "llama_types.h"

#include <stdio.h>
#include <string.h>

enum { DRY_RUN = 5, IMPORTANCE = 8 }; /* bytes behind four words of the parameters */

struct imatrix_data {
    const char *name;
    const float *data;
    size_t size;
};

static const float one = 1;
static const struct imatrix_data nearly_nothing[] = { { "none", &one, 1 }, { NULL, NULL, 0 } };

static void print(int level, const char *text, void *unused)
{
    (void)level, (void)unused;
    (void)fputs(text, stdout);
}

static void set(struct peer_params *params, size_t at, const void *value, size_t n)
{
    memcpy((char *)params + 4 * sizeof(int32_t) + at, value, n);
}

static int plan(const struct peer *peer, const char *model, const char *recipe, int importance)
{
    struct peer_params params = peer->quantize_defaults();
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
    for (int i = 2; i < argc && !r; i++)
        for (int importance = 0; importance < 2 && !r; importance++)
            r = plan(&peer, argv[1], argv[i], importance);
    return r;
}
