/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A hostile plugin. Its file holds "EVIL", the name of an act and an argument; open() commits the
 * act and reports "allowed", or "refused" with the system's reason. Where the sandbox kills the
 * process there is no report. ../evil.py has the list of acts and of what must come of each. Every
 * act is harmless where it succeeds.
 */
#include <pare/plugin.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define HEAD 4
#define ACT 32
#define ARGUMENT 220

/* The process that started the worker; getppid would be a first forbidden act. */
static pid_t parent;

/* A raw system call, so that libc cannot refuse by itself. */
#define CALL(...) ((long)syscall(__VA_ARGS__))

static long open_passwd(const char *argument)
{
    (void)argument;
    return open("/etc/passwd", O_RDONLY);
}

static long open_argument(const char *argument)
{
    return open(argument, O_RDONLY);
}

static long write_argument(const char *argument)
{
    return open(argument, O_WRONLY | O_CREAT, 0666);
}

static long truncate_argument(const char *argument)
{
    return open(argument, O_RDWR | O_TRUNC);
}

static long list_root(const char *argument)
{
    (void)argument;
    return open("/", O_RDONLY | O_DIRECTORY);
}

static long mkdir_argument(const char *argument)
{
    return CALL(SYS_mkdirat, AT_FDCWD, argument, 0777);
}

/* Whatever directory was inherited, one level up. */
static long climb(const char *argument)
{
    (void)argument;
    long r = -1;
    errno = ENOENT;
    for (int fd = 0; fd < 64 && r < 0; fd++)
        r = openat(fd, "..", O_RDONLY | O_DIRECTORY);
    return r;
}

static long thread_fork(const char *argument)
{
    (void)argument;
    long pid = CALL(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        _exit(0);
    return pid;
}

static long run_shell(const char *argument)
{
    char *const arguments[] = { (char *)"sh", (char *)"-c", (char *)"exit 0", NULL };
    (void)argument;
    return execve("/bin/sh", arguments, arguments + 3);
}

static long read_parent(const char *argument)
{
    char byte;
    struct iovec here = { &byte, 1 }, there = { (void *)0x400000, 1 };
    (void)argument;
    return CALL(SYS_process_vm_readv, parent, &here, 1, &there, 1, 0);
}

static long signal_parent(const char *argument)
{
    (void)argument;
    return CALL(SYS_kill, parent, SIGUSR1);
}

static long signal_parent_thread(const char *argument)
{
    (void)argument;
    return CALL(SYS_tgkill, parent, parent, SIGUSR1);
}

/* Signals that the kernel sends for us, when a pipe has input. */
static long signal_by_fcntl(const char *argument)
{
    (void)argument;
    return fcntl(0, F_SETOWN, parent);
}

static long executable_memory(const char *argument)
{
    (void)argument;
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                   0);
    return p == MAP_FAILED ? -1 : 0;
}

static long make_executable(const char *argument)
{
    (void)argument;
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? 0 : mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static long load_library(const char *argument)
{
    errno = EPERM;
    return dlopen(argument, RTLD_NOW) ? 0 : -1;
}

static long terminal(const char *argument)
{
    (void)argument;
    return CALL(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, "x");
}

/* A raw openat or mkdirat with the mode that the argument says, in octal, into the folder that we
 * may write: some descriptor is the staging directory. */
static long make_with_mode(const char *argument, int is_folder)
{
    long mode = strtol(argument, NULL, 8), r = -1;
    for (int fd = 3; fd < 64 && r < 0; fd++)
        r = is_folder ? CALL(SYS_mkdirat, fd, "made", mode)
                      : CALL(SYS_openat, fd, "made", O_WRONLY | O_CREAT | O_EXCL, mode);
    return r;
}

static long make_file(const char *argument)
{
    return make_with_mode(argument, 0);
}

static long make_folder(const char *argument)
{
    return make_with_mode(argument, 1);
}

static long make_nameless(const char *argument)
{
    long r = -1;
    for (int fd = 3; fd < 64 && r < 0; fd++)
        r = CALL(SYS_openat, fd, ".", O_RDWR | O_TMPFILE, strtol(argument, NULL, 8));
    return r;
}

#define SIMPLE(name, ...)                  \
    static long name(const char *argument) \
    {                                      \
        (void)argument;                    \
        return CALL(__VA_ARGS__);          \
    }

SIMPLE(nothing, SYS_getpid)
SIMPLE(parent_id, SYS_getppid)
SIMPLE(tcp_socket, SYS_socket, AF_INET, SOCK_STREAM, 0)
SIMPLE(udp_socket, SYS_socket, AF_INET6, SOCK_DGRAM, 0)
SIMPLE(unix_socket, SYS_socket, AF_UNIX, SOCK_STREAM, 0)
SIMPLE(netlink_socket, SYS_socket, AF_NETLINK, SOCK_RAW, 0)
SIMPLE(socket_pair, SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, (int[2]){ 0 })
SIMPLE(clone_3, SYS_clone3, (uint64_t[11]){ [4] = SIGCHLD }, 88)
SIMPLE(execve_at, SYS_execveat, AT_FDCWD, "/bin/true", NULL, NULL, 0)
SIMPLE(trace_parent, SYS_ptrace, 16 /* PTRACE_ATTACH */, parent, 0, 0)
SIMPLE(pidfd_parent, SYS_pidfd_open, parent, 0)
SIMPLE(io_uring, SYS_io_uring_setup, 1, (char[120]){ 0 })
SIMPLE(bpf_map, SYS_bpf, 0, (char[72]){ 1 }, 72)
SIMPLE(user_fault, SYS_userfaultfd, 0)
SIMPLE(memory_file, SYS_memfd_create, "m", 0)
SIMPLE(perf_event, SYS_perf_event_open, (char[128]){ 0 }, 0, -1, -1, 0)
SIMPLE(mount_proc, SYS_mount, "none", "/nonexistent", "proc", 0, NULL)
SIMPLE(unshare_user, SYS_unshare, 0x10000000 /* CLONE_NEWUSER */)
SIMPLE(change_root, SYS_chroot, "/nonexistent")
SIMPLE(change_dir, SYS_chdir, "/")
SIMPLE(add_key, SYS_add_key, "user", "evil", "x", 1, -1)
SIMPLE(set_user, SYS_setuid, getuid())
SIMPLE(undump, SYS_prctl, 4 /* PR_SET_DUMPABLE */, 1, 0, 0, 0)
SIMPLE(set_limit, SYS_prlimit64, 0, 4, (uint64_t[2]){ 0, 0 }, NULL)
SIMPLE(make_link, SYS_symlinkat, "/etc/passwd", AT_FDCWD, "/nonexistent/link")
SIMPLE(hard_link, SYS_linkat, AT_FDCWD, "/etc/passwd", AT_FDCWD, "/nonexistent/link", 0)
SIMPLE(rename_file, SYS_renameat2, AT_FDCWD, "/nonexistent/a", AT_FDCWD, "/nonexistent/b", 0)
SIMPLE(unlink_file, SYS_unlinkat, AT_FDCWD, "/nonexistent/a", 0)
SIMPLE(make_fifo, SYS_mknodat, AT_FDCWD, "/nonexistent/f", S_IFIFO | 0600, 0)
SIMPLE(change_mode, SYS_fchmodat, AT_FDCWD, "/nonexistent/a", 04777)
SIMPLE(change_own_mode, SYS_fchmod, 0, 04777)
SIMPLE(change_owner, SYS_fchownat, AT_FDCWD, "/nonexistent/a", 0, 0, 0)
SIMPLE(set_attribute, SYS_setxattr, "/nonexistent/a", "user.x", "x", 1, 0)
SIMPLE(shared_memory, SYS_shmget, 0x50415245, 4096, 0)
SIMPLE(message_queue, SYS_msgget, 0x50415245, 0)
SIMPLE(watch_files, SYS_inotify_init1, 0)
SIMPLE(open_by_handle, SYS_open_by_handle_at, AT_FDCWD, (char[16]){ 0 }, 0)
SIMPLE(personality, SYS_personality, 0xffffffff)
SIMPLE(priority, SYS_setpriority, 0, 0, 0)
SIMPLE(affinity, SYS_sched_setaffinity, 0, 8, (uint64_t[1]){ ~UINT64_C(0) })
SIMPLE(kernel_log, SYS_syslog, 10, NULL, 0)
SIMPLE(new_session, SYS_setsid)
SIMPLE(set_timer, SYS_setitimer, 0, (long[4]){ 0 }, NULL)

static const struct {
    const char *name;
    long (*commit)(const char *argument);
} acts[] = {
    { "nothing", nothing },
    { "getppid", parent_id },
    { "open-passwd", open_passwd },
    { "open-file", open_argument },
    { "write-file", write_argument },
    { "truncate-file", truncate_argument },
    { "list-root", list_root },
    { "mkdir", mkdir_argument },
    { "climb", climb },
    { "make-file", make_file },
    { "make-folder", make_folder },
    { "make-nameless", make_nameless },
    { "fchmod", change_own_mode },
    { "fork", thread_fork },
    { "exec", run_shell },
    { "read-parent", read_parent },
    { "kill-parent", signal_parent },
    { "tgkill-parent", signal_parent_thread },
    { "fcntl-signal", signal_by_fcntl },
    { "map-code", executable_memory },
    { "make-code", make_executable },
    { "dlopen", load_library },
    { "tty-push", terminal },
    { "socket-tcp", tcp_socket },
    { "socket-udp", udp_socket },
    { "socket-unix", unix_socket },
    { "socket-netlink", netlink_socket },
    { "socketpair", socket_pair },
    { "clone3", clone_3 },
    { "execveat", execve_at },
    { "ptrace-parent", trace_parent },
    { "pidfd", pidfd_parent },
    { "io-uring", io_uring },
    { "bpf", bpf_map },
    { "userfaultfd", user_fault },
    { "memfd", memory_file },
    { "perf", perf_event },
    { "mount", mount_proc },
    { "unshare", unshare_user },
    { "chroot", change_root },
    { "chdir", change_dir },
    { "add-key", add_key },
    { "setuid", set_user },
    { "dumpable", undump },
    { "rlimit", set_limit },
    { "symlink", make_link },
    { "link", hard_link },
    { "rename", rename_file },
    { "unlink", unlink_file },
    { "mkfifo", make_fifo },
    { "chmod", change_mode },
    { "chown", change_owner },
    { "setxattr", set_attribute },
    { "shmget", shared_memory },
    { "msgget", message_queue },
    { "inotify", watch_files },
    { "open-handle", open_by_handle },
    { "personality", personality },
    { "setpriority", priority },
    { "setaffinity", affinity },
    { "syslog", kernel_log },
    { "setsid", new_session },
    { "setitimer", set_timer },
};

static int probe(const struct pare_probe *probe)
{
    return probe->head_len == HEAD + ACT + ARGUMENT && !memcmp(probe->head, "EVIL", 4) ? 100 : 0;
}

static int open_evil(const struct pare_host *host, struct pare_job *job, void **ret_state)
{
    char file[ACT + ARGUMENT + 1] = { 0 };
    (void)ret_state;
    int r = host->read(job, 0, HEAD, file, ACT + ARGUMENT);
    if (r < 0)
        return r;
    file[ACT - 1] = 0;
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        if (strcmp(acts[i].name, file) != 0)
            continue;
        parent = (pid_t)atoi(file + ACT);
        long result = acts[i].commit(file + ACT);
        return result >= 0 ? host->fail(job, PARE_EDATA, "%s: allowed", file)
                           : host->fail(job, PARE_EDATA, "%s: refused: %s", file, strerror(errno));
    }
    return host->fail(job, PARE_EUSAGE, "no such act: %s", file);
}

static int next(void *state, struct pare_tensor *ret_tensor)
{
    (void)state, (void)ret_tensor;
    return 0;
}

static void close_evil(void *state)
{
    (void)state;
}

static const struct pare_reader reader = { sizeof reader, "evil", "attacks",  probe,
                                           open_evil,     next,   close_evil, NULL };
static const struct pare_reader *const readers[] = { &reader, NULL };
static const struct pare_plugin plugin = { sizeof plugin, "evil", "1", "attacks",
                                           readers,       NULL,   NULL };
PARE_PLUGIN(plugin)
