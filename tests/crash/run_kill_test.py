"""`assay run` is killed again and again, and `assay run --resume` goes on: nothing that was
finished is asked again, and the report is that of a run nobody disturbed."""

import json
import os
import random
import re
import signal
import sqlite3
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from assay_process import ProcessTestCase  # noqa: E402
from watched_model import WatchedModel  # noqa: E402

ITEMS = 300
RUNS = 20
KILLS_A_RUN = 5
CONCURRENCY = 8
# Units that were begun and are not committed: those whose call is under way.
IN_FLIGHT = CONCURRENCY
QUESTIONS = [f"question {number}" for number in range(ITEMS)]

SPEC = """experiment: endurance
providers:
  local: {type: openai-compatible, base_url: "%URL%/v1", price: {input: 2.0, output: 8.0}}
dataset: {file: rows.jsonl, id: $.id, input: $.input, expected_output: $.expected_output}
task:
  provider: local:tiny
  prompt: [{role: user, content: "{{input}}"}]
evaluators:
  - exact_match
  - {name: closeness, type: levenshtein}
gates: ["exact_match >= 0.5", "closeness >= 0.5"]
execution: {concurrency: %CONCURRENCY%}
"""


def answer(question):
    """Wrong for every third item, so that the scores differ."""
    number = int(question.removeprefix("question "))
    return f"answer {number}" if number % 3 else f"no idea about {number}"


def masked(value, key=""):
    """A report without what may differ: run.*, ids, times, calls and what was paid."""
    if key in ("run", "calls", "paid_usd", "latency_ms") or re.search(r"(^|_)(id|ms)$", key):
        return None
    if isinstance(value, dict):
        return {name: masked(member, name) for name, member in value.items()}
    if isinstance(value, list):
        return [masked(member) for member in value]
    return value


class RunKill(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("ASSAY_SEED", random.randrange(2**32)))
        print(f"ASSAY_SEED={self.seed}", file=sys.stderr)
        self.random = random.Random(self.seed)
        self.model = WatchedModel(answer, delay=0.002)
        self.model.start()
        self.addCleanup(self.model.stop)
        self.write("spec.yaml", SPEC.replace("%URL%", self.model.url)
                   .replace("%CONCURRENCY%", str(CONCURRENCY)))
        self.write("rows.jsonl", "".join(
            json.dumps({"id": f"item-{i}", "input": question,
                        "expected_output": f"answer {i}"}) + "\n"
            for i, question in enumerate(QUESTIONS)))
        self.most_repeated = 0

    def run_to_end(self, *arguments):
        ended = self.assay("run", *arguments, "--out", "report.json", "--out", "items.jsonl",
                           "--quiet")
        self.assert_no_crash(ended)
        self.assertIn(ended.exit_code, (0, 1), ended.err)
        return ended.exit_code, self.outputs()

    def outputs(self):
        """The report and the items as bytes, aside from what may differ."""
        report = json.loads((self.folder / "report.json").read_text())
        items = (self.folder / "items.jsonl").read_text().splitlines()
        return json.dumps([masked(report), [masked(json.loads(item)) for item in items]])

    def stored(self):
        """The questions whose units are in the store."""
        with sqlite3.connect(self.folder / ".assay" / "assay.db") as store:
            run, = store.execute("SELECT max(run) FROM runs").fetchone()
            rows = store.execute(
                "SELECT i.id FROM run_items r JOIN dataset_runs d USING(dataset_run) "
                "JOIN item_versions v USING(item_version) JOIN items i USING(item) "
                "WHERE d.run = ?", (run,)).fetchall()
        return {str(name).replace("item-", "question ") for name, in rows}

    def kill_at(self, process, number, moment):
        """Kills the process at call `number`: when it arrives, when its reply is sent, or later."""
        def kill():
            process.send_signal(signal.SIGKILL)

        def on_call(called):
            if called == number and moment == "called":
                kill()

        def on_reply(replied):
            if replied != number or moment == "called":
                return
            if moment == "replied":
                kill()
            else:
                self.model.loop.call_later(self.random.uniform(0, 0.003), kill)

        self.model.on_call, self.model.on_reply = on_call, on_reply

    def run_and_kill(self, command, progress, moment):
        """Runs until so many items have been asked. @return whether that call is lost."""
        calls = self.model.calls
        calls_before = len(calls)
        stored_before = self.stored() if calls else set()
        repeats = len(set(calls) - stored_before)
        ahead = repeats + max(1, progress - len(set(calls)))
        number = len(calls) + min(ahead, ITEMS - len(stored_before))
        process = self.start(*command, "--quiet")
        self.kill_at(process, number, moment)
        _, err = process.communicate(timeout=60)
        self.model.wait_until_alone()
        self.model.on_call = self.model.on_reply = None
        self.assertEqual(process.returncode, -signal.SIGKILL, err.decode())

        stored = self.stored()
        asked = calls[calls_before:]
        self.assertEqual(len(asked), len(set(asked)), "asked twice by one process")
        self.assertFalse(stored_before & set(asked), "a finished unit was asked again")
        self.assertLessEqual(stored_before, stored, "a finished unit was lost")
        self.most_repeated = max(self.most_repeated, len(set(calls) - stored))
        return calls[number - 1] not in stored

    def test_a_hundred_kills(self):
        undisturbed = self.run_to_end("spec.yaml")
        self.assertEqual(sorted(self.model.calls), sorted(QUESTIONS))
        began = time.monotonic()
        kills = 0
        lost_replies = 0
        for run in range(RUNS):
            self.model.calls.clear()
            command = ["run", "spec.yaml"]
            for at in range(KILLS_A_RUN):
                # Over all runs every third item is hit once.
                progress = 1 + 3 * run + at * ITEMS // KILLS_A_RUN
                moment = ("replied", "called", "later")[kills % 3]
                is_lost = self.run_and_kill(command, progress, moment)
                lost_replies += is_lost and moment == "replied"
                kills += 1
                command = ["run", "--resume", "latest"]
            stored_before = self.stored()
            calls_before = len(self.model.calls)
            self.assertEqual(self.run_to_end("--resume", "latest"), undisturbed)
            asked = self.model.calls[calls_before:]
            self.assertEqual(sorted([*asked, *stored_before]), sorted(QUESTIONS))
        print(f"{kills} kills in {time.monotonic() - began:.0f} s, {lost_replies} between a reply "
              f"and its commit; at most {self.most_repeated} calls were repeated", file=sys.stderr)
        self.assertEqual(kills, 100)
        self.assertGreaterEqual(lost_replies, 20)
        self.assertLessEqual(self.most_repeated, IN_FLIGHT)


if __name__ == "__main__":
    unittest.main()
