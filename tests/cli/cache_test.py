"""Cached replies: `assay cache`, and runs that keep, find and replay them.

The files of `assay cache` are made here from the description in judges/calls/README.md, so that
this is its second implementation.
"""

import hashlib
import json
import os
import time
import unicodedata
import unittest

from assay_process import ProcessTestCase
from loopback import serve

DAY = 24 * 3600
FOLDER = ".assay/cache"


def compact(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def question(text, **members):
    return {"assay_request": 1, "repetition": 0, "model": "tiny",
            "provider": {"kind": "openai_chat", "url": "http://127.0.0.1:8000/v1/chat/completions",
                         "headers": [], "options_sha256": sha256("{}")},
            "messages": [{"role": "user", "content": text}],
            "parameters": {"temperature": 0}, "tools": None, "response_schema": None, **members}


def reply_file(request, output, **members):
    """(key, text) of the file that keeps `output` as the reply to `request`."""
    key = sha256(compact(request))
    reply = {"output": output, "model": "tiny-2026", "finish_reason": "stop",
             "usage": {"input": 20, "output": 5, "total": 25}, "cost_usd_nanos": 80_000, "log": "",
             **members}
    content = {"assay_reply": 1, "key": key, "request": request, "reply": reply}
    content["sha256"] = sha256(compact(content))
    return key, json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


class Cache(ProcessTestCase):
    def keep(self, text, output, folder=FOLDER, days_ago=0, **members):
        key, content = reply_file(question(text), output, **members)
        path = self.write(f"{folder}/{key[:2]}/{key}.json", content)
        used = time.time() - days_ago * DAY
        os.utime(path, (used, used))
        return key, path

    def cache(self, *arguments, env=None):
        ended = self.assay("cache", *arguments, env=env)
        self.assert_no_crash(ended)
        return ended

    def succeed(self, *arguments, env=None):
        ended = self.cache(*arguments, env=env)
        self.assertEqual((ended.exit_code, ended.err), (0, ""))
        return ended.out

    def listed(self, *arguments):
        return json.loads(self.succeed(*arguments, "--json"))

    def refused(self, *arguments):
        ended = self.cache(*arguments)
        self.assertEqual((ended.exit_code, ended.out), (2, ""), ended.err)
        return ended.err

    def damage(self, path):
        path.write_text(path.read_text().replace("Paris", "Lyons"))

    def test_an_empty_cache_says_how_to_fill_it(self):
        for action in ("ls", "verify"):
            self.assertIn("`cache: read_write`", self.succeed(action))
            self.assertEqual(self.listed(action), [])
        self.assertIn("Nothing to remove", self.succeed("rm", "--all"))
        self.assertEqual(self.listed("rm", "--all"), [])
        self.assertIn("assay cache ls", self.refused("show", "3f7a"))
        self.assertFalse((self.folder / ".assay").exists())

    def test_replies_are_listed_the_latest_used_first(self):
        keys = [self.keep(f"question {i}", "x", days_ago=i)[0] for i in (3, 0, 2, 1)]
        expected = [keys[1], keys[3], keys[2], keys[0]]
        rows = self.listed("ls")
        self.assertEqual([row["id"] for row in rows], expected)
        self.assertEqual(rows[0]["damaged"], False)
        self.assertEqual((rows[0]["model"], rows[0]["asked"]), ("tiny-2026", "question 0"))
        self.assertEqual(rows[0]["bytes"], (self.folder / rows[0]["file"]).stat().st_size)
        lines = self.succeed("ls", env={"COLUMNS": "80"}).splitlines()
        self.assertEqual([line[:12] for line in lines[1:-1]], [key[:12] for key in expected])
        self.assertIn("tiny-2026       question 0", lines[1])
        self.assertIn("4 replies", lines[-1])
        self.keep("a question that has more to say than there is room for in a line", "x")
        self.keep("質問" * 40, "x", model="模型" * 20)
        for line in self.succeed("ls", env={"COLUMNS": "80"}).splitlines():
            wide = sum(unicodedata.east_asian_width(c) == "W" for c in line)
            self.assertLessEqual(len(line) + wide, 80)

    def test_a_reply_is_shown_with_its_request(self):
        key, path = self.keep("Capital of France?\nOne word.", "Paris\x1b[31m")
        for name in (key, key[:4], key[:1]):
            text = self.succeed("show", name)
            for part in (key, "Capital of France?", "One word.", "Paris\\x1b[31m", "tiny-2026",
                         "temperature", "0.000080"):
                self.assertIn(part, text)
            self.assertNotIn("\x1b", text)
        (entry,) = self.listed("show", key)
        self.assertEqual(entry["id"], key)
        self.assertEqual(self.folder / entry["file"], path)
        self.assertEqual(entry["request"], question("Capital of France?\nOne word."))
        self.assertEqual(entry["reply"]["output"], "Paris\x1b[31m")
        self.assertEqual(entry["reply"]["cost_usd"], 0.00008)

    def test_a_key_must_name_one_reply(self):
        first = {}
        for i in range(17):  # two of seventeen begin with the same digit
            key, _ = self.keep(f"question {i}", "x")
            first.setdefault(key[0], []).append(key)
        same = next(keys for keys in first.values() if len(keys) > 1)
        message = self.refused("show", same[0][0])
        self.assertIn(same[0], message)
        self.assertIn("more digits", message)
        self.assertIn("begins with \"xyz\"", self.refused("show", "xyz"))
        self.assertIn("begins with \"\"", self.refused("show", ""))

    def test_removing_some(self):
        kept = [self.keep(f"question {i}", "x")[0] for i in range(4)]
        self.refused("rm", kept[0], "xyz")
        self.assertEqual(len(self.listed("ls")), 4)
        self.assertIn("Removed 2 replies", self.succeed("rm", kept[0], kept[1], kept[1]))
        self.assertEqual({row["id"] for row in self.listed("ls")}, set(kept[2:]))
        self.assertEqual([row["id"] for row in self.listed("rm", kept[2])], [kept[2]])
        self.assertIn("Removed 1 reply", self.succeed("rm", "--all"))
        self.assertEqual([p for p in (self.folder / FOLDER).rglob("*") if p.is_file()], [])

    def test_removing_by_age(self):
        old = {self.keep(f"old {i}", "x", days_ago=31)[0] for i in range(2)}
        young = {self.keep(f"young {i}", "x", days_ago=29)[0] for i in range(2)}
        self.assertIn("Nothing to remove", self.succeed("rm", "--older-than", "32d"))
        self.assertEqual({row["id"] for row in self.listed("rm", "--older-than", "30d")}, old)
        self.assertEqual({row["id"] for row in self.listed("ls")}, young)
        self.assertIn("Removed 2 replies", self.succeed("rm", "--older-than", "90m"))
        for age in ("soon", "", "-3d", "0d", "d", "3w"):
            self.refused("rm", "--older-than", age)

    def test_files_of_others_stay(self):
        _, path = self.keep("question", "x")
        readme = self.write(f"{FOLDER}/README.md", "mine")
        note = self.write(path.parent / "note.json", "mine")
        self.succeed("rm", "--all")
        self.assertTrue(readme.exists() and note.exists())
        self.assertEqual(self.listed("ls"), [])

    def test_verify_names_damaged_files_and_the_remedy(self):
        self.keep("Capital of Peru?", "Lima")
        self.assertIn("all are as they were written", self.succeed("verify"))
        key, path = self.keep("Capital of France?", "Paris")
        self.damage(path)
        other, misnamed = self.keep("Capital of Chile?", "Santiago")
        empty = self.write(f"{FOLDER}/aa/{'a' * 64}.json", "")
        misnamed = misnamed.rename(self.folder / FOLDER / "aa" / f"{'a' * 63}b.json")
        ended = self.cache("verify")
        self.assertEqual(ended.exit_code, 4)
        for damaged in (path, empty, misnamed):
            self.assertIn(str(damaged.relative_to(self.folder)), ended.out)
        self.assertIn("3 of 4 replies are damaged", ended.out)
        ended = self.cache("verify", "--json")
        self.assertEqual(ended.exit_code, 4)
        damages = {row["id"]: row["damage"] for row in json.loads(ended.out)}
        self.assertIn("changed after it was written", damages[key])
        self.assertIn("no JSON", damages["a" * 64])
        self.assertIn("name is not its key", damages["a" * 63 + "b"])
        self.assertNotIn(other, damages)

        self.assertIn("damaged", self.succeed("ls"))
        self.assertEqual([row["damaged"] for row in self.listed("ls")].count(True), 3)
        ended = self.cache("show", key)
        self.assertEqual(ended.exit_code, 4)
        self.assertIn(f"assay cache rm {key[:12]}", ended.err)
        self.succeed("rm", key, "a" * 64, "a" * 63 + "b")
        self.assertIn("1 reply", self.succeed("verify"))

    def test_another_folder(self):
        key, _ = self.keep("question", "x", folder="recordings")
        self.assertEqual(self.listed("ls"), [])
        self.assertEqual(self.listed("ls", "--dir", "recordings")[0]["id"], key)
        self.assertIn("1 reply", self.succeed("verify", "--dir", "recordings"))
        self.write("file", "")
        ended = self.cache("ls", "--dir", "file")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("not a folder", ended.err)

    def test_a_service_is_listed_by_what_was_asked(self):
        service = {"method": "GET", "url": "http://127.0.0.1/ask?q=\x1bcafé", "body": "",
                   "headers": [], "output": None}
        request = {"assay_request": 1, "repetition": 0, "provider": {"kind": "http"},
                   "service": service}
        key, content = reply_file(request, {"answer": [1, 2]}, model="", cost_usd_nanos=None)
        self.write(f"{FOLDER}/{key[:2]}/{key}.json", content)
        self.assertIn("GET             http://127.0.0.1/ask?q=\\x1bcafé",
                      self.succeed("ls", env={"COLUMNS": "120"}))
        self.assertIn('{"answer":[1,2]}', self.succeed("show", key))

    def test_a_file_of_another_hand_is_no_crash(self):
        for request in ({"messages": [1, {"role": 2}], "service": 3}, {"service": {"url": [1]}}):
            key, content = reply_file(request, None, model="")
            self.write(f"{FOLDER}/{key[:2]}/{key}.json", content)
            self.succeed("show", key)
        self.succeed("ls")
        self.succeed("verify")

    def test_wrong_usage(self):
        self.assertIn("did you mean \"show\"", self.refused("shwo"))
        self.refused()
        self.assertIn("takes no KEY", self.refused("ls", "3f7a"))
        self.assertIn("takes no KEY", self.refused("verify", "3f7a"))
        self.assertIn("one KEY", self.refused("show"))
        self.assertIn("one KEY", self.refused("show", "3f7a", "90b1"))
        self.assertIn("go with `assay cache rm`", self.refused("ls", "--all"))
        self.assertIn("go with `assay cache rm`", self.refused("verify", "--older-than", "3d"))
        for arguments in ((), ("3f7a", "--all"), ("--all", "--older-than", "3d")):
            self.assertIn("one of them", self.refused("rm", *arguments))
        self.assertIn("assay cache rm --older-than 30d", self.succeed("--help"))


KEY = "sk-canary-5e1d-77aa01"

MODEL = """experiment: model
providers:
  local: {type: openai-compatible, base_url: "%URL%/v1", api_key: "${LOCAL_KEY}",
          headers: {X-Key: "${LOCAL_KEY}"}, options: {seed: 7}, price: {input: 2.0, output: 8.0}}
dataset: rows.jsonl
task: {provider: "local:tiny", prompt: "Capital of {{country}}?", parameters: {temperature: 0}}
evaluators: [exact_match]
gates: ["exact_match >= 0.9"]
execution: {cache: read_write, retries: 0}
"""

SERVICE = """experiment: service
dataset: rows.jsonl
task:
  http:
    url: "%URL%/${LOCAL_KEY}/ask?country={{country}}"
    headers: {Authorization: "Bearer ${LOCAL_KEY}"}
    body: {country: "{{country}}", token: "${LOCAL_KEY}"}
    output: "$.answer"
evaluators: [exact_match]
gates: ["exact_match >= 0.9"]
execution: {cache: read_write, retries: 0}
"""

PROGRAM = """experiment: program
dataset: rows.jsonl
task: {command: [python3, app.py], mode: once}
evaluators: [exact_match]
gates: ["exact_match >= 0.9"]
execution: {cache: replay}
"""


def answer_model(_number, request):
    question = json.loads(request["body"])["messages"][-1]["content"]
    country = question.removeprefix("Capital of ").removesuffix("?")
    return 200, "application/json", json.dumps({
        "model": "tiny-2026", "choices": [{"message": {"content": f"City of {country}"}}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}})


def answer_service(_number, request):
    country = json.loads(request["body"])["country"]
    return 200, "application/json", json.dumps({"answer": f"City of {country}"})


class Runs(ProcessTestCase):
    COUNT = 5

    def prepare(self, spec, answer):
        self.server = serve(self, answer)
        self.write("spec.yaml", spec.replace("%URL%", self.server.url))
        self.write("rows.jsonl", "".join(
            json.dumps({"input": {"country": f"C{i}"}, "expected_output": f"City of C{i}"}) + "\n"
            for i in range(self.COUNT)))

    def run_spec(self, *arguments, key=KEY, exit_code=0):
        """The report of a run, and how many requests it made."""
        before = len(self.server.requests)
        ended = self.assay("run", "spec.yaml", "--out", "report.json", "--out", "items.jsonl",
                           *arguments, env={"LOCAL_KEY": key})
        self.assert_no_crash(ended)
        self.assertEqual(ended.exit_code, exit_code, ended.err)
        report = json.loads((self.folder / "report.json").read_text())
        return report["variants"][0], len(self.server.requests) - before

    def answers(self):
        items = [json.loads(x) for x in (self.folder / "items.jsonl").read_text().splitlines()]
        return [(item["item_id"], item["output"], item["scores"]) for item in items]

    def files(self, folder=FOLDER):
        return sorted(path for path in (self.folder / folder).rglob("*") if path.is_file())

    def test_replies_are_paid_for_once(self):
        self.prepare(MODEL, answer_model)
        first, requests = self.run_spec()
        self.assertEqual(requests, self.COUNT)
        answers = self.answers()
        again, requests = self.run_spec()
        self.assertEqual(requests, 0)
        self.assertEqual(self.answers(), answers)
        self.assertEqual(again["scores"], first["scores"])
        self.assertEqual(again["tokens"], first["tokens"])
        self.assertEqual(again["cost_usd"], first["cost_usd"])
        self.assertEqual((first["calls"]["cached"], again["calls"]["cached"]), (0, self.COUNT))
        self.assertEqual((again["calls"]["provider"], again["paid_usd"]), (0, 0))
        self.assertGreater(first["paid_usd"], 0)

    def test_a_changed_request_is_asked_for(self):
        self.prepare(MODEL, answer_model)
        self.run_spec("--limit", "2")
        self.assertEqual(self.run_spec()[1], self.COUNT - 2)
        self.assertEqual(self.run_spec("--set", "task.parameters.temperature=1")[1], self.COUNT)
        self.assertEqual(self.run_spec("--set", "providers.local.options.seed=8")[1], self.COUNT)
        self.assertEqual(self.run_spec("--repetitions", "2")[1], self.COUNT)

    def test_without_the_cache_everything_is_asked_for(self):
        self.prepare(MODEL, answer_model)
        self.run_spec("--no-cache")
        self.assertFalse((self.folder / FOLDER).exists())
        self.run_spec()
        self.assertEqual(self.run_spec("--no-cache")[1], self.COUNT)
        self.assertEqual(self.run_spec("--set", "execution.cache=off")[1], self.COUNT)

    def test_the_folder_is_the_stores_or_the_one_that_is_named(self):
        self.prepare(MODEL, answer_model)
        self.run_spec("--store", "elsewhere")
        self.assertEqual(len(self.files("elsewhere/cache")), self.COUNT)
        self.assertEqual(self.run_spec("--cache-dir", "kept")[1], self.COUNT)
        self.assertEqual(len(self.files("kept")), self.COUNT)
        self.assertEqual([a.read_bytes() for a in self.files("kept")],
                         [b.read_bytes() for b in self.files("elsewhere/cache")])
        self.write("file", "")
        ended = self.assay("run", "spec.yaml", "--cache-dir", "file", env={"LOCAL_KEY": KEY})
        self.assertEqual(ended.exit_code, 4)
        self.assertIn("--no-cache", ended.err)

    def test_replaying_needs_no_server(self):
        self.prepare(MODEL, answer_model)
        self.run_spec("--cache-dir", "recordings")
        answers = self.answers()
        before = [(path, path.read_bytes()) for path in self.files("recordings")]
        self.server.shutdown()
        self.server.server_close()
        replay = ("--cache-dir", "recordings", "--set", "execution.cache=replay")
        self.run_spec(*replay, key="none")
        self.assertEqual(self.answers(), answers)
        variant, _ = self.run_spec(*replay, "--set", "task.parameters.temperature=1", exit_code=4)
        self.assertEqual(variant["units"]["failed"], self.COUNT)
        self.assertEqual([(path, path.read_bytes()) for path in self.files("recordings")], before)

    def test_a_damaged_file_is_asked_for_again_and_replaced(self):
        self.prepare(MODEL, answer_model)
        self.run_spec()
        path = self.files()[0]
        whole = path.read_text()
        path.write_text(whole.replace("City of", "Town of"))
        self.assertEqual(self.assay("cache", "verify").exit_code, 4)
        _, requests = self.run_spec()
        self.assertEqual(requests, 1)
        self.assertEqual(path.read_text(), whole)

    def test_errors_are_not_kept(self):
        self.prepare(MODEL, lambda *_: (400, "application/json", '{"error": {"message": "no"}}'))
        self.run_spec(exit_code=4)
        self.assertFalse((self.folder / FOLDER).exists())
        self.server.answer = lambda number, request: (
            200, "application/json", json.dumps({"choices": [{
                "message": {"content": "City"}, "finish_reason": "length"}]}))
        self.run_spec("--set", "gates=[]")
        self.assertFalse((self.folder / FOLDER).exists())

    def test_no_file_holds_a_key(self):
        for spec, answer in ((MODEL, answer_model), (SERVICE, answer_service)):
            self.prepare(spec, answer)
            self.run_spec()
            # Neither does another key make another request.
            self.assertEqual(self.run_spec(key="sk-canary-of-somebody-else")[1], 0)
        self.assertEqual(len(self.files()), 2 * self.COUNT)
        for path in self.files():
            self.assertNotIn("canary", path.read_text(), str(path))

    def test_a_program_runs_each_time(self):
        self.prepare(PROGRAM, answer_model)
        self.write("app.py", "import json, sys\n"
                   "open('ran', 'a').write('x')\n"
                   "print('City of ' + json.load(sys.stdin)['input']['country'])\n")
        self.run_spec()
        self.run_spec()
        self.assertEqual(len((self.folder / "ran").read_text()), 2 * self.COUNT)
        self.assertFalse((self.folder / FOLDER).exists())


if __name__ == "__main__":
    unittest.main()
