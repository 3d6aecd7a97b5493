-- SPDX-FileCopyrightText: 2026 The Pare developers
-- SPDX-License-Identifier: MIT
-- Version 9: which files a job that was submitted by path is about.

ALTER TABLE job ADD COLUMN source_identity TEXT;
