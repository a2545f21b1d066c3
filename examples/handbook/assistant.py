"""Answers questions from a handbook in two steps: the system under test of this example.

    python3 assistant.py find      the section that shares the most words with the question
    python3 assistant.py answer    its sentence that does

Each line on stdin is a unit as JSON; a step also gets the outputs of the steps that it needs, in
"steps". Each line on stdout is the answer, {"id": ..., "output": ...}.
"""

import json
import re
import sys
from pathlib import Path

HANDBOOK = json.loads((Path(__file__).parent / "handbook.json").read_text(encoding="utf-8"))
COMMON = set("a an and are by can do does for have how i in is it many may my no of the to what "
             "which who".split())


def words_of(text):
    return set(re.findall(r"\w+", text.lower())) - COMMON


def overlap(question, text):
    return len(words_of(question) & words_of(text))


def find(unit):
    question = unit["input"]["question"]
    return max(HANDBOOK, key=lambda name: overlap(question, f"{name} {HANDBOOK[name]}"))


def answer(unit):
    section = HANDBOOK[unit["steps"]["find"]["output"]]
    sentences = re.findall(r"[^.]+\.", section)
    return max(sentences, key=lambda text: overlap(unit["input"]["question"], text)).strip()


STEPS = {"find": find, "answer": answer}


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in STEPS:
        sys.exit(f"usage: assistant.py {'|'.join(STEPS)}")
    step = STEPS[sys.argv[1]]
    for line in sys.stdin:
        unit = json.loads(line)
        print(json.dumps({"id": unit["id"], "output": step(unit)}), flush=True)


if __name__ == "__main__":
    main()
