"""BLEU, with the splitting into words and the smoothing of sacrebleu."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence

from appliednn.text.metrics._references import with_references

_ORDER = 4
# The rules of NIST's mteval-v13a: signs stand alone, but not a point or comma in a number.
_SIGNS = re.compile(r"([ -&(-+:-@/\[-`{-~])")
_AFTER_NO_DIGIT = re.compile(r"([^0-9])([.,])")
_BEFORE_NO_DIGIT = re.compile(r"([.,])([^0-9])")
_DASH = re.compile(r"([0-9])(-)")
_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))


def words_13a(text: str) -> list[str]:
    """Return words and signs as mteval-v13a splits them.

    Examples
    --------
    >>> words_13a("It cost 3.50, she said.")
    ['It', 'cost', '3.50', ',', 'she', 'said', '.']
    """
    text = text.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    if "&" in text:
        for entity, character in _ENTITIES:
            text = text.replace(entity, character)
    text = _SIGNS.sub(r" \1 ", f" {text} ")
    text = _AFTER_NO_DIGIT.sub(r"\1 \2 ", text)
    text = _BEFORE_NO_DIGIT.sub(r" \1 \2", text)
    return _DASH.sub(r"\1 \2 ", text).split()


def _characters(text: str) -> list[str]:
    return " ".join(text).split()


_SPLITTERS: dict[str, Callable[[str], list[str]]] = {
    "13a": words_13a,
    "none": str.split,
    "char": _characters,
}


def corpus_bleu(
    written: Sequence[str],
    references: Sequence[str] | Sequence[Sequence[str]],
    tokenize: str = "13a",
    lowercase: bool = False,
) -> float:
    """Return the BLEU of texts together, from 0 to 100.

    The geometric mean of how many runs of 1 to 4 words of a text are in its references, times a
    penalty for texts that are too short (K. Papineni et al., ACL 2002). An order without a match
    counts as a half, a quarter, ... of one match ("exp" smoothing). Numbers are those of
    sacrebleu (M. Post, WMT 2018).

    Parameters
    ----------
    written : 1-D container of str, n texts
        Texts to judge.
    references : 1-D container of str, or n sequences of str
        One reference for each text, or several.
    tokenize : {"13a", "none", "char"}, default="13a"
        How texts are split: by the rules of mteval-v13a, at white space, or into characters.
    lowercase : bool, default=False
        Whether case does not count.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If there are not as many references as texts, or ``tokenize`` is not known.

    Examples
    --------
    >>> written = ["the cat sat on the mat ."]
    >>> round(corpus_bleu(written, ["the cat sat on a mat ."]), 2)
    48.89
    >>> round(corpus_bleu(written, [["the cat sat on a mat .", "the cat is on the mat ."]]), 2)
    79.53
    """
    pairs = with_references(written, references)
    return _bleu(_counts(pairs, tokenize, lowercase), effective=False)


def sentence_bleu(
    written: str,
    references: str | Sequence[str],
    tokenize: str = "13a",
    lowercase: bool = False,
) -> float:
    """Return the BLEU of one text, by the orders that it is long enough for, from 0 to 100.

    Parameters
    ----------
    written : str
        Text to judge.
    references : str or sequence of str
        Its reference or references.
    tokenize, lowercase : str, bool
        As of :func:`corpus_bleu`.

    Returns
    -------
    float

    Examples
    --------
    >>> round(sentence_bleu("a cat", "a cat"), 2), round(sentence_bleu("a dog", "a cat"), 2)
    (100.0, 50.0)
    """
    own = [references] if isinstance(references, str) else list(references)
    return _bleu(_counts([(written, own)], tokenize, lowercase), effective=True)


def _counts(pairs, tokenize: str, lowercase: bool) -> list[int]:
    """Return lengths of texts and references, then matches and runs of each order."""
    if tokenize not in _SPLITTERS:
        known = sorted(_SPLITTERS)
        raise ValueError(f"tokenize={tokenize!r} was given; expected one of {known}")
    split = _SPLITTERS[tokenize]
    matches, runs, length, reference_length = [0] * _ORDER, [0] * _ORDER, 0, 0
    for text, references in pairs:
        words, *others = (
            split((t.lower() if lowercase else t).rstrip()) for t in (text, *references)
        )
        length += len(words)
        reference_length += min(
            (len(other) for other in others), key=lambda n: (abs(n - len(words)), n)
        )
        most: Counter = Counter()
        for other in others:
            most |= _runs(other)
        own = _runs(words)
        for run, n in own.items():
            matches[len(run) - 1] += min(n, most[run])
            runs[len(run) - 1] += n
    return [length, reference_length, *matches, *runs]


def _runs(words: list[str]) -> Counter:
    out: Counter = Counter()
    for n in range(1, _ORDER + 1):
        out.update(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
    return out


def _bleu(counts: list[int], effective: bool) -> float:
    length, reference_length = counts[:2]
    matches, runs = counts[2 : 2 + _ORDER], counts[2 + _ORDER :]
    if not any(matches):
        return 0.0
    logs, missed = [], 1.0
    for matched, n in zip(matches, runs, strict=True):
        if n == 0:
            break
        if matched == 0:
            missed *= 2.0
            logs.append(math.log(100.0 / (missed * n)))
        else:
            logs.append(math.log(100.0 * matched / n))
    if len(logs) < _ORDER and not effective:
        return 0.0
    penalty = min(0.0, 1.0 - reference_length / length)
    return math.exp(penalty + sum(logs) / len(logs))
