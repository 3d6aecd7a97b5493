/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* The client's side of the control socket: see control_client.h. Blocking, one thread. */
#include "cli/control_client.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/paths.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define SYSTEM_SOCKET "/run/pare/pared.sock"
#define LINE_MAX_BYTES (16u << 20)
#define FDS_AT_ONCE 200 /* the kernel takes 253 */

struct control {
    int fd;
    char *buffer;
    size_t len, capacity;
};

char *control_socket_path(const struct cli *cli)
{
    const char *env = getenv("PARE_SOCKET");
    if (cli->socket)
        return strdup(cli->socket);
    if (env && *env)
        return strdup(env);
    if (cli->catalog)
        return paths_socket(cli->catalog);
    if (access(SYSTEM_SOCKET, F_OK) == 0)
        return strdup(SYSTEM_SOCKET);
    _cleanup_free_ char *catalog = paths_user_catalog();
    return catalog ? paths_socket(catalog) : NULL;
}

/* A connected socket, or -1 with errno. */
static int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return -1;
    return TAKE_FD(fd);
}

int control_answers(const char *path)
{
    _cleanup_close_ int fd = connect_to(path);
    return fd >= 0;
}

int control_open(const struct cli *cli, struct control **ret_control)
{
    _cleanup_free_ char *path = control_socket_path(cli);
    if (!path)
        return cli_fail(CLI_FAILURE, "out of memory");
    _cleanup_close_ int fd = connect_to(path);
    if (fd < 0 && (errno == EACCES || errno == EPERM))
        return cli_fail(CLI_NO_DAEMON, "%s: no permission to talk to pared", path);
    if (fd < 0)
        return cli_fail(CLI_NO_DAEMON,
                        "%s: no pared answers here: %s (is it running? --socket or "
                        "--catalog say where)",
                        path, strerror(errno));
    struct control *control = calloc(1, sizeof *control);
    if (!control)
        return cli_fail(CLI_FAILURE, "out of memory");
    control->fd = TAKE_FD(fd);
    *ret_control = control;
    return CLI_OK;
}

void control_close(struct control *control)
{
    if (!control)
        return;
    (void)close(control->fd);
    free(control->buffer);
    free(control);
}

/* Sends n bytes with descriptors. As send(2). */
static ssize_t send_some(int socket, const char *data, size_t n, const int *fds, size_t n_fds)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(FDS_AT_ONCE * sizeof(int))];
    } space = { 0 };
    struct iovec iov = { (char *)data, n };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
    if (n_fds) {
        message.msg_control = &space;
        message.msg_controllen = CMSG_SPACE(n_fds * sizeof *fds);
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(n_fds * sizeof *fds);
        memcpy(CMSG_DATA(c), fds, n_fds * sizeof *fds);
    }
    ssize_t sent;
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

int control_send_files(struct control *control, json_t *request, const int *fds, size_t n)
{
    struct error err = ERROR_INIT;
    _cleanup_free_ char *text = request ? json_to_text(request) : NULL;
    json_decref(request);
    if (!text)
        return cli_fail(CLI_FAILURE, "out of memory");
    size_t len = strlen(text), at = 0;
    text[len++] = '\n';
    /* Each piece of the line carries as many descriptors as the kernel lets one. */
    for (size_t i = 0; i < n; at++, i += FDS_AT_ONCE) {
        size_t m = n - i < FDS_AT_ONCE ? n - i : FDS_AT_ONCE;
        if (at + 1 >= len)
            return cli_fail(CLI_FAILURE, "more than %zu files", (len - 1) * FDS_AT_ONCE);
        if (send_some(control->fd, text + at, 1, fds + i, m) != 1)
            return cli_fail(CLI_NO_DAEMON, "cannot pass files to pared: %s", strerror(errno));
    }
    if (file_write(control->fd, text + at, len - at, &err) < 0)
        return cli_fail(CLI_NO_DAEMON, "pared closed the connection: %s", err.text);
    return CLI_OK;
}

int control_send(struct control *control, json_t *request)
{
    return control_send_files(control, request, NULL, 0);
}

/* Makes room and reads once: > 0 bytes came, 0 the end, < 0 with errno. */
static ssize_t read_more(struct control *control)
{
    if (control->len == control->capacity) {
        size_t capacity = control->capacity ? 2 * control->capacity : 65536;
        char *buffer = capacity > LINE_MAX_BYTES ? NULL : realloc(control->buffer, capacity);
        if (!buffer) {
            errno = capacity > LINE_MAX_BYTES ? EMSGSIZE : ENOMEM;
            return -1;
        }
        control->buffer = buffer;
        control->capacity = capacity;
    }
    ssize_t n;
    do
        n = read(control->fd, control->buffer + control->len, control->capacity - control->len);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        control->len += (size_t)n;
    return n;
}

int control_receive(struct control *control, json_t **ret_line)
{
    char *end;
    while (!(end = control->len ? memchr(control->buffer, '\n', control->len) : NULL)) {
        ssize_t n = read_more(control);
        if (n < 0)
            return cli_fail(CLI_NO_DAEMON, "cannot read from pared: %s", strerror(errno));
        if (n == 0)
            return cli_fail(CLI_NO_DAEMON, "pared closed the connection");
    }
    struct error err = ERROR_INIT;
    size_t len = (size_t)(end - control->buffer);
    int r = json_parse_object(control->buffer, len, ret_line, &err);
    memmove(control->buffer, end + 1, control->len - len - 1);
    control->len -= len + 1;
    return r < 0 ? cli_fail(CLI_FAILURE, "pared answered nonsense: %s", err.text) : CLI_OK;
}

static int refused(const json_t *reply)
{
    const char *code = json_get_string(reply, "code", "");
    int status = !strcmp(code, "notfound") ? CLI_NOT_FOUND
                 : !strcmp(code, "usage")  ? CLI_USAGE
                                           : CLI_FAILURE;
    return cli_fail(status, "pared: %s", json_get_string(reply, "error", "refused"));
}

int control_call_files(const struct cli *cli, json_t *request, const int *fds, size_t n,
                       json_t **ret_reply)
{
    struct control *control = NULL;
    int status = control_open(cli, &control);
    if (status != CLI_OK) {
        json_decref(request);
        return status;
    }
    _cleanup_json_ json_t *reply = NULL;
    status = control_send_files(control, request, fds, n);
    if (status == CLI_OK)
        status = control_receive(control, &reply);
    control_close(control);
    if (status == CLI_OK && !json_get_bool(reply, "ok", 0))
        return refused(reply);
    if (status == CLI_OK)
        *ret_reply = TAKE(reply);
    return status;
}

int control_call(const struct cli *cli, json_t *request, json_t **ret_reply)
{
    return control_call_files(cli, request, NULL, 0, ret_reply);
}
