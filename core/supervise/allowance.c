/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/* Allowances: see allowance.h. */
#include "supervise/allowance.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/timing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* Before the plan is known: the widest encoding of the narrowest one's weights takes 40 times the
 * space; a header and small tensors are padded. */
#define GROWTH 64
#define LEAST_BYTES (8u << 20)
#define FILES_OF_TARGET 5000
/* Beside the plan: journal and figures, which are small for each tensor of the source, and a tensor
 * takes some bytes of the source. */
#define SLACK_BYTES (16u << 20)
#define SLACK_FILES 64 /* of each target: its folders, journal, figures */
/* A job that is as slow as this is none that goes on. */
#define LEAST_SECONDS 3600.0
#define LEAST_BYTES_PER_SECOND 10000.0
#define LOOK_SECONDS 0.2
#define LOOK_SHARE 20 /* of the time at most one part in so many goes into looking */
#define MAX_DEPTH 4

static uint64_t times(uint64_t a, uint64_t b)
{
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static uint64_t count_cpus(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : (uint64_t)n;
}

void allowance_init(struct allowance *allowance, uint64_t source_bytes, size_t n_targets,
                    uint64_t threads, int writes)
{
    uint64_t now = timing_now(), n = n_targets ? n_targets : 1;
    *allowance = (struct allowance){
        .bytes = writes ? plus(times(times(source_bytes, GROWTH), n), times(LEAST_BYTES, n)) : 0,
        .files = writes ? times(FILES_OF_TARGET, n) : 0,
        .threads = plus(times(threads ? threads : count_cpus(), 4), 64 + 4 * n),
        .seconds = LEAST_SECONDS + (double)source_bytes * (double)(n + 1) / LEAST_BYTES_PER_SECOND,
        .n_targets = n,
        .start = now,
        .looked = now,
    };
}

static void limit(pid_t pid, int resource, uint64_t value)
{
    struct rlimit old;
    if (prlimit(pid, (__rlimit_resource_t)resource, NULL, &old) < 0)
        return;
    rlim_t most = value < old.rlim_max ? value : old.rlim_max;
    struct rlimit now = { most, most };
    (void)prlimit(pid, (__rlimit_resource_t)resource, &now, NULL);
}

void allowance_impose(const struct allowance *allowance, pid_t pid)
{
    double cpu = allowance->seconds * (double)allowance->threads;
    if (allowance->bytes)
        limit(pid, RLIMIT_FSIZE, allowance->bytes);
    if (cpu < 1e15)
        limit(pid, RLIMIT_CPU, (uint64_t)cpu);
}

int allowance_take_plan(struct allowance *allowance, const json_t *line, pid_t pid,
                        struct error *err)
{
    uint64_t bytes = (uint64_t)json_get_int(line, "bytes", 0);
    uint64_t files = (uint64_t)json_get_int(line, "files", 0), n = allowance->n_targets;
    if (bytes > allowance->bytes || files > allowance->files)
        return error_set(err, PARE_ELIMIT,
                         "the worker plans %llu bytes in %llu files, more than any output of this "
                         "source can take",
                         (unsigned long long)bytes, (unsigned long long)files);
    uint64_t of_source = allowance->bytes / GROWTH / 4; /* a quarter for each target */
    uint64_t most_bytes = plus(plus(bytes, times(SLACK_BYTES, n)), of_source);
    uint64_t most_files = plus(files, times(SLACK_FILES, n));
    if (most_bytes < allowance->bytes)
        allowance->bytes = most_bytes;
    if (most_files < allowance->files)
        allowance->files = most_files;
    limit(pid, RLIMIT_FSIZE, allowance->bytes);
    return 0;
}

/* What there is below a directory; stops when there are more entries than are allowed. */
static void measure(int dirfd, const char *name, int depth, uint64_t most, uint64_t *bytes,
                    uint64_t *files)
{
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    if (!dir) {
        cleanup_close(&fd);
        return;
    }
    while (*files <= most && (entry = readdir(dir))) {
        struct stat st;
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
            fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        ++*files;
        if (!S_ISDIR(st.st_mode))
            *bytes += (uint64_t)st.st_blocks * 512;
        else if (depth < MAX_DEPTH)
            measure(fd, entry->d_name, depth + 1, most, bytes, files);
        else
            *files = most + 1; /* nothing of ours is so deep */
    }
}

static int check_staging(const struct allowance *allowance, int work, struct error *err)
{
    uint64_t bytes = 0, files = 0;
    measure(work, ".", 0, allowance->files, &bytes, &files);
    if (files > allowance->files)
        return error_set(err, PARE_ELIMIT, "the worker made more files than the %llu of its plan",
                         (unsigned long long)allowance->files);
    if (bytes > allowance->bytes)
        return error_set(err, PARE_ELIMIT,
                         "the worker wrote %llu bytes, more than the %llu of its plan",
                         (unsigned long long)bytes, (unsigned long long)allowance->bytes);
    return 0;
}

/* Of the process; 0 when nobody says. */
static uint64_t count_threads(pid_t pid)
{
    char path[64], text[512];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (n <= 0)
        return 0;
    text[n] = 0;
    const char *at = strrchr(text, ')'); /* the second field ends here, the 20th is wanted */
    for (int field = 2; at && field < 20; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoull(at + 1, NULL, 10) : 0;
}

int allowance_check(struct allowance *allowance, pid_t pid, int work, struct error *err)
{
    double since = timing_since(allowance->looked);
    if (since < LOOK_SECONDS || since < allowance->cost * LOOK_SHARE)
        return 0;
    allowance->looked = timing_now();
    if (timing_since(allowance->start) > allowance->seconds)
        return error_set(err, PARE_ETIMEOUT,
                         "the worker has run for %.0f s, longer than any job of this size",
                         allowance->seconds);
    if (count_threads(pid) > allowance->threads)
        return error_set(err, PARE_ELIMIT, "the worker has more than %llu threads",
                         (unsigned long long)allowance->threads);
    int r = work >= 0 ? check_staging(allowance, work, err) : 0;
    allowance->cost = timing_since(allowance->looked);
    return r;
}
