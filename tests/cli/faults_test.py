"""Providers that fail in every way a socket can: the real program against the TCP gate."""

import itertools
import json
import random
import socket
import sys
import threading
import unittest

from assay_process import SOURCE, ProcessTestCase

sys.path.insert(0, str(SOURCE / "tests" / "support"))
from tcp_gate import TcpGate  # noqa: E402  (found only after the line above)

SPEC = """experiment: faults
providers:
  local: {type: openai-compatible, base_url: "%URL%/v1", price: {input: 2.0, output: 8.0}}
dataset: rows.jsonl
task:
  provider: local:tiny
  prompt: "{{question}}"
  timeout: %TIMEOUT%
  parameters: {stream: %STREAM%}
evaluators: [exact_match]
gates: ["exact_match >= 0.9"]
execution: {concurrency: 64, retries: %RETRIES%, unit_deadline: %DEADLINE%}
"""

SERVICE_TASK = """task:
  http: {url: "%URL%/answer", body: {messages: [{content: "{{question}}"}]},
         output: "$.choices[0].message.content"}
  timeout: %TIMEOUT%
"""

# What passes when it is tried again.
TRANSIENT = (
    "close", "reset", "stall", "stall_after_head", "byte_a_second", "cut", "cut_in_head", "garbage",
    "length_too_long", "length_too_short", "429_seconds", "429_date", "500", "502", "503", "529",
    "malformed_json", "empty_choices", "invalid_utf8", "cut_stream", "ended_stream",
    "error_in_stream",
)
# What each says to people when it stays: a word of the message.
PERMANENT = {
    "close": "without an answer",
    "reset": "the connection",
    "stall": "no complete answer",
    "stall_after_head": "no complete answer",
    "byte_a_second": "no complete answer",
    "cut": "broke before the answer was complete",
    "cut_in_head": "broke before the answer was complete",
    "garbage": "did not answer in HTTP",
    "length_too_long": "broke before the answer was complete",
    "length_too_short": "not valid JSON",
    "500": "internal error",
    "502": "(502)",
    "503": "unavailable",
    "529": "overloaded",
    "malformed_json": "not valid JSON",
    "empty_choices": "no choices",
    "invalid_utf8": "not valid JSON",
    "cut_stream": "broke before the answer was complete",
    "ended_stream": "ended before the answer was complete",
    "error_in_stream": "overloaded",
    "html": "HTML",
    "huge": "larger than 20 MB",
    "400": "no such tool",
}
NOT_RETRIED = {"html", "huge", "400"}


class Faults(ProcessTestCase):
    def run_through(self, gate, prompts, url=None, timeout="1s", retries=4, deadline="30s",
                    stream=False, spec=SPEC):
        """Runs a spec with one item a prompt; every unit must have a final state in the report."""
        for name, value in (("URL", url or gate.url), ("TIMEOUT", timeout), ("RETRIES", retries),
                            ("DEADLINE", deadline), ("STREAM", str(stream).lower())):
            spec = spec.replace(f"%{name}%", str(value))
        self.write("spec.yaml", spec)
        self.write("rows.jsonl", "".join(
            json.dumps({"id": prompt, "input": {"question": prompt},
                        "expected_output": f"Answer to {prompt}"}) + "\n" for prompt in prompts))
        ended = self.assay("run", "spec.yaml", "--out", "report.json", "--out", "items.jsonl")
        self.assert_no_crash(ended)
        self.report = json.loads((self.folder / "report.json").read_text())
        items = [json.loads(x) for x in (self.folder / "items.jsonl").read_text().splitlines()]
        self.items = {item["input"]["question"]: item for item in items}
        self.variant = self.report["variants"][0]
        self.units = self.variant["units"]
        states = ("scored", "failed", "unscored", "skipped")
        self.assertEqual(self.units["planned"], len(prompts))
        self.assertEqual(sum(self.units[state] for state in states), len(prompts))
        self.assertEqual(len(items), len(prompts))
        return ended

    def assert_ended_by(self, seconds):
        """All units ran at a time, so that the run took as long as the longest of them."""
        self.assertLess(self.report["run"]["wall_ms"], seconds * 1000)

    def gate(self, script):
        gate = TcpGate(script)
        self.addCleanup(gate.close)
        return gate

    def assert_all_scored(self, ended):
        failed = {prompt: item["error"] for prompt, item in self.items.items()
                  if item["status"] != "scored"}
        self.assertEqual(failed, {})
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertEqual(self.variant["scores"]["exact_match"]["mean"], 1)

    def test_200_units_with_13_percent_single_faults_all_succeed(self):
        for stream in (False, True):
            with self.subTest(stream=stream):
                prompts = [f"question {i}" for i in range(200)]
                faulty = [prompt for i, prompt in enumerate(prompts) if i * 13 % 100 < 13]
                self.assertEqual(len(faulty), 26)
                faults = {prompt: TRANSIENT[i % len(TRANSIENT)] for i, prompt in enumerate(faulty)}
                gate = self.gate(lambda prompt, attempt, faults=faults:
                                 faults.get(prompt) if attempt == 1 else None)
                ended = self.run_through(gate, prompts, stream=stream, timeout="4s")
                self.assert_all_scored(ended)
                again = {prompt for prompt, count in gate.attempts.items() if count > 1}
                self.assertEqual(again, set(faulty))
                self.assertEqual(sum(gate.attempts.values()), 226)
                self.assertEqual(self.variant["calls"]["retried"], len(faulty))
                self.assertEqual(self.variant["tokens"]["total"], 200 * 25)

    def test_every_transient_fault_may_come_twice(self):
        gate = self.gate(lambda prompt, attempt: prompt if attempt <= 2 else None)
        ended = self.run_through(gate, TRANSIENT)
        self.assert_all_scored(ended)
        self.assertEqual(set(gate.attempts.values()), {3})

    def test_a_service_is_tried_again_like_a_model(self):
        # Its streams have no end that could be missing, and another form of answer is no fault.
        others = ("cut_stream", "ended_stream", "error_in_stream", "empty_choices")
        faults = [fault for fault in TRANSIENT if fault not in others]
        gate = self.gate(lambda prompt, attempt: prompt if attempt == 1 else None)
        spec = SPEC[:SPEC.index("task:")] + SERVICE_TASK + SPEC[SPEC.index("evaluators:"):]
        ended = self.run_through(gate, faults, spec=spec)
        self.assert_all_scored(ended)
        self.assertEqual(set(gate.attempts.values()), {2})

    def test_bursts_of_overload_pass(self):
        codes = itertools.cycle(("500", "502", "503", "529"))
        bad = threading.Semaphore(60)  # the server is overloaded for so many requests
        gate = self.gate(lambda prompt, attempt:
                         next(codes) if bad.acquire(blocking=False) else None)
        ended = self.run_through(gate, [str(i) for i in range(100)])
        self.assert_all_scored(ended)
        self.assertEqual(self.variant["calls"]["retried"], 60)
        self.assertEqual(sum(gate.attempts.values()), 160)

    def test_a_server_that_restarts_is_waited_for(self):
        gate = self.gate(lambda prompt, attempt:
                         "restart" if prompt == "0" and attempt == 1 else None)
        ended = self.run_through(gate, [str(i) for i in range(100)])
        self.assert_all_scored(ended)
        self.assertGreaterEqual(self.variant["calls"]["retried"], 1)

    def test_what_stays_ends_as_failed_with_a_clear_message(self):
        gate = self.gate(lambda prompt, attempt: prompt)
        ended = self.run_through(gate, PERMANENT, timeout="500ms", retries=1, deadline="5s")
        self.assertEqual(ended.exit_code, 4, ended.err)
        self.assertEqual(self.units["failed"], len(PERMANENT))
        for fault, said in PERMANENT.items():
            with self.subTest(fault=fault):
                item = self.items[fault]
                self.assertIn(said, item["error"])
                self.assertEqual(item["scores"], {})
                self.assertNotIn("\n", item["error"])
                expected = 1 if fault in NOT_RETRIED else 2
                self.assertEqual(gate.attempts[fault], expected)
        self.assert_ended_by(6)

    def test_no_unit_outlasts_its_deadline(self):
        endless = ("stall", "stall_after_head", "byte_a_second", "503", "close", "429_seconds",
                   "cut_stream")
        gate = self.gate(lambda prompt, attempt: prompt)
        self.run_through(gate, endless, timeout="60s", retries=50, deadline="2s")
        self.assertEqual(self.units["failed"], len(endless))
        self.assert_ended_by(3)

    def test_a_wait_that_the_deadline_does_not_allow_is_not_begun(self):
        gate = self.gate(lambda prompt, attempt: "429_for_an_hour")
        ended = self.run_through(gate, ["a"], deadline="60s")
        self.assertEqual(ended.exit_code, 4)
        self.assertIn("slow down", self.items["a"]["error"])
        self.assertEqual(gate.attempts["a"], 1)
        self.assert_ended_by(5)

    def test_retry_after_is_waited_for_in_both_forms(self):
        gate = self.gate(lambda prompt, attempt: prompt if attempt == 1 else None)
        ended = self.run_through(gate, ("429_seconds", "429_date"))
        self.assert_all_scored(ended)
        for prompt in ("429_seconds", "429_date"):  # the date is 1 to 2 s on, in whole seconds
            first, second = gate.times[prompt]
            self.assertGreaterEqual(second - first, 0.95)

    def test_half_of_the_units_failing_leaves_the_others_as_they_are(self):
        seed = int(self.environment().get("ASSAY_SEED", random.randrange(2**32)))
        kinds = random.Random(seed)
        prompts = [str(i) for i in range(60)]
        faults = {prompt: kinds.choice(sorted(PERMANENT)) for prompt in prompts[::2]}
        gate = self.gate(lambda prompt, attempt: faults.get(prompt))
        ended = self.run_through(gate, prompts, timeout="500ms", retries=1, deadline="5s")
        with self.subTest(seed=seed):
            self.assertEqual(ended.exit_code, 3, ended.err)  # coverage is too small to decide
            self.assertEqual(self.units["failed"], 30)
            self.assertEqual(self.units["scored"], 30)
            self.assertEqual(self.variant["scores"]["exact_match"]["mean"], 1)
            self.assertEqual(self.variant["scores"]["exact_match"]["count"], 30)
            self.assert_ended_by(6)

    def test_no_unit_gets_the_answer_to_another(self):
        gate = self.gate(lambda prompt, attempt: "answer_to_nobody" if attempt == 1 else None)
        spec = SPEC.replace("concurrency: 64", "concurrency: 4")
        ended = self.run_through(gate, [str(i) for i in range(60)], spec=spec)
        self.assert_all_scored(ended)

    def test_tls_that_never_answers_ends_by_the_deadline(self):
        gate = self.gate(lambda prompt, attempt: None)
        ended = self.run_through(gate, ["a", "b", "c"], url=gate.url.replace("http:", "https:"),
                                 timeout="60s", deadline="2s")
        self.assertEqual(ended.exit_code, 4)
        self.assertEqual(self.units["failed"], 3)
        self.assertEqual(dict(gate.attempts), {})
        self.assert_ended_by(3)

    def test_a_port_where_nobody_listens_is_named(self):
        with socket.socket() as bound:  # taken, so that nobody else begins to listen there
            bound.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{bound.getsockname()[1]}"
            ended = self.run_through(None, ["a", "b"], url=f"http://{address}", retries=1)
        self.assertEqual(ended.exit_code, 4)
        self.assertEqual(self.units["failed"], 2)
        self.assertIn(f"connection refused by {address}", self.items["a"]["error"])


if __name__ == "__main__":
    unittest.main()
