"""The disk under the store fills up in the middle of `assay run`."""

import base64
import json
import os
import random
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from assay_process import ProcessTestCase  # noqa: E402

ITEMS = 400

SPEC = """experiment: voluminous
dataset: rows.jsonl
task: {recorded: $.answer}
evaluators: [exact_match]
gates: ["exact_match >= 0.9"]
"""


class FullDisk(ProcessTestCase):
    def mount(self, size):
        """A small disk of its own, with the path of the store on it."""
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("mounting a small file system needs root")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        return disk

    def write_experiment(self):
        seed = int(os.environ.get("ASSAY_SEED", random.randrange(2**32)))
        print(f"ASSAY_SEED={seed}", file=sys.stderr)
        noise = random.Random(seed)
        self.write("spec.yaml", SPEC)
        self.write("rows.jsonl", "".join(
            json.dumps({"input": f"item {i}", "answer": answer, "expected_output": answer}) + "\n"
            for i in range(ITEMS)
            for answer in [base64.b64encode(noise.randbytes(1500)).decode()]))

    def test_a_run_stops_and_goes_on_when_there_is_space(self):
        disk = self.mount("32m")
        self.write_experiment()
        ballast = disk / "ballast"
        ballast.write_bytes(b"x" * (29 << 20))
        store = ["--store", disk / "store"]

        stopped = self.assay("run", "spec.yaml", *store)
        self.assert_no_crash(stopped)
        self.assertEqual(stopped.exit_code, 4, stopped.err)
        self.assertIn("the disk is full; free some space and run again", stopped.out + stopped.err)
        self.assertIn("assay run --resume", stopped.err)

        # What was stored can be read although the disk is full, and nothing can be added.
        shown = self.assay("show", "latest", "--json", *store)
        self.assertEqual(shown.exit_code, 0, shown.err)
        done = json.loads(shown.out)[0]["variants"][0]["units"]["scored"]
        self.assertGreater(done, 0)
        self.assertLess(done, ITEMS)
        still = self.assay("run", "--resume", "latest", *store)
        self.assert_no_crash(still)
        self.assertEqual(still.exit_code, 4, still.err)

        ballast.unlink()
        resumed = self.assay("run", "--resume", "latest", "--out", "report.json", *store)
        self.assertEqual(resumed.exit_code, 0, resumed.err)
        units = json.loads((self.folder / "report.json").read_text())["variants"][0]["units"]
        self.assertEqual(units["scored"], ITEMS)
        self.assertEqual(units["planned"], ITEMS)

    def test_a_disk_that_is_full_from_the_start_stops_before_any_unit(self):
        disk = self.mount("64k")
        self.write_experiment()
        stopped = self.assay("run", "spec.yaml", "--store", disk / "store")
        self.assert_no_crash(stopped)
        self.assertEqual(stopped.exit_code, 4, stopped.err)
        self.assertIn("the disk is full", stopped.err)


if __name__ == "__main__":
    unittest.main()
