/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* A target as its own files see it: target.c prepares it, target_files.c writes its files. */
#ifndef TARGET_PRIVATE_H
#define TARGET_PRIVATE_H

#include "target/target.h"

/* What the target's writer is called with; hooks are borrowed. */
struct layout_request target_layout_request(const struct target *target,
                                            const struct host_hooks *hooks);
/* A host_log_fn; context is the target, which gets the warning. */
void target_take_warning(void *context, int level, const char *text);
/* Closes the files and their directory, as far as they are open. */
void target_close_files(struct target *target);

#endif
