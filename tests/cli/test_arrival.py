# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""`pare` refuses what has not wholly arrived, with the reason: files and folders, every command."""
import fcntl
import os
import shutil
import sys
import unittest

from program import Program


class Unfinished(Program):
    def refused(self, model, reason):
        for command in (["convert", model, "--to", "gguf:q8_0", "-o", "out"], ["inspect", model],
                        ["compare", "tiny.gguf", model], ["convert", model, "--to", "gguf:f16", "--dry-run"]):
            done = self.pare(*command, status=1)
            self.assertIn("has not wholly arrived", done.stderr)
            self.assertIn(reason, done.stderr)
        self.assertFalse((self.dir / "out").exists() and any((self.dir / "out").iterdir()))

    def test_names(self):
        for ending in ("!qB", "bc!", "xltd", "td", "fdmdownload", "downloading", "unfinished",
                       "part", "crdownload", "download", "partial", "incomplete"):
            model = "m.gguf." + ending
            (self.dir / model).hardlink_to(self.dir / "tiny.gguf")
            done = self.pare("inspect", model, status=1)
            self.assertIn(model + ": unfinished name: it has not wholly arrived", done.stderr)
        self.refused("m.gguf.!qB", "unfinished name")

    def test_beside(self):
        for ending in (".aria2", ".st", ".lftp-pget-status"):
            (self.dir / ("tiny.gguf" + ending)).write_bytes(b"x")
            done = self.pare("inspect", "tiny.gguf", status=1)
            self.assertIn("tiny.gguf%s of" % ending, done.stderr)
            (self.dir / ("tiny.gguf" + ending)).unlink()
        self.pare("inspect", "tiny.gguf")

    def test_lock(self):
        with open(self.dir / "tiny.gguf.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertIn("locked by a process",
                          self.pare("inspect", "tiny.gguf", status=1).stderr)
        self.pare("inspect", "tiny.gguf")

    def test_parts(self):
        for name in ("m.gguf.part1of2", "m.gguf-split-a"):
            (self.dir / name).hardlink_to(self.dir / "tiny.gguf")
            self.assertIn("join them in order, `cat m.gguf",
                          self.pare("inspect", name, status=1).stderr)

    def test_folder(self):
        cache = self.dir / "folder/.cache/huggingface/download"
        cache.mkdir(parents=True)
        shutil.copy(self.dir / "tiny.gguf", self.dir / "folder/m.gguf")
        (cache / "config.json.lock").touch()
        self.pare("inspect", "folder")
        (cache / "0a.6d02.incomplete").touch()
        self.refused("folder", "0a.6d02.incomplete: unfinished name")
        (cache / "0a.6d02.incomplete").unlink()
        (self.dir / "folder.aria2").touch()
        self.refused("folder", "folder.aria2 of aria2")

    def test_cut_json(self):
        folder = self.dir / "folder"
        self.pare("convert", "tiny.gguf", "--to", "safetensors:bf16", "-o", "made", "-q")
        shutil.copytree(next((self.dir / "made").glob("*/")), folder)
        for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
            text = (folder / name).read_bytes()
            for cut, why in ((b"", "it is empty"), (text[:len(text) // 2], "middle of its JSON"),
                             (text[:len(text) // 2] + bytes(50), "zeros in place of text")):
                (folder / name).write_bytes(cut)
                done = self.pare("convert", "folder", "--to", "gguf:f16", "-o", "out", status=1)
                self.assertIn("%s: it" % name, done.stderr)
                self.assertIn(why, done.stderr)
                self.assertIn("cut short or still arriving", done.stderr)
            (folder / name).write_bytes(text)
        (folder / "tokenizer_config.json").unlink()
        done = self.pare("convert", "folder", "--to", "gguf:f16", "-o", "out")
        self.assertIn("tokenizer.json is there and tokenizer_config.json is not", done.stderr)
        (folder / "model.safetensors").write_text(
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
        done = self.pare("inspect", "folder", status=1)
        self.assertIn("a Git LFS pointer", done.stderr)
        self.assertIn("git lfs pull", done.stderr)


class HubCache(Program):
    """models--ORG--NAME as the Hugging Face libraries keep it, by whatever name it is given."""
    OLD, NEW = "a" * 40, "b" * 40

    def setUp(self):
        super().setUp()
        self.repo = self.dir / "hub/models--some--Tiny-1B"
        (self.repo / "blobs").mkdir(parents=True)
        shutil.copy(self.dir / "tiny.gguf", self.repo / "blobs/f00")
        self.link(self.NEW, "../../blobs/f00")

    def link(self, revision, target):
        snapshot = self.repo / "snapshots" / revision
        snapshot.mkdir(parents=True)
        (snapshot / "m.gguf").symlink_to(target)

    def main(self, revision):
        (self.repo / "refs").mkdir(exist_ok=True)
        (self.repo / "refs/main").write_text(revision)

    def converts(self, source):
        shutil.rmtree(self.dir / "out", ignore_errors=True)
        self.pare("convert", source, "--to", "gguf:f16", "-o", "out", "--allow-requantize", "-q")
        return sorted(p.name for p in (self.dir / "out").glob("*.gguf"))

    def test_which_snapshot(self):
        self.assertEqual(self.converts(self.repo), ["Tiny-1B-F16.gguf"])
        self.link(self.OLD, self.repo / "blobs/f00")
        done = self.pare("inspect", self.repo, status=1)
        self.assertIn("2 snapshots, and refs/main names none of them: give one, snapshots/ "
                      "followed by %s, %s" % (self.OLD, self.NEW), done.stderr)
        self.main(self.OLD)
        self.assertEqual(self.converts(self.repo), ["Tiny-1B-F16.gguf"])
        self.assertEqual(self.converts("%s/snapshots/%s" % (self.repo, self.OLD)),
                         ["Tiny-1B-F16.gguf"])
        self.main("../../../elsewhere")
        self.assertIn("2 snapshots", self.pare("inspect", self.repo, status=1).stderr)
        done = self.pare("inspect", "hub", status=1)
        self.assertIn("give a model's folder in it: models--some--Tiny-1B", done.stderr)

    def test_links(self):
        """What is named is followed, by all commands, and keeps its name in a cache."""
        snapshot = self.repo / "snapshots" / self.NEW
        (self.dir / "folder-link").symlink_to(snapshot)
        (self.dir / "repo-link").symlink_to(self.repo)
        (self.dir / "file-link").symlink_to(self.dir / "tiny.gguf")
        self.assertEqual(self.converts("folder-link"), ["Tiny-1B-F16.gguf"])
        self.assertEqual(self.converts("repo-link"), ["Tiny-1B-F16.gguf"])
        self.assertEqual(self.converts("file-link"), ["tiny-F16.gguf"])
        self.assertEqual(self.converts(snapshot / "m.gguf"), ["m-F16.gguf"])
        for link in ("folder-link", "repo-link", "file-link", snapshot / "m.gguf"):
            self.pare("inspect", link)
            self.pare("compare", link, "file-link")
        (self.dir / "farm").mkdir()
        (self.dir / "farm/m.gguf").symlink_to(self.dir / "tiny.gguf")
        done = self.pare("inspect", "farm", status=1)
        self.assertIn("m.gguf: is a symbolic link, which is not followed (it leads to", done.stderr)
        (self.dir / "nowhere").symlink_to("gone")
        self.assertIn("leads nowhere", self.pare("inspect", "nowhere", status=3).stderr)

    def test_blobs(self):
        snapshot = self.repo / "snapshots" / self.NEW
        unfinished = self.repo / "blobs/f01.incomplete"
        unfinished.write_bytes(b"x")
        for source in (snapshot, self.repo):
            self.assertIn("f01.incomplete in the cache's blobs",
                          self.pare("inspect", source, status=1).stderr)
        os.utime(unfinished, (1, 1))  # an earlier download has left it
        self.pare("inspect", snapshot)
        self.pare("inspect", self.repo)
        (self.repo / "blobs/f00").unlink()
        self.assertIn("its blob (f00) is not in the cache",
                      self.pare("inspect", snapshot, status=1).stderr)
        secret = self.dir / "secret"
        shutil.copy(self.dir / "tiny.gguf", secret)
        (self.repo / "blobs/f00").symlink_to(secret)
        self.assertIn("symbolic link", self.pare("inspect", snapshot, status=1).stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
