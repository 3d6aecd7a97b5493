-- SPDX-FileCopyrightText: 2026 The Pare developers
-- SPDX-License-Identifier: MIT
-- Version 3: what is still to be done for the catalog. A new one has the row `rebuild` until all
-- manifests are in it, so that a crash in between is not forgotten.

CREATE TABLE pending (
    task  TEXT PRIMARY KEY,
    since TEXT NOT NULL
) STRICT, WITHOUT ROWID;
