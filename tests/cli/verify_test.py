"""`assay verify`: a sound run passes, and each kind of damage is found and named."""

import json
import shutil
import sqlite3
import unittest

from assay_process import ProcessTestCase
from counting_model import SPEC, CountingModel
from server_process import Server

ROWS = 12
RUN_EVALUATORS = 'run_evaluators: [{{name: middle, type: median, score: exact_match}}]\n'


class Verify(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.model = CountingModel(self)
        self.model.prepare(self, rows=ROWS, spec=SPEC + RUN_EVALUATORS)
        self.assertEqual(self.assay("run", "spec.yaml", "--repetitions", 2).exit_code, 0)

    def change(self, *statements):
        connection = sqlite3.connect(self.folder / ".assay" / "assay.db")
        with connection:
            for statement in statements:
                changed = connection.execute(statement).rowcount
                self.assertNotEqual(changed, 0, statement)
        connection.close()

    def verify(self, expected):
        ended = self.assay("verify", "latest", "--json")
        self.assert_no_crash(ended)
        self.assertEqual(ended.exit_code, expected, ended.out + ended.err)
        return {check["id"]: check for check in json.loads(ended.out)}

    def assert_found(self, identifier, words, expected=4):
        check = self.verify(expected)[identifier]
        self.assertEqual(check["status"], "wrong", check)
        self.assertIn(words, check["problems"][0])
        human = self.assay("verify", "latest")
        self.assertEqual(human.exit_code, 4)
        self.assertIn("wrong", human.out)
        self.assertIn(words, human.out)

    def test_a_sound_run_fits_and_says_how_much_was_looked_at(self):
        checks = self.verify(0)
        counts = {name: check["checked"] for name, check in checks.items()}
        self.assertEqual(counts["documents"], 2 * ROWS)
        self.assertEqual(counts["unit_keys"], 2 * ROWS)
        self.assertEqual(counts["content_hashes"], ROWS)
        self.assertEqual(counts["scores"], 2 * ROWS)
        self.assertEqual(counts["run_scores"], 1)
        self.assertEqual(counts["dataset"], 1)
        self.assertEqual(counts["plan"], 1)
        human = self.assay("verify", "latest")
        self.assertEqual(human.exit_code, 0)
        self.assertIn("all that can be checked fits", human.out)

    def test_an_unknown_run_is_2(self):
        self.assertEqual(self.assay("verify", "nothing").exit_code, 2)

    def test_a_changed_score_is_named(self):
        self.change("UPDATE scores SET value = 0 WHERE ordinal = 0 AND "
                    "subject = (SELECT min(subject) FROM scores WHERE subject_kind = "
                    "(SELECT symbol FROM symbols WHERE text = 'trace')) AND subject_kind = "
                    "(SELECT symbol FROM symbols WHERE text = 'trace')")
        self.assert_found("scores", "the row of \"exact_match\" says false, the unit true")

    def test_a_score_that_is_gone_is_named(self):
        self.change("DELETE FROM scores WHERE subject = 3 AND subject_kind = "
                    "(SELECT symbol FROM symbols WHERE text = 'trace')")
        self.assert_found("ids", 'the score "exact_match" has no row')

    def test_a_changed_run_score_is_named(self):
        self.change("UPDATE scores SET value = 0.25 WHERE subject_kind = "
                    "(SELECT symbol FROM symbols WHERE text = 'dataset_run')")
        self.assert_found("run_scores", "middle is stored as 0.25, the units give 1")

    def test_a_unit_that_is_gone_is_noticed(self):
        self.change("DELETE FROM run_items WHERE position = 5 AND repetition = 1")
        self.assert_found("counts", "23 units are stored and 24 were planned")

    def test_another_content_hash_is_noticed(self):
        self.change("UPDATE item_versions SET content_hash = randomblob(32) WHERE item_version = 2")
        self.assert_found("documents", "damaged")

    def test_a_damaged_document_is_noticed(self):
        self.change("UPDATE trace_documents SET document = zeroblob(40) WHERE trace = "
                    "(SELECT trace FROM run_items ORDER BY position, repetition LIMIT 1 OFFSET 3)")
        self.assert_found("documents", "after 3 units")
        self.assert_found("documents", "repetition 2)")

    def test_another_trace_id_is_noticed(self):
        self.change("UPDATE traces SET id = randomblob(16) WHERE trace = 4")
        self.assert_found("documents", "damaged")

    def test_a_damaged_index_is_noticed(self):
        self.change("UPDATE scores SET name = name WHERE 1")
        connection = sqlite3.connect(self.folder / ".assay" / "assay.db")
        page, size = connection.execute(
            "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema "
            "WHERE name = 'score_facts'").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        with open(self.folder / ".assay" / "assay.db", "r+b") as file:
            file.seek((page - 1) * size + size - 60)
            file.write(bytes(40))
        self.assert_found("file", "")

    def test_what_the_run_was_compared_with_is_checked(self):
        self.assertEqual(self.assay("baseline", "set", "main", "latest").exit_code, 0)
        self.assertEqual(self.assay("run", "spec.yaml", "--baseline", "main").exit_code, 0)
        self.assertEqual(self.verify(0)["baselines"]["checked"], 1)
        self.change("DELETE FROM baseline_documents")
        self.assert_found("baselines", "no baseline document")

    def test_a_changed_spec_leaves_the_keys_unchecked_and_says_so(self):
        spec = self.folder / "spec.yaml"
        spec.write_text(spec.read_text().replace("{{question}}", "Please: {{question}}"))
        check = self.verify(0)["unit_keys"]
        self.assertEqual((check["status"], check["checked"]), ("none", 0))
        self.assertIn("not what it was", check["not_checked"])
        spec.unlink()
        self.assertIn("cannot be read", self.verify(0)["unit_keys"]["not_checked"])

    def test_a_rescored_run_and_a_run_file_fit(self):
        spec = self.folder / "spec.yaml"
        spec.write_text(spec.read_text().replace(
            "[exact_match]", "[exact_match, {name: short, type: length, max: 2}]"))
        self.assertEqual(self.assay("rescore", "latest", "spec.yaml").exit_code, 0)
        self.assertEqual(self.verify(0)["scores"]["checked"], 4 * ROWS)
        self.assertEqual(self.assay("export", "latest", "--out", "run.assayrun").exit_code, 0)
        shutil.rmtree(self.folder / ".assay")
        ended = self.assay("verify", "latest", "--store", "run.assayrun")
        self.assertEqual(ended.exit_code, 0, ended.out + ended.err)

    def test_an_item_that_was_deleted_from_the_dataset_is_told_and_the_rest_fits(self):
        server = Server(self)
        pair = server.pair()
        items = server.ask("/api/public/dataset-items?limit=100", pair)[1]["data"]
        self.assertEqual(len(items), ROWS)
        lost = items[0]["id"]
        path = f"/api/public/dataset-items/{lost}"
        self.assertEqual(server.ask(path, pair, "DELETE")[0], 200)
        self.assertEqual(server.ask(path, pair)[0], 404)
        self.assertEqual(server.stop(), 0)
        check = self.verify(0)["content_hashes"]
        self.assertEqual(check["checked"], ROWS - 1)
        self.assertIn("1 item was deleted", check["not_checked"])
        shown = self.assay("show", "latest", "--item", lost)
        self.assertEqual(shown.exit_code, 0, shown.err)
        self.assertIn("(deleted from the dataset after the run)", shown.out)
        self.assertIn("exact_match", shown.out)
        again = self.assay("rescore", "latest", "spec.yaml")
        self.assertEqual(again.exit_code, 2, again.out)
        self.assertIn(f'item "{lost}" was deleted', again.err)
        self.verify(0)
        for arguments in (("report", "latest"), ("compare", "latest", "latest")):
            ended = self.assay(*arguments)
            self.assert_no_crash(ended)
            self.assertIn(ended.exit_code, (0, 1, 2, 3), ended.err)

    def test_merged_shards_fit(self):
        for index in (1, 2):
            self.assay("run", "spec.yaml", "--shard", f"{index}/2", "--store", f"shard-{index}")
        self.assertEqual(self.assay("merge", "shard-1", "shard-2").exit_code, 0)
        self.verify(0)
        ended = self.assay("verify", "latest", "--store", "shard-1")
        self.assertEqual(ended.exit_code, 0, ended.out + ended.err)
        self.assertIn("items are stored", ended.out)


if __name__ == "__main__":
    unittest.main()
