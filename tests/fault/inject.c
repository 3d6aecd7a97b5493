/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * A library to preload that makes one call fail: PARE_FAULT=KIND:N lets the N-th call of that kind
 * fail, KIND:N+ that and every later one. At exit it prints on standard error how many calls there
 * were. Kinds: malloc (and its relatives), pread, pread-short, pwrite, pwrite-short, fsync,
 * fallocate, fallocate-unsupported, ftruncate, open, mkdir, fstat, thread. Allocations of libcrypto
 * and libseccomp do not fail: neither survives that, and Pare can only treat it as a crash of the
 * worker. Kind malloc-all does not spare them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static atomic_long calls;
static long failing = -1;
static int ever, ready;
static char kind[32];

static struct range {
    uintptr_t start, end;
} spared[2];

static int find_spared(struct dl_phdr_info *info, size_t size, void *context)
{
    struct range *range = strstr(info->dlpi_name, "libcrypto")    ? &spared[0]
                          : strstr(info->dlpi_name, "libseccomp") ? &spared[1]
                                                                  : NULL;
    (void)size, (void)context;
    for (int i = 0; range && i < info->dlpi_phnum; i++) {
        uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X))
            *range = (struct range){ start, start + info->dlpi_phdr[i].p_memsz };
    }
    return 0;
}

__attribute__((constructor)) static void begin(void)
{
    (void)dl_iterate_phdr(find_spared, NULL);
    const char *fault = getenv("PARE_FAULT");
    const char *colon = fault ? strchr(fault, ':') : NULL;
    if (!colon || (size_t)(colon - fault) >= sizeof kind)
        return;
    memcpy(kind, fault, (size_t)(colon - fault));
    failing = strtol(colon + 1, NULL, 10);
    ever = strchr(colon, '+') != NULL;
    ready = 1;
}

__attribute__((destructor)) static void end(void)
{
    char text[64];
    int n = snprintf(text, sizeof text, "calls: %ld\n", atomic_load(&calls));
    if (ready)
        (void)syscall(SYS_write, 2, text, n);
}

/* Whether this call, of kind `which`, is to fail. */
static int fails(const char *which)
{
    if (!ready || strcmp(kind, which) != 0)
        return 0;
    long n = atomic_fetch_add(&calls, 1) + 1;
    return n == failing || (ever && n > failing);
}

static int allocation_fails(const void *caller)
{
    if (fails("malloc-all"))
        return 1;
    for (int i = 0; i < 2; i++)
        if ((uintptr_t)caller >= spared[i].start && (uintptr_t)caller < spared[i].end)
            return 0;
    return fails("malloc");
}

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

#define ALLOCATE(real) allocation_fails(__builtin_return_address(0)) ? no_memory() : (real)

static int fail_with(int error)
{
    errno = error;
    return -1;
}

EXPORT void *malloc(size_t size)
{
    return ALLOCATE(__libc_malloc(size));
}

EXPORT void *calloc(size_t count, size_t size)
{
    return ALLOCATE(__libc_calloc(count, size));
}

EXPORT void *realloc(void *memory, size_t size)
{
    return ALLOCATE(__libc_realloc(memory, size));
}

EXPORT void *reallocarray(void *memory, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return no_memory();
    return ALLOCATE(__libc_realloc(memory, bytes));
}

static ssize_t do_pread(int fd, void *buffer, size_t n, off_t offset)
{
    if (fails("pread"))
        return fail_with(EIO);
    if (fails("pread-short") && n > 1)
        n = n / 2;
    return syscall(SYS_pread64, fd, buffer, n, offset);
}

static ssize_t do_pwrite(int fd, const void *buffer, size_t n, off_t offset)
{
    if (fails("pwrite"))
        return fail_with(ENOSPC);
    if (fails("pwrite-short") && n > 1)
        n = n / 2;
    return syscall(SYS_pwrite64, fd, buffer, n, offset);
}

static int do_fallocate(int fd, int mode, off_t offset, off_t n)
{
    if (fails("fallocate"))
        return fail_with(ENOSPC);
    if (fails("fallocate-unsupported"))
        return fail_with(EOPNOTSUPP);
    return (int)syscall(SYS_fallocate, fd, mode, offset, n);
}

static int do_open(int dirfd, const char *path, int flags, mode_t mode)
{
    return fails("open") ? fail_with(EMFILE) : (int)syscall(SYS_openat, dirfd, path, flags, mode);
}

EXPORT ssize_t pread(int fd, void *buffer, size_t n, off_t offset)
{
    return do_pread(fd, buffer, n, offset);
}

EXPORT ssize_t pread64(int fd, void *buffer, size_t n, off_t offset)
{
    return do_pread(fd, buffer, n, offset);
}

EXPORT ssize_t pwrite(int fd, const void *buffer, size_t n, off_t offset)
{
    return do_pwrite(fd, buffer, n, offset);
}

EXPORT ssize_t pwrite64(int fd, const void *buffer, size_t n, off_t offset)
{
    return do_pwrite(fd, buffer, n, offset);
}

ssize_t __pread64_chk(int fd, void *buffer, size_t n, off_t offset, size_t room);

EXPORT ssize_t __pread64_chk(int fd, void *buffer, size_t n, off_t offset, size_t room)
{
    (void)room;
    return do_pread(fd, buffer, n, offset);
}

EXPORT int fallocate(int fd, int mode, off_t offset, off_t n)
{
    return do_fallocate(fd, mode, offset, n);
}

EXPORT int fallocate64(int fd, int mode, off_t offset, off_t n)
{
    return do_fallocate(fd, mode, offset, n);
}

EXPORT int ftruncate(int fd, off_t n)
{
    return fails("ftruncate") ? fail_with(EIO) : (int)syscall(SYS_ftruncate, fd, n);
}

EXPORT int ftruncate64(int fd, off_t n)
{
    return ftruncate(fd, n);
}

EXPORT int fsync(int fd)
{
    return fails("fsync") ? fail_with(EIO) : (int)syscall(SYS_fsync, fd);
}

EXPORT int mkdirat(int dirfd, const char *path, mode_t mode)
{
    return fails("mkdir") ? fail_with(ENOSPC) : (int)syscall(SYS_mkdirat, dirfd, path, mode);
}

EXPORT int fstat(int fd, struct stat *ret)
{
    return fails("fstat") ? fail_with(EIO) : fstatat(fd, "", ret, AT_EMPTY_PATH);
}

EXPORT int fstat64(int fd, struct stat64 *ret)
{
    return fails("fstat") ? fail_with(EIO) : fstatat64(fd, "", ret, AT_EMPTY_PATH);
}

static mode_t mode_of(int flags, va_list ap)
{
    return flags & O_CREAT ? (mode_t)va_arg(ap, unsigned) : 0;
}

#define OPEN(name)                                    \
    EXPORT int name(const char *path, int flags, ...) \
    {                                                 \
        va_list ap;                                   \
        va_start(ap, flags);                          \
        mode_t mode = mode_of(flags, ap);             \
        va_end(ap);                                   \
        return do_open(AT_FDCWD, path, flags, mode);  \
    }

#define OPENAT(name)                                             \
    EXPORT int name(int dirfd, const char *path, int flags, ...) \
    {                                                            \
        va_list ap;                                              \
        va_start(ap, flags);                                     \
        mode_t mode = mode_of(flags, ap);                        \
        va_end(ap);                                              \
        return do_open(dirfd, path, flags, mode);                \
    }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

EXPORT int pthread_create(pthread_t *ret, const pthread_attr_t *attributes, void *(*body)(void *),
                          void *argument)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    void *symbol = dlsym(RTLD_NEXT, "pthread_create");
    if (fails("thread"))
        return EAGAIN;
    memcpy(&real, &symbol, sizeof real);
    return real(ret, attributes, body, argument);
}
