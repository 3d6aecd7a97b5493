#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: test_install.py BUILD SOURCE

What `meson install` gives: a tree that works from wherever it lies, a service that is confined,
manual pages without faults, completion for bash, and a configuration that says nothing but
defaults. Needs meson; what else is missing is skipped with a message.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD, SOURCE = (pathlib.Path(p).resolve() for p in sys.argv[1:3])


def run(*command, **options):
    options.setdefault("env", {"PATH": os.environ["PATH"], "HOME": "/nonexistent"})
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=60,
                          **options)


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="pare-install-"))
        first = cls.dir / "first"
        made = subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet",
                               "--destdir", first], capture_output=True, text=True)
        assert made.returncode == 0, made.stdout + made.stderr
        prefix = next(p.parent.parent for p in first.rglob("bin/pare"))
        cls.tree = cls.dir / "moved"
        prefix.rename(cls.tree)
        cls.pare, cls.pared = cls.tree / "bin/pare", cls.tree / "bin/pared"

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def need(self, program):
        if not shutil.which(program):
            self.skipTest(f"{program} is not installed")

    def test_moved_tree_converts(self):
        out = self.dir / "out"
        made = run(self.pare, "convert", SOURCE / "tests/data/tiny-llama.gguf", "--to",
                   "gguf:q4_k_m", "--out", out, "--catalog", self.dir / "catalog.db", "--quiet")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertTrue((out / "tiny-llama-Q4_K_M.gguf").is_file())

    def test_moved_tree_has_its_own_plugins_and_recipes(self):
        plugins = run(self.pare, "plugins")
        self.assertEqual(plugins.returncode, 0, plugins.stderr)
        for name in ("float", "ggml", "gguf", "safetensors"):
            self.assertRegex(plugins.stdout, rf"(?m)^{name} ")
        self.assertNotIn("example-", plugins.stdout)
        self.assertRegex(run(self.pare, "recipes").stdout, r"(?m)^q4_k_m ")

    def test_a_built_example_is_seen(self):
        self.need("cc")
        plugins = self.dir / "plugins"
        plugins.mkdir()
        made = run("cc", "-O2", "-fPIC", "-shared", "-I", self.tree / "include", "-o",
                   plugins / "absmax8.so", SOURCE / "plugins/example-quantizer/absmax8.c", "-lm")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertRegex(run(self.pare, "plugins", "--plugins", plugins).stdout, r"(?m)^absmax8 ")

    def test_configuration_is_all_defaults(self):
        conf = next(self.tree.rglob("pared.conf")) if list(self.tree.rglob("pared.conf")) else \
            SOURCE / "etc/pared.conf"
        lines = [l for l in conf.read_text().split("\n") if l and not l.startswith("#")]
        self.assertEqual(lines, [])
        checked = run(self.pare, "check-config", conf)
        self.assertEqual(checked.returncode, 0, checked.stderr)

    def test_service_is_confined(self):
        self.need("systemd-analyze")
        for unit in self.tree.rglob("systemd/system/pared.service"):
            told = run("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
            level = re.search(r"exposure level for \S+: ([0-9.]+)", told.stdout)
            self.assertIsNotNone(level, told.stdout + told.stderr)
            self.assertLessEqual(float(level.group(1)), 1.5)
            return
        self.fail("there is no unit")

    def test_manual_pages(self):
        self.need("mandoc")
        pages = sorted((SOURCE / "docs").glob("*.[1-8]"))
        self.assertEqual([p.name for p in pages],
                         ["pare-architecture.5", "pare-catalog.5", "pare-language.5",
                          "pare-plugin.3", "pare-recipe.5", "pare.1", "pared.8",
                          "pared.conf.5"])
        for page in pages:
            told = run("mandoc", "-Tlint", "-Wwarning", page).stdout
            faults = [l for l in told.split("\n") if l and "referenced manual" not in l]
            self.assertEqual(faults, [])

    def test_language_page(self):
        """The page of the language lists the functions that there are, with who knows them."""
        source = (SOURCE / "core/lang/vocabulary.c").read_text()
        known = {name: {"BOTH": "both", "RECIPES": "recipes", "MAPS": "maps"}[where]
                 for name, where in re.findall(r'\] = { "(\w+)", IN_(\w+),', source)}
        page = (SOURCE / "docs/pare-language.5").read_text()
        told = dict(re.findall(r"^\.It Fn (\w+).* Ta (both|recipes|maps) Ta ", page, re.M))
        self.assertIn("starts_with", known)
        self.assertEqual(told, known)

    def test_completion(self):
        self.need("bash")
        script = next(self.tree.rglob("completions/pare"))
        told = run("bash", "-c", f"""
            PATH={self.tree}/bin:$PATH; . '{script}' || exit 1
            function_=$(complete -p pare | sed 's/.*-F \\([^ ]*\\).*/\\1/')
            COMP_WORDS=(pare conv) COMP_CWORD=1 COMP_LINE='pare conv' COMP_POINT=9
            $function_ pare conv pare; echo "${{COMPREPLY[@]}}" """)
        self.assertIn("convert", told.stdout, told.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
