"""Runs the real program for process-level tests."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

PROGRAM = os.environ["ASSAY_PROGRAM"]
SOURCE = Path(__file__).resolve().parents[2]


class ProcessTestCase(unittest.TestCase):
    """A test with a folder of its own in which the program runs."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="assay-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content, encoding="utf-8")
        return path

    def environment(self, extra=None):
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("GITHUB_", "OPENAI_", "ASSAY_EXIT")) and name != "CI"
        }
        kept.update(extra or {})
        return kept

    def start(self, *arguments, env=None, **options):
        return subprocess.Popen(
            [PROGRAM, *map(str, arguments)],
            cwd=options.pop("cwd", self.folder),
            env=self.environment(env),
            stdout=subprocess.PIPE,
            stderr=options.pop("stderr", subprocess.PIPE),
            stdin=subprocess.DEVNULL,
            **options,
        )

    def assay(self, *arguments, env=None, timeout=60, **options):
        """Runs to the end; the result has exit_code, out and err."""
        process = self.start(*arguments, env=env, **options)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.fail(f"assay {' '.join(map(str, arguments))} did not end in {timeout} s")
        return Ended(process.returncode, out.decode("utf-8"), err.decode("utf-8"))

    def runs(self):
        return json.loads(self.assay("runs", "--json").out)

    def assert_no_crash(self, ended):
        for word in ("internal error", "AddressSanitizer", "runtime error", "terminate called"):
            self.assertNotIn(word, ended.err)
        self.assertGreaterEqual(ended.exit_code, 0, ended.err)


class Ended:
    """What a finished program left."""

    def __init__(self, exit_code, out, err):
        self.exit_code = exit_code
        self.out = out
        self.err = err
