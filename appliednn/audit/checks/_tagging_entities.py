"""How well a tagger finds entities, beside each word's most frequent tag."""

from __future__ import annotations

import numpy as np

from appliednn.audit._base import CheckResult, Figure, Finding, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._intervals import SAME, share_estimate, without_ties
from appliednn.audit.checks._tagging_shared import (
    Scheme,
    TaggerCheck,
    counted,
    f1_of,
    over_sentences,
    scheme_of,
    sentences_of,
    share_of,
)
from appliednn.audit.checks._words import said, shorten
from appliednn.audit.report.svg import interval_chart
from appliednn.core.statistics import Estimate, newcombe_interval

_SHOWN = 20
_LENGTHS = ("of 1 token", "of 2 tokens", "of 3 tokens", "of 4 tokens or more")


class Entities(TaggerCheck):
    """Precision, recall and F1, in all and by type, and what a word's usual tag would give."""

    id = "ANN1041"
    title = "Tags and entities"
    keys = (
        "entity_f1",
        "entity_precision",
        "entity_recall",
        "entity_type_f1",
        "token_accuracy",
        "tag_score_vs_majority",
    )

    def run(self, context: AuditContext) -> CheckResult:
        """Count entities by sentence; resample sentences."""
        scheme, seed = scheme_of(context), context.seed(self.id)
        true, given = list(context.y_test), list(context.y_pred)
        tokens = counted(true, given, Scheme(None))
        estimates = {
            "token_accuracy": over_sentences(
                "Tokens with the right tag", lambda t: share_of(t, 2), [tokens], seed
            )
        }
        parts = tokens
        if scheme.name is not None:
            parts = counted(true, given, scheme)
            estimates = {
                "entity_f1": over_sentences("F1 of entities", f1_of, [parts], seed),
                "entity_precision": over_sentences(
                    "Precision of entities", lambda t: share_of(t, 1), [parts], seed
                ),
                "entity_recall": over_sentences(
                    "Recall of entities", lambda t: share_of(t, 2), [parts], seed
                ),
                **estimates,
            }
        findings: list[Finding] = []
        if context.X_train is not None:
            gain = self._gain(context, scheme, parts, seed)
            estimates["tag_score_vs_majority"] = gain
            findings += self._beaten(gain)
        types = {} if scheme.name is None else _by_type(true, given, scheme, seed)
        estimates |= {f"entity_type_f1[{kind}]": e for kind, (e, _, _) in types.items()}
        first = next(iter(estimates.values()))
        return CheckResult(
            estimates,
            findings,
            _tables(estimates, types, scheme),
            _figure(types),
            summary=f"{first.name}: {said(first)}.",
        )

    def _gain(
        self, context: AuditContext, scheme: Scheme, ours: np.ndarray, seed: int
    ) -> Estimate:
        """Return the paired gain over the most frequent tag of each word."""
        from appliednn.text.tagging._majority import majority_tags

        usual = majority_tags(
            context.X_train.iloc[:, 0].tolist(), list(context.y_train), sentences_of(context)
        )
        theirs = counted(list(context.y_test), usual, scheme)
        score = f1_of if scheme.name is not None else (lambda t: share_of(t, 2))

        def gain(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            # Where the usual tags find nothing their F1 is 0.
            return np.nan_to_num(score(a)) - np.nan_to_num(score(b))

        what = "F1" if scheme.name is not None else "accuracy"
        name = f"Gain in {what} over each word's most frequent tag"
        return without_ties(over_sentences(name, gain, [ours, theirs], seed))

    def _beaten(self, gain: Estimate) -> list[Finding]:
        if gain.reason != SAME and (gain.value is None or gain.ci[0] > 0):
            return []
        return [
            Finding(
                f"{self.id}.1",
                "high",
                "Not surely better than each word's usual tag",
                f"{gain.name}: {said(gain)}.",
                "Check tags and training before anything else; with few sentences, get more.",
            )
        ]


class EntityKinds(TaggerCheck):
    """Which entities are missed: long ones, and those that training never showed."""

    id = "ANN1042"
    title = "Entities by length, seen and unseen"
    keys = ("entity_recall_by", "unseen_recall_gap")

    def run(self, context: AuditContext) -> CheckResult:
        """Give the recall of each kind with Wilson intervals, the gap with Newcombe's."""
        from appliednn.audit._base import NotApplicable

        scheme = scheme_of(context)
        if scheme.name is None:
            raise NotApplicable("the tags stand for themselves, not for entities")
        known = _known_entities(context, scheme)
        hits: dict[str, list[bool]] = {}
        pairs = zip(sentences_of(context), context.y_test, context.y_pred, strict=True)
        for words, true, given in pairs:
            found = scheme.entities(given)
            for entity in scheme.entities(true):
                b, e, _ = entity
                names = [_LENGTHS[min(e - b, 4) - 1]]
                if known is not None:
                    names.append("seen in training" if _form(words[b:e]) in known else "unseen")
                for name in names:
                    hits.setdefault(name, []).append(entity in found)
        if not hits:
            raise NotApplicable("no test sentence holds an entity")
        made = {
            name: share_estimate(f"Recall of entities {name}", sum(h), len(h), "")
            for name, h in sorted(hits.items())
        }
        estimates = {f"entity_recall_by[{name}]": e for name, e in made.items()}
        gap = _unseen_gap(hits)
        if gap is not None:
            estimates["unseen_recall_gap"] = gap
        rows = [[name, e] for name, e in made.items()]
        note = "Wilson intervals; seen: the same words were an entity of a training sentence."
        return CheckResult(
            estimates,
            self._findings(gap),
            [Table("Recall by kind of entity", ["entities", "recall"], rows, note)],
            [interval_chart("Recall by kind of entity", made, x_label="recall")],
            summary="; ".join(f"{e.name}: {said(e)}" for e in list(made.values())[-2:]) + ".",
        )

    def _findings(self, gap: Estimate | None) -> list[Finding]:
        if gap is None or gap.ci[0] <= 0.2:
            return []
        return [
            Finding(
                f"{self.id}.1",
                "low",
                "Entities that training never showed are missed",
                f"Their recall is lower than that of entities seen in training by {said(gap)}.",
                "Use word vectors, more training sentences, or a list of names.",
            )
        ]


def _unseen_gap(hits: dict[str, list[bool]]) -> Estimate | None:
    seen, unseen = (hits.get(name, []) for name in ("seen in training", "unseen"))
    if not seen or not unseen:
        return None
    k1, n1, k2, n2 = sum(seen), len(seen), sum(unseen), len(unseen)
    ci = newcombe_interval(k1, n1, k2, n2)
    return Estimate("Recall, seen less unseen", k1 / n1 - k2 / n2, ci, n2, "newcombe")


def _known_entities(context: AuditContext, scheme: Scheme) -> set[str] | None:
    if context.X_train is None:
        return None
    return {
        _form(words[b:e])
        for words, tags in zip(context.X_train.iloc[:, 0], context.y_train, strict=True)
        for b, e, _ in scheme.entities(tags)
    }


def _form(words: list[str]) -> str:
    return " ".join(words).casefold()


def _by_type(true, given, scheme: Scheme, seed: int) -> dict[str, tuple[Estimate, int, int]]:
    """Return F1, true and found entities of each type, the most frequent first."""
    kinds: dict[str, int] = {}
    for tags in (*true, *given):
        for *_, kind in scheme.entities(tags):
            kinds[kind] = kinds.get(kind, 0) + 1
    out = {}
    for kind in sorted(kinds, key=lambda k: (-kinds[k], k))[:_SHOWN]:
        parts = counted(true, given, scheme, kind)
        _, found, there = parts.sum(axis=0)
        made = over_sentences(f"F1 of {kind}", f1_of, [parts], seed)
        out[kind] = (made, int(there), int(found))
    return out


def _tables(estimates, types, scheme: Scheme) -> list[Table]:
    rows = [[e.name, e] for key, e in estimates.items() if not key.startswith("entity_type")]
    note = "Percentile bootstrap over sentences."
    if scheme.name is not None:
        how = "strictly" if scheme.mode == "strict" else "as conlleval does"
        note += f" Tags read as {scheme.name}, {how}; an entity counts if ends and type are right."
    tables = [Table("Tagging", ["score", "value"], rows, note)]
    if types:
        head = ["type", "there", "found", "F1"]
        by_type = [[shorten(kind), there, found, e] for kind, (e, there, found) in types.items()]
        tables.append(Table("Entities by type", head, by_type, ""))
    return tables


def _figure(types) -> list[Figure]:
    shown = {kind: made for kind, (made, _, _) in types.items()}
    return [interval_chart("F1 by type", shown, x_label="F1")] if len(shown) > 1 else []
