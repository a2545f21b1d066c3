"""docs/caching.md: every command runs, and prints what the page says."""

import json
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from assay_process import PROGRAM, SOURCE, ProcessTestCase  # noqa: E402
from loopback import serve  # noqa: E402
from tutorial_test import FENCE, normalised, run_all, steps  # noqa: E402

PAGE = (SOURCE / "docs/caching.md").read_text(encoding="utf-8")
SCHEMA = SOURCE / "configs/schemas/experiment.schema.json"
LIMITS = (SOURCE / "core/base/limits.hpp").read_text(encoding="utf-8")
ANSWERS = {"France": "Paris", "Peru": "Lima", "Australia": "Sydney"}


def answer(_number, request):
    question = json.loads(request["body"])["messages"][-1]["content"]
    country = re.fullmatch(r"Capital of (\w+)\? One word\.", question).group(1)
    return 200, "application/json", json.dumps({
        "model": "gpt-4.1-mini", "choices": [{"message": {"content": ANSWERS[country]}}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 1, "total_tokens": 13}})


def comparable(text):
    """The order of replies that were used in the same minute is that of their keys."""
    text = re.sub(r"^[0-9a-f]{12}\b", "KEY", text, flags=re.MULTILINE)
    text = re.sub(r"\b\d+(\.\d)? k?B\b", "SIZE", text)
    return sorted(normalised(text))


class Caching(ProcessTestCase):
    maxDiff = None

    def test_every_command_prints_what_the_page_says(self):
        server = serve(self, answer)
        blocks = FENCE.findall(PAGE)
        self.write("capitals.eval.yaml", next(text for kind, text in blocks if kind == "yaml"))
        self.write("capitals.jsonl", next(text for kind, text in blocks if kind == "json"))
        (self.folder / ".bin").mkdir()
        (self.folder / ".bin/assay").symlink_to(PROGRAM)
        environment = self.environment({"OPENAI_BASE_URL": f"{server.url}/v1", "COLUMNS": "80",
                                        "OPENAI_API_KEY": "sk-canary-caching"})
        environment["PATH"] = f"{self.folder / '.bin'}:{environment['PATH']}"
        expected = list(steps(PAGE))
        self.assertGreater(len(expected), 4)
        outputs = run_all([commands for commands, _ in expected], self.folder, environment)
        for (commands, text), output in zip(expected, outputs, strict=True):
            with self.subTest(commands=commands):
                self.assertIsNotNone(output, "the shell ended before")
                self.assertEqual(comparable(output), comparable(text or ""))
        self.assertEqual(len(server.requests), 6, "three are recorded in each of two folders")
        for path in self.folder.rglob("*.json"):
            self.assertNotIn("sk-canary-caching", path.read_text(encoding="utf-8"))

    def test_every_mode_is_explained(self):
        modes = json.loads(SCHEMA.read_text(encoding="utf-8"))
        known = set(re.findall(r'"cache": \{"enum": \[([^\]]*)\]', json.dumps(modes))[0]
                    .replace('"', "").split(", ")) - {"false"}
        table = PAGE.partition("## Modes")[2].partition("\n## ")[0]
        self.assertEqual(set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)), known)

    def test_the_bounds_are_those_of_the_program(self):
        self.assertIn("k_cache_age_max{90 * 24}", LIMITS)
        self.assertIn("k_cache_bytes_max = 1ULL << 30U", LIMITS)


if __name__ == "__main__":
    unittest.main()
