"""README.md and docs/: every link leads to a file that is there, and to a heading in it."""

import re
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def prose(text):
    """The text without code, which holds no links."""
    return re.sub(r"(?ms)^```.*?^```$|(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", text)


def anchors(text):
    """The anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"(?ms)^```.*?^```$", "", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Links(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        pages = [SOURCE / "README.md", *sorted((SOURCE / "docs").rglob("*.md"))]
        checked = 0
        for page in pages:
            for link in LINK.findall(prose(page.read_text(encoding="utf-8"))):
                if link.startswith(("https://", "http://")):
                    continue
                path, _, anchor = link.partition("#")
                target = (page.parent / path).resolve() if path else page
                with self.subTest(page=page.name, link=link):
                    self.assertTrue(target.exists())
                    if anchor:
                        self.assertIn(anchor, anchors(target.read_text(encoding="utf-8")))
                checked += 1
        self.assertGreater(checked, 30)


if __name__ == "__main__":
    unittest.main()
