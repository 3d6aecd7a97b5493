/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Operands and one-shot workers: see operand.h. */
#include "cli/operand.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "source/hub_cache.h"
#include "supervise/worker_process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define SILENCE 300.0 /* seconds */

char *operand_path(const char *operand)
{
    _cleanup_free_ char *copy = strdup(operand);
    struct stat st;
    if (!copy || lstat(operand, &st) < 0 || !S_ISLNK(st.st_mode))
        return realpath(operand, NULL);
    size_t len = strlen(copy);
    while (len > 1 && copy[len - 1] == '/')
        copy[--len] = 0;
    char *slash = strrchr(copy, '/');
    const char *name = slash ? slash + 1 : copy;
    _cleanup_free_ char *above = slash ? strndup(copy, (size_t)(slash - copy) + 1) : strdup(".");
    _cleanup_free_ char *folder = above ? realpath(above, NULL) : NULL;
    _cleanup_close_ int dir = folder ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    if (dir < 0 || !hub_cache_is_snapshot(dir) || !hub_cache_is_link(dir, name, "../../blobs"))
        return realpath(operand, NULL);
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_printf(&sb, "%s/%s", folder, name);
    return strbuf_finish(&sb);
}

int operand_open(const char *operand, struct source_set *ret_set, struct error *err)
{
    struct stat st;
    if (lstat(operand, &st) < 0) {
        int missing = errno == ENOENT || errno == ENOTDIR;
        err->code = error_errno(err, errno, "%s", operand);
        return cli_fail(missing ? CLI_NOT_FOUND : CLI_FAILURE, "%s", err->text);
    }
    _cleanup_free_ char *path = S_ISLNK(st.st_mode) ? operand_path(operand) : strdup(operand);
    if (!path && S_ISLNK(st.st_mode))
        return cli_fail(CLI_NOT_FOUND, "%s: a symbolic link that leads nowhere: %s", operand,
                        strerror(errno));
    int r = path ? source_set_open(AT_FDCWD, path, 1, ret_set, err) : error_oom(err);
    if (r == 0)
        r = source_set_expect_writers(ret_set, 1, err);
    if (r == 0)
        return CLI_OK;
    return cli_error(err, strncmp(err->text, operand, strlen(operand)) ? operand : NULL);
}

int operand_open_file(const char *operand, struct source_set *ret_set, struct error *err)
{
    struct source_set set = { 0 };
    int status = operand_open(operand, &set, err);
    if (status == CLI_OK && (set.is_folder || set.n != 1)) {
        source_set_deinit(&set);
        err->code = error_set(err, PARE_EDATA, "not a file");
        return cli_error(err, operand);
    }
    if (status == CLI_OK)
        *ret_set = set;
    return status;
}

struct asking {
    const struct worker_question *question;
    json_t **answers;
    size_t n;
};

static void on_line(void *context, const char *event, const json_t *line)
{
    struct asking *asking = context;
    if (!strcmp(event, "warning"))
        cli_warn("warning: %s", json_get_string(line, "text", "?"));
    if (asking->question->each)
        asking->question->each(asking->question->context, event, line);
    if (!strcmp(event, asking->question->event) && asking->n < asking->question->n_answers)
        asking->answers[asking->n++] = json_incref((json_t *)line);
}

static json_t *make_request(const struct cli *cli, const struct worker_question *q)
{
    _cleanup_json_ json_t *more = q->more;
    _cleanup_json_ json_t *request = json_pack("{s:s, s:s, s:s, s:s}", "kind", q->kind, "plugins",
                                               cli->plugins, "recipes", cli->recipes,
                                               "architectures", cli->architectures);
    if (!request || (more && json_object_update(request, more) < 0) ||
        (q->source && json_object_set_new(request, "source", source_set_json(q->source)) < 0) ||
        (q->other && json_object_set_new(request, "other", source_set_json(q->other)) < 0) ||
        (q->importance && q->importance->n &&
         json_object_set_new(request, "importance",
                             source_set_importance_json(q->importance, q->importance_name,
                                                        q->importance_parts)) < 0))
        return NULL;
    return TAKE(request);
}

/* The descriptors of all files that the request names. */
static int gather_fds(const struct worker_question *q, int **ret_fds, size_t *ret_n)
{
    const struct source_set *const sets[] = { q->source, q->other, q->importance };
    size_t n = 0, n_sets = sizeof sets / sizeof *sets;
    for (size_t i = 0; i < n_sets; i++)
        n += sets[i] ? sets[i]->n : 0;
    int *fds = calloc(n + 1, sizeof *fds);
    if (!fds)
        return -1;
    *ret_fds = fds;
    *ret_n = n;
    for (size_t i = 0; i < n_sets; i++)
        for (size_t j = 0; sets[i] && j < sets[i]->n; j++)
            *fds++ = sets[i]->fds[j];
    return 0;
}

/* What a worker has read of files that changed is worth nothing. */
static int check_sources(const struct worker_question *q, struct error *err)
{
    const struct source_set *const sets[] = { q->source, q->other, q->importance };
    int r = 0;
    for (size_t i = 0; i < sizeof sets / sizeof *sets && r == 0; i++)
        r = sets[i] ? source_set_check(sets[i], err) : 0;
    return r;
}

int worker_ask(const struct cli *cli, const struct worker_question *q, json_t **ret_answers)
{
    _cleanup_json_ json_t *request = make_request(cli, q);
    _cleanup_free_ int *fds = NULL;
    size_t n = 0;
    if (!request || gather_fds(q, &fds, &n) < 0)
        return cli_fail(CLI_FAILURE, "out of memory");
    memset(ret_answers, 0, q->n_answers * sizeof(json_t *));
    struct asking asking = { .question = q, .answers = ret_answers };
    struct error err = ERROR_INIT;
    double silence = q->silence > 0 ? q->silence : SILENCE;
    int r = worker_process_run(cli->worker, request, fds, n, silence, on_line, &asking, &err);
    int changed = check_sources(q, &err);
    r = changed < 0 ? changed : r;
    if (r < 0 && q->failure)
        *q->failure = err;
    int status = r < 0           ? q->failure ? CLI_FAILURE : cli_error(&err, q->what)
                           : asking.n == 0 ? cli_fail(CLI_FAILURE, "the worker gave no answer")
                                 : CLI_OK;
    for (size_t i = 0; status != CLI_OK && i < q->n_answers; i++) {
        json_decref(ret_answers[i]);
        ret_answers[i] = NULL;
    }
    return status;
}

int worker_print_answer(json_t *answer)
{
    (void)json_object_del(answer, "event");
    return cli_print_json(answer);
}

const char *shape_text(const json_t *shape, char buffer[96])
{
    size_t i, n = 0;
    json_t *dim;
    buffer[0] = 0;
    json_array_foreach((json_t *)shape, i, dim) {
        int w = snprintf(buffer + n, 96 - n, "%s%lld", i ? "x" : "",
                         (long long)json_integer_value(dim));
        if (w < 0 || (n += (size_t)w) >= 96)
            break;
    }
    return i ? buffer : strcpy(buffer, "scalar");
}
