"""docs/filter-language.md: every condition of the page selects the rows it says."""

import json
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from assay_process import SOURCE, ProcessTestCase  # noqa: E402

PAGE = (SOURCE / "docs/filter-language.md").read_text(encoding="utf-8")
ROWS = re.search(r"```jsonl\n(.*?)```", PAGE, re.DOTALL).group(1)
SPEC = """experiment: filter
dataset: {file: rows.jsonl, id: "$.id"}
task: {recorded: $.id}
evaluators: [length]
"""


def code(cell):
    return re.fullmatch(r"(`+) ?(.*?) ?\1", cell).group(2).replace("\\|", "|")


def table(heading):
    """The cells of the rows of the table below a heading."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = re.findall(r"^\| (.+) \|$", section, re.MULTILINE)[2:]
    return [line.split(" | ") for line in lines]


class FilterLanguage(ProcessTestCase):
    def select(self, condition):
        self.write("spec.yaml", SPEC)
        self.write("rows.jsonl", ROWS)
        return self.assay("run", "spec.yaml", "--quiet", "--out", "units.jsonl",
                          f"--filter={condition}")

    def test_conditions_select_what_the_page_says(self):
        examples = table("Examples")
        self.assertGreater(len(examples), 12)
        for condition, stated in examples:
            with self.subTest(condition):
                ended = self.select(code(condition))
                self.assertEqual(ended.exit_code, 0, ended.err)
                units = (self.folder / "units.jsonl").read_text().splitlines()
                selected = " ".join(json.loads(unit)["item_id"] for unit in units)
                self.assertEqual(selected, stated)

    def test_mistakes_are_refused_as_the_page_says(self):
        mistakes = table("Mistakes")
        self.assertGreater(len(mistakes), 3)
        for condition, message in mistakes:
            with self.subTest(condition):
                ended = self.select(code(condition))
                self.assertEqual(ended.exit_code, 2)
                self.assertIn(code(message), ended.err)


if __name__ == "__main__":
    unittest.main()
