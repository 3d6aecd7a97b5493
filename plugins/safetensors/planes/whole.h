/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The writer's tensors whose encoding is not a dtype, each plane a tensor of bytes.
 */
#ifndef ST_WHOLE_H
#define ST_WHOLE_H

#include "safetensors/plan.h"
#include "safetensors/text.h"

/* Turns a tensor into an item for each of its planes. */
int st_whole_items(const struct st_context *context, struct st_plan *plan,
                   const struct pare_tensor *tensor, struct st_item *items)
    __attribute__((warn_unused_result));

/* No plane may have the name of another tensor. Warns that others cannot read them. */
int st_whole_check(const struct st_context *context, const struct st_plan *plan)
    __attribute__((warn_unused_result));

/* What ST_TENSORS_KEY says of one file, in memory of the job's; empty when it has no planes. */
int st_whole_text(const struct st_context *context, const struct st_item *items, uint64_t n,
                  const struct st_plan *plan, struct st_text *ret_text)
    __attribute__((warn_unused_result));

/* Adds to `__metadata__` the encodings of the items' planes, and `tensors`, if there are any. */
void st_whole_put(struct st_text *text, const struct st_plan *plan, const struct st_item *items,
                  uint64_t n, struct pare_str tensors);

#endif
