"""assay datasets: what runs stored, listed, shown and exported again."""

import json
import sqlite3
import unittest
from contextlib import closing

from loopback import serve
from server_process import StoreOrServer

SPEC = """experiment: cities
dataset: {file: rows.jsonl, id: $.id}
task: {recorded: $.expected_output}
evaluators: [exact_match]
"""
ROWS = [{"id": "b", "input": {"country": "France \u2028 \"é\""}, "expected_output": "Paris",
         "metadata": {"lang": "fr"}},
        {"id": "0a", "input": 1.5, "expected_output": ["x", None]},
        {"id": "c", "expected_output": True, "input": "text"}]


class Datasets(StoreOrServer):
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
                (("show", "cities/rows", "--project", "other"), 'no project "other"; it has'),
                (("show", "x" * 99), "`assay datasets` lists them")):
            with self.subTest(arguments):
                ended = self.assay("datasets", *arguments)
                self.assertEqual(ended.exit_code, 2, ended.err)
                self.assertIn(message, ended.err)
                self.assert_no_crash(ended)

    def test_names_of_clients_reach_no_terminal_as_they_are(self):
        self.serve_it(still=False)
        name = "cities\x1b]0;owned\x07"
        status, _ = self.server.ask("/api/public/v2/datasets", self.pair, "POST", {"name": name},
                                    {"Content-Type": "application/json"})
        self.assertEqual(status, 200)
        self.assertEqual(self.server.stop(), 0)
        for arguments in (("list",), ("show", name[:-1]), ("show", name)):
            ended = self.assay("datasets", *arguments)
            self.assertIn("cities\\x1b", ended.out + ended.err)
            self.assertNotIn("\x1b", ended.out + ended.err)


class DatasetsOfAServer(StoreOrServer):
    """What a store says of the same."""

    def setUp(self):
        super().setUp()
        self.write("spec.yaml", SPEC)
        self.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in ROWS))
        ended = self.assay("run", "spec.yaml", "--run-name", "first run")
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.began = self.runs()[0]["started_at"]
        self.serve_it(still=True)
        for name in ("a + 7?/%", "empty"):
            self.post("/v2/datasets", {"name": name, "description": "ünï", "metadata": {"k": [1]}})

    def post(self, path, body):
        status, answer = self.server.ask("/api/public" + path, self.pair, "POST", body,
                                         {"Content-Type": "application/json"})
        self.assertEqual(status, 200, answer)

    def assert_same(self, *arguments):
        stored = self.assay("datasets", *arguments)
        served = self.asked("datasets", *arguments)
        self.assertEqual((stored.exit_code, served.exit_code), (0, 0), stored.err + served.err)
        self.assertEqual(served.out, stored.out)
        return served.out

    def test_lists_and_single_ones(self):
        self.assertIn("cities/rows", self.assert_same("list"))
        self.assertEqual(len(json.loads(self.assert_same("list", "--json"))), 3)
        self.assertIn("first run", self.assert_same("show", "cities/rows"))
        for name in ("cities/rows", "a + 7?/%", "empty"):
            self.assertEqual(json.loads(self.assert_same("show", name, "--json"))["name"], name)
        self.assertEqual(self.assert_same("export", "empty"), "")

    def test_exports_have_the_same_bytes(self):
        for i in range(117):  # more than two pages
            self.post("/dataset-items", {"datasetName": "a + 7?/%", "id": f"i{i}", "input": i,
                                         "metadata": {"b": 1.0, "a": "ß"}})
        stored = self.assay("datasets", "export", "a + 7?/%").out.splitlines()
        lines = self.asked("datasets", "export", "a + 7?/%").out.splitlines()
        # Of items of one millisecond only the store knows which came first.
        self.assertEqual(sorted(lines), sorted(stored))
        numbers = [json.loads(line)["input"] for line in lines]
        self.assertLess(sum(abs(number - i) for i, number in enumerate(numbers)), 117)
        self.assert_same("export", "cities/rows")
        self.assert_same("export", "cities/rows", "--version", self.began)
        ended = self.asked("datasets", "export", "a + 7?/%", "--out", "items.jsonl")
        self.assertEqual((ended.exit_code, ended.out), (0, ""), ended.err)
        self.assertEqual((self.folder / "items.jsonl").read_text().splitlines(), lines)

    def test_what_is_large_comes_in_smaller_pages(self):
        """One page would have 36 MB."""
        for i in range(60):
            self.post("/dataset-items", {"datasetName": "empty", "id": f"i{i}",
                                         "input": str(i % 10) * 600_000})
        self.assertEqual(len(self.assert_same("export", "empty").splitlines()), 60)

    def test_unknown_ones_are_named(self):
        for arguments, message in ((("show", "cities/row"), 'did you mean "cities/rows"'),
                                   (("export", "zzzzzz"), f"`assay datasets --server "
                                                          f"{self.server.url}` lists them")):
            ended = self.asked("datasets", *arguments)
            self.assertEqual((ended.exit_code, ended.out), (2, ""))
            self.assertIn(message, ended.err)


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


class ImportIntoAStore(StoreOrServer):
    """`assay datasets import`; below, the same into a server."""

    def setUp(self):
        super().setUp()
        self.write("rows.jsonl", lines(ROWS))
        self.begin()

    def begin(self):
        pass

    def counts(self, file="rows.jsonl", *arguments, name="cities"):
        ended = self.asked("datasets", "import", file, "--name", name, "--json", *arguments)
        self.assertEqual(ended.exit_code, 0, ended.err)
        result = json.loads(ended.out)
        self.assertEqual((result["dataset"], result["dry_run"]), (name, "--dry-run" in arguments))
        return [result[count] for count in ("added", "changed", "unchanged", "kept")]

    def fails(self, file="rows.jsonl", *arguments, name="cities", code=2):
        ended = self.asked("datasets", "import", file, "--name", name, *arguments)
        self.assertEqual((ended.exit_code, ended.out), (code, ""), ended.err)
        self.assert_no_crash(ended)
        return ended.err

    def export(self, name="cities"):
        ended = self.asked("datasets", "export", name)
        self.assertEqual(ended.exit_code, 0, ended.err)
        return ended.out

    def exported(self, name="cities"):
        rows = map(json.loads, self.export(name).split("\n")[:-1])
        return {row["id"]: row for row in rows}

    def names(self):
        ended = self.asked("datasets", "list", "--json")
        self.assertEqual(ended.exit_code, 0, ended.err)
        return [dataset["name"] for dataset in json.loads(ended.out)]

    def versions(self):
        with closing(sqlite3.connect(self.folder / ".assay" / "assay.db")) as store:
            return store.execute("SELECT count(*) FROM item_versions").fetchone()[0]

    def post(self, path, body):
        """What clients did before."""
        is_running = bool(self.place)
        if not is_running:
            self.serve_it(still=False)
        status, answer = self.server.ask("/api/public" + path, self.pair, "POST", body,
                                         {"Content-Type": "application/json"})
        self.assertEqual(status, 200, answer)
        if not is_running:
            self.assertEqual(self.server.stop(), 0)

    def test_items_are_added_changed_and_kept(self):
        self.assertEqual(self.counts(), [3, 0, 0, 0])
        self.assertEqual(self.exported(), {row["id"]: row for row in ROWS})
        changed = {"id": "b", "input": "changed"}
        self.write("more.jsonl", lines([changed, ROWS[1], {"id": 7, "input": [1]}]))
        ended = self.asked("datasets", "import", "more.jsonl", "--name", "cities")
        self.assertEqual((ended.exit_code, ended.err), (0, ""))
        self.assertEqual(ended.out, "cities: 1 added, 1 changed, 1 unchanged; 1 that the file does "
                                    "not have are kept\n")
        self.assertEqual(self.exported(), {"b": changed, "0a": ROWS[1], "c": ROWS[2],
                                           "7": {"id": "7", "input": [1]}})

    def test_importing_twice_changes_nothing(self):
        self.counts()
        before = (self.versions(), self.asked("datasets", "show", "cities", "--json").out)
        self.assertEqual(self.counts(), [0, 0, 3, 0])
        after = (self.versions(), self.asked("datasets", "show", "cities", "--json").out)
        self.assertEqual(after, before)

    def test_what_is_exported_goes_in_again_unchanged(self):
        values = ["", " ", "1.5", "null", '"x"', "[1]", "{", "\u2028 é \x1b", 1.0, 1, -0.5, 2**53,
                  False, None, [], {"b": {}, "a": [None]}]
        rows = [{"id": f"a/ü?%{i}", "input": value, "expected_output": values[-i],
                 "metadata": {"of": value}} for i, value in enumerate(values)]
        self.write("values.jsonl", lines(rows))
        self.assertEqual(self.counts("values.jsonl"), [len(rows), 0, 0, 0])
        # As text, where 1 and 1.0 and true are not the same.
        given = {row["id"]: {key: value for key, value in row.items()
                             if value is not None or key == "input"} for row in rows}
        self.assertEqual(json.dumps(self.exported(), sort_keys=True),
                         json.dumps(given, sort_keys=True))
        self.write("again.jsonl", self.export())
        self.assertEqual(self.counts("again.jsonl"), [0, 0, len(rows), 0])
        ended = self.assay("datasets", "import", "again.jsonl", "--name", "copy", "--store", "new")
        self.assertEqual(ended.exit_code, 0, ended.err)
        copy = self.assay("datasets", "export", "copy", "--store", "new").out
        self.assertEqual(sorted(copy.split("\n")), sorted(self.export().split("\n")))

    def test_rows_without_an_id_have_that_of_a_run(self):
        rows = [{"input": "q é", "expected_output": "a", "metadata": "m"}, {"input": "r"}]
        self.write("rows.jsonl", lines(rows))
        self.write("rows.csv", "input,expected_output,metadata\nq é,a,m\n")
        self.write("rows.json", json.dumps(rows))
        self.write("rows.yaml", "- {input: q é, expected_output: a, metadata: m}\n- {input: r}\n")
        self.assertEqual(self.counts(), [2, 0, 0, 0])
        for file, counts in (("rows.csv", [0, 0, 1, 1]), ("rows.json", [0, 0, 2, 0]),
                             ("rows.yaml", [0, 0, 2, 0])):
            with self.subTest(file):
                self.assertEqual(self.counts(file), counts)
        self.write("run/spec.yaml", SPEC.replace(", id: $.id", ""))
        self.write("run/rows.jsonl", lines(rows))
        self.assay("run", "spec.yaml", cwd=self.folder / "run")
        ran = self.assay("datasets", "export", "cities/rows", "--store", "run/.assay")
        self.assertEqual(ran.exit_code, 0, ran.err)
        self.assertEqual(sorted(self.export().split("\n")), sorted(ran.out.split("\n")))

    def test_a_status_is_taken_where_it_is_given(self):
        self.write("archived.jsonl", lines([{**ROWS[0], "status": "ARCHIVED"}]))
        self.write("active.jsonl", lines([{**ROWS[0], "status": "ACTIVE"}]))
        self.write("plain.jsonl", lines([ROWS[0]]))
        self.assertEqual(self.counts(), [3, 0, 0, 0])
        self.assertEqual(self.counts("archived.jsonl"), [0, 1, 0, 2])
        self.assertEqual(set(self.exported()), {"0a", "c"})
        for file in ("archived.jsonl", "plain.jsonl"):
            self.assertEqual(self.counts(file), [0, 0, 1, 2])
        self.assertEqual(set(self.exported()), {"0a", "c"})
        self.assertEqual(self.counts("active.jsonl"), [0, 1, 0, 2])
        self.assertEqual(set(self.exported()), {"b", "0a", "c"})

    def test_a_dry_run_writes_nothing(self):
        self.write("other.jsonl", lines([{"input": "other"}]))
        self.counts("other.jsonl", name="other")
        self.assertEqual(self.counts("rows.jsonl", "--dry-run"), [3, 0, 0, 0])
        self.assertEqual(self.names(), ["other"])
        self.assertEqual(self.counts("rows.jsonl", "--dry-run", name="other"), [3, 0, 0, 1])
        ended = self.asked("datasets", "import", "rows.jsonl", "--name", "cities", "--dry-run")
        self.assertEqual(ended.out, "Not written: cities: 3 added, 0 changed, 0 unchanged\n")
        self.assertEqual(self.versions(), 1)

    def test_bad_rows_are_named_and_nothing_is_written(self):
        good = json.dumps(ROWS[0])
        self.counts()
        for name, text, place, message in (
                ("x.jsonl", good + "\n{oops\n", ":2:", "JSON"),
                ("x.jsonl", good + "\n[1]\n", ":2:", "object"),
                ("x.jsonl", good + '\n{"question": 1}\n', ":2:", 'rename the one to use'),
                ("x.jsonl", good + '\n{"input": 1, "id": ""}\n', ":2:", "give the row an id"),
                ("x.jsonl", good + '\n{"input": 1, "id": [1]}\n', ":2:", "text or an integer"),
                ("x.jsonl", good + "\n" + good + "\n", ":2:", "the same id as line 1"),
                ("x.jsonl", '{"input": 1}\n{"input": 1}\n', ":2:", "no id and the same content"),
                ("x.jsonl", '{"input": 1, "id": "a\\u0000"}\n', ":1:", "NUL"),
                ("x.jsonl", '{"input": 1, "status": "open"}\n', ":1:", "rename the member"),
                ("x.jsonl", '{"input": 1, "expectedOutput": 2}\n', ":1:", '"expected_output"'),
                ("x.csv", "id,input\na,1,2\n", ":2:", "cell"),
                ("x.json", '{"input": 1}', "x.json", "array"),
                ("x.yaml", "- input: 1\n- 7\n", ":2:", "object"),
                ("x.jsonl", "", "x.jsonl", "no rows"),
                ("x.txt", "1", "x.txt", ".jsonl")):
            with self.subTest(text):
                self.write(name, text)
                told = self.fails(name)
                self.assertEqual(told.count("\n"), 1, told)
                self.assertIn(place, told)
                self.assertIn(message, told)
        self.assertIn("no-such.jsonl", self.fails("no-such.jsonl"))
        self.assertEqual((self.versions(), self.names()), (3, ["cities"]))
        self.assertEqual(self.exported(), {row["id"]: row for row in ROWS})

    def test_an_id_of_another_dataset_is_refused(self):
        self.counts(name="other")
        self.write("rows.jsonl", lines([{"id": "new", "input": 1}, ROWS[1]]))
        for arguments in ((), ("--dry-run",)):
            told = self.fails("rows.jsonl", *arguments)
            self.assertIn('rows.jsonl:2: the dataset "other" has an item of the id "0a"', told)
            self.assertIn("another `id`", told)
        self.assertEqual((self.names(), self.versions()), (["other"], 3))

    def test_schemas_of_the_dataset_hold(self):
        self.post("/v2/datasets", {"name": "cities", "inputSchema": {"type": "string"}})
        told = self.fails()
        self.assertIn("rows.jsonl:1:", told)
        self.assertIn('the item "b" violates', told)
        self.assertIn('the item "0a" violates', told)
        self.assertNotIn('"c"', told)
        self.assertEqual(self.exported(), {})
        self.write("rows.jsonl", lines([ROWS[2]]))
        self.assertEqual(self.counts(), [1, 0, 0, 0])

    def test_a_dataset_that_a_run_made_takes_items_too(self):
        """Runs may give the same ids to several datasets."""
        self.write("spec.yaml", SPEC)
        for spec in (SPEC, SPEC.replace("cities", "towns")):
            self.write("spec.yaml", spec)
            self.assertEqual(self.assay("run", "spec.yaml").exit_code, 0)
        for name in ("cities/rows", "towns/rows"):
            self.assertEqual(self.counts(name=name), [0, 0, 3, 0])
        self.write("rows.jsonl", lines([{**ROWS[0], "input": "changed"}]))
        self.assertEqual(self.counts(name="cities/rows"), [0, 1, 0, 2])
        self.assertEqual(self.exported("cities/rows")["b"]["input"], "changed")
        self.assertEqual(self.exported("towns/rows")["b"], ROWS[0])

    def test_mistakes_of_the_command_line(self):
        for arguments, message in (
                (("import",), "takes one FILE, and --name NAME"),
                (("import", "rows.jsonl"), "takes one FILE, and --name NAME"),
                (("import", "--name", "x"), "takes one FILE, and --name NAME"),
                (("import", "rows.jsonl", "--name", "x", "--out", "y"), "--out goes with"),
                (("import", "rows.jsonl", "--name", "x", "--version", "2020-01-01T00:00:00Z"),
                 "--version goes with"),
                (("export", "x", "--name", "x"), "--name goes with"),
                (("list", "--dry-run"), "--dry-run goes with")):
            with self.subTest(arguments):
                ended = self.asked("datasets", *arguments)
                self.assertEqual((ended.exit_code, ended.out), (2, ""), ended.err)
                self.assertIn(message, ended.err)


class ImportIntoAServer(ImportIntoAStore):
    def begin(self):
        self.serve_it(still=True)

    def test_what_was_sent_before_a_refusal_is_told(self):
        """A server that knows nothing and takes one item."""
        posted = []

        def answer(_, request):
            if request["method"] == "GET":
                return 404, "application/json", '{"message": "not found"}'
            posted.append(request["path"])
            if len(posted) > 2:
                return 400, "application/json", '{"message": "this one is ugly"}'
            return 200, "application/json", '{"id": "x"}'
        other = serve(self, answer)
        self.place = ("--server", other.url)
        told = self.fails()
        self.assertIn('rows.jsonl:2: the item "0a"', told)
        self.assertIn("this one is ugly", told)
        self.assertIn("; sent before it: 1 new or changed items", told)
        self.assertEqual(posted, ["/api/public/v2/datasets"] + 2 * ["/api/public/dataset-items"])


if __name__ == "__main__":
    unittest.main()
