# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""`pare` refuses what has not wholly arrived, with the reason: files and folders, every command."""
import fcntl
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
        self.assertIn("only a pointer of git-lfs", done.stderr)
        self.assertIn("git lfs pull", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
