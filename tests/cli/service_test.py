"""`http:` tasks against a server of our own on loopback, through the whole program."""

import json
import threading
import unittest

from assay_process import ProcessTestCase
from loopback import serve

KEY = "canary-9d2e-7f3a9c"

SPEC = """experiment: service
dataset: rows.jsonl
task:
  http:
    url: "%URL%/answer/{{metadata.lang}}?q={{question}}"
    headers: {Authorization: "Bearer ${SERVICE_KEY}", X-Lang: "{{metadata.lang}}"}
    body: {question: "{{question}}", row: "{{input}}", nested: [{lang: "in {{metadata.lang}}"}],
           token: "${SERVICE_KEY}"}
    output: "$.answer"
  timeout: 2s
evaluators: [exact_match]
gates: ["exact_match >= 0.9"]
execution: {concurrency: 4, retries: 2, unit_deadline: 8s}
"""


def right_answer(_number, request):
    question = json.loads(request["body"])["question"]
    return 200, "application/json", json.dumps({"answer": f"re: {question}", "took_ms": 3})


class Services(ProcessTestCase):
    def run_service(self, answer, count=3, spec=SPEC):
        server = serve(self, answer)
        self.write("spec.yaml", spec.replace("%URL%", server.url))
        self.write("rows.jsonl", "".join(
            json.dumps({"input": {"question": f"q/{i} & more"}, "metadata": {"lang": "en"},
                        "expected_output": f"re: q/{i} & more"}) + "\n" for i in range(count)))
        ended = self.assay("run", "spec.yaml", "--out", "report.json", "--out", "items.jsonl",
                           "--out", "page.html", "--out", "junit.xml", env={"SERVICE_KEY": KEY})
        self.assert_no_crash(ended)
        report = json.loads((self.folder / "report.json").read_text())
        items = [json.loads(x) for x in (self.folder / "items.jsonl").read_text().splitlines()]
        return ended, report, items, server

    def assert_canary_nowhere(self, ended):
        self.assertNotIn(KEY, ended.out + ended.err)
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        self.assertGreater(len(files), 4)
        for path in files:
            self.assertNotIn(KEY.encode(), path.read_bytes(), str(path))

    def assert_all_failed(self, ended, items, *words):
        self.assertEqual(ended.exit_code, 4, ended.err)
        for item in items:
            self.assertEqual(item["status"], "failed")
            for word in words:
                self.assertIn(word, item["error"])

    def test_a_service_from_request_to_gate(self):
        ended, report, items, server = self.run_service(right_answer)
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertEqual(report["variants"][0]["units"]["scored"], 3)
        self.assertEqual(report["variants"][0]["cost_usd"], 0)
        self.assertEqual(sorted(item["output"] for item in items)[0], "re: q/0 & more")
        request = min(server.requests, key=lambda r: r["path"])
        self.assertEqual(request["method"], "POST")
        self.assertEqual(request["path"], "/answer/en?q=q%2F0%20%26%20more")
        self.assertEqual(request["headers"]["Authorization"], f"Bearer {KEY}")
        self.assertEqual(request["headers"]["X-Lang"], "en")
        self.assertEqual(request["headers"]["Content-Type"], "application/json")
        self.assertEqual(json.loads(request["body"]), {
            "question": "q/0 & more", "row": {"question": "q/0 & more"},
            "nested": [{"lang": "in en"}], "token": KEY})
        self.assert_canary_nowhere(ended)

    def test_the_unit_is_the_default_body_and_the_answer_the_default_output(self):
        spec = ("experiment: bare\ndataset: rows.jsonl\ntask: {http: {url: \"%URL%\"}}\n"
                "evaluators: [{name: said, type: json_valid}]\n")
        ended, _, items, server = self.run_service(
            lambda _n, r: (200, "application/json", r["body"]), count=1, spec=spec)
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertEqual(sorted(items[0]["output"]),
                         ["expected_output", "id", "input", "metadata", "repetition", "variant"])
        self.assertEqual(items[0]["output"]["variant"], "default")

    def test_get_sends_no_body(self):
        spec = ("experiment: get\ndataset: rows.jsonl\n"
                "task: {http: {url: \"%URL%/?q={{question}}\", method: GET}}\n"
                "evaluators: [exact_match]\n")
        ended, _, _, server = self.run_service(
            lambda _n, r: (200, "text/plain", "x"), count=1, spec=spec)
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertEqual(server.requests[0]["method"], "GET")
        self.assertEqual(server.requests[0]["body"], "")
        self.assertNotIn("Content-Type", server.requests[0]["headers"])

    def test_a_key_that_the_service_repeats_is_nowhere(self):
        for status in (200, 401, 500):
            with self.subTest(status=status):
                ended, _, _, _ = self.run_service(lambda _n, r, s=status: (
                    s, "application/json", json.dumps({"answer": r["headers"], "sent": r["body"]})))
                self.assert_canary_nowhere(ended)

    def test_events_of_a_stream_are_joined(self):
        def stream(number, request):
            answer = json.loads(right_answer(number, request)[2])["answer"]
            events = "".join(f"data: {json.dumps({'answer': c})}\n\n" for c in answer)
            return 200, "text/event-stream", f": hello\n\n{events}data: [DONE]\n\n"
        ended, report, items, _ = self.run_service(stream)
        self.assertEqual(ended.exit_code, 0, [item.get("error") for item in items])
        self.assertEqual(report["variants"][0]["scores"]["exact_match"]["mean"], 1)

    def test_a_redirect_is_told_and_not_followed(self):
        elsewhere = serve(self, right_answer)
        ended, _, items, _ = self.run_service(
            lambda *_: (302, "text/plain", "", ("Location", elsewhere.url + "/x?k=secret")))
        self.assert_all_failed(ended, items, "302", elsewhere.url + "/x", "not followed")
        self.assertNotIn("secret", items[0]["error"])
        self.assertEqual(elsewhere.requests, [])

    def test_a_transient_failure_is_retried_to_success(self):
        def flaky(number, request):
            if number % 2 == 1:
                return 500, "text/plain", "overloaded"
            return right_answer(number, request)
        ended, report, items, _ = self.run_service(flaky, count=1)
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertEqual(report["variants"][0]["calls"]["retried"], 1)

    def test_a_status_that_stays_is_an_error_with_what_was_said(self):
        ended, report, items, server = self.run_service(
            lambda *_: (422, "application/json", '{"detail": "field `q` is missing"}'), count=1)
        self.assert_all_failed(ended, items, "422", "field `q` is missing")
        self.assertEqual(len(server.requests), 1)

    def test_html_instead_of_json(self):
        ended, _, items, _ = self.run_service(
            lambda *_: (200, "text/html", "<html><body>Welcome</body></html>"))
        self.assert_all_failed(ended, items, "HTML", "url")

    def test_an_output_that_is_not_there_names_what_is(self):
        ended, _, items, _ = self.run_service(
            lambda *_: (200, "application/json", '{"result": "x", "took_ms": 3}'))
        self.assert_all_failed(ended, items, "$.answer", "result, took_ms")

    def test_a_service_that_stalls_ends_by_the_timeout(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def stall(number, request):
            release.wait(20)
            return right_answer(number, request)
        spec = SPEC.replace("timeout: 2s", "timeout: 300ms").replace("retries: 2", "retries: 0")
        ended, report, items, _ = self.run_service(stall, spec=spec)
        self.assert_all_failed(ended, items, "timeout")
        self.assertLess(report["run"]["wall_ms"], 5000)

    def test_nobody_listens(self):
        spec = SPEC.replace("%URL%", "http://127.0.0.1:9").replace("retries: 2", "retries: 0")
        ended, _, items, _ = self.run_service(right_answer, spec=spec)
        self.assert_all_failed(ended, items, "127.0.0.1:9")

    def test_mistakes_are_found_before_anything_is_called(self):
        server = serve(self, right_answer)
        self.write("rows.jsonl", '{"input": {"question": "a"}, "expected_output": "b"}\n')
        for old, new, word in (("{{question}}", "{{questoin}}", "questoin"),
                               ("%URL%/", "http://{{question}}/", "host"),
                               ("SERVICE_KEY", "NOT_SET_ANYWHERE", "NOT_SET_ANYWHERE")):
            with self.subTest(word=word):
                self.write("spec.yaml", SPEC.replace("metadata.lang", "question")
                           .replace(old, new).replace("%URL%", server.url))
                ended = self.assay("run", "spec.yaml", env={"SERVICE_KEY": KEY})
                self.assertEqual(ended.exit_code, 2, ended.err)
                self.assertIn(word, ended.err)
                self.assertNotIn(KEY, ended.err)
        self.assertEqual(server.requests, [])


if __name__ == "__main__":
    unittest.main()
