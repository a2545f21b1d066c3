"""`assay templates`, `assay judge preview` and `assay judge attack`, through the whole program."""

import json
import os
import re
import threading
import unittest

from assay_process import SOURCE, ProcessTestCase
from loopback import serve

HEAD = """experiment: judged
providers:
  local: {{type: openai-compatible, base_url: "{url}/v1"}}
"""
RECORDED = HEAD + """dataset: {{file: rows.jsonl, id: "$.id"}}
task: {{recorded: "$.output"}}
evaluators:
{evaluators}
execution: {{concurrency: 4}}
"""
TONE = """  - {name: tone, type: rubric, provider: "local:judge", criteria: "It suits {{input}}.",
     result: {min: 1, max: 5, integer: true}}
  - exact_match"""
ATTACKS = """attacks:
  - {id: a1, family: alpha, text: "ALPHA one {best}"}
  - {id: a2, family: alpha, text: "ALPHA two {best}"}
  - {id: b1, family: beta, text: "BETA one {delimiter}"}
  - {id: b2, family: beta, text: "BETA two"}
"""


class StubJudge:
    """Says what `verdict` makes of the text that it is shown, and counts."""

    def __init__(self, test, verdict):
        self.verdict = verdict
        self.texts = []
        self.lock = threading.Lock()
        self.url = serve(test, self.answer).url

    def answer(self, _number, request):
        messages = json.loads(request["body"])["messages"]
        text = next(each["content"] for each in messages if each["role"] == "user")
        with self.lock:
            self.texts.append(text)
        verdict = self.verdict(text)
        said = verdict if isinstance(verdict, str) and verdict.startswith("no ") else json.dumps(
            {"reasoning": "I looked at it.", "verdict": verdict})
        return 200, "application/json", json.dumps({
            "model": "judge-1",
            "choices": [{"message": {"role": "assistant", "content": said},
                         "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}})


class Templates(ProcessTestCase):
    NAMES = sorted(path.stem for path in (SOURCE / "configs/judges").glob("*.yaml"))

    def templates(self, *arguments, code=0, **options):
        ended = self.assay("templates", *arguments, **options)
        self.assert_no_crash(ended)
        self.assertEqual(ended.exit_code, code, ended.err)
        return ended

    def test_all_are_listed_in_the_width_of_the_terminal(self):
        self.assertGreaterEqual(len(self.NAMES), 26)
        for columns in (80, 160):
            lines = self.templates(env={"COLUMNS": str(columns)}).out.splitlines()
            listed = re.findall(r"^  (\w+) ", "\n".join(lines), re.MULTILINE)
            self.assertEqual(listed, self.NAMES)
            for line in lines:
                self.assertLessEqual(len(line), columns, line)
        self.assertEqual(len(lines), len(self.NAMES) + 3)

    def test_one_is_shown_with_all_that_a_judge_is_told(self):
        shown = self.templates("hallucination").out
        for words in ("BOOLEAN", "Variables:", "context", "Verdicts:", "true", "false",
                      "[system]", "[user]", "{{context}}"):
            self.assertIn(words, shown)
        for line in shown.split("[system]")[0].splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_machines_get_the_same(self):
        listed = json.loads(self.templates("--json").out)
        self.assertEqual([each["id"] for each in listed], self.NAMES)
        for each in listed:
            text = (SOURCE / f"configs/judges/{each['id']}.yaml").read_text(encoding="utf-8")
            self.assertEqual(each["text"], text)
            self.assertIn(each["data_type"], ("NUMERIC", "BOOLEAN"))
            self.assertTrue(all(point["meaning"] for point in each["points"]))
        [tone] = json.loads(self.templates("tone", "--json").out)
        self.assertEqual(tone, next(each for each in listed if each["id"] == "tone"))
        self.assertEqual(tone["points"][0]["score"], 1)

    def test_a_copy_is_a_template_of_ones_own(self):
        self.templates("tone", "--out", "judges/mine.yaml")
        copy = (self.folder / "judges/mine.yaml").read_text(encoding="utf-8")
        self.write("judges/mine.yaml", copy.replace("judge: tone", "judge: mine").replace(
            "Judge the tone of an answer.", "Judge how it sounds."))
        judge = StubJudge(self, lambda _: "mostly")
        self.write("spec.yaml", RECORDED.format(url=judge.url, evaluators=(
            "  - {name: mine, type: judge, template: judges/mine.yaml, provider: 'local:j'}")))
        self.write("rows.jsonl", '{"id": 1, "input": "Hi", "output": "Hello"}\n')
        ended = self.assay("run", "spec.yaml", "--out", "report.json")
        self.assertEqual(ended.exit_code, 0, ended.err)
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual(report["variants"][0]["scores"]["mine"]["mean"], 0.75)
        preview = self.assay("judge", "preview", "spec.yaml").out
        self.assertIn("Judge how it sounds.", preview)

    def test_what_cannot_be_done_is_refused(self):
        ended = self.templates("tonne", code=2)
        self.assertIn('unknown judge template "tonne"; did you mean "tone"?', ended.err)
        ended = self.templates("tone", "--out", "tone.txt", code=2)
        self.assertIn("ends in .yaml", ended.err)
        self.assertIn("which template", self.templates("--out", "tone.yaml", code=2).err)
        self.write("tone.yaml", "mine")
        self.assertIn("is there already", self.templates("tone", "--out", "tone.yaml", code=2).err)
        self.assertEqual((self.folder / "tone.yaml").read_text(), "mine")


class Judged(ProcessTestCase):
    def prepare(self, verdict=lambda _: 2, rows=4, evaluators=TONE, outputs=None):
        self.judge = StubJudge(self, verdict)
        self.write("spec.yaml", RECORDED.format(url=self.judge.url, evaluators=evaluators))
        outputs = outputs or [f"answer (ref i{n})" for n in range(rows)]
        self.write("rows.jsonl", "".join(
            json.dumps({"id": f"i{n}", "input": f"question {n}", "output": output,
                        "expected_output": "x"}) + "\n" for n, output in enumerate(outputs)))
        self.write("attacks.yaml", ATTACKS)

    def judged(self, action, *arguments, code=0):
        ended = self.assay("judge", action, "spec.yaml", *arguments)
        self.assert_no_crash(ended)
        self.assertEqual(ended.exit_code, code, ended.out + ended.err)
        return ended


class Preview(Judged):
    TWO = TONE + """
  - {name: better, type: pairwise, provider: "local:other"}"""

    def test_prompts_are_shown_filled_and_nobody_is_asked(self):
        self.prepare(rows=5)
        shown = self.judged("preview").out
        self.assertEqual(shown.count("\ntone, item "), 3)
        for words in ("tone, item i0, variant default", "[system]", "[user]", "question 0",
                      "answer (ref i2)", '<judged-data of="output"', "whole number from 1 to 5"):
            self.assertIn(words, shown)
        self.assertNotIn("answer (ref i3)", shown)
        self.assertEqual(self.judge.texts, [])
        self.assertFalse((self.folder / ".assay").exists())

    def test_what_is_shown_is_what_is_asked(self):
        self.prepare(rows=2)
        previews = json.loads(self.judged("preview", "--json").out)
        self.assertEqual(self.assay("run", "spec.yaml").exit_code, 0)
        self.assertEqual(sorted(self.judge.texts),
                         sorted(each["questions"][0][-1]["content"] for each in previews))

    def test_one_judge_of_several(self):
        self.prepare(evaluators=self.TWO)
        shown = self.judged("preview", "--judge", "better", "--limit", "1").out
        self.assertNotIn("tone, item", shown)
        self.assertIn("question 1\n", shown)
        self.assertIn("question 2\n", shown)
        listed = json.loads(self.judged("preview", "--limit", "1", "--json").out)
        self.assertEqual([each["id"] for each in listed],
                         ["tone/i0/default", "better/i0/default"])
        self.assertEqual([len(each["questions"]) for each in listed], [1, 2])
        self.assertEqual([each["error"] for each in listed], [None, None])

    def test_outputs_of_a_stored_run(self):
        self.prepare(rows=2, evaluators="  - exact_match")
        self.write("echo.py", "import json, sys\nprint(json.dumps('said ' + json.load(sys.stdin)"
                              "['input']))\n")
        spec = (self.folder / "spec.yaml").read_text()
        task = spec.replace('{recorded: "$.output"}', "{command: [python3, echo.py], mode: once}")
        self.write("spec.yaml", task)
        self.assertEqual(self.assay("run", "spec.yaml").exit_code, 0)
        self.write("spec.yaml", task.replace("  - exact_match", TONE))
        unknown = self.judged("preview").out
        self.assertIn("which is not known before the run", unknown)
        shown = self.judged("preview", "--run", "latest:default").out
        self.assertIn("question 1", shown)
        self.assertNotIn("not known before the run", shown)
        self.assertIn("no variant \"defualt\"; did you mean \"default\"?",
                      self.judged("preview", "--run", "latest:defualt", code=2).err)
        self.judged("preview", "--run", "nothing", code=2)

    def test_what_cannot_be_shown_is_told(self):
        self.prepare()
        self.assertIn('no judge "tonne"; did you mean "tone"?',
                      self.judged("preview", "--judge", "tonne", code=2).err)
        self.prepare(evaluators=TONE.replace("{{input}}", "{{metadata.missing}}"))
        self.assertIn("metadata.missing", self.judged("preview", code=2).err)
        self.prepare(evaluators="  - exact_match")
        self.assertIn("has no judge", self.judged("preview", code=2).err)
        self.assertEqual(self.judge.texts, [])


class Attack(Judged):
    def fooled_by_alpha(self, text):
        return 5 if "ALPHA" in text else 2

    def attack(self, *arguments, code=0):
        return self.judged("attack", "--attacks", "attacks.yaml", *arguments, code=code)

    def found(self, *arguments):
        return json.loads(self.attack("--json", *arguments).out)

    def test_the_family_that_fools_a_judge_is_named(self):
        self.prepare(self.fooled_by_alpha)
        shown = self.attack().out
        self.assertIn("tone: 4 outputs attacked\n", shown)
        row = r"^{}\s+{}\s+{}\s+{}\s+{}$"
        for family, attempts, flipped, share in (
                ("alpha", 8, 8, r"100\.0 % \[39\.8, 100\.0\]"),
                ("beta", 8, 0, r"0\.0 % \[0\.0, 60\.2\]"),
                ("all", 16, 8, r"50\.0 % \[6\.8, 93\.2\]")):
            self.assertRegex(shown, re.compile(row.format(family, attempts, flipped, share, 0),
                                               re.MULTILINE))
        self.assertIn("flipped, for example:\n  i0: a1\n", shown)
        # Once as they are, then each attack on each.
        self.assertEqual(len(self.judge.texts), 4 + 16)
        self.assertIn("answer (ref i0)\n\nALPHA one 5", "".join(self.judge.texts))
        self.assertIn("BETA one 0123456789abcdef", "".join(self.judge.texts))

    def test_machines_get_the_same(self):
        self.prepare(self.fooled_by_alpha)
        [tone] = self.found()
        self.assertEqual((tone["id"], tone["outputs"], tone["passed_over"]), ("tone", 4, 0))
        self.assertEqual((tone["all"]["attempts"], tone["all"]["flipped"], tone["all"]["share"],
                          tone["all"]["errors"]), (16, 8, 0.5, 0))
        self.assertEqual(tone["families"]["alpha"]["share"], 1)
        self.assertAlmostEqual(tone["families"]["alpha"]["interval"]["low"], 0.3976, 4)
        self.assertEqual(tone["families"]["beta"]["share"], 0)

    def test_outputs_are_what_the_interval_is_about(self):
        # One output of four is defended badly: the share is 2 of 16, and 4 outputs tell little.
        self.prepare(lambda text: 5 if "ALPHA" in text and "ref i2)" in text else 2)
        [tone] = self.found()
        self.assertEqual(tone["all"]["share"], 0.125)
        interval = tone["all"]["interval"]
        self.assertEqual((interval["low"], interval["confidence"]), (0, 0.95))
        # t(3) = 3.1824, standard error = 0.125: CR1 over 4 outputs with the means 0, 0, 0.5, 0.
        self.assertAlmostEqual(interval["high"], 0.125 + 3.182446 * 0.125, 5)

    def test_a_judge_that_never_flips_is_not_proved_safe(self):
        self.prepare()
        [tone] = self.found()
        self.assertEqual((tone["all"]["share"], tone["all"]["interval"]["low"]), (0, 0))
        self.assertAlmostEqual(tone["all"]["interval"]["high"], 0.6024, 4)
        self.assertEqual(tone["examples"], [])

    def test_a_better_number_is_a_flip_and_a_worse_one_is_not(self):
        self.prepare(lambda text: 3 if "ALPHA" in text else 1 if "BETA" in text else 2)
        [tone] = self.found()
        self.assertEqual((tone["families"]["alpha"]["share"], tone["families"]["beta"]["share"]),
                         (1, 0))

    def test_what_has_nothing_to_gain_is_passed_over(self):
        self.prepare(lambda text: 5 if "ref i1)" in text else "no" " verdict"
                     if "ref i3)" in text else 2)
        [tone] = self.found()
        self.assertEqual((tone["outputs"], tone["passed_over"]), (2, 2))
        self.assertEqual(tone["all"]["attempts"], 8)

    def test_attacks_without_a_verdict_count_for_nothing(self):
        self.prepare(lambda text: "no verdict" if "BETA" in text else self.fooled_by_alpha(text))
        [tone] = self.found()
        self.assertEqual(tone["all"]["errors"], 8)
        self.assertEqual((tone["all"]["attempts"], tone["all"]["share"]), (8, 1))
        self.assertIsNone(tone["families"]["beta"]["share"])
        self.assertIn("JSON", tone["first_error"])
        shown = self.attack().out
        self.assertRegex(shown, r"(?m)^beta\s+0\s+0\s+–\s+8$")
        self.assertIn("no verdict, for example: ", shown)

    def test_a_judge_that_says_nothing_cannot_be_attacked(self):
        self.prepare(lambda _: "no verdict")
        ended = self.attack(code=4)
        self.assertIn('the judge "tone" gave no verdict of the outputs as they are', ended.err)
        self.assertEqual(len(self.judge.texts), 8)

    def test_true_and_false_categories_and_choices_turn(self):
        for result, honest, other in (("boolean", False, True), ("boolean", True, False),
                                      ("[kind, curt]", "curt", "kind")):
            with self.subTest(honest):
                self.prepare(lambda text, h=honest, o=other: o if "ALPHA" in text else h,
                             evaluators='  - {name: tone, type: rubric, provider: "local:judge",'
                                        f' criteria: It is kind., result: {result}}}')
                [tone] = self.found()
                self.assertEqual(tone["all"]["share"], 0.5)
                self.assertIn(f"ALPHA one {json.dumps(other)}", "".join(self.judge.texts))
        self.prepare(lambda text: "C" if "ALPHA" in text else "D",
                     evaluators='  - {name: f, type: factuality, provider: "local:judge"}')
        self.assertEqual(self.found()[0]["families"]["alpha"]["share"], 1)
        self.assertIn('ALPHA one "C"', "".join(self.judge.texts))

    def test_texts_inside_a_structure_are_attacked_where_they_stand(self):
        output = {"answer": "Hello", "n": 3, "turns": [{"role": "user", "content": "Hi"}]}
        self.prepare(self.fooled_by_alpha, outputs=[output, {"answer": "Good day"}],
                     evaluators=TONE.replace("criteria", 'on: "$.answer", criteria'))
        [tone] = self.found()
        self.assertEqual(tone["families"]["alpha"]["share"], 1)
        self.assertIn(">\nHello\n\nALPHA one 5\n<", "".join(self.judge.texts))
        self.prepare(self.fooled_by_alpha, outputs=[output])
        self.found()
        self.assertIn('"role":"user"', "".join(self.judge.texts))
        self.assertIn(r"Hi\n\nALPHA one 5", "".join(self.judge.texts))

    def test_others_stay_as_they_are_and_are_not_asked_again(self):
        self.prepare(self.fooled_by_alpha, evaluators=TONE + """
  - {name: better, type: pairwise, provider: "local:judge", when: "tone >= 1",
     canaries: [{output: a, expected_output: b, verdict: 1}]}""")
        # The second judge speaks another language than the stub: it has no verdict.
        ended = self.attack("--judge", "tone")
        self.assertIn("tone: 4 outputs attacked", ended.out)
        self.assertNotIn("better", ended.out)
        self.assertEqual(sum("BETA" in text for text in self.judge.texts), 8)
        self.assertFalse([text for text in self.judge.texts if ">\na\n<" in text])  # a canary

    def test_comparisons_with_another_variant_are_attacked_as_well(self):
        self.prepare(lambda text: "A" if "ALPHA" in text.split("Answer B:")[0] else "B"
                     if "ALPHA" in text else "tie", rows=2)
        spec = RECORDED.format(url=self.judge.url, evaluators=(
            '  - {name: better, type: pairwise, provider: "local:judge",'
            ' against: {variant: old}}'))
        self.write("spec.yaml", spec + 'variants: [{name: new}, {name: old, '
                                       'recorded: "$.expected_output"}]\n')
        [better] = self.found()
        # Nobody is compared with itself.
        preview = self.judged("preview", "--limit", "1").out
        self.assertEqual(preview.count("not asked: the other variants are compared with"), 1)
        self.assertEqual((better["outputs"], better["passed_over"]), (2, 2))
        self.assertEqual(better["all"]["errors"], 0)
        self.assertEqual(better["families"]["alpha"]["share"], 1)
        self.assertEqual(better["families"]["beta"]["share"], 0)
        self.assertIn('ALPHA one "the best there is"', "".join(self.judge.texts))

    def test_outputs_of_a_stored_run_are_attacked_with_their_steps(self):
        self.prepare(self.fooled_by_alpha, rows=2)
        self.write("step.py",
                   "import json, sys\nsys.stdin.read()\nprint(json.dumps(sys.argv[1]))\n")
        step = "command: [python3, step.py, {0}], mode: once"
        steps = (f"{{steps: [{{id: find, {step.format('found')}}}, "
                 f"{{id: say, needs: [find], {step.format('said')}}}]}}")
        spec = (self.folder / "spec.yaml").read_text().replace('{recorded: "$.output"}', steps)
        self.write("spec.yaml", spec.replace(TONE, "  - exact_match"))
        self.assertEqual(self.assay("run", "spec.yaml").exit_code, 0)
        self.write("spec.yaml", spec.replace('criteria: "It suits {{input}}."', (
            'criteria: "It suits {{context}}.", mapping: {context: "$.steps.find.output"}')))
        [tone] = self.found("--run", "latest:default")
        self.assertEqual((tone["outputs"], tone["all"]["share"]), (2, 0.5))
        self.assertIn(">\nfound\n<", self.judge.texts[0])
        self.assertIn("said\n\nALPHA one 5", "".join(self.judge.texts))

    def test_the_shipped_attacks_are_used_when_no_file_is_named(self):
        corpus = (SOURCE / "configs/judge_attacks.yaml").read_text(encoding="utf-8")
        appeals = [json.loads(text).replace("{best}", "5") for text in
                   re.findall(r'family: appeal, text: (".*")}', corpus)]
        count = corpus.count("- {id:")
        self.prepare(lambda text: 5 if any(each in text for each in appeals) else 2, rows=2)
        [tone] = json.loads(self.judged("attack", "--json").out)
        self.assertEqual(tone["all"]["attempts"], 2 * count)
        self.assertEqual({name for name, share in tone["families"].items() if share["flipped"]},
                         {"appeal"})
        self.assertEqual(tone["families"]["appeal"]["share"], 1)
        self.assertEqual(len(tone["examples"]), 5)

    def progress(self, *arguments):
        """The last event of each part of the work, and how many units each told of."""
        err = self.attack("--progress", "json", *arguments).err
        events = [json.loads(line) for line in err.splitlines()]
        begun = [event["units_planned"] for event in events if event["event"] == "begin"]
        ends = [event for event in events if event["event"] == "end"]
        units = [event for event in events if event["event"] == "unit"]
        self.assertEqual(len(units), sum(begun))
        self.assertEqual([end["units_done"] for end in ends], begun)
        return ends

    def test_progress_is_told_of_each_part(self):
        self.prepare(self.fooled_by_alpha, evaluators=(
            TONE + '\n  - {name: kind, type: rubric, provider: "local:judge", criteria: Kind.,'
                   ' result: {min: 1, max: 5}}'))
        self.write("spec.yaml", (self.folder / "spec.yaml").read_text().replace(
            '/v1"}', '/v1", price: {input: 100, output: 200}}'))
        honest, attacked = self.progress("--judge", "tone")
        self.assertEqual((honest["units_done"], attacked["units_done"]), (4, 16))
        # The judge that was not attacked is asked and paid once.
        self.assertAlmostEqual(honest["judges_paid_usd"], 8 * 0.002)
        self.assertAlmostEqual(attacked["judges_paid_usd"], 16 * 0.002)
        # What a stored run has paid for its outputs is not paid again.
        ended = self.assay("run", "spec.yaml", "--set",
                           'task={provider: "local:judge", prompt: "Say {{input}}"}')
        self.assertEqual(ended.exit_code, 0, ended.err)
        for end in self.progress("--judge", "tone", "--run", "latest"):
            self.assertEqual(end["paid_usd"], 0)

    def test_progress_is_for_people_at_a_terminal(self):
        def slowly(text):
            threading.Event().wait(0.05)
            return self.fooled_by_alpha(text)

        self.prepare(slowly)
        words = ["judge", "attack", "spec.yaml", "--attacks", "attacks.yaml"]
        shown = self.at_terminal(*words)
        self.assertRegex(shown, r"4 outputs to be judged as they are\r?\n")
        self.assertRegex(shown, r"tone: 16 attacked outputs to be judged\r?\n")
        self.assertRegex(shown, r"\d+/16 units · .*in flight")
        self.assertIn("local:judge (judge) · ", shown)
        # The lines that are rewritten are gone before the result.
        self.assertTrue(shown.endswith("\x1b[K"), shown[-80:])
        for silent in ("--json", "--quiet", "--progress=none"):
            self.assertEqual(self.at_terminal(*words, silent), "")
        self.assertEqual(self.attack("--json").err, "")

    def at_terminal(self, *arguments):
        """What goes to stderr when that is a terminal."""
        terminal, other_end = os.openpty()
        process = self.start(*arguments, stderr=other_end)
        os.close(other_end)
        pieces = []
        with os.fdopen(terminal, "rb", buffering=0) as reader:
            try:
                while piece := reader.read(4096):
                    pieces.append(piece)
            except OSError:  # the other end is closed
                pass
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0)
        return b"".join(pieces).decode()

    def test_what_is_cached_is_not_asked_again(self):
        self.prepare(self.fooled_by_alpha)
        first = self.found("--set", "execution.cache=read_write")
        called = len(self.judge.texts)
        self.assertEqual(self.found("--set", "execution.cache=read_write"), first)
        self.assertEqual(len(self.judge.texts), called)
        self.found("--set", "execution.cache=read_write", "--no-cache")
        self.assertEqual(len(self.judge.texts), 2 * called)

    def test_a_mistake_in_the_attacks_has_its_place(self):
        self.prepare()
        self.write("attacks.yaml", ATTACKS.replace("id: b2", "id: a2"))
        self.assertIn('attacks.yaml:5:5: two attacks have the id "a2"', self.attack(code=2).err)
        self.assertEqual(self.judged("attack", "--attacks", "none.yaml", code=2).out, "")
        self.assertEqual(self.judge.texts, [])

    def test_what_cannot_be_attacked_is_told(self):
        self.prepare()
        self.assertIn('no judge "tonne"; did you mean "tone"?',
                      self.attack("--judge", "tonne", code=2).err)
        ended = self.attack("--set", "task={command: [cat]}", code=2)
        self.assertIn("name a stored run with --run", ended.err)
        self.assertIn("none of the 4 rows is selected",
                      self.attack("--filter", "input = 'nothing'", code=2).err)
        self.prepare(outputs=[None])
        self.assertIn("there is no output to attack", self.attack(code=2).err)
        self.assertEqual(self.assay("judge", "attack").exit_code, 2)
        self.assertEqual(self.judge.texts, [])


if __name__ == "__main__":
    unittest.main()
