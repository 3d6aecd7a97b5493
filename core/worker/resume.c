/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The journal of a convert job: see resume.h. */
#include "worker/resume.h"

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/timing.h"
#include "config.h"
#include "journal/records.h"
#include "plugin/registry.h"
#include "settings/settings.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

/* ---- what a journal belongs to ---- */

/* The lines of a head, in this order, and what it means when one differs. */
static const struct {
    const char *key, *reason;
} lines[] = {
    { "pare", "it was made by another version of Pare" },
    { "plugins", "the plugins have changed" },
    { "source", "the source has changed" },
    { "importance", "the importance matrix has changed" },
    { "request", "the recipe, the rules or the options have changed" },
    { "plan", "the plan has changed" },
};

static int add_line(struct strbuf *head, const char *key, const struct strbuf *of,
                    struct error *err)
{
    char hex[HASH_HEX_SIZE];
    int r = of->failed ? error_oom(err) : hash_of(of->data ? of->data : "", of->len, hex, err);
    if (r == 0)
        strbuf_printf(head, "%s %s\n", key, hex);
    return r;
}

static int add_files(struct strbuf *head, const char *key, const struct model *model,
                     struct error *err)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    for (uint32_t i = 0; model && i < model->n_files; i++) {
        const struct model_file *f = &model->files[i];
        struct stat st = { 0 };
        if (!f->text && fstat(f->fd, &st) < 0)
            return error_errno(err, errno, "%s", f->name);
        strbuf_printf(&sb, "%s\t%llu\t%lld.%09ld\t%lld.%09ld\t%llu\n", f->name,
                      (unsigned long long)f->size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
                      (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec,
                      (unsigned long long)st.st_ino);
    }
    return add_line(head, key, &sb, err);
}

/* Settings that do not change a byte of what is made. */
static int is_indifferent(const char *name)
{
    static const char *const names[] = { "threads", "memory_limit", "sandbox", "cpu",
                                         "checkpoint" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], name))
            return 1;
    return 0;
}

/* What was asked for, without descriptors. */
static int add_request(struct strbuf *head, const struct resume *resume, struct error *err)
{
    const json_t *request = resume->job->request;
    const json_t *importance = json_object_get(request, "importance");
    _cleanup_json_ json_t *all = json_object();
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    int bad = !all;
    for (size_t i = 0; setting_at(i); i++)
        if (!is_indifferent(setting_at(i)->name))
            bad |= json_object_set_new(all, setting_at(i)->name,
                                       setting_json(request, setting_at(i)));
    static const char *const members[] = { "targets", "overrides", "format" };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (json_object_get(request, members[i]))
            bad |= json_object_set(all, members[i], json_object_get(request, members[i]));
    static const char *const parts[] = { "name", "include", "exclude" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (json_object_get(importance, parts[i]))
            bad |= json_object_set(all, parts[i], json_object_get(importance, parts[i]));
    const json_t *source = json_object_get(request, "source");
    bad |= json_object_set_new(all, "source", json_string(json_get_string(source, "name", "")));
    _cleanup_free_ char *text = bad ? NULL : json_dumps(all, JSON_SORT_KEYS | JSON_COMPACT);
    if (!text)
        return error_oom(err);
    strbuf_puts(&sb, text);
    for (size_t i = 0; i < resume->n; i++)
        strbuf_printf(&sb, "\n%s", recipe_digest(resume->targets[i].recipe));
    return add_line(head, "request", &sb, err);
}

static void add_layout(struct strbuf *sb, const struct layout *layout)
{
    for (uint32_t i = 0; i < layout->n_files; i++)
        strbuf_printf(sb, "%s\t%llu\n", layout->files[i].name,
                      (unsigned long long)layout->files[i].size);
    for (uint64_t i = 0; i < layout->n_pieces; i++) {
        const struct layout_piece *p = &layout->pieces[i];
        strbuf_printf(sb, "%d\t%u\t%llu\t%llu\t%llu\t%u\t%u\t%llu\n", p->kind, p->file,
                      (unsigned long long)p->offset, (unsigned long long)p->length,
                      (unsigned long long)p->tensor, p->plane, p->source_file,
                      (unsigned long long)p->source_offset);
        if (p->kind == LAYOUT_LITERAL)
            strbuf_add(sb, p->data, p->length);
    }
}

static int add_plan(struct strbuf *head, const struct resume *resume, struct error *err)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    for (size_t i = 0; i < resume->n; i++) {
        const struct target *target = &resume->targets[i];
        const struct plan *plan = target->plan;
        strbuf_printf(&sb, "%s\t%s\t%d\n", route_map(target->route), target->stem, plan->search);
        for (uint64_t j = 0; j < plan->target->n_tensors; j++)
            strbuf_printf(&sb, "%llu\t%s\t%d\t%d\n", (unsigned long long)plan->choices[j].source,
                          plan->target->tensors[j].encoding_name, plan->choices[j].lattice,
                          plan->choices[j].importance != NULL);
        add_layout(&sb, &target->layout);
    }
    return add_line(head, "plan", &sb, err);
}

static int make_head(void *context, char **ret_head, struct error *err)
{
    const struct resume *resume = context;
    const struct job_context *job = resume->job;
    _cleanup_strbuf_ struct strbuf head = STRBUF_INIT, sb = STRBUF_INIT;
    _cleanup_json_ json_t *plugins = registry_versions(job->registry);
    _cleanup_free_ char *versions = plugins ? json_dumps(plugins, JSON_SORT_KEYS) : NULL;
    if (!versions)
        return error_oom(err);
    strbuf_puts(&sb, versions);
    strbuf_printf(&head, "pare %s\n", PARE_VERSION);
    int r = add_line(&head, "plugins", &sb, err);
    if (r == 0)
        r = add_files(&head, "source", resume->model, err);
    if (r == 0)
        r = add_files(&head, "importance", job->importance, err);
    if (r == 0)
        r = add_request(&head, resume, err);
    if (r == 0)
        r = add_plan(&head, resume, err);
    if (r < 0)
        return r;
    *ret_head = strbuf_finish(&head);
    return *ret_head ? 0 : error_oom(err);
}

/* Compares two heads line by line. PARE_EDATA: they differ, and err says in what. */
static int compare_heads(const char *left, const char *now, struct error *err)
{
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        size_t n = strcspn(now, "\n"), m = strcspn(left, "\n");
        if (n != m || strncmp(left, now, n) != 0)
            return error_set(err, PARE_EDATA, "%s", lines[i].reason);
        now += n + (now[n] != 0);
        left += m + (left[m] != 0);
    }
    return 0;
}

/* ---- checkpoints ---- */

static int sync_targets(void *context, struct error *err)
{
    const struct resume *resume = context;
    int r = 0;
    for (size_t i = 0; i < resume->n && r == 0; i++)
        r = target_sync(&resume->targets[i], err);
    return r;
}

static void told(void *context, uint64_t number, const char *why)
{
    const struct resume *resume = context;
    if (why)
        job_emit(resume->job, "warning",
                 json_pack("{s:o}", "text",
                           json_sprintf("no more checkpoints are taken: %s", why)));
    else
        job_emit(resume->job, "checkpoint", json_pack("{s:I}", "number", (json_int_t)number));
}

void resume_describe(void *context, struct strbuf *block)
{
    struct resume *resume = context;
    const json_t *warnings = resume->job->warnings;
    for (size_t i = 0; i < resume->n; i++)
        target_put_state(&resume->targets[i], block);
    for (; resume->kept < json_array_size(warnings); resume->kept++) {
        const json_t *text = json_array_get(warnings, resume->kept);
        size_t place = record_begin(block, RECORD_TEXT);
        record_put32(block, RECORD_ALL_TARGETS);
        record_put32(block, 0);
        strbuf_add(block, json_string_value(text), json_string_length(text));
        record_end(block, place);
    }
}

static int get_source_text(const struct resume *resume, struct record *record, struct error *err)
{
    (void)record_get32(record);
    if (record->bad)
        return error_set(err, PARE_EDATA, "the journal does not fit the source");
    json_t *text = json_text((const char *)record->at, record->left);
    return json_array_append_new(resume->job->warnings, text) < 0 ? error_oom(err) : 0;
}

static int get_block(void *context, const unsigned char *block, uint64_t n, struct error *err)
{
    struct resume *resume = context;
    struct record record;
    int r = target_get_state(resume->targets, resume->n, block, n, err);
    while (r == 0 && record_next(&block, &n, &record) > 0)
        if (record.type == RECORD_TEXT && record_get32(&record) == RECORD_ALL_TARGETS)
            r = get_source_text(resume, &record, err);
    return r;
}

/* Reads what an earlier life left. */
static int look_back(struct resume *resume, struct error *err)
{
    _cleanup_free_ char *head = NULL;
    int r = make_head(resume, &head, err);
    if (r < 0)
        return r;
    r = compare_heads(journal_head(resume->journal), head, err);
    if (r == 0)
        r = journal_read(resume->journal, get_block, resume, err);
    if (r == 0 && !journal_blocks(resume->journal))
        r = error_set(err, PARE_EDATA, "its journal has no whole checkpoint");
    if (r < 0) {
        resume->misfit = 1;
        return r;
    }
    for (size_t i = 0; i < resume->n; i++)
        resume->targets[i].goes_on = 1;
    resume->kept = json_array_size(resume->job->warnings);
    return 0;
}

/* SIGUSR1: stop at a checkpoint. */
static void catch_signal(void)
{
    struct sigaction action = { .sa_handler = checkpoints_ask_to_stop, .sa_flags = SA_RESTART };
    (void)sigaction(SIGUSR1, &action, NULL);
}

int resume_open(struct resume *resume, const struct job_context *job, const struct model *model,
                struct target *targets, size_t n, int staging, struct error *err)
{
    uint64_t bytes = settings_count(job->request, "checkpoint");
    struct checkpoints_request request = { .dirfd = staging,
                                           .bytes = bytes,
                                           .head = make_head,
                                           .sync = sync_targets,
                                           .told = told,
                                           .context = resume };
    *resume = (struct resume){ .job = job, .model = model, .targets = targets, .n = n };
    resume->known = resume->kept = json_array_size(job->warnings);
    for (size_t i = 0; i < n; i++)
        target_begin_state(&targets[i]);
    int r = journal_open(staging, &resume->journal, err);
    resume->misfit = r < 0;
    if (r == 0)
        r = look_back(resume, err);
    if (r < 0 || !bytes)
        return r < 0 ? r : 0;
    for (size_t i = 0; i < n; i++)
        target_begin_state(&targets[i]);
    r = checkpoints_new(&request, resume->journal, &resume->checkpoints, err);
    if (r < 0)
        resume->journal = NULL;
    else
        catch_signal();
    return r;
}

void resume_deinit(struct resume *resume)
{
    if (resume->checkpoints)
        checkpoints_free(resume->checkpoints);
    else
        journal_free(resume->journal);
    resume->checkpoints = NULL;
    resume->journal = NULL;
}

static void no_beat(void *context)
{
    (void)context;
}

void resume_beat(struct resume *resume)
{
    struct checkpoints *checkpoints = resume->checkpoints;
    _cleanup_strbuf_ struct strbuf block = STRBUF_INIT;
    struct error later = ERROR_INIT; /* resume_end tells it */
    uint64_t digested = 0;
    if (!checkpoints || !checkpoints_have_begun(checkpoints))
        return;
    for (size_t i = 0; i < resume->n; i++)
        digested += target_digested(&resume->targets[i]);
    if (!resume->digested) /* the walk's last checkpoint was hardly before */
        resume->digested = digested;
    if (!checkpoints_are_due(checkpoints, digested - resume->digested))
        return;
    resume->digested = digested;
    for (size_t i = 0; i < resume->n; i++)
        target_put_digest(&resume->targets[i], &block);
    int r = checkpoints_add(checkpoints, &block, no_beat, NULL, &later);
    if (r == 0 && checkpoints_flush(checkpoints, no_beat, NULL, &later) < 0) {
        /* before files are closed */
    }
}

int resume_flush(struct resume *resume, struct error *err)
{
    return resume->checkpoints ? checkpoints_flush(resume->checkpoints, no_beat, NULL, err) : 0;
}

void resume_tell(const struct resume *resume)
{
    if (resume->journal)
        job_emit(resume->job, "resumed",
                 json_pack("{s:I}", "checkpoint", (json_int_t)journal_blocks(resume->journal)));
}

void resume_failed(const struct resume *resume, struct error *err)
{
    if (!resume->misfit)
        return;
    job_emit(resume->job, "misfit",
             json_pack("{s:o}", "text", json_text(err->text, strlen(err->text))));
    (void)error_prefix(err, "what an earlier run left cannot be used");
}
