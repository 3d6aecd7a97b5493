/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What intake.c (time and events), scan.c (directories), patience.c (what does not grow) and take.c
 * (probes, claims) share. */
#ifndef INTAKE_INTAKE_PRIVATE_H
#define INTAKE_INTAKE_PRIVATE_H

#include "intake/candidate.h"
#include "intake/intake.h"
#include "intake/probe.h"
#include "intake/watch.h"

#define MAX_PROBES 2

struct drop_folder { /* the drop directory itself, or a target's folder in it */
    char *name;      /* "" is the drop directory */
    int fd;          /* open, the folder's own */
    int wd;
    int dirty;
    int seen;
    int has_counters;             /* files in which downloaders count were there at the last scan */
    char problem[ERROR_TEXT_MAX]; /* why it could not be scanned, or "" */
    struct job_target target;     /* of a target's folder */
    struct candidate **candidates;
    size_t n_candidates;
};

struct probing {
    struct intake *intake;
    struct probe *probe; /* NULL: free */
    struct drop_folder *folder;
    struct candidate *candidate; /* NULL: it went away meanwhile */
    char *path;
};

struct intake {
    struct loop *loop;
    const struct config *config;
    const struct folders *folders;
    const struct abilities *abilities;
    struct nursery *nursery;
    struct intake_callbacks callbacks;
    struct watch *watch;             /* NULL: no inotify here */
    struct loop_timer scan_timer;    /* scans what is dirty */
    struct loop_timer recheck_timer; /* looks at what is settling */
    struct loop_timer rescan_timer;  /* marks all dirty */
    struct loop_timer changed_timer; /* reports that the list changed, not too often */
    struct drop_folder **dirs;       /* [0] is the drop directory */
    size_t n_dirs;
    struct probing probes[MAX_PROBES];
    double scan_seconds; /* of the last scan */
    int polling;         /* a watch could not be set */
    int gone;            /* the drop directory is not at its path */
};

/* scan.c */

int drop_folder_new(const struct folders *folders, const char *name,
                    struct drop_folder **ret_folder, struct error *err)
    __attribute__((warn_unused_result));
void drop_folder_free(struct drop_folder *folder);
/* Reads the folder and brings its candidates, and the list of target folders, up to date. */
int scan_folder(struct intake *intake, struct drop_folder *folder, struct error *err)
    __attribute__((warn_unused_result));

/* intake.c */

/* Watches a folder of the drop directory; failing that, turns polling on. */
int intake_watch(struct intake *intake, const char *relative);
void intake_note(const struct intake *intake, int level, const char *kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void intake_list_changed(struct intake *intake);
/* Examines a candidate again (candidate_examine), and reports it when its state changed. */
void intake_examine(struct intake *intake, struct drop_folder *folder, struct candidate *candidate);
/* Frees a candidate that is no longer there. */
void intake_forget(struct intake *intake, struct candidate *candidate);

/* patience.c */

/* 1 when it has not grown for long enough to be told as stuck. */
int patience_is_stuck(const struct intake *intake, const struct candidate *candidate);
/* Says once of each model that waits for the rest of itself that it has long been quiet. */
void patience_warn(struct intake *intake);
/* Gives up what has been stuck for longer than the configuration allows. */
void patience_end(struct intake *intake);
/* Seconds between looks that this needs. */
double patience_interval(const struct intake *intake);

/* take.c */

/* Starts probes for what is ready and claims what is complete. */
void take_candidates(struct intake *intake);
void take_stop(struct intake *intake);
/* The candidate is about to be freed. */
void take_forget(struct intake *intake, const struct candidate *candidate);

#endif
