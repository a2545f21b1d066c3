"""Unit keys, evaluation keys and plan hashes: computed here a second time, as runner/README.md
describes them, and compared with those of the program."""

import hashlib
import json
import unittest

from assay_process import ProcessTestCase

FORMS = ("provider", "command", "recorded", "http", "steps")
ROWS = ({"id": "a", "input": {"question": "Gruß \"q\" \u007f\u2028 \x1f?"}, "expected_output": 0.1,
         "metadata": {"lang": "de"}, "answers": {"v1": "x", "v2": None}},
        {"id": "b", "input": {"question": "plain"}, "answers": {"v1": [1, {"z": 1.0, "a": 1e-7}]}})


def text_of(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def sha256(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def content_hash(row):
    return sha256(text_of({name: row.get(name)
                           for name in ("input", "expected_output", "metadata")}))


def dataset_sha256(rows):
    return sha256("".join(f"{row['id']}\n{content_hash(row)}\n" for row in rows))


def task_fingerprint(form, **facts):
    material = {"form": FORMS.index(form), "provider": "", "model": "", "prompt": "",
                "parameters": {}, "tools": None, "response_schema": None, "command": [],
                "once": False, "recorded": ""}
    return sha256(text_of({**material, **facts}))


def graph_fingerprint(steps):
    """Of (id, needs, fingerprint)."""
    nodes = sorted([step, sorted(needs), fingerprint] for step, needs, fingerprint in steps)
    return sha256(text_of(["assay-steps-1", nodes]))


def unit_key(row, recorded, variant, fingerprint, repetition, seed):
    return sha256(text_of(["assay-unit-1", row["id"], content_hash(row), recorded, variant,
                           fingerprint, repetition, seed]))


def evaluator_hash(name, kind, parameters, common, needed=(), **beyond):
    own = sha256(text_of({"name": name, "type": kind, "version": 1, "parameters": parameters,
                          "common": common, **beyond}))
    return sha256(text_of([own, list(needed)])) if needed else own


class Keys(ProcessTestCase):
    maxDiff = None

    def setUp(self):
        super().setUp()
        self.write("rows.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n"
                                         for row in ROWS))

    def plan(self, spec):
        spec = {"experiment": "keys", "evaluators": ["exact_match"], **spec}
        spec.setdefault("dataset", {"file": "rows.jsonl", "id": "$.id"})
        self.write("spec.json", json.dumps(spec))
        key = {"OPENAI_API_KEY": "sk-none"}
        listed = self.assay("plan", "spec.json", "--units", env=key)
        self.assertEqual(listed.exit_code, 0, listed.err)
        planned = self.assay("plan", "spec.json", "--json", env=key)
        return [json.loads(line) for line in listed.out.splitlines()], json.loads(planned.out)

    def check_keys(self, spec, fingerprint, recorded=lambda row: ""):
        units, _ = self.plan(spec)
        self.assertEqual([unit["key"] for unit in units],
                         [unit_key(row, recorded(row), "default", fingerprint, 0, 0)
                          for row in ROWS])

    def test_of_models(self):
        tools = [{"type": "function", "function": {"name": "f"}}]
        self.write("tools.json", json.dumps(tools))
        self.write("answer.json", '{"type": "string"}')
        self.write("prompt.txt", "Q: {{question}}\n")
        parameters = {"temperature": 0.2, "top_p": 1.0, "max_tokens": 5}
        self.check_keys(
            {"task": {"provider": "openai:m", "prompt": "prompt.txt", "parameters": parameters,
                      "tools": "tools.json", "response_schema": "answer.json"}},
            task_fingerprint("provider", provider="openai", model="m",
                             prompt=sha256("Q: {{question}}\n"), parameters=parameters,
                             tools=tools, response_schema={"type": "string"}))
        messages = [{"role": "user", "content": "{{question}}"}]
        self.check_keys({"task": {"provider": "openai:m", "prompt": messages}},
                        task_fingerprint("provider", provider="openai", model="m",
                                         prompt=sha256(text_of(messages))))

    def test_of_recorded_outputs(self):
        self.check_keys(
            {"task": {"recorded": "$.answers.v1"}},
            task_fingerprint("recorded", recorded="$.answers.v1"),
            lambda row: text_of(row["answers"]["v1"]))
        self.check_keys({"task": {"recorded": "$.answers.v2"}},
                        task_fingerprint("recorded", recorded="$.answers.v2"),
                        lambda row: "null" if "v2" in row["answers"] else "")

    def test_of_programs_and_services(self):
        self.check_keys({"task": {"command": ["cat"], "mode": "once"}},
                        task_fingerprint("command", command=["cat"], once=True))
        service = {"url": "http://127.0.0.1:9/x", "body": {"q": "{{question}}"}}
        self.check_keys({"task": {"http": service}},
                        task_fingerprint("http", http=sha256(text_of(service))))

    def test_of_graphs(self):
        steps = [{"id": "search", "command": ["tac"]}, {"id": "find", "command": ["cat"]},
                 {"id": "answer", "needs": ["search", "find"], "command": ["cat"]}]
        fingerprint = graph_fingerprint([
            ("search", [], task_fingerprint("command", command=["tac"])),
            ("find", [], task_fingerprint("command", command=["cat"])),
            ("answer", ["search", "find"], task_fingerprint("command", command=["cat"]))])
        self.check_keys({"task": {"steps": steps}}, fingerprint)

    def test_of_graphs_with_recorded_outputs(self):
        steps = [{"id": "found", "recorded": "$.answers.v1"},
                 {"id": "answer", "needs": ["found"], "command": ["cat"]}]
        fingerprint = graph_fingerprint([
            ("found", [], task_fingerprint("recorded", recorded="$.answers.v1")),
            ("answer", ["found"], task_fingerprint("command", command=["cat"]))])
        self.check_keys({"task": {"steps": steps}}, fingerprint,
                        lambda row: text_of({"found": text_of(row["answers"]["v1"])}))

    def test_of_variants_repetitions_and_seeds(self):
        units, plan = self.plan({
            "task": {"command": ["cat"]}, "repetitions": 2, "execution": {"seed": 7},
            "variants": [{"name": "x"}, {"name": "y", "command": ["tac"]}]})
        fingerprints = {"x": task_fingerprint("command", command=["cat"]),
                        "y": task_fingerprint("command", command=["tac"])}
        rows = {row["id"]: row for row in ROWS}
        self.assertEqual(len(units), 8)
        for unit in units:
            self.assertEqual(unit["key"], unit_key(
                rows[unit["item_id"]], "", unit["variant"], fingerprints[unit["variant"]],
                unit["repetition"], 7))
        units_sha256 = sha256(text_of(["assay-units-1", dataset_sha256(ROWS),
                                       [list(pair) for pair in fingerprints.items()], 2, 7]))
        evaluators = [["exact_match", evaluator_hash("exact_match", "exact_match", {}, {})]]
        self.assertEqual(plan["plan_sha256"],
                         sha256(text_of(["assay-plan-1", units_sha256, evaluators])))

    def test_of_items_without_an_id(self):
        units, _ = self.plan({"task": {"command": ["cat"]}, "dataset": "rows.jsonl"})
        self.assertEqual([unit["item_id"] for unit in units],
                         [content_hash(row)[:24] for row in ROWS])

    def test_of_shards(self):
        self.plan({"task": {"command": ["cat"]}, "repetitions": 20})
        whole = self.assay("plan", "spec.json", "--units").out.splitlines()
        for index in (1, 2, 3):
            part = self.assay("plan", "spec.json", "--units", "--shard", f"{index}/3").out
            self.assertEqual(part.splitlines(), [
                line for line in whole
                if int(json.loads(line)["key"][:8], 16) % 3 + 1 == index])

    def test_of_evaluations(self):
        script = "import sys\n"
        self.write("score.py", script)
        self.write("spec.json", json.dumps({
            "experiment": "keys", "dataset": {"file": "rows.jsonl", "id": "$.id"},
            "task": {"recorded": "$.answers.v1"},
            "evaluators": [
                "exact_match",
                {"name": "near", "type": "levenshtein", "threshold": 0.5, "strip": True,
                 "check": True},
                {"name": "size", "type": "length", "max": 5, "needs": ["near"],
                 "when": "exact_match = 1 and near > 0.5"},
                {"name": "own", "type": "code", "command": ["python3", "score.py"],
                 "sandbox": "none"}]}))
        self.assay("run", "spec.json", "--out", "report.json")
        manifest = json.loads((self.folder / "report.json").read_text())["manifest"]
        exact = evaluator_hash("exact_match", "exact_match", {}, {})
        near = evaluator_hash("near", "levenshtein", {}, {"threshold": 0.5, "strip": True})
        size = evaluator_hash("size", "length", {"max": 5},
                              {"needs": ["near"], "when": "exact_match = 1 and near > 0.5"},
                              needed=[exact, near])
        own = evaluator_hash("own", "code", {"command": ["python3", "score.py"],
                                             "sandbox": "none"}, {},
                             fingerprint=sha256(text_of([["score.py", sha256(script)]])))
        self.assertEqual({entry["name"]: entry["hash"] for entry in manifest["evaluators"]},
                         {"exact_match": exact, "near": near, "size": size, "own": own})
        fingerprint = task_fingerprint("recorded", recorded="$.answers.v1")
        self.assertEqual(manifest["dataset"]["sha256"], dataset_sha256(ROWS))
        self.assertEqual(manifest["units_sha256"], sha256(text_of(
            ["assay-units-1", dataset_sha256(ROWS), [["default", fingerprint]], 1, 0])))


if __name__ == "__main__":
    unittest.main()
