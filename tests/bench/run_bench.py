#!/usr/bin/env python3
"""Measures `assay run` as a whole process and prints tables; asserts nothing.

    python3 tests/bench/run_bench.py [--program build/release/runner/cli/assay] [--rows 1000000]
    python3 tests/bench/run_bench.py --scorer [--rows 100000]

With --scorer a Python program in the sandbox judges the rows instead (`code`).
The rows are `recorded` outputs scored by `exact_match`, so what is measured is assay itself:
reading, scoring, storing durably, reporting. Memory is the largest resident set the kernel saw.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

SPEC = """experiment: bench
dataset: rows.jsonl
task: {recorded: $.answer}
evaluators: [exact_match]
gates: ["exact_match >= 0.5"]
"""

SCORER_SPEC = """experiment: bench
dataset: rows.jsonl
task: {recorded: $.answer}
evaluators: [{name: same, type: code, command: [/usr/bin/python3, same.py]}]
gates: ["same >= 0.5"]
"""

SCORER = """from assay_scorer import run
run(lambda item: item["output"] == item["expected_output"])
"""


def write_rows(path, count):
    with open(path, "w", encoding="utf-8") as stream:
        for i in range(count):
            answer = f"answer number {i}"
            output = "something else" if i % 10 == 9 else answer
            stream.write(
                f'{{"input": {{"question": "What is the answer to question number {i}, please?"}}, '
                f'"expected_output": "{answer}", "answer": "{output}"}}\n'
            )


def run_once(program, folder):
    """Wall seconds, processor seconds and peak resident MB of one whole run."""
    shutil.rmtree(folder / ".assay", ignore_errors=True)
    began = time.perf_counter()
    process = subprocess.Popen([program, "run", "spec.yaml", "--quiet"], cwd=folder)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"assay ended with exit code {process.returncode}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def bench_sizes(program, folder, counts):
    columns = ("wall s", "cpu s", "units/s", "peak MB", "store MB")
    print(f"{'rows':>9}" + "".join(f"  {name:>9}" for name in columns))
    for count in counts:
        write_rows(folder / "rows.jsonl", count)
        wall, cpu, memory = run_once(program, folder)
        stored = sum(f.stat().st_size for f in (folder / ".assay").rglob("*") if f.is_file())
        print(
            f"{count:>9}  {wall:>9.2f}  {cpu:>9.2f}  {count / wall:>9.0f}  {memory:>9.0f}  "
            f"{stored / 2**20:>9.0f}",
            flush=True,
        )


def bench_one_item(program, folder, repeats):
    write_rows(folder / "rows.jsonl", 1)
    run_once(program, folder)
    walls = [run_once(program, folder)[0] * 1000 for _ in range(repeats)]
    print(
        f"one item, {repeats} runs: median {statistics.median(walls):.1f} ms, "
        f"min {min(walls):.1f} ms, max {max(walls):.1f} ms"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    root = Path(__file__).resolve().parents[2]
    parser.add_argument("--program", default=root / "build/release/runner/cli/assay", type=Path)
    parser.add_argument("--rows", default=1_000_000, type=int)
    parser.add_argument("--scorer", action="store_true", help="judge with a program in the sandbox")
    arguments = parser.parse_args()
    program = arguments.program.resolve()
    print(f"{platform.machine()}, {os.cpu_count()} processors, {program.name}")
    folder = Path(tempfile.mkdtemp(prefix="assay-bench-"))
    try:
        folder.chmod(0o755)  # the sandbox's user reads it
        spec = SCORER_SPEC if arguments.scorer else SPEC
        (folder / "spec.yaml").write_text(spec, encoding="utf-8")
        (folder / "same.py").write_text(SCORER, encoding="utf-8")
        shutil.copy(root / "examples/scorers/assay_scorer.py", folder)
        bench_one_item(program, folder, 20)
        counts = [n for n in (1_000, 10_000, 100_000, 1_000_000) if n < arguments.rows]
        bench_sizes(program, folder, [*counts, arguments.rows])
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
