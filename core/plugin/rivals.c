/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A folder may hold one model in two formats, such as a checkpoint and what was made of it. Each
 * reader that claims it opens it once for trial, in a model of its own, which costs no more than
 * its headers; then one is opened for good. What a trial could not open is left out.
 */
#include "plugin/rivals.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <stdlib.h>
#include <string.h>

#define SURE 50             /* a claim that is worth mentioning when it fails */
#define SAME_PRECISION 0.02 /* norms have other types in other formats */

struct trial {
    const struct source_claim *claim;
    uint8_t *roles; /* of the files, as its reader knows them; NULL: it could not be opened */
    double bits, weights;
    char *why; /* it could not be */
};

struct rivals {
    const struct registry *registry;
    struct model *model;
    const struct host_hooks *hooks;
    struct source_claim claims[SOURCE_MAX_CLAIMS];
    struct trial trials[SOURCE_MAX_CLAIMS];
    size_t n;
};

static void rivals_deinit(struct rivals *rivals)
{
    for (size_t i = 0; i < rivals->n; i++) {
        free(rivals->trials[i].roles);
        free(rivals->trials[i].why);
    }
}

static void warn(const struct rivals *rivals, const char *text)
{
    if (rivals->hooks && rivals->hooks->log)
        rivals->hooks->log(rivals->hooks->context, PARE_LOG_WARNING, text);
}

/* ---- trials ---- */

static int copy_files(const struct model *from, struct model *to, struct error *err)
{
    int r = 0;
    to->memory.limit = from->memory.limit;
    for (uint32_t i = 0; r == 0 && i < from->n_files; i++)
        r = model_add_file(to, from->files[i].name, from->files[i].fd, from->files[i].size, err);
    return r;
}

/* Notes what is known of a trial's model, so that it need not be kept. */
static int note_trial(struct trial *trial, const struct model *model, struct error *err)
{
    trial->roles = calloc(model->n_files, sizeof *trial->roles);
    if (!trial->roles)
        return error_oom(err);
    for (uint32_t i = 0; i < model->n_files; i++)
        trial->roles[i] = (uint8_t)model->files[i].role;
    trial->bits = 8.0 * (double)model_bytes(model);
    for (uint64_t i = 0; i < model->n_tensors; i++)
        trial->weights += (double)model->tensors[i].elements;
    return 0;
}

DEFINE_CLEANUP(struct model *, model_free);

static int open_trial(const struct rivals *rivals, struct trial *trial, struct error *err)
{
    CLEANUP(model_free_cleanup) struct model *model = NULL;
    struct source *source = NULL;
    struct host_hooks quiet = { .cancelled = rivals->hooks ? rivals->hooks->cancelled : NULL,
                                .context = rivals->hooks ? rivals->hooks->context : NULL };
    int r = model_new(&model, err);
    if (r == 0)
        r = copy_files(rivals->model, model, err);
    if (r == 0)
        r = source_open(rivals->registry, model, trial->claim->reader->name, &quiet, &source, err);
    source_close(source);
    return r < 0 ? r : note_trial(trial, model, err);
}

/* A model that is damaged, or none, is no rival. */
static int is_no_rival(int code)
{
    return code == PARE_EDATA || code == PARE_ENOTSUP;
}

static int open_trials(struct rivals *rivals, struct error *err)
{
    for (size_t i = 0; i < rivals->n; i++) {
        struct trial *trial = &rivals->trials[i];
        struct error own = ERROR_INIT;
        trial->claim = &rivals->claims[i];
        int r = open_trial(rivals, trial, &own);
        if (r == 0)
            continue;
        trial->why = strdup(own.text);
        if (!trial->why)
            return error_oom(err);
        if (!is_no_rival(r)) {
            *err = own;
            return r;
        }
    }
    return 0;
}

/* ---- the choice ---- */

static int is_better(const struct trial *a, const struct trial *b)
{
    if (a->weights > 2 * b->weights || b->weights > 2 * a->weights)
        return a->bits > b->bits; /* an adapter beside its model, or weights packed into integers */
    return a->bits * b->weights > (1 + SAME_PRECISION) * b->bits * a->weights;
}

/* The trial to open for good; NULL: none could be opened. */
static const struct trial *choose(const struct rivals *rivals)
{
    const struct trial *best = NULL;
    for (size_t i = 0; i < rivals->n; i++)
        if (rivals->trials[i].roles && (!best || is_better(&rivals->trials[i], best)))
            best = &rivals->trials[i];
    return best;
}

static const char *first_weights(const struct rivals *rivals, const struct trial *trial)
{
    const struct model *model = rivals->model;
    for (uint32_t i = 0; i < model->n_files; i++)
        if (trial->roles[i] == PARE_FILE_WEIGHTS)
            return model->files[i].name;
    return model->files[0].name;
}

/* Files of weights that the chosen reader knows nothing of are not carried to outputs. */
static uint32_t leave_out(struct model *model, const uint8_t *roles)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < model->n_files; i++) {
        uint32_t role = roles[i];
        if (role != PARE_FILE_WEIGHTS && role != PARE_FILE_INDEX)
            continue;
        n += role == PARE_FILE_WEIGHTS && model->files[i].role != PARE_FILE_WEIGHTS;
        if (model->files[i].role == PARE_FILE_SIDE)
            model->files[i].role = PARE_FILE_IGNORED;
    }
    return n;
}

static int tell(const struct rivals *rivals, const struct trial *best, struct error *err)
{
    for (size_t i = 0; i < rivals->n; i++) {
        const struct trial *trial = &rivals->trials[i];
        _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
        if (trial == best || (!trial->roles && trial->claim->score < SURE))
            continue;
        uint32_t n = trial->roles ? leave_out(rivals->model, trial->roles) : 1;
        if (!n)
            continue;
        strbuf_printf(&text, "`%s` (%s) is taken as the model", first_weights(rivals, best),
                      best->claim->reader->name);
        if (trial->roles)
            strbuf_printf(&text, "; left out, since no more precise: `%s` (%s)%s",
                          first_weights(rivals, trial), trial->claim->reader->name,
                          n > 1 ? " and others" : "");
        else
            strbuf_printf(&text, ", not what there is for %s: %s", trial->claim->reader->name,
                          trial->why);
        if (text.failed)
            return error_oom(err);
        warn(rivals, text.data);
    }
    return 0;
}

int rivals_open(const struct registry *registry, struct model *model, const char *format,
                const struct host_hooks *hooks, struct source **ret_source, struct error *err)
{
    CLEANUP(rivals_deinit)
    struct rivals rivals = { .registry = registry, .model = model, .hooks = hooks };
    if (format || model->n_files < 2)
        return source_open(registry, model, format, hooks, ret_source, err);
    int r = source_claims(registry, model, rivals.claims, SOURCE_MAX_CLAIMS, &rivals.n, err);
    if (r == 0 && rivals.n > 1)
        r = open_trials(&rivals, err);
    if (r < 0)
        return r;
    const struct trial *best = rivals.n > 1 ? choose(&rivals) : NULL;
    struct source *source = NULL;
    r = source_open(registry, model, best ? best->claim->reader->name : NULL, hooks, &source, err);
    if (r == 0 && best)
        r = tell(&rivals, best, err);
    if (r < 0) {
        source_close(source);
        return r;
    }
    *ret_source = source;
    return 0;
}
