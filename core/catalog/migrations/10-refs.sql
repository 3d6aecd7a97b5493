-- SPDX-FileCopyrightText: 2026 The Pare developers
-- SPDX-License-Identifier: MIT
-- Version 10: what people name conversions by is found without reading all tensors: the column `ref`
-- of the views, and the model's name.

CREATE INDEX conversion_ref ON conversion (job_id || '.' || (position + 1));
CREATE INDEX model_name ON model (name);
