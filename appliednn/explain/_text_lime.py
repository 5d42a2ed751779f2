"""LIME for texts: a line on which words are there, fitted around each text."""

from __future__ import annotations

import numpy as np

from appliednn.explain._text_pool import TextExplanation, TextPool, ends_of


def lime_words(
    pool: TextPool,
    rows: np.ndarray,
    target: np.ndarray,
    *,
    seed: int = 0,
    n_samples: int = 300,
) -> TextExplanation:
    """Return LIME's attributions of the words of texts.

    Words are taken out at random, each place by itself; a ridge regression, weighted by how much
    of the text is left, says what each is worth near the text.

    Source: M. T. Ribeiro, S. Singh and C. Guestrin, KDD 2016.

    Parameters
    ----------
    pool : TextPool
        Texts and scores.
    rows : int ndarray of shape (n,)
        Texts to explain, each with a word at least.
    target : int ndarray of shape (n,)
        Column of the scores to explain, for each text.
    seed : int
        Seed of the samples.
    n_samples : int
        Mutilated texts scored for each text.

    Returns
    -------
    TextExplanation
        With ``local_r2``.
    """
    from lime.lime_text import LimeTextExplainer

    rows, target = np.asarray(rows), np.asarray(target)
    values, fits = [], np.zeros(len(rows))
    for i, (row, k) in enumerate(zip(rows, target, strict=True)):
        words = pool.words(row)
        # The words stand for the text: lime joins and splits at blanks, the pool puts it together.
        stand_ins = " ".join(f"w{j}" for j in range(len(words)))
        explainer = LimeTextExplainer(
            split_expression=r"\s+",
            bow=True,
            feature_selection="none",
            random_state=np.random.RandomState(seed + i),  # noqa: NPY002 (what lime takes)
        )
        near = _Neighbours(pool, int(row), int(k), len(words))
        found = explainer.explain_instance(
            stand_ins, near, labels=(0,), num_features=len(words), num_samples=n_samples
        )
        each = np.zeros(len(words))
        order = [int(name[1:]) for name in found.domain_mapper.indexed_string.inverse_vocab]
        for j, weight in found.local_exp[0]:
            each[order[j]] = weight
        values.append(each)
        score = found.score
        fits[i] = float(score[0] if isinstance(score, dict) else score)
    whole, empty = ends_of(pool, rows, target)
    return TextExplanation(
        "LIME", f"{n_samples} mutilated texts each", [pool.words(r) for r in rows], values,
        whole, empty, target, pool.unit, local_r2=fits,
    )  # fmt: skip


class _Neighbours:
    """Scores of a text of which only the words named are left."""

    def __init__(self, pool: TextPool, row: int, target: int, n_words: int) -> None:
        self.pool, self.row, self.target, self.n_words = pool, row, target, n_words

    def __call__(self, sampled: list[str]) -> np.ndarray:
        """Return the target's score, (m, 1)."""
        keep = np.zeros((len(sampled), self.n_words), dtype=bool)
        for mask, names in zip(keep, sampled, strict=True):
            mask[[int(name[1:]) for name in names.split()]] = True
        return self.pool.target_scores(self.pool.left(self.row, keep), self.target)[:, None]
