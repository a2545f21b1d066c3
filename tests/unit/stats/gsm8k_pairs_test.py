"""The six comparisons of docs/statistics.md, computed from the published verdicts without assay:
binomial coefficients as whole numbers, and Tango's interval by inverting the score test with the
likelihood maximised numerically."""

import itertools
import json
import math
import os
import pathlib
import statistics
import unittest
from fractions import Fraction

SOURCE = pathlib.Path(__file__).resolve().parents[3]
SHARED = pathlib.Path(os.environ.get("ASSAY_SHARED", SOURCE.parent / "shared"))
DATA = SHARED / "data/gsm8k/example_model_solutions.jsonl"
SYSTEMS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")


def bisect(function, low, high):
    """Where a falling function crosses 0."""
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return (low + high) / 2


def score(b, c, n, difference):
    """The score statistic of a difference of the rates of b and of a."""
    def slope(rate_c):  # of the log-likelihood, with the rate of b's wins at rate_c + difference
        return (b / (rate_c + difference) + c / rate_c
                - 2 * (n - b - c) / (1 - 2 * rate_c - difference))
    rate_c = bisect(slope, max(0, -difference) + 1e-15, (1 - difference) / 2 - 1e-15)
    variance = n * (2 * rate_c + difference - difference ** 2)
    return (b - c - n * difference) / math.sqrt(variance)


def tango(b, c, n):
    z = statistics.NormalDist().inv_cdf(0.975)
    return [bisect(lambda difference: score(b, c, n, difference) - bound, -0.999, 0.999)
            for bound in (z, -z)]


def mcnemar(b, c):
    tail = sum(math.comb(b + c, k) for k in range(min(b, c) + 1))
    return min(Fraction(1), Fraction(2 * tail, 2 ** (b + c)))


def holm(p_values):
    """The smallest level at which Holm's procedure rejects: the largest of the steps before it."""
    ordered = sorted(p_values)
    steps = [min(1, (len(ordered) - i) * p) for i, p in enumerate(ordered)]
    return [max(steps[:ordered.index(p) + 1]) for p in p_values]


@unittest.skipUnless(DATA.exists(), f"needs {DATA.name} in shared/data/gsm8k (set ASSAY_SHARED)")
class Gsm8kPairs(unittest.TestCase):
    def test_the_page_has_the_figures(self):
        rows = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
        verdicts = [[row[system]["is_correct"] for system in SYSTEMS] for row in rows]
        pairs = list(itertools.combinations(range(len(SYSTEMS)), 2))
        counts = [(sum(v[b] and not v[a] for v in verdicts),
                   sum(v[a] and not v[b] for v in verdicts)) for a, b in pairs]
        p_values = [mcnemar(better, worse) for better, worse in counts]
        page = (SOURCE / "docs/statistics.md").read_text(encoding="utf-8").splitlines()
        for (a, b), (better, worse), p, adjusted in zip(pairs, counts, p_values, holm(p_values)):
            low, high = (100 * end for end in tango(better, worse, len(rows)))
            difference = 100 * (better - worse) / len(rows)
            self.assertIn(
                f"| {SYSTEMS[a]} | {SYSTEMS[b]} | {better} | {worse} | {difference:+.3f} "
                f"| {low:+.3f} to {high:+.3f} | {float(p):.3e} | {float(adjusted):.3e} |", page)


if __name__ == "__main__":
    unittest.main()
