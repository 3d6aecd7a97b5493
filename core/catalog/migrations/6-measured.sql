-- SPDX-FileCopyrightText: 2026 The Pare developers
-- SPDX-License-Identifier: MIT
-- Version 6: of how much of a conversion figures were taken: full, sample or none.

ALTER TABLE conversion ADD COLUMN measured TEXT NOT NULL DEFAULT 'full';
