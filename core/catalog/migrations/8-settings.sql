-- SPDX-FileCopyrightText: 2026 The Pare developers
-- SPDX-License-Identifier: MIT
-- Version 8: the settings of a conversion that have no column of their own, as a JSON object.

ALTER TABLE conversion ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
