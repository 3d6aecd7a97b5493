/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints that are quantized already: FP8 blocks (DeepSeek), compressed-tensors, GPTQ, AWQ,
 * bitsandbytes, MLX, MXFP4 (gpt-oss). A view replaces the tensors of each layout (codes, scales,
 * zeros) by the matrix that they stand for, [out, in], decoded row by row when it is read, or
 * repacked without loss where an encoding holds the same codes.
 */
#ifndef UNPACK_UNPACK_H
#define UNPACK_UNPACK_H

#include "plugin/view.h"

struct unpack;

/* Looks at the folder's quantization_config (config: config.json, or NULL) and tensors. 0: *ret is
 * a view of the base; 1: nothing is quantized, *ret stays. PARE_ENOTSUP: a scheme, or a variant,
 * that is not known, named; PARE_EDATA: tensors that do not fit each other. */
int unpack_open(const struct registry *registry, struct source *base, const struct model *model,
                const json_t *config, struct unpack **ret, struct error *err)
    __attribute__((warn_unused_result));
void unpack_close(struct unpack *unpack);
struct source *unpack_source(struct unpack *unpack);
struct model *unpack_model(struct unpack *unpack);
/* What the folder's files become that speak of the packing: {"config.json": OBJECT}, or NULL when
 * none does. The object has the key that tells the type of the weights; the writer fills it in. New
 * reference. */
int unpack_files(const struct unpack *unpack, json_t **ret_files, struct error *err)
    __attribute__((warn_unused_result));

#endif
