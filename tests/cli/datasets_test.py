"""assay datasets: what runs stored, listed, shown and exported again."""

import json
import sqlite3
import unittest
from contextlib import closing

from assay_process import ProcessTestCase

SPEC = """experiment: cities
dataset: {file: rows.jsonl, id: $.id}
task: {recorded: $.expected_output}
evaluators: [exact_match]
"""
ROWS = [{"id": "b", "input": {"country": "France \u2028 \"é\""}, "expected_output": "Paris",
         "metadata": {"lang": "fr"}},
        {"id": "0a", "input": 1.5, "expected_output": ["x", None]},
        {"id": "c", "expected_output": True, "input": "text"}]


class Datasets(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.write("spec.yaml", SPEC)
        self.write_rows(ROWS)

    def write_rows(self, rows, name="rows.jsonl"):
        self.write(name, "".join(json.dumps(row) + "\n" for row in rows))

    def run_spec(self, *arguments):
        ended = self.assay("run", "spec.yaml", *arguments)
        self.assertEqual(ended.exit_code, 0, ended.err)

    def export(self, *arguments):
        ended = self.assay("datasets", "export", "cities/rows", *arguments)
        self.assertEqual(ended.exit_code, 0, ended.err)
        lines = ended.out.split("\n")  # not splitlines(): U+2028 is no end of a line
        self.assertEqual(lines.pop(), "")
        return {row["id"]: row for row in map(json.loads, lines)}

    def test_what_a_run_stored_is_listed_and_shown(self):
        self.run_spec("--run-name", "first run")
        listed = self.assay("datasets", "--json")
        self.assertEqual(listed.exit_code, 0, listed.err)
        (dataset,) = json.loads(listed.out)
        self.assertEqual([dataset[name] for name in ("name", "items", "runs")],
                         ["cities/rows", 3, 1])
        self.assertIn("cities/rows", self.assay("datasets", "list").out)
        shown = self.assay("datasets", "show", "cities/rows")
        self.assertEqual(shown.exit_code, 0, shown.err)
        self.assertIn("first run", shown.out)
        as_json = json.loads(self.assay("datasets", "show", "cities/rows", "--json").out)
        self.assertEqual(as_json["id"], dataset["id"])
        self.assertEqual([run["name"] for run in as_json["runs"]], ["first run"])

    def test_what_is_exported_is_what_was_read(self):
        self.run_spec()
        self.assertEqual(self.export(), {row["id"]: row for row in ROWS})
        ended = self.assay("datasets", "export", "cities/rows", "--out", "again.jsonl")
        self.assertEqual((ended.exit_code, ended.out), (0, ""), ended.err)
        self.write("spec.yaml", SPEC.replace("rows.jsonl", "again.jsonl"))
        self.run_spec()
        listed = json.loads(self.assay("datasets", "--json").out)
        self.assertEqual([dataset["items"] for dataset in listed], [3, 3])

    def test_an_earlier_version_is_what_it_was(self):
        self.run_spec()
        began = self.runs()[0]["started_at"]
        self.write_rows([{**ROWS[0], "input": "changed"}, {"id": "new", "input": 1,
                                                           "expected_output": 1}])
        self.run_spec()
        self.assertEqual(self.export("--version", began), {row["id"]: row for row in ROWS})
        self.assertEqual(self.export()["b"]["input"], "changed")
        self.assertEqual(set(self.export()), {"b", "0a", "c", "new"})
        self.assertEqual(self.export("--version", "2020-01-01T00:00:00Z"), {})
        shown = self.assay("datasets", "show", "cities/rows", "--version", began, "--json")
        self.assertEqual(json.loads(shown.out)["items"], 3)

    def stored_spec(self, dataset="{name: cities/rows}"):
        self.write("spec.yaml", SPEC.replace("{file: rows.jsonl, id: $.id}", dataset))

    def versions(self):
        with closing(sqlite3.connect(self.folder / ".assay" / "assay.db")) as store:
            return store.execute("SELECT count(*) FROM item_versions").fetchone()[0]

    def report(self):
        ended = self.assay("export", "latest", "--out", "report.json")
        self.assertEqual(ended.exit_code, 0, ended.err)
        return json.loads((self.folder / "report.json").read_text())

    def test_a_run_reads_a_stored_dataset_and_leaves_it_as_it_is(self):
        self.run_spec()
        before = self.export()
        self.stored_spec()
        self.run_spec()
        self.assertEqual((self.versions(), self.export()), (3, before))
        manifest = self.report()["manifest"]["dataset"]
        self.assertEqual((manifest["name"], manifest["items"]), ("cities/rows", 3))
        self.assertRegex(manifest["version"], r"^\d{4}-\d\d-\d\dT.*Z$")
        (dataset,) = json.loads(self.assay("datasets", "--json").out)
        self.assertEqual(dataset["runs"], 2)
        validated = self.assay("validate", "spec.yaml")
        self.assertEqual(validated.exit_code, 0, validated.err)
        self.assertIn("3 items", validated.out)
        self.stored_spec("{name: cities/rows, where: \"id = '0a'\"}")
        self.run_spec()
        self.assertEqual(self.report()["manifest"]["dataset"]["items"], 1)

    def test_a_run_of_an_earlier_version_has_its_items(self):
        self.run_spec()
        began = self.runs()[0]["started_at"]
        self.write_rows([{**ROWS[0], "input": "changed"}])
        self.run_spec()
        self.assertEqual(self.versions(), 4)
        self.stored_spec(f"{{name: cities/rows, version: {began}}}")
        self.run_spec("--out", "items.jsonl")
        self.assertEqual(self.versions(), 4)
        self.assertEqual(self.report()["manifest"]["dataset"]["version"], began)
        units = [json.loads(line) for line in
                 (self.folder / "items.jsonl").read_text().split("\n") if line]
        self.assertEqual({unit["item_id"]: unit["input"] for unit in units},
                         {row["id"]: row["input"] for row in ROWS})

    def test_a_plan_keeps_the_version_that_it_was_made_of(self):
        self.run_spec()
        self.stored_spec()
        planned = self.assay("plan", "spec.yaml", "--out", "plan.json")
        self.assertEqual(planned.exit_code, 0, planned.err)
        version = json.loads((self.folder / "plan.json").read_text())["invocation"][
            "dataset_version"]
        self.write_rows([{**ROWS[0], "input": "changed"}])
        self.write("file.yaml", SPEC)
        self.assertEqual(self.assay("run", "file.yaml").exit_code, 0)
        ended = self.assay("run", "plan.json")
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertEqual(self.report()["manifest"]["dataset"]["version"], version)
        again = self.assay("run", "spec.yaml")
        self.assertEqual(again.exit_code, 0, again.err)
        self.assertNotEqual(self.report()["manifest"]["dataset"]["version"], version)

    def test_an_unknown_dataset_names_the_nearest(self):
        self.run_spec()
        self.stored_spec("{name: cities/row}")
        for command in ("run", "validate", "plan"):
            with self.subTest(command):
                ended = self.assay(command, "spec.yaml")
                self.assertEqual(ended.exit_code, 2, ended.err)
                self.assertIn('did you mean "cities/rows"', ended.err)

    def test_mistakes(self):
        none = self.assay("datasets")
        self.assertEqual(none.exit_code, 2)
        self.assertIn("there is no store", none.err)
        self.run_spec()
        for arguments, message in (
                (("show", "cities/row"), 'did you mean "cities/rows"'),
                (("show",), "takes one NAME"),
                (("list", "cities/rows"), "takes no NAME"),
                (("lst",), 'did you mean "list"'),
                (("list", "--version", "2020-01-01T00:00:00Z"), "--version goes with"),
                (("show", "cities/rows", "--out", "x"), "--out goes with"),
                (("export", "cities/rows", "--json"), "JSON lines"),
                (("export", "cities/rows", "--version", "yesterday"), "yesterday"),
                (("show", "cities/rows", "--project", "other"), "there is no dataset")):
            with self.subTest(arguments):
                ended = self.assay("datasets", *arguments)
                self.assertEqual(ended.exit_code, 2, ended.err)
                self.assertIn(message, ended.err)
                self.assert_no_crash(ended)
        self.assertEqual(json.loads(self.assay("datasets", "--project", "other", "--json").out), [])


if __name__ == "__main__":
    unittest.main()
