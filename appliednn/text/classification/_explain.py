"""What each word of a text adds to an answer, where a network looks, and what would change it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from appliednn.text._input import as_texts
from appliednn.text._normalize import normalize
from appliednn.text._words import word_spans

# Points of the path from nothing to the text (M. Sundararajan et al., ICML 2017).
_STEPS = 16


class TokenAttribution(NamedTuple):
    """Words of a text, normalised, and what each adds.

    Attributes
    ----------
    tokens : list of str
        The words and marks.
    values : ndarray of shape (n_tokens,)
        What each adds to the raw output: a logit, or a standardised number.
    """

    tokens: list[str]
    values: np.ndarray


class TokenExplanations:
    """Explanations by token, for estimators of texts."""

    def token_attributions(self, X, target: Any = None) -> list[TokenAttribution]:
        """Return what each word adds to an output.

        The linear part is taken apart exactly; the network by integrated gradients from an empty
        text (M. Sundararajan et al., ICML 2017), an encoder by leaving out one word at a time. An
        n-gram's share goes to its words in equal parts.

        Parameters
        ----------
        X : 1-D container of str, n texts
            Texts.
        target : label, int or None
            Class, label number or output to explain; default: the strongest output of each text
            (for two classes ``classes_[1]``; for numbers the first).

        Returns
        -------
        list of TokenAttribution
            One for each text.

        Raises
        ------
        ValueError
            For a class that the estimator does not know.

        Examples
        --------
        >>> from appliednn import TextClassifier
        >>> texts = ["good film", "bad film", "a good one", "a bad one", "good", "bad"] * 3
        >>> model = TextClassifier(epochs=2, random_state=0).fit(texts, [1, 0] * 9)
        >>> (found,) = model.token_attributions(["a good film"])
        >>> found.tokens, found.tokens[found.values.argmax()]
        (['a', 'good', 'film'], 'good')
        """
        check_is_fitted(self)
        texts = as_texts(X)
        outputs = self._explained_outputs(texts, target)
        found = [self._attribution(text, int(k)) for text, k in zip(texts, outputs, strict=True)]
        if self._target.kind == "binary" and target is not None and target == self.classes_[0]:
            return [TokenAttribution(one.tokens, -one.values) for one in found]
        return found

    def attention(self, X) -> list[TokenAttribution]:
        """Return how much the network looks at each word: weights that add up to 1.

        For ``"cnn"`` it is the mean activation of the filters, for the others the weights of the
        attention that sums over words.

        Parameters
        ----------
        X : 1-D container of str, n texts
            Texts.

        Returns
        -------
        list of TokenAttribution

        Raises
        ------
        AttributeError
            For ``architecture="bag"``, which looks at all words alike, and for an encoder, which
            reads pieces of words.
        """
        check_is_fitted(self)
        self._need_tokens("attention")
        out = []
        for text in as_texts(X):
            tokens = self.reader_.vocabulary.split(text)
            (ids,) = self.reader_.prepare([text])
            values = np.zeros(len(tokens))
            if len(ids):
                weights = self.network_.call("attention", {"ids": ids[None]})[0].astype(float)
                values[: len(ids)] = weights / max(weights.sum(), 1e-12)
            out.append(TokenAttribution(tokens, values))
        return out

    def replacement_gains(self, X, y, candidates: list[str]) -> list[np.ndarray]:
        """Return by how much the loss would rise if a word were replaced, to first order.

        This is HotFlip (J. Ebrahimi et al., ACL 2018): the gradient with respect to a word's
        embedding times the difference to another word's.

        Parameters
        ----------
        X : 1-D container of str, n texts
            Texts.
        y : array-like of shape (n,)
            Their right labels or numbers.
        candidates : list of str
            Words to put in; unknown ones gain nothing.

        Returns
        -------
        list of ndarray of shape (n_tokens, n_candidates)
            One for each text; words beyond ``max_length`` gain nothing.

        Raises
        ------
        AttributeError
            For ``architecture="bag"``, whose n-grams are no words, and for an encoder.
        """
        check_is_fitted(self)
        self._need_tokens("replacement_gains")
        target = self._target.encode(self._read_target(y))
        numbers = [ids[0] if len(ids) else 1 for ids in self.reader_.vocabulary.encode(candidates)]
        table = self.network_.call("embed", {"ids": np.array([numbers], dtype=np.int32)})[0]
        known = np.array(numbers) > 1
        out = []
        for row, text in enumerate(as_texts(X)):
            (ids,) = self.reader_.prepare([text])
            gains = np.zeros((len(self.reader_.vocabulary.split(text)), len(candidates)))
            if len(ids):
                gradient, embedded = self._loss_gradient(ids, target[row : row + 1])
                change = table[None, :, :] - embedded[:, None, :]
                gains[: len(ids)] = np.einsum("td,tcd->tc", gradient, change) * known
            out.append(gains)
        return out

    # -- inside ---------------------------------------------------------------------------------

    def _need_tokens(self, name: str) -> None:
        if self.architecture in ("bag", "encoder"):
            raise AttributeError(
                f"{name} needs a network that reads words in their order, and architecture="
                f"{self.architecture!r} was fitted; fit 'cnn', 'lstm' or 'transformer', or use "
                "token_attributions"
            )

    def _loss_gradient(self, ids: np.ndarray, target: np.ndarray):
        target = target if target.dtype.kind == "i" else target.astype(np.float32)
        if self._target.kind == "regression":
            target = target.reshape(1, -1)
        embedded = self.network_.call("embed", {"ids": ids[None]})
        batch = {"ids": ids[None], "embedded": embedded, "y": target}
        return self.network_.gradient("embedded_loss", batch, "embedded")[0], embedded[0]

    def _explained_outputs(self, texts: list[str], target) -> np.ndarray:
        """Return the number of the output to explain for each text."""
        n_outputs, classes = self._target.n_outputs, getattr(self, "classes_", None)
        if target is None:
            raw = self._raw(texts) if n_outputs > 1 else np.zeros((len(texts), 1))
            return raw.argmax(axis=1)
        known = np.arange(n_outputs) if classes is None else classes
        found = np.flatnonzero(known == target)
        if len(found) == 0:
            raise ValueError(f"target={target!r} was given; expected one of {known.tolist()}")
        return np.full(len(texts), found[0] if n_outputs > 1 else 0)

    def _attribution(self, text: str, k: int) -> TokenAttribution:
        tokens, values = None, 0.0
        if self.features_ is not None:
            tokens, values = self._ngram_attribution(text, k)
        if self.architecture == "encoder":
            tokens, left_out = self._left_out_attribution(text, k)
            values = values + self.mix_.network * left_out
        elif self.architecture != "bag":
            tokens = self.reader_.vocabulary.split(text)
            values = values + self.mix_.network * self._embedded_attribution(text, k, len(tokens))
        return TokenAttribution(tokens, values)

    def _ngram_attribution(self, text: str, k: int) -> tuple[list[str], np.ndarray]:
        """Return words, and what the linear part and a bag take from each."""
        read, found = self.features_.occurrences(text)
        spans = np.array(word_spans(read)).reshape(-1, 2)
        tokens = [read[a:b] for a, b in spans]
        row = self.features_.transform([text])
        added = np.zeros(self.features_.n_features)
        if self.linear_ is not None:
            added[row.indices] += self.mix_.linear * self.linear_.coef[row.indices, k] * row.data
        if self.architecture == "bag" and self.mix_.network:
            self._add_bag(text, row, k, added)
        values = np.zeros(len(tokens))
        times = np.bincount(found.columns, minlength=len(added))
        share = added[found.columns] / np.maximum(times[found.columns], 1)
        first = np.searchsorted(spans[:, 1], found.starts, side="right")
        last = np.searchsorted(spans[:, 0], found.ends, side="left")
        for a, b, part in zip(first, last, share, strict=True):
            if b > a:
                values[a:b] += part / (b - a)
        return tokens, values

    def _add_bag(self, text: str, row, k: int, added: np.ndarray) -> None:
        """Add the integrated gradients of a bag's n-grams."""
        prepared = self.reader_.prepare([text], row)
        ((_, batch),) = self.reader_.batches(prepared, np.arange(1), 1)
        target = np.full(1, k, dtype=np.int32)
        path = (np.arange(_STEPS) + 0.5) / _STEPS
        total = sum(
            self.network_.gradient(
                "output",
                {**batch, "values": np.float32(t) * batch["values"], "target": target},
                "values",
            )
            for t in path
        )
        added[batch["ids"]] += self.mix_.network * batch["values"] * total / _STEPS

    def _embedded_attribution(self, text: str, k: int, n_tokens: int) -> np.ndarray:
        """Return the integrated gradients of the embedded words."""
        (ids,) = self.reader_.prepare([text])
        values = np.zeros(n_tokens)
        if len(ids) == 0:
            return values
        path = ((np.arange(_STEPS) + 0.5) / _STEPS).astype(np.float32)
        ids = np.repeat(ids[None], _STEPS, axis=0)
        embedded = self.network_.call("embed", {"ids": ids})
        batch = {
            "ids": ids,
            "embedded": embedded * path[:, None, None],
            "target": np.full(_STEPS, k, dtype=np.int32),
        }
        gradient = self.network_.gradient("output", batch, "embedded")
        values[: ids.shape[1]] = (gradient.mean(axis=0) * embedded[0]).sum(axis=-1)
        return values

    def _left_out_attribution(self, text: str, k: int) -> tuple[list[str], np.ndarray]:
        """Return words, and by how much the network's output falls without each."""
        read = normalize(text, self.normalization, self.fold_case)
        spans = word_spans(read)
        versions = [read, *(read[:a] + read[b:] for a, b in spans)]
        prepared = self.reader_.prepare(versions)
        raw = self._network_outputs(self.network_, prepared, np.arange(len(versions)))[:, k]
        return [read[a:b] for a, b in spans], (raw[0] - raw[1:]).astype(float)
