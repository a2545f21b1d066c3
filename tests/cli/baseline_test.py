"""Baselines: set, list, show, remove; gates on them, as names, runs and files; what a run notes."""

import hashlib
import json
import shutil
import unittest

from assay_process import ProcessTestCase

SPEC = """experiment: capitals
dataset: {{file: rows.jsonl, id: "$.id"}}
task: {{recorded: "$.answer"}}
evaluators: [{evaluator}]
gates:
  - {{score: exact_match, baseline: {baseline}, max_drop: 0.02{more}}}
"""
COUNT = 40


class Baselines(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.write_rows()
        self.write_spec()

    def write_rows(self, wrong=(), count=COUNT, changed=()):
        self.write("rows.jsonl", "".join(
            json.dumps({
                "id": f"T-{i:03}",
                "input": f"question {i}{' anew' if i in changed else ''}",
                "expected_output": "yes",
                "answer": "no" if i in wrong else "yes",
            }) + "\n" for i in range(count)))

    def write_spec(self, baseline="main", more="", evaluator="exact_match", name="spec.yaml"):
        self.write(name, SPEC.format(baseline=baseline, more=more, evaluator=evaluator))

    def run_spec(self, *more, expected=0, spec="spec.yaml", **options):
        ended = self.assay("run", spec, "--out", "report.json", *more, **options)
        self.assert_no_crash(ended)
        self.assertEqual(ended.exit_code, expected, ended.out + ended.err)
        return ended, json.loads((self.folder / "report.json").read_text())

    def stop_early(self, *more):
        """A run that is incomplete: it stops at its first false check."""
        self.write_rows(wrong=(0,))
        self.write_spec(evaluator="{name: exact_match, type: exact_match, check: true}")
        self.run_spec("--fail-fast", "-j", 1, *more, expected=4)

    def set_main(self, *more, run="latest", expected=0, **options):
        ended = self.assay("baseline", "set", "main", run, *more, **options)
        self.assert_no_crash(ended)
        self.assertEqual(ended.exit_code, expected, ended.out + ended.err)
        return ended

    def baselines(self, *more):
        return json.loads(self.assay("baseline", "list", "--json", *more).out)

    def first_run(self):
        """A run that is the baseline main."""
        self.run_spec(expected=3)
        self.set_main()
        return self.runs()[0]["id"]


class Commands(Baselines):
    def test_the_first_run_has_nothing_to_compare_with_and_is_told_the_remedy(self):
        ended, report = self.run_spec(expected=3)
        self.assertIn("assay baseline set main RUN", ended.err)
        self.assertEqual(report["gates"][0]["status"], "inconclusive")
        self.assertIn("assay baseline set main RUN", report["gates"][0]["reason"])
        self.assertIsNone(report["manifest"]["baselines"][0]["sha256"])

    def test_a_baseline_says_who_when_why_and_of_which_run(self):
        self.run_spec(expected=3)
        self.set_main("--reason", "release 2.3", env={"GITHUB_ACTOR": "ada"})
        listed = self.baselines()
        self.assertEqual(len(listed), 1)
        self.assertEqual(listed[0]["id"], "main")
        self.assertEqual(listed[0]["created_by"], "ada")
        self.assertEqual(listed[0]["reason"], "release 2.3")
        self.assertEqual(listed[0]["run_id"], self.runs()[0]["id"])
        self.assertIn("release 2.3", self.assay("baseline", "list").out)
        shown = self.assay("baseline", "show", "main")
        self.assertIn("exact_match 1.0000", shown.out)
        document = json.loads(self.assay("baseline", "show", "main", "--json").out)
        self.assertEqual(document["assay_baseline"], 1)
        self.assertEqual(document["manifest"]["dataset"]["items"], COUNT)

    def test_who_falls_back_to_the_user(self):
        self.run_spec(expected=3)
        self.set_main(env={"GITHUB_ACTOR": "", "GITLAB_USER_LOGIN": "grace", "USER": "alan"})
        self.assertEqual(self.baselines()[0]["created_by"], "grace")

    def test_a_name_in_use_is_refused_and_says_what_it_is(self):
        first = self.first_run()
        self.run_spec()
        refused = self.set_main(expected=2)
        self.assertIn(first, refused.err)
        self.assertIn("--replace", refused.err)
        self.assertEqual(self.baselines()[0]["run_id"], first)
        self.set_main("--replace")
        self.assertEqual(self.baselines()[0]["run_id"], self.runs()[0]["id"])
        history = self.baselines("--all")
        self.assertEqual([each["run_id"] for each in history], [self.runs()[0]["id"], first])
        self.assertIn("removed_at", history[1])

    def test_no_run_moves_a_baseline(self):
        first = self.first_run()
        self.run_spec()
        self.run_spec("--baseline", "main")
        self.assertEqual(self.baselines()[0]["run_id"], first)

    def test_removing_frees_the_name_and_keeps_the_history(self):
        self.first_run()
        self.assertEqual(self.assay("baseline", "remove", "main").exit_code, 0)
        self.assertEqual(self.baselines(), [])
        self.assertEqual(len(self.baselines("--all")), 1)
        again = self.assay("baseline", "remove", "main")
        self.assertEqual(again.exit_code, 2)
        self.set_main()

    def test_wrong_usage_is_2_and_says_what_is_wrong(self):
        self.run_spec(expected=3)
        for arguments, words in (
            (["set", "main"], "assay baseline set NAME RUN"),
            (["set"], "assay baseline set NAME"),
            (["show", "mian"], 'no baseline "mian"'),
            (["set", "main", "nothing"], 'no run "nothing"'),
            (["set", "a/b", "latest"], "cannot name a baseline"),
            (["set", "latest", "latest"], "cannot name a baseline"),
            (["set", "x" * 101, "latest"], "cannot name a baseline"),
            (["drop", "main"], 'no action "drop"'),
        ):
            ended = self.assay("baseline", *arguments)
            self.assertEqual(ended.exit_code, 2, arguments)
            self.assertIn(words, ended.err)
        self.assertEqual(self.baselines(), [])

    def test_without_a_store_the_list_is_empty(self):
        ended = self.assay("baseline", "list", "--json")
        self.assertEqual((ended.exit_code, json.loads(ended.out)), (0, []))
        self.assertEqual(self.assay("baseline", "set", "main", "latest").exit_code, 2)


class WhatCannotBeOne(Baselines):
    def refused(self, words):
        ended = self.set_main("--out", "main.json", expected=2)
        self.assertIn("cannot be a baseline", ended.err)
        self.assertIn(words, ended.err)
        self.assertEqual(self.baselines(), [])
        self.assertFalse((self.folder / "main.json").exists())

    def test_a_run_over_a_part_of_the_dataset(self):
        for option in (["--limit", 5], ["--sample", 5], ["--filter", "id != 'T-001'"]):
            self.run_spec(*option, expected=3)
            self.refused("a part of the dataset")

    def test_a_run_of_failing_items(self):
        self.write_rows(wrong=(3, 4))
        self.run_spec(expected=3)
        self.run_spec("--filter-failing", "latest", expected=3)
        self.refused("a part of the dataset")

    def test_a_shard(self):
        self.run_spec("--shard", "1/2")
        self.refused("shard 1/2")

    def test_a_run_that_did_not_end(self):
        self.stop_early()
        self.refused("assay run --resume")

    def test_a_run_without_a_score(self):
        self.write("fail.yaml", """experiment: fails
dataset: rows.jsonl
task: {command: [python3, -c, "raise SystemExit(1)"], mode: once}
evaluators: [exact_match]
""")
        self.assertEqual(self.assay("run", "fail.yaml", "--limit", 2).exit_code, 4)
        self.write_rows(count=2)
        self.assertEqual(self.assay("run", "fail.yaml").exit_code, 4)
        self.refused("none of its units was scored")


class Gates(Baselines):
    def test_a_drop_beyond_the_margin_fails_and_a_smaller_one_passes(self):
        self.first_run()
        _, report = self.run_spec()
        self.assertEqual(report["gates"][0]["status"], "passed")
        self.write_rows(wrong=range(10))
        _, report = self.run_spec(expected=1)
        self.assertEqual(report["gates"][0]["status"], "failed")
        self.assertAlmostEqual(report["comparisons"][0]["difference"], -0.25)
        self.assertEqual(report["comparisons"][0]["pairs"], COUNT)

    def test_the_run_notes_what_it_was_compared_with_and_stays_with_it(self):
        first = self.first_run()
        self.write_rows(wrong=range(10))
        _, before = self.run_spec(expected=1)
        pin = before["manifest"]["baselines"][0]
        self.assertEqual((pin["ref"], pin["kind"], pin["run_id"]), ("main", "baseline", first))
        self.set_main("--replace")  # now main is this run
        run = before["run"]["id"]
        self.assertEqual(self.assay("gate", run).exit_code, 1)
        self.assay("baseline", "remove", "main")
        self.assertEqual(self.assay("export", run, "--out", "after.json").exit_code, 0)
        after = json.loads((self.folder / "after.json").read_text())
        self.assertEqual(after, before)
        shown = json.loads(self.assay("show", run, "--json").out)[0]
        self.assertEqual(shown["gates"], before["gates"])
        self.assertEqual(shown["comparisons"], before["comparisons"])

    def test_what_was_missing_stays_missing_for_that_run(self):
        self.run_spec(expected=3)
        self.set_main()
        self.assertEqual(self.assay("gate", "latest").exit_code, 3)

    def test_a_run_is_a_reference_by_id_name_and_latest(self):
        self.run_spec("--run-name", "release", expected=3)
        run = self.runs()[0]["id"]
        for reference in (run, run[:18], "release", "latest"):
            self.write_spec(baseline=reference)
            _, report = self.run_spec("--run-name", "other")
            self.assertEqual(report["manifest"]["baselines"][0]["kind"], "run")
            self.assertEqual(report["gates"][0]["status"], "passed", reference)

    def test_gating_with_a_run_itself_is_refused(self):
        self.first_run()
        self.run_spec()
        self.write_spec(baseline="latest")
        ended = self.assay("gate", "latest", "spec.yaml")
        self.assertEqual(ended.exit_code, 3)
        self.assertIn("this run itself", " ".join(ended.out.split()))

    def test_a_run_that_did_not_end_is_no_reference(self):
        self.stop_early("--run-name", "half")
        self.write_spec(baseline="half")
        ended = self.assay("run", "spec.yaml")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("did not end", ended.err)

    def test_another_dataset_cannot_tell_unless_it_is_allowed(self):
        self.first_run()
        self.write_rows(count=COUNT + 3, changed=(1, 2))
        _, report = self.run_spec(expected=3)
        self.assertIn("43 items instead of 40 items", report["gates"][0]["reason"])
        self.write_spec(more=", allow_changed: [dataset]")
        _, report = self.run_spec()
        compared = report["comparisons"][0]
        self.assertEqual((compared["pairs"], compared["unpaired"]), (COUNT - 2, 5))

    def test_a_part_of_the_dataset_is_compared_with_the_whole(self):
        self.first_run()
        _, report = self.run_spec("--limit", 30)
        self.assertEqual(report["comparisons"][0]["pairs"], 30)

    def test_another_evaluator_cannot_tell_unless_it_is_allowed(self):
        self.first_run()
        changed = "{name: exact_match, type: contains, value: ye}"
        self.write_spec(evaluator=changed)
        _, report = self.run_spec(expected=3)
        self.assertIn('the evaluator "exact_match" is another one', report["gates"][0]["reason"])
        self.write_spec(evaluator=changed, more=", allow_changed: [evaluator]")
        self.run_spec()

    def test_rescoring_compares_with_what_the_name_means_now(self):
        self.first_run()
        _, before = self.run_spec()
        self.write_spec(evaluator="{name: exact_match, type: contains, value: ye}")
        first = self.runs()[1]["id"]
        self.assertEqual(self.assay("rescore", first, "spec.yaml").exit_code, 3)
        self.set_main("--replace", run=first)
        ended = self.assay("rescore", before["run"]["id"], "spec.yaml")
        self.assertEqual(ended.exit_code, 0, ended.out + ended.err)


class CommandLine(Baselines):
    def test_the_option_compares_without_a_gate(self):
        self.first_run()
        self.write("plain.yaml", (self.folder / "spec.yaml").read_text().split("gates:")[0])
        self.write_rows(wrong=(1,))
        _, report = self.run_spec("--baseline", "main", spec="plain.yaml")
        self.assertEqual(len(report["comparisons"]), 1)
        self.assertEqual(report["comparisons"][0]["regressed"], 1)
        shown = json.loads(self.assay("show", "latest", "--json").out)[0]
        self.assertEqual(shown["comparisons"], report["comparisons"])

    def test_the_same_reference_of_a_gate_is_compared_once(self):
        self.first_run()
        _, with_option = self.run_spec("--baseline", "main")
        self.assertEqual(len(with_option["comparisons"]), 1)

    def test_an_unknown_one_is_2_before_any_call(self):
        ended = self.assay("run", "spec.yaml", "--baseline", "mian")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn('--baseline: there is no baseline, run or file "mian"', ended.err)
        self.assertEqual(self.runs(), [])


class Files(Baselines):
    def setUp(self):
        super().setUp()
        self.run_spec(expected=3)
        self.set_main("--out", "baselines/main.json")
        self.document = self.folder / "baselines" / "main.json"

    def test_a_committed_file_serves_an_empty_store(self):
        shutil.rmtree(self.folder / ".assay")
        self.write_spec(baseline="baselines/main.json")
        _, report = self.run_spec()
        pin = report["manifest"]["baselines"][0]
        self.assertEqual(pin["kind"], "file")
        self.assertEqual(pin["sha256"], hashlib.sha256(self.document.read_bytes()).hexdigest())
        self.document.unlink()
        self.assertEqual(self.assay("gate", "latest").exit_code, 0)

    def test_paths_are_relative_to_the_spec_for_gates_and_to_here_for_the_option(self):
        shutil.rmtree(self.folder / ".assay")
        (self.folder / "evals").mkdir()
        for name in ("rows.jsonl", "spec.yaml", "baselines"):
            (self.folder / name).rename(self.folder / "evals" / name)
        self.write_spec(baseline="baselines/main.json", name="evals/spec.yaml")
        self.run_spec("--baseline", "evals/baselines/main.json", spec="evals/spec.yaml")

    def test_reports_and_exported_units_serve_too(self):
        self.assertEqual(self.assay("export", "latest", "--out", "items.jsonl").exit_code, 0)
        self.write_rows(wrong=range(10))
        shutil.copy(self.folder / "report.json", self.folder / "old.json")
        for reference, pairs in (("items.jsonl", COUNT), ("old.json", 0)):
            self.write_spec(baseline=reference)
            _, report = self.run_spec("--out", "new.json", expected=1)
            self.assertEqual(report["comparisons"][0]["pairs"], pairs)

    def test_a_damaged_or_foreign_file_is_2_with_the_place_before_any_call(self):
        self.write_spec(baseline="baselines/main.json")
        before = len(self.runs())
        good = self.document.read_text()
        for damaged, words in (
            (good.replace('"scores":[1]', '"scores":[7]', 1), "variants[0]: items[0]"),
            (good[: len(good) // 2], "main.json"),
            ('{"name": "a-package"}', "neither a baseline"),
            (good.replace('"assay_baseline":1', '"assay_baseline":2'), "newer assay"),
        ):
            self.document.write_text(damaged)
            ended = self.assay("run", "spec.yaml")
            self.assertEqual(ended.exit_code, 2, words)
            self.assertIn("baselines/main.json", ended.err)
            self.assertIn(words, ended.err)
            self.assertEqual(len(ended.err.strip().splitlines()), 1, ended.err)
        self.assertEqual(len(self.runs()), before)

    def test_a_file_that_is_there_is_only_written_over_when_asked(self):
        old = self.document.read_bytes()
        self.assay("baseline", "remove", "main")
        refused = self.set_main("--out", "baselines/main.json", expected=2)
        self.assertIn("baselines/main.json is there already", refused.err)
        self.assertEqual(self.document.read_bytes(), old)
        self.assertEqual(self.baselines(), [])
        self.set_main("--out", "baselines/main.json", "--replace")
        self.assertNotEqual(self.document.read_bytes(), old)

    def test_a_file_that_cannot_be_written_leaves_no_name(self):
        self.assay("baseline", "remove", "main")
        (self.folder / "plain").write_text("")
        ended = self.set_main("--out", "plain/main.json", expected=2)
        self.assertIn("plain/main.json", ended.err)
        self.assertEqual(self.baselines(), [])


class Parts(Baselines):
    def test_shards_take_what_they_were_compared_with_along_when_merged(self):
        self.first_run()
        shutil.copytree(self.folder / ".assay", self.folder / "two")
        self.assertEqual(self.assay("run", "spec.yaml", "--shard", "1/2").exit_code, 0)
        self.assertEqual(
            self.assay("run", "spec.yaml", "--shard", "2/2", "--store", "two").exit_code, 0)
        merged = self.assay("merge", ".assay", "two", "--store", "whole", "--out", "m.json")
        self.assertEqual(merged.exit_code, 0, merged.out + merged.err)
        report = json.loads((self.folder / "m.json").read_text())
        self.assertEqual(report["gates"][0]["status"], "passed")
        self.assertEqual(report["comparisons"][0]["pairs"], COUNT)

    def test_a_run_file_holds_what_the_run_was_compared_with(self):
        self.first_run()
        _, report = self.run_spec()
        run = report["run"]["id"]
        self.assertEqual(self.assay("export", run, "--out", "run.assayrun").exit_code, 0)
        shutil.rmtree(self.folder / ".assay")
        gated = self.assay("gate", run, "--store", "run.assayrun")
        self.assertEqual(gated.exit_code, 0, gated.out + gated.err)


if __name__ == "__main__":
    unittest.main()
