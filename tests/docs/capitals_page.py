"""Pages about capitals, whose commands run against a model of our own."""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from assay_process import PROGRAM, SOURCE, ProcessTestCase  # noqa: E402, F401
from loopback import serve  # noqa: E402
from tutorial_test import FENCE, normalised, run_all, steps  # noqa: E402

ANSWERS = {"France": "Paris", "Peru": "Lima", "Australia": "Sydney", "Japan": "Tokyo",
           "Kenya": "Nairobi", "Norway": "Oslo"}


def answer(_number, request):
    body = json.loads(request["body"])
    country = re.fullmatch(r"Capital of (\w+)\? One word\.", body["messages"][-1]["content"])
    return 200, "application/json", json.dumps({
        "model": body["model"],
        "choices": [{"message": {"content": ANSWERS[country.group(1)]}}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 1, "total_tokens": 13}})


class CapitalsPage(ProcessTestCase):
    maxDiff = None

    def run_page(self, page, environment, comparable=normalised):
        """Runs every command of the page and compares what it prints.

        `environment(url)` gives the variables that tell where the model is. The answer is the
        number of calls that the model got.
        """
        server = serve(self, answer)
        blocks = FENCE.findall(page)
        self.write("capitals.eval.yaml", next(text for kind, text in blocks if kind == "yaml"))
        self.write("capitals.jsonl", next(text for kind, text in blocks if kind == "json"))
        (self.folder / ".bin").mkdir()
        (self.folder / ".bin/assay").symlink_to(PROGRAM)
        variables = self.environment({"COLUMNS": "80", **environment(f"{server.url}/v1")})
        variables["PATH"] = f"{self.folder / '.bin'}:{variables['PATH']}"
        expected = list(steps(page))
        self.assertGreater(len(expected), 4)
        outputs = run_all([commands for commands, _ in expected], self.folder, variables)
        for (commands, text), output in zip(expected, outputs, strict=True):
            with self.subTest(commands=commands):
                self.assertIsNotNone(output, "the shell ended before")
                self.assertEqual(comparable(output), comparable(text or ""))
        return len(server.requests)
