"""`assay plan`: what would run, and a plan that is executed."""

import json
import unittest

from assay_process import ProcessTestCase
from counting_model import CountingModel


class Plan(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.model = CountingModel(self)
        self.model.prepare(self)

    def plan(self, *arguments):
        ended = self.assay("plan", "spec.yaml", "--json", *arguments)
        self.assertEqual(ended.exit_code, 0, ended.err)
        return json.loads(ended.out)

    def test_nothing_is_called_and_nothing_is_stored(self):
        ended = self.assay("plan", "spec.yaml")
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertIn("calls of local:tiny", ended.out)
        self.assertIn("estimate", ended.out)
        self.assertEqual(self.model.total(), 0)
        self.assertFalse((self.folder / ".assay").exists())

    def test_before_a_run_only_the_prompts_are_known(self):
        variant, = self.plan()["variants"]
        self.assertEqual(variant["units"], 20)
        self.assertEqual(variant["calls"], {"local:tiny": 20})
        self.assertEqual(variant["estimates"]["input_tokens"], 20)  # "q0" … "q19": one each
        self.assertIsNone(variant["estimates"]["output_tokens"])
        self.assertIsNone(variant["estimates"]["cost_usd"])

    def test_judges_are_counted_with_what_they_are_asked(self):
        spec = (self.folder / "spec.yaml").read_text()
        free = f"  free: {{type: openai-compatible, base_url: '{self.model.url}/v1'}}\n"
        spec = spec.replace("providers:\n", f"providers:\n{free}")
        self.write("spec.yaml", spec.replace("evaluators: [exact_match]", """evaluators:
  - exact_match
  - {name: tone, type: rubric, provider: "local:judge", criteria: It is kind., repetitions: 2}
  - {name: better, type: pairwise, provider: "local:judge"}
  - {name: flow, type: jury, jurors: ["local:judge", "free:other"],
     judge: {type: g_eval, criteria: It flows.}}"""))
        variant, = self.plan()["variants"]
        self.assertEqual(variant["calls"], {"local:tiny": 20, "local:judge (judge)": 101,
                                            "free:other (judge)": 21})
        self.assertEqual(variant["estimates"]["input_tokens"], 20)
        self.assertIsNone(variant["estimates"]["judge_cost_usd"])
        shown = self.assay("plan", "spec.yaml").out
        self.assertRegex(shown, r"(?m)^calls of local:judge \(judge\) +101$")
        self.assertRegex(shown, r"(?m)^judges cost +unknown$")
        self.assertIn("Judges are asked less often", " ".join(shown.split()))
        self.assertEqual(self.model.total(), 0)
        ended = self.assay("run", "spec.yaml", "--budget-usd", "1")
        self.assertIn("does not see free:other", ended.err)

    def test_an_earlier_run_tells_tokens_cost_and_time(self):
        self.assay("run", "spec.yaml", "--limit", 10)
        plan = self.plan()
        estimates = plan["variants"][0]["estimates"]
        self.assertEqual(plan["estimated_from"], self.runs()[0]["id"])
        self.assertEqual(estimates["output_tokens"], 100)
        self.assertAlmostEqual(estimates["cost_usd"], 20 * (10 * 100 + 5 * 200) / 1e6)
        self.assertGreater(estimates["seconds"], 0)

    def test_what_the_cache_has_is_not_paid_again(self):
        self.assay("run", "spec.yaml", "--limit", 5, "--set", "execution.cache=read_write")
        variant, = self.plan("--set", "execution.cache=read_write")["variants"]
        self.assertEqual(variant["cached"], 5)
        self.assertAlmostEqual(variant["estimates"]["cost_usd"], 15 * 0.002)

    def test_units_have_keys_that_do_not_change(self):
        first = self.assay("plan", "spec.yaml", "--units").out.splitlines()
        again = self.assay("plan", "spec.yaml", "--units").out.splitlines()
        self.assertEqual(first, again)
        self.assertEqual(len({json.loads(line)["key"] for line in first}), 20)

    def test_a_plan_is_executed_as_it_was_made(self):
        self.assay("plan", "spec.yaml", "--limit", 7, "--out", "plan.json")
        ended = self.assay("run", "plan.json")
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertEqual(self.model.total(), 7)
        ended = self.assay("run", "plan.json", "--limit", 3)
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("keeps the rows", ended.err)

    def test_a_plan_of_something_else_is_refused(self):
        self.assay("plan", "spec.yaml", "--out", "plan.json")
        self.model.prepare(self, rows=21)
        ended = self.assay("run", "plan.json")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("changed since this plan was made", ended.err)
        self.assertEqual(self.model.total(), 0)

    def test_a_plan_of_another_version_is_refused(self):
        self.write("plan.json", '{"assay_plan": 99}')
        ended = self.assay("run", "plan.json")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("make it again", ended.err)


if __name__ == "__main__":
    unittest.main()
