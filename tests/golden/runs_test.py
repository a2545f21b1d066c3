"""Runs the real program on every case in tests/golden/runs and compares what it gives, to the byte.

A case is a folder: `in/` is the folder the program runs in, `arguments.txt` has one command a line
(default: run spec.yaml), `expected/` holds exit_code, stdout.txt, stderr.txt and the files that the
commands wrote. Ids, times and durations are replaced by words first. With ASSAY_UPDATE_GOLDEN=1
the expected files are written anew; look at the difference before you commit it.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = os.environ["ASSAY_PROGRAM"]
CASES = Path(__file__).resolve().parent / "runs"
UPDATE = os.environ.get("ASSAY_UPDATE_GOLDEN") == "1"

PATTERNS = [
    (re.compile(r"\b\d{8}-\d{6}-[0-9a-f]{6}\b"), "<run>"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"), "<time>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?"), "<time>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<id>"),
    (re.compile(r'("(?:wall_ms|latency_ms|p50|p95|p99)": ?)[0-9.e+-]+'), r"\1<ms>"),
    (re.compile(r"\b\d+(\.\d+)? m?s\b"), "<ms>"),
    (re.compile(r'("git": ?)\{[^}]*\}'), r'\1"<git>"'),
]


def normalised(text):
    for pattern, word in PATTERNS:
        text = pattern.sub(word, text)
    return text


class GoldenRuns(unittest.TestCase):
    maxDiff = None

    def run_case(self, case):
        folder = Path(tempfile.mkdtemp(prefix="assay-golden-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        shutil.copytree(case / "in", folder, dirs_exist_ok=True)
        commands = ["run spec.yaml"]
        if (case / "arguments.txt").exists():
            commands = (case / "arguments.txt").read_text().splitlines()
        environment = {"PATH": os.environ["PATH"], "COLUMNS": "80", "LANG": "C.UTF-8"}
        found = {"exit_code": "", "stdout.txt": "", "stderr.txt": ""}
        before = {path.name for path in folder.iterdir()}
        for command in commands:
            ended = subprocess.run([PROGRAM, *command.split()], cwd=folder, env=environment,
                                   capture_output=True, timeout=120, check=False)
            found["exit_code"] += f"{ended.returncode}\n"
            found["stdout.txt"] += normalised(ended.stdout.decode())
            found["stderr.txt"] += normalised(ended.stderr.decode())
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.name not in before:
                found[path.name] = normalised(path.read_text())
        return found

    def check_case(self, case):
        found = self.run_case(case)
        expected = case / "expected"
        if UPDATE:
            shutil.rmtree(expected, ignore_errors=True)
            expected.mkdir()
            for name, text in found.items():
                (expected / name).write_text(text)
            return
        names = {path.name for path in expected.iterdir()}
        self.assertEqual(set(found), names)
        for name in sorted(names):
            self.assertEqual(found[name], (expected / name).read_text(), f"{case.name}/{name}")

    def test_all_cases(self):
        cases = sorted(path for path in CASES.iterdir() if path.is_dir())
        self.assertGreaterEqual(len(cases), 3)
        for case in cases:
            with self.subTest(case.name):
                self.check_case(case)


if __name__ == "__main__":
    if UPDATE:
        print("writing expected files anew", file=sys.stderr)
    unittest.main()
