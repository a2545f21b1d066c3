"""docs/task-graph.md: its spec is one, and each mistake that it names is refused."""

import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from assay_process import SOURCE, ProcessTestCase  # noqa: E402

PAGE = (SOURCE / "docs/task-graph.md").read_text(encoding="utf-8")
SPEC = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL).group(1)
ROW = '{"input": {"question": "Why?"}, "expected_output": "so", "metadata": {"section": "a"}}\n'


class TaskGraph(ProcessTestCase):
    def validate(self, spec):
        self.write("questions.jsonl", ROW)
        self.write("spec.yaml", spec)
        return self.assay("validate", "spec.yaml")

    def test_the_spec_is_one(self):
        # Whether this machine has a sandbox is not what the page is about.
        ended = self.validate(SPEC.replace("tone.py]", "tone.py], sandbox: none"))
        self.assertEqual(ended.exit_code, 0, ended.err)

    def test_each_mistake_is_refused(self):
        for right, wrong, message in [
            ("id: intent", "id: find", "two steps are called"),
            ("needs: [find, intent]", "needs: [fnd, intent]", "unknown step"),
            ("{id: find,", "{id: find, needs: [answer],", "the steps need each other"),
            ("needs: [find, intent]", "needs: [find]", "of no use"),
            ("needs: [find, intent]", "needs: [find]", "add \"intent\" to the `needs`"),
        ]:
            with self.subTest(wrong):
                self.assertIn(right, SPEC)
                ended = self.validate(SPEC.replace(right, wrong, 1))
                self.assertEqual(ended.exit_code, 2)
                self.assertIn(message, ended.err)


if __name__ == "__main__":
    unittest.main()
