"""The main job end to end: exit codes, stored runs, reports, gates, signals, faults."""

import json
import os
import resource
import signal
import subprocess
import time
import unittest
import xml.etree.ElementTree as ElementTree

from assay_process import ProcessTestCase

SPEC = """experiment: capitals
dataset: rows.jsonl
task: {recorded: $.answers.v1}
variants:
  - {name: v1}
  - {name: v2, recorded: $.answers.v2}
evaluators:
  - exact_match
  - {name: shape, type: regex, pattern: "^[A-Z]", check: true}
run_evaluators: [{name: median_match, type: median, score: exact_match}]
gates: ["exact_match >= 0.5"]
"""


def rows(count, wrong=()):
    lines = []
    for i in range(count):
        right = f"City{i}"
        lines.append(
            json.dumps(
                {
                    "input": {"country": f"C{i}"},
                    "expected_output": right,
                    "answers": {"v1": right, "v2": "nowhere" if i in wrong else right},
                }
            )
        )
    return "\n".join(lines) + "\n"


class Run(ProcessTestCase):
    def prepare(self, spec=SPEC, data=None):
        self.write("spec.yaml", spec)
        self.write("rows.jsonl", data if data is not None else rows(10, wrong=(1, 2)))

    def test_passing_run(self):
        self.prepare()
        ended = self.assay("run", "spec.yaml", "--out", "report.json", "--out", "items.jsonl",
                           "--out", "items.csv", "--out", "junit.xml", "--out", "summary.md")
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertIn("PASS", ended.out)
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual(report["status"], "passed")
        v2 = report["variants"][1]
        self.assertEqual(v2["units"], {"planned": 10, "scored": 10, "failed": 0, "unscored": 0,
                                       "skipped": 0})
        self.assertAlmostEqual(v2["scores"]["exact_match"]["mean"], 0.8)
        self.assertEqual(v2["run_scores"], {"median_match": 1.0})
        items = (self.folder / "items.jsonl").read_text().splitlines()
        self.assertEqual(len(items), 20)
        suites = ElementTree.parse(self.folder / "junit.xml").getroot()
        self.assertEqual(int(suites.get("failures")), 2)
        self.assertIn("exact_match", (self.folder / "summary.md").read_text())

    def test_stored_run_gives_the_same_numbers(self):
        self.prepare()
        self.assay("run", "spec.yaml", "--out", "report.json")
        run = self.runs()[0]
        first = json.loads((self.folder / "report.json").read_text())
        self.assertEqual(run["id"], first["run"]["id"])
        shown = json.loads(self.assay("show", run["id"], "--json").out)[0]
        for key in ("variants", "gates", "manifest", "status", "exit_code"):
            self.assertEqual(shown[key], first[key], key)
        self.assay("export", "latest", "--out", "again.json")
        self.assertEqual(json.loads((self.folder / "again.json").read_text()), first)

    def test_failed_gate_is_exit_code_1(self):
        self.prepare(SPEC.replace(">= 0.5", ">= 0.9"))
        ended = self.assay("run", "spec.yaml")
        self.assertEqual(ended.exit_code, 1, ended.err)
        self.assertIn("FAIL", ended.out)
        self.assertEqual(self.assay("gate", "latest").exit_code, 1)
        self.prepare()
        self.assertEqual(self.assay("gate", "latest", "spec.yaml").exit_code, 0)

    def test_exit_code_of_a_failed_gate_can_be_chosen(self):
        self.prepare(SPEC.replace(">= 0.5", ">= 0.9"))
        ended = self.assay("run", "spec.yaml", env={"ASSAY_EXIT_GATE_FAILED": "77"})
        self.assertEqual(ended.exit_code, 77)

    def test_low_coverage_is_exit_code_3(self):
        data = rows(10).splitlines()
        broken = [line.replace('"v2": "City', '"v3": "City') for line in data[:4]]
        self.prepare(data="\n".join(broken + data[4:]) + "\n")
        ended = self.assay("run", "spec.yaml")
        self.assertEqual(ended.exit_code, 3, ended.out)
        self.assertIn("CANNOT TELL", ended.out)

    def test_nothing_scored_is_exit_code_4(self):
        self.prepare(SPEC.replace("$.answers.v1", "$.nowhere").replace("$.answers.v2", "$.nowhere"))
        ended = self.assay("run", "spec.yaml")
        self.assertEqual(ended.exit_code, 4, ended.out)

    def test_partial_runs_are_marked(self):
        self.prepare()
        self.assay("run", "spec.yaml", "--limit", "3", "--variant", "v1", "--out", "r.json")
        report = json.loads((self.folder / "r.json").read_text())
        self.assertTrue(report["partial"])
        self.assertEqual([v["name"] for v in report["variants"]], ["v1"])
        self.assertEqual(report["variants"][0]["units"]["planned"], 3)

    def test_filter_and_seeded_sample_repeat(self):
        self.prepare()
        def items(*arguments):
            self.assay("run", "spec.yaml", "--out", "i.jsonl", "--variant", "v1", *arguments)
            lines = (self.folder / "i.jsonl").read_text().splitlines()
            return [json.loads(line)["item_id"] for line in lines]
        self.assertEqual(len(items("--filter", "input.country in ('C1', 'C2')")), 2)
        sample = items("--sample", "4", "--seed", "5")
        self.assertEqual(len(sample), 4)
        self.assertEqual(sample, items("--sample", "4", "--seed", "5"))
        self.assertNotEqual(sample, items("--sample", "4", "--seed", "6"))

    def test_same_run_twice_gives_the_same_items_file(self):
        self.prepare()
        texts = []
        for concurrency in (1, 8, 64):
            self.assay("run", "spec.yaml", "-j", concurrency, "--out", "i.jsonl")
            lines = [json.loads(x) for x in (self.folder / "i.jsonl").read_text().splitlines()]
            for line in lines:
                line.pop("trace_id")
                line.pop("latency_ms")
            texts.append(lines)
        self.assertEqual(texts[0], texts[1])
        self.assertEqual(texts[0], texts[2])

    def test_step_summary_and_annotations(self):
        self.prepare(SPEC.replace(">= 0.5", ">= 0.9"))
        summary = self.folder / "summary.md"
        summary.write_text("before\n")
        ended = self.assay("run", "spec.yaml", env={"GITHUB_STEP_SUMMARY": str(summary),
                                                    "GITHUB_ACTIONS": "true"})
        text = summary.read_text()
        self.assertTrue(text.startswith("before\n"))
        self.assertIn("exact_match >= 0.9", text)
        self.assertIn("::error file=spec.yaml,line=11", ended.err)

    def test_quiet_prints_nothing_when_all_is_well(self):
        self.prepare()
        ended = self.assay("run", "spec.yaml", "--quiet")
        self.assertEqual((ended.exit_code, ended.out, ended.err), (0, "", ""))

    def test_two_tables_fit_their_terminals(self):
        self.prepare()
        for columns in (80, 160):
            ended = self.assay("run", "spec.yaml", env={"COLUMNS": str(columns)})
            widest = max(len(line) for line in ended.out.splitlines())
            self.assertLessEqual(widest, columns)

    def test_set_overrides_are_part_of_the_run(self):
        self.prepare()
        ended = self.assay("run", "spec.yaml", "--set", "gates=['exact_match >= 0.99']")
        self.assertEqual(ended.exit_code, 1, ended.err)

    def test_env_file_tags_and_metadata(self):
        self.prepare()
        self.write(".env", "# comment\nexport SOME_KEY='value'\n")
        ended = self.assay("run", "spec.yaml", "--env-file", ".env", "--run-name", "nightly",
                           "--tag", "ci", "--metadata", "pr=12")
        self.assertEqual(ended.exit_code, 0, ended.err)
        run = self.runs()[0]
        self.assertEqual(run["name"], "nightly")
        self.assertEqual(run["metadata"], {"pr": "12", "tags": ["ci"]})
        self.assertEqual(self.assay("show", "nightly").exit_code, 0)
        unknown = self.assay("show", "nightlie")
        self.assertEqual(unknown.exit_code, 2)
        self.assertIn('did you mean "nightly"? (`assay runs` lists them)', unknown.err)

    def test_only_what_failed_runs_again(self):
        self.prepare()
        self.assay("run", "spec.yaml")
        ended = self.assay("run", "spec.yaml", "--filter-failing", "latest", "--out", "i.jsonl")
        self.assertEqual(ended.exit_code, 1, ended.err)
        lines = (self.folder / "i.jsonl").read_text().splitlines()
        countries = {json.loads(line)["input"]["country"] for line in lines}
        self.assertEqual(countries, {"C1", "C2"})

    def test_nothing_failed_is_said(self):
        self.prepare(data=rows(3))
        self.assay("run", "spec.yaml")
        ended = self.assay("run", "spec.yaml", "--filter-failing", "latest")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("nothing failed", ended.err)

    def test_fail_fast_stops_at_the_first_failure(self):
        self.prepare(SPEC.replace("$.answers.v2", "$.nowhere"), data=rows(2000))
        ended = self.assay("run", "spec.yaml", "--fail-fast", "-j", "1", "--out", "r.json")
        self.assertEqual(ended.exit_code, 4)
        self.assertIn("--fail-fast", ended.err)
        units = json.loads((self.folder / "r.json").read_text())["variants"][1]["units"]
        self.assertEqual((units["failed"], units["skipped"]), (1, 1999))

    def test_several_specs_in_one_command(self):
        self.prepare()
        self.write("other.yaml", SPEC.replace("capitals", "others").replace(">= 0.5", ">= 0.9"))
        ended = self.assay("run", "spec.yaml", "other.yaml", "--out", "{experiment}.json")
        self.assertEqual(ended.exit_code, 1, ended.err)
        reports = [json.loads((self.folder / f"{name}.json").read_text())["status"]
                   for name in ("capitals", "others")]
        self.assertEqual(reports, ["passed", "failed"])
        self.assertEqual([run["experiment"] for run in self.runs()], ["others", "capitals"])

    def test_several_specs_need_a_name_each(self):
        self.prepare()
        ended = self.assay("run", "spec.yaml", "spec.yaml", "--out", "report.json")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("{experiment}", ended.err)
        ended = self.assay("run", "spec.yaml", "spec.yaml", "--out", "{experiment}.json")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn('two specs are called "capitals"', ended.err)

    def test_a_mistake_in_one_of_several_specs_runs_none(self):
        self.prepare()
        self.write("wrong.yaml", SPEC + "repetitons: 3\n")
        ended = self.assay("run", "spec.yaml", "wrong.yaml")
        self.assertEqual(ended.exit_code, 2)
        self.assertEqual(self.runs(), [])

    def test_matrix_variants_run_and_can_be_chosen(self):
        matrix = SPEC.replace(
            "variants:\n  - {name: v1}\n  - {name: v2, recorded: $.answers.v2}\n",
            "matrix: {recorded: [$.answers.v1, $.answers.v2]}\n")
        self.prepare(matrix)
        ended = self.assay("run", "spec.yaml", "--variant", "$.answers.v2", "--out", "r.json")
        self.assertEqual(ended.exit_code, 0, ended.err)
        variants = json.loads((self.folder / "r.json").read_text())["variants"]
        self.assertEqual([variant["name"] for variant in variants], ["$.answers.v2"])

    def test_show_failed_and_one_item(self):
        self.prepare()
        self.assay("run", "spec.yaml")
        failed = self.assay("show", "latest", "--failed")
        self.assertEqual(len(failed.out.splitlines()), 3, failed.out)
        self.assertIn("exact_match is false", failed.out)
        units = json.loads(self.assay("show", "latest", "--failed", "--json").out)
        self.assertEqual(len(units), 2)
        item = units[0]["item_id"]
        shown = self.assay("show", "latest", "--item", item)
        self.assertEqual(shown.exit_code, 0, shown.err)
        for words in (item, "country", "nowhere", "v1 · scored", "v2 · scored", "trace"):
            self.assertIn(words, shown.out)
        self.assertEqual(len(json.loads(self.assay("show", "latest", "--item", item,
                                                   "--json").out)), 2)
        self.assertEqual(self.assay("show", "latest", "--item", "nobody").exit_code, 2)


PROGRAM_SPEC = """experiment: program
dataset: rows.jsonl
task: {command: [python3, app.py], timeout: 1s}
evaluators: [exact_match]
execution: {concurrency: 4, retries: 0, unit_deadline: 3s, min_coverage: 0.5}
"""

ECHO = """import json, sys
for line in sys.stdin:
    unit = json.loads(line)
    print(json.dumps({"id": unit["id"], "output": unit["expected_output"]}), flush=True)
"""


def echo_but(line):
    """The echoing program with one more line before it answers."""
    return ECHO.replace("    print(", f"    {line}\n    print(")


class Programs(ProcessTestCase):
    def run_program(self, source, count=6, spec=PROGRAM_SPEC):
        self.write("app.py", source)
        self.write("spec.yaml", spec)
        self.write("rows.jsonl", rows(count))
        ended = self.assay("run", "spec.yaml", "--out", "items.jsonl")
        self.assert_no_crash(ended)
        lines = (self.folder / "items.jsonl").read_text().splitlines()
        return ended, [json.loads(line) for line in lines]

    def test_persistent_program(self):
        ended, units = self.run_program(ECHO)
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertEqual({unit["status"] for unit in units}, {"scored"})

    def test_program_once_per_item(self):
        source = "import json, sys\nprint(json.load(sys.stdin)['expected_output'])\n"
        spec = PROGRAM_SPEC.replace("app.py],", "app.py], mode: once,")
        ended, units = self.run_program(source, spec=spec)
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertEqual({unit["status"] for unit in units}, {"scored"})

    def test_garbage(self):
        source = "import sys\nfor line in sys.stdin: print('\\x1b[2J?', flush=True)\n"
        ended, units = self.run_program(source)
        self.assertEqual(ended.exit_code, 4)
        self.assertEqual({unit["status"] for unit in units}, {"failed"})
        self.assertNotIn("\x1b", ended.out)

    def test_a_hanging_item_fails_alone(self):
        source = echo_but("if unit['input']['country'] == 'C3': import time; time.sleep(60)")
        ended, units = self.run_program(source)
        self.assertEqual(sorted(unit["status"] for unit in units), ["failed"] + ["scored"] * 5)

    def test_a_dying_item_fails_alone(self):
        source = echo_but("if unit['input']['country'] == 'C3': sys.exit(3)")
        ended, units = self.run_program(source)
        self.assertEqual(sorted(unit["status"] for unit in units), ["failed"] + ["scored"] * 5)
        failed = next(unit for unit in units if unit["status"] == "failed")
        self.assertIn("exit code 3", failed["error"])

    def test_a_forking_program_leaves_nothing_behind(self):
        source = "import os, time\nif os.fork() == 0:\n    time.sleep(300)\n" + ECHO
        ended, units = self.run_program(source)
        self.assertEqual(ended.exit_code, 0, ended.err)
        listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
        self.assertNotIn(str(self.folder), listing)

    def test_missing_program(self):
        spec = PROGRAM_SPEC.replace("[python3, app.py]", "[no-such-program-here]")
        ended, units = self.run_program("", spec=spec)
        self.assertEqual(ended.exit_code, 4)
        self.assertIn("no-such-program-here", units[0]["error"])


class Interrupts(ProcessTestCase):
    def start_slow_run(self, seconds):
        self.write("app.py", echo_but(f"import time; time.sleep({seconds})"))
        self.write("spec.yaml", PROGRAM_SPEC.replace("1s", "60s").replace("3s", "90s"))
        self.write("rows.jsonl", rows(400))
        process = self.start("run", "spec.yaml", "--out", "report.json")
        self.addCleanup(process.kill)
        return process

    def wait_for_units(self, process):
        """Waits until the store shows that work is going on."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            shown = self.assay("show", "latest", "--json")
            if shown.exit_code == 0:
                counts = json.loads(shown.out)[0]["variants"][0]["units"]
                if counts["scored"] >= 4:
                    return
            time.sleep(0.05)
        self.fail("no unit was stored in time")

    def test_once_drains(self):
        process = self.start_slow_run(0.05)
        self.wait_for_units(process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, err)
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual(report["status"], "interrupted")
        units = report["variants"][0]["units"]
        self.assertEqual(units["planned"], 400)
        self.assertGreaterEqual(units["scored"], 4)
        self.assertEqual(sum(units[k] for k in ("scored", "failed", "unscored", "skipped")), 400)

    def test_twice_stops_at_once(self):
        process = self.start_slow_run(0.2)
        self.wait_for_units(process)
        process.send_signal(signal.SIGINT)
        while b"Stopping:" not in process.stderr.readline():
            self.assertIsNone(process.poll(), "the first signal must not end it at once")
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        out, err = process.communicate(timeout=30)
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(process.returncode, 130, err)
        shown = json.loads(self.assay("show", "latest", "--json").out)[0]
        self.assertGreaterEqual(shown["variants"][0]["units"]["scored"], 4)

    def test_sigterm_drains(self):
        process = self.start_slow_run(0.05)
        self.wait_for_units(process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130)

    def test_a_killed_run_stays_readable(self):
        process = self.start_slow_run(0.05)
        self.wait_for_units(process)
        process.kill()
        process.communicate(timeout=30)
        self.assertEqual(self.runs()[0]["state"], "stopped")
        shown = json.loads(self.assay("show", "latest", "--json").out)[0]
        self.assertEqual(shown["status"], "incomplete")
        self.assertGreaterEqual(shown["variants"][0]["units"]["scored"], 4)


class FullDisk(ProcessTestCase):
    def test_finished_units_stay_and_the_exit_code_is_4(self):
        self.write("spec.yaml", SPEC)
        self.write("rows.jsonl", rows(20000))
        def limit_file_size():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, 3 << 20))
        ended = self.assay("run", "spec.yaml", preexec_fn=limit_file_size)
        self.assert_no_crash(ended)
        self.assertEqual(ended.exit_code, 4, ended.err)
        shown = json.loads(self.assay("show", "latest", "--json").out)[0]
        self.assertEqual(shown["status"], "incomplete")
        self.assertGreater(shown["variants"][0]["units"]["scored"], 0)

    @unittest.skipUnless(os.geteuid() == 0, "mounting a small disk needs root")
    def test_full_tmpfs(self):
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk])
        if mounted.returncode != 0:
            self.skipTest("mounting is not allowed here")
        self.addCleanup(subprocess.run, ["umount", "-l", disk])
        self.write("spec.yaml", SPEC)
        self.write("rows.jsonl", rows(20000))
        ended = self.assay("run", "spec.yaml", "--store", disk / "store")
        self.assert_no_crash(ended)
        self.assertEqual(ended.exit_code, 4, ended.err)
        self.assertIn("full", ended.err)


if __name__ == "__main__":
    unittest.main()
