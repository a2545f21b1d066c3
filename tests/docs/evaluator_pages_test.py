"""docs/evaluators: the pages say what the program says, and what they show works in a spec."""

import json
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from assay_process import PROGRAM, SOURCE, ProcessTestCase  # noqa: E402
from generate_evaluator_pages import definitions, page, pages, shown_example  # noqa: E402

DOCS = SOURCE / "docs"
KEYS = {"parameters", "output", "expected", "score", "comment"}
HOW = "run tests/docs/generate_evaluator_pages.py"


class EvaluatorPages(ProcessTestCase):
    def test_what_a_page_shows_has_all_that_is_required(self):
        for definition in definitions(PROGRAM):
            required = set(definition["parameters"].get("required", []))
            self.assertLessEqual(required, set(shown_example(definition).get("parameters", {})),
                                 definition["id"])

    def test_every_page_is_current(self):
        for path, text in pages(PROGRAM).items():
            with self.subTest(path):
                self.assertTrue((DOCS / path).exists(), HOW)
                self.assertEqual((DOCS / path).read_text(encoding="utf-8"), text, HOW)

    def test_no_page_is_left_over(self):
        known = {f"{each['id']}.md" for each in definitions(PROGRAM)} | {"README.md"}
        self.assertEqual({path.name for path in (DOCS / "evaluators").glob("*.md")}, known, HOW)

    def test_what_the_page_of_a_judge_shows_is_valid(self):
        self.write("rows.jsonl", '{"input": "a", "answer": "b", "expected_output": "c"}\n')
        judges = [each for each in definitions(PROGRAM) if each["is_judge"]]
        self.assertGreaterEqual(len(judges), 11)
        for definition in judges:
            with self.subTest(definition["id"]):
                snippet = re.search(r"```yaml\n(.*?)```", page(definition), re.DOTALL).group(1)
                self.write("spec.yaml", f"experiment: e\ndataset: rows.jsonl\n"
                                        f"task: {{recorded: $.answer}}\n"
                                        f"variants: [{{name: new}}, {{name: old}}]\n{snippet}")
                keys = {"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k"}
                ended = self.assay("validate", "spec.yaml", env=keys)
                self.assertEqual(ended.exit_code, 0, ended.err)

    def test_what_a_page_shows_gives_the_score_it_states(self):
        ran = 0
        for definition in definitions(PROGRAM):
            example = shown_example(definition)
            # What a unit measured (latency, cost, tokens) is in no row, and a program is a file.
            if "score" not in example or not set(example) <= KEYS:
                continue
            with self.subTest(definition["id"]):
                snippet = re.search(r"```yaml\n(.*?)```", page(definition), re.DOTALL).group(1)
                self.write("spec.yaml", f"experiment: e\ndataset: rows.jsonl\n"
                                        f"task: {{recorded: $.answer}}\n{snippet}")
                row = {"input": "", "answer": example["output"]}
                if "expected" in example:
                    row["expected_output"] = example["expected"]
                self.write("rows.jsonl", json.dumps(row) + "\n")
                ended = self.assay("run", "spec.yaml", "--out", "units.jsonl", "--quiet")
                self.assertEqual(ended.exit_code, 0, ended.err)
                unit = json.loads((self.folder / "units.jsonl").read_text())
                value = unit["scores"][definition["id"]]["value"]
                if isinstance(example["score"], float):
                    self.assertAlmostEqual(value, example["score"], places=9)
                else:
                    self.assertEqual(value, example["score"])
                ran += 1
        self.assertGreater(ran, 20)


if __name__ == "__main__":
    unittest.main()
