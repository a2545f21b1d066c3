"""docs/report.md and docs/ci.md: every field is explained, every recipe is the one that is used."""

import json
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from assay_process import SOURCE, ProcessTestCase  # noqa: E402

REPORT = (SOURCE / "docs/report.md").read_text(encoding="utf-8")
CI = (SOURCE / "docs/ci.md").read_text(encoding="utf-8")


def section(text, heading):
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def words_in_code(text):
    """Every name in the code spans of a text."""
    return set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", text))))


class Report(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.assertEqual(self.assay("init").exit_code, 0)

    def run_with(self, name):
        ended = self.assay("run", "reviews.eval.yaml", "--quiet", "--out", name)
        self.assertEqual(ended.exit_code, 0, ended.err)
        return (self.folder / name).read_text(encoding="utf-8-sig")

    def test_every_field_of_the_json_report_is_explained(self):
        explained = words_in_code(section(REPORT, "JSON"))
        schema = json.loads(self.assay("schema", "report").out)
        groups = [schema, schema["properties"]["run"],
                  *(schema["$defs"][name] for name in ("manifest", "variant", "score", "gate",
                                                       "matrix", "comparison"))]
        fields = {field for group in groups for field in group["properties"]}
        self.assertGreater(len(fields), 50)
        self.assertEqual(fields - explained, set())

    def test_every_field_of_a_unit_is_explained(self):
        explained = words_in_code(section(REPORT, "JSONL"))
        unit = json.loads(self.run_with("units.jsonl").splitlines()[0])
        self.assertEqual(set(unit) - explained, set())

    def test_the_columns_of_a_table_are_those(self):
        columns = self.run_with("units.csv").splitlines()[0].split(",")
        fixed = [name for name in columns if not name.startswith(("exact_match", "format"))]
        stated = re.findall(r"`([\w.]+)`", section(REPORT, "CSV").partition("UTF-8")[0])
        self.assertEqual([name for name in stated if not name.startswith("NAME")], fixed)

    def test_every_format_is_listed(self):
        endings = set(re.findall(r"^\| `(\.\w+)` \|", REPORT, re.MULTILINE))
        message = self.assay("run", "reviews.eval.yaml", "--out", "report.pdf").err
        self.assertEqual(endings, set(re.findall(r"(?<!\w)\.[a-z]+", message)) - {".pdf"})


class Ci(ProcessTestCase):
    def test_the_workflow_is_the_one_that_init_writes(self):
        self.assertEqual(self.assay("init").exit_code, 0)
        workflow = (self.folder / ".github/workflows/eval.yml").read_text().partition("\n")[2]
        self.assertIn(f"```yaml\n{workflow}```\n", CI)

    def test_what_github_gets(self):
        self.assertEqual(self.assay("init").exit_code, 0)
        ended = self.assay("run", "reviews.eval.yaml", "--quiet", "--set",
                           'gates=["exact_match >= 0.9"]',
                           env={"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "summary.md",
                                "ASSAY_EXIT_GATE_FAILED": "20"})
        self.assertEqual(ended.exit_code, 20)
        self.assertIn("::error file=reviews.eval.yaml::exact_match", ended.err)
        self.assertIn("exact_match", (self.folder / "summary.md").read_text())

    def test_a_task_without_its_key_is_refused(self):
        self.write("rows.jsonl", '{"input": "a"}\n')
        self.write("spec.yaml", "experiment: e\ndataset: rows.jsonl\nevaluators: [length]\n"
                                'task: {provider: "openai:gpt-4.1-mini", prompt: "{{input}}"}\n')
        ended = self.assay("run", "spec.yaml")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("OPENAI_API_KEY", ended.err)


if __name__ == "__main__":
    unittest.main()
