"""No key of a provider ever leaves for anything but the provider: each secret slot of each provider
holds a canary, a server of our own repeats all that it was sent in its answers and in its errors,
and no canary is found in anything that the program prints or writes."""

import base64
import json
import shutil
import subprocess
import sys
import unittest
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from assay_process import ProcessTestCase  # noqa: E402
from loopback import serve  # noqa: E402
from stored_documents import documents_of  # noqa: E402

ROWS = 6
REPORTS = ("report.json", "items.jsonl", "items.csv", "report.xml", "report.md", "report.html",
           "report.sarif", "report.svg", "run.assayrun")


def canary(name):
    """Long enough to be taken out of an answer, with what JSON and URLs write otherwise."""
    return f'canary-{name}-7f3a9c+51/d2"e8=="'


def echo(request):
    return json.dumps({"headers": request["headers"], "body": request["body"],
                       "path": request["path"]})


def answer_of_all_apis(text):
    """One answer that every API's adapter finds its own in."""
    return json.dumps({
        "model": "m-1", "done": True, "done_reason": "stop", "prompt_eval_count": 7,
        "eval_count": 3, "type": "message", "role": "assistant", "stop_reason": "end_turn",
        "stopReason": "end_turn", "content": [{"type": "text", "text": text}],
        "choices": [{"index": 0, "finish_reason": "stop",
                     "message": {"role": "assistant", "content": text}}],
        "candidates": [{"content": {"role": "model", "parts": [{"text": text}]},
                        "finishReason": "STOP"}],
        "message": {"role": "assistant", "content": text},
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10,
                  "input_tokens": 7, "output_tokens": 3, "inputTokens": 7, "outputTokens": 3,
                  "totalTokens": 10},
        "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3}})


def answer_of_responses(text):
    return json.dumps({"id": "r", "model": "m-1", "status": "completed", "output": [
        {"type": "message", "role": "assistant", "status": "completed",
         "content": [{"type": "output_text", "text": text, "annotations": []}]}],
        "usage": {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}})


def complaint_of_all_apis(text):
    return json.dumps({"error": {"message": text, "type": "invalid_request_error", "code": text,
                                 "status": text}, "message": text, "Message": text})


def forms_of(secret):
    """The ways in which bytes could be written."""
    quoted = json.dumps(secret)[1:-1]
    forms = {secret, quoted, json.dumps(quoted)[1:-1], urllib.parse.quote(secret, safe=""),
             urllib.parse.quote_plus(secret), secret.replace('"', "&quot;"),
             secret.replace('"', "&#34;"), secret.replace('"', '""'),
             base64.b64encode(secret.encode()).decode().rstrip("=")}
    return {form.encode() for form in forms}


def content_of(path):
    """The bytes of a file, and what is in them when they are packed."""
    data = path.read_bytes()
    return data + documents_of(path) if data.startswith(b"SQLite format 3") else data


class Canaries(ProcessTestCase):
    maxDiff = None

    def setUp(self):
        super().setUp()
        self.server = serve(self, self.answer)
        self.write("rows.jsonl", "".join(
            json.dumps({"id": str(i), "input": f"question {i}", "expected_output": "x"}) + "\n"
            for i in range(ROWS)))
        self.secrets = {}  # variable -> canary

    def answer(self, number, request):
        if request["path"] == "/token":
            return 200, "application/json", json.dumps(
                {"access_token": self.secret("ACCESS_TOKEN", header=True), "expires_in": 3600,
                 "token_type": "Bearer"})
        statuses = (200, 400, 401, 429, 500, 200, 403, 404, 503)
        status = statuses[number % len(statuses)]
        if status == 200:
            of_api = (answer_of_responses if request["path"].endswith("/responses")
                      else answer_of_all_apis)
            return 200, "application/json", of_api(echo(request))
        return status, "application/json", complaint_of_all_apis(echo(request)), (
            "X-Request-Id", "r")

    def secret(self, name, header=False):
        value = canary(name.lower())
        self.secrets[name] = value.replace('"', "") if header else value
        return self.secrets[name]

    def run_with(self, connection, env=None, model="m-1"):
        """Runs a spec against that connection, writes everything that can be written."""
        spec = {"experiment": "canaries",
                "dataset": {"file": "rows.jsonl", "id": "$.id"},
                "providers": {"local": connection},
                "task": {"provider": f"local:{model}", "prompt": "{{input}}",
                         "parameters": {"max_tokens": 16}},
                "evaluators": ["exact_match"],
                "execution": {"retries": 1, "cache": "read_write", "concurrency": 2}}
        self.write("inputs/spec.json", json.dumps(spec).replace("rows.jsonl", "../rows.jsonl"))
        spec_file = "inputs/spec.json"
        env = {**self.secrets, **(env or {})}
        out = [argument for name in REPORTS for argument in ("--out", f"out/{name}")]
        ended = self.assay("run", spec_file, "--progress", "json", *out, env=env, timeout=120)
        self.assertIn(ended.exit_code, (0, 1, 3, 4), ended.err)
        self.assertGreater(len(self.server.requests), ROWS)
        said = [ended]
        for command in (("show", "latest"), ("runs",), ("runs", "--json"),
                        ("export", "latest", "--out", "out/again.json"),
                        ("cache", "ls", "--dir", ".assay/cache"), ("plan", spec_file),
                        ("plan", spec_file, "--json"), ("providers",), ("providers", "--json"),
                        ("validate", spec_file),
                        *[("providers", "test", f"local:{model}", "--spec", spec_file)] * 9,
                        *[("providers", "test", f"local:{model}", "--spec", spec_file,
                           "--json")] * 9):
            said.append(self.assay(*command, env=env))
        self.check(said)

    def written(self, said):
        """Place -> bytes, of all that was printed and of all files but the inputs."""
        places = {"stdout": "".join(one.out for one in said).encode(),
                  "stderr": "".join(one.err for one in said).encode()}
        for path in self.folder.rglob("*"):
            is_input = "inputs" in path.relative_to(self.folder).parts
            if path.is_file() and not is_input:
                places[str(path.relative_to(self.folder))] = content_of(path)
        return places

    def found_in(self, places):
        return [(secret, place) for secret, value in self.secrets.items()
                for place, content in places.items()
                if any(form in content for form in forms_of(value))]

    def check(self, said):
        places = self.written(said)
        self.assertTrue(any(name.startswith(".assay/cache") for name in places),
                        "some reply was kept")
        for name in REPORTS:
            self.assertIn(f"out/{name}", places)
        self.assertEqual(self.found_in(places), [])
        # Nor was the search in vain: what the server said and was asked is there.
        stored = b"".join(places[name] for name in places if name.endswith(".db"))
        for part in (b"question 3", b"[redacted]"):
            self.assertIn(part, stored)
        # The server did get the canaries: there was something to find.
        sent = json.dumps([request["headers"] for request in self.server.requests])
        self.assertTrue(any(json.dumps(value)[1:-1] in sent for value in self.secrets.values()))

    def by_key(self, type_name, **more):
        # A header takes quotes; keys have none so that each API can carry them.
        self.secret("CANARY_KEY", header=True)
        self.secret("CANARY_HEADER")
        self.run_with({"type": type_name, "base_url": f"{self.server.url}/v1",
                       "api_key": "${CANARY_KEY}", "headers": {"X-Canary": "${CANARY_HEADER}"},
                       **more})

    def test_openai(self):
        self.by_key("openai")

    def test_openai_responses(self):
        self.by_key("openai", api="responses")

    def test_openai_compatible(self):
        self.by_key("openai-compatible")

    def test_azure_openai(self):
        self.by_key("azure-openai")

    def test_anthropic(self):
        self.by_key("anthropic")

    def test_google_ai_studio(self):
        self.by_key("google-ai-studio")

    def test_google_vertex_with_a_token(self):
        self.by_key("google-vertex", project="p")

    def test_ollama(self):
        self.by_key("ollama")

    def test_bedrock_with_a_key(self):
        self.by_key("bedrock", region="eu-west-1")

    def test_bedrock_signed(self):
        self.secret("CANARY_SECRET", header=True)
        self.secret("CANARY_SESSION", header=True)
        self.run_with({"type": "bedrock", "base_url": self.server.url, "region": "eu-west-1",
                       "access_key_id": "AKIDEXAMPLE", "secret_access_key": "${CANARY_SECRET}",
                       "session_token": "${CANARY_SESSION}"})

    def test_bedrock_from_the_environment(self):
        env = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
               "AWS_SECRET_ACCESS_KEY": self.secret("CANARY_SECRET", header=True),
               "AWS_SESSION_TOKEN": self.secret("CANARY_SESSION", header=True),
               "AWS_EC2_METADATA_DISABLED": "true"}
        self.run_with({"type": "bedrock", "base_url": self.server.url}, env)

    @unittest.skipUnless(shutil.which("openssl"), "needs the program openssl for a key")
    def test_google_vertex_as_a_service_account(self):
        private_key = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA"],
                                     capture_output=True, check=True, text=True).stdout
        self.secret("ACCESS_TOKEN", header=True)
        self.secrets["private key"] = private_key.splitlines()[3]
        self.write("inputs/account.json", json.dumps(
            {"type": "service_account", "project_id": "p", "private_key": private_key,
             "client_email": "a@p.iam.gserviceaccount.com",
             "token_uri": f"{self.server.url}/token"}))
        self.run_with({"type": "google-vertex", "base_url": f"{self.server.url}/v1",
                       "credentials_file": "account.json"})

    def test_the_password_of_a_proxy(self):
        secret = self.secret("CANARY_PROXY", header=True).replace("/", "")
        self.secrets["CANARY_PROXY"] = secret
        quoted = urllib.parse.quote(secret)
        for proxy in (f"http://user:{quoted}@127.0.0.1:1", "http://user:${CANARY_PROXY}@[bad"):
            spec = {"experiment": "e", "dataset": "../rows.jsonl", "evaluators": ["exact_match"],
                    "providers": {"local": {"type": "ollama", "base_url": self.server.url,
                                            "proxy": proxy}},
                    "task": {"provider": "local:m", "prompt": "{{input}}"},
                    "execution": {"retries": 0}}
            self.write("inputs/spec.json", json.dumps(spec))
            said = [self.assay(*command, env=self.secrets) for command in (
                ("run", "inputs/spec.json", "--out", "out/report.json"),
                ("show", "latest", "--json"),
                ("providers", "test", "local:m", "--spec", "inputs/spec.json"))]
            self.assertNotEqual(said[0].exit_code, 0)
            self.assertEqual(self.found_in(self.written(said)), [])

    def test_keys_that_a_spec_writes_out(self):
        key = self.secret("CANARY_KEY", header=True)
        header = self.secret("CANARY_HEADER")
        self.run_with({"type": "openai-compatible", "base_url": f"{self.server.url}/v1",
                       "api_key": key, "headers": {"X-Canary": header}})


if __name__ == "__main__":
    unittest.main()
