-- SPDX-FileCopyrightText: 2026 The Pare developers
-- SPDX-License-Identifier: MIT
-- Version 4: importance matrices, overrides, and the errors that importance weighs.

ALTER TABLE conversion ADD COLUMN importance_name TEXT;
ALTER TABLE conversion ADD COLUMN importance_sha256 TEXT;
ALTER TABLE conversion ADD COLUMN importance_entries INTEGER;
ALTER TABLE conversion ADD COLUMN overrides TEXT NOT NULL DEFAULT '[]';
ALTER TABLE conversion ADD COLUMN weighted_relative_error REAL;
ALTER TABLE conversion ADD COLUMN weighted_sqnr_db REAL;

ALTER TABLE tensor ADD COLUMN importance INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tensor ADD COLUMN weighted_relative_error REAL;
ALTER TABLE tensor ADD COLUMN weighted_sqnr_db REAL;

DROP VIEW conversions;
CREATE VIEW conversions AS
SELECT c.job_id || '.' || (c.position + 1) AS ref,
       c.id AS conversion_id,
       c.job_id,
       j.uid,
       coalesce(m.name, j.name) AS model,
       coalesce(m.architecture, j.source_architecture) AS architecture,
       coalesce(m.parameters, j.source_parameters) AS parameters,
       coalesce(m.format, j.source_format) AS source_format,
       c.format || ':' || c.recipe AS target,
       c.state,
       c.bytes_in,
       c.bytes_out,
       CAST(c.bytes_in AS REAL) / nullif(c.bytes_out, 0) AS ratio,
       c.bits_per_weight,
       c.rmse,
       c.sqnr_db,
       c.relative_error,
       c.max_abs,
       c.cosine,
       c.total_s AS seconds,
       c.bytes_in / 1e6 / nullif(c.total_s, 0) AS mb_per_second,
       c.peak_rss,
       c.output_path,
       j.source_path,
       c.queued,
       c.finished,
       c.error_code,
       c.error_text,
       c.importance_name,
       c.weighted_relative_error,
       c.weighted_sqnr_db
FROM conversion c
JOIN job j ON j.id = c.job_id
LEFT JOIN model m ON m.id = c.model_id;

-- As before; with other importance or overrides it is another conversion.
DROP VIEW pareto;
CREATE VIEW pareto AS
WITH candidate AS (
    SELECT c.id, c.job_id, c.position, c.model_id, c.format, c.recipe, c.bytes_out,
           c.bits_per_weight, c.sqnr_db, c.output_path, c.importance_name, c.weighted_sqnr_db,
           coalesce(c.sqnr_db, iif(c.rmse = 0, 1e999, -1e999)) AS accuracy
    FROM conversion c
    WHERE c.state = 'done'
      AND c.id = (SELECT max(n.id) FROM conversion n
                  WHERE n.state = 'done' AND n.model_id = c.model_id AND n.format = c.format
                    AND n.recipe = c.recipe AND n.options = c.options
                    AND n.importance_sha256 IS c.importance_sha256
                    AND n.overrides = c.overrides)
)
SELECT a.job_id || '.' || (a.position + 1) AS ref,
       m.name AS model,
       a.format || ':' || a.recipe AS target,
       a.bytes_out,
       a.bits_per_weight,
       a.sqnr_db,
       a.output_path,
       m.digest AS model_digest,
       a.importance_name,
       a.weighted_sqnr_db
FROM candidate a
JOIN model m ON m.id = a.model_id
WHERE NOT EXISTS (
    SELECT 1 FROM candidate b
    WHERE b.model_id = a.model_id
      AND b.bytes_out <= a.bytes_out AND b.accuracy >= a.accuracy
      AND (b.bytes_out < a.bytes_out OR b.accuracy > a.accuracy))
ORDER BY m.name, m.id, a.bytes_out;

DROP VIEW worst_tensors;
CREATE VIEW worst_tensors AS
SELECT c.job_id || '.' || (c.position + 1) AS ref,
       m.name AS model,
       c.format || ':' || c.recipe AS target,
       t.name AS tensor,
       t.shape,
       t.from_encoding,
       t.to_encoding,
       t.sqnr_db,
       t.rmse,
       t.relative_error,
       t.max_abs,
       t.cosine,
       t.nonfinite,
       t.importance,
       t.weighted_relative_error,
       t.weighted_sqnr_db
FROM tensor t
JOIN conversion c ON c.id = t.conversion_id
JOIN model m ON m.id = c.model_id
WHERE t.sqnr_db IS NOT NULL
ORDER BY t.sqnr_db;
