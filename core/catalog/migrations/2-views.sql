-- SPDX-FileCopyrightText: 2026 The Pare developers
-- SPDX-License-Identifier: MIT
-- Version 2: the views for people.

-- One row per conversion with what belongs to it; `ref` is what `pare show` takes.
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
       c.error_text
FROM conversion c
JOIN job j ON j.id = c.job_id
LEFT JOIN model m ON m.id = c.model_id;

-- What did not work: conversions that failed, and failed jobs that had none.
CREATE VIEW failures AS
SELECT c.job_id || '.' || (c.position + 1) AS ref,
       c.job_id,
       j.uid,
       j.name AS model,
       c.format || ':' || c.recipe AS target,
       c.error_code,
       c.error_text,
       j.attempts,
       j.source_format,
       j.source_path,
       c.finished
FROM conversion c
JOIN job j ON j.id = c.job_id
WHERE c.state = 'failed'
UNION ALL
SELECT CAST(j.id AS TEXT), j.id, j.uid, j.name, NULL, j.error_code, j.error_text, j.attempts,
       j.source_format, j.source_path, j.finished
FROM job j
WHERE j.state = 'failed'
  AND NOT EXISTS (SELECT 1 FROM conversion c WHERE c.job_id = j.id AND c.state = 'failed');

-- For each model the conversions that no other beats in both size and accuracy. The newest of
-- the same target counts; an exact copy has no SQNR and an RMSE of 0.
CREATE VIEW pareto AS
WITH candidate AS (
    SELECT c.id, c.job_id, c.position, c.model_id, c.format, c.recipe, c.bytes_out,
           c.bits_per_weight, c.sqnr_db, c.output_path,
           coalesce(c.sqnr_db, iif(c.rmse = 0, 1e999, -1e999)) AS accuracy
    FROM conversion c
    WHERE c.state = 'done'
      AND c.id = (SELECT max(n.id) FROM conversion n
                  WHERE n.state = 'done' AND n.model_id = c.model_id AND n.format = c.format
                    AND n.recipe = c.recipe AND n.options = c.options)
)
SELECT a.job_id || '.' || (a.position + 1) AS ref,
       m.name AS model,
       a.format || ':' || a.recipe AS target,
       a.bytes_out,
       a.bits_per_weight,
       a.sqnr_db,
       a.output_path,
       m.digest AS model_digest
FROM candidate a
JOIN model m ON m.id = a.model_id
WHERE NOT EXISTS (
    SELECT 1 FROM candidate b
    WHERE b.model_id = a.model_id
      AND b.bytes_out <= a.bytes_out AND b.accuracy >= a.accuracy
      AND (b.bytes_out < a.bytes_out OR b.accuracy > a.accuracy))
ORDER BY m.name, m.id, a.bytes_out;

-- Tensors that lost most, worst first; exact copies are left out.
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
       t.nonfinite
FROM tensor t
JOIN conversion c ON c.id = t.conversion_id
JOIN model m ON m.id = c.model_id
WHERE t.sqnr_db IS NOT NULL
ORDER BY t.sqnr_db;

-- Tensors that took longest, slowest first; those without a time are left out.
CREATE VIEW slowest_tensors AS
SELECT c.job_id || '.' || (c.position + 1) AS ref,
       m.name AS model,
       c.format || ':' || c.recipe AS target,
       t.name AS tensor,
       t.shape,
       t.from_encoding,
       t.to_encoding,
       t.elements,
       t.seconds,
       t.elements / 1e6 / nullif(t.seconds, 0) AS mweights_per_second
FROM tensor t
JOIN conversion c ON c.id = t.conversion_id
JOIN model m ON m.id = c.model_id
WHERE t.seconds IS NOT NULL
ORDER BY t.seconds DESC;
