"""The server while something is wrong around it: the disk, its load, its files, its end."""

import http.client
import json
import os
import random
import re
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from assay_process import SOURCE, ProcessTestCase  # noqa: E402
from served import AUTHORIZATION, Server  # noqa: E402

TIME = "2026-01-02T03:04:05.000Z"
IS_SANITIZED = bool(os.environ.get("ASSAY_SANITIZE"))
MEGABYTE = 1 << 20
LOAD_SECONDS = 3
LOAD_MEMORY_MAX = 300 * MEGABYTE
LOAD_CONNECTIONS = 12 if IS_SANITIZED else 90  # a sanitizer has other bounds, and little time
IDLE_CONNECTIONS = 500
CONNECTIONS_PER_ADDRESS_MAX = 128
MIGRATION_KILLS = 8 if IS_SANITIZED else 20
DAMAGED_STORES = int(os.environ.get("ASSAY_DAMAGED_STORES", "12" if IS_SANITIZED else "30"))
FLIPS = 30


def trace_events(number, output):
    """A trace with an observation and a score, all named by a number."""
    events = [
        ("trace-create", {"id": f"t-{number}", "name": "chat", "output": output,
                          "metadata": {"number": number}}),
        ("span-create", {"id": f"o-{number}", "traceId": f"t-{number}", "startTime": TIME}),
        ("score-create", {"id": f"s-{number}", "traceId": f"t-{number}", "name": "ok",
                          "value": 1})]
    return [{"id": f"e-{number}-{kind}", "timestamp": TIME, "type": kind, "body": body}
            for kind, body in events]


def noise(chance, size):
    """Text that does not compress to nothing."""
    return chance.randbytes(size // 2).hex()


class ServeFaultTestCase(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.data = self.folder / "data"
        self.seed = int(os.environ.get("ASSAY_SEED", random.randrange(2**32)))
        print(f"ASSAY_SEED={self.seed}", file=sys.stderr)
        self.chance = random.Random(self.seed)

    def serve(self, data=None, must_start=True):
        server = Server(self, data or self.data, must_start)
        self.addCleanup(self.end, server)
        return server

    def end(self, server):
        if server.process.poll() is None:
            server.kill()

    def send(self, server, numbers, output="fine", connection=None):
        """Sends one trace for each number; status, headers and body of the answer."""
        asked = connection or server.connect()
        batch = [event for number in numbers for event in trace_events(number, output)]
        asked.request("POST", "/api/public/ingestion", json.dumps({"batch": batch}),
                      {"Authorization": AUTHORIZATION, "Content-Type": "application/json"})
        answer = asked.getresponse()
        body = json.loads(answer.read())
        if connection is None:
            asked.close()
        return answer.status, answer.headers, body

    def assert_stored(self, server, number):
        status, trace = server.ask("GET", f"/api/public/traces/t-{number}")
        self.assertEqual(status, 200)
        self.assertEqual(trace["metadata"], {"number": number})
        self.assertEqual([o["id"] for o in trace["observations"]], [f"o-{number}"])
        self.assertEqual([s["id"] for s in trace["scores"]], [f"s-{number}"])

    def assert_sound(self, data):
        """The file, which nobody has open."""
        store = sqlite3.connect(f"file:{data}/assay.db?mode=ro", uri=True)
        self.assertEqual(store.execute("PRAGMA integrity_check").fetchone(), ("ok",))
        store.close()


class NoSpace(ServeFaultTestCase):
    def fill(self, server):
        """Sends until it is refused; how many were acknowledged."""
        for number in range(10_000):
            status, headers, body = self.send(server, [number], noise(self.chance, 50_000))
            if status != 207:
                self.assert_refused(status, headers, body)
                return number
            self.assertEqual(body["errors"], [])
        self.fail("the disk never filled up")

    def assert_refused(self, status, headers, body):
        self.assertIn(status, (503, 507))
        self.assertGreater(int(headers["Retry-After"]), 0)
        self.assertEqual(set(body), {"message", "error"})
        self.assertNotIn(str(self.folder), json.dumps(body))

    def check_no_space(self, server, make_space):
        acknowledged = self.fill(server)
        self.assertGreater(acknowledged, 5)
        for _ in range(3):
            self.assert_refused(*self.send(server, [acknowledged], noise(self.chance, 50_000)))
            self.assert_stored(server, self.chance.randrange(acknowledged))
        self.assertEqual(server.ask("GET", "/api/public/health")[0], 200)
        status, listed = server.ask("GET", "/api/public/traces?limit=1")
        self.assertEqual((status, listed["meta"]["totalItems"]), (200, acknowledged))

        make_space()
        status, _, body = self.send(server, [acknowledged], noise(self.chance, 50_000))
        self.assertEqual((status, body["errors"]), (207, []))
        for number in range(acknowledged + 1):
            self.assert_stored(server, number)
        self.assertEqual(server.stop(), 0)

    def test_a_full_disk_refuses_and_works_again_when_there_is_space(self):
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", disk],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("mounting a small file system needs root")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        ballast = disk / "ballast"
        ballast.write_bytes(b"x" * (2 * MEGABYTE))
        self.check_no_space(self.serve(disk / "data"), ballast.unlink)
        self.assert_sound(disk / "data")

    def test_a_file_at_its_size_limit_refuses_and_works_again_after(self):
        server = self.serve()
        _, most = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)

        def limit_to(size):
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, most))

        limit_to(3 * MEGABYTE)
        self.check_no_space(server, lambda: limit_to(most))
        self.assert_sound(self.data)


    def test_without_space_or_a_store_it_does_not_start_and_says_why(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (MEGABYTE // 8,) * 2)

        ended = self.assay("serve", "--data", self.data, "--port", "0", preexec_fn=limit)
        self.assertEqual(ended.exit_code, 4)
        self.assertIn("size limit", ended.err)
        self.write("other/assay.db", self.chance.randbytes(5000))
        ended = self.assay("serve", "--data", "other", "--port", "0")
        self.assertEqual(ended.exit_code, 4)
        self.assertIn("is no database", ended.err)
        self.assertEqual(self.serve().stop(), 0)


class Sender(threading.Thread):
    """Sends batches on one connection until the server hangs up."""

    def __init__(self, test, server, numbers):
        super().__init__()
        self.test = test
        self.server = server
        self.numbers = numbers
        self.acknowledged = []
        self.faults = []

    def run(self):
        connection = self.server.connect()
        try:
            self.send_until_closed(connection)
        finally:
            connection.close()

    def send_until_closed(self, connection):
        while True:
            batch = [next(self.numbers) for _ in range(5)]
            try:
                status, headers, answer = self.test.send(self.server, batch, "x" * 2000, connection)
            except (http.client.IncompleteRead, ValueError) as cut:
                self.faults.append(f"an answer was cut: {cut!r}")
                return
            except (OSError, http.client.HTTPException):
                return  # no answer was begun
            if status != 207 or answer["errors"]:
                self.faults.append((status, answer))
                return
            self.acknowledged += batch
            if headers["Connection"] == "close":
                return


class End(ServeFaultTestCase):
    def test_sigterm_under_load_cuts_nothing_that_was_acknowledged(self):
        for round_number in range(3):
            server = self.serve()
            numbers = iter(range(round_number * 1_000_000, (round_number + 1) * 1_000_000))
            senders = [Sender(self, server, numbers) for _ in range(6)]
            for sender in senders:
                sender.start()
            enough = 50 * self.chance.randint(1, 6)
            while sum(len(sender.acknowledged) for sender in senders) < enough:
                time.sleep(0.002)
            began = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - began, 11)
            acknowledged = set()
            for sender in senders:
                sender.join()
                self.assertEqual(sender.faults, [])
                acknowledged.update(sender.acknowledged)
            self.assert_sound(self.data)
            store = sqlite3.connect(f"file:{self.data}/assay.db?mode=ro", uri=True)
            for table, letter in (("traces", "t"), ("observations", "o"), ("scores", "s")):
                stored = {row[0] for row in store.execute(f"SELECT id FROM {table}")}
                self.assertEqual({f"{letter}-{n}" for n in acknowledged} - stored, set())
            store.close()

    def test_500_idle_connections_end_with_the_server(self):
        server = self.serve()
        idle = []
        for number in range(IDLE_CONNECTIONS):
            source = f"127.0.0.{2 + number // (CONNECTIONS_PER_ADDRESS_MAX - 8)}"
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=20,
                                                  source_address=(source, 0))
            self.addCleanup(connection.close)
            connection.sendall(b"GET /api/public/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            idle.append(connection)
        for connection in idle:
            answer = connection.recv(65536)
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK"), answer)
        status, _, body = self.send(server, [1])
        self.assertEqual((status, body["errors"]), (207, []))
        began = time.monotonic()
        self.assertEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - began, 5)
        for connection in idle:
            self.assertEqual(connection.recv(1), b"")


class Load(ServeFaultTestCase):
    """Far more than can be written: what is too much is refused, the rest is kept."""

    def request(self, events):
        body = json.dumps({"batch": events}).encode()
        head = ("POST /api/public/ingestion HTTP/1.1\r\nHost: localhost\r\n"
                f"Authorization: {AUTHORIZATION}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n")
        return head.encode() + body

    def send_all(self, server, request):
        """Sends the request on a connection of its own; its status and how long it took."""
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", server.port), timeout=120) as connection:
            try:
                connection.sendall(request)
            except OSError:
                pass  # refused while it was being sent
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            json.loads(answer.read())
            if answer.status in (429, 503) and int(answer.headers["Retry-After"]) < 1:
                raise ValueError("it may be tried again at once")
        return answer.status, time.monotonic() - began

    def check_load(self, request):
        server = self.serve()
        until = time.monotonic() + LOAD_SECONDS
        answers, faults = [], []

        def keep_sending():
            while time.monotonic() < until:
                try:
                    answers.append(self.send_all(server, request))
                except (OSError, ValueError, http.client.HTTPException) as problem:
                    faults.append(repr(problem))

        threads = [threading.Thread(target=keep_sending) for _ in range(LOAD_CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        taken = sorted(seconds for status, seconds in answers if status == 207)
        refused = [status for status, _ in answers if status in (429, 503)]
        memory = self.memory_peak(server)
        self.assertEqual(faults, [])
        self.assertEqual(len(taken) + len(refused), len(answers), answers)
        print(f"load: {len(taken)} taken, {len(refused)} refused, "
              f"p99 {taken[len(taken) * 99 // 100]:.2f} s, {memory // MEGABYTE} MB",
              file=sys.stderr)
        if not IS_SANITIZED:
            self.assertGreater(len(refused), 0)
            self.assertLess(memory, LOAD_MEMORY_MAX)
        self.assertEqual(server.ask("GET", "/api/public/health")[0], 200)
        self.assertEqual(self.send(server, ["after"])[0], 207)
        self.assert_stored(server, "after")
        self.assertEqual(server.stop(), 0)
        self.assert_sound(self.data)

    def memory_peak(self, server):
        status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024

    def test_long_texts_are_taken_or_refused_in_bounded_memory(self):
        self.check_load(self.request([event for number in range(40) for event in trace_events(
            number, noise(self.chance, 100_000))]))

    def test_many_small_values_are_taken_or_refused_in_bounded_memory(self):
        """A few of them take more memory than all that is sent with them."""
        metadata = {"empty": [[]] * 3000}
        self.check_load(self.request([
            {"id": f"e-{i}", "timestamp": TIME, "type": "trace-create",
             "body": {"id": f"small-{i}", "metadata": metadata,
                      "input": noise(self.chance, 80_000)}} for i in range(40)]))

    @unittest.skipIf(IS_SANITIZED, "the check of virtual calls needs a descriptor itself")
    def test_without_descriptors_connections_wait_and_nothing_else_breaks(self):
        server = self.serve()
        _, most = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        opened = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (opened + 10, most))
        waiting = [socket.create_connection(("127.0.0.1", server.port), timeout=20)
                   for _ in range(60)]
        used = self.processor_seconds(server)
        for connection in waiting[:5]:
            connection.sendall(b"GET /api/public/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = connection.recv(65536)
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK"), answer)
        for connection in waiting:
            connection.close()
        self.assertEqual(self.send(server, [1])[0], 207)
        self.assert_stored(server, 1)
        self.assertLess(self.processor_seconds(server) - used, 3)
        self.assertEqual(server.stop(), 0)

    def processor_seconds(self, server):
        fields = Path(f"/proc/{server.process.pid}/stat").read_text(encoding="utf-8").split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


class SharedStore(ServeFaultTestCase):
    def test_a_second_server_on_the_same_store_is_refused(self):
        server = self.serve()
        second = self.assay("serve", "--data", self.data, "--port", "0", timeout=20)
        self.assertEqual(second.exit_code, 4)
        self.assertIn(str(self.data), second.err)
        self.assertEqual(self.send(server, [1])[0], 207)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(self.serve().stop(), 0)

    def test_runs_write_while_the_server_does(self):
        self.write("spec.yaml", "experiment: beside\ndataset: {file: rows.jsonl, id: $.id}\n"
                                "task: {recorded: $.answer}\nevaluators: [exact_match]\n")
        self.write("rows.jsonl", "".join(
            json.dumps({"id": f"i{i}", "input": f"q{i}", "answer": "a" * 500,
                        "expected_output": "b"}) + "\n" for i in range(300)))
        server = self.serve()
        numbers = iter(range(1_000_000))
        sender = Sender(self, server, numbers)
        sender.start()
        for _ in range(2):
            ended = self.assay("run", "spec.yaml", "--store", self.data)
            self.assert_no_crash(ended)
            self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertEqual(server.stop(), 0)
        sender.join()
        self.assertEqual(sender.faults, [])
        self.assertGreater(len(sender.acknowledged), 0)
        again = self.serve()
        for number in sender.acknowledged[-3:]:
            self.assert_stored(again, number)
        shown = json.loads(self.assay("runs", "--json", "--store", self.data).out)
        self.assertEqual(len(shown), 2)
        self.assert_sound(self.data)

    def old_store(self):
        """One that the first version of the format wrote, with a run."""
        data = self.folder / "old"
        data.mkdir()
        store = sqlite3.connect(data / "assay.db")
        store.executescript((SOURCE / "tests/unit/store/data/version_1.sql").read_text())
        store.execute("PRAGMA journal_mode = WAL")
        store.close()
        return data

    def test_an_old_store_is_brought_up_to_date_whenever_that_is_interrupted(self):
        data = self.old_store()
        for _ in range(MIGRATION_KILLS):
            interrupted = self.folder / "interrupted"
            shutil.copytree(data, interrupted)
            process = self.start("serve", "--data", interrupted, "--port", "0",
                                 stderr=subprocess.DEVNULL)
            time.sleep(self.chance.uniform(0, 0.15))
            process.kill()
            process.communicate()
            server = self.serve(interrupted)
            status, _, body = self.send(server, [1])
            self.assertEqual((status, body["errors"]), (207, []))
            self.assert_stored(server, 1)
            shown = self.assay("show", "latest", "--json", "--store", interrupted)
            self.assertEqual(shown.exit_code, 0, shown.err)
            self.assertEqual(server.stop(), 0)
            self.assert_sound(interrupted)
            shutil.rmtree(interrupted)


class Damage(ServeFaultTestCase):
    READS = ("/api/public/traces?limit=50", "/api/public/observations?limit=50",
             "/api/public/v2/observations?limit=20", "/api/public/v2/scores",
             "/api/public/sessions", "/api/public/v2/prompts", "/api/public/v2/datasets",
             "/api/public/models?limit=100", "/api/public/score-configs",
             "/api/public/dataset-items", "/api/public/v2/prompts/p",
             "/api/public/experiments?fromStartTime=2020-01-01T00:00:00Z",
             "/api/public/traces?filter=" + quote(json.dumps([
                 {"type": "stringObject", "column": "metadata", "key": "number", "operator": "=",
                  "value": "3"}])))

    def fill_store(self):
        server = self.serve(self.folder / "whole")
        for first in range(0, 40, 10):
            self.outputs.append(noise(self.chance, 1000))
            status, _, body = self.send(server, range(first, first + 10), self.outputs[-1])
            self.assertEqual((status, body["errors"]), (207, []))
        for path, body in (
                ("/api/public/v2/datasets", {"name": "d"}),
                ("/api/public/dataset-items", {"datasetName": "d", "id": "item", "input": "x"}),
                ("/api/public/dataset-run-items", {"runName": "r", "datasetItemId": "item",
                                                   "traceId": "t-1"}),
                ("/api/public/v2/prompts", {"name": "p", "prompt": "x", "labels": ["production"]}),
                ("/api/public/score-configs", {"name": "c", "dataType": "NUMERIC"}),
                ("/api/public/models", {"modelName": "m", "matchPattern": "m", "unit": "TOKENS",
                                        "inputPrice": 1})):
            status, answer = server.ask("POST", path, body)
            self.assertIn(status, (200, 201), (path, answer))
        self.assertEqual(server.stop(), 0)

    def ask(self, server, method, path, body=None):
        status, answer = server.ask(method, path, body)
        if status >= 500:
            self.assertIn(status, (500, 503), path)
            self.assertIn("message", answer)
            self.assertEqual(set(answer) - {"message", "error", "code"}, set())
        return status, answer

    def test_flipped_bytes_never_crash_the_server(self):
        self.outputs = []
        self.fill_store()
        whole = (self.folder / "whole" / "assay.db").read_bytes()
        started = 0
        statuses = {}
        for damaged_store in range(DAMAGED_STORES):
            data = self.folder / f"damaged-{damaged_store}"
            shutil.copytree(self.folder / "whole", data)
            damaged = bytearray(whole)
            for _ in range(self.chance.randint(1, FLIPS)):
                damaged[self.chance.randrange(len(damaged))] ^= self.chance.randint(1, 255)
            (data / "assay.db").write_bytes(damaged)
            started += self.use(data, statuses)
        print(f"damage: {started} of {DAMAGED_STORES} started, {statuses}", file=sys.stderr)
        self.assertGreater(started, DAMAGED_STORES // 4)
        self.assertGreater(statuses[200], statuses.get(500, 0))

    def use(self, data, statuses):
        """@return whether the server started."""
        server = self.serve(data, must_start=False)
        if server.port is None:
            self.assertIn(server.process.wait(), (2, 4))
            server.process.stdout.close()
            return 0
        traces = tuple(f"/api/public/traces/t-{number}" for number in range(0, 40, 7))
        for path in self.READS + traces:
            status, answer = self.ask(server, "GET", path)
            statuses[status] = statuses.get(status, 0) + 1
            if path in traces and status == 200:
                # Which document is whose no checksum tells, but a document is whole or not there.
                self.assertTrue(answer["output"] in (None, *self.outputs), answer["output"])
        for method, path, body in (
                ("POST", "/api/public/ingestion", {"batch": trace_events(1000, "new")}),
                ("POST", "/api/public/v2/prompts", {"name": "p", "prompt": "y"}),
                ("DELETE", "/api/public/traces/t-2", None)):
            self.ask(server, method, path, body)
        self.assertIn(server.stop(), (0, 4))
        return 1


if __name__ == "__main__":
    unittest.main()
