"""Shards of a plan, and the run that they make together."""

import json
import shutil
import unittest

from assay_process import ProcessTestCase
from counting_model import CountingModel, comparable

ROWS = 40


class Shards(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.model = CountingModel(self)
        self.model.prepare(self, rows=ROWS)

    def run_shards(self, count, *arguments):
        for index in range(1, count + 1):
            ended = self.assay("run", "spec.yaml", "--shard", f"{index}/{count}", "--store",
                               f"shard-{index}", *arguments)
            self.assertEqual(ended.exit_code, 0, ended.err)
        return [f"shard-{index}" for index in range(1, count + 1)]

    def test_together_they_are_the_whole(self):
        shards = self.run_shards(3, "--repetitions", "2")
        self.assertEqual(self.model.total(), 2 * ROWS)
        merged = self.assay("merge", *shards, "--out", "merged.json")
        self.assertEqual(merged.exit_code, 0, merged.err)
        self.assertIn("PASS", merged.out)
        self.assay("run", "spec.yaml", "--repetitions", "2", "--out", "whole.json")
        first, second = (json.loads((self.folder / name).read_text())
                         for name in ("merged.json", "whole.json"))
        self.assertEqual(comparable(first), comparable(second))
        self.assertEqual(first["variants"][0]["calls"], second["variants"][0]["calls"])

    def test_exported_runs_are_merged_where_their_stores_are_not(self):
        for index, store in enumerate(self.run_shards(2), 1):
            ended = self.assay("export", "latest", "--store", store, "--out",
                               f"files/{index}.assayrun")
            self.assertEqual(ended.exit_code, 0, ended.err)
            self.assertIn(f"Run: files/{index}.assayrun", ended.out)
            shutil.rmtree(self.folder / store)
        ended = self.assay("run", "spec.yaml", "--shard", "3/3", "--out", "files/other.assayrun")
        self.assertEqual(ended.exit_code, 0, ended.err)
        shutil.rmtree(self.folder / ".assay")
        ended = self.assay("merge", "files/1.assayrun", "files/other.assayrun")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("not parts of one plan", ended.err)
        ended = self.assay("merge", "files/1.assayrun", "files/2.assayrun", "--out", "merged.json")
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assay("run", "spec.yaml", "--out", "whole.json")
        self.assertEqual(*(comparable(json.loads((self.folder / name).read_text()))
                           for name in ("merged.json", "whole.json")))
        self.assertEqual(sorted(path.name for path in (self.folder / "files").iterdir()),
                         ["1.assayrun", "2.assayrun", "other.assayrun"])

    def test_a_run_file_can_be_looked_at_and_not_changed(self):
        self.assay("run", "spec.yaml", "--out", "run.assayrun", "--out", "report.json")
        shown = self.assay("show", "latest", "--store", "run.assayrun", "--json")
        self.assertEqual(shown.exit_code, 0, shown.err)
        shown = json.loads(shown.out)[0]
        shown.pop("id")
        self.assertEqual(shown, json.loads((self.folder / "report.json").read_text()))
        self.assertEqual(self.assay("gate", "latest", "--store", "run.assayrun").exit_code, 0)
        for command in (["rescore", "latest", "spec.yaml"], ["run", "spec.yaml"]):
            ended = self.assay(*command, "--store", "run.assayrun")
            self.assertIn(ended.exit_code, (2, 4))
            self.assertIn("run.assayrun", ended.err)
        ended = self.assay("show", "latest", "--store", "rows.jsonl")
        self.assertIn("rows.jsonl is no database", ended.err)
        ended = self.assay("export", "latest", "--out", "run.zip")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn(".assayrun", ended.err)

    def test_a_shard_decides_no_gate(self):
        self.model.prepare(self, rows=ROWS)
        spec = (self.folder / "spec.yaml").read_text()
        self.write("spec.yaml", spec.replace(">= 0.9", ">= 2"))
        ended = self.assay("run", "spec.yaml", "--shard", "1/2", "--out", "report.json")
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertEqual(json.loads((self.folder / "report.json").read_text())["gates"], [])
        self.assertNotIn("FAIL", ended.out)
        self.assertIn("assay merge", ended.out)

    def test_a_missing_or_doubled_shard_is_named(self):
        shards = self.run_shards(3)
        ended = self.assay("merge", shards[0], shards[2])
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("missing: 2", ended.err)
        ended = self.assay("merge", *shards, shards[1])
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("both shard 2/3", ended.err)

    def test_parts_of_two_plans_do_not_fit(self):
        self.run_shards(2)
        ended = self.assay("run", "spec.yaml", "--shard", "2/2", "--seed", "9", "--store", "other")
        self.assertEqual(ended.exit_code, 0, ended.err)
        ended = self.assay("merge", "shard-1", "other")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("not parts of one plan", ended.err)

    def test_what_is_no_shard(self):
        self.assay("run", "spec.yaml", "--store", "whole")
        ended = self.assay("merge", "whole")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("is no shard", ended.err)
        for wrong in ("0/2", "3/2", "1", "a/b", "1/2/3", "-1/2", "1/"):
            ended = self.assay("run", "spec.yaml", "--shard", wrong)
            self.assertEqual(ended.exit_code, 2, wrong)
            self.assertIn("I/N", ended.err)

    def test_a_run_is_named_behind_the_folder(self):
        shards = self.run_shards(2)
        run = json.loads(self.assay("runs", "--store", "shard-1", "--json").out)[0]["id"]
        self.assay("run", "spec.yaml", "--store", "shard-1", "--limit", "3")  # now the newest
        ended = self.assay("merge", f"shard-1:{run}", shards[1])
        self.assertEqual(ended.exit_code, 0, ended.err)


if __name__ == "__main__":
    unittest.main()
