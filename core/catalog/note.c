/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Small records beside jobs and conversions: evaluations, events, plugins. None of them changes the
 * state of anything. */
#include "catalog/catalog_private.h"

int catalog_evaluation_add(struct catalog *catalog, int64_t conversion, const char *metric,
                           double value, const char *detail, struct error *err)
{
    int64_t id;
    int r = db_integer(catalog, err, &id, "SELECT id FROM conversion WHERE id = ?", "i",
                       conversion);
    if (r != 0)
        return r;
    return db_run(catalog, err,
                  "INSERT INTO evaluation (conversion_id, metric, value, detail, at)"
                  " VALUES (?, ?, ?, ?, " DB_NOW ")"
                  " ON CONFLICT (conversion_id, metric, detail)"
                  " DO UPDATE SET value = excluded.value, at = excluded.at",
                  "isrs", conversion, metric, value, detail ? detail : "");
}

int catalog_event(struct catalog *catalog, int64_t job, const char *level, const char *kind,
                  const char *text, struct error *err)
{
    int64_t id;
    int r = job == 0 ? 0
                     : db_integer(catalog, err, &id, "SELECT id FROM job WHERE id = ?", "i", job);
    if (r != 0)
        return r;
    return db_run(catalog, err,
                  "INSERT INTO event (at, job_id, level, kind, text)"
                  " VALUES (" DB_NOW ", nullif(?, 0), ?, ?, ?)",
                  "isss", job, level, kind, text);
}

int catalog_plugin_seen(struct catalog *catalog, const char *name, const char *version,
                        const char *sha256, const json_t *described, struct error *err)
{
    return db_run(catalog, err,
                  "INSERT INTO plugin (name, version, sha256, first_seen, last_seen, described)"
                  " VALUES (?, ?, ?, " DB_NOW ", " DB_NOW ", ?)"
                  " ON CONFLICT (name, version, sha256) DO UPDATE SET"
                  " last_seen = max(last_seen, excluded.last_seen),"
                  " described = coalesce(excluded.described, described)",
                  "sssj", name, version, sha256, described);
}
