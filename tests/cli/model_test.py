"""`provider: openai:...` against a server of our own on loopback, through the whole program."""

import json
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from assay_process import ProcessTestCase

KEY = "sk-canary-7f3a9c"

SPEC = """experiment: model
providers:
  local: {type: openai-compatible, base_url: "%URL%", api_key: "${LOCAL_KEY}",
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


class Model(ThreadingHTTPServer):
    """A chat-completions endpoint whose answers a function decides."""

    daemon_threads = True

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.requests = []
        self.lock = threading.Lock()

    def handle_error(self, request, client_address):
        """A client that hangs up is what some of these tests are about."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.requests.append((self.path, dict(self.headers), body))
            number = len(self.server.requests)
        status, content_type, text = self.server.answer(number, body)
        payload = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_):
        pass


def completion(text, finish="stop"):
    return 200, "application/json", json.dumps({
        "id": "c1", "object": "chat.completion", "model": "tiny-2026",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text},
                     "finish_reason": finish}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25,
                  "prompt_tokens_details": {"cached_tokens": 4}},
    })


def right_answer(_number, body):
    country = body["messages"][-1]["content"].removeprefix("Capital of ").removesuffix("?")
    return completion(f"City of {country}")


class Models(ProcessTestCase):
    def run_model(self, answer, count=5, spec=SPEC, env=None):
        server = Model(answer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
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
        path, headers, body = server.requests[0]
        self.assertEqual(path, "/v1/chat/completions")
        self.assertEqual(headers["Authorization"], f"Bearer {KEY}")
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
        def flaky(number, body):
            if number % 3 == 1:
                return 503, "application/json", '{"error": {"message": "overloaded"}}'
            return right_answer(number, body)
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
        spec = SPEC.replace("%URL%", "http://127.0.0.1:9/v1").replace("retries: 2", "retries: 0")
        ended, _, items, _ = self.run_model(right_answer, spec=spec)
        self.assertEqual(ended.exit_code, 4)
        self.assertIn("127.0.0.1:9", items[0]["error"])

    def test_a_stalled_endpoint_ends_by_the_timeout(self):
        release = threading.Event()
        self.addCleanup(release.set)
        def stall(_number, _body):
            release.wait(20)
            return completion("late")
        spec = SPEC.replace("timeout: 2s", "timeout: 300ms").replace("retries: 2", "retries: 0")
        ended, report, items, _ = self.run_model(stall, spec=spec)
        self.assertEqual(ended.exit_code, 4)
        self.assertLess(report["run"]["wall_ms"], 5000)


if __name__ == "__main__":
    unittest.main()
