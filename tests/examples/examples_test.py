"""Every file of examples/ runs and does what its README says."""

import json
import re
import shutil
import subprocess
import sys
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from assay_process import PROGRAM, SOURCE, ProcessTestCase  # noqa: E402

EXAMPLES = SOURCE / "examples"
TICKETS = EXAMPLES / "ticket_router"
JUDGED = EXAMPLES / "judged"
GSM8K_DATA = SOURCE.parent / "shared/data/gsm8k/example_model_solutions.jsonl"
GSM8K_CORRECT = {"6b_finetuning": 286, "6b_verification": 515,
                 "175b_finetuning": 458, "175b_verification": 742}

sys.path[:0] = [str(TICKETS), str(JUDGED)]

import router  # noqa: E402
import stub_models  # noqa: E402


def tickets():
    text = (TICKETS / "tickets.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


class ExamplesTest(ProcessTestCase):
    def run_spec(self, spec, *arguments):
        report = self.folder / "report.json"
        ended = self.assay("run", spec, "--out", report, *arguments, timeout=300)
        self.assert_no_crash(ended)
        self.assertTrue(report.exists(), ended.err)
        return ended.exit_code, json.loads(report.read_text(encoding="utf-8"))

    def test_every_spec_is_valid_and_known_to_this_test(self):
        specs = {str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*.eval.yaml")}
        self.assertEqual(specs, {"gsm8k/gsm8k.eval.yaml", "handbook/questions.eval.yaml",
                                 "judged/answers.eval.yaml", "scorers/answers.eval.yaml",
                                 "ticket_router/tickets.eval.yaml",
                                 "worst_customer/requests.eval.yaml"})
        for spec in specs:
            ended = self.assay("validate", EXAMPLES / spec)
            self.assertEqual(ended.exit_code, 0, ended.err)

    def test_ticket_router(self):
        exit_code, report = self.run_spec(TICKETS / "tickets.eval.yaml")
        self.assertEqual(exit_code, 1)
        self.assertEqual(report["status"], "failed")
        rows = tickets()
        for variant in report["variants"]:
            route = router.ROUTERS[variant["name"]]
            correct = sum(route(row["subject"], row["body"]) == row["team"] for row in rows)
            self.assertEqual(variant["units"]["scored"], len(rows))
            self.assertAlmostEqual(variant["scores"]["exact_match"]["mean"], correct / len(rows))
            self.assertEqual(variant["scores"]["format"]["mean"], 1)
        self.assertEqual([v["name"] for v in report["variants"]], ["keywords", "weighted"])
        failed = [(g["variant"], g["gate"]) for g in report["gates"] if g["status"] != "passed"]
        self.assertEqual(failed, [("keywords", "exact_match >= 0.85")])

    def test_handbook(self):
        exit_code, report = self.run_spec(EXAMPLES / "handbook" / "questions.eval.yaml")
        self.assertEqual((exit_code, report["status"]), (0, "passed"))
        [variant] = report["variants"]
        self.assertEqual(variant["units"]["scored"], 8)
        self.assertEqual(variant["calls"]["provider"], 16)
        found, answered = variant["scores"]["found"], variant["scores"]["answered"]
        self.assertEqual((found["mean"], found["count"], found["skipped"]), (7 / 8, 8, 0))
        self.assertEqual((answered["mean"], answered["count"], answered["skipped"]), (1, 7, 1))

    @unittest.skipUnless(shutil.which("bwrap") and shutil.which("node"),
                         "needs bubblewrap and Node")
    def test_scorers(self):
        exit_code, report = self.run_spec(EXAMPLES / "scorers" / "answers.eval.yaml")
        self.assertEqual((exit_code, report["status"]), (0, "passed"))
        [variant] = report["variants"]
        self.assertEqual(variant["units"]["scored"], 10)
        self.assertAlmostEqual(variant["scores"]["cites"]["mean"], 0.9)
        self.assertAlmostEqual(variant["scores"]["sources_exist"]["mean"], 0.9)
        answers = (EXAMPLES / "scorers" / "answers.jsonl").read_text(encoding="utf-8")
        words = [len(json.loads(line)["answer"].split()) for line in answers.splitlines()]
        self.assertAlmostEqual(variant["scores"]["reading_seconds"]["mean"],
                               sum(words) / len(words) / 230 * 60)

    @unittest.skipUnless(shutil.which("bwrap"), "needs bubblewrap")
    def test_worst_customer(self):
        exit_code, report = self.run_spec(EXAMPLES / "worst_customer" / "requests.eval.yaml")
        self.assertEqual(exit_code, 1)
        [variant] = report["variants"]
        self.assertAlmostEqual(variant["scores"]["exact_match"]["mean"], 0.75)
        self.assertEqual(variant["run_scores"], {"worst_customer": 0.25})
        self.assertEqual(variant["run_score_notes"], {"worst_customer": "that is museum"})
        self.assertEqual([gate["status"] for gate in report["gates"]], ["passed", "failed"])

    def test_judged(self):
        kept = {path: path.read_bytes() for path in JUDGED.rglob("*.json")}
        exit_code, report = self.run_spec(JUDGED / "answers.eval.yaml", "--cache-dir",
                                          JUDGED / "replies")
        # When a prompt has changed, the README says how to record the replies anew.
        self.assertEqual((exit_code, report["status"]), (0, "passed"))
        self.assertEqual({path: path.read_bytes() for path in JUDGED.rglob("*.json")}, kept)
        text = (JUDGED / "answers.jsonl").read_text(encoding="utf-8")
        rows = [json.loads(line) for line in text.splitlines()]
        worth = {"fits": 1, "neutral": 0.5, "unfitting": 0.25}
        calls = 0
        for variant in report["variants"]:
            scores = variant["scores"]
            answers = [row[variant["name"]] for row in rows]
            tone = [worth[stub_models.tone_of(answer)[0]] for answer in answers]
            self.assertAlmostEqual(scores["tone"]["mean"], sum(tone) / len(rows))
            for model in ("judge-a", "judge-b", "judge-c"):
                yes = [stub_models.helps(model, answer)[0] for answer in answers]
                self.assertAlmostEqual(scores[f"helps_{model}"]["mean"], sum(yes) / len(rows))
            calls += variant["judges"]["calls"] + variant["judges"]["cached"]
            self.assertEqual(variant["judges"]["calls"], 0)
        self.assertEqual(calls, len(kept))
        thorough = report["variants"][1]["scores"]
        orders = [(stub_models.better_of(row["thorough"], row["short"])[0] == "A",
                   stub_models.better_of(row["short"], row["thorough"])[0] == "B")
                  for row in rows]
        wins = sum(first and second for first, second in orders)
        ties = sum(first != second for first, second in orders)
        self.assertAlmostEqual(thorough["better"]["mean"], (wins + ties / 2) / len(rows))
        self.assertAlmostEqual(thorough["better_consistent"]["mean"], 1 - ties / len(rows))

    def test_judged_readme_tells_the_truth(self):
        readme = (JUDGED / "README.md").read_text(encoding="utf-8")
        _, report = self.run_spec(JUDGED / "answers.eval.yaml", "--cache-dir", JUDGED / "replies")
        short, thorough = (variant["scores"] for variant in report["variants"])
        self.assertIn(f"{short['tone']['mean']:g} for the short answers, "
                      f"{thorough['tone']['mean']:g} for the thorough ones", readme)
        self.assertIn(f"a tie: {thorough['better']['mean']:g}", readme)
        for name in ("better_consistent", "better_first_preferred"):
            self.assertIn(f"`{name}` ({thorough[name]['mean']:g})", readme)
        self.assertEqual((short["helps"]["mean"], thorough["helps"]["mean"]), (0.5, 1))

    def test_ticket_readme_tells_the_truth(self):
        readme = (TICKETS / "README.md").read_text(encoding="utf-8")
        row = r"^\| (\w+)[^|]*\| (\d+) of (\d+)[^|]*\| (\d+) of"
        stated = re.findall(row, readme, re.MULTILINE)
        counted = []
        rows = tickets()
        for kind in ["all", "plain", "short", "negation", "mixed", "typo", "foreign"]:
            chosen = [row for row in rows if kind in ("all", row["kind"])]
            correct = [sum(route(row["subject"], row["body"]) == row["team"] for row in chosen)
                       for route in router.ROUTERS.values()]
            counted.append((kind, str(correct[0]), str(len(chosen)), str(correct[1])))
        self.assertEqual(stated, counted)

    def test_tickets_are_balanced_and_different(self):
        rows = tickets()
        self.assertEqual(Counter(row["team"] for row in rows), dict.fromkeys(router.TEAMS, 52))
        self.assertEqual(len({row["body"] for row in rows}), len(rows))
        self.assertEqual(len({row["ticket_id"] for row in rows}), len(rows))

    def test_router_is_refused_without_a_version(self):
        for arguments in ([], ["best"]):
            ended = subprocess.run([sys.executable, TICKETS / "router.py", *arguments],
                                   capture_output=True, text=True, stdin=subprocess.DEVNULL)
            self.assertEqual(ended.returncode, 1)
            self.assertIn("usage: router.py keywords|weighted", ended.stderr)

    def test_router_sees_one_typing_mistake_and_no_more(self):
        for word in ("invoice", "nvoice", "invoicee", "invoixe", "invocie"):
            self.assertTrue(router.is_one_mistake_away(word, "invoice"), word)
        for word in ("invoic3e5", "invcoei", "voice", "envoyce"):
            self.assertFalse(router.is_one_mistake_away(word, "invoice"), word)

    @unittest.skipUnless(GSM8K_DATA.exists(), f"needs {GSM8K_DATA.name} in shared/data/gsm8k")
    def test_gsm8k_agrees_with_the_publishers(self):
        exit_code, report = self.run_spec(EXAMPLES / "gsm8k/gsm8k.eval.yaml")
        self.assertEqual(exit_code, 0)
        for variant in report["variants"]:
            score = variant["scores"]["answer"]
            self.assertEqual(score["count"], 1319)
            self.assertEqual(score["errors"], 0)
            self.assertEqual(round(score["mean"] * 1319, 6), GSM8K_CORRECT[variant["name"]])


class ScriptsTest(ProcessTestCase):
    """The two scripts, with what takes minutes (apt, the build) replaced by stand-ins."""

    def setUp(self):
        super().setUp()
        self.tree = self.folder / "tree"
        program = self.tree / "build/release/runner/cli/assay"
        program.parent.mkdir(parents=True)
        program.symlink_to(PROGRAM)
        for name in ("examples", "cmake", "tests"):
            (self.tree / name).symlink_to(SOURCE / name)
        self.stand_in("cmake", 'echo "cmake $*"')
        self.stand_in("ctest", 'echo "ctest $*"')
        self.stand_in("dpkg-query", "printf installed")
        self.stand_in("apt-get", "echo apt-get was called; exit 9")

    def stand_in(self, name, script):
        path = self.write(f"bin/{name}", f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def script(self, path, *arguments):
        environment = self.environment()
        environment["PATH"] = f"{self.folder / 'bin'}:{environment['PATH']}"
        return subprocess.run([self.tree / path, *arguments], cwd=self.folder, env=environment,
                              capture_output=True, text=True, timeout=300)

    def test_quickstart_shows_the_gate_that_fails_and_ends_well(self):
        for _ in range(2):
            ended = self.script("examples/quickstart.sh")
            self.assertEqual(ended.returncode, 0, ended.stderr)
            self.assertIn("keywords", ended.stdout)
            self.assertIn("that is the point", ended.stdout)
            self.assertIn("cmake --build --preset release", ended.stdout)
            self.assertTrue((self.tree / "build/quickstart/report.json").exists())

    def test_quickstart_reports_a_run_that_did_not_end_as_it_should(self):
        (self.tree / "build/release/runner/cli/assay").unlink()
        self.write("tree/build/release/runner/cli/assay", "#!/bin/sh\nexit 4\n").chmod(0o755)
        ended = self.script("examples/quickstart.sh")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("exit code 4", ended.stderr)

    def test_without_root_the_missing_packages_are_named(self):
        self.stand_in("dpkg-query", '[ "$4" != cmake ] && printf installed')
        self.stand_in("id", "echo 1000")
        for path in ("examples/quickstart.sh", "tests/run.sh"):
            ended = self.script(path)
            self.assertEqual(ended.returncode, 1)
            self.assertIn("sudo apt-get install -y cmake\n", ended.stderr)
            self.assertNotIn("cmake --build", ended.stdout)

    def test_missing_packages_are_installed_by_root(self):
        self.stand_in("dpkg-query", '[ "$4" != cmake ] && printf installed')
        self.stand_in("id", "echo 0")
        self.stand_in("apt-get", f'echo "$* $DEBIAN_FRONTEND" >> {self.folder}/apt.log')
        ended = self.script("tests/run.sh", "--quick")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        log = (self.folder / "apt.log").read_text()
        self.assertRegex(log, r"update noninteractive\n.* install -y .*cmake noninteractive\n$")

    def test_tests_run_in_both_builds_and_quick_ones_in_one(self):
        full = self.script("tests/run.sh").stdout
        self.assertRegex(full, r"(?s)ctest --preset dev.*ctest --preset asan")
        self.assertNotIn("long", full)
        quick = self.script("tests/run.sh", "--quick").stdout
        self.assertIn("ctest --preset dev", quick)
        self.assertIn("--label-exclude ^long$", quick)
        self.assertNotIn("asan", quick)
        self.assertTrue(quick.strip().splitlines()[-1].startswith("ctest"))

    def test_a_failing_test_run_is_the_script_s_exit_code(self):
        self.stand_in("ctest", "exit 8")
        self.assertEqual(self.script("tests/run.sh").returncode, 8)
        self.assertEqual(self.script("tests/run.sh", "--fast").returncode, 2)


if __name__ == "__main__":
    unittest.main()
