"""A loopback model that counts its calls, for tests of what is called again and what is not."""

import json
import threading
from collections import Counter

from loopback import serve

SPEC = """experiment: counted
providers:
  local: {{type: openai-compatible, base_url: "{url}/v1", price: {{input: 100, output: 200}}}}
dataset: rows.jsonl
task: {{provider: "local:tiny", prompt: "{{{{question}}}}"}}
evaluators: [exact_match]
gates: ["exact_match >= 0.9"]
execution: {{concurrency: 4, retries: 2}}
"""


class CountingModel:
    """Answers each question with itself, 10 tokens in and 5 out, and counts the calls."""

    def __init__(self, test, latency=0.0):
        self.calls = Counter()
        self.latency = latency
        self.lock = threading.Lock()
        self.url = serve(test, self.answer).url

    def answer(self, _number, request):
        question = json.loads(request["body"])["messages"][-1]["content"]
        with self.lock:
            self.calls[question] += 1
        threading.Event().wait(self.latency)
        return 200, "application/json", json.dumps({
            "model": "tiny-1",
            "choices": [{"message": {"role": "assistant", "content": question},
                         "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        })

    def total(self):
        with self.lock:
            return sum(self.calls.values())

    def prepare(self, test, rows=20, spec=SPEC):
        """Writes spec.yaml, which calls this model, and rows.jsonl."""
        test.write("spec.yaml", spec.format(url=self.url))
        test.write("rows.jsonl", "".join(
            json.dumps({"input": {"question": f"q{i}"}, "expected_output": f"q{i}"}) + "\n"
            for i in range(rows)))


def comparable(report):
    """A report without what differs between two executions of one plan."""
    report = json.loads(json.dumps(report))
    report.pop("run")
    for variant in report["variants"]:
        for name in ("dataset_run_id", "latency_ms", "calls", "paid_usd"):
            variant.pop(name)
    return report
