#!/usr/bin/env python3
"""Compares METRIC.json and the stemmer with NLTK (Debian: python3-nltk) where it has the metric.

Exit status 77 when NLTK is not installed: ctest takes that for "skipped".
"""

import json
import sys
from pathlib import Path

import generate
import metrics

try:
    from nltk.metrics.distance import jaro_winkler_similarity
    from nltk.stem.porter import PorterStemmer
    from nltk.translate.gleu_score import sentence_gleu
    from nltk.translate.meteor_score import meteor_score
except ImportError:
    print("skipped: NLTK is not installed (Debian: python3-nltk)")
    sys.exit(77)


class NoWordNet:
    @staticmethod
    def synsets(_word):
        return []


class NoStemmer:
    @staticmethod
    def stem(word):
        return word


class AsciiStemmer:
    """NLTK stems "naïves" as well; here only ASCII words are English."""

    porter = PorterStemmer()

    def stem(self, word):
        return self.porter.stem(word) if word.isascii() else word


def meteor(output, references, parameters):
    stemmer = AsciiStemmer() if parameters.get("stem", True) else NoStemmer()
    return meteor_score([metrics.tokens_13a(text.lower()) for text in references],
                        metrics.tokens_13a(output.lower()), stemmer=stemmer, wordnet=NoWordNet())


def gleu(output, references, parameters):
    return sentence_gleu([metrics.tokens_13a(metrics.folded(text, parameters))
                          for text in references],
                         metrics.tokens_13a(metrics.folded(output, parameters)))


def jaro_winkler(output, references, parameters):
    output = metrics.folded(output, parameters)
    references = [metrics.folded(text, parameters) for text in references]
    # NLTK finds no match in texts of one character: its reach is negative there.
    return max(1 if text == output else jaro_winkler_similarity(text, output)
               for text in references)


def main():
    wrong = 0
    for name, function in (("gleu", gleu), ("jaro_winkler", jaro_winkler), ("meteor", meteor)):
        stored = json.loads(Path(__file__).with_name(f"{name}.json").read_text(encoding="ascii"))
        for case in stored:
            expected = case["expected"]
            references = expected if isinstance(expected, list) else [expected]
            score = function(case["output"], references, case["parameters"])
            if abs(score - case["score"]) > 1e-9:
                print(f"{name}: NLTK gives {score} for {json.dumps(case)}")
                wrong += 1
        print(f"{name}: {len(stored)} cases compared")
    compared = set(generate.words())
    for word in compared:
        if PorterStemmer().stem(word) != metrics.stem(word):
            print(f"stem: NLTK gives {PorterStemmer().stem(word)} for {word}, not "
                  f"{metrics.stem(word)}")
            wrong += 1
    print(f"stem: {len(compared)} words compared")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
