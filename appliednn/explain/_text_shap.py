"""SHAP for texts: Owen values of words along a tree of neighbouring words."""

from __future__ import annotations

import re

import numpy as np

from appliednn.core._random import guarded_random_state
from appliednn.explain._shap import import_shap
from appliednn.explain._text_pool import TextExplanation, TextPool, ends_of


def shap_words(
    pool: TextPool,
    rows: np.ndarray,
    target: np.ndarray,
    *,
    seed: int = 0,
    max_evals: int = 200,
) -> TextExplanation:
    """Return SHAP values of the words of texts, by shap's partition explainer.

    Words next to each other are split off a balanced tree, so that few texts need to be scored;
    the values of a text add up to its score less that of the text without a word.

    Source: S. Lundberg and S.-I. Lee, NeurIPS 2017; G. Owen, Management Science 18 (1972) 64-79.

    Parameters
    ----------
    pool : TextPool
        Texts and scores.
    rows : int ndarray of shape (n,)
        Texts to explain, each with a word at least.
    target : int ndarray of shape (n,)
        Column of the scores to explain, for each text.
    seed : int
        Not used: the same tree is walked each time.
    max_evals : int
        Mutilated texts scored for each text, at most; longer texts get values by groups of words.

    Returns
    -------
    TextExplanation
    """
    shap = import_shap()
    rows, target = np.asarray(rows), np.asarray(target)
    values = []
    masker = shap.maskers.Text(_stand_ins, mask_token="_", collapse_mask_token=True)
    for row, k in zip(rows, target, strict=True):
        n_words = len(pool.words(row))

        def score(names, row=int(row), k=int(k), n_words=n_words) -> np.ndarray:
            # shap hands over arrays of strings; what scores texts takes a list of str.
            keep = np.zeros((len(names), n_words), dtype=bool)
            for mask, name in zip(keep, names, strict=True):
                mask[[int(j) for j in re.findall(r"w(\d+)", str(name))]] = True
            return pool.target_scores(pool.left(row, keep), k)

        if n_words == 1:
            both = pool.target_scores(pool.left(int(row), np.array([[True], [False]])), int(k))
            values.append(both[:1] - both[1:])
            continue
        with guarded_random_state(seed):
            explainer = shap.explainers.Partition(score, masker)
            text = " ".join(f"w{j}" for j in range(n_words))
            made = explainer([text], max_evals=max_evals, batch_size=64, silent=True)
        values.append(np.asarray(made.values[0], dtype=np.float64).reshape(-1))
    whole, empty = ends_of(pool, rows, target)
    return TextExplanation(
        "SHAP", f"partition explainer, at most {max_evals} mutilated texts each",
        [pool.words(r) for r in rows], values, whole, empty, target, pool.unit, adds_up=True,
    )  # fmt: skip


def _stand_ins(text: str, return_offsets_mapping: bool = False) -> dict:
    """Split a text at its blanks, in the form that shap's masker asks of a tokenizer."""
    spans = [match.span() for match in re.finditer(r"\S+\s*", text)]
    return {
        "input_ids": [text[a:b].strip() for a, b in spans],
        "offset_mapping": spans,
    }
