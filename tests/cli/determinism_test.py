"""The same seed gives the same bytes, whatever the concurrency and the order answers come in."""

import json
import threading
import unittest

from assay_process import ProcessTestCase
from loopback import serve

ITEMS = 30

SPEC = """experiment: determinism
providers:
  local: {type: openai-compatible, base_url: "%URL%/v1", price: {input: 2.0, output: 8.0}}
dataset: {file: rows.jsonl, id: "$.id", metadata: {lang: "$.lang"}, sample: {size: 25, seed: 3}}
task: {provider: local:tiny, prompt: "{{word}}", timeout: 10s}
variants:
  - {name: plain}
  - {name: polite, prompt: "please, {{word}}"}
repetitions: 2
evaluators:
  - exact_match
  - {name: likeness, type: levenshtein}
  - {name: kind, type: lua, returns: category, code: "#output % 2 == 0 and 'even' or 'odd'"}
  - {name: short, type: length, max: 12, check: true}
run_evaluators: [{name: macro_f1, type: f1, average: macro}]
gates: ["exact_match >= 0.2"]
execution: {seed: 7, retries: 3, min_coverage: 0.5}
"""


class Model:
    """Answers by the prompt alone, but out of order: each second answer waits until the one after
    it was asked for, or for a moment when nobody asks. Some prompts fail, some at first only."""

    def __init__(self):
        self.asked = threading.Condition()
        self.prompts = []

    def __call__(self, number, request):
        prompt = json.loads(request["body"])["messages"][-1]["content"]
        with self.asked:
            is_first = prompt not in self.prompts
            self.prompts.append(prompt)
            self.asked.notify_all()
            if number % 2 == 0:
                count = len(self.prompts)
                self.asked.wait_for(lambda: len(self.prompts) > count, timeout=0.02)
        word = prompt.removeprefix("please, ")
        index = int(word.removeprefix("word "))
        if index % 10 == 9:
            return 400, "application/json", '{"error": {"message": "no"}}'
        if index == 4 and is_first:
            return 503, "application/json", '{"error": {"message": "busy"}}', ("Retry-After", "0")
        text = word if index % 3 else f"{word}, {'perhaps' * (index % 5)}"
        return 200, "application/json", json.dumps({
            "model": "tiny-1",
            "choices": [{"message": {"role": "assistant", "content": text},
                         "finish_reason": "stop"}],
            "usage": {"prompt_tokens": len(prompt), "completion_tokens": len(text)}})


def timeless(value):
    """Without what may differ between two runs: the run itself, ids of what it made, times."""
    if isinstance(value, list):
        return [timeless(element) for element in value]
    if not isinstance(value, dict):
        return value
    return {name: timeless(member) for name, member in value.items()
            if name not in ("run", "dataset_run_id", "trace_id") and not name.endswith("_ms")}


class Determinism(ProcessTestCase):
    maxDiff = 4000

    def outcome_at(self, concurrency):
        """The report and the items as bytes, and the order in which the model was asked."""
        self.server.answer = model = Model()
        ended = self.assay("run", "spec.yaml", "-j", concurrency, "--no-color",
                           "--store", f"store-{concurrency}", "--out", "report.json",
                           "--out", "items.jsonl", timeout=120)
        self.assert_no_crash(ended)
        self.assertEqual(ended.exit_code, 0, ended.err)
        report = timeless(json.loads((self.folder / "report.json").read_text()))
        report["manifest"].pop("spec_sha256")  # the concurrency is a key of the spec
        items = [timeless(json.loads(line))
                 for line in (self.folder / "items.jsonl").read_text().splitlines()]
        return json.dumps([report, items], indent=1), model.prompts

    def test_concurrency_changes_no_byte(self):
        rows = [{"id": f"row-{i}", "input": {"word": f"word {i}"}, "lang": ("de", "en")[i % 2],
                 "expected_output": f"word {i}"} for i in range(ITEMS)]
        self.server = serve(self, None)
        self.write("spec.yaml", SPEC.replace("%URL%", self.server.url))
        self.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        alone, order_alone = self.outcome_at(1)
        report, items = json.loads(alone)
        self.assertEqual(len(items), 100)
        self.assertGreater(report["variants"][0]["units"]["failed"], 0)
        self.assertEqual(report["variants"][0]["calls"]["retried"], 1)
        for concurrency in (8, 64):
            outcome, order = self.outcome_at(concurrency)
            self.assertNotEqual(order, order_alone)  # else this test proves nothing
            self.assertEqual(outcome, alone, f"concurrency {concurrency}")


if __name__ == "__main__":
    unittest.main()
