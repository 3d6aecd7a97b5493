/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* What more than one part of the writer asks about the target: see target.h. */
#include "gguf/target.h"

#include "gguf/rules.h"

int gguf_target_keeps(const struct gguf_target *target, struct pare_str key)
{
    if (key.len == 0 || gguf_key_is_split(key))
        return 0;
    return target->is_model || !gguf_key_is(key, "format");
}

uint32_t gguf_shown_dims(const struct pare_tensor *tensor)
{
    uint32_t n = tensor->n_dims;
    while (n > 1 && tensor->dims[tensor->n_dims - n] == 1)
        n--;
    return n > 0 ? n : 1;
}

int gguf_target_tensor(const struct gguf_target *target, uint64_t i, struct pare_tensor *ret_tensor)
{
    *ret_tensor = (struct pare_tensor){ .struct_size = sizeof(*ret_tensor) };
    return target->host->tensor_at(target->job, i, ret_tensor);
}

uint32_t gguf_shard_alignment(const struct gguf_target *target, uint32_t shard)
{
    return shard == 0 ? target->alignment : GGUF_DEFAULT_ALIGNMENT;
}
