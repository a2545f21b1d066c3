"""assay prompts: prompts as files and as versions of a store."""

import json
import os
import sqlite3
import unittest
from contextlib import closing

from counting_model import SPEC, CountingModel
from server_process import StoreOrServer

MESSAGES = [{"role": "system", "content": "Route {{ticket}}"},
            {"type": "placeholder", "name": "history"}]


class PromptsTestCase(StoreOrServer):
    def ok(self, *arguments, code=0):
        ended = self.asked("prompts", *arguments)
        self.assertEqual(ended.exit_code, code, ended.err)
        self.assert_no_crash(ended)
        return ended

    def refused(self, *arguments):
        ended = self.ok(*arguments, code=2)
        self.assertEqual(ended.out, "")
        return ended.err


class Prompts:
    """The same in a store and on a server."""

    def stored(self):
        return {row["name"]: row for row in json.loads(self.ok("list", "--json").out)}

    def shown(self, *arguments):
        return json.loads(self.ok("show", *arguments, "--json").out)

    def write_prompts(self):
        self.write("prompts/support/tone.txt", "Be kind.\nBe brief.\n")
        self.write("prompts/router.json", json.dumps(MESSAGES))
        self.write("prompts/notes.pdf", "not a prompt")

    def test_files_become_versions_once(self):
        self.write_prompts()
        pushed = self.ok("push", "--label", "staging", "--message", "first")
        self.assertEqual(pushed.out, "router v1\nsupport/tone v1\n")
        self.assertEqual(self.ok("push").out, "")
        stored = self.stored()
        self.assertEqual(stored["router"]["type"], "chat")
        self.assertEqual(stored["support/tone"]["labels"], ["staging", "latest"])
        tone = self.shown("support/tone")
        self.assertEqual(tone["prompt"], "Be kind.\nBe brief.")
        self.assertEqual(tone["commit_message"], "first")
        self.assertEqual(self.ok("show", "support/tone").out, "Be kind.\nBe brief.\n")
        self.assertEqual(self.shown("router")["prompt"], MESSAGES)

        self.write("prompts/support/tone.txt", "Be short.")
        self.assertEqual(self.ok("push", "prompts").out, "support/tone v2\n")
        self.assertEqual(self.shown("support/tone", "--label", "staging")["version"], 1)
        self.assertEqual(self.shown("support/tone", "--version", "2")["prompt"], "Be short.")
        self.ok("push", "--label", "staging")  # nothing new, but the label moves
        self.assertEqual(self.shown("support/tone", "--label", "staging")["version"], 2)

    def test_what_is_pulled_is_what_was_pushed(self):
        self.write_prompts()
        self.write("prompts/support/ends.md", "one\n\n")
        self.ok("push")
        self.ok("pull", "again")
        self.assertEqual(self.ok("diff", "again").out, "")
        self.assertEqual(sorted(os.listdir(self.folder / "again")),
                         ["router.json", "support"])
        self.assertEqual(self.ok("push", "again").out, "")
        self.ok("pull", "one", "--name", "router")
        self.assertEqual(os.listdir(self.folder / "one"), ["router.json"])

    def test_diff_tells_lines_and_its_exit_code_that_something_differs(self):
        self.write_prompts()
        self.ok("push", "--label", "production")
        self.assertEqual(self.ok("diff").out, "")
        self.write("prompts/support/tone.txt", "Be kind.\nBe long.\n")
        self.assertEqual(self.ok("diff", code=1).out,
                         "--- support/tone v1\n+++ prompts/support/tone.txt\n"
                         "  Be kind.\n- Be brief.\n+ Be long.\n")
        self.ok("push")
        self.assertEqual(self.ok("diff").out, "")
        self.ok("diff", "--label", "production", code=1)
        self.write("prompts/fresh.txt", "x")
        self.assertIn("fresh is not stored", self.ok("diff", code=1).out)
        self.assertEqual(self.ok("diff", "--name", "router").out, "")

    def test_files_that_refer_to_each_other_are_pushed_in_the_order_they_need(self):
        self.write("prompts/a.txt", "see @@@langfusePrompt:name=b|label=latest@@@")
        self.write("prompts/b.txt", "see @@@langfusePrompt:name=c|version=1@@@")
        self.write("prompts/c.txt", "the end")
        self.assertEqual(self.ok("push").out, "c v1\nb v1\na v1\n")

    def test_files_that_are_no_prompts_push_nothing(self):
        self.write_prompts()
        for name, text in (("a|b.txt", "x"), ("new.txt", "x"), ("bad.json", "{"),
                           ("bad.json", '[{"role": "user"}]'), ("bad.yaml", "text")):
            path = self.write("prompts/" + name, text)
            self.assertIn(name, self.refused("push"))
            path.unlink()
        self.write("prompts/router.txt", "two files of one name")
        self.assertIn("are both the prompt", self.refused("push"))
        self.assertEqual(self.stored(), {})

    def test_what_is_not_ascii_comes_back(self):
        self.write("prompts/grüße/größer.txt", "Schöne Grüße, {{name}} \u2028 \U0001f44b\n")
        self.write("prompts/chat.json", json.dumps([
            {"role": "system", "content": "„ß“ \u0000x".replace("\u0000", "")},
            {"role": "user", "content": "{{frage}}"}]))
        self.assertEqual(self.ok("push").out, "chat v1\ngrüße/größer v1\n")
        self.ok("pull", "again")
        self.assertEqual((self.folder / "again/grüße/größer.txt").read_text("utf-8"),
                         "Schöne Grüße, {{name}} \u2028 \U0001f44b\n")
        self.assertEqual(self.ok("diff", "again").out, "")
        self.assertEqual(self.ok("push", "again").out, "")
        self.assertEqual(self.shown("grüße/größer")["prompt"],
                         "Schöne Grüße, {{name}} \u2028 \U0001f44b")

    def test_config_and_tags_stay_as_they_were(self):
        self.write_prompts()
        self.push_with_config()
        self.write("prompts/support/tone.txt", "Be gone.")
        self.ok("push")
        tone = self.shown("support/tone")
        self.assertEqual(tone["prompt"], "Be gone.")
        self.assertEqual(tone["config"], {"model": "m", "temperature": 0.5})
        self.assertEqual(sorted(tone["tags"]), ["a", "b"])

    def push_with_config(self):
        body = {"name": "support/tone", "type": "text", "prompt": "x", "tags": ["b", "a"],
                "config": {"model": "m", "temperature": 0.5}}
        status, _ = self.server.ask("/api/public/v2/prompts", self.pair, "POST", body,
                                    {"Content-Type": "application/json"})
        self.assertEqual(status, 201)

    def test_bad_command_lines_are_refused(self):
        self.write_prompts()
        self.ok("push")
        self.assertIn("did you mean", self.refused("show", "support/tome"))
        self.assertIn("takes one NAME", self.refused("show"))
        self.assertIn("no version that is meant", self.refused("show", "router", "--label", "no"))
        self.assertIn("no version that is meant", self.refused("show", "router", "--version", "9"))
        for action in ("push", "pull", "diff"):
            self.assertIn('did you mean "router"', self.refused(action, "--name", "ruoter"))
        self.assertIn("neither", self.refused("list", "x"))
        self.assertIn("no-such-folder", self.refused("push", "no-such-folder"))
        self.assertIn("--message", self.refused("pull", "--message", "x"))
        self.assertIn("--version", self.refused("diff", "--version", "1"))
        self.assertIn("Label", self.refused("push", "--label", "Not A Label"))
        self.assertIn("one --version or one --label",
                      self.refused("show", "router", "--version", "1", "--label", "latest"))


class PromptsOfAStore(Prompts, PromptsTestCase):
    def push_with_config(self):
        self.serve_it(still=False)
        super().push_with_config()
        self.assertEqual(self.server.stop(), 0)

    def test_one_file_that_cannot_be_pushed_leaves_the_store_as_it_was(self):
        self.write_prompts()
        self.write("prompts/bad.txt", "see @@@langfusePrompt:name=none|version=1@@@")
        self.assertIn("bad.txt: Prompt dependency not found", self.refused("push"))
        self.assertEqual(self.stored(), {})

    def test_a_store_that_is_not_there_has_no_prompts(self):
        ended = self.assay("prompts", "--store", "nowhere")
        self.assertEqual(ended.exit_code, 2)


class PromptsOfAServer(Prompts, PromptsTestCase):
    def setUp(self):
        super().setUp()
        self.serve_it(still=True)

    def test_what_was_pushed_before_one_that_cannot_be_is_told(self):
        self.write_prompts()
        self.write("prompts/bad.txt", "see @@@langfusePrompt:name=none|version=1@@@")
        ended = self.ok("push", code=2)
        self.assertEqual(ended.out, "router v1\nsupport/tone v1\n")
        self.assertIn("bad.txt: http", ended.err)
        self.assertIn("Prompt dependency not found", ended.err)
        self.assertEqual(sorted(self.stored()), ["router", "support/tone"])

    def test_a_store_says_the_same(self):
        self.write_prompts()
        self.ok("push", "--label", "staging", "--message", "first")
        for arguments in (("list",), ("list", "--json"), ("show", "router"),
                          ("show", "support/tone", "--json"), ("diff",)):
            with self.subTest(arguments):
                stored = self.assay("prompts", *arguments)
                self.assertEqual(stored.exit_code, 0, stored.err)
                self.assertEqual(self.ok(*arguments).out, stored.out)


class PromptsOfSpecs(PromptsTestCase):
    """A spec that names a prompt of the store."""

    def setUp(self):
        super().setUp()
        self.write("prompts/ask.txt", "{{question}}")
        self.ok("push", "--label", "production")

    def prepare(self, prompt):
        model = CountingModel(self)
        model.prepare(self, rows=2, spec=SPEC.replace('prompt: "{{{{question}}}}"',
                                                      "prompt: " + prompt))
        return model

    def manifest(self):
        ended = self.assay("run", "spec.yaml", "--out", "report.json", "--no-cache")
        self.assertEqual(ended.exit_code, 0, ended.out + ended.err)
        return json.loads((self.folder / "report.json").read_text())["manifest"]

    def links(self):
        with closing(sqlite3.connect(self.folder / ".assay/assay.db")) as database:
            return database.execute("SELECT prompt_name, prompt_version FROM observations "
                                    "WHERE model IS NOT NULL ORDER BY observation").fetchall()

    def test_a_run_takes_the_version_with_the_label_and_is_linked_to_it(self):
        model = self.prepare("{{name: ask, label: production}}")
        (prompt,) = self.manifest()["prompts"]
        self.assertEqual((prompt["name"], prompt["version"]), ("ask", 1))
        self.assertEqual(model.calls, {"q0": 1, "q1": 1})
        self.assertEqual(self.links(), [("ask", 1)] * 2)
        self.write("prompts/ask.txt", "{{question}}?")
        self.ok("push")
        self.assertEqual(self.manifest()["prompts"][0], prompt)
        self.ok("push", "--label", "production")
        ended = self.assay("run", "spec.yaml", "--no-cache")
        self.assertEqual(ended.exit_code, 1, ended.err)  # the model now says "q0?"
        self.assertEqual(self.links()[-1], ("ask", 2))

    def test_a_version_stays_what_it_was(self):
        self.prepare("{{name: ask, version: 1}}")
        before = self.manifest()["prompts"]
        self.write("prompts/ask.txt", "changed {{question}}")
        self.ok("push", "--label", "production")
        self.assertEqual(self.manifest()["prompts"], before)

    def test_what_a_prompt_refers_to_is_in_it(self):
        self.write("prompts/both.json", json.dumps([
            {"role": "system", "content": "Be kind"},
            {"role": "user", "content": "@@@langfusePrompt:name=ask|label=production@@@"}]))
        self.ok("push", "--label", "production")
        model = self.prepare("{{name: both}}")
        self.manifest()
        self.assertEqual(model.calls, {"q0": 1, "q1": 1})

    def test_a_prompt_that_is_not_there_is_a_mistake_in_the_spec(self):
        for prompt, why in (("{{name: aks}}", 'no prompt "aks"; did you mean "ask"?'),
                            ("{{name: ask, label: blue}}", 'has no label "blue"'),
                            ("{{name: ask, version: 7}}", "has no version 7"),
                            ("{{name: ask, version: 0}}", "at least 1"),
                            ("{{name: ask, version: 1, label: a}}", "exclude each other"),
                            ("{{name: ask, lable: a}}", 'unknown key "lable"')):
            self.prepare(prompt)
            ended = self.assay("validate", "spec.yaml")
            self.assertEqual(ended.exit_code, 2, ended.out)
            self.assertIn("spec.yaml:5:", ended.err)
            self.assertIn(why, ended.err)


if __name__ == "__main__":
    unittest.main()
