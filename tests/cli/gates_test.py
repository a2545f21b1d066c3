"""Gates that are statistical decisions: intervals, comparisons, slices, early stops, exit codes."""

import json
import unittest

from assay_process import ProcessTestCase

SPEC = """experiment: routes
dataset:
  {file: rows.jsonl, id: "$.id", input: "$.q", expected_output: "$.right", metadata: "$.meta"}
task: {recorded: "$.before"}
variants:
  - {name: before, recorded: "$.before"}
  - {name: after, recorded: "$.after"}
evaluators: [exact_match]
"""


def rows(only_before, only_after, both, neither):
    """How often each of two variants is right, as rows of a dataset."""
    kinds = ([("yes", "no")] * only_before + [("no", "yes")] * only_after +
             [("yes", "yes")] * both + [("no", "no")] * neither)
    for number, (before, after) in enumerate(kinds):
        yield {"id": f"i{number}", "q": number, "right": "yes", "before": before, "after": after,
               "meta": {"half": "first" if number % 2 else "second"}}


class Gates(ProcessTestCase):
    def prepare(self, *counts):
        self.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows(*counts)))

    def gates(self, *gates, more="", expect):
        lines = "".join(f"  - {gate}\n" for gate in gates)
        self.write("spec.yaml", f"{SPEC}gates:\n{lines}{more}")
        ended = self.assay("run", "spec.yaml", "--out", "report.json")
        self.assertEqual(ended.exit_code, expect, ended.out + ended.err)
        report = json.loads((self.folder / "report.json").read_text(encoding="utf-8"))
        self.assertEqual(report["exit_code"], expect)
        return report

    def test_an_interval_decides_and_the_exit_code_says_which_way(self):
        self.prepare(0, 0, 90, 10)
        gate = "{{score: exact_match, variant: after, min: {}, confidence: 0.95}}"
        passed = self.gates(gate.format(0.8), expect=0)["gates"][0]
        self.assertAlmostEqual(passed["interval"]["low"], 0.8256343, places=6)  # Wilson
        self.assertAlmostEqual(passed["interval"]["high"], 0.9447709, places=6)
        self.assertEqual(passed["interval"]["confidence"], 0.95)
        self.assertEqual(self.gates(gate.format(0.95), expect=1)["status"], "failed")
        self.assertEqual(self.gates(gate.format(0.9), expect=3)["status"], "inconclusive")

    def test_two_variants_are_compared_item_by_item(self):
        self.prepare(57, 16, 700, 227)
        report = self.gates(
            "{score: exact_match, variant: after, versus: before, max_drop: 0.02, "
            "confidence: 0.95}", expect=1)
        verdict = report["gates"][0]
        self.assertAlmostEqual(verdict["observed"], -0.041)
        self.assertIn("57 items worse, 16 better of 1,000 pairs", verdict["reason"])
        comparison = report["comparisons"][0]
        self.assertEqual((comparison["a"], comparison["b"]), ("before", "after"))
        self.assertEqual(comparison["pairs"], 1000)
        self.assertEqual((comparison["improved"], comparison["regressed"]), (16, 57))
        self.assertEqual(comparison["unchanged"], 927)
        self.assertAlmostEqual(comparison["difference"], -0.041)
        self.assertEqual(comparison["test"], "exact McNemar")

    def test_slices_are_decided_one_by_one(self):
        self.prepare(0, 0, 60, 40)
        report = self.gates("{score: exact_match, slice: metadata.half, min: 0.4, confidence: 0.9}",
                            expect=0)
        self.assertEqual([(gate["variant"], gate["slice"]["value"]) for gate in report["gates"]],
                         [("before", "first"), ("before", "second"),
                          ("after", "first"), ("after", "second")])
        missing = self.gates("{score: exact_match, slice: metadata.hlaf, min: 0.4}", expect=3)
        self.assertEqual(missing["gates"][0]["reason"], "no item has a metadata.hlaf")

    def test_defaults_and_tiers_change_what_a_verdict_does(self):
        self.prepare(0, 0, 90, 10)
        undecided = '"exact_match >= 0.9"'
        self.gates(undecided, more="gate_defaults: {confidence: 0.95}\n", expect=3)
        self.gates(undecided, more="gate_defaults: {confidence: 0.95, on_inconclusive: fail}\n",
                   expect=1)
        self.gates(undecided, more="gate_defaults: {confidence: 0.95, tier: supporting}\n",
                   expect=0)
        self.gates('"exact_match >= 0.99"', more="gate_defaults: {tier: advisory}\n", expect=0)

    def test_a_run_ends_once_its_gates_are_decided(self):
        self.prepare(0, 0, 1900, 100)
        stop = "stop: {score: exact_match, min_items: 20}\nexecution: {concurrency: 4}\n"
        report = self.gates('"exact_match >= 0.8"', more=stop, expect=0)
        self.assertEqual(report["manifest"]["stopped_early"]["score"], "exact_match")
        for variant in report["variants"]:
            units = variant["units"]
            self.assertEqual(units["planned"], 2000)
            self.assertLess(units["scored"], 600)
            self.assertEqual(units["scored"] + units["skipped"], 2000)
        for gate in report["gates"]:
            self.assertEqual(gate["status"], "passed")
            self.assertEqual(gate["interval"]["method"], "betting confidence sequence")
            self.assertIsNone(gate["p_value"])
        shown = self.assay("gate", "latest")
        self.assertEqual(shown.exit_code, 0, shown.out + shown.err)
        verified = self.assay("verify", "latest")
        self.assertEqual(verified.exit_code, 0, verified.out + verified.err)

    def test_a_stop_takes_the_same_items_whatever_the_concurrency(self):
        self.prepare(0, 0, 1200, 800)
        reports = []
        for concurrency in (1, 16):
            stop = ("stop: {score: exact_match}\n"
                    f"execution: {{concurrency: {concurrency}, seed: 3}}\n")
            reports.append(self.gates('"exact_match >= 0.4"', more=stop, expect=0))
        items = [report["manifest"]["stopped_early"]["items"] for report in reports]
        self.assertEqual(items[0], items[1])

    def test_a_shard_does_not_stop_early_and_the_whole_is_decided_when_merged(self):
        self.prepare(0, 0, 190, 10)
        self.write("spec.yaml", SPEC + 'gates: ["exact_match >= 0.8"]\n'
                   "stop: {score: exact_match}\n")
        for shard in ("1/2", "2/2"):
            ended = self.assay("run", "spec.yaml", "--shard", shard, "--store", f"s{shard[0]}")
            self.assertEqual(ended.exit_code, 0, ended.err)
        merged = self.assay("merge", "s1", "s2", "--out", "report.json")
        self.assertEqual(merged.exit_code, 0, merged.out + merged.err)
        report = json.loads((self.folder / "report.json").read_text(encoding="utf-8"))
        self.assertNotIn("stopped_early", report["manifest"])
        self.assertEqual(report["variants"][0]["units"]["scored"], 200)
        self.assertEqual(report["gates"][0]["interval"]["method"], "betting confidence sequence")

    def test_a_stop_without_anything_to_wait_for_is_refused(self):
        self.prepare(0, 0, 5, 5)
        self.write("spec.yaml", SPEC + "stop: {score: exact_match}\n")
        ended = self.assay("run", "spec.yaml")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("add one such as \"exact_match >= 0.8\"", ended.err)

    def test_an_unclear_case_goes_to_the_end_and_is_not_decided_by_chance(self):
        self.prepare(0, 0, 50, 50)
        report = self.gates('"exact_match >= 0.5"', more="stop: {score: exact_match}\n", expect=3)
        self.assertNotIn("stopped_early", report["manifest"])
        self.assertEqual(report["variants"][0]["units"]["scored"], 100)

    def test_a_baseline_that_is_not_there_cannot_tell(self):
        self.prepare(0, 0, 90, 10)
        report = self.gates("{score: exact_match, baseline: main, max_drop: 0.02}", expect=3)
        self.assertIn("assay baseline set main", report["gates"][0]["reason"])

    def test_a_change_is_gated_against_a_baseline_and_stays_decided(self):
        self.prepare(57, 16, 700, 227)
        self.write("first.yaml", SPEC.replace("  - {name: after", "  # - {name: after"))
        self.assertEqual(self.assay("run", "first.yaml").exit_code, 0)
        self.assertEqual(self.assay("baseline", "set", "main", "latest").exit_code, 0)
        gate = ("{score: exact_match, variant: after, baseline: main, max_drop: 0.02, "
                "confidence: 0.95}")
        verdict = self.gates(gate, expect=1)["gates"][0]
        self.assertIn("against main", verdict["reason"])
        self.assertEqual(self.assay("baseline", "remove", "main").exit_code, 0)
        shown = self.assay("gate", "latest")
        self.assertEqual(shown.exit_code, 1, shown.out + shown.err)

    def test_compare_tells_what_changed_and_ends_with_zero(self):
        self.prepare(57, 16, 700, 227)
        self.gates('"exact_match >= 0.1"', expect=0)
        ended = self.assay("compare", "latest:before", "latest:after", "--slice", "metadata.half",
                           "--json")
        self.assertEqual(ended.exit_code, 0, ended.err)
        comparisons = json.loads(ended.out)["comparisons"]
        self.assertEqual(len(comparisons), 3)
        self.assertEqual(sum(entry["pairs"] for entry in comparisons[1:]), 1000)
        table = self.assay("compare", "latest:before", "latest:after", "--out", "compare.md")
        self.assertEqual(table.exit_code, 0, table.err)
        self.assertIn("Nothing else differs", table.out)
        self.assertTrue((self.folder / "compare.md").exists())
        unknown = self.assay("compare", "latest", "lastest")
        self.assertEqual(unknown.exit_code, 2, unknown.err)
        variant = self.assay("compare", "latest:befor", "latest:after")
        self.assertEqual(variant.exit_code, 2)
        self.assertIn("did you mean \"before\"", variant.err)

    def test_a_plan_says_what_it_can_detect(self):
        self.prepare(57, 16, 700, 227)
        self.gates('"exact_match >= 0.1"', expect=0)
        planned = self.assay("plan", "spec.yaml", "--difference", "0.01", "--json")
        self.assertEqual(planned.exit_code, 0, planned.err)
        detectable = json.loads(planned.out)["detectable"]
        self.assertEqual([entry["variant"] for entry in detectable], ["before", "after"])
        for entry in detectable:
            self.assertLess(0.01, entry["difference"])
            self.assertGreater(entry["wanted"][0]["items"], 1000)


if __name__ == "__main__":
    unittest.main()
