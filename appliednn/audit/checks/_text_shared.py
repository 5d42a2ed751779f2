"""What the checks of texts share: their base, words counted once, options, what may be shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from appliednn.audit._base import SUPERVISED, Check
from appliednn.audit._context import AuditContext
from appliednn.core._inner import inner_estimator
from appliednn.core.errors import UsageError
from appliednn.diagnostics._text_words import (
    document_counts,
    single_shares,
    text_traits,
    unknown_shares,
    words_of,
)

SECTION = "text"
#: A word is shown only where so many texts hold it: rarer ones could name somebody.
SHOWN_FROM = 5
PRIVATE = f"Words are shown only where at least {SHOWN_FROM} texts hold them; no text is shown."


class TextCheck(Check):
    """A question to a model that reads one text a row."""

    section = SECTION
    tasks = SUPERVISED
    reads = ("text",)


def reader_with(context: AuditContext, method: str):
    """Return the estimator that reads the audit's texts and has a method, or None.

    Looks through wrappers, which hand texts on as they are (a calibrated model, a threshold), and
    through a Pipeline of one step; earlier steps would change what is read.
    """
    seen, model = set(), context.model
    while model is not None and id(model) not in seen:
        seen.add(id(model))
        if hasattr(model, method):
            return model
        if not hasattr(model, "steps"):
            model = inner_estimator(model)
        else:
            model = model.steps[0][1] if len(model.steps) == 1 else None
    return None


@dataclass(frozen=True)
class Words:
    """The words of the texts of an audit.

    Attributes
    ----------
    test, train : list of list of str
        Words of each text; ``train`` is empty without training texts.
    test_counts, train_counts : Counter
        Texts that hold each word.
    """

    test: list[list[str]]
    train: list[list[str]]
    test_counts: Counter[str]
    train_counts: Counter[str]

    def shown(self, word: str) -> bool:
        """Whether a word may stand in a report."""
        return self.test_counts[word] + self.train_counts[word] >= SHOWN_FROM

    def unknown(self) -> np.ndarray:
        """Return the share of words not known from training, of each test text.

        Without training texts: of words that no other test text holds.
        """
        if self.train:
            return unknown_shares(self.test, self.train_counts)
        return single_shares(self.test, self.test_counts)


def words_in(context: AuditContext) -> Words:
    """Return the words of a context, counted at the first call."""
    if SECTION not in context.shared:
        test = [words_of(t) for t in context.texts]
        train = [] if context.X_train is None else [words_of(t) for t in train_texts(context)]
        context.shared[SECTION] = Words(test, train, document_counts(test), document_counts(train))
    return context.shared[SECTION]


def train_texts(context: AuditContext) -> list[str]:
    """Return the training texts."""
    return context.X_train.iloc[:, 0].tolist()


def traits_of(context: AuditContext) -> pd.DataFrame:
    """Return numbers that tell test texts apart: length, unknown words, capitals, digits."""
    words = words_in(context)
    return text_traits(context.texts, words.test, words.unknown())


def plain(label: object) -> object:
    """Return a label as Python writes it, without NumPy's type around it.

    Examples
    --------
    >>> plain(np.str_("spam"))
    'spam'
    """
    return label.item() if isinstance(label, np.generic) else label


def count_option(context: AuditContext, key: str, default: int, least: int = 1) -> int:
    """Return an option of the section that is a whole number."""
    value = context.option(SECTION, key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise UsageError(f"text.{key} must be a whole number >= {least}, got {value!r}")
    return value
