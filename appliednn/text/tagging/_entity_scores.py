"""Precision, recall and F1 of entities, as the shared tasks count them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from appliednn.text._input import as_token_lists
from appliednn.text.tagging._schemes import Mode, check_scheme, entities_of


def entity_scores(
    y_true, y_pred, *, scheme: str = "IOB2", mode: Mode = "conlleval"
) -> dict[str, Any]:
    """Return precision, recall and F1 of entities: all together and for each type.

    An entity counts as found if its first token, its last token and its type are right.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences of str
        Tags of each sentence, equally many.
    scheme, mode : str
        How tags are read: :func:`entities_of`. Mode ``"conlleval"`` gives the numbers of the
        CoNLL shared tasks' script.

    Returns
    -------
    dict
        ``precision``, ``recall``, ``f1`` of all entities (micro averages); ``macro_precision``,
        ``macro_recall``, ``macro_f1``, means over types; ``support``, true entities;
        ``accuracy``, share of tokens with the right tag; ``types``, a dict from each type to its
        ``precision``, ``recall``, ``f1``, ``support`` and ``predicted``. What has no
        denominator is 0.

    Raises
    ------
    ValueError
        If sentences differ in number or length.

    Examples
    --------
    >>> true = [["B-PER", "I-PER", "O", "B-LOC"]]
    >>> scores = entity_scores(true, [["B-PER", "I-PER", "O", "O"]])
    >>> scores["precision"], scores["recall"], round(scores["f1"], 3)
    (1.0, 0.5, 0.667)
    """
    check_scheme(scheme)
    if mode not in ("conlleval", "strict"):
        raise ValueError(f"mode={mode!r} was given; expected 'conlleval' or 'strict'")
    true, pred = check_pairs(y_true, y_pred, "y_true", "y_pred")
    right, found, support = Counter(), Counter(), Counter()
    for t, p in zip(true, pred, strict=True):
        t, p = set(entities_of(t, scheme, mode)), set(entities_of(p, scheme, mode))
        support.update(kind for *_, kind in t)
        found.update(kind for *_, kind in p)
        right.update(kind for *_, kind in t & p)
    kinds = sorted({*support, *found})
    types = {kind: _scores(right[kind], found[kind], support[kind]) for kind in kinds}
    every = _scores(right.total(), found.total(), support.total())
    means = {
        f"macro_{name}": sum(of[name] for of in types.values()) / max(1, len(types))
        for name in ("precision", "recall", "f1")
    }
    return {**every, **means, "accuracy": token_accuracy(true, pred), "types": types}


def token_accuracy(true: list[list[str]], pred: list[list[str]]) -> float:
    """Return the share of tokens with the right tag; 0 where there is no token."""
    pairs = [a == b for t, p in zip(true, pred, strict=True) for a, b in zip(t, p, strict=True)]
    return sum(pairs) / max(1, len(pairs))


def check_pairs(a, b, first: str, second: str) -> tuple[list[list[str]], list[list[str]]]:
    """Return two containers of sentences as lists, of equal lengths, or raise ValueError."""
    a, b = as_token_lists(a, first), as_token_lists(b, second)
    if len(a) != len(b):
        raise ValueError(
            f"{first} has {len(a)} sentences and {second} has {len(b)}; expected equally many"
        )
    for row, (s, t) in enumerate(zip(a, b, strict=True)):
        if len(s) != len(t):
            raise ValueError(
                f"{first}[{row}] has {len(s)} entries and {second}[{row}] has {len(t)}; expected "
                "one tag for each token"
            )
    return a, b


def _scores(right: int, found: int, support: int) -> dict[str, float]:
    both = found + support
    return {
        "precision": right / found if found else 0.0,
        "recall": right / support if support else 0.0,
        "f1": 2.0 * right / both if both else 0.0,
        "support": support,
        "predicted": found,
    }
