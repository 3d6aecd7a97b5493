/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * What a writer wants done to tensors before they are encoded: its `arrange` asks for views of
 * some, other axes or dimensions, and a model is made that has them. It is a view (view.h) like any
 * other: nothing is held in memory.
 */
#ifndef PLUGIN_ARRANGE_H
#define PLUGIN_ARRANGE_H

#include "plugin/layout.h"
#include "plugin/source.h"

struct arranged;

/* Asks the request's writer; its `target` is the model of `base`, and stays as it is. 1: it has no
 * `arrange`, or wishes nothing. PARE_ENOTSUP: a view that cannot be had, with tensor and axes. base
 * must outlive what is made. */
int arranged_make(const struct layout_request *request, struct source *base,
                  struct arranged **ret_arranged, struct error *err)
    __attribute__((warn_unused_result));
void arranged_free(struct arranged *arranged);
struct source *arranged_source(struct arranged *arranged);
struct model *arranged_model(struct arranged *arranged);

#endif
