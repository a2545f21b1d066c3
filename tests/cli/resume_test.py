"""Runs that ended early go on where they stopped, and budgets end them in time."""

import json
import signal
import time
import unittest

from assay_process import ProcessTestCase
from counting_model import CountingModel, comparable

ROWS = 60


class Resume(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.model = CountingModel(self, latency=0.02)
        self.model.prepare(self, rows=ROWS)

    def start_and_stop(self, with_signal):
        """Stops a run in its middle and waits for its end."""
        process = self.start("run", "spec.yaml")
        while self.model.total() < ROWS // 3:
            time.sleep(0.005)
        process.send_signal(with_signal)
        _, err = process.communicate(timeout=30)
        return process.returncode, err.decode()

    def assert_complete(self, ended, called_twice_max):
        self.assertEqual(ended.exit_code, 0, ended.err)
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual(report["variants"][0]["units"]["scored"], ROWS)
        repeats = sum(calls - 1 for calls in self.model.calls.values())
        self.assertLessEqual(repeats, called_twice_max)
        self.assertEqual(len(self.model.calls), ROWS)
        return report

    def test_a_killed_run_goes_on_and_gives_the_same_report(self):
        self.start_and_stop(signal.SIGKILL)
        ended = self.assay("run", "spec.yaml", "--resume", "latest", "--out", "report.json")
        resumed = self.assert_complete(ended, called_twice_max=4)
        self.assertEqual(resumed["run"]["resumed_from"], resumed["run"]["id"])
        self.assay("run", "spec.yaml", "--out", "whole.json")
        whole = json.loads((self.folder / "whole.json").read_text())
        self.assertIsNone(whole["run"]["resumed_from"])
        self.assertEqual(comparable(resumed), comparable(whole))

    def test_an_interrupted_run_repeats_nothing(self):
        code, err = self.start_and_stop(signal.SIGINT)
        self.assertEqual(code, 130)
        self.assertIn("assay run --resume", err)
        ended = self.assay("run", "--resume", "latest", "--out", "report.json")
        self.assert_complete(ended, called_twice_max=0)

    def test_sigterm_drains_as_ctrl_c_does(self):
        code, _ = self.start_and_stop(signal.SIGTERM)
        self.assertEqual(code, 130)
        ended = self.assay("run", "--resume", "latest", "--out", "report.json")
        self.assert_complete(ended, called_twice_max=0)

    def test_a_new_run_says_that_the_old_one_can_go_on(self):
        self.start_and_stop(signal.SIGKILL)
        unfinished = self.runs()[0]["id"]
        ended = self.assay("run", "spec.yaml")
        self.assertIn(f"assay run --resume {unfinished}", ended.err)
        self.assertNotIn("--resume", self.assay("run", "spec.yaml").err)

    def test_a_run_that_is_alive_cannot_be_taken_over(self):
        process = self.start("run", "spec.yaml")
        while self.model.total() < 5:
            time.sleep(0.005)
        ended = self.assay("run", "--resume", "latest")
        self.assertEqual(process.wait(timeout=30), 0)
        process.communicate()
        self.assertEqual(ended.exit_code, 2, ended.err)
        self.assertIn("being executed by another process", ended.err)
        self.assertEqual(self.model.total(), ROWS)

    def test_what_changed_is_named(self):
        self.start_and_stop(signal.SIGKILL)
        spec = (self.folder / "spec.yaml").read_text()
        for old, new, said in (
            ("[exact_match]", "[exact_match, contains]", "assay rescore"),
            ("{{question}}", "{{question}}!", "prompt"),
            ("local:tiny", "local:other", "task or a variant"),
        ):
            self.write("spec.yaml", spec.replace(old, new))
            ended = self.assay("run", "spec.yaml", "--resume", "latest")
            self.assertEqual(ended.exit_code, 2)
            self.assertIn(said, ended.err)
        self.write("spec.yaml", spec)
        self.write("rows.jsonl", '{"input": {"question": "other"}, "expected_output": "x"}\n')
        ended = self.assay("run", "spec.yaml", "--resume", "latest")
        self.assertIn("the dataset is not what it was", ended.err)

    def test_another_address_is_another_model(self):
        self.start_and_stop(signal.SIGKILL)
        spec = (self.folder / "spec.yaml").read_text()
        other = CountingModel(self)
        moved = spec.replace(self.model.url, other.url)
        for changed, said in (
            (moved, f'was at {self.model.url}/v1/chat/completions and is now at {other.url}'),
            (spec.replace('/v1"', '/v1", options: {top_k: 1}'), 'options of the provider "local"'),
        ):
            self.assertNotEqual(changed, spec)
            self.write("spec.yaml", changed)
            ended = self.assay("run", "spec.yaml", "--resume", "latest")
            self.assertEqual(ended.exit_code, 2)
            self.assertIn(said, ended.err)
        self.assertEqual(other.total(), 0)
        self.write("spec.yaml", spec.replace('/v1"', '/v1", api_key: another'))  # the same model
        ended = self.assay("run", "spec.yaml", "--resume", "latest", "--out", "report.json")
        self.assert_complete(ended, called_twice_max=4)

    def test_another_file_is_another_program(self):
        program = self.write("app.py", """
import json, os, sys
for line in sys.stdin:
    unit = json.loads(line)
    while unit["input"]["question"] == "q9" and not os.path.exists("go"):
        pass
    print(json.dumps({"id": unit["id"], "output": unit["input"]["question"]}), flush=True)
""")
        self.write("spec.yaml", 'experiment: program\ndataset: rows.jsonl\n'
                                'task: {command: [python3, app.py]}\nevaluators: [exact_match]\n'
                                'execution: {concurrency: 1}\n')
        process = self.start("run", "spec.yaml", "--progress", "json")
        for line in process.stderr:
            if b'"unit"' in line:
                break
        process.kill()
        process.communicate()
        self.write("go", "")
        text = program.read_text()
        program.write_text(text + "# changed\n")
        ended = self.assay("run", "--resume", "latest")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("the files of the program `python3 app.py`", ended.err)
        program.write_text(text)
        ended = self.assay("run", "--resume", "latest")
        self.assertEqual(ended.exit_code, 0, ended.err)

    def test_selections_cannot_change(self):
        self.start_and_stop(signal.SIGKILL)
        ended = self.assay("run", "spec.yaml", "--resume", "latest", "--limit", "5")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("keeps the rows", ended.err)

    def test_a_finished_run_has_nothing_left(self):
        self.assay("run", "spec.yaml")
        ended = self.assay("run", "--resume", "latest")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("has all its units", ended.err)

    def test_a_run_whose_units_all_failed_is_not_to_be_resumed(self):
        ended = self.assay("run", "spec.yaml", "--set", "task={recorded: $.nothing}")
        self.assertEqual(ended.exit_code, 4)
        self.assertNotIn("--resume", ended.err)
        self.assertIn("--failed   Then run again: assay run spec.yaml", ended.err)

    def test_selection_and_overrides_are_remembered(self):
        process = self.start("run", "spec.yaml", "--limit", "40", "--set", "repetitions=2",
                             "--set", "task.parameters.temperature=0.5")
        while self.model.total() < 20:
            time.sleep(0.005)
        process.kill()
        process.communicate()
        ended = self.assay("run", "--resume", "latest", "--out", "report.json")
        self.assertEqual(ended.exit_code, 0, ended.err)
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual(report["variants"][0]["units"]["scored"], 80)
        self.assertTrue(report["partial"])


class Budgets(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.model = CountingModel(self)
        self.model.prepare(self, rows=ROWS)

    def test_calls(self):
        ended = self.assay("run", "spec.yaml", "--set", "execution.budget.calls=10")
        self.assertEqual(ended.exit_code, 4)
        self.assertIn("budget of 10 calls is used up", ended.err)
        self.assertEqual(self.model.total(), 10)
        more = self.assay("run", "--resume", "latest", "--set", "execution.budget.calls=25")
        self.assertEqual(more.exit_code, 4)
        self.assertEqual(self.model.total(), 25)
        rest = self.assay("run", "--resume", "latest", "--set", "execution.budget.calls=1000",
                          "--out", "report.json")
        self.assertEqual(rest.exit_code, 0, rest.err)
        self.assertEqual(self.model.total(), ROWS)

    def test_cost(self):
        """A call costs $0.002; four are in flight before the first one's price is known."""
        ended = self.assay("run", "spec.yaml", "--budget-usd", "0.05", "--out", "report.json")
        self.assertEqual(ended.exit_code, 4)
        self.assertIn("budget of $0.05", ended.err)
        report = json.loads((self.folder / "report.json").read_text())
        paid = report["variants"][0]["paid_usd"]
        self.assertAlmostEqual(paid, self.model.total() * 0.002)
        self.assertGreater(paid, 0.04)
        self.assertLessEqual(paid, 0.05 + 4 * 0.002)
        counts = report["variants"][0]["units"]
        self.assertEqual(counts["scored"] + counts["skipped"], ROWS)

    def test_tokens(self):
        ended = self.assay("run", "spec.yaml", "--set", "execution.budget.tokens=300")
        self.assertEqual(ended.exit_code, 4)
        self.assertLessEqual(self.model.total() * 15, 300 + 4 * 15)

    def test_wall_time(self):
        self.model.latency = 0.1
        ended = self.assay("run", "spec.yaml", "--set", "execution.budget.wall_time=300ms")
        self.assertEqual(ended.exit_code, 4)
        self.assertIn("of time is over", ended.err)

    def test_a_price_that_nobody_knows_is_named(self):
        spec = (self.folder / "spec.yaml").read_text()
        self.write("spec.yaml", spec.replace(", price: {input: 100, output: 200}", ""))
        ended = self.assay("run", "spec.yaml", "--budget-usd", "0.05")
        self.assertEqual(ended.exit_code, 0)
        self.assertIn("local:tiny", ended.err)
        self.assertIn("price", ended.err)


if __name__ == "__main__":
    unittest.main()
