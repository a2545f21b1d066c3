"""How fast the server takes in observations durably and gives them back, as ratios.

    python3 tests/bench/serve_bench.py [--build BUILD] [--observations 20000] [--reads 1000000]

What is sent is answered when it is on the disk. The rate of the store's writer alone, in groups as
large as what all connections send at once, is measured in the same turn. --reads 0 leaves the
second table out.
"""

import argparse
import base64
import http.client
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

PUBLIC_KEY = "pk-lf-00000000-0000-4000-8000-000000000001"
SECRET_KEY = "sk-lf-00000000-0000-4000-8000-000000000002"
AUTHORIZATION = "Basic " + base64.b64encode(f"{PUBLIC_KEY}:{SECRET_KEY}".encode()).decode()
GROUP_MAX = 5000


class Server:
    def __init__(self, build, data):
        environment = os.environ | {
            "LANGFUSE_INIT_ORG_ID": "org", "LANGFUSE_INIT_PROJECT_ID": "project",
            "LANGFUSE_INIT_PROJECT_PUBLIC_KEY": PUBLIC_KEY,
            "LANGFUSE_INIT_PROJECT_SECRET_KEY": SECRET_KEY}
        self.process = subprocess.Popen(
            [build / "runner/cli/assay", "serve", "--data", data, "--port", "0"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.port = int(re.search(rb"127\.0\.0\.1:(\d+)", self.process.stdout.readline())[1])

    def memory_mb(self, what):
        """VmRSS now, VmHWM at most."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+)", status)[1]) / 1024

    def get(self, connection, path):
        connection.request("GET", path, headers={"Authorization": AUTHORIZATION})
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status} {body[:200]}")
        return json.loads(body)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        self.process.stdout.close()


def raw_rate(build, folder, observations, group):
    shutil.rmtree(folder, ignore_errors=True)
    program = build / "tests/bench/ingest_bench"
    out = subprocess.run([program, folder, str(observations), str(group)], check=True,
                         capture_output=True, text=True).stdout
    shutil.rmtree(folder)
    return float(out)


def measure_writes(build, scratch, observations):
    print("| protocol | batch | connections | observations/s | of the writer | p50 ms | p99 ms |")
    print("|---|---|---|---|---|---|---|")
    peak = 0.0
    for protocol in ("native", "otlp"):
        for batch, connections in ((1, 1), (1, 64), (15, 8), (15, 64), (100, 1), (100, 8),
                                   (512, 1), (512, 4)):
            group = min(batch * connections, GROUP_MAX)
            count = max(group, observations // (10 if group == 1 else 1) // batch * batch)
            raw = raw_rate(build, scratch / "raw", count // group * group, group)
            data = scratch / "served"
            shutil.rmtree(data, ignore_errors=True)
            server = Server(build, data)
            out = subprocess.run(
                [build / "tests/bench/ingest_load", str(server.port), AUTHORIZATION, protocol,
                 str(batch), str(connections), str(count)],
                check=True, capture_output=True, text=True).stdout
            seconds, p50, p99, refused = map(float, out.split())
            if refused:
                raise RuntimeError(f"{refused:.0f} answers were no success")
            peak = max(peak, server.memory_mb("VmHWM"))
            server.stop()
            rate = count / seconds
            print(f"| {protocol} | {batch} | {connections} | {rate:,.0f} | {rate / raw:.2f} | "
                  f"{p50:.1f} | {p99:.1f} |", flush=True)
    print(f"\nPeak memory of the server: {peak:.0f} MB\n")


def measure_beside(build, scratch):
    """How long single events wait beside 8 connections that send 100 each."""
    print("| one event beside a batch load | p50 ms | p99 ms |")
    print("|---|---|---|")
    for protocol in ("native", "otlp"):
        server = Server(build, scratch / f"beside-{protocol}")
        command = [build / "tests/bench/ingest_load", str(server.port), AUTHORIZATION]
        load = subprocess.Popen([*command, "native", "100", "8", "150000"], text=True,
                                stdout=subprocess.PIPE)
        time.sleep(3)  # it makes its requests up first
        single = subprocess.run([*command, protocol, "1", "1", "100"], check=True,
                                capture_output=True, text=True).stdout.split()
        if load.poll() is not None:
            raise RuntimeError("the batch load ended before the single events: make it longer")
        load.communicate()
        server.stop()
        print(f"| {protocol} | {float(single[1]):.1f} | {float(single[2]):.1f} |", flush=True)
    print()


def measure_reads(build, scratch, observations):
    data = scratch / "large"
    subprocess.run([build / "tests/bench/ingest_bench", data, str(observations), str(GROUP_MAX)],
                   check=True, stdout=subprocess.DEVNULL)
    server = Server(build, data)
    print(f"{observations:,} observations; idle server: {server.memory_mb('VmRSS'):.0f} MB\n")
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    page = server.get(connection, "/api/public/traces?limit=50")
    ids = [trace["id"] for trace in page["data"]]
    metadata = quote(json.dumps([{"type": "stringObject", "column": "metadata", "operator": "=",
                                  "key": "customer", "value": "c7"}]))
    level = quote(json.dumps([{"type": "stringOptions", "column": "level", "operator": "any of",
                               "value": ["ERROR"]}]))
    asked = {
        "a page of 50 traces": lambda i: "/api/public/traces?limit=50",
        "the same, core fields only": lambda i: "/api/public/traces?limit=50&fields=core",
        "one trace": lambda i: f"/api/public/traces/{ids[i % len(ids)]}",
        "a page of 50 observations, v2": lambda i: "/api/public/v2/observations?limit=50",
        "the same by metadata": lambda i: f"/api/public/v2/observations?limit=50&filter={metadata}",
        "the same by level, none found":
            lambda i: f"/api/public/v2/observations?limit=50&filter={level}",
    }
    print("| read | p50 ms | p99 ms |")
    print("|---|---|---|")
    for name, path in asked.items():
        times = []
        for i in range(60):
            began = time.perf_counter()
            server.get(connection, path(i))
            times.append((time.perf_counter() - began) * 1000)
        times = sorted(times[10:])
        print(f"| {name} | {statistics.median(times):.2f} | {times[int(len(times) * 0.99)]:.2f} |",
              flush=True)
    connection.close()
    server.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=Path, default=Path("build/bench"))
    parser.add_argument("--observations", type=int, default=20_000)
    parser.add_argument("--reads", type=int, default=1_000_000)
    options = parser.parse_args()
    build = options.build.resolve()
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as scratch:
        if options.observations:
            measure_writes(build, Path(scratch), options.observations)
            measure_beside(build, Path(scratch))
        if options.reads:
            measure_reads(build, Path(scratch), options.reads)


if __name__ == "__main__":
    main()
