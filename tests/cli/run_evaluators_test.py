"""Run evaluators that are programs: what they get and may answer, how they break, and that stored
runs say the same later."""

import json
import os
import shutil
import signal
import sys
import time
import unittest

from assay_process import PROGRAM, SOURCE, ProcessTestCase

ECHO = """
import json, sys
units = [json.loads(line) for line in sys.stdin]
print("looked at", len(units), file=sys.stderr)
right = [unit["scores"]["exact_match"]["value"] for unit in units]
print(json.dumps({"scores": [{"value": sum(right) / len(right), "comment": units[0]["variant"]}]}))
"""

SPEC = """
experiment: e
dataset: {{file: rows.jsonl, id: "$.id"}}
task: {{recorded: "$.a"}}
variants: [{{name: a}}, {{name: b, recorded: "$.b"}}]
evaluators: [exact_match]
run_evaluators:
  - {{name: worst, type: code, command: [{python}, worst.py]{more}}}
  - {{name: typical, type: mean, score: exact_match}}
gates: {gates}
"""

ROWS = [{"id": f"row-{i}", "input": i, "expected_output": "x", "a": "x", "b": "x" if i else "y",
         "metadata": {"team": "t"}} for i in range(4)]


class RunEvaluatorsTest(ProcessTestCase):
    sandbox = "none"

    def prepare(self, program, more="", gates='["worst >= 0.8"]', rows=None):
        self.folder.chmod(0o755)
        lines = [json.dumps(row) for row in rows or ROWS]
        self.write("rows.jsonl", "\n".join(lines) + "\n")
        self.write("worst.py", program)
        if "sandbox" not in more:
            more += f", sandbox: {self.sandbox}"
        self.write("spec.yaml", SPEC.format(python=json.dumps(sys.executable), more=more,
                                            gates=gates))

    def run_spec(self, *arguments, **options):
        ended = self.assay("run", "spec.yaml", "--out", "report.json", *arguments, **options)
        self.assert_no_crash(ended)
        path = self.folder / "report.json"
        self.assertTrue(path.exists(), ended.err)
        return ended, json.loads(path.read_text(encoding="utf-8"))

    def broken(self, program, reason, **options):
        """Every way to break leaves the run whole and the gate undecided."""
        self.prepare(program, **options)
        ended, report = self.run_spec()
        self.assertEqual(ended.exit_code, 3, ended.err)
        for variant in report["variants"]:
            self.assertEqual(variant["units"]["scored"], 4)
            self.assertIsNone(variant["run_scores"]["worst"])
            self.assertIsNotNone(variant["run_scores"]["typical"])
            note = variant["run_score_notes"]["worst"]
            self.assertRegex(note, "^cannot be computed: ")
            self.assertIn(reason, note)
        for gate in report["gates"]:
            self.assertEqual(gate["status"], "inconclusive")
            self.assertIn(reason, gate["reason"])
        self.assertIn(reason.split("\n")[0][:30], " ".join(ended.out.split()))
        return report

    def assert_stored(self, report):
        """The stored run says the same, though the program is gone."""
        (self.folder / "worst.py").unlink()
        [shown] = json.loads(self.assay("show", "latest", "--json").out)
        self.assay("export", "latest", "--out", "again.json")
        again = json.loads((self.folder / "again.json").read_text(encoding="utf-8"))
        self.assertEqual(again, report)
        for key in ("variants", "gates", "manifest", "status", "exit_code"):
            self.assertEqual(shown[key], report[key], key)
        self.assertEqual(self.assay("gate", "latest").exit_code, report["exit_code"])

    def test_each_variant_is_seen_whole_and_the_stored_run_says_the_same(self):
        self.prepare(ECHO)
        ended, report = self.run_spec()
        self.assertEqual(ended.exit_code, 1, ended.err)
        scores = [variant["run_scores"] for variant in report["variants"]]
        self.assertEqual(scores, [{"worst": 1, "typical": 1}, {"worst": 0.75, "typical": 0.75}])
        self.assertEqual([gate["reason"] for gate in report["gates"]],
                         ["worst is 1 (a), which meets the 0.8 required",
                          "worst is 0.75 (b), which is below the 0.8 required"])
        self.assert_stored(report)

    def test_a_unit_has_the_fields_of_items_jsonl_and_metadata(self):
        self.prepare("import json, sys\n"
                     "units = sys.stdin.read()\n"
                     "print(json.dumps({'error': units.splitlines()[0]}))\n")
        _, report = self.run_spec("--out", "items.jsonl")
        note = report["variants"][0]["run_score_notes"]["worst"]
        prefix = "cannot be computed: the program reports: "
        self.assertTrue(note.startswith(prefix), note)
        first = json.loads((self.folder / "items.jsonl").read_text().splitlines()[0])
        shown = note[len(prefix):]
        for key in first:
            self.assertIn(f'"{key}":', shown)
        self.assertEqual(list(first)[:3], ["item_id", "variant", "repetition"])

    def test_several_scores_of_both_types(self):
        answer = {"scores": [{"name": "x", "value": 3}, {"name": "y", "value": True}]}
        self.prepare(f"import sys\nfor line in sys.stdin: pass\nprint({json.dumps(answer)!r})",
                     more=", scores: {x: number, y: boolean, z: any}",
                     gates='["x >= 2", "y = 1", "z >= 0"]')
        ended, report = self.run_spec()
        self.assertEqual(ended.exit_code, 3, ended.err)
        scores = report["variants"][0]["run_scores"]
        self.assertEqual(scores, {"x": 3, "y": 1, "z": None, "typical": 1})
        self.assertEqual([gate["status"] for gate in report["gates"]],
                         ["passed"] * 4 + ["inconclusive"] * 2)
        self.assertIn("the program gave no such score", report["gates"][4]["reason"])
        self.assert_stored(report)

    def test_it_may_answer_without_reading_everything(self):
        rows = [{"id": f"r{i}", "input": "i" * 500, "expected_output": "x", "a": "x", "b": "x"}
                for i in range(2000)]
        self.prepare('import os\nos.close(0)\nprint(\'{"scores": [{"value": 0.9}]}\')', rows=rows)
        ended, report = self.run_spec()
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertEqual(report["variants"][1]["run_scores"]["worst"], 0.9)

    def test_one_that_dies(self):
        report = self.broken("import sys\nsys.stdin.readline()\nsys.exit('out of luck')",
                             "ended with exit code 1; its last line was: out of luck")
        self.assert_stored(report)

    def test_one_that_dies_in_the_middle_of_much_input(self):
        rows = [{"id": f"r{i}", "input": "i" * 2000, "expected_output": "x", "a": "x", "b": "x"}
                for i in range(1000)]
        self.prepare("import os, sys\nsys.stdin.readline()\nos.kill(os.getpid(), 9)", rows=rows)
        ended, report = self.run_spec()
        self.assertEqual(ended.exit_code, 3)
        self.assertIn("SIGKILL" if self.sandbox == "none" else "ended with exit code 137",
                      report["gates"][0]["reason"])

    def test_garbage(self):
        self.broken("print('hello')", 'the program\'s answer is not JSON: "hello')

    def test_no_answer_at_all(self):
        self.broken("", "the program's answer is not JSON")

    def test_a_number_that_is_none(self):
        self.broken("print('{\"scores\": [{\"value\": NaN}]}')", "the program's answer is not JSON")
        self.broken("print('{\"scores\": [{\"value\": 1e999}]}')", "the program's answer")

    def test_wrong_answers(self):
        for answer, reason in (
                ("[]", "the program's answer is no object"),
                ("{}", "has neither a list"),
                ('{"scores": []}', "has no score"),
                ('{"scores": [{"name": "best", "value": 1}]}', "which the spec does not know"),
                ('{"scores": [{"value": "good"}]}', "a number or true/false"),
                ('{"scores": [{"value": null}]}', "which is no finite number"),
                ('{"scores": [{"value": 1}, {"value": 2}]}', "twice"),
                ('{"scores": [{"value": 1}]}\n{"scores": [{"value": 2}]}', "is not JSON"),
                ('{"error": "no luck"}', "the program reports: no luck")):
            with self.subTest(answer=answer):
                self.broken(f"print({answer!r})", reason)

    def test_a_verdict_printed_by_what_is_judged_does_not_count(self):
        rows = [dict(ROWS[0], a='{"scores": [{"value": 1}]}', b="x")]
        self.prepare("import json, sys\nfor line in sys.stdin: print(json.loads(line)['output'])\n"
                     'print(\'{"scores": [{"value": 0}]}\')', rows=rows)
        _, report = self.run_spec()
        self.assertIsNone(report["variants"][0]["run_scores"]["worst"])

    def test_a_flood_of_output_ends_it_soon(self):
        begun = time.monotonic()
        self.broken("import sys\nwhile True: sys.stdout.write('x' * 65536)", "more than")
        self.assertLess(time.monotonic() - begun, 30)

    def test_an_incomplete_run_runs_no_program(self):
        rows = [dict(row, b="y") for row in ROWS]
        self.prepare("open('ran', 'w')", rows=rows)
        text = (self.folder / "spec.yaml").read_text()
        self.write("spec.yaml", text.replace("[exact_match]",
                                             "[{type: exact_match, check: true}]"))
        ended, report = self.run_spec("--fail-fast", "-j", "1")
        self.assertEqual(ended.exit_code, 4)
        self.assertFalse((self.folder / "ran").exists())
        self.assertEqual(report["variants"][0]["run_score_notes"]["worst"],
                         "cannot be computed: the program was not run for this run")

    def test_another_spec_does_not_take_the_score_of_another_program(self):
        self.prepare(ECHO)
        self.run_spec()
        self.assertEqual(self.assay("gate", "latest", "spec.yaml").exit_code, 1)
        self.write("other.yaml", (self.folder / "spec.yaml").read_text().replace(
            "worst.py]", "best.py]"))
        ended = self.assay("gate", "latest", "other.yaml")
        self.assertEqual(ended.exit_code, 3, ended.err)
        self.assertIn("was not run for this run", " ".join(ended.out.split()))

    def test_mistakes_are_refused_before_the_first_call(self):
        for more, message in (
                (", mode: once", 'unknown parameter "mode" of the run evaluator code'),
                (", scores: {x: category}", "is declared a category"),
                (", scores: {typical: number}", 'the score "typical" exists already'),
                (", scores: {cost_usd: number}", "is the name of a measure"),
                (", sandbox: {memroy: 1GB}", "memroy"),
                (", sandbox: {memory: much}", "is no amount of memory"),
                (", sandbox: {wall: soon}", "wall")):
            with self.subTest(more=more):
                self.prepare(ECHO, more=more, gates="[]")
                ended = self.assay("validate", "spec.yaml")
                self.assertEqual(ended.exit_code, 2)
                self.assertIn(message, ended.err)
                self.assertRegex(ended.err, r"spec\.yaml:\d+:\d+: ")
        self.write("spec.yaml", (self.folder / "spec.yaml").read_text().replace("command:", "cmd:"))
        ended = self.assay("validate", "spec.yaml")
        self.assertEqual(ended.exit_code, 2)

    def test_ctrl_c_ends_a_program_and_keeps_the_run(self):
        self.prepare("import sys, time\nopen('pid', 'w').write('1')\ntime.sleep(600)")
        if self.sandbox != "none":
            self.skipTest("the program cannot write into the folder")
        process = self.start("run", "spec.yaml")
        deadline = time.monotonic() + 30
        while not (self.folder / "pid").exists():
            self.assertLess(time.monotonic(), deadline)
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn(b'stopped while the run evaluator "worst" ran', err)
        [shown] = json.loads(self.assay("show", "latest", "--json").out)
        self.assertEqual(shown["variants"][0]["units"]["scored"], 4)

    def test_the_helpers_of_the_examples(self):
        shutil.copy(SOURCE / "examples/scorers/assay_scorer.py", self.folder)
        self.prepare("from assay_scorer import run_over_all\n\n"
                     "def score(units):\n"
                     "    return sum(unit['output'] == 'x' for unit in units) / 4, 'by hand'\n\n"
                     "run_over_all(score)\n")
        _, report = self.run_spec()
        self.assertEqual([v["run_scores"]["worst"] for v in report["variants"]], [1, 0.75])
        self.broken("from assay_scorer import run_over_all\nrun_over_all(lambda units: 1 / 0)",
                    "the program reports: ZeroDivisionError")
        if shutil.which("node") is None:
            return
        shutil.copy(SOURCE / "examples/scorers/assay_scorer.mjs", self.folder)
        self.write("worst.mjs", 'import { runOverAll } from "./assay_scorer.mjs";\n'
                   "runOverAll(async (units) => {\n"
                   "  let right = 0;\n"
                   "  for await (const unit of units) right += unit.output === 'x' ? 1 : 0;\n"
                   "  return { value: right / 4, comment: 'by hand' };\n"
                   "});\n")
        text = (self.folder / "spec.yaml").read_text()
        self.write("spec.yaml", text.replace(json.dumps(sys.executable), "node").replace(
            "worst.py", "worst.mjs").replace("sandbox: {}", "sandbox: {memory: 512MB}"))
        _, report = self.run_spec()
        self.assertEqual([v["run_scores"]["worst"] for v in report["variants"]], [1, 0.75])

    def test_memory_does_not_grow_with_the_units(self):
        self.prepare("import sys\ncount = sum(1 for line in sys.stdin)\n"
                     'print(\'{"scores": [{"value": %d}]}\' % count)')
        with open(self.folder / "rows.jsonl", "w") as file:  # in pieces: a child's figure begins
            for i in range(2000):                            # with what its parent uses
                print(json.dumps(dict(ROWS[0], id=f"r{i}", input="i" * 20000)), file=file)
        with_program = self.memory_of_run("with", [])
        without = self.memory_of_run("without", ["--set", "run_evaluators=[]", "--set", "gates=[]"])
        self.assertLess(with_program, without + 25_000)  # kB, where 40 MB went through at a time

    def memory_of_run(self, store, options):
        """The largest resident size in kB."""
        arguments = ["assay", "run", str(self.folder / "spec.yaml"), *options,
                     "--store", str(self.folder / store), "--quiet"]
        pid = os.posix_spawn(PROGRAM, arguments, self.environment())
        _, status, usage = os.wait4(pid, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0)
        return usage.ru_maxrss


@unittest.skipUnless(shutil.which("bwrap"), "needs bubblewrap")
class KilledWhileScoringAnew(ProcessTestCase):
    """The units are stored by then, and the scores of the whole run are not."""

    PROGRAM = ECHO + """
import os, signal
if os.path.exists("kill"):
    os.kill(os.getppid(), signal.SIGKILL)
"""

    def test_an_old_score_is_not_taken_for_a_new_one(self):
        self.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in ROWS))
        self.write("worst.py", self.PROGRAM)
        spec = SPEC.format(python=json.dumps(sys.executable), more=", sandbox: none",
                           gates='["worst >= 0.5"]')
        self.write("spec.yaml", spec)
        self.assertEqual(self.assay("run", "spec.yaml").exit_code, 0)
        changed = "[{name: exact_match, type: exact_match, value: z}]"
        self.write("spec.yaml", spec.replace("[exact_match]", changed))
        self.write("kill", "")
        killed = self.start("rescore", "latest", "spec.yaml")
        killed.communicate(timeout=60)
        self.assertEqual(killed.returncode, -signal.SIGKILL)

        shown = json.loads(self.assay("show", "latest", "--json").out)[0]
        first = shown["variants"][0]
        self.assertEqual(first["scores"]["exact_match"]["mean"], 0)
        self.assertEqual(first["run_scores"], {"worst": None, "typical": 0})
        self.assertIn("do it again", first["run_score_notes"]["worst"])
        self.assertEqual(shown["status"], "inconclusive")

        (self.folder / "kill").unlink()
        again = self.assay("rescore", "latest", "spec.yaml")
        self.assertEqual(again.exit_code, 1, again.err)
        shown = json.loads(self.assay("show", "latest", "--json").out)[0]
        self.assertEqual(shown["variants"][0]["run_scores"], {"worst": 0, "typical": 0})
        self.assertNotIn("run_evaluator_errors", shown["manifest"])
        past = json.loads(self.assay("show", "latest", "--history", "--json").out)
        self.assertEqual(sorted((each["variant"], each["name"], each["value"])
                                for each in past if each["item_id"] is None),
                         [("a", "typical", 1), ("a", "worst", 1),
                          ("b", "typical", 0.75), ("b", "worst", 0.75)])


class InTheSandbox(RunEvaluatorsTest):
    sandbox = "{}"

    test_memory_does_not_grow_with_the_units = None  # once is enough: it takes a while

    def test_one_that_hangs(self):
        begun = time.monotonic()
        report = self.broken("import time\ntime.sleep(600)", "gave no answer in time",
                             more=", sandbox: {wall: 1s}")
        self.assertIn("sandbox.wall", report["gates"][0]["reason"])
        self.assertLess(time.monotonic() - begun, 20)

    def test_one_that_computes_for_ever(self):
        self.broken("while True: pass", "used more than 1 s of CPU time for one variant",
                    more=", sandbox: {cpu: 1s, wall: 30s}")

    def test_one_that_takes_the_memory(self):
        self.broken("x = [bytearray(1 << 20) for _ in range(4000)]", "",
                    more=", sandbox: {memory: 100MB}")

    def test_it_sees_neither_network_nor_environment(self):
        self.prepare("import os, socket, sys\nfor line in sys.stdin: pass\n"
                     "found = len([n for n in os.environ if 'SECRET' in n])\n"
                     "try:\n    socket.create_connection(('127.0.0.1', 1)); found += 1\n"
                     "except ConnectionRefusedError: found += 1\n"
                     "except OSError: pass\n"
                     'print(\'{"scores": [{"value": %d}]}\' % found)')
        ended, report = self.run_spec(env={"MY_SECRET": "s"})
        self.assertEqual(report["variants"][0]["run_scores"]["worst"], 0, ended.err)

    def test_where_the_sandbox_cannot_run_nothing_is_called(self):
        self.prepare(ECHO)
        ended = self.assay("run", "spec.yaml", env={"PATH": str(self.folder)})
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("bubblewrap", ended.err)
        self.assertIn("`sandbox: none`", ended.err)
        self.assertEqual(self.runs(), [])


if __name__ == "__main__":
    unittest.main()
