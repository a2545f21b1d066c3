"""A server that is killed at any instant has all that it acknowledged, once."""

import http.client
import os
import random
import sqlite3
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from assay_process import ProcessTestCase  # noqa: E402
from served import Server  # noqa: E402

KILLS = int(os.environ.get("ASSAY_KILLS", "200"))
CLIENTS = 4
READY_SECONDS_MAX = 2.0
TIME = "2026-01-02T03:04:05.000Z"


def events_of(number):
    """A trace with a generation and a score, all named by a number."""
    return [
        {"id": f"e-t-{number}", "timestamp": TIME, "type": "trace-create",
         "body": {"id": f"t-{number}", "name": "chat", "metadata": {"number": number}}},
        {"id": f"e-o-{number}", "timestamp": TIME, "type": "generation-create",
         "body": {"id": f"o-{number}", "traceId": f"t-{number}", "output": "x" * 500,
                  "startTime": TIME, "usageDetails": {"input": 1, "output": 2}}},
        {"id": f"e-s-{number}", "timestamp": TIME, "type": "score-create",
         "body": {"id": f"s-{number}", "traceId": f"t-{number}", "name": "ok", "value": 1}},
    ]


class Client(threading.Thread):
    """Sends batches one after the other until the server is gone, and notes what was answered."""

    def __init__(self, server, numbers, seed):
        super().__init__()
        self.server = server
        self.numbers = numbers
        self.random = random.Random(seed)
        self.acknowledged = []
        self.unanswered = []
        self.faults = []

    def run(self):
        connection = self.server.connect()
        try:
            self.send_until_killed(connection)
        finally:
            connection.close()

    def send_until_killed(self, connection):
        while True:
            batch = [next(self.numbers) for _ in range(self.random.randint(1, 8))]
            self.unanswered = batch
            try:
                status, answer = self.server.ask(
                    "POST", "/api/public/ingestion",
                    {"batch": [event for n in batch for event in events_of(n)]}, connection)
            except (OSError, http.client.HTTPException, ValueError):
                return  # killed
            if status != 207 or answer["errors"]:
                self.faults.append((status, answer))
                return
            self.acknowledged += batch
            self.unanswered = []


def counter(first):
    """Numbers for several threads: next() of a generator is not safe, that of a range is."""
    return iter(range(first, first + 10_000_000))


class ServeKill(ProcessTestCase):
    def test_what_was_acknowledged_is_there_once_after_every_kill(self):
        seed = int(os.environ.get("ASSAY_SEED", random.randrange(2**32)))
        print(f"ASSAY_SEED={seed}", file=sys.stderr)
        chance = random.Random(seed)
        data = self.folder / "data"
        numbers = counter(0)
        acknowledged = set()
        slowest = 0.0
        for kill in range(KILLS):
            server = Server(self, data)
            slowest = max(slowest, server.started)
            clients = [Client(server, numbers, chance.random()) for _ in range(CLIENTS)]
            for client in clients:
                client.start()
            time.sleep(chance.uniform(0.005, 0.25))
            server.kill()
            for client in clients:
                client.join()
                self.assertEqual(client.faults, [])
                acknowledged.update(client.acknowledged)
            if kill % 10 == 9 or kill == KILLS - 1:
                self.check_store(data, acknowledged)
        self.assertGreater(len(acknowledged), KILLS)
        self.assertLess(slowest, READY_SECONDS_MAX)
        self.check_served(data, chance.sample(sorted(acknowledged), 50), clients)

    def check_store(self, data, acknowledged):
        """In the file, which nobody has open."""
        with sqlite3.connect(f"file:{data}/assay.db?mode=ro", uri=True) as store:
            self.assertEqual(store.execute("PRAGMA integrity_check").fetchone(), ("ok",))
            for table, letter in (("traces", "t"), ("observations", "o"), ("scores", "s")):
                stored = [int(name[2:]) for (name,) in store.execute(f"SELECT id FROM {table}")
                          if isinstance(name, str) and name.startswith(f"{letter}-")]
                self.assertEqual(len(stored), len(set(stored)), f"{table} twice")
                self.assertEqual(acknowledged - set(stored), set(), f"{table} lost")
        store.close()

    def check_served(self, data, sample, clients):
        """Through the API, also when what was not answered is sent again."""
        server = Server(self, data)
        again = [n for client in clients for n in client.unanswered] + sample
        status, answer = server.ask("POST", "/api/public/ingestion",
                                    {"batch": [e for n in again for e in events_of(n)]})
        self.assertEqual((status, answer["errors"]), (207, []))
        for number in sample:
            status, trace = server.ask("GET", f"/api/public/traces/t-{number}")
            self.assertEqual(status, 200)
            self.assertEqual(trace["metadata"], {"number": number})
            self.assertEqual([o["id"] for o in trace["observations"]], [f"o-{number}"])
            self.assertEqual([s["id"] for s in trace["scores"]], [f"s-{number}"])
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
