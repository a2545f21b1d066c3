"""`assay doctor`: what it says about a machine, and what it never says."""

import json
import resource
import unittest

from assay_process import ProcessTestCase


class Doctor(ProcessTestCase):
    def examine(self, env=None, *arguments):
        ended = self.assay("doctor", "--json", *arguments, env=env)
        self.assert_no_crash(ended)
        return ended.exit_code, {finding["id"]: finding for finding in json.loads(ended.out)}

    def status(self, finding, env=None, *arguments):
        exit_code, findings = self.examine(env, *arguments)
        if findings[finding]["status"] == "problem":
            self.assertEqual(exit_code, 4)
        return findings[finding]["status"]

    def test_a_good_machine(self):
        ended = self.assay("doctor")
        self.assertEqual(ended.exit_code, 0, ended.out)
        self.assertIn("Everything that is needed is here.", ended.out)
        exit_code, findings = self.examine()
        self.assertEqual(exit_code, 0)
        self.assertEqual(len(ended.out.splitlines()), len(findings) + 1)
        for name in ("assay", "store", "disk", "temp", "python3", "git", "sandbox", "openai",
                     "proxy", "limits", "locale", "terminal", "clock"):
            self.assertIn(name, findings)
        self.assertFalse((self.folder / ".assay").exists())

    def test_every_note_and_problem_has_a_remedy(self):
        _, findings = self.examine({"PATH": "/nowhere", "LANG": "C", "LC_ALL": "C", "TMPDIR": "no"})
        for finding in findings.values():
            if finding["status"] != "ok":
                self.assertTrue(finding["remedy"], finding)

    def test_the_store(self):
        self.assertEqual(self.assay("init").exit_code, 0)
        self.assertEqual(self.assay("run", "reviews.eval.yaml").exit_code, 0)
        self.assertIn("holds 1 run,", self.examine()[1]["store"]["text"])
        self.write("broken/assay.db", "this is no database, but it is long enough to be one\n" * 99)
        self.assertEqual(self.status("store", None, "--store", "broken"), "problem")
        self.write("file", "")
        self.assertEqual(self.status("store", None, "--store", "file/sub"), "problem")

    def test_keys_are_named_and_never_shown(self):
        self.assertEqual(self.status("openai"), "note")
        self.assertEqual(self.status("openai", {"OPENAI_API_KEY": ""}), "note")
        env = {"OPENAI_API_KEY": "sk-very-secret", "OPENAI_BASE_URL": "https://me:hush@host/v1",
               "HTTPS_PROXY": "http://me:hush@proxy:3128"}
        _, findings = self.examine(env)
        self.assertEqual(findings["openai"]["status"], "ok")
        self.assertIn("OPENAI_BASE_URL is set", findings["openai"]["text"])
        self.assertIn("HTTPS_PROXY", findings["proxy"]["text"])
        for arguments in (["doctor"], ["doctor", "--json"]):
            ended = self.assay(*arguments, env=env)
            self.assertNotIn("very-secret", ended.out + ended.err)
            self.assertNotIn("hush", ended.out + ended.err)

    def test_a_key_or_address_that_cannot_work_is_a_problem(self):
        self.assertEqual(self.status("openai", {"OPENAI_API_KEY": "sk-copied\n"}), "problem")
        self.assertEqual(self.status("openai", {"OPENAI_BASE_URL": "host/v1"}), "problem")

    def test_surroundings(self):
        self.assertEqual(self.status("python3", {"PATH": "/nowhere"}), "note")
        self.assertEqual(self.status("temp", {"TMPDIR": str(self.folder / "none")}), "problem")
        self.assertEqual(self.status("locale", {"LC_ALL": "C"}), "note")
        german = {"LC_ALL": "", "LC_CTYPE": "", "LANG": "de_DE.utf8"}
        self.assertEqual(self.status("locale", german), "ok")

    def test_few_open_files_are_noted(self):
        ended = self.assay("doctor", "--json", preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (200, 200)))
        limits = next(f for f in json.loads(ended.out) if f["id"] == "limits")
        self.assertEqual((limits["status"], ended.exit_code), ("note", 0))
        self.assertIn("200 open files", limits["text"])

    def test_a_hostile_environment_does_not_reach_the_terminal(self):
        ended = self.assay("doctor", env={"LANG": "\x1b[31mred", "LC_ALL": "\x1b[31mred"})
        self.assertNotIn("\x1b", ended.out)


if __name__ == "__main__":
    unittest.main()
