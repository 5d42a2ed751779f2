"""Texts whose words decide, and models of them that fit in milliseconds."""

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

COMMON = "the a to you i it is and for in of on we at this that was with are".split()  # noqa: SIM905
GOOD = "great excellent happy lovely superb enjoy".split()  # noqa: SIM905
BAD = "awful terrible boring dull hideous hate".split()  # noqa: SIM905
RARE = [f"topic{i}" for i in range(60)]


def reviews(n, seed, extra=None):
    """Return texts and labels; ``extra(label, rng)`` gives more words of a text."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(n):
        label = "good" if rng.random() < 0.5 else "bad"
        words = [str(w) for w in rng.choice(COMMON, rng.integers(6, 14))]
        words += [str(w) for w in rng.choice(RARE, 3)]
        words += [str(w) for w in rng.choice(GOOD if label == "good" else BAD, 2)]
        if rng.random() < 0.2:
            words.append(str(rng.choice(BAD if label == "good" else GOOD)))
        words += [] if extra is None else extra(label, rng)
        rng.shuffle(words)
        texts.append(" ".join(words))
        labels.append(label)
    return texts, np.array(labels)


def classifier(texts, y):
    return make_pipeline(TfidfVectorizer(), LogisticRegression(C=10)).fit(texts, y)


def regressor(texts, y):
    return make_pipeline(CountVectorizer(), Ridge()).fit(texts, y)
