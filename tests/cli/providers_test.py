"""`assay providers`: what there is, what is missing and whether it answers."""

import json
import unittest

from assay_process import ProcessTestCase
from loopback import serve

KEY = "sk-canary-of-the-providers-test"
NOTHING_SET = {name: "" for name in (
    "ANTHROPIC_API_KEY", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "GEMINI_API_KEY",
    "GOOGLE_API_KEY", "AWS_REGION", "AWS_DEFAULT_REGION", "OLLAMA_HOST", "OPENAI_API_KEY",
    "OPENAI_BASE_URL")}


def chat(text="OK"):
    return json.dumps({"model": "m-2026", "choices": [
        {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 1, "total_tokens": 13}})


class Providers(ProcessTestCase):
    def providers(self, *arguments, env=None):
        return self.assay("providers", *arguments, env={**NOTHING_SET, **(env or {})})

    def listed(self, env=None):
        ended = self.providers("--json", env=env)
        self.assertEqual(ended.exit_code, 0, ended.err)
        return {one["id"]: one for one in json.loads(ended.out)}

    def write_spec(self, url, **more):
        self.write("rows.jsonl", "{}\n")
        self.write("spec.json", json.dumps({
            "experiment": "e", "dataset": "rows.jsonl", "task": {"recorded": "$.x"},
            "providers": {"local": {"type": "openai-compatible", "base_url": f"{url}/v1",
                                    "api_key": "${LOCAL_KEY}", **more}}}))

    def test_the_list_says_what_is_missing_and_never_a_key(self):
        without = self.listed()
        self.assertEqual(list(without), sorted(without))
        for name in ("anthropic", "azure-openai", "bedrock", "google-ai-studio", "google-vertex",
                     "ollama", "openai", "openai-compatible", "command", "http"):
            self.assertIn(name, without)
        self.assertFalse(without["openai"]["configured"])
        self.assertIn("OPENAI_API_KEY", without["openai"]["missing"])
        self.assertIn("base_url", without["openai-compatible"]["missing"])
        self.assertTrue(without["ollama"]["configured"])
        self.assertTrue(without["openai"]["embeddings"])
        self.assertFalse(without["anthropic"]["embeddings"])
        self.assertFalse(without["command"]["models"])
        self.assertTrue(without["command"]["configured"])
        self.assertIn("AWS_REGION", without["bedrock"]["variables"])
        env = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
        openai = self.listed(env)["openai"]
        self.assertTrue(openai["configured"])
        self.assertIsNone(openai["missing"])
        self.assertEqual(openai["base_url"], "http://127.0.0.1:9/v1")
        for arguments in ((), ("--json",), ("list",), ("show", "openai")):
            self.assertNotIn(KEY, self.providers(*arguments, env=env).out)
        text = self.providers("list").out
        self.assertIn("needs a key: set OPENAI_API_KEY", text)

    def test_one_is_explained_by_its_settings(self):
        shown = self.providers("show", "anthropic")
        self.assertEqual(shown.exit_code, 0)
        for part in ("ANTHROPIC_API_KEY", "structured_output", "native, tool", "anthropic:claude"):
            self.assertIn(part, shown.out)
        unknown = self.providers("show", "anthropc")
        self.assertEqual(unknown.exit_code, 2)
        self.assertIn('did you mean "anthropic"?', unknown.err)
        nameless = self.providers("show")
        self.assertEqual(nameless.exit_code, 2)
        self.assertIn("assay providers show NAME", nameless.err)
        mistyped = self.providers("shwo")
        self.assertEqual(mistyped.exit_code, 2)
        self.assertIn('did you mean "show"?', mistyped.err)

    def test_a_small_call_tells_model_and_tokens_and_cost(self):
        server = serve(self, lambda number, request: (200, "application/json", chat()))
        self.write_spec(server.url, price={"input": 1, "output": 10})
        env = {"LOCAL_KEY": KEY}
        ended = self.providers("test", "local:m", "--spec", "spec.json", env=env)
        self.assertEqual(ended.exit_code, 0, ended.err)
        for part in ("local:m answers", "m-2026", "12 input", "1 output", "$0.000022"):
            self.assertIn(part, ended.out)
        told = self.providers("test", "local:m", "--spec", "spec.json", "--json", env=env)
        one, = json.loads(told.out)
        self.assertEqual((one["id"], one["ok"], one["cost_usd"], one["error"]),
                         ("local:m", True, 2.2e-05, None))
        self.assertEqual(len(server.requests), 2)

    def test_a_model_that_embeds_is_asked_to_embed(self):
        server = serve(self, lambda number, request: (200, "application/json", json.dumps(
            {"model": "e", "data": [{"index": 0, "embedding": [0.5, 0.5]}],
             "usage": {"prompt_tokens": 1, "total_tokens": 1}})))
        self.write_spec(server.url)
        ended = self.providers("test", "local:nomic-embed", "--spec", "spec.json",
                               env={"LOCAL_KEY": KEY})
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertTrue(server.requests[0]["path"].endswith("/embeddings"))

    def test_an_error_is_told_with_its_remedy(self):
        server = serve(self, lambda number, request: (
            401, "application/json", json.dumps({"error": {"message": f"bad key {KEY}"}})))
        self.write_spec(server.url)
        ended = self.providers("test", "local:m", "--spec", "spec.json", env={"LOCAL_KEY": KEY})
        self.assertEqual(ended.exit_code, 4)
        self.assertIn("`api_key` under `providers:`", ended.err)
        self.assertNotIn(KEY, ended.err)
        self.assertEqual(len(server.requests), 1, "nothing is tried again")
        told = self.providers("test", "local:m", "--spec", "spec.json", "--json",
                              env={"LOCAL_KEY": KEY})
        self.assertEqual(told.exit_code, 4)
        self.assertFalse(json.loads(told.out)[0]["ok"])
        self.assertNotIn(KEY, told.out)

    def test_what_is_missing_or_unknown(self):
        missing = self.providers("test", "openai")
        self.assertEqual(missing.exit_code, 4)
        self.assertIn("set OPENAI_API_KEY", missing.err)
        unknown = self.providers("test", "opnai:gpt-4.1")
        self.assertEqual(unknown.exit_code, 2)
        self.assertIn('did you mean "openai"?', unknown.err)
        program = self.providers("test", "command")
        self.assertEqual(program.exit_code, 2)
        modelless = self.providers("test", "openai-compatible")
        self.assertEqual(modelless.exit_code, 2)
        self.write("spec.json", '{"experiment": "e"}')
        broken = self.providers("test", "openai", "--spec", "spec.json")
        self.assertEqual(broken.exit_code, 2)
        self.assertIn("needs the key", broken.err)


if __name__ == "__main__":
    unittest.main()
