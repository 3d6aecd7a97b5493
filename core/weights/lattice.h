/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Lattices: whether a tensor's weights are what some codes of an encoding decode to, because they
 * were decoded from it, or trained with it in the loop. Then these codes are recovered (struct
 * pare_encoding's `recover`) instead of made anew, and nothing is lost.
 *
 * A tensor lies on a lattice as a whole or not at all. Weights that any lattice holds tell nothing:
 * of the blocks that are not zero, one in four at least must have LATTICE_MAGNITUDES different
 * magnitudes or more, in the first slab as in all of it. Ordinary weights fail in the first block,
 * and one row is all that is read of them; a tensor that does not is read whole, once more than
 * otherwise. Encodings with planes for a whole tensor have no lattices here: codes are recovered
 * slab by slab.
 */
#ifndef WEIGHTS_LATTICE_H
#define WEIGHTS_LATTICE_H

#include "plugin/source.h"

#define LATTICE_MAGNITUDES 4 /* zero is none */

enum lattice_hold {
    LATTICE_NONE = 0,
    LATTICE_EXACT = 1,  /* decoded codes are the source, bit for bit */
    LATTICE_ROUNDED = 2 /* so they are when rounded to the source's own f16 or bf16 */
};

/* The tensor's first weights that were read last: for searches of one tensor,
 * encoding after encoding. */
struct lattice_row {
    uint64_t tensor, count; /* count 0: nothing */
    float *x;               /* free it */
};

/* How to search. */
struct lattice_search {
    struct source *source;       /* of the model that is planned for; NULL: do not search */
    struct lattice_row *row;     /* of that model; or NULL */
    int quick;                   /* the first row has to do: for plans only */
    unsigned threads;            /* 0 counts as 1 */
    void (*beat)(void *context); /* called now and then, on the caller's thread; or NULL */
    void *context;
};

/* Whether the lattice of encoding `to` holds tensor number `index`: enum lattice_hold. Errors are
 * those of reading. */
int lattice_find(const struct lattice_search *how, const struct model_tensor *tensor,
                 uint64_t index, const struct encoding *to, int *ret_hold, struct error *err)
    __attribute__((warn_unused_result));

/* The grain (enum pare_grain) with which codes of a tensor in encoding `from` are recovered. */
uint32_t lattice_grain(const struct encoding *from, int hold);

/* "exact", "rounded", or NULL. */
const char *lattice_name(int hold);

#endif
