"""The methods of ``text_tagging.py``: ours with their defaults, and CRFs on hand-made features.

A method is a function of training sentences, their tags and a seed that returns a function from
sentences to tags. All run on one thread, and none sees a development part.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from _options import chosen_of
from _runner import NotInThisVersion, import_all

Tagger = Callable[[list[list[str]]], list[list[str]]]


@dataclass(frozen=True)
class Method:
    """How to fit a method, whose it is, what it is, and what to import before the clock starts."""

    fit: Callable[[list, list, int], Tagger]
    ours: bool
    what: str
    modules: tuple[str, ...] = ()

    @property
    def seeded(self) -> bool:
        """Whether a seed changes anything."""
        return self.ours

    def prepare(self) -> None:
        """Import what a fit needs; raise NotInThisVersion for what is not there."""
        import_all(self.modules)
        if self.ours:
            our_class()


def our_class() -> type:
    """Return the tagger, or raise NotInThisVersion."""
    import appliednn.text

    try:
        return appliednn.text.TokenTagger
    except AttributeError as missing:
        raise NotInThisVersion("TokenTagger is not in this version of appliednn") from missing


def _ours(what: str, **parameters) -> Method:
    def fit(X, y, seed: int) -> Tagger:
        return our_class()(random_state=seed, **parameters).fit(X, y).predict

    return Method(fit, True, what, ("tensorflow", "keras", "appliednn"))


# -- the peers -----------------------------------------------------------------------------------


def _word(word: str) -> dict[str, str]:
    """Return what a CRF reads of a word."""
    shape = "".join(
        "X" if c.isupper() else "x" if c.islower() else "d" if c.isdigit() else c for c in word
    )
    short = "".join(c for i, c in enumerate(shape) if i == 0 or shape[i - 1] != c)
    low = word.lower()
    return {"w": low, "sh": short, "s3": low[-3:], "s2": low[-2:], "p3": low[:3], "p2": low[:2],
            "raw": word, "t": str(word.istitle()), "u": str(word.isupper()),
            "d": str(word.isdigit())}  # fmt: skip


_NEAR = ("w", "sh", "t", "u")
_PAIRS = (("w", -1, "w", 0), ("w", 0, "w", 1), ("sh", -1, "sh", 0), ("sh", 0, "sh", 1),
          ("w", -1, "w", 1), ("w", -1, "sh", 0), ("sh", 0, "w", 1))  # fmt: skip


def sentence_features(sentence: list[str], pairs: bool) -> list[list[str]]:
    """Return the features of each token: its own and those up to two tokens away."""
    words = [_word(word) for word in sentence]
    edge = dict.fromkeys(words[0], "<edge>") if words else {}
    out = []
    for i in range(len(words)):
        near = {o: words[i + o] if 0 <= i + o < len(words) else edge for o in range(-2, 3)}
        found = ["bias", *(f"{k}={v}" for k, v in near[0].items())]
        for offset in (-2, -1, 1, 2):
            found += [f"{offset}:{k}={near[offset][k]}" for k in _NEAR]
        found += [f"{offset}:s3={near[offset]['s3']}" for offset in (-1, 1)]
        if pairs:
            found += [f"{a}{i}{b}{j}={near[i][a]}|{near[j][b]}" for a, i, b, j in _PAIRS]
        out.append(found)
    return out


def _crf(pairs: bool) -> Callable[[list, list, int], Tagger]:
    """Return CRFsuite's linear-chain CRF: L-BFGS, c1 = c2 = 0.1, 100 iterations."""

    def fit(X, y, seed: int) -> Tagger:
        import pycrfsuite

        trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
        for sentence, tags in zip(X, y, strict=True):
            trainer.append(sentence_features(sentence, pairs), tags)
        trainer.set_params({"c1": 0.1, "c2": 0.1, "max_iterations": 100,
                            "feature.possible_transitions": True})  # fmt: skip
        tagger = pycrfsuite.Tagger()
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "model")
            trainer.train(path)
            tagger.open_inmemory(Path(path).read_bytes())
        return lambda sentences: [tagger.tag(sentence_features(s, pairs)) for s in sentences]

    return fit


def majority(X, y, seed: int) -> Tagger:
    """Each word's most frequent tag."""
    from collections import Counter, defaultdict

    counts: dict[str, Counter] = defaultdict(Counter)
    for sentence, tags in zip(X, y, strict=True):
        for word, tag in zip(sentence, tags, strict=True):
            counts[word][tag] += 1
    best = {word: found.most_common(1)[0][0] for word, found in counts.items()}
    return lambda sentences: [[best.get(word, "O") for word in s] for s in sentences]


METHODS = {
    "bilstm_crf": _ours("TokenTagger: words, characters, features, BiLSTM, CRF"),
    "bilstm": _ours(
        "without a CRF in training, decoded by the scheme's rules", architecture="bilstm"
    ),
    "transformer": _ours("self-attention for the BiLSTM", architecture="transformer"),
    "bilstm_crf_plain": _ours("without hand-made features", features=False),
    "feature_crf": Method(
        _crf(False), False, "CRFsuite on forms, shapes, affixes of +-2 tokens", ("pycrfsuite",)
    ),
    "feature_crf_pairs": Method(
        _crf(True), False, "the same and pairs of neighbouring forms and shapes", ("pycrfsuite",)
    ),
    "majority": Method(majority, False, "each word's most frequent tag"),
}
BASELINES = ("feature_crf", "feature_crf_pairs")


def chosen_methods(words: list[str]) -> list[str]:
    """Return names of methods for names, "all", "ours" or "peers"."""
    return chosen_of(METHODS, words)
