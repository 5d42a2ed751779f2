"""Audits of taggers: numbers against a count by hand, planted defects, what is refused."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from appliednn.audit import audit, default_gates
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._tagging_shared import Scheme, counted, f1_of
from appliednn.core.errors import UsageError
from appliednn.text.tagging import entity_scores

NAMES = {"PER": ["Ada", "Grace", "Alan", "Emmy"], "LOC": ["Paris", "Oslo", "Rome", "Lima"]}
WORDS = "saw met in near yesterday the old quiet and then".split()  # noqa: SIM905


def sentences(n, seed, new=0.0):
    """Return sentences with one person and one place; ``new``: share of names never seen."""
    rng = np.random.default_rng(seed)
    X, y = [], []
    for _ in range(n):
        tokens, tags = [], []
        for kind in ("PER", "LOC"):
            more = list(rng.choice(WORDS, rng.integers(2, 5)))
            tokens += more
            tags += ["O"] * len(more)
            name = str(rng.choice(NAMES[kind]))
            if rng.random() < new:
                name = f"{name}{rng.integers(1000)}"
            tokens.append(name)
            tags.append(f"B-{kind}")
            if rng.random() < 0.3:
                tokens.append("Junior" if kind == "PER" else "City")
                tags.append(f"I-{kind}")
        X.append([str(t) for t in tokens])
        y.append(tags)
    return X, y


class Lookup(BaseEstimator):
    """Knows the names of its training by their spelling."""

    def fit(self, X, y):
        self.known_ = {
            t: g for s, tags in zip(X, y, strict=True) for t, g in zip(s, tags, strict=True)
        }
        self.classes_ = np.unique([g for tags in y for g in tags])
        return self

    def predict(self, X):
        return [[self.known_.get(t, "O") for t in s] for s in X]

    def predict_entities(self, X):
        return [[] for _ in X]


class Outside(Lookup):
    """Finds nothing."""

    def predict(self, X):
        return [["O"] * len(s) for s in X]


X, Y = sentences(150, 0)
X_TEST, Y_TEST = sentences(100, 1, new=0.3)
MODEL = Lookup().fit(X, Y)


def results(model=MODEL, X_test=X_TEST, y_test=Y_TEST, **options):
    report = audit(model, X_test, y_test, X_train=X, y_train=Y, checks=["tagging"], **options)
    assert not [n for n in report.not_checked if n.failed]
    return report, {r.id: r.result for r in report.sections["tagging"]}


def test_scores_are_those_of_the_shared_task_s_count():
    _, made = results()
    ours = made["ANN1041"].estimates
    theirs = entity_scores(Y_TEST, MODEL.predict(X_TEST))
    assert ours["entity_f1"].value == pytest.approx(theirs["f1"])
    assert ours["entity_precision"].value == pytest.approx(theirs["precision"])
    assert ours["entity_recall"].value == pytest.approx(theirs["recall"])
    assert ours["token_accuracy"].value == pytest.approx(theirs["accuracy"])
    for kind in ("PER", "LOC"):
        found = ours[f"entity_type_f1[{kind}]"].value
        assert found == pytest.approx(theirs["types"][kind]["f1"])


def test_intervals_are_of_sentences_and_hold_the_point():
    _, made = results()
    scored = [e for k, e in made["ANN1041"].estimates.items() if k != "tag_score_vs_majority"]
    for estimate in scored:
        low, high = estimate.ci
        assert low <= estimate.value <= high and estimate.n == 100


def test_the_interval_of_f1_covers_the_truth_about_as_often_as_it_says():
    truth = f1_of(counted(*_pair(*sentences(3000, 99, new=0.3)), Scheme("IOB2")).sum(axis=0))
    covered = 0
    for seed in range(24):
        texts, tags = sentences(60, 200 + seed, new=0.3)
        report = audit(MODEL, texts, tags, checks=["ANN1041"], gates=[])
        low, high = report.sections["tagging"][0].result.estimates["entity_f1"].ci
        covered += low <= truth <= high
    assert covered >= 20


def _pair(texts, tags):
    return tags, MODEL.predict(texts)


def test_a_tagger_that_finds_nothing_fails_its_default_gate():
    report, made = results(Outside().fit(X, Y))
    assert report.task == "tagging"
    assert report.verdict == "FAIL"
    assert [g.gate.metric for g in report.gates] == ["tag_score_vs_majority"]
    assert made["ANN1041"].findings[0].severity == "high"


def test_a_tagger_that_is_a_list_of_words_does_not_pass_for_more():
    report, made = results(X_test=X, y_test=Y)
    assert report.verdict == "INCONCLUSIVE"
    assert "on every row" in made["ANN1041"].estimates["tag_score_vs_majority"].reason
    assert made["ANN1041"].findings


def test_names_never_seen_are_told_apart_from_known_ones():
    _, made = results()
    found = made["ANN1042"].estimates
    assert found["entity_recall_by[seen in training]"].value > 0.95
    assert found["entity_recall_by[unseen]"].value < 0.2
    assert made["ANN1042"].findings[0].title.startswith("Entities that training never showed")


def test_a_tagger_by_spelling_loses_its_names_without_capitals():
    _, made = results()
    lost = made["ANN1044"].estimates["tag_score_lost[lower case]"]
    assert lost.value == pytest.approx(made["ANN1041"].estimates["entity_f1"].value, abs=0.05)
    assert any("lower case" in f.title for f in made["ANN1044"].findings)


def test_copied_sentences_are_counted():
    _, made = results(X_test=X[:30] + X_TEST[:70], y_test=Y[:30] + Y_TEST[:70])
    share = made["ANN1043"].estimates["duplicate_share_train_test"]
    assert share.ci[0] > 0.15 and made["ANN1043"].findings[0].severity == "high"


def test_tags_that_stand_for_themselves_are_counted_by_token():
    plain, plain_test = ([[t[0] for t in tags] for tags in y] for y in (Y, Y_TEST))
    model = Lookup().fit(X, [[{"B": "NOUN", "I": "ADJ", "O": "X"}[t] for t in s] for s in plain])
    tags = [[{"B": "NOUN", "I": "ADJ", "O": "X"}[t] for t in s] for s in plain_test]
    report = audit(model, X_TEST, tags, checks=["tagging"], gates=[])
    ran = {r.id: r.result for r in report.sections["tagging"]}
    right = [
        a == b
        for s, p in zip(tags, model.predict(X_TEST), strict=True)
        for a, b in zip(s, p, strict=True)
    ]
    assert ran["ANN1041"].estimates["token_accuracy"].value == pytest.approx(np.mean(right))
    assert "entity_f1" not in ran["ANN1041"].estimates
    assert "stand for themselves" in {n.id: n.reason for n in report.not_checked}["ANN1042"]


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(UsageError, match="one tag for each token"):
        audit(MODEL, X_TEST, [tags[1:] for tags in Y_TEST])
    with pytest.raises(UsageError, match="99"):
        audit(MODEL, X_TEST, Y_TEST[:99])
    with pytest.raises(UsageError, match="lists of tokens"):
        audit(MODEL, "Ada met Grace", [["O"]])


def test_a_tagger_is_asked_no_question_about_tables_or_whole_texts():
    report = audit(MODEL, X_TEST, Y_TEST, X_train=X, y_train=Y)
    assert set(report.sections) == {"tagging", "resources"}
    assert report.not_checked == []
    assert {c.metric for c in default_gates("tagging")} == {"tag_score_vs_majority"}
    page = report.to_html()
    assert "Tags and entities" in page and " ".join(X_TEST[0]) not in page


def test_the_context_hands_over_lists_of_tokens():
    context = AuditContext(MODEL, np.array(X_TEST, dtype=object), Y_TEST)
    assert (context.task, context.reads) == ("tagging", "tokens")
    assert context.model_input(context.X_test) == X_TEST
