/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Confinement: see sandbox.h. Landlock is called by number, for its headers lag the kernels. */
#include "worker/sandbox.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define MOST_TASKS 32768 /* processes and threads of our user, ours among them */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

int sandbox_is_sanitized(void)
{
    return SANITIZED;
}

/* Landlock's rights by bit (linux/landlock.h of Linux 6.15; Documentation/userspace-api). */
enum {
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_MAKE_DIR = 1 << 7,
    FS_MAKE_REG = 1 << 8,
    FS_TRUNCATE = 1 << 14,
};

struct ruleset_attr {
    uint64_t handled_fs, handled_net, scoped;
};

static long landlock_abi(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static int make_ruleset(long abi)
{
    static const uint64_t fs_by_abi[] = { 0, 0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff };
    struct ruleset_attr attr = { .handled_fs = fs_by_abi[abi < 5 ? abi : 5] };
    size_t size = sizeof attr.handled_fs;
    if (abi >= 4) {
        attr.handled_net = 3; /* TCP: bind, connect */
        size = 2 * sizeof attr.handled_fs;
    }
    if (abi >= 6) {
        attr.scoped = 3; /* abstract UNIX sockets, signals */
        size = sizeof attr;
    }
    return (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
}

static void allow_fd(int ruleset, int fd, uint64_t rights)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
        rights &= FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE;
    struct landlock_path_beneath_attr rule = { .allowed_access = rights, .parent_fd = fd };
    (void)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

static void allow_path(int ruleset, const char *path, uint64_t rights)
{
    _cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd >= 0)
        allow_fd(ruleset, fd, rights);
}

static void allow_list(int ruleset, const char *paths, uint64_t rights)
{
    _cleanup_free_ char *copy = strdup(paths ? paths : "");
    char *save = NULL;
    if (!copy)
        memory_note_failure();
    for (char *p = copy ? strtok_r(copy, ":", &save) : NULL; p; p = strtok_r(NULL, ":", &save))
        allow_path(ruleset, p, rights);
}

/* The folder of a file, in which what it is linked to may lie. */
static void allow_folder_of(int ruleset, const char *file, uint64_t rights)
{
    const char *end = file ? strrchr(file, '/') : NULL;
    if (!end)
        return;
    _cleanup_free_ char *folder = strndup(file, end == file ? 1 : (size_t)(end - file));
    if (folder)
        allow_path(ruleset, folder, rights);
    else
        memory_note_failure();
}

/* The ABI in force, or 0. */
static int enter_landlock(const struct sandbox_rules *rules)
{
    long abi = landlock_abi();
    if (abi < 1)
        return 0;
    _cleanup_close_ int ruleset = make_ruleset(abi);
    if (ruleset < 0)
        return 0;
    const uint64_t readable = FS_READ_FILE | FS_READ_DIR;
    allow_list(ruleset, rules->plugins, readable);
    allow_list(ruleset, rules->recipes, readable);
    allow_list(ruleset, rules->architectures, readable);
    allow_folder_of(ruleset, rules->library, readable);
    allow_list(ruleset, "/usr/lib:/usr/lib64:/usr/local/lib:/lib:/lib64:/etc/ld.so.cache",
               readable);
    if (SANITIZED)
        allow_path(ruleset, "/proc", readable); /* where the leak checker finds threads */
    if (rules->staging >= 0)
        allow_fd(ruleset, rules->staging,
                 readable | FS_WRITE_FILE | FS_MAKE_DIR | FS_MAKE_REG |
                     (abi >= 3 ? FS_TRUNCATE : 0));
    return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0 ? (int)abi : 0;
}

static int limit(int resource, uint64_t value)
{
    struct rlimit old;
    if (getrlimit((__rlimit_resource_t)resource, &old) < 0)
        return -1;
    if (old.rlim_max != RLIM_INFINITY && value > old.rlim_max)
        value = old.rlim_max;
    struct rlimit now = { value, value };
    return setrlimit((__rlimit_resource_t)resource, &now);
}

static int enter_limits(const struct sandbox_rules *rules)
{
    int bad = limit(RLIMIT_CORE, 0);
    bad |= limit(RLIMIT_NPROC, MOST_TASKS);
    if (rules->staging < 0)
        bad |= limit(RLIMIT_FSIZE, 0); /* pipes do not count */
    if (rules->memory_limit && !SANITIZED)
        bad |= limit(RLIMIT_AS, rules->memory_limit);
    return !bad;
}

/* What a converting process needs and no more. */
/* clang-format off */
static const char *const allowed[] = {
    "access", "arch_prctl", "brk", "clock_gettime", "clock_nanosleep", "close", "copy_file_range",
    "exit", "exit_group", "faccessat", "faccessat2", "fadvise64", "fallocate", "fdatasync",
    "fstat", "fstatfs", "fsync", "ftruncate", "futex", "getcwd", "getdents64",
    "getegid", "geteuid", "getgid", "getpid", "getrandom", "getrlimit", "getrusage", "gettid",
    "gettimeofday", "getuid", "lseek", "lstat", "madvise", "membarrier", "mmap",
    "mprotect", "mremap", "munmap", "nanosleep", "newfstatat", "poll", "ppoll",
    "pread64", "preadv", "pwrite64", "pwritev", "read", "readlink", "readlinkat", "readv",
    "restart_syscall", "rseq", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
    "sched_getaffinity", "sched_yield", "seccomp", "set_robust_list", "set_tid_address",
    "sigaltstack", "stat", "statfs", "statx", "sync_file_range", "sysinfo", "uname", "write",
    "writev",
};
/* clang-format on */

static int add_allowed(scmp_filter_ctx filter)
{
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        int number = seccomp_syscall_resolve_name(allowed[i]);
        if (number != __NR_SCMP_ERROR && seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0) < 0)
            return -1;
    }
    return 0;
}

/* Not those that make the kernel send signals to others for us (F_SETOWN, F_SETSIG). */
static int add_fcntl(scmp_filter_ctx filter)
{
    static const int commands[] = { F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL };
    int bad = 0;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                                SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)commands[i]));
    return bad;
}

/* Files are opened, or made without the bits that make a program of them, or lend its owner's or
 * group's rights to who runs it; folders without the latter. No file without a name: nobody would
 * see how large it is. */
static int add_opening(scmp_filter_ctx filter)
{
    const scmp_datum_t hides = O_TMPFILE & ~O_DIRECTORY, makes = O_CREAT | hides;
    const scmp_datum_t lends = S_ISUID | S_ISGID | S_ISVTX;
    const scmp_datum_t runs = lends | S_IXUSR | S_IXGRP | S_IXOTH;
    int bad = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                               SCMP_A2(SCMP_CMP_MASKED_EQ, makes, 0));
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 2,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, hides, 0),
                            SCMP_A3(SCMP_CMP_MASKED_EQ, runs, 0));
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mkdirat), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, lends, 0));
    if (seccomp_syscall_resolve_name("open") < 0) /* aarch64 has none */
        return bad;
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
                            SCMP_A1(SCMP_CMP_MASKED_EQ, makes, 0));
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 2,
                            SCMP_A1(SCMP_CMP_MASKED_EQ, hides, 0),
                            SCMP_A2(SCMP_CMP_MASKED_EQ, runs, 0));
    return bad;
}

/* New threads, not processes; a look at limits, not a change; signals to oneself (abort). */
static int add_conditional(scmp_filter_ctx filter)
{
    int bad = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                               SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    bad |= add_fcntl(filter);
    bad |= add_opening(filter);
    bad |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
                            SCMP_A2(SCMP_CMP_EQ, 0));
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                            SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                            SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    bad |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0);
    bad |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(unlinkat), 0);
    return bad;
}

/* What a nursery does beside: copies of itself, which set themselves up and confine themselves.
 * Some are allowed to workers under conditions only. */
static int add_for_nursery(scmp_filter_ctx filter)
{
    /* clang-format off */
    static const char *const more[] = {
        "clone", "clone3", "close_range", "creat", "dup2", "dup3", "fcntl", "getppid", "kill",
        "landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self", "mkdir",
        "mkdirat", "open", "openat", "openat2", "prctl", "prlimit64", "recvmsg", "sendmsg",
        "setpgid", "setrlimit", "tgkill",
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        int number = seccomp_syscall_resolve_name(more[i]);
        int r = number == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
        if (r < 0 && r != -EEXIST)
            return -1;
    }
    int bad = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0);
    bad |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(unlinkat), 0);
    return bad;
}

static int enter_seccomp(int (*add_more)(scmp_filter_ctx))
{
    if (SANITIZED)
        return 0;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int ok = filter && add_allowed(filter) == 0 && add_more(filter) == 0 &&
             seccomp_load(filter) == 0;
    if (!filter)
        memory_note_failure();
    else
        seccomp_release(filter);
    return ok;
}

void sandbox_seal(void)
{
    if (SANITIZED)
        return;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter) {
        memory_note_failure();
        return;
    }
    const struct scmp_arg_cmp executable = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC);
    int bad = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mmap), 1, executable);
    bad |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mprotect), 1, executable);
    bad |= seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
    if (!bad)
        (void)seccomp_load(filter);
    seccomp_release(filter);
}

static void missing(json_t *list, int there, const char *name)
{
    if (!there)
        (void)json_array_append_new(list, json_string(name));
}

int sandbox_enter(const struct sandbox_rules *rules, json_t **ret_report, struct error *err)
{
    int privs = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    int limits = enter_limits(rules);
    int landlock = enter_landlock(rules);
    int seccomp = enter_seccomp(add_conditional);
    json_t *lacking = json_array();
    missing(lacking, privs, "no_new_privs");
    missing(lacking, limits, "rlimits");
    missing(lacking, landlock, "landlock");
    missing(lacking, seccomp, SANITIZED ? "seccomp (sanitizer build)" : "seccomp");
    if (memory_failed()) { /* this may be why something is missing */
        json_decref(lacking);
        return error_oom(err);
    }
    json_t *report = json_pack("{s:b, s:b, s:i, s:b, s:o}", "no_new_privs", privs, "rlimits",
                               limits, "landlock", landlock, "seccomp", seccomp, "missing",
                               lacking);
    if (rules->required && json_array_size(lacking)) {
        const char *first = json_string_value(json_array_get(lacking, 0));
        int r = error_set(err, PARE_ENOTSUP,
                          "the sandbox is required, but this system lacks %s: see require_sandbox",
                          first);
        json_decref(report);
        return r;
    }
    *ret_report = report;
    return 0;
}

int sandbox_enter_nursery(const struct sandbox_rules *rules, struct error *err)
{
    int privs = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    (void)prctl(PR_SET_DUMPABLE, 0);
    int limits = limit(RLIMIT_CORE, 0) == 0;
    int landlock = enter_landlock(rules);
    int seccomp = enter_seccomp(add_for_nursery);
    if (memory_failed())
        return error_oom(err);
    if (rules->required && !(privs && limits && landlock && seccomp))
        return error_set(err, PARE_ENOTSUP, "the sandbox is required and cannot be had");
    return 0;
}
