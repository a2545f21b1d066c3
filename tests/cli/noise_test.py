"""Noise of identical runs and the ledger of flaky items: what is measured, kept, noted and said."""

import json
import signal
import sqlite3
import time
import unittest

from assay_process import ProcessTestCase

SPEC = """experiment: tickets
dataset: {file: rows.jsonl, id: "$.id"}
task: {command: [python3, task.py]}
evaluators: [exact_match, {name: size, type: length}]
gates: ["exact_match >= GATE", {score: exact_match, min: 0.5, confidence: 0.95}]
"""
# Items that flip do so by a coin whose seed is the number of the run.
TASK = """import json, random, sys
run = int(open("run.txt").read())
open("run.txt", "w").write(str(run + 1))
for line in sys.stdin:
    unit = json.loads(line)
    coin = random.Random(f"{run} {unit['input']['name']}")
    right = not unit["input"]["flips"] or coin.random() < 0.5
    print(json.dumps({"id": unit["id"], "output": "yes" if right else "no"}), flush=True)
"""
COUNT = 60
FLIPPING = 20


def flips(index):
    return index % (COUNT // FLIPPING) == 0


def name_of(index):
    return f"T-{index:03}"


class Noise(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.write("task.py", TASK)
        self.write("run.txt", "1")
        self.write_spec()
        self.write("rows.jsonl", "".join(
            json.dumps({"id": name_of(i), "input": {"name": name_of(i), "flips": flips(i)},
                        "expected_output": "yes"}) + "\n" for i in range(COUNT)))

    def write_spec(self, gate=0.84, more=""):
        self.write("spec.yaml", SPEC.replace("GATE", str(gate)) + more)

    def ok(self, *arguments, expected=0):
        ended = self.assay(*arguments)
        self.assert_no_crash(ended)
        self.assertEqual(ended.exit_code, expected, ended.out + ended.err)
        return ended

    def measure(self, *more, runs=5):
        ended = self.ok("noise", "spec.yaml", "-j", 1, "--runs", runs, "--json", *more)
        return json.loads(ended.out)

    def run_spec(self, expected):
        self.ok("run", "spec.yaml", "-j", 1, "--out", "report.json", expected=expected)
        return json.loads((self.folder / "report.json").read_text())

    def quarantine(self, item, *more, until="30d", expected=0):
        return self.ok("flakes", "quarantine", item, "--until", until, "--reason", "it flips",
                       *more, expected=expected)

    def ledger(self, *more):
        return json.loads(self.ok("flakes", "list", "--json", *more).out)

    def units_by_run(self):
        """exact_match of every item, run by run, oldest first: from the units, not from noise."""
        values = []
        for run in reversed(self.runs()):
            self.ok("export", run["id"], "--out", "units.jsonl")
            lines = (self.folder / "units.jsonl").read_text().splitlines()
            values.append({unit["item_id"]: unit["scores"]["exact_match"]["value"]
                           for unit in map(json.loads, lines)})
        return values


class Measuring(Noise):
    def test_what_is_told_is_what_the_runs_say(self):
        noise = self.measure()
        values = self.units_by_run()
        self.assertEqual(len(values), 5)
        self.assertEqual(noise["runs"], [run["id"] for run in reversed(self.runs())])
        score = noise["scores"][0]
        self.assertEqual(score["score"], "exact_match")
        means = [sum(run.values()) / COUNT for run in values]
        for told, mean in zip(score["means"], means):
            self.assertAlmostEqual(told, mean)
        flipped = {item for item in values[0] if len({run[item] for run in values}) > 1}
        self.assertEqual(score["flipped"], len(flipped))
        self.assertEqual(score["items"], COUNT)
        self.assertEqual({item["item_id"] for item in noise["items"]
                          if item["score"] == "exact_match"}, flipped)
        self.assertTrue(all(flips(int(item[2:])) for item in flipped))
        # About 1.96 · sqrt(2 · 20 · 0.25) / 60 = 0.103, with few degrees of freedom.
        self.assertGreater(score["noise_floor"], 0.05)
        self.assertLess(score["noise_floor"], 0.2)

    def test_gates_are_counted_by_verdict_and_decide_nothing(self):
        noise = self.measure()
        verdicts = []
        for run in reversed(self.runs()):
            shown = json.loads(self.assay("show", run["id"], "--json").out)[0]
            verdicts.append(shown["gates"][0]["status"])
        counts = noise["gates"][0]
        self.assertEqual([counts["passed"], counts["failed"], counts["inconclusive"]],
                         [verdicts.count(word) for word in ("passed", "failed", "inconclusive")])
        self.assertEqual(counts["moves"], len(set(verdicts)) > 1)
        self.assertTrue(counts["moves"])

    def test_the_runs_are_ordinary_ones_with_a_name_and_a_tag(self):
        self.measure(runs=2)
        runs = self.runs()
        self.assertTrue(runs[1]["name"].startswith("noise 1/2: tickets"))
        self.assertTrue(runs[0]["name"].startswith("noise 2/2: tickets"))
        database = sqlite3.connect(self.folder / ".assay/assay.db")
        rows = database.execute("SELECT metadata FROM dataset_runs").fetchall()
        database.close()
        self.assertEqual([json.loads(row[0])["tags"] for row in rows], [["noise"], ["noise"]])

    def test_people_are_told_what_to_do(self):
        told = self.ok("noise", "spec.yaml", "-j", 1, "--out", "noise.json").out
        for part in ("5 runs of identical input", "noise floor", "it moves on identical input",
                     "Flakiest items", "max_drop", "assay flakes quarantine T-"):
            self.assertIn(part, told)
        self.assertEqual(len(json.loads((self.folder / "noise.json").read_text())["runs"]), 5)

    def test_stored_runs_tell_the_same_by_experiment_and_by_run(self):
        noise = self.measure()
        for of in ("tickets", "latest"):
            self.assertEqual(json.loads(self.ok("noise", "--of", of, "--json").out), noise)
        newest = json.loads(self.ok("noise", "--of", "tickets", "--runs", 2, "--json").out)
        self.assertEqual(newest["runs"], noise["runs"][-2:])

    def test_runs_on_other_input_are_not_among_them(self):
        noise = self.measure(runs=2)
        self.write("rows.jsonl", json.dumps({"id": "T-000", "input": {"name": "x", "flips": False},
                                             "expected_output": "yes"}) + "\n")
        self.ok("run", "spec.yaml", expected=3)
        self.assertIn("1 stored run is of identical input",
                      self.ok("noise", "--of", "tickets", expected=2).err)
        again = json.loads(self.ok("noise", "--of", noise["runs"][0], "--json").out)
        self.assertEqual(again["runs"], noise["runs"])

    def test_what_never_moves_has_none(self):
        self.write("task.py", TASK.replace('not unit["input"]["flips"]', "True"))
        told = self.ok("noise", "spec.yaml", "-j", 1, "--runs", 2).out
        self.assertIn("none seen", told)
        self.assertIn("Nothing moved in 2 runs", told)
        self.assertNotIn("quarantine", told)

    def test_an_interrupted_measurement_can_be_gone_on_with(self):
        self.write("task.py", TASK.replace("import json", "import time, json").replace(
            "    right =", "    if run == 2: time.sleep(0.2)\n    right ="))
        process = self.start("noise", "spec.yaml", "-j", 1, "--runs", 3)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and len(self.runs()) < 2:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn(b"assay run --resume", err)
        unfinished = self.runs()[0]["id"]
        self.assay("run", "--resume", unfinished)
        noise = json.loads(self.ok("noise", "--of", "tickets", "--json").out)
        self.assertEqual(len(noise["runs"]), 2)

    def test_mistakes_are_named_and_make_no_store(self):
        for arguments, message in ((("noise",), "SPEC"),
                                   (("noise", "spec.yaml", "--runs", 1), "at least 2"),
                                   (("noise", "spec.yaml", "--runs", 1000), "at most 100"),
                                   (("noise", "spec.yaml", "--shard", "1/2"), "--shard"),
                                   (("noise", "none.yaml"), "none.yaml"),
                                   (("noise", "spec.yaml", "--of", "tickets"), "--of"),
                                   (("noise", "--of", "tickets", "--limit", 3), "selects units"),
                                   (("noise", "--of", "tickets"), ".assay")):
            ended = self.ok(*arguments, expected=2)
            self.assertIn(message, ended.err)
        self.assertFalse((self.folder / ".assay").exists())


class Reports(Noise):
    def test_a_gate_within_the_floor_says_so(self):
        self.measure()
        self.write_spec(gate=0.99)  # about 0.83 is seen
        far = self.run_spec(expected=1)
        self.assertNotIn("noise", far["gates"][0]["reason"])
        mean = far["variants"][0]["scores"]["exact_match"]["mean"]
        self.write("run.txt", str(int((self.folder / "run.txt").read_text()) - 1))  # the same run
        self.write_spec(gate=mean + 0.01)
        near = self.run_spec(expected=1)
        self.assertRegex(near["gates"][0]["reason"],
                         r"; that is within the noise of identical runs \(±0\.\d+, 5 runs\)$")
        self.assertEqual(near["manifest"]["noise"][0]["runs"], 5)

    def test_a_later_measurement_does_not_change_what_is_told(self):
        self.measure(runs=2)
        self.write_spec(gate=0.95)
        self.run_spec(expected=1)
        run = self.runs()[0]["id"]
        before = self.assay("show", run, "--json").out
        self.assertIn("noise", json.loads(before)[0]["manifest"])
        self.ok("noise", "--of", "tickets", "--json")
        self.assertEqual(self.assay("show", run, "--json").out, before)
        self.assertNotEqual(self.run_spec(expected=1)["manifest"]["noise"],
                            json.loads(before)[0]["manifest"]["noise"])

    def test_noise_of_another_evaluator_is_not_taken(self):
        self.measure(runs=2)
        spec = (self.folder / "spec.yaml").read_text()
        self.write("spec.yaml", spec.replace(
            "[exact_match,", "[{name: exact_match, type: exact_match, ignore_case: true},"))
        report = self.assay("run", "spec.yaml", "-j", 1, "--out", "report.json")
        self.assert_no_crash(report)
        noted = json.loads((self.folder / "report.json").read_text())["manifest"]["noise"]
        self.assertEqual([each["score"] for each in noted], ["size"])


class Flakes(Noise):
    def first_run(self):
        """A run in which some items are wrong; returns their ids."""
        self.write_spec(gate=0.99)
        self.run_spec(expected=1)
        return sorted(item for item, right in self.units_by_run()[-1].items() if not right)

    def same_run_again(self, expected):
        self.write("run.txt", "1")
        return self.run_spec(expected)

    def test_gates_leave_the_items_out_and_all_else_keeps_them(self):
        wrong = self.first_run()
        before = json.loads((self.folder / "report.json").read_text())
        for item in wrong:
            self.quarantine(item)
        after = self.same_run_again(expected=0)
        self.assertEqual(after["gates"][0]["observed"], 1)
        self.assertIn(f"{len(wrong)} quarantined items are not counted",
                      after["gates"][0]["reason"])
        self.assertIn(f"over {COUNT - len(wrong)} items", after["gates"][1]["reason"])
        self.assertEqual(after["variants"][0]["scores"], before["variants"][0]["scores"])
        self.assertEqual(after["variants"][0]["units"], before["variants"][0]["units"])
        self.assertEqual({entry["item"] for entry in after["manifest"]["quarantine"]}, set(wrong))

    def test_reports_list_the_items(self):
        item = self.first_run()[0]
        self.quarantine(item)
        files = ("report.md", "report.html")
        table = self.assay("run", "spec.yaml", "-j", 1, "--out", files[0], "--out", files[1]).out
        for text in (table, *((self.folder / name).read_text() for name in files)):
            self.assertIn(f"gates do not count {item} until", text)

    def test_one_score_of_an_item(self):
        item = self.first_run()[0]
        self.quarantine(item, "--score", "size")
        report = self.same_run_again(expected=1)
        self.assertNotIn("quarantined", report["gates"][0]["reason"])
        self.quarantine(item, "--score", "exact_match")
        report = self.same_run_again(expected=1)
        self.assertIn("1 quarantined item is not counted", report["gates"][0]["reason"])

    def test_what_a_run_noted_stays_when_the_ledger_changes(self):
        item = self.first_run()[0]
        self.quarantine(item)
        self.same_run_again(expected=1)
        run = self.runs()[0]["id"]
        before = self.assay("show", run, "--json").out
        self.assertIn("1 quarantined item is not counted", before)
        self.ok("flakes", "release", item)
        self.assertEqual(self.assay("show", run, "--json").out, before)
        self.assertIn("1 quarantined item is not counted", self.assay("gate", run).out.replace(
            "\n             ", " "))
        self.assertNotIn("quarantine", self.same_run_again(expected=1)["manifest"])

    def test_expired_entries_do_not_count_and_stay_in_the_list(self):
        item = self.first_run()[0]
        self.quarantine(item)
        self.assertEqual(self.ledger()[0]["state"], "active")
        database = sqlite3.connect(self.folder / ".assay/assay.db")
        database.execute("UPDATE quarantine SET until = created_at + 1")
        database.commit()
        database.close()
        self.assertEqual(self.ledger()[0]["state"], "expired")
        self.assertNotIn("quarantine", self.same_run_again(expected=1)["manifest"])

    def test_everything_in_quarantine_passes_no_gate(self):
        self.first_run()
        for i in range(COUNT):
            self.quarantine(name_of(i))
        report = self.same_run_again(expected=3)
        for gate in report["gates"]:
            self.assertEqual(gate["status"], "inconclusive")
            self.assertIn("60 quarantined items are not counted", gate["reason"])

    def test_released_and_renewed_entries_are_history(self):
        item = self.first_run()[0]
        self.quarantine(item)
        self.quarantine(item, until="2d")
        self.assertEqual(len(self.ledger()), 1)
        self.assertEqual([entry["state"] for entry in self.ledger("--all")], ["active", "released"])
        self.ok("flakes", "release", item)
        self.assertEqual(self.ledger(), [])
        self.assertEqual(len(self.ledger("--all")), 2)
        self.assertIn("not in quarantine", self.ok("flakes", "release", item, expected=2).err)

    def test_the_history_of_an_item_marks_its_flips(self):
        self.measure(runs=4)
        values = self.units_by_run()
        item = next(item for item in values[0] if len({run[item] for run in values}) > 1)
        ended = self.ok("flakes", "history", item, "--score", "exact_match", "--json")
        told = json.loads(ended.out)
        self.assertEqual([entry["id"] for entry in told], [run["id"] for run in self.runs()])
        expected = [run[item] for run in values]
        self.assertEqual([entry["value"] for entry in reversed(told)],
                         [str(value).lower() for value in expected])
        self.assertEqual([entry["flipped"] for entry in reversed(told)],
                         [False] + [a != b for a, b in zip(expected, expected[1:])])
        self.assertIn("flipped", self.ok("flakes", "history", item).out)

    def test_a_run_that_stops_early_does_not_count_them_either(self):
        self.write("spec.yaml", """experiment: tickets
dataset: {file: rows.jsonl, id: "$.id"}
task: {command: [python3, task.py]}
evaluators: [exact_match]
stop: {score: exact_match, confidence: 0.95, min_items: 10}
gates: ["exact_match >= 0.5"]
""")
        report = self.run_spec(expected=0)
        self.assertIn("stopped_early", report["manifest"])
        for i in filter(flips, range(COUNT)):
            self.assay("flakes", "quarantine", name_of(i), "--until", "1d", "--reason", "x")
        noted = {entry["id"] for entry in self.ledger()}
        self.assertGreater(len(noted), 0)
        report = self.same_run_again(expected=0)
        self.assertIn("stopped_early", report["manifest"])
        self.assertIn("quarantined", report["gates"][0]["reason"])

    def test_mistakes_are_named(self):
        self.first_run()
        for arguments, message in (
                (("quarantine",), "name the item"),
                (("quarantine", "T-000"), "say until when"),
                (("quarantine", "T-000", "--until", "3d"), "--reason"),
                (("quarantine", "T-0001", "--until", "3d", "--reason", "x"),
                 'did you mean "T-000"'),
                (("quarantine", "T-000", "--until", "2020-01-01", "--reason", "x"), "is over"),
                (("quarantine", "T-000", "--until", "2200-01-01", "--reason", "x"), "at most 366"),
                (("quarantine", "T-000", "--until", "9000d", "--reason", "x"), "at most 366"),
                (("quarantine", "T-000", "--until", "2026", "--reason", "x"), "neither an age"),
                (("quarantine", "T-000", "--until", "3d", "--reason", "x", "--score", "sise"),
                 'did you mean "size"'),
                (("quarantine", "T-000", "--until", "3d", "--reason", "x", "--experiment", "ticke"),
                 'did you mean "tickets"'),
                (("release", "T-000"), "not in quarantine"),
                (("history", "T-9"), "no item"),
                (("forgive", "T-000"), "forgive")):
            self.assertIn(message, self.ok("flakes", *arguments, expected=2).err)
        self.assertEqual(self.ledger("--all"), [])


if __name__ == "__main__":
    unittest.main()
