#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""A hostile plugin inside pare-worker: every act must be stopped, by an error or by death, and
nothing outside may change. Acts that only a missing part of the sandbox would stop are skipped.

Usage: evil.py WORKER ACTS RECIPES [--nursery]
--nursery: every worker is a copy of one process, which must come to no harm either.
"""
import os
import signal
import sys
import tempfile

import driver

KILLED = "killed by SIGSYS"
SECCOMP = """getppid fork exec execveat read-parent kill-parent tgkill-parent fcntl-signal socket-tcp
socket-udp socket-unix socket-netlink socketpair ptrace-parent pidfd io-uring bpf userfaultfd memfd
perf mount unshare chroot chdir add-key setuid dumpable rlimit symlink link rename mkfifo chmod
fchmod chown setxattr shmget msgget inotify open-handle personality setpriority setaffinity syslog setsid
setitimer""".split()
REFUSED = ["clone3", "unlink", "map-code", "make-code", "dlopen", "tty-push"] # by seccomp, alive
LANDLOCK = ["open-passwd", "list-root", "climb"]


def evil_file(folder, act, argument=""):
    path = os.path.join(folder, "model.evil")
    with open(path, "wb") as file:
        file.write(b"EVIL" + act.encode().ljust(32, b"\0") + argument.encode().ljust(220, b"\0"))
    return path


def tree(folder):
    return sorted((root, sorted(names), sorted(files)) for root, names, files in os.walk(folder))


def main():
    program, acts, recipes = sys.argv[1:4]
    tally = driver.Tally()
    signals = []
    signal.signal(signal.SIGUSR1, lambda number, frame: signals.append(number))
    with tempfile.TemporaryDirectory(prefix="pare-evil-") as folder:
        staging = tempfile.TemporaryDirectory(prefix="pare-evil-out-")
        nursery = driver.Nursery(program, acts, recipes, staging.name) \
            if "--nursery" in sys.argv else None
        worker = nursery or driver.Worker(program, acts, recipes)

        def commit(act, argument="", **more):
            if "sandbox" in more:
                return driver.Worker(program, acts, recipes).run(*job(act, argument, **more),
                                                                 staging=True)
            return worker.run(*job(act, argument, **more), staging=True)

        def job(act, argument, **more):
            return ({"kind": "convert", "targets": [
                {"format": "evil", "recipe": "f32", "stem": "out"}], **more},
                    [evil_file(folder, act, argument)])

        answer = commit("nothing")
        level = answer.one("start")["sandbox"]
        print("sandbox:", level)
        tally.check(answer.text.endswith("nothing: allowed"), f"nothing: {answer.text}")
        off = commit("open-passwd", sandbox="off")
        tally.check(off.text.endswith("open-passwd: allowed"), f"acts do not act: {off.text}")

        for act in SECCOMP:
            if not level["seccomp"]:
                tally.skip(f"{act}: no seccomp here")
                continue
            answer = commit(act, str(os.getpid()))
            tally.check(answer.code == KILLED, f"{act}: {answer.code} {answer.text}")
            tally.check(not answer.all("done") and not answer.files, f"{act}: it left something")
        for act in ("kill-parent", "tgkill-parent", "ptrace-parent", "pidfd") if nursery else ():
            answer = commit(act, str(nursery.process.pid))
            tally.check(not level["seccomp"] or answer.code == KILLED, f"{act}: of the nursery")
        for act in REFUSED:
            if not level["seccomp"]:
                tally.skip(f"{act}: no seccomp here")
                continue
            answer = commit(act, "libsqlite3.so.0") # of dlopen: one that is not loaded yet
            tally.check("refused" in answer.text, f"{act}: {answer.code} {answer.text}")

        modes = [("make-file", mode, mode == "0644") for mode in ("0644", "04644", "02644", "01644",
                                                                  "0755", "0645", "06777")]
        modes += [("make-folder", mode, mode == "0755") for mode in ("0755", "02755", "04755", "01777")]
        modes += [("make-nameless", "0600", False), ("make-nameless", "04600", False)]
        for act, mode, allowed in modes:
            if not level["seccomp"]:
                tally.skip(f"{act} {mode}: no seccomp here")
                continue
            answer = commit(act, mode)
            good = answer.text.endswith("allowed") if allowed else answer.code == KILLED
            tally.check(good, f"{act} {mode}: {answer.code} {answer.text}")

        plugin = os.path.join(acts, "evil.so")
        victim = os.path.join(folder, "victim")
        with open(victim, "w", encoding="ascii") as file:
            file.write("untouched")
        with_files = [(act, "") for act in LANDLOCK] + [
            ("open-file", f"/proc/{os.getpid()}/environ"), ("open-file", victim),
            ("open-file", "/etc/shadow"), ("open-file", "/dev/kmem"),
            ("write-file", victim), ("write-file", os.path.join(folder, "new")),
            ("write-file", os.path.join(acts, "new.so")), ("write-file", plugin),
            ("truncate-file", victim), ("truncate-file", plugin),
            ("truncate-file", os.path.join(recipes, "bad32.recipe")),
            ("mkdir", os.path.join(folder, "directory")), ("write-file", "/dev/shm/pare-evil")]
        before, size = tree(folder), os.path.getsize(plugin)
        for act, argument in with_files:
            if not level["landlock"]:
                tally.skip(f"{act} {argument}: no Landlock here")
                continue
            if argument.startswith("/proc") and "seccomp (sanitizer build)" in level["missing"]:
                tally.skip(f"{act} {argument}: a sanitizer needs /proc")
                continue
            answer = commit(act, argument)
            tally.check("refused" in answer.text, f"{act} {argument}: {answer.text}")
        with open(victim, encoding="ascii") as file:
            tally.check(file.read() == "untouched", "the victim changed")
        tally.check(not level["landlock"] or tree(folder) == before, "files appeared")
        tally.check(os.path.getsize(plugin) == size, "the plugin changed")
        tally.check(not signals, "signals came")
        again = commit("nothing")
        tally.check(again.text.endswith("nothing: allowed"), "the next job does not run")
        tally.check(not nursery or nursery.end() == 0, "the nursery did not end well")
        staging.cleanup()
    tally.end()


main()
