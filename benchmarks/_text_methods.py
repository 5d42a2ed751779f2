"""The methods of ``text.py``: our classifiers with their defaults, and the peers.

All have ``fit(texts, labels)`` and ``predict(texts)``. The networks of PyTorch run through skorch
on one thread; their vocabulary is ours to make, so that both libraries read the same words.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from _options import chosen_of
from _runner import import_all


@dataclass(frozen=True)
class Method:
    """How to make a classifier from a seed, whose it is, and what to import."""

    make: Callable[[int], object]
    ours: bool
    modules: tuple[str, ...]

    def prepare(self) -> None:
        """Import what a fit needs; raise NotInThisVersion for what is not there."""
        import_all(self.modules)


def _ours(architecture: str, **options) -> Method:
    def make(seed: int):
        from appliednn import TextClassifier

        return TextClassifier(architecture, random_state=seed, **options)

    return Method(make, True, ("tensorflow", "keras", "appliednn.text"))


def _tfidf_svc(seed: int):
    """Return TF-IDF rows of words (1-2) and characters (2-5) with a linear machine."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    rows = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    )
    return make_pipeline(rows, LinearSVC(random_state=seed))


class FastText:
    """fastText's classifier: word 1-2-grams, characters 2-5, 25 passes."""

    def __init__(self, seed: int):
        self.seed = seed

    def fit(self, texts, labels):
        import fasttext

        self.classes = sorted(set(labels))
        number = {label: i for i, label in enumerate(self.classes)}
        with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as file:
            for text, label in zip(texts, labels, strict=True):
                file.write(f"__label__{number[label]} {_line(text)}\n")
        self.model = fasttext.train_supervised(
            file.name, wordNgrams=2, minn=2, maxn=5, epoch=25, lr=0.5, thread=1, verbose=0,
            seed=self.seed,
        )  # fmt: skip
        os.unlink(file.name)
        return self

    def predict(self, texts):
        # the wrapper's own predict asks NumPy for what NumPy 2 refuses
        found = [self.model.f.predict(_line(text) + "\n", 1, 0.0, "strict") for text in texts]
        default = "__label__0"
        return np.array([self.classes[int((f[0][1] if f else default)[9:])] for f in found])


def _line(text: str) -> str:
    return " ".join(text.lower().split())


class Torch:
    """A network of PyTorch in skorch: an embedding bag or a bidirectional LSTM."""

    def __init__(self, body: str, seed: int, max_words: int = 20_000, max_length: int = 128):
        self.body, self.seed, self.max_words, self.max_length = body, seed, max_words, max_length

    def fit(self, texts, labels):
        import torch
        from skorch import NeuralNetClassifier
        from skorch.callbacks import EarlyStopping

        torch.set_num_threads(1)
        torch.manual_seed(self.seed)
        counts = Counter(word for text in texts for word in self._words(text))
        ranked = [word for word, _ in counts.most_common(self.max_words)]
        self.numbers = {word: i for i, word in enumerate(ranked, 2)}
        self.classes, y = np.unique(labels, return_inverse=True)
        self.model = NeuralNetClassifier(
            _torch_module(self.body),
            module__n_words=len(self.numbers) + 2,
            module__n_classes=len(self.classes),
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            lr=1e-3,
            batch_size=64,
            max_epochs=20,
            iterator_train__shuffle=True,
            callbacks=[EarlyStopping(patience=3, load_best=True)],
            verbose=0,
        )
        self.model.fit(self._rows(texts), y.astype(np.int64))
        return self

    def predict(self, texts):
        return self.classes[self.model.predict(self._rows(texts))]

    @staticmethod
    def _words(text: str) -> list[str]:
        from appliednn.text._words import words

        return words(text.lower())

    def _rows(self, texts) -> np.ndarray:
        lists = [[self.numbers.get(w, 1) for w in self._words(t)] for t in texts]
        width = max(1, min(self.max_length, max(map(len, lists))))
        out = np.zeros((len(lists), width), dtype=np.int64)
        for row, numbers in zip(out, lists, strict=True):
            row[: min(width, len(numbers))] = numbers[:width]
        return out


def _torch_module(body: str):
    import torch
    from torch import nn

    class Bag(nn.Module):
        def __init__(self, n_words, n_classes):
            super().__init__()
            self.rows = nn.EmbeddingBag(n_words, 64, mode="mean", padding_idx=0)
            self.out = nn.Linear(64, n_classes)

        def forward(self, X):
            return self.out(self.rows(X))

    class Recurrent(nn.Module):
        def __init__(self, n_words, n_classes):
            super().__init__()
            self.rows = nn.Embedding(n_words, 64, padding_idx=0)
            self.lstm = nn.LSTM(64, 64, batch_first=True, bidirectional=True)
            self.drop = nn.Dropout(0.5)
            self.out = nn.Linear(128, n_classes)

        def forward(self, X):
            z, _ = self.lstm(self.rows(X))
            low = torch.where((X > 0)[..., None], z, torch.full_like(z, -1e9))
            return self.out(self.drop(low.max(dim=1).values.clamp(min=-1)))

    return Bag if body == "bag" else Recurrent


def _torch(body: str) -> Method:
    return Method(lambda seed: Torch(body, seed), False, ("torch", "skorch", "appliednn.text"))


METHODS: dict[str, Method] = {
    "TextClassifier": _ours("bag"),
    "TextClassifier, cnn": _ours("cnn"),
    "TextClassifier, lstm": _ours("lstm"),
    "TextClassifier, transformer": _ours("transformer"),
    "TF-IDF + LinearSVC": Method(_tfidf_svc, False, ("sklearn.svm",)),
    "fastText": Method(FastText, False, ("fasttext",)),
    "skorch embedding bag": _torch("bag"),
    "skorch BiLSTM": _torch("lstm"),
}


def chosen_methods(words: list[str]) -> list[str]:
    """Return names of methods for names, "all", "ours" or "peers"."""
    return chosen_of(METHODS, words)
