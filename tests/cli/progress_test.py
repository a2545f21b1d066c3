"""Progress for people and for machines."""

import json
import signal
import time
import unittest
from collections import Counter

from assay_process import ProcessTestCase
from counting_model import CountingModel


class ProgressOutput(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.model = CountingModel(self, latency=0.01)
        self.model.prepare(self, rows=30)

    def events(self, text):
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def test_events_tell_the_whole_run(self):
        ended = self.assay("run", "spec.yaml", "--progress", "json")
        self.assertEqual(ended.exit_code, 0, ended.err)
        events = self.events(ended.err)
        self.assertEqual(len(events), len(ended.err.splitlines()))
        self.assertEqual(events[0]["event"], "begin")
        self.assertEqual(events[0]["units_planned"], 30)
        units = [event for event in events if event["event"] == "unit"]
        self.assertEqual(len({event["trace_id"] for event in units}), 30)
        self.assertTrue(all(event["status"] == "scored" for event in units))
        self.assertEqual(events[-1]["event"], "end")
        self.assertEqual(events[-1]["units_done"], 30)
        self.assertAlmostEqual(events[-1]["paid_usd"], 30 * 0.002)

    def test_events_of_a_long_run_and_its_stop(self):
        self.model.latency = 0.4
        process = self.start("run", "spec.yaml", "--progress", "json")
        while self.model.total() < 13:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        events = self.events(err.decode())
        kinds = [event["event"] for event in events]
        self.assertIn("stopping", kinds)
        lane, = events[kinds.index("progress")]["lanes"]
        self.assertEqual((lane["provider"], lane["model"]), ("local", "tiny"))
        self.assertEqual(lane["limit"], 4)

    def test_a_resumed_run_begins_with_what_it_has(self):
        self.assay("run", "spec.yaml", "--set", "execution.budget.calls=12")
        ended = self.assay("run", "--resume", "latest", "--progress", "json",
                           "--set", "execution.budget.calls=100")
        events = self.events(ended.err)
        self.assertEqual(events[0]["units_stored"], 12)
        self.assertEqual(sum(event["event"] == "unit" for event in events), 18)

    def test_units_of_several_specs_say_whose_they_are(self):
        spec = (self.folder / "spec.yaml").read_text()
        self.write("other.yaml", spec.replace("counted", "other"))
        ended = self.assay("run", "spec.yaml", "other.yaml", "--progress", "json", "--limit", "5",
                           "--out", "{experiment}.json")
        events = self.events(ended.err)
        begun = {event["run_id"]: event["experiment"] for event in events
                 if event["event"] == "begin"}
        self.assertEqual(sorted(begun.values()), ["counted", "other"])
        units = Counter(begun[event["run_id"]] for event in events if event["event"] == "unit")
        self.assertEqual(units, {"counted": 5, "other": 5})
        report = json.loads((self.folder / "other.json").read_text())
        self.assertEqual(begun[report["run"]["id"]], "other")

    def test_quiet_and_none_say_nothing(self):
        for arguments in (["--progress", "none"], ["--quiet"]):
            ended = self.assay("run", "spec.yaml", *arguments)
            self.assertEqual(ended.err, "")

    def test_an_unknown_mode_is_told_with_those_that_there_are(self):
        ended = self.assay("run", "spec.yaml", "--progress", "loud")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn('--progress: there is no mode "loud"; it is one of auto, plain, json, none',
                      ended.err)


if __name__ == "__main__":
    unittest.main()
