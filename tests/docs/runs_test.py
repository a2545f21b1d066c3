"""docs/runs.md: every command runs, and prints what the page says."""

import json
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from assay_process import PROGRAM, SOURCE, ProcessTestCase  # noqa: E402
from loopback import serve  # noqa: E402
from tutorial_test import FENCE, normalised, run_all, steps  # noqa: E402

PAGE = (SOURCE / "docs/runs.md").read_text(encoding="utf-8")
SCHEMA = SOURCE / "configs/schemas/experiment.schema.json"
ANSWERS = {"France": "Paris", "Peru": "Lima", "Australia": "Sydney", "Japan": "Tokyo",
           "Kenya": "Nairobi", "Norway": "Oslo"}


def answer(_number, request):
    question = json.loads(request["body"])["messages"][-1]["content"]
    country = re.fullmatch(r"Capital of (\w+)\? One word\.", question).group(1)
    return 200, "application/json", json.dumps({
        "model": "tiny", "choices": [{"message": {"content": ANSWERS[country]}}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 1, "total_tokens": 13}})


class Runs(ProcessTestCase):
    maxDiff = None

    def test_every_command_prints_what_the_page_says(self):
        server = serve(self, answer)
        blocks = FENCE.findall(PAGE)
        self.write("capitals.eval.yaml", next(text for kind, text in blocks if kind == "yaml"))
        self.write("capitals.jsonl", next(text for kind, text in blocks if kind == "json"))
        (self.folder / ".bin").mkdir()
        (self.folder / ".bin/assay").symlink_to(PROGRAM)
        environment = self.environment({"MODEL_URL": f"{server.url}/v1", "COLUMNS": "80"})
        environment["PATH"] = f"{self.folder / '.bin'}:{environment['PATH']}"
        expected = list(steps(PAGE))
        self.assertGreater(len(expected), 7)
        outputs = run_all([commands for commands, _ in expected], self.folder, environment)
        for (commands, text), output in zip(expected, outputs, strict=True):
            with self.subTest(commands=commands):
                self.assertIsNotNone(output, "the shell ended before")
                self.assertEqual(normalised(output), normalised(text or ""))
        self.assertEqual(len(server.requests), 3 * 6,
                         "two runs that ended early and the shards ask everything once")

    def test_every_budget_is_named(self):
        schema = SCHEMA.read_text(encoding="utf-8").partition('"budget": {')[2]
        known = schema.partition('"properties": {')[2].partition("\n          }")[0]
        example = re.search(r"budget: \{(.*)\}", PAGE).group(1)
        self.assertEqual(set(re.findall(r"(\w+):", example)),
                         set(re.findall(r'^\s*"(\w+)": \{', known, re.MULTILINE)))


if __name__ == "__main__":
    unittest.main()
