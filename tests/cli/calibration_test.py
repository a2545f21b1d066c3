"""`assay judge calibrate`, what gates make of it, and the corrections in reports."""

import hashlib
import json
import random
import re
import threading
import unittest

from assay_process import SOURCE, ProcessTestCase
from loopback import serve

GSM8K = SOURCE.parent / "shared/data/gsm8k/example_model_solutions.jsonl"
SYSTEMS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")
SEED = 1
MISSES, FALSE_ALARMS = 0.05, 0.10

HEAD = """experiment: calibrated
providers:
  local: {{type: openai-compatible, base_url: "{url}/v1", price: {{input: 1, output: 1}}}}
"""
SPEC = HEAD + """dataset: {{file: rows.jsonl, id: "$.id"}}
task: {{recorded: "$.output"}}
evaluators:
  - {{name: right, type: rubric, provider: "local:judge", criteria: "{criteria}",
     result: boolean}}
  - exact_match
gates:
  - {{score: right, min: 0.1, confidence: 0.95,
     requires: {{judge: right, kappa: 0.6, lower_bound: true}}}}
"""


def errs(rate, *what):
    """The same for the same answer, whoever asks and when."""
    digest = hashlib.sha256(json.dumps([SEED, *what]).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 < rate


class StubJudge:
    """Knows which answers are right, and is wrong about some of them."""

    def __init__(self, test, truth, verdict=None):
        self.truth = truth  # by the reference that each answer ends with
        self.verdict = verdict or self.seeded
        self.calls = 0
        self.lock = threading.Lock()
        self.url = serve(test, self.answer).url

    def seeded(self, reference):
        is_right = self.truth[reference]
        wrong = errs(MISSES if is_right else FALSE_ALARMS, reference)
        return is_right != wrong

    def answer(self, _number, request):
        with self.lock:
            self.calls += 1
        text = json.loads(request["body"])["messages"][-1]["content"]
        reference = re.findall(r"\(ref ([\w-]+)\)", text)[-1]
        verdict = self.verdict(reference)
        said = verdict if isinstance(verdict, str) else json.dumps(
            {"reasoning": f"I looked at {reference}.", "verdict": verdict})
        return 200, "application/json", json.dumps({
            "model": "judge-1",
            "choices": [{"message": {"role": "assistant", "content": said},
                         "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}})


class Calibration(ProcessTestCase):
    def lines(self, name, rows):
        self.write(name, "".join(json.dumps(row) + "\n" for row in rows))

    def prepare(self, items=300, verdict=None, criteria="The answer is right.", labels=200):
        """Every second answer is right; the first `labels` of them are labelled."""
        self.truth = {f"i{n}": n % 2 == 0 for n in range(items)}
        self.judge = StubJudge(self, self.truth, verdict)
        self.write("spec.yaml", SPEC.format(url=self.judge.url, criteria=criteria))
        self.lines("rows.jsonl", (
            {"id": name, "input": f"question {name}", "output": f"answer (ref {name})",
             "expected_output": "x", "metadata": {"half": "a" if n < 150 else "b"}}
            for n, name in enumerate(self.truth)))
        self.write("labels.csv", "id,label,who\n" + "".join(
            f"{name},{'yes' if self.truth[name] else 'no'},me\n"
            for name in list(self.truth)[:labels]))

    def calibrate(self, *arguments, code=0):
        ended = self.assay("judge", "calibrate", "spec.yaml", "--judge", "right", "--labels",
                           "labels.csv", *arguments)
        self.assert_no_crash(ended)
        self.assertEqual(ended.exit_code, code, ended.err)
        return ended

    def report(self, *arguments, code=0):
        ended = self.assay(*(arguments or ("run", "spec.yaml")), "--out", "report.json",
                           "--out", "report.html")
        self.assert_no_crash(ended)
        self.assertEqual(ended.exit_code, code, ended.out + ended.err)
        return json.loads((self.folder / "report.json").read_text())

    def test_a_judge_is_compared_with_labels_and_kept(self):
        self.prepare()
        ended = self.calibrate("--slice", "metadata.half", "--out", "right.json")
        document = json.loads((self.folder / "right.json").read_text())
        self.assertEqual(document["assay_calibration"], 1)
        self.assertEqual((document["judge"], document["score"], document["model"]),
                         ("right", "right", "local:judge"))
        self.assertEqual(document["outputs"], 200)
        misses = sum(not self.judge.seeded(x) for x in list(self.truth)[:200] if self.truth[x])
        alarms = sum(self.judge.seeded(x) for x in list(self.truth)[:200] if not self.truth[x])
        self.assertEqual(document["confusion"],
                         {"labels": ["false", "true"],
                          "counts": [[100 - alarms, alarms], [misses, 100 - misses]]})
        self.assertEqual(document["disagreements"], misses + alarms)
        self.assertEqual([x["outputs"] for x in document["slices"]], [150, 50])
        self.assertEqual(self.judge.calls, 200)
        for words in ("kappa", "people \\ judge", "By metadata.half", "They disagree on"):
            self.assertIn(words, ended.out)
        for line in ended.out.splitlines():
            self.assertLessEqual(len(line), 80, line)
        listed = json.loads(self.assay("judge", "list", "--json").out)
        self.assertEqual([(x["judge"], x["outputs"]) for x in listed], [("right", 200)])
        shown = self.assay("judge", "show", "right", "--json")
        self.assertEqual(shown.out, (self.folder / "right.json").read_text())
        self.assertIn("right", self.assay("judge", "list").out)
        self.assertFalse((self.folder / ".assay/calibrations").exists())

    def test_a_gate_can_tell_only_with_the_judge_that_was_calibrated(self):
        self.prepare()
        before = self.report(code=3)
        self.assertEqual(before["gates"][0]["status"], "inconclusive")
        self.assertIn("the judge right is not calibrated; calibrate it, then run or rescore: assay "
                      "judge calibrate spec.yaml --judge right --labels FILE",
                      before["gates"][0]["reason"])
        self.assertNotIn("corrected", before["variants"][0]["scores"]["right"])
        self.calibrate()
        after = self.report()
        self.assertEqual(after["gates"][0]["status"], "passed")
        pinned = after["manifest"]["calibrations"]
        self.assertEqual([(x["judge"], x["score"]) for x in pinned], [("right", "right")])

        # What was said of a run stays so, also after another calibration and elsewhere.
        self.write("labels.csv", "id,label\n" + "".join(
            f"{name},{'no' if self.truth[name] else 'yes'}\n" for name in list(self.truth)[:50]))
        self.calibrate()
        first = self.runs()[-1]["id"]
        run = next(x["id"] for x in self.runs() if x["id"] == after["run"]["id"])
        self.assertEqual(self.report("export", run), after)
        self.assertEqual(self.report("export", first), before)
        self.assertEqual(self.assay("gate", run).exit_code, 0)
        self.assertEqual(self.assay("export", run, "--out", "whole.assayrun").exit_code, 0)
        self.assertEqual(self.report("export", run, "--store", "whole.assayrun"), after)
        self.assertEqual(self.assay("verify", run).exit_code, 0)
        # The newest calibration counts for the next run, and it is a bad one.
        again = self.report(code=3)
        self.assertIn("improve the judge", again["gates"][0]["reason"])

        self.write("spec.yaml", SPEC.format(url=self.judge.url, criteria="Other criteria."))
        changed = self.report(code=3)
        self.assertIn("the judge right has changed since it was calibrated on",
                      changed["gates"][0]["reason"])
        self.assertNotIn("corrected", changed["variants"][0]["scores"]["right"])

    def test_a_calibration_can_be_a_committed_file(self):
        self.prepare()
        self.calibrate("--out", "right.json", "--store", "elsewhere")
        spec = (self.folder / "spec.yaml").read_text()
        self.write("spec.yaml", spec.replace("lower_bound: true", "calibration: right.json"))
        self.assertEqual(self.report()["gates"][0]["status"], "passed")
        (self.folder / "right.json").unlink()
        self.assertEqual(self.assay("gate", "latest").exit_code, 0)
        self.assertIn("is not there", self.report(code=3)["gates"][0]["reason"])
        self.write("right.json", "{}")
        self.assertIn("is no calibration", self.assay("run", "spec.yaml").err)

    def test_a_run_from_before_is_decided_anew_by_rescoring_it(self):
        self.prepare()
        self.report(code=3)
        self.calibrate()
        rescored = self.report("rescore", self.runs()[-1]["id"], "spec.yaml")
        self.assertEqual(rescored["gates"][0]["status"], "passed")
        self.assertIn("corrected", rescored["variants"][0]["scores"]["right"])

    def test_outputs_come_from_a_run_and_labels_may_bring_their_own(self):
        self.prepare(items=40)
        self.report(code=3)
        self.lines("labels.csv.jsonl", (
            [{"id": x, "label": self.truth[x]} for x in list(self.truth)[:20]] +
            [{"id": "i0", "output": "another answer (ref i1)", "label": 0},
             {"input": "new", "output": "answer (ref i2)", "label": "1"}]))
        ended = self.assay("judge", "calibrate", "spec.yaml", "--judge", "right", "--labels",
                           "labels.csv.jsonl", "--run", "latest", "--json")
        self.assertEqual(ended.exit_code, 0, ended.err)
        document = json.loads(ended.out)
        self.assertEqual(document["outputs"], 22)
        self.assertEqual(sum(x["item_id"] == "i0" for x in document["labelled"]), 2)

    def test_a_part_of_the_labels_is_a_try_and_is_not_kept(self):
        self.prepare()
        ended = self.calibrate("--limit", "20", "--json")
        self.assertEqual(json.loads(ended.out)["outputs"], 20)
        self.assertIn("Not kept", ended.err)
        self.assertEqual(json.loads(self.assay("judge", "list", "--json").out), [])

    def test_one_of_several_scores_can_be_meant(self):
        self.prepare(verdict=lambda x: 0.9 if self.truth[x] else 0.2)
        spec = (self.folder / "spec.yaml").read_text()
        self.write("spec.yaml", spec.replace("result: boolean", "threshold: 0.5").replace(
            "{score: right,", "{score: right_pass,"))
        self.assertIn("gives right, right_pass", self.calibrate("--score", "left", code=2).err)
        self.write("labels.csv", "id,label\ni1,0.3\ni2,1\n")
        self.assertIn("neither true nor false",
                      self.calibrate("--score", "right_pass", code=2).err)
        self.write("labels.csv", "id,label\n" + "".join(
            f"{x},{int(self.truth[x])}\n" for x in list(self.truth)[:60]))
        self.calibrate("--score", "right_pass")
        self.calibrate()  # of the number, which comes later and is not what the gate asks about
        report = self.report()
        self.assertEqual(report["gates"][0]["status"], "passed")
        self.assertEqual(len(report["manifest"]["calibrations"]), 2)
        self.assertEqual(report["variants"][0]["scores"]["right_pass"]["corrected"]["labels"], 60)

    def test_mistakes_are_told_before_anybody_is_asked(self):
        self.prepare(items=20, labels=20)
        spec = (self.folder / "spec.yaml").read_text()
        cases = {
            "id,label\ni1,yes\nnobody,no\n": 'labels.csv:3: there is no item "nobody"',
            "id,label\ni1,yes\ni2,maybe\n": 'labels.csv:3: the label "maybe" is neither true nor',
            "id,label\ni1,yes\ni2,no\ni1,no\n": "labelled already, in line 2",
            "id,verdict\ni1,yes\n": "there is no `label`",
            "id,label\ni1,\n": "holds no labels",
            "label\nyes\n": "it is not known what was labelled",
            "id,label\ni1,yes\n": "2 labelled outputs are needed",
        }
        for text, message in cases.items():
            with self.subTest(message):
                self.write("labels.csv", text)
                self.assertIn(message, self.calibrate(code=2).err)
        self.write("labels.csv", "id,label\ni1,yes\ni2,no\n")
        self.assertIn('did you mean "right"', self.assay(
            "judge", "calibrate", "spec.yaml", "--judge", "rihgt", "--labels", "labels.csv").err)
        self.assertIn("--run", self.calibrate("--set", 'task={command: [cat]}', code=2).err)
        self.assertEqual(self.calibrate("--run", "nothing", code=2).out, "")
        self.assertEqual(self.calibrate("--out", "x.html", code=2).out, "")
        self.assertEqual(self.assay("judge", "calibrate", "spec.yaml").exit_code, 2)
        self.assertEqual(self.assay("judge", "show", "right").exit_code, 2)
        self.write("spec.yaml", spec.replace("judge: right", "judge: rigth"))
        self.assertIn('requires the judge "rigth", and the spec has no such evaluator; did you '
                      'mean "right"?', self.assay("run", "spec.yaml").err)
        self.assertEqual(self.judge.calls, 0)

    def test_errors_of_the_judge_are_counted_apart(self):
        self.prepare(items=40, labels=40, verdict=lambda x: "no verdict" if x == "i3" else True)
        ended = self.calibrate("--json")
        document = json.loads(ended.out)
        self.assertEqual(document["not_judged"], {"errors": 1, "skipped": 0, "no_output": 0})
        self.assertEqual(document["outputs"], 39)
        self.judge.verdict = lambda _: "no verdict"
        self.assertIn("nothing to compare", self.calibrate(code=4).err)

    def test_numbers_are_corrected_by_the_labelled_outputs_of_the_run(self):
        self.prepare(verdict=lambda x: 2 + int(x[1:]) % 7 + (int(x[1:]) % 3) / 4)
        spec = (self.folder / "spec.yaml").read_text()
        spec = spec.replace("result: boolean", "result: {min: 0, max: 10}")
        self.write("spec.yaml", re.sub(r"kappa.*true", "correlation: 0.5", spec))
        # People are one point stricter.
        people = {x: 1 + int(x[1:]) % 7 for x in self.truth}
        drawn = random.Random(3).sample(sorted(people), 100)
        self.write("labels.csv", "id,label\n" + "".join(f"{x},{people[x]}\n" for x in drawn))
        self.assertIn("correlation (Pearson)", self.calibrate().out)
        score = self.report()["variants"][0]["scores"]["right"]
        truth = sum(people.values()) / len(people)
        self.assertGreater(score["interval"]["low"], truth)
        corrected = score["corrected"]
        self.assertEqual(corrected["labels"], 100)
        self.assertLess(corrected["interval"]["low"], truth)
        self.assertGreater(corrected["interval"]["high"], truth)


class Gsm8k(ProcessTestCase):
    """1,319 questions answered by four systems, with the publishers' verdict of each answer."""

    @unittest.skipUnless(GSM8K.exists(), f"needs {GSM8K.name} in shared/data/gsm8k")
    def test_a_judge_that_errs_is_found_out_and_corrected(self):
        rows = [json.loads(x) for x in GSM8K.read_text().splitlines()]
        truth = {f"{system}-{n}": row[system]["is_correct"]
                 for n, row in enumerate(rows) for system in SYSTEMS}
        answers = {f"{system}-{n}": f"{row[system]['solution']}\n(ref {system}-{n})"
                   for n, row in enumerate(rows) for system in SYSTEMS}
        judge = StubJudge(self, truth)
        self.write("rows.jsonl", "".join(json.dumps(
            {"id": f"q{n}", "input": row["question"],
             **{system: answers[f"{system}-{n}"] for system in SYSTEMS}}) + "\n"
            for n, row in enumerate(rows)))
        self.write("spec.yaml", HEAD.format(url=judge.url) + """
dataset: {file: rows.jsonl, id: "$.id"}
task: {recorded: "$['6b_finetuning']"}
variants: [""" + ", ".join(f"{{name: {x}, recorded: \"$['{x}']\"}}" for x in SYSTEMS) + """]
evaluators:
  - {name: correct, type: rubric, provider: "local:judge", criteria: "The number is right.",
     result: boolean}
""")
        labelled = random.Random(SEED).sample(sorted(answers), 800)
        self.write("labels.jsonl", "".join(json.dumps(
            {"id": "q" + x.split("-")[1], "output": answers[x], "label": truth[x]}) + "\n"
            for x in labelled))

        ended = self.assay("judge", "calibrate", "spec.yaml", "--labels", "labels.jsonl",
                           "--out", "correct.json", timeout=300)
        self.assertEqual(ended.exit_code, 0, ended.err)
        found = json.loads((self.folder / "correct.json").read_text())["statistics"]
        for name, rate in (("sensitivity", 1 - MISSES), ("specificity", 1 - FALSE_ALARMS)):
            self.assertLess(found[name]["interval"]["low"], rate, name)
            self.assertGreater(found[name]["interval"]["high"], rate, name)

        ended = self.assay("run", "spec.yaml", "--out", "report.json", "--quiet", timeout=500)
        self.assertEqual(ended.exit_code, 0, ended.err)
        report = json.loads((self.folder / "report.json").read_text())
        raw_is_wrong = set()
        for variant in report["variants"]:
            score = variant["scores"]["correct"]
            rate = sum(row[variant["name"]]["is_correct"] for row in rows) / len(rows)
            with self.subTest(variant["name"]):
                self.assertEqual(score["items"], len(rows))
                self.assertLess(score["corrected"]["interval"]["low"], rate)
                self.assertGreater(score["corrected"]["interval"]["high"], rate)
            if not score["interval"]["low"] <= rate <= score["interval"]["high"]:
                raw_is_wrong.add(variant["name"])
        # A judge that misses 5 % and makes up 10 % is right on average where 2 in 3 are right.
        self.assertEqual(raw_is_wrong, set(SYSTEMS) - {"175b_verification"})


if __name__ == "__main__":
    unittest.main()
