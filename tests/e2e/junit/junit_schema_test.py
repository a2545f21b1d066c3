"""JUnit reports of the real program obey the schema of Jenkins and lose nothing on the way."""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "cli"))

from assay_process import SOURCE, ProcessTestCase  # noqa: E402

SCHEMA = os.environ["ASSAY_JUNIT_SCHEMA"]

SPEC = """
experiment: {experiment}
dataset: rows.jsonl
task: {task}
repetitions: {repetitions}
evaluators:
  - {{name: right, type: exact_match, check: true}}
  - {{name: size, type: length}}
  - {{name: tongue, type: language}}
  - {{name: number, type: numeric_match, value: "{{{{metadata.number}}}}"}}
run_evaluators: [{{name: typical, type: median, score: size}}]
gates: [{gates}]
execution: {{min_coverage: 0.1}}
"""

# Each of these characters has broken somebody's XML: C0 and C1 controls, the end of a CDATA
# section, markup, both noncharacters, line separators, text from right to left.
HOSTILE = ("\x00\x01\x08\x0b\x1b[31m\x7f\x85 ]]> <!-- & --> <a b='\"'>"
           "\ufffe\uffff\u2028\u202e \U0001f4a5\r\n\t")


def row(answer, **more):
    return {"input": "q", "expected_output": "yes", "answer": answer, "metadata": {"number": 1},
            **more}


class JunitSchema(ProcessTestCase):
    def report(self, rows, exit_code, gates="", repetitions=1, experiment="e",
               task='{recorded: "$.answer"}'):
        """The suites by name, after the schema had its say."""
        self.write("rows.jsonl", "\n".join(map(json.dumps, rows)) + "\n")
        self.write("spec.yaml", SPEC.format(gates=gates, repetitions=repetitions, task=task,
                                            experiment=json.dumps(experiment)))
        ended = self.assay("run", "spec.yaml", "--out", "junit.xml")
        self.assertEqual(ended.exit_code, exit_code, ended.err)
        self.validate(self.folder / "junit.xml")
        root = ElementTree.parse(self.folder / "junit.xml").getroot()
        return {suite.get("name"): suite for suite in root}

    def validate(self, path):
        checked = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", SCHEMA, path],
                                 capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stderr)

    def test_what_passed(self):
        suites = self.report([row("yes"), row("yes", input="r")], 0, gates='"right >= 0.5"')
        suite = suites["default"]
        self.assertEqual(suite.get("tests"), "2")
        properties = {p.get("name"): float(p.get("value")) for p in suite.iter("property")}
        self.assertEqual(properties, {"right": 1, "size": 3, "tongue[und]": 1, "number": 0,
                                      "typical": 3})

    def test_failed_checks_and_gates(self):
        suites = self.report([row("no")], 1, gates='"size >= 5", "tongue >= 1"')
        [failure] = suites["default"].iter("failure")
        self.assertIn("right is false", failure.get("message"))
        self.assertIn("expected_output: yes", failure.text)
        [out] = suites["default"].iter("system-out")
        self.assertIn("size: 2", out.text)
        [failure] = suites["gates"].iter("failure")
        self.assertIn("is below the 5 required", failure.get("message"))
        self.assertEqual(len(list(suites["gates"].iter("error"))), 1)

    def test_failed_and_unscored_units(self):
        without = row("yes")
        del without["answer"]
        suites = self.report([without, row("yes", metadata={"number": "none"})], 4)
        self.assertEqual(len(list(suites["default"].iter("error"))), 2)

    def test_repetitions_are_one_case(self):
        suites = self.report([row("no")], 0, repetitions=3)
        self.assertEqual(suites["default"].get("tests"), "1")
        self.assertEqual(len(list(suites["default"].iter("failure"))), 1)

    def test_hostile_characters(self):
        suites = self.report([row(HOSTILE, id="]]>" + HOSTILE), row("no", input=HOSTILE)], 0,
                             experiment="a <b> & \"c\" ]]>")
        failures = list(suites["default"].iter("failure"))
        self.assertEqual(len(failures), 2)
        self.assertTrue(all("]]>" in failure.text for failure in failures))

    def test_bytes_that_are_no_text(self):
        self.write("dies.py", "import sys\n"
                   "sys.stderr.buffer.write(b'\\xff\\xfe\\xc0\\x80 ]]> \\x00\\x1b[2J')\n"
                   "sys.exit(3)\n")
        suites = self.report([row("yes")], 4,
                             task=f"{{command: [{json.dumps(sys.executable)}, dies.py]}}")
        [error] = suites["default"].iter("error")
        self.assertIn("ended with exit code 3", error.get("message"))
        self.assertIn("]]>", error.text)

    def test_every_golden_report(self):
        reports = sorted((SOURCE / "tests/golden/reports").glob("*/expected/junit.xml"))
        self.assertGreater(len(reports), 4)
        for path in reports:
            with self.subTest(case=path.parts[-3]):
                self.validate(path)


if __name__ == "__main__":
    unittest.main()
