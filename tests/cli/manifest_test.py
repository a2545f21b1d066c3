"""What a report's manifest says of the repository, the prices and the parameters of a run."""

import hashlib
import json
import shutil
import subprocess
import unittest

from assay_process import ProcessTestCase
from counting_model import CountingModel


class ManifestTestCase(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.model = CountingModel(self)
        self.model.prepare(self, rows=2)

    def manifest(self, *more, **options):
        ended = self.assay("run", "spec.yaml", "--out", "out/report.json", *more, **options)
        self.assertEqual(ended.exit_code, 0, ended.out + ended.err)
        return json.loads((self.folder / "out" / "report.json").read_text())["manifest"]

    def replace(self, old, new):
        spec = self.folder / "spec.yaml"
        self.assertIn(old, spec.read_text())
        spec.write_text(spec.read_text().replace(old, new))


class Manifest(ManifestTestCase):
    def test_prices_have_a_hash_that_changes_with_them_alone(self):
        before = self.manifest()
        prices = ('{"local:tiny":{"source":"the spec",'
                  '"usd_per_million":{"input":100.0,"output":200.0}}}')
        self.assertEqual(before["prices_sha256"], hashlib.sha256(prices.encode()).hexdigest())
        self.replace("prompt:", "parameters: {temperature: 0.5}, prompt:")
        after = self.manifest()
        self.assertEqual(after["prices_sha256"], before["prices_sha256"])
        self.assertEqual(before["parameters"], {})
        self.assertEqual(after["parameters"], {"default": {"temperature": 0.5}})
        self.replace(", price: {input: 100, output: 200}", "")
        self.assertIsNone(self.manifest()["prices_sha256"])

    def test_a_model_is_named_as_it_calls_itself(self):
        self.assertEqual(self.manifest()["models"], {"local:tiny": "tiny-1"})

    def test_a_model_that_did_not_answer_is_not_resolved(self):
        self.replace(self.model.url, "http://127.0.0.1:1")
        ended = self.assay("run", "spec.yaml", "--out", "report.json",
                           "--set", "execution.retries=0")
        self.assertEqual(ended.exit_code, 4, ended.err)
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual(report["manifest"]["models"], {"local:tiny": None})

    def test_repetitions_seed_dataset_and_prompt_are_there(self):
        manifest = self.manifest("--repetitions", 2, "--seed", 7)
        self.assertEqual((manifest["repetitions"], manifest["seed"]), (2, 7))
        self.assertEqual(manifest["dataset"]["items"], 2)
        self.assertEqual(len(manifest["dataset"]["sha256"]), 64)
        self.assertEqual(len(manifest["prompts"][0]["sha256"]), 64)
        self.assertEqual(manifest["evaluators"][0]["name"], "exact_match")


@unittest.skipUnless(shutil.which("git"), "git is not installed")
class Repository(ManifestTestCase):
    def setUp(self):
        super().setUp()
        self.git("init", "--quiet", "--initial-branch", "topic")
        self.git("add", ".")
        self.commit()

    def git(self, *arguments, folder=None):
        environment = self.environment({"GIT_CONFIG_GLOBAL": "/dev/null", "HOME": str(self.folder)})
        return subprocess.run(["git", *arguments], cwd=folder or self.folder, env=environment,
                              check=True, capture_output=True, text=True).stdout.strip()

    def commit(self):
        self.git("-c", "user.name=ada", "-c", "user.email=ada@example.com", "commit", "--quiet",
                 "--message", "state")

    def test_a_clean_checkout_and_files_that_git_does_not_know(self):
        self.write("untracked.txt", "x")
        git = self.manifest()["git"]
        self.assertEqual(git, {"commit": self.git("rev-parse", "HEAD"), "branch": "topic",
                               "dirty": False})

    def test_a_change_that_is_not_committed_staged_or_not(self):
        self.replace("retries: 2", "retries: 1")
        self.assertIs(self.manifest()["git"]["dirty"], True)
        self.git("add", "spec.yaml")
        self.assertIs(self.manifest()["git"]["dirty"], True)
        self.commit()
        self.assertIs(self.manifest()["git"]["dirty"], False)

    def test_a_detached_head_has_no_branch(self):
        self.git("checkout", "--quiet", "--detach")
        self.assertIsNone(self.manifest()["git"]["branch"])

    def test_packed_references_and_worktrees(self):
        self.git("pack-refs", "--all")
        commit = self.git("rev-parse", "HEAD")
        self.assertEqual(self.manifest()["git"]["commit"], commit)
        self.git("worktree", "add", "--quiet", "-b", "other", "there")
        ended = self.assay("run", "spec.yaml", "--out", "report.json", cwd=self.folder / "there")
        self.assertEqual(ended.exit_code, 0, ended.err)
        report = json.loads((self.folder / "there" / "report.json").read_text())
        self.assertEqual(report["manifest"]["git"],
                         {"commit": commit, "branch": "other", "dirty": False})

    def test_without_git_it_is_not_known_whether_something_changed(self):
        git = self.manifest(env={"PATH": "/nowhere"})["git"]
        self.assertEqual(git["branch"], "topic")
        self.assertIsNone(git["dirty"])


if __name__ == "__main__":
    unittest.main()
