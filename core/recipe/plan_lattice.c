/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Lattices in a plan: whether the encoding that was chosen for a tensor holds its weights exactly
 * and, where it does not, whether another encoding of the format would at no greater size. That is
 * only a hint in a warning; the choice stays.
 */
#include "recipe/plan_private.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <stdio.h>
#include <string.h>

/* Bytes of a tensor in an encoding; UINT64_MAX when it does not fit its rows. */
static uint64_t bytes_in(const struct model_tensor *t, const struct encoding *e)
{
    struct error ignored = ERROR_INIT;
    uint64_t total = 0, bytes;
    for (uint32_t i = 0; i < e->n_planes; i++) {
        if (encoding_plane_bytes(e, i, t->rows, t->row_len, &bytes, &ignored) < 0)
            return UINT64_MAX;
        total += bytes;
    }
    return total;
}

static void add_hint(struct planner *p, const struct model_tensor *t, const struct encoding *e)
{
    size_t i = 0;
    while (i < p->n_hints && p->hints[i].encoding != e)
        i++;
    if (i == sizeof p->hints / sizeof *p->hints)
        return;
    if (i == p->n_hints)
        p->hints[p->n_hints++] = (struct planner_hint){ .encoding = e,
                                                        .first = text_show(t->name) };
    p->hints[i].n_tensors++;
}

/* The format's encodings that have lattices, once. */
static void find_lattices(struct planner *p)
{
    const struct encoding *e;
    for (size_t i = 0; !p->lattices_known && (e = registry_encoding_at(p->registry, i)); i++)
        if (e->recover && writer_holds(p->writer, e) == PARE_HOLDS &&
            p->n_lattices < sizeof p->lattices / sizeof *p->lattices)
            p->lattices[p->n_lattices++] = e;
    p->lattices_known = 1;
}

/* The encoding of the fewest bytes, no more than `to` has, on whose lattice the tensor seems to
 * lie; NULL for none. */
static int find_other(struct planner *p, uint64_t tensor, const struct encoding *to,
                      const struct encoding **ret_other)
{
    const struct model_tensor *t = &p->source->tensors[tensor];
    struct lattice_search search = p->options->lattice;
    uint64_t least = bytes_in(t, to);
    search.row = &p->row;
    search.quick = 1;
    find_lattices(p);
    for (size_t i = 0; i < p->n_lattices; i++) {
        const struct encoding *e = p->lattices[i];
        uint64_t bytes = e == to ? UINT64_MAX : bytes_in(t, e);
        int hold;
        if (bytes > least || (*ret_other && bytes == least))
            continue;
        int r = lattice_find(&search, t, tensor, e, &hold, p->err);
        if (r < 0)
            return r;
        if (!hold)
            continue;
        least = bytes;
        *ret_other = e;
    }
    return 0;
}

int planner_find_lattice(struct planner *p, uint64_t tensor, const struct encoding *to)
{
    const struct model_tensor *t = &p->source->tensors[tensor];
    const struct encoding *other = NULL;
    struct lattice_search search = p->options->lattice;
    search.row = &p->row;
    if (!search.source || !(to->flags & PARE_ENCODING_QUANTIZED) || !t->encoding)
        return 0;
    int r = lattice_find(&search, t, tensor, to, &p->tensors[tensor].lattice, p->err);
    if (r == 0 && !p->tensors[tensor].lattice && !(t->encoding->flags & PARE_ENCODING_QUANTIZED))
        r = find_other(p, tensor, to, &other);
    if (other)
        add_hint(p, t, other);
    return r < 0 ? error_prefix(p->err, "tensor %s", text_show(t->name).text) : 0;
}

int planner_note_lattices(struct planner *p)
{
    int r = 0;
    for (size_t i = 0; i < p->n_hints && r == 0; i++) {
        const struct planner_hint *h = &p->hints[i];
        r = planner_warn(p,
                         "%llu tensors seem to lie on the lattice of %s, the first is %s: in %s "
                         "they would be exact, and no larger than now; `--tensor PATTERN=%s' "
                         "chooses it",
                         (unsigned long long)h->n_tensors, h->encoding->name, h->first.text,
                         h->encoding->name, h->encoding->name);
    }
    return r;
}
