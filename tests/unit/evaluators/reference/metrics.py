"""The text metrics once more, in the plainest form, from the formulas of the papers.

Nothing here is fast and nothing follows evaluators/*.cpp: words are compared as texts, n-grams are
lists, shares are fractions, tables are whole tables. The C++ must give the same figures.
"""

import math
import re
import unicodedata
from fractions import Fraction

PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


# Words


def is_word_character(c):
    code = ord(c)
    if 0xFE00 <= code <= 0xFE0F or 0x20D0 <= code <= 0x20FF:
        return False
    return unicodedata.category(c)[0] in "LNM"


def is_unspaced(c):
    name = unicodedata.name(c, "")
    return name.startswith(("CJK UNIFIED", "HIRAGANA", "KATAKANA"))


def words(text):
    spread = ""
    for c in text.lower():
        if not is_word_character(c):
            spread += " "
        else:
            spread += f" {c} " if is_unspaced(c) else c
    return spread.split()


def tokens_13a(text):
    """NormalizeText of mteval-v13a.pl, for Western languages, case kept."""
    text = text.rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, character in (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")):
        text = text.replace(entity, character)
    text = f" {text} "
    text = re.sub(r"([{-~[-` -&(-+:-@/])", r" \1 ", text)
    text = re.sub(r"([^0-9])([.,])", r"\1 \2 ", text)
    text = re.sub(r"([.,])([^0-9])", r" \1 \2", text)
    text = re.sub(r"([0-9])(-)", r"\1 \2 ", text)
    return text.split()


# Porter's stemmer: the word as a pattern of c and v, the longest suffix of a step decides.

IRREGULAR = {
    "sky": "sky skies", "die": "dying", "lie": "lying", "tie": "tying", "news": "news",
    "inning": "inning innings", "outing": "outing outings", "canning": "canning cannings",
    "howe": "howe", "proceed": "proceed", "exceed": "exceed", "succeed": "succeed",
}
STEP_2 = dict(
    pair.split(":") for pair in
    "ational:ate tional:tion enci:ence anci:ance izer:ize bli:ble entli:ent eli:e ousli:ous "
    "ization:ize ation:ate ator:ate alism:al iveness:ive fulness:ful ousness:ous aliti:al "
    "iviti:ive biliti:ble fulli:ful".split())
STEP_3 = dict(pair.split(":") for pair in
              "icate:ic ative: alize:al iciti:ic ical:ic ful: ness:".split())
STEP_4 = ("al ance ence er ic able ible ant ement ment ent sion tion ou ism ate iti ous ive "
          "ize").split()


def pattern(word):
    kinds = ""
    for c in word:
        if c == "y":
            kinds += "v" if kinds.endswith("c") else "c"
        else:
            kinds += "v" if c in "aeiou" else "c"
    return kinds


def m(word):
    return len(re.findall("v+c", pattern(word)))


def is_short(word):
    kinds = pattern(word)
    return kinds == "vc" or (kinds.endswith("cvc") and word[-1] not in "wxy")


def longest(word, suffixes):
    found = [suffix for suffix in suffixes if word.endswith(suffix)]
    return max(found, key=len) if found else None


def after_ed_and_ing(word):
    if re.search("(at|bl|iz)$", word):
        return word + "e"
    if re.search(r"(.)\1$", word) and pattern(word)[-1] == "c":
        return word if word[-1] in "lsz" else word[:-1]
    return word + "e" if m(word) == 1 and is_short(word) else word


def stem(word):
    for irregular, forms in IRREGULAR.items():
        if word in forms.split():
            return irregular
    if len(word) <= 2 or not word.isascii():
        return word
    # 1a
    if re.fullmatch(".ies", word):
        word = word[:-1]
    elif re.search("(ss|i)es$", word):
        word = word[:-2]
    elif re.search("[^s]s$|^s$", word):
        word = word[:-1]
    # 1b
    if word.endswith("ied"):
        word = word[:-1] if len(word) == 4 else word[:-2]
    elif word.endswith("eed"):
        word = word[:-1] if m(word[:-3]) > 0 else word
    else:
        cut = re.sub("(ed|ing)$", "", word)
        if cut != word and "v" in pattern(cut):
            word = after_ed_and_ing(cut)
    # 1c
    if len(word) > 2 and word[-1] == "y" and pattern(word)[-2] == "c":
        word = word[:-1] + "i"
    # 2
    if word.endswith("alli") and m(word[:-4]) > 0:
        word = word[:-2]
    if word.endswith("logi"):
        word = word[:-1] if m(word[:-3]) > 0 else word
    else:
        suffix = longest(word, STEP_2) if not word.endswith("alli") else None
        if suffix and m(word[:-len(suffix)]) > 0:
            word = word[:-len(suffix)] + STEP_2[suffix]
    # 3
    suffix = longest(word, STEP_3)
    if suffix and m(word[:-len(suffix)]) > 0:
        word = word[:-len(suffix)] + STEP_3[suffix]
    # 4
    suffix = longest(word, STEP_4)
    if suffix in ("sion", "tion"):
        suffix = "ion"
    if suffix and m(word[:-len(suffix)]) > 1:
        word = word[:-len(suffix)]
    # 5
    if word.endswith("e") and (m(word[:-1]) > 1 or (m(word[:-1]) == 1 and not is_short(word[:-1]))):
        word = word[:-1]
    if word.endswith("ll") and m(word[:-1]) > 1:
        word = word[:-1]
    return word


# Shares


def ngrams(sequence, n):
    return [tuple(sequence[i:i + n]) for i in range(len(sequence) - n + 1)]


def common(a, b):
    """The size of the intersection of two bags."""
    left = list(b)
    size = 0
    for element in a:
        if element in left:
            left.remove(element)
            size += 1
    return size


def share(part, whole):
    return Fraction(part, whole) if whole else Fraction(0)


def f_measure(precision, recall, beta=1):
    weight = Fraction(beta) ** 2
    below = weight * precision + recall
    return (1 + weight) * precision * recall / below if below else Fraction(0)


# The metrics: (output, references, parameters) -> score


def rouge(counts, parameters):
    shared, in_output, in_reference = counts
    precision, recall = share(shared, in_output), share(shared, in_reference)
    return {"f1": f_measure(precision, recall), "precision": precision,
            "recall": recall}[parameters.get("measure", "f1")]


def rouge_words(text, parameters):
    found = words(text)
    if parameters.get("stem", False):
        found = [stem(word) if len(word) > 3 else word for word in found]
    return found


def rouge_n(output, references, parameters):
    n = parameters.get("n", 1)
    a = ngrams(rouge_words(output, parameters), n)
    bags = [ngrams(rouge_words(reference, parameters), n) for reference in references]
    return max(rouge((common(a, b), len(a), len(b)), parameters) for b in bags)


def longest_common_subsequence(a, b):
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i + 1][j + 1] = (table[i][j] + 1 if x == y else
                                   max(table[i][j + 1], table[i + 1][j]))
    return table[-1][-1]


def rouge_l(output, references, parameters):
    a = rouge_words(output, parameters)
    texts = [rouge_words(reference, parameters) for reference in references]
    return max(rouge((longest_common_subsequence(a, b), len(a), len(b)), parameters)
               for b in texts)


def folded(text, parameters):
    return text.lower() if parameters.get("ignore_case", False) else text


def bleu(output, references, parameters):
    a = tokens_13a(folded(output, parameters))
    texts = [tokens_13a(folded(reference, parameters)) for reference in references]
    smoothing = parameters.get("smoothing", "exp")
    precisions = []
    zeros = 0
    for n in range(1, parameters.get("n", 4) + 1):
        grams = ngrams(a, n)
        right = sum(min(grams.count(gram), max(ngrams(b, n).count(gram) for b in texts))
                    for gram in set(grams))
        total = len(grams)
        if n == 1 and right == 0:
            return 0.0
        if smoothing == "add_k" and n > 1:
            right, total = right + 1, total + 1
        if total == 0:
            break
        precision = Fraction(right, total)
        if right == 0 and smoothing == "exp":
            zeros += 1
            precision = Fraction(1, 2 ** zeros * total)
        if right == 0 and smoothing == "floor":
            precision = Fraction(1, 10 * total)
        precisions.append(precision)
    nearest = min((len(b) for b in texts), key=lambda size: (abs(size - len(a)), size))
    brevity = min(1.0, math.exp(1 - nearest / len(a)))
    return brevity * float(math.prod(precisions)) ** (1 / len(precisions))


def chrf_words(text):
    found = []
    for word in text.split():
        if len(word) > 1 and word[-1] in PUNCTUATION:
            found += [word[:-1], word[-1]]
        elif len(word) > 1 and word[0] in PUNCTUATION:
            found += [word[0], word[1:]]
        else:
            found.append(word)
    return found


def chrf(output, references, parameters):
    scores = []
    for reference in references:
        pairs = []
        a, b = folded(output, parameters), folded(reference, parameters)
        for n in range(1, parameters.get("character_order", 6) + 1):
            pairs.append((ngrams("".join(a.split()), n), ngrams("".join(b.split()), n)))
        for n in range(1, parameters.get("word_order", 0) + 1):
            pairs.append((ngrams(chrf_words(a), n), ngrams(chrf_words(b), n)))
        pairs = [(x, y) for x, y in pairs if x and y]
        precisions = [Fraction(common(x, y), len(x)) for x, y in pairs]
        recalls = [Fraction(common(x, y), len(y)) for x, y in pairs]
        scores.append(f_measure(share(sum(precisions), len(pairs)), share(sum(recalls), len(pairs)),
                                parameters.get("beta", 2)))
    return max(scores)


def align(a, b, taken_a, taken_b):
    pairs = []
    for i in reversed(range(len(a))):
        free = [j for j in range(len(b)) if j not in taken_b and b[j] == a[i]]
        if i not in taken_a and free:
            pairs.append((i, free[-1]))
            taken_a.add(i)
            taken_b.add(free[-1])
    return pairs


def meteor(output, references, parameters):
    scores = []
    for reference in references:
        a, b = tokens_13a(output.lower()), tokens_13a(reference.lower())
        taken_a, taken_b = set(), set()
        pairs = align(a, b, taken_a, taken_b)
        if parameters.get("stem", True):
            pairs += align([stem(x) for x in a], [stem(x) for x in b], taken_a, taken_b)
        if not pairs:
            scores.append(Fraction(0))
            continue
        starts = [pair for pair in pairs if (pair[0] - 1, pair[1] - 1) not in pairs]
        precision, recall = Fraction(len(pairs), len(a)), Fraction(len(pairs), len(b))
        mean = 10 * precision * recall / (recall + 9 * precision)
        scores.append(mean * (1 - Fraction(1, 2) * Fraction(len(starts), len(pairs)) ** 3))
    return max(scores)


def gleu(output, references, parameters):
    scores = []
    for reference in references:
        a, b = ([gram for n in range(1, 5) for gram in ngrams(tokens_13a(folded(x, parameters)), n)]
                for x in (output, reference))
        shared = common(a, b)
        scores.append(min(share(shared, len(a)), share(shared, len(b))))
    return max(scores)


def squad_tokens(text):
    text = "".join(c for c in text.lower() if c not in PUNCTUATION)
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def token_f1(output, references, _parameters):
    a = squad_tokens(output)
    bags = [squad_tokens(reference) for reference in references]
    return max(Fraction(1) if not a and not b else
               f_measure(share(common(a, b), len(a)), share(common(a, b), len(b))) for b in bags)


def jaro(a, b):
    if a == b:
        return Fraction(1)
    reach = max(0, max(len(a), len(b)) // 2 - 1)
    taken = []
    matched = []
    for i, c in enumerate(a):
        near = [j for j in range(len(b)) if abs(i - j) <= reach and b[j] == c and j not in taken]
        if near:
            taken.append(near[0])
            matched.append(c)
    if not matched:
        return Fraction(0)
    order = [b[j] for j in sorted(taken)]
    transpositions = sum(x != y for x, y in zip(matched, order)) // 2
    size = len(matched)
    return (Fraction(size, len(a)) + Fraction(size, len(b)) +
            Fraction(size - transpositions, size)) / 3


def jaro_winkler(output, references, parameters):
    scores = []
    for reference in references:
        a, b = folded(reference, parameters), folded(output, parameters)
        prefix = 0
        while prefix < min(4, len(a), len(b)) and a[prefix] == b[prefix]:
            prefix += 1
        similarity = jaro(a, b)
        scores.append(similarity + Fraction(prefix, 10) * (1 - similarity))
    return max(scores)


METRICS = {function.__name__: function for function in
           (bleu, chrf, gleu, jaro_winkler, meteor, rouge_l, rouge_n, token_f1)}
