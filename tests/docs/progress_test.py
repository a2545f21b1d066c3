"""docs/progress.md: the events have the fields that the page names, and the lines look like its."""

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

from assay_process import PROGRAM, SOURCE, ProcessTestCase  # noqa: E402
from counting_model import CountingModel  # noqa: E402
from tutorial_test import steps  # noqa: E402

PAGE = (SOURCE / "docs/progress.md").read_text(encoding="utf-8")
COMMON = {"event", "time"}
PULSE = {"units_in_flight", "lanes"}


def fields_by_event():
    """Event -> the names in the first column of its table."""
    found = {}
    for section in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]:
        name = re.match(r"`(\w+)`", section).group(1)
        cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
        found[name] = {field for cell in cells for field in re.findall(r"`(\w+)`", cell)}
    found["end"] = found["progress"] - PULSE
    return found


class Progress(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.model = CountingModel(self, latency=0.3)
        self.model.prepare(self, rows=60)

    def test_every_event_has_the_fields_of_the_page(self):
        (self.folder / "spec.yaml").rename(self.folder / "capitals.eval.yaml")
        command = shlex.split(next(steps(PAGE))[0].partition(" 2> ")[0])
        self.assertEqual(command.pop(0), "assay")
        process = self.start(*command)
        lines = []
        for line in process.stderr:
            lines.append(line.decode())
            if '"event":"progress"' in lines[-1]:
                process.send_signal(signal.SIGINT)
                break
        lines += [line.decode() for line in process.stderr]
        process.communicate(timeout=60)
        events = [json.loads(line) for line in lines if line.startswith("{")]
        known = fields_by_event()
        self.assertEqual({event["event"] for event in events}, set(known))
        for event in events:
            self.assertEqual(set(event), COMMON | known[event["event"]], event)
        lane = next(event["lanes"] for event in events if event["event"] == "progress")[0]
        row = next(line for line in PAGE.splitlines() if line.startswith("| `lanes`"))
        self.assertEqual(set(lane) | {"lanes"}, set(re.findall(r"`(\w+)`", row)))

    def test_the_lines_on_a_terminal_look_like_those_of_the_page(self):
        shown = PAGE.partition("## On a terminal\n\n```\n")[2].partition("```")[0]
        text = self.terminal_output("run", "spec.yaml")
        self.assertRegex(text, r"\d+/60 units · \d+(\.\d)?/s · \d+ in flight · "
                               r"\$0\.\d{4} · \d+ s left")
        self.assertRegex(text, r"  local:tiny · \d of \d calls at a time")
        for part in (r"\d+/\d+ units · \d+/s · \d+ in flight · ", r" · \$0\.\d{4} · \d+ s left",
                     r"  \S+ · \d+ of \d+ calls at a time"):
            self.assertRegex(shown, part)

    def terminal_output(self, *arguments):
        """What the program writes to a terminal."""
        leader, follower = pty.openpty()
        process = subprocess.Popen([PROGRAM, *arguments], cwd=self.folder, stderr=follower,
                                   stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                                   env=self.environment({"COLUMNS": "120", "TERM": "xterm"}))
        os.close(follower)
        pieces = []
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:  # the last writer is gone
                break
            if not piece:
                break
            pieces.append(piece)
        os.close(leader)
        self.assertEqual(process.wait(timeout=60), 0)
        return b"".join(pieces).decode()


if __name__ == "__main__":
    unittest.main()
