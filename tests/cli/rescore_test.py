"""`assay rescore`: other evaluators on the outputs that are stored."""

import json
import unittest

from assay_process import ProcessTestCase
from counting_model import CountingModel

ROWS = 12


class Rescore(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.model = CountingModel(self)
        self.model.prepare(self, rows=ROWS)
        self.spec = (self.folder / "spec.yaml").read_text()
        self.assertEqual(self.assay("run", "spec.yaml").exit_code, 0)
        self.calls = self.model.total()

    def rescore(self, evaluators, gates='["exact_match >= 0.9"]'):
        spec = self.spec.replace("[exact_match]", evaluators)
        self.write("spec.yaml", spec.replace('["exact_match >= 0.9"]', gates))
        ended = self.assay("rescore", "latest", "spec.yaml", "--out", "report.json")
        self.assert_no_crash(ended)
        self.assertEqual(self.model.total(), self.calls, "a task was called")
        if ended.exit_code == 2:
            return ended, None
        return ended, json.loads((self.folder / "report.json").read_text())["variants"][0]

    def test_an_added_evaluator_is_made_and_the_others_kept(self):
        ended, variant = self.rescore("[exact_match, {name: short, type: length, max: 2}]",
                                      '["short >= 0.8"]')
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertIn(f"{ROWS} evaluations made, {ROWS} kept", ended.err)
        self.assertAlmostEqual(variant["scores"]["short"]["mean"], 10 / 12)
        self.assertEqual(variant["scores"]["exact_match"]["mean"], 1)

    def test_a_changed_evaluator_replaces_its_scores(self):
        self.rescore("[exact_match, {name: short, type: length, max: 2}]", "[]")
        ended, variant = self.rescore("[exact_match, {name: short, type: length, max: 3}]", "[]")
        self.assertIn(f"{ROWS} evaluations made, {ROWS} kept", ended.err)
        self.assertEqual(variant["scores"]["short"]["mean"], 1)
        shown = json.loads(self.assay("show", "latest", "--json").out)[0]
        self.assertEqual(shown["variants"][0]["scores"], variant["scores"])

    def test_a_removed_evaluator_takes_its_scores_along(self):
        self.rescore("[exact_match, {name: short, type: length, max: 2}]", "[]")
        _, variant = self.rescore("[exact_match]")
        self.assertEqual(list(variant["scores"]), ["exact_match"])

    def test_nothing_changed_makes_nothing(self):
        ended, _ = self.rescore("[exact_match]")
        self.assertIn(f"0 evaluations made, {ROWS} kept", ended.err)

    def test_gates_are_those_of_the_spec(self):
        ended, _ = self.rescore("[exact_match]", '["exact_match >= 2"]')
        self.assertEqual(ended.exit_code, 1)

    def test_an_evaluation_that_broke_is_made_again(self):
        broken = self.write("score.py", "import sys\nsys.exit('broken')\n")
        evaluator = "{name: judged, type: code, command: [python3, score.py], sandbox: none}"
        _, variant = self.rescore(f"[exact_match, {evaluator}]", "[]")
        self.assertEqual(variant["units"]["unscored"], ROWS)
        broken.write_text(
            "import json, sys\n"
            "for line in sys.stdin:\n"
            "    item = json.loads(line)\n"
            "    print(json.dumps({'id': item['id'], 'scores': [{'name': 'judged', 'value': 1}]}),"
            " flush=True)\n")
        ended, variant = self.rescore(f"[exact_match, {evaluator}]", "[]")
        self.assertEqual(variant["units"]["scored"], ROWS, ended.err)

    def test_a_changed_script_is_a_changed_evaluator(self):
        script = ("import json, sys\n"
                  "for line in sys.stdin:\n"
                  "    item = json.loads(line)\n"
                  "    print(json.dumps({'id': item['id'], 'scores': "
                  "[{'name': 'judged', 'value': %s}]}), flush=True)\n")
        evaluator = "{name: judged, type: code, command: [python3, score.py], sandbox: none}"
        self.write("score.py", script % "0.25")
        _, variant = self.rescore(f"[exact_match, {evaluator}]", "[]")
        self.assertEqual(variant["scores"]["judged"]["mean"], 0.25)
        self.write("score.py", script % "0.75")
        _, variant = self.rescore(f"[exact_match, {evaluator}]", "[]")
        self.assertEqual(variant["scores"]["judged"]["mean"], 0.75)

    def test_what_scores_were_before_is_shown(self):
        self.assertEqual(json.loads(self.assay("show", "latest", "--history", "--json").out), [])
        self.assertIn("No score", self.assay("show", "latest", "--history").out)
        self.spec += 'run_evaluators: [{name: middle, type: median, score: a_longer_name}]\n'
        self.rescore("[exact_match, {name: a_longer_name, type: length}]", "[]")
        evaluators = json.loads(
            (self.folder / "report.json").read_text())["manifest"]["evaluators"]
        self.rescore("[exact_match, {name: a_longer_name, type: length, on: input}]", "[]")

        changed = json.loads(self.assay("show", "latest", "--history", "--json").out)
        self.assertEqual(len(changed), ROWS + 1)
        whole, first = changed[0], next(each for each in changed if each["item_id"])
        self.assertEqual((whole["name"], whole["value"]), ("middle", 2))
        self.assertEqual((whole["item_id"], whole["variant"]), (None, "default"))
        self.assertEqual((first["name"], first["value"]), ("a_longer_name", 2))
        self.assertEqual(first["evaluator_hash"], evaluators[1]["hash"])
        self.assertLess(first["given_at"], first["replaced_at"])
        text = self.assay("show", "latest", "--history").out
        self.assertEqual(len(text.splitlines()), ROWS + 2)
        self.assertIn("a_longer_name was 2", text)

        item = ["show", "latest", "--item", first["item_id"]]
        unit = json.loads(self.assay(*item, "--json").out)[0]
        past = unit["past_scores"]
        self.assertEqual([(each["id"], each["value"]) for each in past], [(first["id"], 2)])
        lines = self.assay(*item).out.splitlines()
        self.assertTrue(any("until 20" in line for line in lines), lines)
        columns = {line.index(value) for line in lines for label, value in
                   (("output", "q"), ("a_longer_name", "until"), ("trace", unit["trace_id"]))
                   if line.startswith("  " + label) and value in line}
        self.assertEqual(len(columns), 1, lines)

    def test_counts_of_one_are_in_the_singular(self):
        self.assay("run", "spec.yaml", "--limit", "1")
        self.calls = self.model.total()
        ended, _ = self.rescore("[exact_match, {name: short, type: length, min: 20}]", "[]")
        self.assertIn("1 unit with an output, 1 evaluation made, 1 kept", ended.err)
        self.assertIn("\n1 unit. ", self.assay("show", "latest", "--failed").out)

    def test_mistakes(self):
        ended, _ = self.rescore("[exact_mach]")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("exact_match", ended.err)
        ended = self.assay("rescore", "nothing", "spec.yaml")
        self.assertEqual(ended.exit_code, 2)


if __name__ == "__main__":
    unittest.main()
