#!/usr/bin/env python3
"""Writes METRIC.json beside this file: random cases and the scores that metrics.py gives them; and
stems.json: words and their stems.

    python3 generate.py            writes them anew
    python3 generate.py --check    exit status 1 when a file is not what would be written
"""

import json
import random
import sys
from pathlib import Path

import metrics

CASES = 240
SEED = 20260101

ENGLISH = ("the a an of to in and cat cats dog dogs run runs running ran quickly relational relate "
           "relation conditionally happy happily enjoy enjoyed enjoying flies died dying news sky "
           "agreed plastered hopping hoping controlling generalizations adjustment adoption "
           "geology geologically hopefully city cities military always obeys commands party it is "
           "was not The A Paris London US").split()
OTHER = ("caf\u00e9 cafe\u0301s na\u00efve \u00c9cole stra\u00dfe "
         "\u043c\u043e\u0441\u043a\u0432\u0430 \u041c\u043e\u0441\u043a\u0432\u0430 "
         "\u03b1\u03b2\u03b3 \u65e5\u672c\u8a9e \u4e2d\u6587 \u304b\u306a "
         "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd "
         "\u0928\u092e\u0938\u094d\u0924\u0947 \U0001f600 \u2764\ufe0f "
         "\U0001f469\u200d\U0001f4bb \ud55c\uad6d\uc5b4 x\u00b2 \u201cquoted\u201d "
         "\u2026 \u2014").split()
MARKS = (". , ! ? ; : ' - \" ( ) / 3.14 1,000 10-20 2026 don't well-known U.S. a.b... &amp; &quot; "
         "&amp;lt; <skipped> e-mail, (hi) $5 50% _ x_y").split()


class Source:
    """Random texts. Only random() is used: the other methods change between versions."""

    def __init__(self, name):
        self.random = random.Random(f"{SEED} {name}")

    def below(self, n):
        return int(self.random.random() * n)

    def one(self, choices):
        return choices[self.below(len(choices))]

    def word(self):
        kind = self.below(20)
        return self.one(ENGLISH if kind < 13 else MARKS if kind < 17 else OTHER)

    def space(self):
        return self.one([" "] * 20 + ["", "  ", "\n", "-\n", "\u00a0", "\u3000", "\t"])

    def text(self, words):
        return "".join(word + self.space() for word in words)

    def words(self):
        size = self.one([0, 1, 1, 2, 3, 4, 5, 8, 12, 16, 20])
        few = [self.word() for _ in range(1 + self.below(12))]
        return [self.one(few) if self.below(3) else self.word() for _ in range(size)]

    def near(self, words):
        """The words after a few edits."""
        words = list(words)
        for _ in range(self.below(5)):
            at = self.below(len(words) + 1)
            edit = self.below(4)
            if edit == 0:
                words.insert(at, self.word())
            elif words[at:] and edit == 1:
                del words[at]
            elif words[at:] and edit == 2:
                words[at] = self.word()
            elif words[at:]:
                words[at:] = words[at + 1:] + [words[at].upper() if words[at].isascii() else
                                               words[at]]
        return words

    def name(self):
        letters = self.one(["ab", "MARTHIE", "abcdefgh", "\u043c\u043e\u0441\u043a\u0432\u0430",
                            "e\u0301\U0001f600x"])
        return "".join(self.one(letters) for _ in range(self.below(14)))

    def near_name(self, name):
        letters = list(name)
        for _ in range(self.below(4)):
            at = self.below(len(letters) + 1)
            letters[at:at + self.below(3)] = self.one(["", "a", "M", "\u043c", letters[at:][::-1]])
        return "".join(letters)


def parameters_of(metric, source):
    choices = {
        "bleu": {"n": [1, 2, 3, 4, 4, 4], "smoothing": ["none", "floor", "add_k", "exp"],
                 "ignore_case": [False, True]},
        "chrf": {"character_order": [1, 3, 6, 6], "word_order": [0, 1, 2, 2], "beta": [1, 2, 3],
                 "ignore_case": [False, True]},
        "gleu": {"ignore_case": [False, True]},
        "jaro_winkler": {"ignore_case": [False, True]},
        "meteor": {"stem": [True, True, False]},
        "rouge_l": {"measure": ["f1", "precision", "recall"], "stem": [False, True]},
        "rouge_n": {"n": [1, 1, 2, 3], "measure": ["f1", "precision", "recall"],
                    "stem": [False, True]},
        "token_f1": {},
    }[metric]
    return {key: source.one(values) for key, values in choices.items() if source.below(2)}


def case(metric, source):
    count = source.one([1, 1, 2, 3])
    if metric == "jaro_winkler":
        output = source.name()
        references = [source.near_name(output) if source.below(4) else source.name()
                      for _ in range(count)]
    else:
        words = source.words()
        output = source.text(words)
        references = [source.text(source.near(words) if source.below(5) else source.words())
                      for _ in range(count)]
    parameters = parameters_of(metric, source)
    score = float(metrics.METRICS[metric](output, references, parameters))
    expected = references[0] if count == 1 and source.below(2) else references
    return {"parameters": parameters, "output": output, "expected": expected, "score": score}


def cases(metric):
    source = Source(metric)
    return [case(metric, source) for _ in range(CASES)]


BEGINNINGS = "b c d f g h k l m n p r s t v y st tr gr a e o u i".split()
MIDDLES = "at el iv om uff ess oy ay abl ic ion yl eed ogi izz ".split() + [""]
SUFFIXES = ("s es ed ing ies ied eed y ly li ness ful fully ousness ization izational ational "
            "tional ence ance able ible ment ement ant ent ion sion tion al ality ism ate iti ous "
            "ive ize izer logy logi biliti ically e ll lls er").split()


def words():
    """Words of English shape, with every suffix of the stemmer and chains of them."""
    source = Source("words")
    for suffix in SUFFIXES:
        for beginning in BEGINNINGS:
            yield beginning + suffix
            for middle in MIDDLES:
                yield beginning + middle + suffix
                yield beginning + middle + source.one(MIDDLES) + source.one(SUFFIXES) + suffix


def stems():
    some = sorted(set(words()))[::13] + sorted(metrics.IRREGULAR) + ENGLISH + OTHER
    return {word: metrics.stem(word) for word in some if word == word.lower()}


def is_same(made, stored):
    """The last bits of a power or an exponential may differ from machine to machine."""
    return len(made) == len(stored) and all(
        abs(a["score"] - b["score"]) <= 1e-12 and {**a, "score": 0} == {**b, "score": 0}
        for a, b in zip(made, stored))


def main():
    wrong = []
    for metric in metrics.METRICS:
        file = Path(__file__).with_name(f"{metric}.json")
        made = cases(metric)
        if "--check" not in sys.argv:
            lines = ",\n".join(json.dumps(one) for one in made)
            file.write_text(f"[\n{lines}\n]\n", encoding="ascii")
        elif not is_same(made, json.loads(file.read_text(encoding="ascii"))):
            wrong.append(file.name)
    file = Path(__file__).with_name("stems.json")
    text = json.dumps(stems(), indent=0, sort_keys=True) + "\n"
    if "--check" not in sys.argv:
        file.write_text(text, encoding="ascii")
    elif file.read_text(encoding="ascii") != text:
        wrong.append(file.name)
    if wrong:
        sys.exit(f"not what generate.py makes: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
