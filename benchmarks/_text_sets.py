"""The sets of ``text.py``: public collections of labelled texts, read where they lie.

They are found in the folder ``APPLIEDNN_BENCH_DATA`` names (default ``../shared/data``), under
``text/``. Sets with a test part of their own are split by it (a development part counts as
training); of the others each seed draws another stratified tenth (a fifth of ``sms_spam``).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

SETS = {
    "sms_spam": 0.2,
    "trec_questions": 0.1,
    "mr_sentences": 0.1,
    "sst5": 0.1,
    "tweeteval_emotion": 0.1,
    "movie_review_polarity": 0.1,
}
GROUPS = {"all": list(SETS), "goals": list(SETS)[:4]}


@dataclass
class TextSet:
    """Texts and labels, and the part that is for the test, if the set says so."""

    name: str
    texts: np.ndarray
    labels: np.ndarray
    test: np.ndarray | None

    def split(self, seed: int):
        """Return training texts and labels, test texts and labels."""
        from sklearn.model_selection import train_test_split

        rows = np.arange(len(self.texts))
        if self.test is None:
            train, test = train_test_split(
                rows, test_size=SETS[self.name], random_state=seed, stratify=self.labels
            )
        else:
            train, test = rows[~self.test], rows[self.test]
        return (
            self.texts[train].tolist(),
            self.labels[train],
            self.texts[test].tolist(),
            self.labels[test],
        )


def folder() -> Path:
    """Return where the collections lie."""
    return Path(os.environ.get("APPLIEDNN_BENCH_DATA", "../shared/data")) / "text"


def load(name: str, rows: int | None = None) -> TextSet:
    """Return a set, or the first ``rows`` texts of it, shuffled."""
    frame = pd.read_csv(folder() / f"{name}.csv.gz").sample(frac=1.0, random_state=0)
    frame = frame.iloc[:rows]
    test = None
    if "split" in frame and (frame["split"] == "test").any():
        test = (frame["split"] == "test").to_numpy()
    texts = frame["text"].astype(str).to_numpy(dtype=object)
    return TextSet(name, texts, frame["label"].astype(str).to_numpy(), test)
