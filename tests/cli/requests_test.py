"""What a model is sent for images, tools and schemas, what its answer becomes, and embeddings."""

import base64
import json
import unittest

from assay_process import ProcessTestCase
from loopback import serve
from stored_documents import documents_of

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(255, 0, -1))


def chat(content, **message):
    return json.dumps({"model": "m", "choices": [
        {"message": {"role": "assistant", "content": content, **message},
         "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}})


class Requests(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.reply = chat("A")
        self.server = serve(self, lambda number, request: (
            200, "application/json", self.answer(request)))
        self.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in (
            {"id": "1", "input": {"photo": "a.png"}, "expected_output": "A"},
            {"id": "2", "input": {"photo": "b.jpg"}, "expected_output": "A"})))
        self.write("a.png", PNG)
        self.write("b.jpg", JPEG)

    def answer(self, request):
        if not request["path"].endswith("/embeddings"):
            return self.reply
        texts = json.loads(request["body"])["input"]
        vectors = {"A": [1.0, 0.0], "B": [0.6, 0.8]}
        return json.dumps({"model": "e", "usage": {"prompt_tokens": 4, "total_tokens": 4}, "data": [
            {"index": i, "embedding": vectors[text]} for i, text in enumerate(texts)]})

    def run_spec(self, task, evaluators=("exact_match",), expected=0):
        self.write("spec.json", json.dumps({
            "experiment": "e", "dataset": {"file": "rows.jsonl", "id": "$.id"},
            "providers": {"local": {"type": "openai-compatible",
                                    "base_url": f"{self.server.url}/v1",
                                    "price": {"input": 1, "output": 1}}},
            "task": {"provider": "local:m", **task}, "evaluators": list(evaluators)}))
        ended = self.assay("run", "spec.json", "--out", "report.json", "--out", "items.jsonl")
        self.assertEqual(ended.exit_code, expected, ended.out + ended.err)
        return json.loads((self.folder / "report.json").read_text())

    def bodies(self):
        return [json.loads(request["body"]) for request in self.server.requests]

    def stored(self):
        return documents_of(self.folder / ".assay" / "assay.db")

    def test_images_that_rows_name_are_sent_and_not_stored(self):
        self.run_spec({"prompt": [{"role": "user", "content": [
            {"type": "text", "text": "What is it?"},
            {"type": "image", "file": "{{photo}}"}]}]})
        sent = {body["messages"][0]["content"][1]["image_url"]["url"] for body in self.bodies()}
        self.assertEqual(sent, {
            "data:image/png;base64," + base64.b64encode(PNG).decode(),
            "data:image/jpeg;base64," + base64.b64encode(JPEG).decode()})
        stored = self.stored()
        self.assertIn(b"What is it?", stored)
        self.assertIn(b'"media_type":"image/png"', stored)
        self.assertNotIn(base64.b64encode(PNG)[:40], stored)

    def test_an_image_that_is_none_is_refused_before_the_first_call(self):
        self.write("b.jpg", b"no image")
        self.write("rows.jsonl", (self.folder / "rows.jsonl").read_text() +
                   '{"id": "3", "input": {"photo": "gone.png"}, "expected_output": "A"}\n')
        self.write("spec.json", json.dumps({
            "experiment": "e", "dataset": {"file": "rows.jsonl", "id": "$.id"},
            "task": {"provider": "ollama:m", "prompt": [{"role": "user", "content": [
                {"type": "image", "file": "{{photo}}"}]}]}, "evaluators": ["exact_match"]}))
        ended = self.assay("validate", "spec.json")
        self.assertEqual(ended.exit_code, 2, ended.err)
        self.assertIn("rows.jsonl:2: ", ended.err)
        self.assertIn("no PNG, JPEG, GIF or WebP", ended.err)
        self.assertIn("gone.png", ended.err)

    def test_tools_are_written_as_the_api_wants_them(self):
        tool = {"name": "find", "description": "d",
                "parameters": {"type": "object", "properties": {}}}
        self.reply = chat(None, tool_calls=[
            {"id": "c1", "type": "function",
             "function": {"name": "find", "arguments": "{\"x\": 1}"}}])
        self.run_spec({"prompt": "x", "tools": [tool]})
        self.run_spec({"prompt": "x", "tools": [{"type": "function", "function": tool}]})
        sent = [body["tools"] for body in self.bodies()]
        self.assertEqual(sent, [[{"type": "function", "function": tool}]] * 4)
        item = json.loads((self.folder / "items.jsonl").read_text().splitlines()[0])
        self.assertEqual(item["output"]["tool_calls"],
                         [{"id": "c1", "name": "find", "arguments": {"x": 1}}])

    def test_a_reply_that_breaks_the_schema_is_scored_as_it_is(self):
        self.reply = chat('{"team": 3}')
        self.run_spec({"prompt": "x", "response_schema": {
            "type": "object", "properties": {"team": {"type": "string"}}}})
        item = json.loads((self.folder / "items.jsonl").read_text().splitlines()[0])
        self.assertEqual((item["output"], item["status"]), ({"team": 3}, "scored"))
        self.assertIn(b"the reply breaks `response_schema`: $.team: must be a string",
                      self.stored())

    def test_similar_embeds_both_texts_and_its_cost_is_a_judges(self):
        self.reply = chat("B")
        report = self.run_spec({"prompt": "x"}, [
            {"type": "similar", "provider": "local:embed", "threshold": 0.5}])
        scores = report["variants"][0]["scores"]
        self.assertAlmostEqual(scores["similar"]["mean"], 0.6)
        self.assertEqual(scores["similar_pass"]["mean"], 1)
        embedded = [body["input"] for body in self.bodies() if "input" in body]
        self.assertEqual(embedded, [["B", "A"]] * 2)
        # What the task used is counted without what its judges did.
        self.assertEqual(report["variants"][0]["tokens"]["total"], 24)
        self.assertAlmostEqual(report["variants"][0]["cost_usd"], 24e-6)

    def test_a_price_of_the_shipped_table_is_used(self):
        self.write("spec.json", json.dumps({
            "experiment": "e", "dataset": {"file": "rows.jsonl", "id": "$.id"},
            "providers": {"openai": {"type": "openai", "base_url": f"{self.server.url}/v1"}},
            "task": {"provider": "openai:gpt-4o", "prompt": "x"}, "evaluators": ["exact_match"]}))
        ended = self.assay("run", "spec.json", "--out", "report.json",
                           env={"OPENAI_API_KEY": "sk-none-of-yours"})
        self.assertEqual(ended.exit_code, 0, ended.err)
        report = json.loads((self.folder / "report.json").read_text())
        self.assertAlmostEqual(report["variants"][0]["cost_usd"], 2 * (10 * 2.5 + 2 * 10) / 1e6)
        self.assertIsNotNone(report["manifest"]["prices_sha256"])


if __name__ == "__main__":
    unittest.main()
