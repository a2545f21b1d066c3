"""docs/runs.md: every command runs, and prints what the page says."""

import re
import unittest

from capitals_page import SOURCE, CapitalsPage

PAGE = (SOURCE / "docs/runs.md").read_text(encoding="utf-8")
SCHEMA = SOURCE / "configs/schemas/experiment.schema.json"


class Runs(CapitalsPage):
    def test_every_command_prints_what_the_page_says(self):
        calls = self.run_page(PAGE, lambda url: {"MODEL_URL": url})
        self.assertEqual(calls, 3 * 6,
                         "two runs that ended early and the shards ask everything once")

    def test_every_budget_is_named(self):
        schema = SCHEMA.read_text(encoding="utf-8").partition('"budget": {')[2]
        known = schema.partition('"properties": {')[2].partition("\n          }")[0]
        example = re.search(r"budget: \{(.*)\}", PAGE).group(1)
        self.assertEqual(set(re.findall(r"(\w+):", example)),
                         set(re.findall(r'^\s*"(\w+)": \{', known, re.MULTILINE)))


if __name__ == "__main__":
    unittest.main()
