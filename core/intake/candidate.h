/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Something in the drop directory that may become a job: a file, a folder, or loose shards that
 * belong together, with the sidecars that lie beside it (source/sidecar.h). It is ready for a
 * probe when nobody writes it (and, where that cannot be asked for, or for a folder, when it has
 * been quiet for a while), and to be taken when a probe said of exactly this state that it is
 * complete.
 */
#ifndef INTAKE_CANDIDATE_H
#define INTAKE_CANDIDATE_H

#include "base/error.h"
#include "intake/probe.h"
#include "intake/ticket.h"

enum candidate_state {
    CANDIDATE_IGNORED,  /* its name says that it is not finished, or it is a special file */
    CANDIDATE_WAITING,  /* see `reason`; looked at again after events */
    CANDIDATE_SETTLING, /* the same, and looked at again soon */
    CANDIDATE_READY,    /* for a probe */
    CANDIDATE_PROBING,
    CANDIDATE_COMPLETE, /* to be taken */
    CANDIDATE_BROKEN    /* to be taken, and failed with `verdict` */
};

#define CANDIDATE_NO_VERDICT 1

struct candidate {
    char *key;        /* its name, or for shards a pattern: "m-*-of-00003.gguf" */
    char *model;      /* the model's name as a probe saw it, or NULL */
    int kind;         /* enum ticket_kind */
    int state;        /* enum candidate_state */
    char reason[240]; /* of an ignored, waiting or settling one */
    char **files;     /* entries of the folder that it lies in */
    size_t n_files;
    char **sidecars; /* files beside it that go with it, and those that will be some */
    size_t n_sidecars;
    unsigned shards;   /* how many it takes, for shards, and how many are there; an index may */
    unsigned n_shards; /* be among the files too */
    uint64_t bytes, signature;
    uint64_t since;      /* timing_now() when it last changed */
    int verdict;         /* of a probe (probe_end); CANDIDATE_NO_VERDICT for this signature */
    char *text;          /* of that error, or NULL */
    unsigned tries;      /* probes that ended with a transient error */
    uint64_t promised;   /* timing_now() when a file was promised, of PROBE_PROMISE */
    uint64_t not_before; /* timing_now() before which it is not probed again */
    int is_given_up;     /* it was stuck for too long (candidate_give_up) */
    int look_beside;     /* files in which downloaders count lie in the folder */
    int has_writer;      /* a process has a file of it open for writing */
    int is_held;         /* that, or a mark says that it is not whole */
    int wd;              /* watch on a folder, -1: none */
    int seen, warned;    /* marks of the scan and of the warning after ten minutes */
};

int candidate_new(const char *key, int kind, struct candidate **ret_candidate, struct error *err)
    __attribute__((warn_unused_result));
void candidate_free(struct candidate *candidate);
int candidate_add_file(struct candidate *candidate, const char *name, struct error *err)
    __attribute__((warn_unused_result));
int candidate_add_sidecar(struct candidate *candidate, const char *name, struct error *err)
    __attribute__((warn_unused_result));
void candidate_clear_files(struct candidate *candidate);
void candidate_clear_sidecars(struct candidate *candidate);

/* Looks at it in its folder and decides the state anew. */
void candidate_examine(struct candidate *candidate, int dirfd, const struct config *config);

/* Takes the end of a probe. It counts only when the candidate is still as it was when the probe
 * began. */
void candidate_probed(struct candidate *candidate, int dirfd, const struct config *config,
                      const struct probe_end *end);

/* 1 when the rest of it is waited for, nobody is at it, and it has not changed for so long. */
int candidate_is_stuck(const struct candidate *candidate, double seconds);

/* It is to be taken, and failed with what it waits for, unless it changes before or somebody is
 * at it. */
void candidate_give_up(struct candidate *candidate);

/* It cannot be probed now for a reason that is not its own; looked at again in `seconds`. */
void candidate_put_off(struct candidate *candidate, const char *reason, double seconds);

#endif
