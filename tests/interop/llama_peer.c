/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Finding and opening llama.cpp's library: see llama_peer.h. */
#include "llama_peer.h"

#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_ERROR 4 /* ggml's levels: debug 1, info 2, warning 3; 5 goes on with the last */

static void log_errors(int level, const char *text, void *unused)
{
    (void)unused;
    if (level == LOG_ERROR)
        (void)fputs(text, stderr);
}

/* The library's path in the folder: libllama.so, libllama.so.0, libllama.v0.5.0.so … */
static int find_library(const char *folder, char *ret_path, size_t size)
{
    char pattern[3072];
    glob_t found;
    (void)snprintf(pattern, sizeof pattern, "%s/libllama.*so*", folder);
    if (glob(pattern, 0, NULL, &found) != 0)
        return PEER_SKIP;
    (void)snprintf(ret_path, size, "%s", found.gl_pathv[0]);
    globfree(&found);
    return 0;
}

static int bind_all(void *library, struct peer *peer)
{
    const struct {
        const char *name;
        void *function;
    } symbols[] = {
        { "llama_log_set", &peer->set_log },
        { "llama_model_quantize_default_params", &peer->quantize_defaults },
        { "llama_model_quantize", &peer->quantize },
        { "llama_model_default_params", &peer->model_defaults },
        { "llama_model_load_from_file", &peer->model_load },
        { "llama_model_free", &peer->model_free },
        { "llama_model_get_vocab", &peer->vocab },
        { "llama_vocab_n_tokens", &peer->n_tokens },
        { "llama_tokenize", &peer->tokenize },
        { "llama_context_default_params", &peer->context_defaults },
        { "llama_init_from_model", &peer->context_new },
        { "llama_free", &peer->context_free },
        { "llama_set_n_threads", &peer->set_threads },
        { "llama_batch_init", &peer->batch_new },
        { "llama_batch_free", &peer->batch_free },
        { "llama_decode", &peer->decode },
        { "llama_get_logits_ith", &peer->logits },
        { "llama_model_n_embd", &peer->width },
        { "llama_set_embeddings", &peer->set_embeddings },
        { "llama_get_embeddings_seq", &peer->embedding },
    };
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (!symbol) {
            (void)fprintf(stderr, "libllama has no %s\n", symbols[i].name);
            return 1;
        }
        memcpy(symbols[i].function, &symbol, sizeof symbol);
    }
    return 0;
}

/* Loads the kernels for this processor, where they are libraries of their own. */
static void load_backends(void *library, const char *folder)
{
    void (*load_all)(const char *folder);
    void *symbol = dlsym(library, "ggml_backend_load_all_from_path");
    memcpy(&load_all, &symbol, sizeof symbol);
    if (symbol)
        load_all(folder);
}

int peer_open(struct peer *ret_peer)
{
    const char *folder = getenv("PARE_TEST_GGML");
    char path[4096];
    if (!folder || !*folder || find_library(folder, path, sizeof path) != 0) {
        (void)printf("skipped: PARE_TEST_GGML names no folder with llama.cpp's libllama\n");
        return PEER_SKIP;
    }
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        (void)fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    if (bind_all(library, ret_peer) != 0)
        return 1;
    ret_peer->set_log(log_errors, NULL);
    load_backends(library, folder);
    return 0;
}
