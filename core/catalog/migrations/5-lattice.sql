-- SPDX-FileCopyrightText: 2026 The Pare developers
-- SPDX-License-Identifier: MIT
-- Version 5: tensors that lie on the lattice of their encoding.

ALTER TABLE conversion ADD COLUMN lattice_exact INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversion ADD COLUMN lattice_rounded INTEGER NOT NULL DEFAULT 0;

ALTER TABLE tensor ADD COLUMN lattice TEXT;
