-- SPDX-FileCopyrightText: 2026 The Pare developers
-- SPDX-License-Identifier: MIT
-- Version 1: the tables. Every column is explained in pare-catalog(5).
-- Constraints use no JSON functions: SQLite would refuse them with trusted_schema off.
-- A migration that has been released is never edited: add the next number.

CREATE TABLE model (
    id           INTEGER PRIMARY KEY,
    digest       TEXT NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    format       TEXT NOT NULL,
    architecture TEXT,
    parameters   INTEGER,
    tensors      INTEGER,
    bytes        INTEGER,
    license      TEXT,
    origin       TEXT,
    first_seen   TEXT NOT NULL
) STRICT;

CREATE TABLE model_encoding (
    model_id INTEGER NOT NULL REFERENCES model (id) ON DELETE CASCADE,
    encoding TEXT NOT NULL,
    tensors  INTEGER NOT NULL,
    elements INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    PRIMARY KEY (model_id, encoding)
) STRICT, WITHOUT ROWID;

CREATE TABLE model_file (
    model_id INTEGER NOT NULL REFERENCES model (id) ON DELETE CASCADE,
    name     TEXT NOT NULL,
    bytes    INTEGER NOT NULL,
    sha256   TEXT,
    PRIMARY KEY (model_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE job (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT,
    uid                 TEXT NOT NULL UNIQUE,
    name                TEXT NOT NULL,
    source_path         TEXT NOT NULL,
    kind                TEXT NOT NULL CHECK (kind IN ('drop', 'submit', 'convert', 'rebuild')),
    state               TEXT NOT NULL CHECK (state IN
        ('queued', 'running', 'done', 'failed', 'cancelled')),
    priority            INTEGER NOT NULL DEFAULT 0,
    attempts            INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    not_before          TEXT,
    submitted           TEXT NOT NULL,
    started             TEXT,
    finished            TEXT,
    model_id            INTEGER REFERENCES model (id) ON DELETE SET NULL,
    source_format       TEXT,
    source_architecture TEXT,
    source_parameters   INTEGER,
    source_tensors      INTEGER,
    source_bytes        INTEGER,
    program_version     TEXT,
    cpu                 TEXT,
    threads             INTEGER,
    sandbox             TEXT,
    error_code          TEXT,
    error_text          TEXT,
    CHECK ((state IN ('done', 'failed', 'cancelled')) = (finished IS NOT NULL)),
    CHECK (state <> 'failed' OR error_code IS NOT NULL)
) STRICT;

CREATE INDEX job_queue ON job (state, priority DESC, submitted, id);
CREATE INDEX job_model ON job (model_id);

CREATE TABLE conversion (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id          INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    position        INTEGER NOT NULL CHECK (position >= 0),
    format          TEXT NOT NULL,
    recipe          TEXT NOT NULL,
    recipe_sha256   TEXT,
    options         TEXT NOT NULL DEFAULT '{}',
    model_id        INTEGER REFERENCES model (id) ON DELETE SET NULL,
    state           TEXT NOT NULL CHECK (state IN
        ('queued', 'running', 'done', 'failed', 'cancelled')),
    program_version TEXT,
    plugins         TEXT NOT NULL DEFAULT '[]',
    cpu             TEXT,
    threads         INTEGER,
    bytes_in        INTEGER,
    bytes_out       INTEGER,
    bits_per_weight REAL,
    rmse            REAL,
    sqnr_db         REAL,
    relative_error  REAL,
    max_abs         REAL,
    cosine          REAL,
    hash_s          REAL,
    read_s          REAL,
    decode_s        REAL,
    encode_s        REAL,
    measure_s       REAL,
    write_s         REAL,
    sync_s          REAL,
    verify_s        REAL,
    total_s         REAL,
    peak_rss        INTEGER,
    output_path     TEXT,
    output_sha256   TEXT,
    queued          TEXT NOT NULL,
    started         TEXT,
    finished        TEXT,
    error_code      TEXT,
    error_text      TEXT,
    warnings        TEXT NOT NULL DEFAULT '[]',
    UNIQUE (job_id, position),
    CHECK ((state IN ('done', 'failed', 'cancelled')) = (finished IS NOT NULL)),
    CHECK (state <> 'failed' OR error_code IS NOT NULL),
    CHECK (state <> 'done' OR (output_path IS NOT NULL AND model_id IS NOT NULL))
) STRICT;

CREATE INDEX conversion_model ON conversion (model_id, format, recipe);
CREATE INDEX conversion_output ON conversion (output_path);

CREATE TABLE output_file (
    conversion_id INTEGER NOT NULL REFERENCES conversion (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    bytes         INTEGER NOT NULL,
    sha256        TEXT,
    PRIMARY KEY (conversion_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE tensor (
    conversion_id  INTEGER NOT NULL REFERENCES conversion (id) ON DELETE CASCADE,
    position       INTEGER NOT NULL,
    name           TEXT NOT NULL,
    shape          TEXT NOT NULL,
    from_encoding  TEXT NOT NULL,
    to_encoding    TEXT NOT NULL,
    elements       INTEGER NOT NULL,
    bytes_in       INTEGER,
    bytes_out      INTEGER,
    rmse           REAL,
    sqnr_db        REAL,
    relative_error REAL,
    max_abs        REAL,
    cosine         REAL,
    nonfinite      INTEGER NOT NULL DEFAULT 0,
    seconds        REAL,
    PRIMARY KEY (conversion_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE evaluation (
    id            INTEGER PRIMARY KEY,
    conversion_id INTEGER NOT NULL REFERENCES conversion (id) ON DELETE CASCADE,
    metric        TEXT NOT NULL,
    value         REAL,
    detail        TEXT NOT NULL DEFAULT '',
    at            TEXT NOT NULL,
    UNIQUE (conversion_id, metric, detail)
) STRICT;

CREATE TABLE event (
    id     INTEGER PRIMARY KEY,
    at     TEXT NOT NULL,
    job_id INTEGER REFERENCES job (id) ON DELETE CASCADE,
    level  TEXT NOT NULL CHECK (level IN ('error', 'warning', 'info')),
    kind   TEXT NOT NULL,
    text   TEXT NOT NULL
) STRICT;

CREATE INDEX event_job ON event (job_id);

CREATE TABLE plugin (
    name       TEXT NOT NULL,
    version    TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    last_seen  TEXT NOT NULL,
    described  TEXT,
    PRIMARY KEY (name, version, sha256)
) STRICT, WITHOUT ROWID;
