/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What claim.c (taking) and claim_end.c (giving back) share. */
#ifndef INTAKE_CLAIM_PRIVATE_H
#define INTAKE_CLAIM_PRIVATE_H

#include "intake/claim.h"

/* Opens a claim's directory and its `source`, made first when `make`. *ret_source is -1 when there
 * is none. */
int claim_open_dirs(const struct folders *folders, const char *uid, int make, int *ret_dir,
                    int *ret_source, struct error *err) __attribute__((warn_unused_result));
/* Removes a claim's directory; its source must be gone. claim_remove: that is not synced. */
int claim_remove_dir(const struct folders *folders, const char *uid, struct error *err)
    __attribute__((warn_unused_result));
int claim_remove(const struct folders *folders, const char *uid, struct error *err)
    __attribute__((warn_unused_result));

/* 1 when the claim's `source` is given back whole, as a folder of the model's name: its source is
 * more than one entry. */
int claim_is_whole(const struct ticket *ticket);

int claim_write_ticket(int dirfd, const char *name, const struct ticket *ticket, struct error *err)
    __attribute__((warn_unused_result));
int claim_read_ticket(int dirfd, const char *name, struct ticket *ret_ticket, struct error *err)
    __attribute__((warn_unused_result));

#endif
