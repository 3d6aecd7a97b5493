/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The reader, as the host sees it.
 */
#ifndef GGUF_READER_H
#define GGUF_READER_H

#include "gguf/gguf.h"

extern const struct pare_reader gguf_reader;

#endif
