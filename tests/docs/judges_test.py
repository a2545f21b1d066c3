"""docs/judges.md: what it shows is valid, and what it says of forms, scores and attacks is so."""

import json
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from assay_process import PROGRAM, SOURCE, ProcessTestCase  # noqa: E402
from generate_evaluator_pages import definitions  # noqa: E402

PAGE = (SOURCE / "docs/judges.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
HEAD = """experiment: e
dataset: rows.jsonl
task: {recorded: $.answer}
variants: [{name: new}, {name: old}]
"""
ROW = {"input": "a", "answer": "b", "expected_output": ["c"], "metadata": {"policy": "p"}}


class JudgesPage(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.write("rows.jsonl", json.dumps(ROW) + "\n")
        own = next(each for each in SNIPPETS if each.startswith("judge:"))
        self.write("judges/brand.yaml", own)

    def snippets(self, beginning):
        return [each for each in SNIPPETS if each.startswith(beginning)]

    def validate(self, spec):
        self.write("spec.yaml", spec)
        return self.assay("validate", "spec.yaml", env={"OPENAI_API_KEY": "k",
                                                        "ANTHROPIC_API_KEY": "k"})

    def test_every_evaluator_that_it_shows_is_valid(self):
        entries = self.snippets("  - ") + [each.removeprefix("evaluators:\n")
                                           for each in self.snippets("evaluators:\n")]
        self.assertGreater(len(entries), 9)
        for entry in entries:
            with self.subTest(entry):
                if "mapping:" in entry:
                    entry = entry.replace("$.steps.find.output.documents", "$.metadata.policy")
                ended = self.validate(f"{HEAD}evaluators:\n{entry}")
                self.assertEqual(ended.exit_code, 0, ended.err)

    def test_every_judge_has_its_place(self):
        for definition in definitions(PROGRAM):
            if definition["is_judge"]:
                name = definition["id"]
                has_section = f"| [`{name}`](#{name}) |" in PAGE
                self.assertTrue(has_section or f"evaluators/{name}.md" in PAGE, name)

    def test_the_families_of_attacks_are_those_of_the_file_that_it_names(self):
        corpus = (SOURCE / "configs/judge_attacks.yaml").read_text(encoding="utf-8")
        families = set(re.findall(r"family: (\w+)", corpus))
        self.assertEqual(families, {"demand", "authority", "forged_reply", "escape", "appeal",
                                    "claim", "other_words"})
        shown = set(re.findall(r"^(\w+) +\d+ +\d+ +[\d.]+ %", PAGE, re.MULTILINE))
        self.assertEqual(shown, families | {"all"})

    def test_the_attacks_that_it_shows_are_read(self):
        [attacks] = self.snippets("attacks:")
        self.write("attacks.yaml", attacks)
        self.write("spec.yaml", f"{HEAD}evaluators:\n{self.snippets('  - ')[0]}")
        ended = self.assay("judge", "attack", "spec.yaml", "--attacks", "attacks.yaml", "--filter",
                           "input = 'nobody'", env={"OPENAI_API_KEY": "k"})
        self.assertIn("none of the 1 rows is selected", ended.err)


if __name__ == "__main__":
    unittest.main()
