# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""What is measured, and where: in words, for docs/benchmarks.md."""
import datetime
import json
import os
import platform
import subprocess


def use_build(build, root):
    """Lets `pare` of a build folder find what belongs to it, where the caller says nothing else."""
    for name, path in (("PARE_PLUGINS", os.path.join(build, "plugins")),
                       ("PARE_RECIPES", os.path.join(root, "etc", "recipes")),
                       ("PARE_ARCHITECTURES", os.path.join(root, "etc", "architectures")),
                       ("PARE_WORKER", os.path.join(build, "core", "worker", "pare-worker"))):
        os.environ.setdefault(name, path)


def first(path, key, separator):
    """The value of the first line of a file that begins with the key."""
    try:
        with open(path) as f:
            for line in f:
                if line.startswith(key):
                    return line.split(separator, 1)[1].strip().strip('"')
    except OSError:
        pass
    return None


def introspect(build, what):
    """What Meson tells of a build folder; nothing, when it cannot be read."""
    try:
        with open(os.path.join(build, "meson-info", "intro-%s.json" % what)) as f:
            return json.load(f)
    except (OSError, ValueError):
        return []


def built(build):
    """"gcc (Debian 12.2.0-14) 12.2.0, buildtype=release", as far as Meson tells."""
    commands = [source["compiler"] for target in introspect(build, "targets")
                for source in target["target_sources"] if source.get("language") == "c"]
    done = subprocess.run((commands or [["cc"]])[0] + ["--version"], stdout=subprocess.PIPE,
                          text=True)
    return ", ".join(done.stdout.splitlines()[:1] + [
        "buildtype=" + option["value"] for option in introspect(build, "buildoptions")
        if option["name"] == "buildtype"])


def version(build):
    done = subprocess.run([os.path.join(build, "core", "cli", "pare"), "--version"], check=True,
                          stdout=subprocess.PIPE, text=True)
    return done.stdout.split()[-1]


def describe(build):
    memory = int((first("/proc/meminfo", "MemTotal", ":") or "0").split()[0]) / (1 << 20)
    return {"date": datetime.date.today().isoformat(),
            "cpu": first("/proc/cpuinfo", "model name", ":") or platform.machine(),
            "cores": len(os.sched_getaffinity(0)), "memory_gib": round(memory),
            "kernel": platform.release().split("-")[0],
            "system": first("/etc/os-release", "PRETTY_NAME", "=") or "Linux",
            "build": built(build), "pare": version(build)}
