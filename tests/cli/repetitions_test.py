"""Repetitions as data: each one is kept, and reports tell how much they differ."""

import csv
import json
import statistics
import unittest

from assay_process import ProcessTestCase

SPEC = """experiment: trials
dataset: {file: rows.jsonl, id: "$.id"}
task: {command: [python3, task.py]}
variants: [{name: first}, {name: second}]
repetitions: 3
evaluators: [exact_match, {name: size, type: length}]
"""
# The steady item always answers the same; the other one takes turns.
TASK = """import json, sys
for line in sys.stdin:
    unit = json.loads(line)
    answers = unit["input"]["answers"]
    print(json.dumps({"id": unit["id"], "output": answers[unit["repetition"] % len(answers)]}),
          flush=True)
"""
ROWS = ({"id": "steady", "input": {"answers": ["yes"]}, "expected_output": "yes"},
        {"id": "turns", "input": {"answers": ["yes", "no", "maybe"]}, "expected_output": "yes"})


class Repetitions(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.write("spec.yaml", SPEC)
        self.write("task.py", TASK)
        self.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in ROWS))
        ended = self.assay("run", "spec.yaml", "--out", "report.json", "--out", "units.jsonl",
                           "--out", "units.csv")
        self.assertEqual(ended.exit_code, 0, ended.err)

    def read(self, name):
        return (self.folder / name).read_text(encoding="utf-8")

    def test_every_repetition_is_a_line_and_a_row(self):
        units = [json.loads(line) for line in self.read("units.jsonl").splitlines()]
        rows = list(csv.DictReader(self.read("units.csv").splitlines()))
        for found in (units, rows):
            keys = [(unit["variant"], unit["item_id"], int(unit["repetition"])) for unit in found]
            self.assertEqual(keys, [(variant, item, repetition) for variant in ("first", "second")
                                    for item in ("steady", "turns") for repetition in range(3)])
        self.assertEqual([row["size"] for row in rows[3:6]], ["3.0", "2.0", "5.0"])

    def test_the_report_says_how_much_they_differ(self):
        for variant in json.loads(self.read("report.json"))["variants"]:
            sizes = variant["scores"]["size"]
            self.assertEqual(sizes["repetitions"]["items"], 2)
            self.assertEqual(sizes["repetitions"]["varying"], 1)
            pooled = (statistics.variance([3, 3, 3]) + statistics.variance([3, 2, 5])) / 2
            self.assertAlmostEqual(sizes["repetitions"]["stddev"], pooled ** 0.5)
            self.assertAlmostEqual(sizes["mean"], (3 + 10 / 3) / 2)

    def test_a_run_without_repetitions_says_nothing_of_them(self):
        self.assay("run", "spec.yaml", "--repetitions", "1", "--out", "single.json")
        for variant in json.loads(self.read("single.json"))["variants"]:
            self.assertNotIn("repetitions", variant["scores"]["size"])
        self.assertNotIn("±", self.assay("show", "latest", "--item", "turns").out)

    def test_an_item_is_shown_with_mean_and_spread_of_each_variant(self):
        out = self.assay("show", "latest", "--item", "turns").out
        for variant in ("first", "second"):
            part = out.split(f"{variant} · all 3 repetitions: mean ± standard deviation\n")[1]
            lines = [line.split(maxsplit=1) for line in part.splitlines()[:2]]
            self.assertEqual(lines, [["exact_match", "0.333333 ± 0.57735"],
                                     ["size", "3.33333 ± 1.52753"]])
        self.assertLess(out.index("first · all 3"), out.index("second · scored"))


if __name__ == "__main__":
    unittest.main()
