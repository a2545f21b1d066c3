"""`assay init`: what it writes runs, and it never destroys anything."""

import json
import unittest

from assay_process import ProcessTestCase

WRITTEN = ("reviews.eval.yaml", "reviews.jsonl", ".github/workflows/eval.yml")


class Init(ProcessTestCase):
    def files(self):
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")
                if path.is_file()}

    def test_what_it_writes_runs_at_once(self):
        ended = self.assay("init")
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertEqual(self.files(), {*WRITTEN, ".gitignore"})
        for name in WRITTEN:
            self.assertIn(f"wrote {name}\n", ended.out)
        self.assertIn("assay run reviews.eval.yaml", ended.out)
        validated = self.assay("validate", "reviews.eval.yaml")
        self.assertEqual(validated.exit_code, 0, validated.err)
        ran = self.assay("run", "reviews.eval.yaml", "--out", "report.json")
        self.assertEqual(ran.exit_code, 0, ran.err)
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual(report["status"], "passed")
        means = [v["scores"]["exact_match"]["mean"] for v in report["variants"]]
        self.assertEqual(means, [12 / 16, 14 / 16])
        self.assertEqual(self.assay("show", "latest", "--failed").exit_code, 0)

    def test_the_model_in_its_comments_is_a_valid_task(self):
        self.assay("init")
        path = self.folder / "reviews.eval.yaml"
        text = path.read_text()
        recorded = text[text.index("task:\n"):text.index("# To ask a model")]
        path.write_text(text.replace(recorded, "").replace("#|", ""))
        self.assertIn("\ntask:\n  provider: openai", path.read_text())
        ended = self.assay("validate", "reviews.eval.yaml", env={"OPENAI_API_KEY": "sk-test"})
        self.assertEqual(ended.exit_code, 0, ended.err)

    def test_another_folder_is_made(self):
        ended = self.assay("init", "my/project")
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertIn("  cd my/project\n", ended.out)
        self.assertTrue((self.folder / "my/project/reviews.eval.yaml").exists())

    def test_nothing_is_overwritten(self):
        for name in WRITTEN:
            with self.subTest(name):
                self.write(name, "mine\n")
                before = self.files()
                ended = self.assay("init")
                self.assertEqual(ended.exit_code, 2)
                self.assertIn(name, ended.err)
                self.assertIn("nothing was written", ended.err)
                self.assertEqual(self.files(), before)
                self.assertEqual((self.folder / name).read_text(), "mine\n")

    def test_every_file_in_the_way_is_named(self):
        self.assertEqual(self.assay("init").exit_code, 0)
        ended = self.assay("init")
        self.assertEqual(ended.exit_code, 2)
        for name in WRITTEN:
            self.assertIn(name, ended.err)

    def test_a_dangling_link_is_in_the_way_too(self):
        (self.folder / "reviews.jsonl").symlink_to("elsewhere.jsonl")
        ended = self.assay("init")
        self.assertEqual(ended.exit_code, 2)
        self.assertFalse((self.folder / "elsewhere.jsonl").exists())

    def test_gitignore_keeps_its_lines(self):
        for before, after in (("build/", "build/\n.assay/\n"), ("build/\n", "build/\n.assay/\n"),
                              ("/.assay/\n", "/.assay/\n"), (".assay\r\n", ".assay\r\n")):
            with self.subTest(before):
                self.write("sub/.gitignore", before.encode())
                self.assertEqual(self.assay("init", "sub").exit_code, 0)
                self.assertEqual((self.folder / "sub/.gitignore").read_bytes(), after.encode())
                for name in WRITTEN:
                    (self.folder / "sub" / name).unlink()

    def test_a_folder_that_cannot_be_made_is_an_error(self):
        self.write("file", "")
        ended = self.assay("init", "file/sub")
        self.assert_no_crash(ended)
        self.assertIn(ended.exit_code, (2, 4))
        self.assertIn("file/sub", ended.err)


if __name__ == "__main__":
    unittest.main()
