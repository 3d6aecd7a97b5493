/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * One target of a conversion: its recipe, plan and layout, and, once opened, the files that are
 * written. The files lie in a directory of their own in the job's staging directory.
 */
#ifndef TARGET_H
#define TARGET_H

#include "base/strbuf.h"
#include "target/digest.h"
#include "target/route.h"
#include "plugin/layout.h"
#include "recipe/plan.h"

struct target_place {
    uint32_t file;
    uint64_t offset;
};

struct target {
    size_t index;
    char *stem;
    json_t *options; /* object of strings */
    json_t *asked;   /* names of those that the writer asked for, as keys */
    struct recipe *recipe;
    const struct registry *registry;
    const struct pare_writer *writer;
    const struct model *source; /* as the reader gives it */
    struct route *route;        /* what it is made from */
    size_t position;            /* among the targets of that route */
    struct plan *plan;
    struct layout layout;
    struct target_place *places; /* [target tensor * PARE_MAX_PLANES + plane] */
    uint64_t *origins;           /* target tensor -> the reader's; UINT64_MAX: it is not one */
    uint64_t *by_source;         /* source tensor -> target tensor; UINT64_MAX: dropped */
    int dirfd;
    int *fds;              /* one per layout file, -1 until opened */
    struct digest *digest; /* of the files, once opened; NULL: nobody wants it */
    double digest_seconds; /* once finished: spent on it */
    json_t *warnings;      /* array of texts */

    /* What checkpoints have of it (target_state.c). */
    int goes_on; /* from an earlier life's checkpoint: the files are there, and so is … */
    struct digest_state from;    /* … how far their digest is, … */
    char (*done)[HASH_HEX_SIZE]; /* … with what came of those before; NULL: none */
    uint32_t kept_files;         /* files whose digests are in a checkpoint */
    size_t kept_warnings, kept_asked;
};

struct target_setup {
    struct routes *routes;
    const json_t *overrides; /* [{"name","text"}]: what comes before every recipe; or NULL */
    int recover;             /* look for lattices, in the route's weights */
    struct plan_options plan;
};

/* Recipe, route, plan and layout for a request's target {"format","recipe","stem","options"}; its
 * position stays 0. */
int target_prepare(struct target *target, size_t index, const json_t *request,
                   const struct target_setup *setup, struct error *err)
    __attribute__((warn_unused_result));
void target_deinit(struct target *target);

/* The state of a target for a checkpoint; what it says after target_begin_state is in it. While no
 * other thread works on the target. */
void target_begin_state(struct target *target);
void target_put_state(struct target *target, struct strbuf *block);
/* Only how far its digest is, when it has one. */
void target_put_digest(struct target *target, struct strbuf *block);
/* Bytes of its files that are digested. */
uint64_t target_digested(struct target *target);
/* Takes from a block of a journal what is in it of n targets; their files are opened after that.
 * PARE_EDATA: it does not fit them. */
int target_get_state(struct target *targets, size_t n_targets, const unsigned char *block,
                     uint64_t n, struct error *err) __attribute__((warn_unused_result));
/* Makes durable what its open files have. */
int target_sync(const struct target *target, struct error *err) __attribute__((warn_unused_result));

/* Creates directory `index` in staging and in it all files at their full size, with literals and
 * side files written; space is reserved where the file system can. A folder target's files keep
 * their names; a single file gets the output's name. with_digest: starts digesting. */
int target_open(struct target *target, int staging, int with_digest, struct error *err)
    __attribute__((warn_unused_result));
/* The same for a target that goes on: its files must be there, at their full size, else PARE_EDATA
 * or PARE_EIO. */
int target_reopen(struct target *target, int staging, int with_digest, struct error *err)
    __attribute__((warn_unused_result));
/* When all weights are written: lets the writer patch literals, for which it may ask for the
 * digests of the source's files, unless NULL. Nothing changes after that. */
int target_seal(struct target *target, char (*sha256)[HASH_HEX_SIZE], struct error *err)
    __attribute__((warn_unused_result));
/* Syncs and closes all files and the directory and waits for the digests; beat is called at least
 * for every 64 MiB. */
int target_finish(struct target *target, void (*beat)(void *context), void *context,
                  struct error *err) __attribute__((warn_unused_result));

/* The output's final name, "NAME-Q4_K_M.gguf" or a folder's "NAME-F16" (free it). */
char *target_output_name(const struct target *target);
int target_is_folder(const struct target *target);
/* Bytes of all its files. */
uint64_t target_bytes(const struct target *target);
/* Bits of weight data per weight. */
double target_bits_per_weight(const struct target *target);
/* [{"name","bytes","sha256"}], as finished; without digests they are null. New reference. */
json_t *target_files(const struct target *target);

#endif
