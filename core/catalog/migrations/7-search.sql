-- SPDX-FileCopyrightText: 2026 The Pare developers
-- SPDX-License-Identifier: MIT
-- Version 7: how hard the encodings searched: reference or best.

ALTER TABLE conversion ADD COLUMN search TEXT NOT NULL DEFAULT 'reference';
