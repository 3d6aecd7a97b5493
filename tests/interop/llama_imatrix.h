/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Importance for llama.cpp's library, which takes values and notes for the output, not a file: both
 * come from a table that importance.py writes, with what llama-quantize would make of the file.
 */
#ifndef INTEROP_LLAMA_IMATRIX_H
#define INTEROP_LLAMA_IMATRIX_H

#include "llama_peer.h"

/* Puts the table's content into the parameters, where it stays for good. 0, or 2 (with a message on
 * standard error) when it is not a table. */
int imatrix_load(const char *path, struct peer_params *params);

#endif
