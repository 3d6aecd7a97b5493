/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Digests of the source's files among the metadata. They are known only when all has been read,
 * long after the header was laid out; their length is fixed, so the header has room for them, and
 * they are written over it at the end. Only the first file has metadata.
 */
#include "gguf/digests.h"

int gguf_digests_new(struct gguf_target *target)
{
    const struct pare_host *host = target->host;
    if (target->n_digests == 0)
        return 0;
    struct gguf_state *state = host->alloc(target->job, 1, sizeof(*state));
    if (!state)
        return PARE_ENOMEM;
    *state = (struct gguf_state){ .host = host, .job = target->job };
    state->digests = host->alloc(target->job, target->n_digests, sizeof(*state->digests));
    if (!state->digests) {
        gguf_digests_close(state);
        return PARE_ENOMEM;
    }
    target->state = state;
    return 0;
}

int gguf_digests_finish(const struct pare_host *host, struct pare_job *job, void *state)
{
    const struct gguf_state *s = state;
    int r = 0;
    for (uint64_t i = 0; s && r >= 0 && i < s->n_digests; i++) {
        char hex[PARE_DIGEST_SIZE];
        r = host->source_digest(job, s->digests[i].source, hex);
        if (r == 1)
            r = host->out_literal(job, 0, s->digests[i].offset, hex, sizeof(hex) - 1);
    }
    return r < 0 ? r : 0;
}

void gguf_digests_close(void *state)
{
    struct gguf_state *s = state;
    if (!s)
        return;
    if (s->digests)
        s->host->release(s->job, s->digests);
    s->host->release(s->job, s);
}
