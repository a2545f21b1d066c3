"""Evaluators that ask models, through the whole program: runs, stores, shows, resumes, rescores."""

import json
import signal
import sqlite3
import threading
import time
import unittest
from collections import Counter

from assay_process import ProcessTestCase
from loopback import serve

SPEC = """experiment: judged
providers:
  local: {{type: openai-compatible, base_url: "{url}/v1", price: {{input: 100, output: 200}}}}
dataset: rows.jsonl
task: {{provider: "local:tiny", prompt: "{{{{question}}}}"}}
evaluators:
  - exact_match
  - {{name: tone, type: judge, provider: "local:judge-a", prompt: "How good? {{{{output}}}}",
     output: {{type: NUMERIC, min: 1, max: 5, integer: true}}}}
  - {{name: polite, type: judge, provider: "local:judge-b", prompt: "Is it polite? {{{{answer}}}}",
     output: {{type: BOOLEAN}}, mapping: {{answer: "$.output"}}{more}}}
gates: ["tone >= 3", {{measure: judge_cost_usd, max: 1}}]
execution: {{concurrency: 4, retries: 1{execution}}}
"""


class Models:
    """Answers questions with themselves, and says what it is told to say as a judge."""

    def __init__(self, test, latency=0.0, judge_latency=0.0):
        self.calls = Counter()
        self.asked = Counter()  # what is asked: model and the text without delimiters
        self.tones = {}
        self.replies = {}
        self.year = 2026  # in the names that models give themselves
        self.latency = {"tiny": latency}
        self.judge_latency = judge_latency
        self.lock = threading.Lock()
        self.log = []
        self.url = serve(test, self.answer).url

    def answer(self, _number, request):
        body = json.loads(request["body"])
        model = body["model"]
        text = body["messages"][-1]["content"]
        question = next((part for part in text.split() if part.startswith("q")
                         and part[1:].isdigit()), text)
        with self.lock:
            self.calls[model] += 1
            self.asked[model, question] += 1
            self.log.append((model, time.monotonic()))
        threading.Event().wait(self.latency.get(model, self.judge_latency))
        if model in self.replies:
            said = self.replies[model]
        elif model == "tiny":
            said = text
        elif model.startswith("judge-a"):
            said = json.dumps({"reasoning": "it is what it is", "verdict": 4})
        else:
            said = json.dumps({"reasoning": "no please", "verdict": False})
        return 200, "application/json", json.dumps({
            "model": f"{model}-{self.year}",
            "choices": [{"message": {"role": "assistant", "content": said},
                         "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        })

    def total(self, model):
        with self.lock:
            return self.calls[model]


class Judges(ProcessTestCase):
    def prepare(self, rows=10, more="", execution="", **options):
        self.models = Models(self, **options)
        self.write("spec.yaml", SPEC.format(url=self.models.url, more=more, execution=execution))
        self.write("rows.jsonl", "".join(
            json.dumps({"input": {"question": f"q{i}"}, "expected_output": f"q{i}"}) + "\n"
            for i in range(rows)))

    def run_spec(self, *arguments, code=0):
        ended = self.assay(*(arguments or ("run", "spec.yaml")), "--out", "report.json",
                           "--out", "items.jsonl")
        self.assert_no_crash(ended)
        self.assertEqual(ended.exit_code, code, ended.err)
        report = json.loads((self.folder / "report.json").read_text())
        items = [json.loads(x) for x in (self.folder / "items.jsonl").read_text().splitlines()]
        return ended, report, items

    def query(self, sql):
        with sqlite3.connect(self.folder / ".assay" / "assay.db") as database:
            return database.execute(sql).fetchall()

    def test_judges_score_and_are_counted_apart_from_the_task(self):
        self.prepare()
        ended, report, items = self.run_spec()
        variant = report["variants"][0]
        self.assertEqual(variant["scores"]["tone"]["mean"], 4)
        self.assertEqual(variant["scores"]["polite"]["mean"], 0)
        self.assertEqual(variant["tokens"]["total"], 150)
        self.assertEqual(variant["calls"], {"provider": 10, "cached": 0, "retried": 0})
        self.assertAlmostEqual(variant["cost_usd"], 0.02)
        self.assertEqual({name: variant["judges"][name] for name in
                          ("calls", "cached", "retried", "tokens")},
                         {"calls": 20, "cached": 0, "retried": 0, "tokens": 300})
        self.assertAlmostEqual(variant["judges"]["cost_usd"], 0.04)
        self.assertAlmostEqual(variant["judges"]["paid_usd"], 0.04)
        self.assertNotIn("warnings", report)
        self.assertIn("judges cost", ended.out)
        self.assertEqual(items[0]["scores"]["tone"]["comment"], "it is what it is")
        self.assertEqual(len(items[0]["scores"]["tone"]["judge_trace_id"]), 32)
        self.assertNotIn("judge_trace_id", items[0]["scores"]["exact_match"])

        shown = self.assay("export", "latest", "--out", "shown.json")
        self.assertEqual(shown.exit_code, 0, shown.err)
        self.assertEqual(json.loads((self.folder / "shown.json").read_text()), report)
        self.assertEqual(self.assay("verify", "latest").exit_code, 0)
        self.assertEqual(self.query("SELECT count(*) FROM traces"), [(30,)])
        self.assertEqual(self.query(
            "SELECT count(*) FROM scores s JOIN traces t ON t.trace = s.execution_trace"), [(20,)])

    def test_a_lost_execution_of_a_judge_is_found(self):
        self.prepare(rows=2)
        self.run_spec()
        self.query("UPDATE scores SET execution_trace = NULL WHERE execution_trace IS NOT NULL")
        ended = self.assay("verify", "latest")
        self.assertEqual(ended.exit_code, 4)
        self.assertIn("does not point to the judge's trace", " ".join(ended.out.split()))
        self.query("DELETE FROM traces WHERE trace NOT IN (SELECT trace FROM run_items)")
        ended = self.assay("verify", "latest")
        self.assertEqual(ended.exit_code, 4)
        self.assertIn("of a judge is not there", " ".join(ended.out.split()))

    def test_every_format_tells_of_judges(self):
        self.prepare(rows=2)
        ended = self.assay("run", "spec.yaml", "--out", "r.md", "--out", "r.html", "--out",
                           "r.xml", "--out", "r.csv")
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertIn("| judges of |", (self.folder / "r.md").read_text())
        self.assertIn('"judges"', (self.folder / "r.html").read_text())

    def test_a_killed_run_pays_no_judgement_twice(self):
        self.prepare(rows=40, latency=0.01, judge_latency=0.01)
        process = self.start("run", "spec.yaml")
        while self.models.total("judge-b") < 15:
            time.sleep(0.005)
        process.kill()
        process.communicate()
        committed = self.query("SELECT count(*) FROM run_items")[0][0]
        self.assertGreater(committed, 0)
        _, report, _ = self.run_spec("run", "--resume", "latest")
        self.assertEqual(report["variants"][0]["units"]["scored"], 40)
        self.assertEqual(report["variants"][0]["judges"]["calls"], 80)
        for model in ("tiny", "judge-a", "judge-b"):
            # What was under way when it was killed is asked again, and nothing else.
            self.assertLessEqual(self.models.total(model), 40 + 4)

    def test_a_budget_counts_judges_and_ends_the_run_resumably(self):
        self.prepare(rows=20, execution=", budget: {calls: 30}")
        ended, report, _ = self.run_spec(code=4)
        self.assertIn("the budget of 30 calls is used up", ended.err)
        called = sum(self.models.calls.values())
        self.assertLessEqual(called, 30)
        self.assertEqual(report["variants"][0]["units"]["unscored"], 0)
        ended = self.assay("run", "--resume", "latest", "--set", "execution.budget.calls=30")
        self.assertEqual(ended.exit_code, 4, ended.err)
        self.assertEqual(sum(self.models.calls.values()), called)
        _, report, _ = self.run_spec("run", "--resume", "latest", "--set",
                                     "execution.budget.calls=1000")
        self.assertEqual(report["variants"][0]["units"]["scored"], 20)

    def test_a_resumed_run_names_all_models_that_judged(self):
        self.prepare(rows=20, execution=", budget: {calls: 30}")
        self.run_spec(code=4)
        self.models.year = 2027
        _, report, _ = self.run_spec("run", "--resume", "latest", "--set",
                                     "execution.budget.calls=1000")
        self.assertEqual(report["manifest"]["models"], {
            f"local:{model}": f"{model}-2026, {model}-2027"
            for model in ("judge-a", "judge-b", "tiny")})

    def test_a_changed_judge_is_asked_again_and_no_other(self):
        self.prepare()
        self.run_spec()
        spec = (self.folder / "spec.yaml").read_text()
        self.write("spec.yaml", spec.replace("local:judge-a", "local:judge-a2"))
        ended, report, items = self.run_spec("rescore", "latest", "spec.yaml")
        self.assertIn("judges were, in 10 calls", ended.err)
        self.assertEqual(self.models.total("judge-a2"), 10)
        self.assertEqual(self.models.total("judge-b"), 10)
        self.assertEqual(self.models.total("tiny"), 10)
        self.assertEqual(report["variants"][0]["judges"]["calls"], 20)
        self.assertEqual(report["manifest"]["models"], {
            f"local:{model}": f"{model}-2026"
            for model in ("judge-a", "judge-a2", "judge-b", "tiny")})
        self.assertEqual(self.query("SELECT count(*) FROM traces"), [(30,)])
        ended, _, again = self.run_spec("rescore", "latest", "spec.yaml")
        self.assertIn("No task was called.", ended.err)
        self.assertEqual(items, again)
        self.assertEqual(sum(self.models.calls.values()), 40)

    def test_a_rescore_over_its_budget_changes_nothing(self):
        self.prepare()
        _, before, _ = self.run_spec()
        spec = (self.folder / "spec.yaml").read_text()
        self.write("spec.yaml", spec.replace("local:judge-a", "local:judge-a2").replace(
            "retries: 1", "retries: 1, budget: {calls: 4}"))
        ended = self.assay("rescore", "latest", "spec.yaml")
        self.assertEqual(ended.exit_code, 4, ended.err)
        self.assertIn("the budget of 4 calls is used up", ended.err)
        self.assertLessEqual(self.models.total("judge-a2"), 4)
        self.assay("export", "latest", "--out", "after.json")
        after = json.loads((self.folder / "after.json").read_text())
        self.assertEqual(after["variants"], before["variants"])

    def test_a_rescore_judges_the_canaries_of_the_judges_it_asks(self):
        canaries = ", canaries: [{output: x, vars: {answer: x}, verdict: true}]"
        self.prepare(rows=3, more=canaries)
        _, report, _ = self.run_spec()
        self.assertEqual(list(report["manifest"]["canaries"]), ["polite"])
        spec = (self.folder / "spec.yaml").read_text()
        self.write("spec.yaml", spec.replace("local:judge-a", "local:judge-a2"))
        _, report, _ = self.run_spec("rescore", "latest", "spec.yaml")
        self.assertEqual(self.models.total("judge-b"), 4)  # it is the same judge
        self.assertIn('canaries of "polite"', report["warnings"][0])
        self.models.replies["judge-b2"] = json.dumps({"reasoning": "yes", "verdict": True})
        self.write("spec.yaml", spec.replace("local:judge-b", "local:judge-b2"))
        _, report, _ = self.run_spec("rescore", "latest", "spec.yaml")
        self.assertEqual(report["manifest"]["canaries"]["polite"]["failed"], [])
        self.assertNotIn("warnings", report)
        self.write("spec.yaml", spec.replace(canaries, ""))
        _, report, _ = self.run_spec("rescore", "latest", "spec.yaml")
        self.assertEqual(report["manifest"].get("canaries", {}), {})

    def test_a_recorded_run_is_replayed_without_a_call(self):
        self.prepare(execution=", cache: read_write")
        _, recorded, _ = self.run_spec()
        called = sum(self.models.calls.values())
        _, replayed, _ = self.run_spec("run", "spec.yaml", "--set", "execution.cache=replay")
        self.assertEqual(sum(self.models.calls.values()), called)
        judges = replayed["variants"][0]["judges"]
        self.assertEqual((judges["calls"], judges["cached"], judges["paid_usd"]), (0, 20, 0))
        self.assertEqual(judges["cost_usd"], recorded["variants"][0]["judges"]["cost_usd"])
        self.assertEqual(replayed["variants"][0]["scores"], recorded["variants"][0]["scores"])

    def test_an_unusable_reply_is_an_error_that_was_paid(self):
        self.prepare(rows=3)
        self.models.replies["judge-a"] = "Four out of five!"
        _, report, items = self.run_spec(code=4)  # none was scored
        self.assertEqual(report["variants"][0]["units"]["unscored"], 3)
        self.assertEqual(report["variants"][0]["scores"]["tone"]["errors"], 3)
        self.assertEqual(report["variants"][0]["scores"]["tone"]["count"], 0)
        self.assertIn("it was asked twice", items[0]["errors"]["tone"])
        self.assertEqual(report["variants"][0]["judges"]["calls"], 9)

    def test_a_slow_judge_does_not_starve_the_task(self):
        # The account's limit on judges is not one on tasks: 20 tasks start while judges are slow.
        self.prepare(rows=20, judge_latency=0.3, execution=(
            ', rate_limits: {"local:judge-a": {concurrency: 1}, "local:judge-b": {concurrency: 1}}'
        ))
        spec = (self.folder / "spec.yaml").read_text()
        self.write("spec.yaml", spec.replace("concurrency: 4,", "concurrency: 20,"))
        self.run_spec()
        tasks = [when for model, when in self.models.log if model == "tiny"]
        judged = [when for model, when in self.models.log if model != "tiny"]
        self.assertLess(max(tasks), sorted(judged)[10])

    def test_a_judge_of_its_own_answers_is_warned_about_refused_or_accepted(self):
        self.prepare(rows=2)
        spec = (self.folder / "spec.yaml").read_text().replace("local:judge-a", "local:tiny")
        self.write("spec.yaml", spec)
        self.models.replies["tiny"] = json.dumps({"reasoning": "mine", "verdict": 5})
        ended, report, _ = self.run_spec()
        self.assertIn('the judge of "tone" is local:tiny, the model under test', ended.err)
        self.assertIn("the model under test in default", report["warnings"][0])
        self.assertEqual(report["manifest"]["self_judging"],
                         [{"evaluator": "tone", "model": "local:tiny", "variants": ["default"]}])
        called = sum(self.models.calls.values())
        self.write("spec.yaml", spec.replace(
            'provider: "local:tiny", prompt: "How',
            'allow_self_judging: false, provider: "local:tiny", prompt: "How'))
        ended = self.assay("run", "spec.yaml")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("local:tiny would judge its own answers", ended.err)
        self.assertEqual(sum(self.models.calls.values()), called)
        self.write("spec.yaml", spec.replace(
            'provider: "local:tiny", prompt: "How',
            'allow_self_judging: true, provider: "local:tiny", prompt: "How'))
        ended, report, _ = self.run_spec()
        self.assertNotIn("under test", ended.err)
        self.assertNotIn("warnings", report)

    def test_canaries_that_come_out_wrong_are_told_in_every_format(self):
        self.prepare(rows=4, more=", canaries: ["
                     "{output: Please!, vars: {answer: Please!}, verdict: true}, "
                     "{output: Shut up, vars: {answer: Shut up}, verdict: false}]")
        ended = self.assay("run", "spec.yaml", "--out", "report.json", "--out", "r.md", "--out",
                           "r.html", "--out", "r.xml")
        self.assertEqual(ended.exit_code, 0, ended.err)
        warning = '1 of 2 canaries of "polite" came out wrong'
        self.assertIn(warning, ended.err)
        self.assertIn(warning, " ".join(ended.out.split()))
        report = json.loads((self.folder / "report.json").read_text())
        self.assertIn(warning, report["warnings"][0])
        self.assertEqual(report["manifest"]["canaries"]["polite"]["judged"], 2)
        self.assertEqual(report["manifest"]["canaries"]["polite"]["failed"][0]["canary"], 1)
        self.assertEqual(self.models.total("judge-b"), 6)
        for name in ("r.md", "r.html", "r.xml"):
            self.assertIn("canaries of", (self.folder / name).read_text(), name)

    def test_what_cannot_be_mapped_or_judged_is_told_before_the_first_call(self):
        self.prepare(rows=2)
        spec = (self.folder / "spec.yaml").read_text()
        for old, new, said in (
            ("mapping: {answer: \"$.output\"}", "mapping: {answer: output}", "mapping"),
            ("mapping: {answer: \"$.output\"}", "strip: true", "{{answer}} has no value"),
            ("- exact_match", "- {type: exact_match, mapping: {a: $.output}}", "judges"),
            ("local:judge-a", "loca:judge-a", "loca"),
            ("type: judge, provider: \"local:judge-a\"", "type: juge, provider: \"x:y\"",
             'did you mean "judge"'),
        ):
            self.assertIn(old, spec)
            self.write("spec.yaml", spec.replace(old, new))
            ended = self.assay("run", "spec.yaml")
            self.assertEqual(ended.exit_code, 2, ended.err)
            self.assertIn(said, ended.err)
        self.assertEqual(sum(self.models.calls.values()), 0)

    def test_interrupted_judging_can_be_resumed(self):
        self.prepare(rows=30, judge_latency=0.05)
        process = self.start("run", "spec.yaml")
        while self.models.total("judge-b") < 8:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130)
        _, report, _ = self.run_spec("run", "--resume", "latest")
        self.assertEqual(report["variants"][0]["units"]["scored"], 30)
        self.assertEqual(self.models.total("judge-b"), 30)


class Comparisons(ProcessTestCase):
    SPEC = """experiment: compared
providers:
  local: {{type: openai-compatible, base_url: "{url}/v1", price: {{input: 1, output: 1}}}}
dataset: rows.jsonl
task: {{provider: "local:tiny", prompt: "{{{{question}}}}"}}
variants:
  - {{name: new}}
  - {{name: old, provider: "local:tiny-old"}}
evaluators:
  - {{name: better, type: pairwise, provider: "local:judge", against: {{variant: old}}}}
execution: {{concurrency: 1}}
"""

    def setUp(self):
        super().setUp()
        self.models = Models(self)
        self.models.replies["judge"] = json.dumps({"reasoning": "r", "verdict": "A"})
        self.models.replies["tiny-old"] = "old answer"
        self.write("spec.yaml", self.SPEC.format(url=self.models.url))
        self.write("rows.jsonl", "".join(
            json.dumps({"input": {"question": f"q{i}"}}) + "\n" for i in range(6)))

    def test_variants_are_compared_at_one_worker(self):
        ended = self.assay("run", "spec.yaml", "--out", "report.json")
        self.assertEqual(ended.exit_code, 0, ended.err)
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual([v["name"] for v in report["variants"]], ["new", "old"])
        for variant in report["variants"]:
            self.assertEqual(variant["units"]["scored"], 6)

    def test_a_plan_tells_the_calls_that_the_run_makes(self):
        planned = json.loads(self.assay("plan", "spec.yaml", "--json").out)
        calls = {variant["name"]: variant["calls"] for variant in planned["variants"]}
        self.assertEqual(calls, {"new": {"local:judge (judge)": 12, "local:tiny": 6},
                                 "old": {"local:tiny-old": 6}})
        # No score of the old variant will be there to be detected.
        self.assertEqual({found["variant"] for found in planned["detectable"]}, {"new"})
        self.assertEqual(self.assay("run", "spec.yaml").exit_code, 0)
        self.assertEqual(self.models.total("judge"), 12)
        self.assertEqual(self.models.total("tiny") + self.models.total("tiny-old"), 12)

    def test_a_run_that_is_continued_compares_with_what_is_stored(self):
        text = (self.folder / "spec.yaml").read_text()
        self.write("spec.yaml",
                   text.replace("concurrency: 1", "concurrency: 1, budget: {calls: 2}"))
        # The old variant's first unit, and of the new one only the task.
        ended = self.assay("run", "spec.yaml")
        self.assertEqual(ended.exit_code, 4, ended.err)
        ended = self.assay("run", "--resume", "latest", "--set", "execution.budget.calls=1000",
                           "--out", "report.json")
        self.assertEqual(ended.exit_code, 0, ended.err)
        report = json.loads((self.folder / "report.json").read_text())
        for variant in report["variants"]:
            self.assertEqual(variant["units"]["scored"], 6)
        self.assertEqual(self.models.total("tiny-old"), 6)

    def test_stored_outputs_are_compared_again(self):
        self.assertEqual(self.assay("run", "spec.yaml").exit_code, 0)
        text = (self.folder / "spec.yaml").read_text()
        self.write("spec.yaml", text.replace("local:judge", "local:judge2"))
        self.models.replies["judge2"] = json.dumps({"reasoning": "r", "verdict": "B"})
        ended = self.assay("rescore", "latest", "spec.yaml", "--out", "report.json")
        self.assertEqual(ended.exit_code, 0, ended.err)
        report = json.loads((self.folder / "report.json").read_text())
        for variant in report["variants"]:
            self.assertEqual(variant["units"]["scored"], 6)
        self.assertEqual(self.models.total("tiny") + self.models.total("tiny-old"), 12)

    def test_a_part_of_the_variants_or_units_is_refused(self):
        ended = self.assay("run", "spec.yaml", "--variant", "new")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn('compares with the variant "old", which is left out', ended.err)
        ended = self.assay("run", "spec.yaml", "--shard", "1/2")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("a shard has only some of the units", ended.err)
        self.assertEqual(sum(self.models.calls.values()), 0)
        text = (self.folder / "spec.yaml").read_text()
        self.write("spec.yaml", text.replace("{variant: old}", "{variant: odl}"))
        ended = self.assay("run", "spec.yaml")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn('did you mean "old"', ended.err)

    def test_a_stored_run_is_compared_with_by_its_name(self):
        text = (self.folder / "spec.yaml").read_text()
        self.assertEqual(self.assay("run", "spec.yaml", "--run-name", "main").exit_code, 0)
        for against, said in (("main", "RUN:VARIANT"), ("main:odl", 'did you mean "old"'),
                              ("mian", "there is no run")):
            self.write("spec.yaml", text.replace("{variant: old}", f"{{run: '{against}'}}"))
            ended = self.assay("run", "spec.yaml")
            self.assertEqual(ended.exit_code, 2, ended.err)
            self.assertIn(said, ended.err)
        self.write("spec.yaml", text.replace("{variant: old}", "{run: 'main:old'}"))
        ended = self.assay("run", "spec.yaml", "--out", "report.json")
        self.assertEqual(ended.exit_code, 0, ended.err)
        report = json.loads((self.folder / "report.json").read_text())
        noted = report["manifest"]["compared_runs"]["main:old"]
        self.assertEqual(noted["variant"], "old")
        self.assertEqual(noted["run_id"], self.runs()[1]["id"])


if __name__ == "__main__":
    unittest.main()
