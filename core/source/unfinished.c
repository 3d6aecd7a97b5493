/* SPDX-FileCopyrightText: 2026 The Pare developers */
/* SPDX-License-Identifier: MIT */
/*
 * Marks of transfers under way: see unfinished.h. All that is known of the programs is the table of
 * names; what is hard to say as a fixed text (random letters of rsync, numbers of ollama) is in few
 * functions below it.
 */
#include "source/unfinished.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "source/litter.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>

enum mark {
    MARK_NONE,
    MARK_OWN,     /* what has this name is not whole */
    MARK_COUNTER, /* a downloader counts in it: what lies beside, less the ending, is not whole */
    MARK_WORD,    /* either of both: a name of its own, or a note beside what is not whole */
    MARK_BESIDE,  /* a counter if what it counts for is there, else a name like others */
    MARK_LOCK,    /* a counter as long as a process holds it */
    MARK_LEFT     /* no mark, but no file of a model either */
};

static const struct rule {
    const char *text;
    enum { ENDS, BEGINS, IS, HAS } where;
    enum mark mark;
    const char *of; /* whose */
} rules[] = {
    /* files in which downloaders count */
    { ".aria2", ENDS, MARK_COUNTER, "aria2" },
    { ".aria2__temp", ENDS, MARK_COUNTER, "aria2" },
    { ".st", ENDS, MARK_BESIDE, "axel" },
    { ".lftp-pget-status", ENDS, MARK_COUNTER, "lftp" },
    { ".part.met", ENDS, MARK_COUNTER, "eMule" },
    { ".td.cfg", ENDS, MARK_COUNTER, "Xunlei" },
    { ".xltd.cfg", ENDS, MARK_COUNTER, "Xunlei" },
    { ".getright", ENDS, MARK_COUNTER, "GetRight" },
    { ".ytdl", ENDS, MARK_COUNTER, "yt-dlp" },
    { ".resume", ENDS, MARK_BESIDE, "a downloader" },
    { ".progress", ENDS, MARK_BESIDE, "a downloader" },
    { "index.lock", IS, MARK_OWN, "git" },
    { "shallow.lock", IS, MARK_OWN, "git" },
    { ".lock", ENDS, MARK_LOCK, "a process" },
    { ".lck", ENDS, MARK_LOCK, "a process" },
    /* words that programs use either way */
    { ".downloading", ENDS, MARK_WORD, "a downloader" },
    { ".downloadinprogress", ENDS, MARK_WORD, "llama.cpp" },
    { ".unfinished", ENDS, MARK_WORD, "a downloader" },
    { ".inprogress", ENDS, MARK_WORD, "a downloader" },
    { ".in-progress", ENDS, MARK_WORD, "a downloader" },
    { ".in_progress", ENDS, MARK_WORD, "a downloader" },
    { ".uploading", ENDS, MARK_WORD, "an upload" },
    { ".transferring", ENDS, MARK_WORD, "a transfer" },
    { ".copying", ENDS, MARK_WORD, "a copy" },
    { ".writing", ENDS, MARK_WORD, "a writer" },
    { ".syncing", ENDS, MARK_WORD, "a synchroniser" },
    { ".pending", ENDS, MARK_WORD, "a downloader" },
    /* names of what is not whole */
    { ".part", ENDS, MARK_OWN, "Firefox, wget2, JDownloader, KDE, Nextcloud" },
    { ".ppart", ENDS, MARK_OWN, "Free Download Manager" },
    { ".partial", ENDS, MARK_OWN, "rclone, Internet Explorer" },
    { ".part.minio", ENDS, MARK_OWN, "MinIO" },
    { ".part-frag", HAS, MARK_OWN, "yt-dlp" },
    { ".dtapart", ENDS, MARK_OWN, "DownThemAll" },
    { ".crdownload", ENDS, MARK_OWN, "Chrome" },
    { ".crswap", ENDS, MARK_OWN, "Chrome" },
    { ".opdownload", ENDS, MARK_OWN, "Opera" },
    { ".download", ENDS, MARK_OWN, "Safari" },
    { ".fdmdownload", ENDS, MARK_OWN, "Free Download Manager" },
    { ".tmp", ENDS, MARK_OWN, "many" },
    { ".temp", ENDS, MARK_OWN, "many" },
    { ".tmp~", ENDS, MARK_OWN, "many" },
    { ".incomplete", ENDS, MARK_OWN, "huggingface_hub" },
    { ".filepart", ENDS, MARK_OWN, "WinSCP" },
    { ".xltd", ENDS, MARK_OWN, "Xunlei" },
    { ".td", ENDS, MARK_OWN, "Xunlei" },
    { ".bts", ENDS, MARK_OWN, "Resilio Sync" },
    { ".dap", ENDS, MARK_OWN, "Download Accelerator Plus" },
    { ".dctmp", ENDS, MARK_OWN, "DC++" },
    { ".gstmp", ENDS, MARK_OWN, "gsutil" },
    { ".seaf-tmp", ENDS, MARK_OWN, "Seafile" },
    { ".octransferid", HAS, MARK_OWN, "Nextcloud" },
    { "~syncthing~", BEGINS, MARK_OWN, "Syncthing" },
    { ".syncthing.", BEGINS, MARK_OWN, "Syncthing" },
    { ".unison.", BEGINS, MARK_OWN, "Unison" },
    { ".in.", BEGINS, MARK_OWN, "lftp, ProFTPD" },
    { ".pureftpd-upload.", BEGINS, MARK_OWN, "Pure-FTPd" },
    { ".azdownload-", BEGINS, MARK_OWN, "AzCopy" },
    { ".goutputstream-", BEGINS, MARK_OWN, "GNOME" },
    { ".com.google.chrome.", BEGINS, MARK_OWN, "Chrome" },
    { ".org.chromium.chromium.", BEGINS, MARK_OWN, "Chromium" },
    { ".davfs.tmp", BEGINS, MARK_OWN, "davfs2" },
    { "incomplete-", BEGINS, MARK_OWN, "GPT4All" },
    { "unconfirmed ", BEGINS, MARK_OWN, "Chrome" },
    { "___arestra___", BEGINS, MARK_OWN, "Ares" },
    { "_unpack_", BEGINS, MARK_OWN, "SABnzbd" },
    { "tmp_pack_", BEGINS, MARK_OWN, "git" },
    { "tmp_obj_", BEGINS, MARK_OWN, "git" },
    /* folders for what is not whole */
    { "._____temp", IS, MARK_OWN, "ModelScope" },
    { ".~tmp~", IS, MARK_OWN, "rsync" },
    { ".~tmp~", ENDS, MARK_OWN, "rsync" },
    { ".rsync-partial", IS, MARK_OWN, "rsync" },
    { ".tmp.drivedownload", IS, MARK_OWN, "Google Drive" },
    { ".tmp.driveupload", IS, MARK_OWN, "Google Drive" },
    { ".dropbox.cache", IS, MARK_LEFT, "Dropbox" },
    { "incomplete", IS, MARK_OWN, "git-lfs, Transmission" },
    { ".incomplete", IS, MARK_OWN, "many" },
    { "@download", IS, MARK_OWN, "Synology" },
    /* neither marks nor files of a model */
    { ".swp", ENDS, MARK_LEFT, "vim" },
    { ".swo", ENDS, MARK_LEFT, "vim" },
    { ".swx", ENDS, MARK_LEFT, "vim" },
    { "~", ENDS, MARK_LEFT, "editors" },
    { "~$", BEGINS, MARK_LEFT, "Office" },
};

#define N_RULES (sizeof rules / sizeof *rules)

static int fits(const struct rule *rule, const char *name, size_t len, size_t n)
{
    switch (rule->where) {
    case ENDS:
        return len > n && !strcasecmp(name + len - n, rule->text);
    case BEGINS:
        return len > n && !strncasecmp(name, rule->text, n);
    case IS:
        return !strcasecmp(name, rule->text);
    default:
        return strcasestr(name, rule->text) != NULL;
    }
}

/* The endings with a mark of exclamation: ".!qB", ".!ut", ".!bt", ".!sync"; ".bc!", ".jc!", ".az!".
 */
static int exclaims(const char *name)
{
    const char *dot = strrchr(name, '.');
    size_t n = dot ? strlen(dot + 1) : 0;
    return n > 1 && dot > name && (dot[1] == '!' || (n <= 3 && dot[n] == '!'));
}

/* How many of n characters are of a kind. */
static size_t count(const char *s, size_t n, int (*is_kind)(int))
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        found += is_kind((unsigned char)s[i]) != 0;
    return found;
}

/* rsync's ".NAME.Ab12Cd": six random letters and digits after a hidden name that has an extension
 * itself; not all of them small letters, as in ".config.backup". */
static int is_of_rsync(const char *name, size_t len)
{
    const char *end = name + len - 6;
    if (*name != '.' || len < 10 || end[-1] != '.' || !memchr(name + 1, '.', len - 8))
        return 0;
    return count(end, 6, isalnum) == 6 && count(end, 6, islower) < 6;
}

/* "X.gguf.6Ad3bF12" of the AWS command line: eight random hexadecimal digits, large and small. */
static int is_of_aws(const char *name, size_t len)
{
    const char *end = name + len - 8;
    if (len < 12 || end[-1] != '.' || !memchr(name, '.', len - 9))
        return 0;
    return count(end, 8, isxdigit) == 8 && count(end, 8, islower) && count(end, 8, isupper);
}

/* ollama's blobs: "sha256-…-partial" and "sha256-…-partial-3". */
static int is_of_ollama(const char *name)
{
    return !strncmp(name, "sha256-", 7) && strstr(name, "-partial");
}

/* What macOS puts in place of a file at the end: "NAME.sb-1a2b3c4d-AbCdEf". */
static int is_of_macos(const char *name)
{
    const char *sb = strstr(name, ".sb-");
    return sb && strlen(sb) == 19 && count(sb + 4, 8, isxdigit) == 8 && sb[12] == '-';
}

/* Nextcloud's client writes ".NAME.~1a2b3c". */
static int is_of_nextcloud(const char *name)
{
    const char *tilde = *name == '.' ? strstr(name, ".~") : NULL;
    return tilde && tilde > name && tilde[2] &&
           count(tilde + 2, strlen(tilde + 2), isxdigit) == strlen(tilde + 2);
}

/* What a name says; *ret_stem (may be NULL): bytes of it are the name that it counts for. */
static enum mark mark_of(const char *name, size_t *ret_stem, const char **ret_of)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < N_RULES; i++) {
        size_t n = strlen(rules[i].text);
        if (!fits(&rules[i], name, len, n))
            continue;
        if (ret_stem)
            *ret_stem = len - n;
        if (ret_of)
            *ret_of = rules[i].of;
        return rules[i].mark;
    }
    return exclaims(name) || is_of_rsync(name, len) || is_of_aws(name, len) || is_of_ollama(name) ||
                   is_of_nextcloud(name) || is_of_macos(name)
               ? MARK_OWN
               : MARK_NONE;
}

int unfinished_name(const char *name)
{
    enum mark mark = mark_of(name, NULL, NULL);
    return mark == MARK_OWN || mark == MARK_COUNTER || mark == MARK_WORD;
}

int unfinished_counts(const char *name)
{
    enum mark mark = mark_of(name, NULL, NULL);
    return mark >= MARK_COUNTER && mark <= MARK_LOCK;
}

int unfinished_passed_over(const char *name)
{
    enum mark mark = mark_of(name, NULL, NULL);
    unsigned len;
    return *name == '.' || (mark != MARK_NONE && mark != MARK_BESIDE) ||
           litter_find(LITTER_PLACES, name, 0, &len);
}

static int exists(int dirfd, const char *name)
{
    return faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* 1 when a process holds a lock on the file, of either kind. Only asks: a lock that would be
 * granted is given back at once. */
static int is_locked(int dirfd, const char *name)
{
    struct error ignored = ERROR_INIT;
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    _cleanup_close_ int fd = -1;
    if (file_open_regular(dirfd, name, 1, &fd, &ignored) < 0)
        return 0;
    if (fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
        return 1;
    if (flock(fd, LOCK_SH | LOCK_NB) < 0)
        return 1;
    (void)flock(fd, LOCK_UN);
    return 0;
}

__attribute__((format(printf, 2, 3))) static int say(char reason[UNFINISHED_REASON],
                                                     const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(reason, UNFINISHED_REASON, format, ap);
    va_end(ap);
    return 1;
}

/* 1: the file NAME + ENDING beside NAME says that NAME is not whole. */
static int counts_for(int dirfd, const char *name, const struct rule *rule,
                      char reason[UNFINISHED_REASON])
{
    char counter[NAME_MAX + 1];
    int n = snprintf(counter, sizeof counter, "%s%s", name, rule->text);
    if (n < 0 || (size_t)n >= sizeof counter || !exists(dirfd, counter))
        return 0;
    if (rule->mark == MARK_LOCK)
        return is_locked(dirfd, counter) && say(reason, "%.100s is locked by a process", counter);
    return say(reason, "unfinished: %.80s of %s lies beside it", counter, rule->of);
}

static int says_itself(int dirfd, const char *name, char reason[UNFINISHED_REASON])
{
    char stem[NAME_MAX + 1];
    size_t len = 0;
    const char *of = NULL;
    enum mark mark = mark_of(name, &len, &of);
    if (mark == MARK_OWN || mark == MARK_COUNTER || mark == MARK_WORD)
        return say(reason, "unfinished name");
    if (mark != MARK_BESIDE)
        return 0;
    (void)snprintf(stem, sizeof stem, "%.*s", (int)len, name);
    return exists(dirfd, stem) && say(reason, "unfinished name");
}

int unfinished_mark(int dirfd, const char *name, char reason[UNFINISHED_REASON])
{
    if (says_itself(dirfd, name, reason))
        return 1;
    for (size_t i = 0; i < N_RULES; i++)
        if (rules[i].mark >= MARK_COUNTER && rules[i].mark <= MARK_LOCK &&
            counts_for(dirfd, name, &rules[i], reason))
            return 1;
    return 0;
}

int unfinished_mark_below(int dirfd, const char *name, int is_dir, int temporary,
                          char reason[UNFINISHED_REASON])
{
    if (is_dir)
        return 0; /* what lies in it counts */
    if (temporary)
        return say(reason, "%.120s lies in a folder for unfinished files", name);
    if (says_itself(dirfd, name, reason))
        return say(reason, "%.120s: unfinished name", name);
    if (mark_of(name, NULL, NULL) == MARK_LOCK && is_locked(dirfd, name))
        return say(reason, "%.120s is locked by a process", name);
    return 0;
}

static int look_below(int dirfd, int depth, int temporary, unsigned *left,
                      char reason[UNFINISHED_REASON])
{
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    unsigned len;
    while (dir && *left && (entry = readdir(dir))) {
        const char *name = entry->d_name;
        struct stat st;
        if (!strcmp(name, ".") || !strcmp(name, "..") ||
            fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        (*left)--;
        if (litter_find(LITTER_PLACES, name, S_ISDIR(st.st_mode), &len))
            continue;
        if (unfinished_mark_below(fd, name, S_ISDIR(st.st_mode), temporary, reason))
            return 1;
        _cleanup_close_ int below = -1;
        struct error ignored = ERROR_INIT;
        if (S_ISDIR(st.st_mode) && depth < UNFINISHED_DEPTH &&
            file_open_dir(fd, name, &below, &ignored) == 0 &&
            look_below(below, depth + 1, temporary || unfinished_name(name), left, reason))
            return 1;
    }
    return 0;
}

int unfinished_below(int dirfd, char reason[UNFINISHED_REASON])
{
    unsigned left = UNFINISHED_ENTRIES;
    return look_below(dirfd, 1, 0, &left, reason);
}
