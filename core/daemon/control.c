/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * The control socket: see control.h. Nothing here waits for a client: what cannot be sent is kept
 * up to a limit, beyond which the client is cut off.
 */
#include "daemon/control.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/strbuf.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define MAX_REQUEST 65536
#define MAX_UNSENT (1u << 20)
#define MAX_CLIENTS 64
#define MAX_DESCRIPTORS 253 /* in one message: the kernel's SCM_MAX_FD */

struct client {
    struct control *control;
    int fd; /* -1: closed, to be freed */
    struct loop_source *source;
    char in[MAX_REQUEST + 1];
    size_t in_len;
    struct strbuf out;
    struct shown shown; /* with the line that is being received */
    int watching, closing;
    struct client *next;
};

struct control {
    struct loop *loop;
    struct loop_source *source;
    int fd;
    char *path;
    struct control_callbacks callbacks;
    struct client *clients;
    size_t n_clients;
};

static void close_client(struct client *client)
{
    struct control *control = client->control;
    struct client **place = &control->clients;
    while (*place && *place != client)
        place = &(*place)->next;
    if (*place)
        *place = client->next;
    control->n_clients--;
    loop_remove(control->loop, client->source);
    (void)close(client->fd);
    strbuf_deinit(&client->out);
    shown_clear(&client->shown);
    free(client);
}

/* Sends as much as the socket takes. 1: the client is gone. */
static int flush(struct client *client)
{
    size_t sent = 0;
    while (sent < client->out.len) {
        ssize_t n = send(client->fd, client->out.data + sent, client->out.len - sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0 && errno != EINTR) {
            close_client(client);
            return 1;
        }
        sent += n > 0 ? (size_t)n : 0;
    }
    if (sent)
        memmove(client->out.data, client->out.data + sent, client->out.len - sent);
    client->out.len -= sent;
    if ((client->closing && !client->out.len) || client->out.failed ||
        client->out.len > MAX_UNSENT) {
        close_client(client);
        return 1;
    }
    loop_modify(client->control->loop, client->source,
                (client->closing ? 0 : EPOLLIN) | (client->out.len ? EPOLLOUT : 0));
    return 0;
}

static void put(struct client *client, const json_t *json)
{
    _cleanup_free_ char *text = json ? json_to_text(json) : NULL;
    if (!text) {
        client->closing = 1;
        return;
    }
    strbuf_puts(&client->out, text);
    strbuf_puts(&client->out, "\n");
}

static void refuse(struct client *client, const char *text)
{
    _cleanup_json_ json_t *reply = json_pack("{s:b, s:s, s:s}", "ok", 0, "code", "usage", "error",
                                             text);
    put(client, reply);
    client->closing = 1;
}

static void handle_line(struct client *client, const char *line, size_t n)
{
    _cleanup_json_ json_t *request = NULL;
    _cleanup_json_ json_t *first = NULL;
    struct error err = ERROR_INIT;
    if (json_parse_object(line, n, &request, &err) < 0) {
        refuse(client, err.text);
        return;
    }
    const struct control_callbacks *to = &client->control->callbacks;
    int watch = 0;
    _cleanup_json_ json_t *reply = to->request(to->context, request, &client->shown, &watch,
                                               &first);
    shown_clear(&client->shown);
    put(client, reply);
    if (watch)
        client->watching = 1;
    if (first)
        put(client, first);
}

static void handle_lines(struct client *client)
{
    char *end;
    size_t start = 0;
    while (!client->closing && (end = memchr(client->in + start, '\n', client->in_len - start))) {
        handle_line(client, client->in + start, (size_t)(end - client->in) - start);
        start = (size_t)(end - client->in) + 1;
    }
    memmove(client->in, client->in + start, client->in_len - start);
    client->in_len -= start;
    if (!client->closing && client->in_len == MAX_REQUEST)
        refuse(client, "the request is longer than 64 KiB");
}

/* Receives bytes, and the descriptors that come with them. As recv(2). */
static ssize_t receive(struct client *client)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(MAX_DESCRIPTORS * sizeof(int))];
    } space;
    struct iovec data = { client->in + client->in_len, MAX_REQUEST - client->in_len };
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &space, .msg_controllen = sizeof space
    };
    ssize_t n = recvmsg(client->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    for (struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&message); c;
         c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = 0; at + sizeof(int) <= c->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + at, sizeof fd);
            shown_take(&client->shown, fd);
        }
    }
    return n;
}

static void on_client(void *context, uint32_t events)
{
    struct client *client = context;
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !client->closing) {
        ssize_t n = receive(client);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            close_client(client);
            return;
        }
        client->in_len += n > 0 ? (size_t)n : 0;
        handle_lines(client);
    } else if (events & (EPOLLHUP | EPOLLERR)) {
        close_client(client);
        return;
    }
    (void)flush(client);
}

static void on_connection(void *context, uint32_t events)
{
    struct control *control = context;
    struct error err = ERROR_INIT;
    (void)events;
    _cleanup_close_ int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0 || control->n_clients >= MAX_CLIENTS)
        return;
    struct client *client = calloc(1, sizeof *client);
    if (!client)
        return;
    client->control = control;
    client->fd = fd;
    if (loop_add(control->loop, "control", fd, EPOLLIN, on_client, client, &client->source, &err) <
        0) {
        log_error("%s", err.text);
        free(client);
        return;
    }
    fd = -1;
    client->next = control->clients;
    control->clients = client;
    control->n_clients++;
}

/* The lock files keep other daemons away, so a socket that is there is a left-over. */
static int listen_at(const char *path, int *ret_fd, struct error *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct stat st;
    if (strlen(path) >= sizeof address.sun_path)
        return error_set(err, PARE_EUSAGE, "the socket's path is too long (107 bytes fit): %s",
                         path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        (void)unlink(path);
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return error_errno(err, errno, "cannot make the control socket");
    mode_t old = umask(0117);
    int r = bind(fd, (struct sockaddr *)&address, sizeof address);
    int problem = errno;
    (void)umask(old);
    if (r < 0)
        return error_errno(err, problem, "cannot listen at %s", path);
    if (listen(fd, 16) < 0)
        return error_errno(err, errno, "cannot listen at %s", path);
    *ret_fd = TAKE_FD(fd);
    return 0;
}

int control_new(struct loop *loop, const char *path, const struct control_callbacks *callbacks,
                struct control **ret_control, struct error *err)
{
    struct control *control = calloc(1, sizeof *control);
    if (!control)
        return error_oom(err);
    control->loop = loop;
    control->callbacks = *callbacks;
    control->fd = -1;
    int r = listen_at(path, &control->fd, err);
    if (r == 0 && !(control->path = strdup(path)))
        r = error_oom(err);
    if (r == 0)
        r = loop_add(loop, "control", control->fd, EPOLLIN, on_connection, control,
                     &control->source, err);
    if (r < 0) {
        control_free(control);
        return r;
    }
    *ret_control = control;
    return 0;
}

void control_free(struct control *control)
{
    if (!control)
        return;
    while (control->clients)
        close_client(control->clients);
    loop_remove(control->loop, control->source);
    if (control->fd >= 0)
        (void)close(control->fd);
    if (control->path)
        (void)unlink(control->path);
    free(control->path);
    free(control);
}

int control_watched(const struct control *control)
{
    for (const struct client *client = control->clients; client; client = client->next)
        if (client->watching)
            return 1;
    return 0;
}

void control_broadcast(struct control *control, const json_t *event)
{
    struct client *next;
    for (struct client *client = control->clients; client; client = next) {
        next = client->next;
        if (!client->watching || client->closing)
            continue;
        put(client, event);
        (void)flush(client);
    }
}
