"""`provider: openai:...` against a server of our own on loopback, through the whole program."""

import json
import threading
import unittest

from assay_process import ProcessTestCase
from loopback import serve

KEY = "sk-canary-7f3a9c"

SPEC = """experiment: model
providers:
  local: {type: openai-compatible, base_url: "%URL%/v1", api_key: "${LOCAL_KEY}",
          price: {input: 2.0, output: 8.0}}
dataset: rows.jsonl
task:
  provider: local:tiny
  prompt:
    - {role: system, content: "You name capitals."}
    - {role: user, content: "Capital of {{country}}?"}
  parameters: {temperature: 0}
  timeout: 2s
evaluators: [exact_match]
gates: ["exact_match >= 0.9"]
execution: {concurrency: 4, retries: 2, unit_deadline: 8s}
"""


def completion(text, finish="stop"):
    return 200, "application/json", json.dumps({
        "id": "c1", "object": "chat.completion", "model": "tiny-2026",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text},
                     "finish_reason": finish}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25,
                  "prompt_tokens_details": {"cached_tokens": 4}},
    })


def right_answer(_number, request):
    question = json.loads(request["body"])["messages"][-1]["content"]
    country = question.removeprefix("Capital of ").removesuffix("?")
    return completion(f"City of {country}")


class Models(ProcessTestCase):
    def run_model(self, answer, count=5, spec=SPEC, env=None):
        server = serve(self, answer)
        self.write("spec.yaml", spec.replace("%URL%", server.url))
        self.write("rows.jsonl", "".join(
            json.dumps({"input": {"country": f"C{i}"}, "expected_output": f"City of C{i}"}) + "\n"
            for i in range(count)))
        ended = self.assay("run", "spec.yaml", "--out", "report.json", "--out", "items.jsonl",
                           env={"LOCAL_KEY": KEY, **(env or {})})
        self.assert_no_crash(ended)
        report = json.loads((self.folder / "report.json").read_text())
        items = [json.loads(x) for x in (self.folder / "items.jsonl").read_text().splitlines()]
        return ended, report, items, server

    def test_a_model_from_prompt_to_gate(self):
        ended, report, items, server = self.run_model(right_answer)
        self.assertEqual(ended.exit_code, 0, ended.err)
        request = server.requests[0]
        self.assertEqual(request["path"], "/v1/chat/completions")
        self.assertEqual(request["headers"]["Authorization"], f"Bearer {KEY}")
        body = json.loads(request["body"])
        self.assertEqual(body["model"], "tiny")
        self.assertEqual(body["temperature"], 0)
        self.assertEqual(body["messages"][0], {"role": "system", "content": "You name capitals."})
        variant = report["variants"][0]
        self.assertEqual(variant["tokens"]["total"], 125)
        self.assertAlmostEqual(variant["cost_usd"], 5 * (20 * 2 + 5 * 8) / 1e6)
        self.assertEqual(variant["calls"]["provider"], 5)

    def test_the_key_is_in_no_file_and_no_message(self):
        ended, _, _, _ = self.run_model(lambda *_: (401, "application/json", json.dumps(
            {"error": {"message": f"Incorrect API key provided: {KEY}"}})))
        self.assertEqual(ended.exit_code, 4)
        self.assertNotIn(KEY, ended.out + ended.err)
        for path in self.folder.rglob("*"):
            if path.is_file():
                self.assertNotIn(KEY.encode(), path.read_bytes(), str(path))

    def test_transient_failures_are_retried_to_success(self):
        def flaky(number, request):
            if number % 3 == 1:
                return 503, "application/json", '{"error": {"message": "overloaded"}}'
            return right_answer(number, request)
        ended, report, _, _ = self.run_model(flaky)
        self.assertEqual(report["variants"][0]["units"]["scored"], 5, ended.err)
        self.assertGreater(report["variants"][0]["calls"]["retried"], 0)

    def test_html_instead_of_json(self):
        ended, report, items, _ = self.run_model(
            lambda *_: (200, "text/html", "<html><body>Welcome</body></html>"))
        self.assertEqual(ended.exit_code, 4)
        self.assertIn("HTML", items[0]["error"])
        self.assertEqual(report["variants"][0]["units"]["failed"], 5)

    def test_nobody_listens(self):
        spec = SPEC.replace("%URL%", "http://127.0.0.1:9").replace("retries: 2", "retries: 0")
        ended, _, items, _ = self.run_model(right_answer, spec=spec)
        self.assertEqual(ended.exit_code, 4)
        self.assertIn("127.0.0.1:9", items[0]["error"])

    def test_a_stalled_endpoint_ends_by_the_timeout(self):
        release = threading.Event()
        self.addCleanup(release.set)
        def stall(_number, _request):
            release.wait(20)
            return completion("late")
        spec = SPEC.replace("timeout: 2s", "timeout: 300ms").replace("retries: 2", "retries: 0")
        ended, report, items, _ = self.run_model(stall, spec=spec)
        self.assertEqual(ended.exit_code, 4)
        self.assertLess(report["run"]["wall_ms"], 5000)


if __name__ == "__main__":
    unittest.main()
