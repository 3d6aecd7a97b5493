/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Reading a tensor's weights as floats: see floats.h. */
#include "weights/floats.h"

#include "base/cleanup.h"
#include "plugin/source.h"

int floats_load(struct source *source, const struct model_tensor *t, uint64_t index,
                const struct slab_cut *cut, uint64_t first, uint64_t count, float *x,
                struct error *err)
{
    uint64_t offset[PARE_MAX_PLANES], length[PARE_MAX_PLANES], total = 0, rows, row_len;
    const void *planes[PARE_MAX_PLANES];
    for (uint32_t i = 0; i < t->n_planes; i++) {
        slab_plane_range(t, i, first, count, &offset[i], &length[i]);
        total += length[i];
    }
    _cleanup_free_ unsigned char *bytes = malloc(total + 1);
    if (!bytes)
        return error_oom(err);
    total = 0;
    for (uint32_t i = 0; i < t->n_planes; i++) {
        planes[i] = bytes + total;
        int r = source_read(source, index, i, offset[i], bytes + total, length[i], err);
        if (r < 0)
            return r;
        total += length[i];
    }
    slab_kernel_shape(t, cut, count, &rows, &row_len);
    t->encoding->kernel.decode(planes, rows, row_len, x);
    return 0;
}
