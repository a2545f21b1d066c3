#!/usr/bin/env python3
"""Measures `assay run` against a model on loopback and prints tables; asserts nothing.

    cmake --preset bench && cmake --build --preset bench
    python3 tests/bench/engine_bench.py [--build build/bench] [--repeats 5] [--quick]

One run measures all: what the stub of the model can give, what a bare libcurl loop gets out of it,
and what the program does with it, every unit stored with its trace and scores. They take turns, so
that a machine with other work to do leaves their ratios comparable; figures are medians, and the
best where other work would hide what is possible. Memory is the largest resident set that the
kernel saw.
"""

import argparse
import operator
import os
import platform
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

PROMPTFOO_UNIT_S = 0.007  # measured on such a machine: `promptfoo eval`, the same kind of stub
ROOT = Path(__file__).resolve().parents[2]

SPEC = """experiment: engine
providers:
  stub:
    {{type: openai-compatible, base_url: "http://127.0.0.1:{port}/v1",
      price: {{input: 1, output: 2}}}}
dataset: rows-{count}.jsonl
task:
  provider: stub:tiny
  prompt: "What is the answer to question number {{{{number}}}}, please?"
  parameters: {{temperature: 0}}
evaluators: [exact_match]
gates: ["exact_match >= 0.5"]
execution: {{concurrency: {concurrency}}}
"""


class Figures:
    """Of one process: wall and processor seconds, peak resident MB, and what it wrote."""

    def __init__(self, wall, usage, out, err):
        self.wall = wall
        self.cpu = usage.ru_utime + usage.ru_stime
        self.memory_mb = usage.ru_maxrss / 1024
        self.out = out
        self.err = err


def measure(command, folder, extra_environment=None):
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began = time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], cwd=folder, stdout=out,
                                   stderr=err, env={**os.environ, **(extra_environment or {})})
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        figures = Figures(wall, usage, out.read(), err.read())
    if process.returncode != 0:
        raise SystemExit(f"{Path(command[0]).name} ended with exit code {process.returncode}\n"
                         f"{figures.err}")
    return figures


class Stub:
    """The model, while the block runs."""

    def __init__(self, build, latency_ms=0):
        self.command = [str(build / "tests/bench/model_stub"), str(latency_ms)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        self.port = self.process.stdout.readline().strip()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Bench:
    def __init__(self, arguments, folder):
        self.build = arguments.build.resolve()
        self.program = self.build / "runner/cli/assay"
        self.repeats = arguments.repeats
        self.folder = folder

    def loop(self, command, stub, requests, connections):
        """Requests a second of one of the loops, and what its process used."""
        program, *words = command
        figures = measure([self.build / "tests/bench" / program, *words, stub.port, requests,
                           connections], self.folder)
        return requests / float(figures.out), figures

    def assay(self, stub, count, concurrency, extra_environment=None):
        """One whole run over `count` items into a new store."""
        rows = self.folder / f"rows-{count}.jsonl"
        if not rows.exists():
            write_rows(rows, count)
        spec = SPEC.format(port=stub.port, count=count, concurrency=concurrency)
        (self.folder / "spec.yaml").write_text(spec, encoding="utf-8")
        shutil.rmtree(self.folder / ".assay", ignore_errors=True)
        return measure([self.program, "run", "spec.yaml", "--quiet"], self.folder,
                       extra_environment)

    def store_mb(self):
        files = (self.folder / ".assay").rglob("*")
        return sum(path.stat().st_size for path in files if path.is_file()) / 2**20


def write_rows(path, count):
    """The stub answers with the prompt: right for nine rows of ten."""
    with open(path, "w", encoding="utf-8") as stream:
        for i in range(count):
            prompt = f"What is the answer to question number {i}, please?"
            expected = "something else" if i % 10 == 9 else prompt
            stream.write(f'{{"input": {{"number": {i}}}, "expected_output": "{expected}"}}\n')


def bench_rates(bench, count, concurrency=64):
    """Each row is the one above it and more: what it costs is the difference."""
    loops = {"stub, plain sockets": ["raw_loop"], "bare libcurl loop, JSON": ["curl_loop"],
             "our transport": ["provider_loop", "transport"],
             "our provider, JSON": ["provider_loop", "provider"]}
    name_of_run = "assay, all stored"
    rates = {name: [] for name in (*loops, name_of_run)}
    cpus = {name: [] for name in rates}
    with Stub(bench.build) as stub:
        for _ in range(bench.repeats):
            for name, command in loops.items():
                requests = count * (10 if name.startswith("stub") else 3)
                rate, figures = bench.loop(command, stub, requests, concurrency)
                rates[name].append(rate)
                cpus[name].append(figures.cpu / requests)
            run = bench.assay(stub, count, concurrency)
            rates[name_of_run].append(count / run.wall)
            cpus[name_of_run].append(run.cpu / count)
    print(f"{count} units, concurrency {concurrency}, median of {bench.repeats} turns")
    print(f"{'':26}{'a second':>10}{'at best':>10}{'cpu us each':>13}")
    for name in rates:
        print(f"{name:26}{statistics.median(rates[name]):>10.0f}{max(rates[name]):>10.0f}"
              f"{statistics.median(cpus[name]) * 1e6:>13.1f}")
    units, requests = rates[name_of_run], rates["bare libcurl loop, JSON"]
    ratio = statistics.median(map(operator.truediv, units, requests))
    print(f"of the bare libcurl loop: {ratio:.1%}, best of both {max(units) / max(requests):.1%} "
          "(target 25%); of promptfoo's rate at 7 ms a unit: "
          f"{PROMPTFOO_UNIT_S * statistics.median(units):.0f} x (target 50 x)")


def bench_latency(bench, count, latency_ms=50, concurrency=256, flush_ms=20):
    ideal = count * latency_ms / 1000 / concurrency
    print(f"\n{count} units, a model of {latency_ms} ms, concurrency {concurrency}: "
          f"at least {ideal:.2f} s")
    slow_disk = {"LD_PRELOAD": str(bench.build / "tests/bench/libslow_disk.so"),
                 "ASSAY_BENCH_FLUSH_MS": str(flush_ms)}
    with Stub(bench.build, latency_ms) as stub:
        pairs = [(bench.assay(stub, count, concurrency), bench.assay(stub, count, concurrency,
                                                                     slow_disk))
                 for _ in range(bench.repeats)]
    plain = statistics.median(run.wall for run, _ in pairs)
    slow = statistics.median(run.wall for _, run in pairs)
    flushes = int(re.search(r"flushes (\d+)", pairs[0][1].err).group(1))
    best = min(run.wall for run, _ in pairs)
    print(f"  as it is: {plain / ideal:.3f} x that, at best {best / ideal:.3f} x (target 1.10)")
    print(f"  {flush_ms} ms more a flush: {slow / ideal:.3f} x that; {flushes} flushes, "
          f"{flushes * flush_ms / 1000:.1f} s, made it {slow - plain:.2f} s longer")


def bench_sizes(bench, counts, concurrency=64):
    columns = ("wall s", "cpu s", "units/s", "cpu us each", "peak MB", "store MB")
    print(f"\n{'units':>9}" + "".join(f"{name:>13}" for name in columns))
    with Stub(bench.build) as stub:
        for count in counts:
            runs = [bench.assay(stub, count, concurrency)
                    for _ in range(bench.repeats if count <= 10_000 else 2)]
            wall = statistics.median(run.wall for run in runs)
            cpu = statistics.median(run.cpu for run in runs)
            memory = max(run.memory_mb for run in runs)
            print(f"{count:>9}{wall:>13.2f}{cpu:>13.2f}{count / wall:>13.0f}"
                  f"{cpu / count * 1e6:>13.1f}{memory:>13.0f}{bench.store_mb():>13.0f}", flush=True)


def bench_one_item(bench, repeats=20):
    with Stub(bench.build) as stub:
        bench.assay(stub, 1, 64)
        runs = [bench.assay(stub, 1, 64) for _ in range(repeats)]
    walls = [run.wall * 1000 for run in runs]
    cpu = statistics.median(run.cpu * 1000 for run in runs)
    print(f"\none item from start to exit, {repeats} runs: "
          f"median {statistics.median(walls):.1f} ms, min {min(walls):.1f} ms, "
          f"max {max(walls):.1f} ms, of the processor {cpu:.1f} ms (target 50 ms)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=ROOT / "build/bench", type=Path)
    parser.add_argument("--repeats", default=5, type=int)
    parser.add_argument("--quick", action="store_true", help="leave out 100,000 units")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="assay-bench-"))
    try:
        bench = Bench(arguments, folder)
        print(f"{platform.machine()}, {os.cpu_count()} processors, "
              f"load {os.getloadavg()[0]:.1f} at the start\n")
        bench_rates(bench, 10_000)
        bench_latency(bench, 20_000)
        bench_sizes(bench, (1_000, 10_000) if arguments.quick else (1_000, 10_000, 100_000))
        bench_one_item(bench)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
