"""docs/caching.md: every command runs, and prints what the page says."""

import json
import re
import unittest

from capitals_page import SOURCE, CapitalsPage
from tutorial_test import normalised

PAGE = (SOURCE / "docs/caching.md").read_text(encoding="utf-8")
SCHEMA = SOURCE / "configs/schemas/experiment.schema.json"
LIMITS = (SOURCE / "core/base/limits.hpp").read_text(encoding="utf-8")
KEY = "sk-canary-caching"


def comparable(text):
    """The order of replies that were used in the same minute is that of their keys."""
    text = re.sub(r"^[0-9a-f]{12}\b", "KEY", text, flags=re.MULTILINE)
    text = re.sub(r"\b\d+(\.\d)? k?B\b", "SIZE", text)
    return sorted(normalised(text))


class Caching(CapitalsPage):
    def test_every_command_prints_what_the_page_says(self):
        calls = self.run_page(PAGE, lambda url: {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": KEY},
                              comparable)
        self.assertEqual(calls, 6, "three are recorded in each of two folders")
        for path in self.folder.rglob("*.json"):
            self.assertNotIn(KEY, path.read_text(encoding="utf-8"))

    def test_every_mode_is_explained(self):
        modes = json.loads(SCHEMA.read_text(encoding="utf-8"))
        known = set(re.findall(r'"cache": \{"enum": \[([^\]]*)\]', json.dumps(modes))[0]
                    .replace('"', "").split(", ")) - {"false"}
        table = PAGE.partition("## Modes")[2].partition("\n## ")[0]
        self.assertEqual(set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)), known)

    def test_the_bounds_are_those_of_the_program(self):
        self.assertIn("k_cache_age_max{90 * 24}", LIMITS)
        self.assertIn("k_cache_bytes_max = 1ULL << 30U", LIMITS)


if __name__ == "__main__":
    unittest.main()
