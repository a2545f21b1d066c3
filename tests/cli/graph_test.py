"""Tasks that are graphs, and evaluators that build on each other, in the real program."""

import json
import sys
import unittest

from assay_process import ProcessTestCase

STEPS = """import json
import sys

for line in sys.stdin:
    unit = json.loads(line)
    reply = {"id": unit["id"]}
    if unit["input"] == "boom":
        reply["error"] = "it went off"
    elif sys.argv[1] == "upper":
        reply["output"] = unit["input"].upper()
    else:
        steps = unit["steps"]
        reply["output"] = f"{steps['upper']['output']}-{steps['given']['output']}"
    print(json.dumps(reply), flush=True)
"""

# Stands for a judge that costs something: judged.txt names every unit that it was asked about.
JUDGE = """import json
import sys

for line in sys.stdin:
    unit = json.loads(line)
    with open("judged.txt", "a", encoding="utf-8") as judged:
        judged.write(unit["output"] + "\\n")
    reply = {"id": unit["id"], "scores": [{"name": "judge", "value": 1}]}
    if unit["input"] == "judge":
        reply = {"id": unit["id"], "error": "no opinion"}
    print(json.dumps(reply), flush=True)
"""

ROWS = [
    {"id": "good", "input": "ab", "given": "x", "expected_output": "AB-x"},
    {"id": "format", "input": "a1", "given": "x"},
    {"id": "long", "input": "ab", "given": "abcdefg"},
    {"id": "fails", "input": "boom", "given": "x"},
    {"id": "judge-breaks", "input": "judge", "given": "x"},
]

SPEC = f"""experiment: graph
dataset: {{file: rows.jsonl, id: $.id}}
task:
  steps:
    - {{id: joined, needs: [upper, given], command: ["{sys.executable}", steps.py, joined]}}
    - {{id: upper, command: ["{sys.executable}", steps.py, upper]}}
    - {{id: given, recorded: $.given}}
evaluators:
  - {{name: after, type: exact_match, value: "{{{{steps.upper.output}}}}-x", needs: [judge]}}
  - {{name: judge, type: code, command: ["{sys.executable}", judge.py], sandbox: none,
     when: "format = 1 and scores.given = 1"}}
  - {{name: format, type: regex, pattern: "^[A-Z]+-[a-z]+$"}}
  - {{name: given, type: length, on: steps.given.output, max: 5}}
gates: ["judge = 1"]
execution: {{min_coverage: 0.5}}
"""


class Graph(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.write("steps.py", STEPS)
        self.write("judge.py", JUDGE)
        self.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in ROWS))
        self.write("spec.yaml", SPEC)

    def run_spec(self, *options):
        ended = self.assay("run", "spec.yaml", "--out", "report.json", "--out", "units.jsonl",
                           *options)
        self.assert_no_crash(ended)
        lines = (self.folder / "units.jsonl").read_text(encoding="utf-8").splitlines()
        units = {unit["item_id"]: unit for unit in map(json.loads, lines)}
        report = json.loads((self.folder / "report.json").read_text(encoding="utf-8"))
        return ended, report, units

    def judged(self):
        return sorted((self.folder / "judged.txt").read_text(encoding="utf-8").split())

    def test_steps_and_a_cascade(self):
        ended, report, units = self.run_spec()
        self.assertEqual(ended.exit_code, 0, ended.out + ended.err)
        self.assertEqual(units["good"]["output"], "AB-x")
        self.assertEqual(units["good"]["scores"]["after"]["value"], True)
        self.assertEqual(units["fails"]["status"], "failed")
        self.assertIn('step "upper": the program reports: it went off', units["fails"]["error"])
        # Only what passed both cheap checks cost anything.
        self.assertEqual(self.judged(), ["AB-x", "JUDGE-x"])
        self.assertEqual(units["format"]["status"], "scored")
        self.assertEqual(list(units["format"]["scores"]), ["format", "given"])
        self.assertEqual(units["judge-breaks"]["status"], "unscored")
        self.assertNotIn("after", units["judge-breaks"]["scores"])

        [variant] = report["variants"]
        self.assertEqual(variant["units"], {"planned": 5, "scored": 3, "failed": 1, "unscored": 1,
                                            "skipped": 0})
        counts = {name: (score["count"], score["errors"], score["skipped"])
                  for name, score in variant["scores"].items()}
        self.assertEqual(counts, {"after": (1, 0, 3), "judge": (1, 1, 2), "format": (4, 0, 0),
                                  "given": (4, 0, 0)})
        [gate] = report["gates"]
        self.assertEqual((gate["status"], gate["observed"]), ("passed", 1))

    def test_people_see_what_was_skipped_and_why(self):
        ended, _, _ = self.run_spec("--out", "report.html")
        self.assertRegex(ended.out, r"judge skipped +2")
        shown = self.assay("show", "latest", "--item", "format").out
        self.assertIn("skipped: its condition is false: format = 1 and scores.given = 1", shown)
        self.assertIn('skipped: it needs "judge", which was skipped', shown)
        shown = self.assay("show", "latest", "--item", "judge-breaks").out
        self.assertIn('skipped: it needs "judge", which broke', shown)
        self.assertIn('which was skipped', (self.folder / "report.html").read_text("utf-8"))

    def test_a_gate_on_scores_that_were_all_skipped_cannot_tell(self):
        self.write("spec.yaml", SPEC.replace("format = 1 and", "format = 7 and"))
        ended, report, _ = self.run_spec()
        self.assertEqual(ended.exit_code, 3)
        self.assertEqual(report["gates"][0]["status"], "inconclusive")
        self.assertFalse((self.folder / "judged.txt").exists())

    def test_mistakes_have_their_place(self):
        for wrong, right, place, message in [
            ("needs: [upper, given]", "needs: [uper, given]", "spec.yaml:5:28", '"upper"?'),
            ("id: upper, command", "id: upper, needs: [joined], command", "spec.yaml:5:27",
             "joined -> upper -> joined"),
            ("on: steps.given.output", "on: steps.gven.output", "spec.yaml:13:37", '"given"?'),
            ("needs: [judge]", "needs: [jugde]", "spec.yaml:9:", 'did you mean "judge"?'),
            ("format = 1 and", "fromat = 1 and", "spec.yaml:11:12", 'did you mean "format"?'),
            ('pattern: "^[A-Z]+-[a-z]+$"', 'pattern: "^[A-Z]+-[a-z]+$", when: "after = 1"', "",
             "after -> judge -> format -> after"),
        ]:
            with self.subTest(right):
                self.assertIn(wrong, SPEC)
                self.write("spec.yaml", SPEC.replace(wrong, right))
                ended = self.assay("run", "spec.yaml")
                self.assertEqual(ended.exit_code, 2)
                self.assertIn(place, ended.err)
                self.assertIn(message, ended.err)
                self.assertFalse((self.folder / "judged.txt").exists())


if __name__ == "__main__":
    unittest.main()
