"""A scorer for assay's `code` evaluator in five lines: copy this file beside your spec.

    from assay_scorer import run

    def score(item):                # input, output, expected_output, metadata, variant, repetition
        return item["output"].count("[") >= 1, "cites something"

    run(score)

With `run_over_all(score)` the program is a run evaluator: `score` gets all units of a variant, an
iterable of dicts as in items.jsonl with `metadata`, and is called once.

`score` returns a value (a number, a text, True or False), a pair of value and comment, or a dict
from score names, which the spec declares under `scores`, to either. What it raises becomes an
evaluator error of that item. It may print: only verdicts go where assay reads them.
"""

import json
import sys


def scores_of(result):
    named = result if isinstance(result, dict) else {"": result}
    scores = []
    for name, value in named.items():
        value, comment = value if isinstance(value, tuple) else (value, "")
        scores.append({"name": name, "value": value, "comment": comment})
    return scores


def verdict(score, subject):
    try:
        return {"scores": scores_of(score(subject))}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def run(score):
    verdicts, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        item = json.loads(line)
        answer = {"id": item["id"], **verdict(score, item)}
        print(json.dumps(answer), file=verdicts, flush=True)


def run_over_all(score):
    verdicts, sys.stdout = sys.stdout, sys.stderr
    print(json.dumps(verdict(score, map(json.loads, sys.stdin))), file=verdicts)
