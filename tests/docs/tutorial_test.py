"""docs/tutorial.md: every command runs, and prints what the page says."""

import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from assay_process import PROGRAM, SOURCE, ProcessTestCase  # noqa: E402

TUTORIAL = SOURCE / "docs/tutorial.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# What differs from run to run, and what stands for it.
VARYING = (
    (r"\b\d{8}-\d{6}-[0-9a-f]{6}\b", "RUN"),
    (r"\b\d{4}-\d{2}-\d{2}([T ])\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z?", "TIME"),
    (r"\b[0-9a-f]{32}\b", "TRACE"),
    (r"\b\d+(\.\d+)? (ms|s)\b", "DURATION"),
    (r"^assay \d+\.\d+\.\d+$", "assay VERSION"),
    (r"[ \t]+", " "),
    (r" +$", ""),
)


def steps(text):
    """(commands, expected output or None) of every sh block, in order."""
    blocks = FENCE.findall(text)
    for i, (language, commands) in enumerate(blocks):
        if language == "sh":
            output = blocks[i + 1] if i + 1 < len(blocks) else ("", "")
            yield commands, output[1] if output[0] == "text" else None


def normalised(text):
    for pattern, stands_for in VARYING:
        text = re.sub(pattern, stands_for, text, flags=re.MULTILINE)
    return text.strip().splitlines()


def run_all(commands, folder, environment):
    """Runs the blocks in one shell, as a reader would. Their outputs, stderr among them."""
    (folder / ".outputs").mkdir()
    script = "".join(f"exec >.outputs/{i} 2>&1\n{block}" for i, block in enumerate(commands))
    subprocess.run(["bash", "-c", script], cwd=folder, env=environment, timeout=120,
                   stdin=subprocess.DEVNULL, check=False)
    paths = [folder / ".outputs" / str(i) for i in range(len(commands))]
    return [path.read_text(encoding="utf-8") if path.exists() else None for path in paths]


class Tutorial(ProcessTestCase):
    maxDiff = None

    def test_every_command_prints_what_the_page_says(self):
        (self.folder / ".bin").mkdir()
        (self.folder / ".bin/assay").symlink_to(PROGRAM)
        environment = self.environment()
        environment["PATH"] = f"{self.folder / '.bin'}:{environment['PATH']}"
        expected = list(steps(TUTORIAL.read_text(encoding="utf-8")))
        self.assertGreater(len(expected), 8)
        outputs = run_all([commands for commands, _ in expected], self.folder, environment)
        for (commands, text), output in zip(expected, outputs, strict=True):
            with self.subTest(commands=commands):
                self.assertIsNotNone(output, "the shell ended before")
                self.assertEqual(normalised(output), normalised(text or ""))


class Normalising(unittest.TestCase):
    def test_what_varies_is_taken_out_and_nothing_else(self):
        self.assertEqual(normalised("reviews 2026-11-21T02:08:53.174Z · 11 ms\n"),
                         normalised("reviews 2027-01-02T10:00:00Z · 1.5 s"))
        self.assertEqual(normalised("look: assay show 20261121-020853-04398f"),
                         normalised("look: assay show 20270101-000000-abcdef"))
        self.assertNotEqual(normalised("exact_match 0.7500"), normalised("exact_match 0.8750"))
        self.assertNotEqual(normalised("exit code 0"), normalised("exit code 1"))

    def test_steps_pair_commands_with_the_next_block(self):
        page = "```sh\na\n```\n```text\nb\n```\nwords\n```sh\nc\n```\n```yaml\nd\n```\n"
        self.assertEqual(list(steps(page)), [("a\n", "b\n"), ("c\n", None)])


if __name__ == "__main__":
    unittest.main()
