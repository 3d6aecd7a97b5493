# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""A flood: many tiny models, renamed into the drop directory of a pared of its own."""
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "daemon"))
import harness  # pylint: disable=wrong-import-position
import models  # pylint: disable=wrong-import-position


class Flood:
    """One run. Half of the models are GGUF files, half safetensors; all become gguf:q8_0."""

    def __init__(self, build, number, root):
        harness.BUILD, self.number = build, number
        self.daemon = harness.Daemon(["gguf:q8_0"], ["--log-level", "warning"], root=root)
        self.names = []
        for i in range(number):
            kind = "gguf" if i % 2 else "safetensors"
            data = models.gguf(2, i) if i % 2 else models.safetensors(2, i)
            self.names.append("m%05d.%s" % (i, kind))
            self.daemon.aside(self.names[-1], data)
            if kind == "safetensors":
                self.daemon.aside("m%05d.pare" % i, models.PLAIN)

    def count(self):
        """(jobs, jobs that are done)"""
        rows = self.daemon.query("SELECT count(*), coalesce(sum(state = 'done'), 0) FROM job")
        return rows[0] if rows else (0, 0)

    def wait(self, enough, seconds=1800):
        start = time.monotonic()
        while not enough(*self.count()):
            if time.monotonic() - start > seconds:
                raise AssertionError("%s of %d models" % (self.count(), self.number))
            time.sleep(0.05)

    def drop(self):
        for name in sorted(os.listdir(self.daemon.side), key=lambda n: not n.endswith(".pare")):
            os.rename(os.path.join(self.daemon.side, name), self.daemon.path(name))

    def run(self, paused):
        """Models a second from the first rename: queued, and converted. Paused: the queue first,
        then the conversions by themselves; else both at once, with the queue's rate of then."""
        self.daemon.start()
        if paused:
            self.daemon.ask("pause")
        time.sleep(1)  # for what the start still does
        start = time.monotonic()
        self.drop()
        self.wait(lambda jobs, done: jobs == self.number)
        queued = self.number / (time.monotonic() - start)
        if paused:
            self.daemon.ask("resume")
            start = time.monotonic()
        self.wait(lambda jobs, done: done == self.number)
        converted = self.number / (time.monotonic() - start)
        self.daemon.stop()
        return queued, converted


def check(daemon, number):
    """Every model is there once, as its manifest says, and nothing is left anywhere."""
    manifests = [harness.check_manifest(path) for path in daemon.manifests()]
    names = {manifest["source"]["name"] for manifest in manifests}
    assert len(manifests) == len(names) == number, (len(manifests), len(names))
    states = dict(daemon.query("SELECT state, count(*) FROM job GROUP BY state"))
    assert states == {"done": number}, states
    left = os.listdir(os.path.join(daemon.drop, ".pare", "claimed"))
    assert not left, left


def measure(build, number, directory, say):
    """{"models", "rows": [{"what", "queued", "converted"}]}"""
    rows = []
    for what, paused in (("queue first", True), ("both at once", False)):
        root = os.path.join(directory, "flood-%d" % paused)
        os.mkdir(root)
        flood = Flood(build, number, root)
        queued, converted = flood.run(paused)
        check(flood.daemon, number)
        rows.append({"what": what, "queued": queued, "converted": converted})
        say("flood of %d, %-12s %7.1f/s queued %7.1f/s converted", number, *rows[-1].values())
    return {"models": number, "rows": rows}


if __name__ == "__main__":
    import tempfile
    with tempfile.TemporaryDirectory(prefix="pare-flood-") as folder:
        print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), folder,
                                 lambda text, *values: print("# " + text % values))))
